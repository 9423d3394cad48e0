"""Which hours an overview counts, which it remembers, and what has it count one anew."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from nereid.clock import SystemClock
from nereid.core.messaging.overview import Overviews
from nereid.errors import Unavailable
from nereid.models.overview import DeadLetterCount, hour_of
from nereid.models.team import Scope
from nereid.ports.messaging import Busy
from tests.support.cloud import Cloud, World
from tests.support.cloud import record as record_of
from tests.support.notifications import MAIL, SAM


class Time:
    """The clock of the functions, at half past an hour."""

    def __init__(self) -> None:
        self.moment = hour_of(datetime.now(UTC)) - timedelta(hours=12, minutes=-30)

    def forward(self, **how_far: float) -> None:
        self.moment += timedelta(**how_far)


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> Time:
    time = Time()
    monkeypatch.setattr(SystemClock, "now", lambda _: time.moment)
    return time


def no_letters(_scope: Scope) -> DeadLetterCount:
    return DeadLetterCount(0, more=False)


def look(world: World, hours: int = 12) -> dict[str, Any]:
    """Return how many events there were in all, and how many deliveries of each status."""
    runtime = world.runtime
    stores = runtime.messages, runtime.deliveries, runtime.overview_hours
    whole = Overviews(*stores, runtime.closures, runtime.clock, no_letters).look(world.scope, hours).whole
    return {"accepted": whole.accepted, **whole.deliveries.get("email", {})}


def queries(cloud: Cloud) -> int:
    """Return how often the order of arrival was asked since this was asked last."""
    return cloud.calls.pop("dynamodb:Query", 0)


def sent(world: World, message_id: str = "m") -> None:
    world.configure("login", MAIL)
    world.ingest("login", message_id, contact_infos=SAM, data={"otp": 1})
    world.cloud.pump("message", "email")


def bounce(world: World, message_id: str = "m") -> None:
    [delivery] = world.deliveries(message_id)
    tags = {"team_id": world.team_id, "environment": world.identifier, "delivery_id": delivery.id}
    report = {
        "eventType": "Bounce",
        "mail": {
            "messageId": delivery.provider_message_id,
            "timestamp": "2026-01-31T09:30:00.000Z",
            "destination": ["sam@example.com"],
            "tags": {name: [value] for name, value in tags.items()},
        },
        "bounce": {
            "bounceType": "Permanent",
            "bounceSubType": "General",
            "timestamp": "2026-01-31T09:30:00.000Z",
            "bouncedRecipients": [{"emailAddress": "sam@example.com"}],
        },
    }
    body = json.dumps({"detail": report})
    assert world.cloud.hand_over("feedback", [record_of("feedback", body)]) == []


def test_an_hour_that_may_change_is_counted_again_after_half_a_minute(world: World, time: Time) -> None:
    assert look(world) == {"accepted": 0}
    sent(world)
    time.forward(seconds=29)
    assert look(world) == {"accepted": 0}
    time.forward(seconds=2)
    assert look(world) == {"accepted": 1, "success": 1}


def test_an_hour_that_is_over_for_long_is_counted_once(world: World, cloud: Cloud, time: Time) -> None:
    sent(world)
    time.forward(hours=2)
    look(world)
    time.forward(minutes=1)
    queries(cloud)
    assert look(world) == {"accepted": 1, "success": 1}
    # What is remembered, and two hours that may change, in eight partitions of journal and index each.
    assert queries(cloud) == 1 + 2 * 16


def test_an_hour_with_something_pending_is_counted_until_nothing_is(world: World, cloud: Cloud, time: Time) -> None:
    world.configure("login", MAIL)
    world.ingest("login", "m", contact_infos=SAM, data={"otp": 1})
    cloud.pump("message")
    time.forward(hours=3)
    assert look(world) == {"accepted": 1, "pending": 1}
    cloud.pump("email")
    time.forward(minutes=1)
    assert look(world) == {"accepted": 1, "success": 1}


def test_a_bounce_after_an_hour_was_counted_has_it_counted_again(world: World, time: Time) -> None:
    sent(world)
    time.forward(hours=3)
    assert look(world) == {"accepted": 1, "success": 1}
    time.forward(minutes=1)
    for _ in range(2):  # reports come more than once
        bounce(world)
        time.forward(minutes=1)
        assert look(world) == {"accepted": 1, "failed": 1}


def test_a_count_that_was_under_way_when_a_bounce_was_noted_is_not_believed(
    world: World, cloud: Cloud, time: Time
) -> None:
    sent(world)
    time.forward(hours=3)

    def bounced_meanwhile(_request: Any) -> None:
        cloud.faults.clear()
        time.forward(seconds=1)
        bounce(world)

    # The deliveries are read, and then the hour is kept.
    cloud.fail("dynamodb:UpdateItem", bounced_meanwhile)
    look(world)
    time.forward(minutes=1)
    assert look(world) == {"accepted": 1, "failed": 1}


def test_a_message_that_is_stored_hours_late_has_its_hour_counted_again(world: World, cloud: Cloud, time: Time) -> None:
    world.configure("login", MAIL)
    world.ingest("login", "m", contact_infos=SAM, data={"otp": 1})
    records = cloud.receive("message")
    time.forward(hours=3)
    assert look(world) == {"accepted": 0}
    time.forward(minutes=1)
    cloud.hand_over("message", records)
    cloud.pump("email")
    time.forward(minutes=1)
    assert look(world) == {"accepted": 1, "success": 1}


def test_reports_and_messages_of_the_present_hour_write_nothing_for_the_overview(
    world: World, cloud: Cloud, time: Time
) -> None:
    assert time.moment.minute == 30
    sent(world)
    bounce(world)
    assert [item for name, item in cloud.requests if "#overview" in json.dumps(item, default=str)] == []


def test_what_takes_too_long_to_count_goes_on_with_the_next_look(
    world: World, time: Time, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent(world)
    time.forward(hours=3)
    read = world.runtime.messages.arrivals

    def slow(*arguments: Any) -> Any:
        time.forward(seconds=5)
        return read(*arguments)

    monkeypatch.setattr(world.runtime.messages, "arrivals", slow)
    outcomes: list[dict[str, Any] | None] = []
    for _ in range(10):
        try:
            outcomes.append(look(world))
            break
        except Unavailable:
            outcomes.append(None)
    assert len(outcomes) > 1
    assert outcomes[-1] == {"accepted": 1, "success": 1}


def test_a_deleted_environment_is_not_remembered(world: World, cloud: Cloud, time: Time) -> None:
    sent(world)
    time.forward(hours=3)
    look(world)
    world.runtime.overview_hours.forget(world.scope)
    assert world.runtime.overview_hours.read(world.scope, time.moment - timedelta(days=1)) == {}


@pytest.mark.parametrize(
    ("stopped_by", "code", "reason"),
    [
        ("quota", "TooManyRequestsException", "quota"),
        ("quota", None, "quota"),
        ("account", "SendingPausedException", "SendingPausedException"),
    ],
)
def test_a_provider_that_takes_nothing_is_named_with_its_reason(
    world: World, cloud: Cloud, time: Time, stopped_by: Any, code: str | None, reason: str
) -> None:
    world.configure("login", MAIL)
    world.ingest("login", "m", contact_infos=SAM, data={"otp": 1})
    cloud.pump("message")
    until = time.moment + timedelta(minutes=10)
    closures: Any = SimpleNamespace(
        closed=lambda channel, _: Busy(until, stopped_by, code) if channel == "email" else None
    )
    runtime = world.runtime
    stores = runtime.messages, runtime.deliveries, runtime.overview_hours
    [found] = Overviews(*stores, closures, runtime.clock, no_letters).look(world.scope, 1).attention
    assert (found.kind, found.count) == ("provider_closed", 1)
    assert found.more == {"channel": "email", "reason": reason, "until": until}


def test_dead_letters_of_the_environment_are_counted(world: World, cloud: Cloud) -> None:
    world.configure("login", MAIL)
    world.ingest("login", "m", contact_infos=SAM, data={"otp": 1})
    other = World(cloud)
    other.ingest("login", "n", contact_infos=SAM)
    for each in cloud.receive("message"):
        cloud.client("sqs").send_message(QueueUrl=cloud.dead["message"], MessageBody=each["body"])
    event = {
        "rawPath": "/manage/dev/overview",
        "headers": {"authorization": f"Bearer {world.token}"},
        "requestContext": {"http": {"method": "GET", "sourceIp": "192.0.2.1"}},
        "pathParameters": {"environment": "dev"},
    }
    answer = json.loads(cloud.invoke("manage/show_overview", event)["body"])
    assert {"kind": "dead_letters", "count": 1} in [
        {name: each[name] for name in ("kind", "count")} for each in answer["attention"]
    ]
