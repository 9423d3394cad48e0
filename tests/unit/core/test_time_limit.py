"""Work that takes too long is stopped, and nothing of the limit stays behind."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator

import pytest

from nereid.core import time_limit as module
from nereid.core.time_limit import MAX_SECONDS, seconds_spent, time_budget, time_limit
from nereid.errors import TemplateFailed


@pytest.fixture(autouse=True)
def _nothing_stays_behind() -> Iterator[None]:
    handler = signal.getsignal(signal.SIGALRM)
    yield
    assert signal.getsignal(signal.SIGALRM) is handler
    assert signal.getitimer(signal.ITIMER_REAL) == (0, 0)
    assert module._left == []
    assert not module._is_running


def seconds_left() -> float:
    """Return in how many seconds the work at hand is stopped."""
    return signal.getitimer(signal.ITIMER_REAL)[0]


def test_a_piece_of_work_may_take_two_seconds() -> None:
    with time_limit():
        assert 1.5 < seconds_left() <= MAX_SECONDS == 2


def test_what_takes_longer_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_SECONDS", 0.02)
    with pytest.raises(TemplateFailed, match=r"took longer than 0\.02 s"), time_limit():
        time.sleep(5)


def test_work_has_no_more_than_what_its_budget_has_left() -> None:
    with time_budget(1.5), time_limit():
        assert 1 < seconds_left() <= 1.5


def test_the_smaller_of_two_budgets_holds() -> None:
    with time_budget(0.5), time_budget(1.5), time_limit():
        assert seconds_left() <= 0.5


@pytest.mark.parametrize("left", [0, -1])
def test_work_is_not_begun_without_time(left: float) -> None:
    begun = False
    with time_budget(left), pytest.raises(TemplateFailed), time_limit():
        begun = True
    assert not begun


def test_work_is_begun_with_any_time_at_all() -> None:
    with time_budget(0.9), time_limit():
        begun = True
    assert begun


def test_a_limit_inside_another_leaves_it_as_it_is() -> None:
    with time_limit():
        until = time.monotonic() + seconds_left()
        with time_limit():
            assert time.monotonic() + seconds_left() <= until + 0.01
        assert seconds_left() > 0


def test_what_work_takes_is_taken_from_every_budget_and_counted() -> None:
    before = seconds_spent()
    with time_budget(60), time_budget(30):
        with time_limit():
            time.sleep(0.02)
        taken = seconds_spent() - before
        assert 0.02 <= taken < 2
        assert module._left == pytest.approx([60 - taken, 30 - taken])


def test_work_of_another_thread_is_not_limited() -> None:
    left: list[float] = []

    def work() -> None:
        with time_limit():
            left.append(seconds_left())

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert left == [0]


def test_a_stop_that_comes_when_the_work_is_over_stops_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    stop = []
    with time_limit():
        stop.append(signal.getsignal(signal.SIGALRM))
    assert callable(stop[0])
    stop[0](signal.SIGALRM, None)
