"""The items of one record, one after the other."""

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest

from nereid.core.messaging import one_by_one as module
from nereid.core.messaging.one_by_one import ITEM_SECONDS, RECORD_SECONDS, one_by_one
from nereid.errors import TryAgain, Unavailable


class Record:
    """Items that each take so many seconds of templates, and fail as they are told."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, seconds: float = 0, **failures: Exception) -> None:
        self.seconds, self.failures = seconds, failures
        self.spent = 100.0  # what earlier records of the process took
        self.budgets: list[float] = []
        self.handled: list[str] = []
        self.rest: list[str] = []
        monkeypatch.setattr(module, "seconds_spent", lambda: self.spent)
        monkeypatch.setattr(module, "time_budget", self.budget)

    @contextmanager
    def budget(self, seconds: float) -> Iterator[None]:
        self.budgets.append(seconds)
        yield

    def handle(self, item: str) -> None:
        self.handled.append(item)
        self.spent += self.seconds
        if item in self.failures:
            raise self.failures[item]

    def run(self, items: str, *, stop: bool = False) -> None:
        one_by_one(list(items), self.handle, self.rest.extend, stop_when_unavailable=stop)


@pytest.fixture
def record(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Record]:
    return lambda seconds=0, **failures: Record(monkeypatch, seconds, **failures)


def test_each_item_has_a_budget_of_its_own(record: Callable[..., Record]) -> None:
    quick = record()
    quick.run("abc")
    assert quick.handled == ["a", "b", "c"]
    assert quick.budgets == [ITEM_SECONDS] * 3
    assert quick.rest == []


def test_the_rest_goes_back_once_the_templates_have_used_up_the_records_time(record: Callable[..., Record]) -> None:
    slow = record(RECORD_SECONDS / 2)
    slow.run("abcd")
    assert slow.handled == ["a", "b"]
    assert slow.rest == ["c", "d"]


def test_the_first_item_is_handled_however_slow_so_that_every_record_gets_shorter(
    record: Callable[..., Record],
) -> None:
    slow = record(ITEM_SECONDS)
    slow.run("ab")
    assert (slow.handled, slow.rest) == (["a"], ["b"])
    slow.run("b")
    assert (slow.handled, slow.rest) == (["a", "b"], ["b"])


def test_nothing_goes_back_behind_the_last_item(record: Callable[..., Record]) -> None:
    slow = record(ITEM_SECONDS)
    slow.run("a")
    assert slow.rest == []


def test_one_failure_keeps_no_other_item_back_and_the_first_is_raised_in_the_end(
    record: Callable[..., Record],
) -> None:
    failing = record(a=ValueError("first"), c=KeyError("second"))
    with pytest.raises(ValueError, match="first"):
        failing.run("abcd")
    assert failing.handled == ["a", "b", "c", "d"]


def test_failures_behind_the_first_are_logged(record: Callable[..., Record], caplog: pytest.LogCaptureFixture) -> None:
    failing = record(a=ValueError("1"), b=TryAgain(1, "waits"), c=KeyError("sam@example.com"), d=Unavailable("no"))
    with caplog.at_level(logging.INFO, "nereid"), pytest.raises(ValueError, match="1"):
        failing.run("abcd")
    [line] = caplog.records
    assert (line.message, line.__dict__["error"]) == ("item of a record failed", "KeyError")


def test_every_failure_behind_the_first_is_logged(
    record: Callable[..., Record], caplog: pytest.LogCaptureFixture
) -> None:
    failing = record(a=ValueError("1"), b=KeyError("2"), c=TypeError("3"))
    with caplog.at_level(logging.INFO, "nereid"), pytest.raises(ValueError, match="1"):
        failing.run("abc")
    assert [line.__dict__["error"] for line in caplog.records] == ["KeyError", "TypeError"]


def test_what_is_left_goes_back_though_an_item_before_it_failed(record: Callable[..., Record]) -> None:
    failing = record(RECORD_SECONDS, a=ValueError("1"))
    with pytest.raises(ValueError, match="1"):
        failing.run("ab")
    assert failing.rest == ["b"]


@pytest.mark.parametrize(("stop", "handled"), [(True, ["a"]), (False, ["a", "b"])])
def test_items_stop_at_a_store_that_is_unavailable_only_if_told_so(
    record: Callable[..., Record], stop: Any, handled: Sequence[str]
) -> None:
    down = record(a=Unavailable("no"))
    with pytest.raises(Unavailable):
        down.run("ab", stop=stop)
    assert down.handled == handled


def test_other_failures_stop_nothing(record: Callable[..., Record]) -> None:
    failing = record(a=TryAgain(1, "waits"))
    with pytest.raises(TryAgain):
        failing.run("ab", stop=True)
    assert failing.handled == ["a", "b"]
