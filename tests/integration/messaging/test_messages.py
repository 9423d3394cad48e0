"""Lists of messages read what a page holds, and no more."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from nereid.aws.messaging import messages
from nereid.aws.table import Table, tenant
from nereid.models.delivery import Plan
from nereid.models.message import Message
from nereid.models.team import Scope
from nereid.ports.messaging import MessageFilter
from tests.support.cloud import Cloud, World, tables
from tests.support.metered_dynamodb import MeteredDynamoDB
from tests.support.notifications import MAIL, SAM
from tests.support.stored_messages import store, store_as_before

IN_MEMORY = True

START = datetime(2026, 1, 31, 9, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    "selected",
    [
        MessageFilter(),
        MessageFilter(user_id="u"),
        MessageFilter(event_type="x"),
        MessageFilter(user_id="u", event_type="x"),
        MessageFilter(address=["sam@example.com"]),
    ],
)
def test_a_page_is_read_in_one_small_call_of_each_partition(
    cloud: Cloud, world: World, selected: MessageFilter
) -> None:
    world.configure("x", MAIL)
    world.ingest("x", user_id="u", contact_infos=SAM)
    cloud.pump("message")
    cloud.requests.clear()
    found, position = world.runtime.messages.page(world.scope, selected, None, 5)
    assert (len(found), position) == (1, None)
    of_journal = [query["Limit"] for query in cloud.sent("dynamodb:Query") if "IndexName" not in query]
    assert of_journal == [4] * 8
    # What earlier releases stored may be there for as long as messages are kept.
    indexes = [query["IndexName"] for query in cloud.sent("dynamodb:Query") if "IndexName" in query]
    assert len(indexes) == (1 if selected.user_id else 8)


def listed(world: World, selected: MessageFilter, position: str | None = None, limit: int = 7) -> list[str]:
    """Return the ids of all messages from before a position, page by page."""
    found: list[str] = []
    for _ in range(1000):
        page, position = world.runtime.messages.page(world.scope, selected, position, limit)
        found += [each.message.message_id for each in page]
        if position is None:
            return found
    raise AssertionError("it never ends")


def numbered(world: World, number: int, **members: Any) -> tuple[Message, Plan]:
    message = world.message("x", f"m{number}", **members)
    return message.model_copy(update={"received_at": START + timedelta(seconds=number)}), Plan(planned_at=START)


def stored(world: World, numbers: Iterable[int], how: Callable[..., Any] = store) -> list[str]:
    """Store messages that arrive one after the other; return their ids, newest first."""
    ids: list[str] = []
    for number in numbers:
        message, plan = numbered(world, number, user_id="u")
        assert how(world.runtime.messages, world.scope, message, plan) is None
        ids.insert(0, message.message_id)
    return ids


SELECTIONS = pytest.mark.parametrize(
    "selected", [MessageFilter(), MessageFilter(event_type="x"), MessageFilter(user_id="u")]
)


@SELECTIONS
@pytest.mark.parametrize("how", [store, store_as_before])
def test_the_partitions_make_one_list(world: World, selected: MessageFilter, how: Callable[..., Any]) -> None:
    ids = stored(world, range(100), how)
    assert listed(world, selected) == ids


@SELECTIONS
def test_what_two_releases_stored_at_the_same_time_makes_one_list(world: World, selected: MessageFilter) -> None:
    for number in range(60):
        stored(world, [number], store if number % 3 else store_as_before)
    assert listed(world, selected) == [f"m{number}" for number in reversed(range(60))]


@SELECTIONS
def test_a_position_that_the_release_before_gave_out_goes_on(world: World, selected: MessageFilter) -> None:
    old = stored(world, range(40), store_as_before)
    _, position = world.runtime.messages.page(world.scope, selected, None, 7)
    new = stored(world, range(40, 60))
    assert listed(world, selected, position) == old[7:]
    assert listed(world, selected) == new + old


@SELECTIONS
@pytest.mark.parametrize("limit", [1, 7, 100])
def test_messages_that_were_processed_together_are_listed_in_the_order_of_their_arrival(
    world: World, selected: MessageFilter, limit: int
) -> None:
    messages = world.runtime.messages
    # Some come hours late, as from a queue that stood still, together with those of just now.
    for numbers in (range(0, 100, 2), [1, 99, 7000], range(3, 98, 2), range(7001, 7004)):
        planned = [numbered(world, number, user_id="u") for number in numbers]
        messages.announce(world.scope, planned, START)
        for message, plan in planned:
            messages.add(world.scope, message, plan)
    wanted = [7003, 7002, 7001, 7000, *reversed(range(100))]
    assert listed(world, selected, limit=limit) == [f"m{number}" for number in wanted]


def test_a_message_that_was_announced_twice_is_listed_once(world: World) -> None:
    pair, other = numbered(world, 1), numbered(world, 2)
    for planned in ([pair], [pair, other], [other]):
        world.runtime.messages.announce(world.scope, planned, START)
    for message, plan in (pair, other):
        world.runtime.messages.add(world.scope, message, plan)
    assert listed(world, MessageFilter(), limit=1) == ["m2", "m1"]


def test_a_message_that_was_announced_and_not_stored_is_not_listed(world: World) -> None:
    world.runtime.messages.announce(world.scope, [numbered(world, 2)], START)
    stored(world, [1])
    assert listed(world, MessageFilter()) == ["m1"]


def test_an_id_that_came_again_later_is_listed_where_it_came_first(world: World) -> None:
    first, plan = numbered(world, 1)
    stored(world, [1, 5])
    again = first.model_copy(update={"received_at": START + timedelta(seconds=9)})
    world.runtime.messages.announce(world.scope, [(again, plan)], START)
    assert listed(world, MessageFilter()) == ["m5", "m1"]


@pytest.mark.parametrize("how", [store, store_as_before])
def test_a_window_has_its_first_moment_and_not_its_last(world: World, how: Callable[..., Any]) -> None:
    stored(world, range(100), how)
    for first, last in ((0, 100), (10, 20), (99, 100), (5, 5), (200, 300)):
        window = MessageFilter(since=START + timedelta(seconds=first), until=START + timedelta(seconds=last))
        wanted = [f"m{number}" for number in reversed(range(100)) if first <= number < last]
        assert listed(world, window) == wanted


def test_a_position_that_is_none_of_ours_is_a_text_as_any(world: World) -> None:
    stored(world, range(3))
    for position, count in (("zzz", 3), ("9999-12-31T23:59:59.999Z#x", 3), ("\x00", 0)):
        assert len(world.runtime.messages.page(world.scope, MessageFilter(), position, 10)[0]) == count


def test_a_page_ends_when_it_has_taken_long_and_goes_on_where_it_was(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = stored(world, range(300))
    monkeypatch.setattr(messages, "_READING_SECONDS", -1.0)
    page, position = world.runtime.messages.page(world.scope, MessageFilter(user_id="nobody"), None, 5)
    assert page == []
    assert position is not None
    assert listed(world, MessageFilter(user_id="nobody")) == []
    assert listed(world, MessageFilter(user_id="u")) == ids


def test_no_partition_of_the_journal_takes_more_than_a_part_of_the_messages() -> None:
    dynamodb = MeteredDynamoDB(tables())
    clients: Any = SimpleNamespace(dynamodb=dynamodb)
    store = messages.DynamoMessageStore(Table(clients, "ActivityTable"))
    for number in range(800):
        message = Message(message_id=f"m{number}", event_type="x", source="neptune", received_at=START)
        store.announce(Scope("team", "dev"), [(message, Plan(planned_at=START))], START)
    shares = [units / 800 for place, units in dynamodb.written.items() if place.index_name is None]
    assert len(shares) == 8
    assert max(shares) < 0.2


class TestAPlanWhosePartsExpiredBeforeItsMessage:
    """DynamoDB removes what has expired in any order: such a message is not kept any more."""

    @pytest.fixture
    def message_id(self, cloud: Cloud, world: World, monkeypatch: pytest.MonkeyPatch) -> str:
        monkeypatch.setattr(messages, "_ITEM_BYTES", 1)
        world.configure("x", MAIL)
        message_id = world.ingest("x", data={"otp": 1}, contact_infos=SAM)
        assert cloud.pump("message") == []
        table, pk = Table(world.runtime.clients, "ActivityTable"), tenant(world.scope, "message", message_id)
        parts = table.query("pk = :pk AND begins_with(sk, :part)", {":pk": pk, ":part": "plan#"}, consistent=True)
        keys = [(part["pk"], part["sk"]) for part in parts]
        assert keys
        table.delete_many(keys)
        return message_id

    def test_is_of_none_that_is_found(self, world: World, message_id: str) -> None:
        store, scope = world.runtime.messages, world.scope
        assert store.get(scope, message_id) is None
        assert store.plans(scope, [message_id]) == {}
        assert store.outlines(scope, [message_id]) == {}

    def test_stops_no_list_of_others(self, cloud: Cloud, world: World, message_id: str) -> None:
        other = world.ingest("x", data={"otp": 1}, contact_infos=SAM)
        assert cloud.pump("message") == []
        found, _ = world.runtime.messages.page(world.scope, MessageFilter(), None, 10, lambda page: [True] * len(page))
        assert [each.message.message_id for each in found] == [other]
        assert message_id != other
