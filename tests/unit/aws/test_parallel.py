"""Calls that wait at the same time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from functools import partial

import pytest

from nereid.aws import parallel
from nereid.aws.parallel import WORKERS, all_at_once


def after(seconds: float, result: int) -> int:
    time.sleep(seconds)
    return result


def test_the_results_are_in_order_of_the_calls() -> None:
    assert all_at_once([partial(after, 0.02 * (5 - number), number) for number in range(5)]) == list(range(5))


def test_as_many_wait_at_the_same_time_as_there_are_workers() -> None:
    everybody = threading.Barrier(WORKERS, timeout=10)
    assert len(all_at_once([everybody.wait] * WORKERS)) == WORKERS


def test_the_exception_of_a_call_is_raised() -> None:
    def fail() -> int:
        raise KeyError("x")

    calls: list[Callable[[], int]] = [partial(after, 0, 1), fail]
    with pytest.raises(KeyError):
        all_at_once(calls)


def test_one_call_needs_no_thread() -> None:
    assert all_at_once([threading.get_ident]) == [threading.get_ident()]


def test_with_one_worker_there_are_no_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parallel, "WORKERS", 1)
    assert set(all_at_once([threading.get_ident] * 3)) == {threading.get_ident()}
