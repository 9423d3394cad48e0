"""What one event costs in DynamoDB's units, by itself and in full batches, and what it leaves stored."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from unittest.mock import patch

import pytest

from nereid.core.messaging.ingest import ingest, ingest_operations
from nereid.models.message import TrackEvent
from nereid.models.operation import Who
from tests.support import cloud as clouds
from tests.support.cloud import Cloud, World, record, tables
from tests.support.memory_dynamodb.values import size_of_item
from tests.support.metered_dynamodb import MeteredDynamoDB
from tests.support.notifications import INBOX, MAIL, PHONE, TEXT

CONTACTS: Any = [
    ("email", "sam@example.com"),
    ("mobile_number", "+4915112345678"),
    ("firebase_token", "f" * 160),
]
KINDS = {"email": MAIL, "sms": TEXT, "push": PHONE, "app": INBOX}


@pytest.fixture(scope="module")
def shared_cloud() -> Iterator[Cloud]:
    """Run a cloud whose DynamoDB says what it costs."""
    with patch.object(clouds, "MemoryDynamoDB", MeteredDynamoDB), clouds.running(in_memory=True) as running:
        yield running


@pytest.fixture
def prepared(world: World) -> World:
    """Return a world with an event type for each channel and a user who has all contacts."""
    for name, notification in KINDS.items():
        world.configure(f"{name}_otp", notification)
    world.user("0b1e7c52-41a9-4b6c-8d1f-9f2a6c3e7d10", *CONTACTS)
    return world


def sent(world: World, kind: str, count: int, each: int = 1) -> list[str]:
    """Take events in, so many in a request; return the ids of the messages."""
    user, queue = "0b1e7c52-41a9-4b6c-8d1f-9f2a6c3e7d10", world.runtime.message_queue
    messages = [world.message(f"{kind}_otp", user_id=user, data={"otp": 123456}) for _ in range(count)]
    for first in range(0, count, each):
        some = messages[first : first + each]
        if kind == "app":
            bare = [message.model_copy(update={"user_id": None, "source": "client"}) for message in some]
            events = [TrackEvent(kind="event", who=Who(external_id=user), message=message) for message in bare]
            ingest_operations(queue, world.scope, events)
        else:
            ingest(queue, world.environment, some)
    return [message.message_id for message in messages]


def processed(cloud: Cloud, world: World, kind: str, count: int, each: int = 1) -> dict[str, float]:
    """Process events; return the units that each costs, the calls, and the bytes that each leaves."""
    sent(world, kind, 1)
    cloud.pump()  # the functions are warm now
    dynamodb = cloud.memory
    assert isinstance(dynamodb, MeteredDynamoDB)
    before = stored(dynamodb)
    ids = sent(world, kind, count, each)
    dynamodb.forget()
    cloud.calls.clear()
    assert cloud.pump("message") == []
    queued = {name: cloud.calls[f"sqs:{name}"] for name in ("SendMessage", "SendMessageBatch")}
    calls = sum(made for name, made in cloud.calls.items() if name.startswith("dynamodb:"))
    if kind != "app":
        assert cloud.pump(kind) == []
    assert {outcome for name in ids for outcome in world.outcomes(name)} == {("success", None)}
    spent = dynamodb.spent()
    return {
        "written": spent.written / count,
        "indexed": spent.indexed / count,
        "calls to process": calls / count,
        "sends": sum(queued.values()),
        "bytes": (stored(dynamodb) - before) / count,
    }


def stored(dynamodb: MeteredDynamoDB) -> int:
    """Return how large all items are, with what indexes hold of them."""
    total = 0
    for name, table in tables().items():
        indexes = [*table.get("GlobalSecondaryIndexes", ()), *table.get("LocalSecondaryIndexes", ())]
        for item in dynamodb.items(name):
            # What an item and each entry of an index takes beside its content.
            total += size_of_item(item) + 100
            for index in indexes:
                keys = [each["AttributeName"] for each in index["KeySchema"]]
                if all(key in item for key in keys):
                    shown = {*keys, "pk", "sk", *index["Projection"].get("NonKeyAttributes", ())}
                    total += size_of_item({key: item[key] for key in shown if key in item}) + 100
    return total


@pytest.mark.parametrize(
    ("kind", "count", "each", "written", "indexed"),
    [
        # The entry in the journal, the message, the claim, the outcome; ten together book their turns.
        ("email", 1, 1, 4, 0),
        ("email", 10, 1, 3.2, 0),
        ("sms", 1, 1, 4, 0),
        ("sms", 10, 1, 3.2, 0),
        # The outcome is found by SNS's id.
        ("push", 1, 1, 4, 1),
        ("push", 10, 1, 3.2, 1),
        # The entry, the message, the notification, the outcome.
        ("app", 1, 1, 4, 1),
        ("app", 10, 1, 3.1, 1),
        ("app", 100, 100, 3.1, 1),
    ],
)
def test_an_event_costs_so_many_units(
    cloud: Cloud, prepared: World, kind: str, count: int, each: int, written: float, indexed: float
) -> None:
    found = processed(cloud, prepared, kind, count, each)
    assert found["written"] == pytest.approx(written, abs=0.05), found
    assert found["indexed"] == indexed, found


def test_ten_events_are_queued_in_one_call(cloud: Cloud, prepared: World) -> None:
    assert processed(cloud, prepared, "email", 10)["sends"] == 1


def test_the_message_of_an_ordinary_code_stays_below_the_size_of_a_unit(cloud: Cloud, prepared: World) -> None:
    sent(prepared, "email", 1)
    cloud.pump()
    assert cloud.memory is not None
    sizes = [size_of_item(item) for item in cloud.memory.items("ActivityTable") if item["sk"]["S"] == "message"]
    assert max(sizes) < 700


@pytest.mark.parametrize("kind", KINDS)
def test_a_delivery_that_is_over_keeps_nothing_of_its_tries(cloud: Cloud, prepared: World, kind: str) -> None:
    sent(prepared, kind, 1)
    cloud.pump()
    assert cloud.memory is not None
    own = f"{prepared.team_id}#dev#delivery#"
    [delivery] = [item for item in cloud.memory.items("ActivityTable") if item["pk"]["S"].startswith(own)]
    assert delivery["status"]["S"] == "success"
    assert not {"claim", "claimed_until", "attempts"} & set(delivery)


def test_a_report_that_a_mail_arrived_costs_a_write_and_half_a_read(cloud: Cloud, prepared: World) -> None:
    [message_id] = sent(prepared, "email", 1)
    cloud.pump()
    [delivery] = prepared.deliveries(message_id)
    tags = {"team_id": [prepared.team_id], "environment": ["dev"], "delivery_id": [delivery.id]}
    at = datetime.now(UTC).isoformat()
    detail = {"eventType": "Delivery", "mail": {"tags": tags}, "delivery": {"timestamp": at}}
    records = [record("email", json.dumps({"id": "e", "detail": detail}))]
    dynamodb = cloud.memory
    assert isinstance(dynamodb, MeteredDynamoDB)
    spent = dynamodb.cost(lambda: cloud.invoke("pipeline/record_feedback", {"Records": records}))
    assert (spent.written, spent.indexed, spent.read) == (1, 0, 0.5)
