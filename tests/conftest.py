"""What holds for all tests."""

from __future__ import annotations

import gc
import time
from collections.abc import Generator
from functools import cache

import botocore.session
import pytest

# Each session of the SDK reads the descriptions of the services again, which takes longer than most tests.
botocore.session.create_loader = cache(botocore.session.create_loader)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let a build say how long a test may take that is not marked slow."""
    # Of the processor, which a busy machine does not lengthen as it does the wait.
    parser.addoption("--quick-seconds", type=float, help="fail a test that takes more CPU time and is not marked slow")


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
