"""Writes that others get in the way of: how often, how long, and how far apart they are tried."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any, NoReturn

import pytest

from nereid.contention import PATIENCE, TRIES, until_uncontested
from nereid.errors import Conflict, NotFound, Unavailable
from tests.support.virtual_time import VirtualTime


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> VirtualTime:
    monkeypatch.setattr(random, "uniform", lambda _low, high: high)
    return VirtualTime(monkeypatch)


def contested(times: int, error: Exception | None = None) -> Callable[[], int]:
    """Return an attempt that something comes in between of so many times; it returns how often it was called."""
    calls = 0

    def attempt() -> int:
        nonlocal calls
        calls += 1
        if calls <= times:
            raise error or Conflict
        return calls

    return attempt


def test_what_nobody_comes_in_between_of_is_done_once_and_waits_for_nothing(time: VirtualTime) -> None:
    assert until_uncontested("x", contested(0)) == 1
    assert time.pauses == []


def test_it_is_tried_again_until_nobody_comes_in_between(time: VirtualTime) -> None:
    assert until_uncontested("x", contested(TRIES - 1)) == TRIES
    assert len(time.pauses) == TRIES - 1


def test_it_is_given_up_after_so_many_attempts(time: VirtualTime) -> None:
    with pytest.raises(Unavailable, match="user is written by many at once"):
        until_uncontested("user", contested(TRIES))
    assert len(time.pauses) == TRIES - 1


def test_pauses_grow_to_a_limit(time: VirtualTime) -> None:
    until_uncontested("x", contested(TRIES - 1))
    assert time.pauses == sorted(time.pauses)
    assert time.pauses[0] < time.pauses[2] < time.pauses[-1] == 0.2


def test_pauses_are_of_random_length(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[float, float]] = []

    def uniform(low: float, high: float) -> float:
        asked.append((low, high))
        return low

    monkeypatch.setattr(random, "uniform", uniform)
    VirtualTime(monkeypatch)
    until_uncontested("x", contested(2))
    assert asked == [(0, 0.01), (0, 0.02)]


def test_no_attempt_is_begun_after_its_time(time: VirtualTime) -> None:
    begun: list[float] = []

    def attempt() -> NoReturn:
        begun.append(time.now)
        time.take(0.9)
        raise Conflict

    with pytest.raises(Unavailable):
        until_uncontested("x", attempt)
    assert len(begun) == 4
    assert begun[-1] <= PATIENCE


def test_no_pause_is_made_that_would_end_after_its_time(time: VirtualTime) -> None:
    with pytest.raises(Unavailable):
        until_uncontested("x", contested(TRIES), patience=0.001)
    assert time.pauses == []
    with pytest.raises(Unavailable):
        until_uncontested("x", contested(TRIES), patience=0.01)
    assert time.pauses == [0.01]


def test_it_may_be_given_another_time(time: VirtualTime) -> None:
    def attempt() -> NoReturn:
        time.take(1)
        raise Conflict

    with pytest.raises(Unavailable):
        until_uncontested("x", attempt, patience=6)
    assert 6 <= time.now < 7.5


def test_what_else_goes_wrong_is_not_tried_again(time: VirtualTime) -> None:
    with pytest.raises(NotFound):
        until_uncontested("x", contested(1, NotFound()))
    assert time.pauses == []


def test_it_is_tried_again_for_the_errors_that_it_names(time: VirtualTime) -> None:
    assert until_uncontested("x", contested(1, NotFound()), again=(NotFound,)) == 2
    with pytest.raises(Conflict):
        until_uncontested("x", contested(1), again=(NotFound,))


def test_it_tells_what_came_in_between(time: VirtualTime) -> None:
    with pytest.raises(Unavailable) as error:
        until_uncontested("x", contested(99))
    cause: Any = error.value.__cause__
    assert isinstance(cause, Conflict)
