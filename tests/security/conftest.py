"""What the security tests share: the count of the requests that were made up, in the summary of a run."""

from __future__ import annotations

from typing import Any

import pytest

from tests.security import fuzzing


def pytest_sessionfinish(session: pytest.Session) -> None:
    output: Any = getattr(session.config, "workeroutput", None)
    if output is not None:
        output["fuzzed"] = fuzzing.count


class Workers:
    """Adds up what the processes of a run counted."""

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        fuzzing.count += getattr(node, "workeroutput", {}).get("fuzzed", 0)


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(Workers())


def pytest_terminal_summary(terminalreporter: Any) -> None:
    if fuzzing.count:
        terminalreporter.write_line(f"{fuzzing.count} requests were made up")
