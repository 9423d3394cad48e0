"""Tests of the simulator count for no coverage: it runs the product, and says little about which line is tested."""

from __future__ import annotations

import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Pause the measuring of coverage in the tests of this folder: it follows no coroutines, and takes its time."""
    for item in items:
        if "tests/simulator/" in item.path.as_posix():
            item.add_marker(pytest.mark.no_cover)
