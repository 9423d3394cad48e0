"""What holds for all tests."""

from __future__ import annotations

import gc

import pytest

#: Of the processor. What takes longer than this is no test to wait for before a commit; a third of it is what "slow"
#: means elsewhere, so that no machine makes a test slow that is not.
_QUICK_SECONDS = 6.0


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep the tests of a file in one process, so that what they share is made once; a slow test goes alone."""
    if not config.pluginmanager.hasplugin("xdist"):
        return
    for item in items:
        if item.get_closest_marker("xdist_group") is None and item.get_closest_marker("slow") is None:
            item.add_marker(pytest.mark.xdist_group(str(item.path.name)))


def pytest_collection_finish() -> None:
    """Keep modules and collected tests out of garbage collections, which take a quarter of all time otherwise."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(5000, 20, 20)
