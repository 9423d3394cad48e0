"""Limits of time for work on content that callers choose: templates, conditions, and the HTML of mails."""

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from nereid.errors import TemplateFailed

#: Longest time that one piece of work may take, in seconds.
MAX_SECONDS = 2.0
#: How soon work is stopped again that swallowed being stopped, in seconds.
_AGAIN_SECONDS = 0.05

#: How many seconds are left in each `time_budget` that is open.
_left: list[float] = []
#: How many seconds all work under limits has taken since this process began.
_spent = 0.0
#: Whether a limit is running; one inside it would put it off.
_is_running = False


@contextmanager
def time_budget(seconds: float) -> Iterator[None]:
    """Let all work inside take so many seconds together; later work fails at once.

    Each piece has `MAX_SECONDS` of them at most.
    """
    _left.append(seconds)
    try:
        yield
    finally:
        _left.pop()


def seconds_spent() -> float:
    """Return how many seconds all work under limits has taken since this process began."""
    return _spent


@contextmanager
def time_limit() -> Iterator[None]:
    """Stop the work inside after `MAX_SECONDS`, or when the budget is used up. Inside another limit, that one holds.

    Only a signal can stop work that does not check the time itself, and signals reach the main thread alone; Lambda
    runs handlers there. It comes again until it is heeded: the stopped work may take it for an error of its own.

    Raises
    ------
    TemplateFailed
        If the work took too long, or no time is left for it.
    """
    global _is_running, _spent  # noqa: PLW0603 - the timer is the process's, and so is what it measures
    if _is_running or threading.current_thread() is not threading.main_thread():
        yield
        return
    seconds = min([MAX_SECONDS, *_left])
    failure = f"took longer than {MAX_SECONDS:g} s"
    if seconds <= 0:
        raise TemplateFailed(failure)
    over = False

    def stop(_signal: int, _frame: FrameType | None) -> None:
        if not over:
            raise TemplateFailed(failure)

    began = time.monotonic()
    before = signal.signal(signal.SIGALRM, stop)
    _is_running = True
    try:
        try:
            signal.setitimer(signal.ITIMER_REAL, seconds, _AGAIN_SECONDS)
            yield
        finally:
            over = True  # The signal may come just before this, so it is said twice.
    finally:
        over = True
        _is_running = False
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        spent = time.monotonic() - began
        _spent += spent
        _left[:] = [left - spent for left in _left]
