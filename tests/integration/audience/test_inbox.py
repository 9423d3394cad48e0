"""App notifications in the audience table, also while several functions mark the same ones."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import given, settings
from hypothesis import strategies as st

from nereid.aws.audience.inbox import DynamoInbox
from nereid.aws.audience.users import DynamoUserStore, user_key
from nereid.core.audience.users import new_user
from nereid.errors import NotFound, Unavailable
from nereid.models.team import Scope
from nereid.models.user import AppNotification
from nereid.ports.audience import Position, ReadState
from tests.support.cloud import Cloud
from tests.support.interleaving import empty_table, interleave

START = datetime(2026, 1, 31, 9, 30, tzinfo=UTC)
DAY = 24 * 3600


class World:
    """The inbox of one user."""

    def __init__(self, dynamodb: Any) -> None:
        self.table = empty_table(dynamodb, "AudienceTable")
        self.inbox = DynamoInbox(self.table, DAY)
        self.scope = Scope(str(uuid.uuid4()), "dev")

    def notice(self, number: int, user_id: str = "u") -> AppNotification:
        return AppNotification(
            uuid=f"n{number}",
            user_id=user_id,
            event_type="x",
            title=f"title {number}",
            body="body",
            data={"n": number, "x": [0.1, None]},
            created_at=START + timedelta(minutes=number),
        )

    def put(self, *numbers: int, user_id: str = "u") -> None:
        for number in numbers:
            self.inbox.put(self.scope, self.notice(number, user_id))

    def mark(self, number: int, minutes: int = 0) -> bool:
        at = START + timedelta(days=1, minutes=minutes)
        return self.inbox.mark_read(self.scope, "u", f"n{number}", self.notice(number).created_at, at)

    def mark_all(self, minutes: int = 0) -> int:
        return self.inbox.mark_all_read(self.scope, "u", START + timedelta(days=1, minutes=minutes))

    def page(
        self, state: ReadState = "all", page: int = 1, per_page: int = 10, *, oldest_first: bool = False
    ) -> tuple[list[str], int]:
        found = self.inbox.page(self.scope, "u", state, page, per_page, oldest_first=oldest_first)
        return [each.uuid for each in found.notifications], found.total


@pytest.fixture
def inbox(dynamodb: Any) -> World:
    return World(dynamodb)


def test_what_was_put_is_read(inbox: World) -> None:
    inbox.put(1)
    page = inbox.inbox.page(inbox.scope, "u", "all", 1, 10, oldest_first=False)
    assert page == ([inbox.notice(1)], 1, 1, None)


def test_putting_twice_leaves_one_as_it_is(inbox: World) -> None:
    inbox.put(1)
    inbox.mark(1)
    inbox.put(1)
    assert inbox.page("read") == (["n1"], 1)
    assert inbox.page("unread") == ([], 0)


def test_it_removes_itself_after_the_retention(inbox: World) -> None:
    inbox.put(1)
    [item] = inbox.table.query("pk = :pk", {":pk": user_key(inbox.scope, "u")})
    assert item["expires_at"] == int(inbox.notice(1).created_at.timestamp()) + DAY


def test_a_state_selects(inbox: World) -> None:
    inbox.put(1, 2, 3)
    inbox.mark(2)
    assert inbox.page("all") == (["n3", "n2", "n1"], 3)
    assert inbox.page("unread") == (["n3", "n1"], 2)
    assert inbox.page("read") == (["n2"], 1)


@pytest.mark.parametrize("state", ["all", "read", "unread"])
def test_unread_ones_are_counted_whatever_is_listed(inbox: World, state: ReadState) -> None:
    inbox.put(1, 2, 3)
    inbox.mark(2)
    assert inbox.inbox.page(inbox.scope, "u", state, 5, 10, oldest_first=False).unread == 2


def test_all_are_listed_from_a_position_on(inbox: World) -> None:
    inbox.put(*range(5))
    inbox.mark(2)
    seen: list[str] = []
    position = None
    while page := inbox.inbox.after(inbox.scope, "u", position, 2):
        seen += [each.uuid for each in page]
        position = Position(page[-1].created_at, page[-1].uuid)
    assert seen == ["n0", "n1", "n2", "n3", "n4"]


@pytest.mark.parametrize("state", ["all", "read", "unread"])
def test_a_list_reads_keys_once_and_the_texts_of_its_page(shared_cloud: Cloud, inbox: World, state: ReadState) -> None:
    inbox.put(*range(6))
    inbox.mark(2)
    shared_cloud.requests.clear()
    inbox.page(state, per_page=3)
    assert {query["IndexName"] for query in shared_cloud.sent("dynamodb:Query")} == {"inbox"}
    assert len(shared_cloud.sent("dynamodb:Query")) <= 2
    assert len(shared_cloud.sent("dynamodb:BatchGetItem")) == 1


@pytest.mark.parametrize("state", ["all", "unread"])
def test_pages_follow_each_other(inbox: World, state: ReadState) -> None:
    inbox.put(*range(7))
    pages = [inbox.page(state, page, 3, oldest_first=True) for page in (1, 2, 3, 4)]
    assert [number for page, _ in pages for number in page] == [f"n{number}" for number in range(7)]
    assert {total for _, total in pages} == {7}


def test_another_user_has_another_inbox(inbox: World) -> None:
    inbox.put(1, user_id="u2")
    assert inbox.page() == ([], 0)
    assert inbox.mark_all() == 0


def test_marking_keeps_the_first_time(inbox: World) -> None:
    inbox.put(1)
    assert [inbox.mark(1, 0), inbox.mark(1, 5)] == [True, False]
    inbox.mark_all(9)
    [found], *_ = inbox.inbox.page(inbox.scope, "u", "read", 1, 10, oldest_first=False)
    assert found.read_at == START + timedelta(days=1)


def test_marking_an_unknown_one_is_not_found_and_makes_none(inbox: World) -> None:
    with pytest.raises(NotFound):
        inbox.mark(1)
    assert inbox.page() == ([], 0)


def test_errors_of_the_table_are_not_taken_for_conditions(inbox: World, cloud: Cloud) -> None:
    inbox.put(1)
    calls: list[tuple[str, Callable[[], Any]]] = [("PutItem", lambda: inbox.put(2)), ("UpdateItem", inbox.mark_all)]
    for operation, call in calls:
        cloud.fail(f"dynamodb:{operation}", ("AccessDeniedException", 400))
        with pytest.raises(ClientError):
            call()
        cloud.fail(f"dynamodb:{operation}", ("ThrottlingException", 400))
        with pytest.raises(Unavailable):
            call()
    assert inbox.page("unread") == (["n1"], 1)


def test_marking_all_goes_on_where_it_broke_off(inbox: World, cloud: Cloud) -> None:
    inbox.put(1, 2, 3)
    cloud.fail("dynamodb:UpdateItem", None, ("InternalServerError", 500))
    with pytest.raises(Unavailable):
        inbox.mark_all()
    assert inbox.mark_all() == 2


@settings(deadline=None, max_examples=60)
@given(
    names=st.lists(st.sampled_from(["all", "one", "two", "put"]), min_size=2, max_size=4),
    order=st.lists(st.integers(0, 3), max_size=40),
)
def test_each_notification_is_counted_as_read_once(memory: Any, names: list[str], order: list[int]) -> None:
    inbox = World(memory)
    inbox.put(1, 2)
    operations: dict[str, Callable[[], Any]] = {
        "all": inbox.mark_all,
        "one": lambda: inbox.mark(1),
        "two": lambda: inbox.mark(2),
        "put": lambda: inbox.put(3),
    }
    outcomes = interleave([operations[name] for name in names], order)
    updated = sum(int(outcome or 0) for outcome in outcomes)
    assert updated == inbox.page("read")[1]
    assert inbox.page("read")[1] + inbox.page("unread")[1] == inbox.page("all")[1]


@settings(deadline=None, max_examples=40)
@given(order=st.lists(st.integers(0, 1), max_size=20))
def test_marking_those_of_a_user_who_is_being_deleted_is_no_error(memory: Any, order: list[int]) -> None:
    inbox = World(memory)
    users = DynamoUserStore(inbox.table)
    users.create(inbox.scope, new_user("u", START))
    inbox.put(1, 2, 3)
    marked, deleted = interleave([inbox.mark_all, lambda: users.delete(inbox.scope, "u")], order)
    assert isinstance(marked, int)
    assert deleted is None
    assert inbox.page() == ([], 0)


@pytest.mark.parametrize("state", ["all", "read"])
def test_a_list_has_what_was_put_a_moment_ago(shared_cloud: Cloud, inbox: World, state: ReadState) -> None:
    inbox.put(1)
    inbox.mark(1)
    shared_cloud.requests.clear()
    assert inbox.page(state) == (["n1"], 1)
    reads = shared_cloud.sent("dynamodb:Query")
    assert [query["ConsistentRead"] for query in reads] == [True] * len(reads)


@pytest.mark.slow
def test_ten_thousand_are_marked_by_calls_that_each_end_in_time(memory: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    inbox = World(memory)
    inbox.put(*range(10_000))
    monkeypatch.setattr("nereid.aws.audience.inbox._MARKING_SECONDS", 0.5)
    calls = 0
    while True:
        calls += 1
        begun = time.monotonic()
        try:
            inbox.mark_all()
        except Unavailable:
            assert time.monotonic() - begun < 5
            assert inbox.page("read")[1] + inbox.page("unread")[1] == 10_000
            continue
        break
    assert calls > 1
    assert (inbox.page("read")[1], inbox.page("unread")[1]) == (10_000, 0)
    assert inbox.mark_all() == 0


def test_many_are_counted_as_they_are_marked(memory: Any) -> None:
    inbox = World(memory)
    inbox.put(*range(300))
    inbox.mark(7)
    assert [inbox.mark_all(), inbox.mark_all()] == [299, 0]


def test_a_page_ends_before_an_answer_is_too_large(memory: Any) -> None:
    inbox = World(memory)
    for number in range(30):
        notice = inbox.notice(number)
        inbox.inbox.put(inbox.scope, notice.model_copy(update={"body": "x" * 340_000}))
    seen: list[str] = []
    position = None
    while True:
        found, position = inbox.inbox.unread_before(inbox.scope, "u", position, 100)
        assert sum(len(each.body) for each in found) < 4_500_000
        seen += [each.uuid for each in found]
        if position is None:
            break
    assert seen == [f"n{number}" for number in reversed(range(30))]
