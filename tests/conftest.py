"""What holds for all tests."""

from __future__ import annotations

import gc
import time
from collections.abc import Generator
from pathlib import Path

import pytest

_HERE = Path(__file__).parent


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let a build say how long a test may take that is not marked slow."""
    # Of the processor, which a busy machine does not lengthen as it does the wait.
    parser.addoption("--quick-seconds", type=float, help="fail a test that takes more CPU time and is not marked slow")


# Before xdist reads the groups.
@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep the tests of a file in one process, so that what they share is made once; a slow test goes alone."""
    if not config.pluginmanager.hasplugin("xdist"):
        return
    for item in items:
        path = item.path.relative_to(_HERE)
        # Some files share a stack of their own, which takes longer to start than most of their tests do.
        if path.parts[0] == "e2e":
            group = "e2e"
        elif "sample_stack" in getattr(item, "fixturenames", ()):
            group = "sample_stack"
        elif item.get_closest_marker("slow"):
            continue
        else:
            group = str(path)
        item.add_marker(pytest.mark.xdist_group(group))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, None, None]:
    """Fail a test that is slow and does not say so: others would wait for it."""
    began = time.process_time()
    yield
    took, allowed = time.process_time() - began, item.config.getoption("--quick-seconds")
    if allowed and took > allowed and not item.get_closest_marker("slow"):
        pytest.fail(f"took {took:.1f} s of the processor: mark it slow, or make it quick", pytrace=False)


def pytest_collection_finish() -> None:
    """Keep modules and collected tests out of garbage collections, which take a quarter of all time otherwise."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(5000, 20, 20)
