"""Lists of messages read what a page holds, and no more."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from nereid.aws.messaging import messages
from nereid.aws.table import Table
from nereid.models.delivery import Plan
from nereid.models.message import Message
from nereid.models.team import Scope
from nereid.ports.messaging import MessageFilter
from tests.support.cloud import Cloud, World, tables
from tests.support.metered_dynamodb import MeteredDynamoDB

IN_MEMORY = True

START = datetime(2026, 1, 31, 9, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("selected", "limit"),
    [
        (MessageFilter(), 6),
        (MessageFilter(user_id="u"), 6),
        (MessageFilter(event_type="x"), 6),
        # What is filtered after the read: a page of what is read may hold nothing that is looked for.
        (MessageFilter(user_id="u", event_type="x"), None),
    ],
)
def test_a_page_is_read_in_one_call_of_each_partition(
    cloud: Cloud, world: World, selected: MessageFilter, limit: int | None
) -> None:
    world.ingest("x", user_id="u")
    cloud.pump("message")
    cloud.requests.clear()
    found, position = world.runtime.messages.page(world.scope, selected, None, 5)
    assert (len(found), position) == (1, None)
    assert {query.get("Limit") for query in cloud.sent("dynamodb:Query")} == {limit}


def listed(world: World, selected: MessageFilter, position: str | None = None) -> list[str]:
    """Return the ids of all messages from before a position, page by page."""
    found: list[str] = []
    for _ in range(100):
        page, position = world.runtime.messages.page(world.scope, selected, position, 7)
        found += [each.message.message_id for each in page]
        if position is None:
            return found
    raise AssertionError("it never ends")


def stored(world: World, numbers: Iterable[int]) -> list[str]:
    """Store messages that arrive one after the other; return their ids, newest first."""
    ids: list[str] = []
    for number in numbers:
        message = world.message("x", f"m{number}").model_copy(update={"received_at": START + timedelta(seconds=number)})
        assert world.runtime.messages.add(world.scope, message, Plan(planned_at=START)) is None
        ids.insert(0, message.message_id)
    return ids


@pytest.mark.parametrize("selected", [MessageFilter(), MessageFilter(event_type="x")])
def test_the_partitions_make_one_list(world: World, selected: MessageFilter) -> None:
    ids = stored(world, range(100))
    assert listed(world, selected) == ids


@pytest.mark.parametrize("selected", [MessageFilter(), MessageFilter(event_type="x")])
def test_a_position_given_out_for_fewer_partitions_goes_on_through_more(
    world: World, selected: MessageFilter, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as before:
        before.setattr(messages, "_SHARDS", 4)
        old = stored(world, range(40))
        page, position = world.runtime.messages.page(world.scope, selected, None, 7)
        assert [each.message.message_id for each in page] == old[:7]
    new = stored(world, range(40, 60))
    assert listed(world, selected, position) == old[7:]
    assert listed(world, selected) == new + old


def test_no_partition_of_a_list_takes_more_than_a_part_of_the_messages() -> None:
    dynamodb = MeteredDynamoDB(tables())
    clients: Any = SimpleNamespace(dynamodb=dynamodb)
    store = messages.DynamoMessageStore(Table(clients, "ActivityTable"))
    for number in range(800):
        message = Message(message_id=f"m{number}", event_type="x", source="neptune", received_at=START)
        store.add(Scope("team", "dev"), message, Plan(planned_at=START))
    for index in ("timeline", "by_event_type"):
        shares = [units / 800 for place, units in dynamodb.written.items() if place.index_name == index]
        assert max(shares) < 0.2
