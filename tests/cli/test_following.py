"""Following a list that is newest first: nothing is missed, nothing comes twice."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nereid_cli.errors import Mistake
from nereid_cli.following import Follower

BEGIN = datetime(2026, 1, 31, 9, 30, tzinfo=UTC)
PAGE = 3


class Messages:
    """What the API lists."""

    def __init__(self) -> None:
        self.listed: list[dict[str, Any]] = []
        self.pages_read = 0

    def add(self, second: float, name: str | None = None) -> str:
        """List a message that was received so many seconds after the beginning."""
        at = BEGIN + timedelta(seconds=second)
        message_id = name or f"m{len(self.listed)}"
        self.listed.append({"message_id": message_id, "source": "neptune", "received_at": at.isoformat()})
        self.listed.sort(key=lambda each: each["received_at"], reverse=True)
        return message_id

    def pages(self) -> Iterator[list[dict[str, Any]]]:
        for begin in range(0, max(1, len(self.listed)), PAGE):
            self.pages_read += 1
            yield self.listed[begin : begin + PAGE]


def follower(messages: Messages, thorough_every: int = 3) -> Follower:
    return Follower(messages.pages, timedelta(minutes=10), thorough_every)


def names(found: list[dict[str, Any]]) -> list[str]:
    return [each["message_id"] for each in found]


def test_it_begins_with_as_many_as_asked_for() -> None:
    messages = Messages()
    for second in range(10):
        messages.add(second)
    assert names(follower(messages).begin(4)) == ["m6", "m7", "m8", "m9"]


def test_it_begins_with_older_ones_than_the_window_has() -> None:
    messages = Messages()
    for hour in range(5):
        messages.add(hour * 3600)
    assert names(follower(messages).begin(4)) == ["m1", "m2", "m3", "m4"]


def test_what_was_there_does_not_come_again() -> None:
    messages = Messages()
    for second in range(5):
        messages.add(second)
    follow = follower(messages)
    assert follow.begin(0) == []
    assert [follow.look() for _ in range(4)] == [[], [], [], []]


def test_the_first_message_of_all_is_shown() -> None:
    messages = Messages()
    follow = follower(messages)
    follow.begin(10)
    messages.add(0)
    assert names(follow.look()) == ["m0"]


def test_more_than_a_page_at_once_is_shown_in_order() -> None:
    messages = Messages()
    messages.add(0)
    follow = follower(messages)
    follow.begin(0)
    for second in range(1, 9):
        messages.add(second)
    assert names(follow.look()) == [f"m{number}" for number in range(1, 9)]


def test_what_comes_late_behind_others_is_shown() -> None:
    messages = Messages()
    for second in range(100, 110):
        messages.add(second)
    follow = follower(messages)
    follow.begin(0)
    messages.add(1, "late")
    assert "late" in [name for _ in range(3) for name in names(follow.look())]


def test_a_look_reads_no_more_pages_than_it_has_to() -> None:
    messages = Messages()
    for second in range(60):
        messages.add(second)
    follow = follower(messages)
    follow.begin(0)
    messages.pages_read = 0
    follow.look()
    assert messages.pages_read == 1


def test_the_same_id_of_a_server_and_of_a_public_key_are_two() -> None:
    messages = Messages()
    messages.add(0, "same")
    messages.listed[0]["source"] = "client"
    follow = follower(messages)
    follow.begin(0)
    messages.add(1, "same")
    assert names(follow.look()) == ["same"]


def test_it_forgets_what_it_does_not_go_back_to() -> None:
    messages = Messages()
    follow = follower(messages)
    follow.begin(0)
    for second in range(0, 36_000, 60):
        messages.add(second)
        follow.look()
    assert len(follow._seen) <= 12


def test_what_was_on_pages_before_one_that_failed_is_not_lost() -> None:
    messages = Messages()
    messages.add(0)
    follow = follower(messages)
    follow.begin(0)
    for second in range(1, 6):
        messages.add(second)
    whole = messages.pages

    def broken() -> Iterator[list[dict[str, Any]]]:
        yield next(whole())
        raise Mistake("no answer")

    follow._pages = broken
    with pytest.raises(Mistake):
        follow.look()
    follow._pages = whole
    assert names(follow.look()) == ["m1", "m2", "m3", "m4", "m5"]


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(
    arrivals=st.lists(st.lists(st.integers(0, 500), max_size=5), max_size=8),
    before=st.lists(st.integers(0, 500), max_size=5),
)
def test_whatever_the_order_each_comes_once(arrivals: list[list[int]], before: list[int]) -> None:
    messages = Messages()
    for second in before:
        messages.add(second)
    follow = follower(messages)
    follow.begin(0)
    added, shown = [], []
    for seconds in arrivals:
        added += [messages.add(second) for second in seconds]
        shown += names(follow.look())
    for _ in range(3):
        shown += names(follow.look())
    assert sorted(shown) == sorted(added)
