"""What messages of one event type read of it, and that a plan counts for more than what a sandbox remembers."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from nereid.core.messaging.process_message import Processor
from nereid.core.messaging.recent_event_types import RecentEventTypes
from nereid.models.event_type import EventType
from nereid.models.message import Message
from tests.integration.audience.client_world import ENVIRONMENT, SCOPE, World
from tests.support.cloud import tables
from tests.support.metered_dynamodb import MeteredDynamoDB
from tests.support.notifications import MAIL

NOW = datetime(2026, 1, 31, 9, 30, tzinfo=UTC)


@pytest.fixture
def world() -> World:
    return World(MeteredDynamoDB(tables()))


def sandbox(world: World, cache_seconds: float = 10) -> Processor:
    """Return a processor with a cache of its own."""
    recent = RecentEventTypes(world.event_types, world.clock, cache_seconds=cache_seconds)
    return replace(world.operations.processor, recent=recent)


def configure(world: World, *notifications: Any) -> None:
    event_type = {
        "event_type": "login",
        "environment": "dev",
        "notifications": list(notifications),
        "created_at": NOW,
        "updated_at": NOW,
    }
    world.event_types.put(SCOPE, EventType.model_validate(event_type))


def message(number: int, name: str = "login") -> Message:
    contacts: Any = [{"type": "email", "value": "sam@example.com"}]
    return Message(message_id=f"m{number}", event_type=name, source="neptune", received_at=NOW, contact_infos=contacts)


def read_for_each(world: World, processor: Processor, how_many: int, name: str = "login") -> float:
    """Return how many read units one of many messages costs. None has a user, whom it would read."""
    world.client.forget()
    for number in range(how_many):
        processor.process(ENVIRONMENT, message(number, name))
    return float(world.client.spent().read) / how_many


def test_a_template_of_60_kb_is_not_read_for_each_message(world: World) -> None:
    configure(world, {**MAIL, "template": {**MAIL["template"], "html": "x" * 60_000}})
    assert read_for_each(world, sandbox(world, 0), 10) == 15
    assert read_for_each(world, sandbox(world), 100) <= 0.15


def test_nor_is_an_event_type_that_there_is_not(world: World) -> None:
    assert read_for_each(world, sandbox(world), 100, "unknown") <= 0.02


def test_a_notification_that_a_plan_has_and_the_sandbox_does_not_know_is_not_taken_for_removed(world: World) -> None:
    configure(world, MAIL)
    old = sandbox(world)
    old.process(ENVIRONMENT, message(0))
    configure(world, MAIL, {**MAIL, "name": "new"})
    sandbox(world).process(ENVIRONMENT, message(1))
    world.queues.jobs.clear()
    old.process(ENVIRONMENT, message(1))
    assert [job.notification.name for job in world.queues.jobs] == ["mail", "new"]


def test_nor_is_one_that_changed_its_channel(world: World) -> None:
    configure(world, {"name": "mail", "channel": "sms", "template": {"text": "Hello"}})
    old = sandbox(world)
    old.process(ENVIRONMENT, message(0))
    configure(world, MAIL)
    sandbox(world).process(ENVIRONMENT, message(1))
    world.queues.jobs.clear()
    old.process(ENVIRONMENT, message(1))
    assert [job.notification.channel for job in world.queues.jobs] == ["email"]


def test_a_replay_takes_the_template_as_it_is_now(world: World) -> None:
    from nereid.core.messaging.replay_message import new_replay

    configure(world, MAIL)
    processor = sandbox(world)
    processor.process(ENVIRONMENT, message(0))
    configure(world, {**MAIL, "template": {**MAIL["template"], "text": "Mended"}})
    world.queues.jobs.clear()
    processor.replay(ENVIRONMENT, new_replay("m0"))
    [job] = world.queues.jobs
    assert job.notification.model_dump()["template"]["text"] == "Mended"
