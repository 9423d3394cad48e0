"""What becomes of messages whose conditions fail, or take their time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from nereid import batches
from nereid.clock import SystemClock
from nereid.core import time_limit
from nereid.core.messaging.deliver import Deliverer
from nereid.core.messaging.ingest import ingest, ingest_operations
from nereid.core.messaging.replay_message import new_replay
from nereid.models.delivery import NOT_EVALUATED, DeliveryJob, Planned
from nereid.models.message import Alias, EventBatch, Identify, Operation, TrackEvent
from nereid.models.operation import Traits, Who
from tests.support.cloud import Cloud, World
from tests.support.notifications import INBOX, MAIL, SAM

IN_MEMORY = True

#: Fails where the value is a text: numbers and texts have no order.
WHEN = "data.total > 5"


def event(world: World, who: Who, event_type: str, traits: Traits | None = None, **data: object) -> TrackEvent:
    message = world.message(event_type, data={"otp": 1, **data})
    return TrackEvent(kind="event", who=who, traits=traits, message=message)


def failed_conditions(world: World, message_id: str) -> dict[str, str]:
    plan = world.runtime.messages.plans(world.scope, [message_id])[message_id]
    whys = {each.notification: each.reason.partition(NOT_EVALUATED) for each in plan.skipped}
    return {name: why for name, (_, failed, why) in whys.items() if failed}


def test_a_condition_that_cannot_be_evaluated_is_kept_with_the_plan_and_stops_no_other_notification(
    cloud: Cloud, world: World
) -> None:
    world.configure("order", {**MAIL, "name": "large", "when": WHEN}, MAIL)
    message_id = world.ingest("order", data={"otp": 1, "total": "many"}, contact_infos=SAM)
    cloud.pump()
    assert [each.notification for each in world.deliveries(message_id)] == ["mail"]
    [(name, why)] = failed_conditions(world, message_id).items()
    assert name == "large"
    assert why
    assert "many" not in why


def test_a_condition_that_does_not_hold_has_not_failed(cloud: Cloud, world: World) -> None:
    world.configure("order", {**MAIL, "when": WHEN})
    message_id = world.ingest("order", data={"total": 5}, contact_infos=SAM)
    cloud.pump()
    assert world.deliveries(message_id) == []
    assert failed_conditions(world, message_id) == {}


def test_a_failed_condition_is_logged_once_with_ids_and_without_values(
    cloud: Cloud, world: World, caplog: pytest.LogCaptureFixture
) -> None:
    world.configure("order", {**MAIL, "when": WHEN})
    message_id = world.ingest("order", data={"total": "sam@example.com"}, contact_infos=SAM)
    records = cloud.receive("message")
    for _ in range(2):
        assert cloud.hand_over("message", records) == []
    logged = [line.__dict__ for line in caplog.records if line.message == "condition failed"]
    assert [(line["message_id"], line["notification"]) for line in logged] == [(message_id, "mail")]
    assert "sam@example.com" not in str(logged)


def test_messages_behind_slow_templates_are_processed_by_a_record_of_their_own(
    cloud: Cloud, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nereid.core.messaging.one_by_one.RECORD_SECONDS", 0)
    world.configure("login", MAIL)
    messages = [world.message("login", data={"otp": 1}, contact_infos=SAM) for _ in range(3)]
    ingest(world.runtime.message_queue, world.environment, messages)
    for waiting in (3, 2, 1):
        [record] = cloud.receive("message")
        assert record["body"].count('"message_id"') == waiting
        assert cloud.hand_over("message", [record]) == []
    assert cloud.receive("message") == []
    cloud.pump("email")
    assert [world.outcomes(each.message_id) for each in messages] == [[("success", None)]] * 3
    assert len(cloud.sent("sesv2:SendEmail")) == 3


def test_what_clients_ask_for_behind_slow_templates_is_done_in_its_order(
    cloud: Cloud, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nereid.core.messaging.one_by_one.RECORD_SECONDS", 0)
    world.configure("login", INBOX)
    operations = [
        TrackEvent(kind="event", who=Who(external_id="u"), message=world.message("login", data={"otp": number}))
        for number in range(3)
    ]
    ingest_operations(world.runtime.message_queue, world.scope, operations)
    for _ in operations:
        assert cloud.pump("message") == []
    found, *_ = world.runtime.inbox.page(world.scope, "u", "all", 1, 10, oldest_first=True)
    assert [each.body for each in found] == ["0", "1", "2"]


def test_app_notifications_behind_slow_ones_are_put_by_a_record_of_their_own(
    cloud: Cloud, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nereid.core.messaging.process_message._SECONDS_AGAIN", 0)
    world.configure("login", MAIL, INBOX)
    world.configure("order", MAIL)
    world.user("u", ("email", "sam@example.com"))
    events = [event(world, Who(external_id="u"), name) for name in ("login", "login", "order")]
    ingest_operations(world.runtime.message_queue, world.scope, events)
    assert cloud.pump("message") == []
    assert len(cloud.receive("email")) == 2  # what has no app notification is not held up
    outcomes = [[status for status, _ in world.outcomes(each.message.message_id)] for each in events]
    assert outcomes == [["pending", "success"], ["pending", "pending"], ["pending"]]
    assert cloud.pump("message") == []
    assert [status for status, _ in world.outcomes(events[1].message.message_id)] == ["pending", "success"]
    assert len(cloud.receive("email")) == 1


def test_a_run_that_stood_still_puts_no_app_notification_that_another_ended(
    cloud: Cloud, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    put = Deliverer.deliver_first

    def deliver_first(deliverer: Deliverer, job: DeliveryJob) -> None:
        monkeypatch.setattr(SystemClock, "now", lambda _: datetime.now(UTC) + timedelta(minutes=7))
        planned = Planned(job.delivery_id, "inbox", "app", job.recipient)
        world.runtime.deliveries.close(job.scope, planned, job.planned_at, "notification removed", job.planned_at)
        put(deliverer, job)

    monkeypatch.setattr(Deliverer, "deliver_first", deliver_first)
    world.configure("login", INBOX)
    world.user("u")
    world.ingest("login", user_id="u", data={"otp": 1})
    assert cloud.pump("message") == []
    assert world.runtime.inbox.page(world.scope, "u", "all", 1, 10, oldest_first=True)[0] == []


def test_slow_app_notifications_are_blamed_on_the_team_that_has_them(
    cloud: Cloud, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batches, "_slow_teams", {})
    slow, other, put = world, World(cloud), Deliverer.deliver_first

    def deliver_first(deliverer: Deliverer, job: DeliveryJob) -> None:
        if job.team_id == slow.team_id:
            monkeypatch.setattr(time_limit, "_spent", time_limit._spent + 1)
        put(deliverer, job)

    monkeypatch.setattr(Deliverer, "deliver_first", deliver_first)
    for each in (slow, other):
        each.configure("login", INBOX)
        each.user("u")
        each.ingest("login", user_id="u", data={"otp": 1})
    assert cloud.pump("message") == []
    assert list(batches._slow_teams) == [slow.team_id]


def test_an_environment_that_cannot_be_written_keeps_no_other_waiting(cloud: Cloud, world: World) -> None:
    other = World(cloud)
    for each in (world, other):
        each.configure("login", MAIL)
    messages = [(each, each.ingest("login", data={"otp": 1}, contact_infos=SAM)) for each in (world, other)]
    [busy, idle] = cloud.receive("message")

    def refused(request: dict[str, Any]) -> tuple[str, int] | None:
        is_busy = request["Item"]["pk"]["S"].startswith(f"{world.team_id}#dev#journal")
        return ("ThrottlingException", 400) if is_busy else None

    cloud.fail("dynamodb:PutItem", *[refused] * 20)
    assert cloud.hand_over("message", [busy, idle]) == [busy["messageId"]]
    cloud.faults.clear()
    assert other.outcomes(messages[1][1]) == [("pending", None)]
    assert cloud.hand_over("message", [busy]) == []
    assert cloud.pump("email") == []
    assert [each.outcomes(message_id) for each, message_id in messages] == [[("success", None)]] * 2


def test_what_clients_ask_for_is_not_done_once_more_behind_slow_app_notifications(
    cloud: Cloud, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nereid.core.messaging.process_message._SECONDS_AGAIN", 0)
    world.configure("login", INBOX)
    who = Who(external_id="u")
    operations: list[Operation] = [
        event(world, who, "login"),
        event(world, who, "login", Traits(data={"name": "before"})),
        Identify(kind="identify", id="later", who=who, traits=Traits(data={"name": "now"})),
    ]
    ingest_operations(world.runtime.message_queue, world.scope, operations)
    for _ in operations:
        assert cloud.pump("message") == []
    user = world.runtime.users.load(world.scope, "u")
    assert user is not None
    assert user.meta == {"name": "now"}
    assert len(world.runtime.inbox.page(world.scope, "u", "all", 1, 10, oldest_first=True).notifications) == 2


def test_a_record_of_the_largest_size_does_not_grow_behind_slow_app_notifications(
    cloud: Cloud, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nereid.core.messaging.process_message._SECONDS_AGAIN", 0)
    for name in ("login", "user_created"):
        world.configure(name, INBOX)
    # Each makes a user, of which another message tells.
    events = [event(world, Who(anonymous_id=f"u{number}"), "login", text="x" * 200_000) for number in range(4)]
    ingest_operations(world.runtime.message_queue, world.scope, events)
    assert cloud.pump("message") == []
    assert sum(len(each["body"]) for each in cloud.receive("message")) < 10_000


def test_a_message_that_fails_behind_slow_app_notifications_keeps_no_other_back(
    cloud: Cloud, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nereid.core.messaging.process_message._SECONDS_AGAIN", 0)
    world.configure("login", INBOX)
    world.user("u")
    events = [event(world, Who(external_id="u"), "login") for _ in range(3)]
    ingest_operations(world.runtime.message_queue, world.scope, events)
    [record] = cloud.receive("message")
    # The environment, the journal, the first message, its notification and record; not the second message.
    cloud.fail("dynamodb:PutItem", *[None] * 5, ("InternalServerError", 500))
    assert cloud.hand_over("message", [record]) == [record["messageId"]]
    assert cloud.pump("message") == []
    assert world.outcomes(events[2].message.message_id) == [("success", None)]
    assert cloud.hand_over("message", [record]) == []
    assert cloud.pump("message") == []
    assert world.outcomes(events[1].message.message_id) == [("success", None)]


def test_a_replay_knows_the_user_that_a_profile_became(cloud: Cloud, world: World) -> None:
    world.configure("login", {**MAIL, "template": {"subject": "Hello", "text": "Hello {{ user.name }}"}})
    traits = Traits(email="sam@example.com", data={"name": "Sam"})
    login = event(world, Who(anonymous_id="visit"), "login", traits)
    alias = Alias(kind="alias", id="alias", anonymous_id="visit", external_id="u")
    for operation in (login, alias):
        ingest_operations(world.runtime.message_queue, world.scope, [operation])
        assert cloud.pump("message") == []
    assert len(cloud.receive("email")) == 1  # and it is lost
    replay = new_replay(login.message.message_id)
    batch = EventBatch(team_id=world.team_id, environment=world.identifier, replays=[replay])
    world.runtime.message_queue.send([batch])
    assert cloud.pump() == []
    [mail] = cloud.sent("sesv2:SendEmail")
    assert mail["Content"]["Simple"]["Body"]["Text"]["Data"] == "Hello Sam"


def test_an_app_notification_that_was_put_and_not_recorded_is_a_success_whatever_is_configured_then(
    cloud: Cloud, world: World
) -> None:
    world.configure("login", MAIL, INBOX)
    world.user("u")
    message_id = world.ingest("login", user_id="u", data={"otp": 1})
    # The environment, the journal, the message, the notification; not its record.
    cloud.fail("dynamodb:PutItem", None, None, None, None, ("InternalServerError", 500))
    records = cloud.receive("message")
    assert len(cloud.hand_over("message", records)) == 1
    assert ("pending", None) in world.outcomes(message_id)
    world.configure("login", MAIL)
    cloud.restart("pipeline/process_messages")
    assert cloud.hand_over("message", records) == []
    assert world.outcomes(message_id) == [("no_contact", "no email contact"), ("success", None)]


def test_replays_behind_slow_templates_are_not_lost(
    cloud: Cloud, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.configure("login", MAIL)
    messages = [world.ingest("login", data={"otp": 1}, contact_infos=SAM) for _ in range(2)]
    cloud.pump()
    monkeypatch.setattr("nereid.core.messaging.one_by_one.RECORD_SECONDS", 0)
    for message_id in messages:
        [delivery] = world.deliveries(message_id)
        world.runtime.replayer.replay(world.environment, message_id, [delivery.id], f"again {message_id}")
    assert cloud.pump() == []
    assert cloud.pump() == []
    assert len(cloud.sent("sesv2:SendEmail")) == 4
