"""The erasure of a user where functions die between any two steps, records come again, and something is under way.

What is looked at in the end are all items of all tables.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from nereid.aws.messaging import messages
from nereid.clock import SystemClock
from nereid.core.outreach.leads import create_lead
from nereid.models.erasure import ERASURE_SETTLES
from tests.support.cloud import Cloud, Died, World, record
from tests.support.notifications import INBOX, MAIL, PHONE, TEXT

#: Other tests show that the same stores work over moto.
IN_MEMORY = True
EMAIL, PHONE_NUMBER, TOKEN = "sam.sample@example.com", "+4915112345678", "token-of-sam"
SECRETS = (EMAIL, PHONE_NUMBER, TOKEN, "s3cret", "sam-the-user", "Sam Sample")
KEEPING = {**MAIL, "template": {**MAIL["template"], "text": "{{ secret }}"}}


class Time:
    """Moves the clock of the functions."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def forward(self, how_far: timedelta) -> None:
        self.ahead += how_far


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> Time:
    time = Time()
    monkeypatch.setattr(SystemClock, "now", lambda _: datetime.now(UTC) + time.ahead)
    return time


def told(world: World, message_id: str, **members: Any) -> None:
    world.ingest("login", message_id, data={"secret": "s3cret"}, **members)


def prepared(cloud: Cloud) -> World:
    """Return a world with a user that has all that a user can have, and with another one."""
    assert cloud.memory is not None
    for table in cloud.memory.names():
        for item in list(cloud.memory.items(table)):
            cloud.client("dynamodb").delete_item(TableName=table, Key={name: item[name] for name in ("pk", "sk")})
    world = World(cloud)
    outreach = world.runtime.settings.model_copy(update={"outreach_table": "OutreachTable"})
    world.runtime.__dict__["settings"] = outreach
    world.configure("login", KEEPING, TEXT, PHONE, INBOX)
    contacts = [("email", EMAIL), ("mobile_number", PHONE_NUMBER), ("firebase_token", TOKEN)]
    world.user("sam-the-user", *contacts, name="Sam Sample")  # type: ignore[arg-type]
    world.user("kim", ("email", "kim@example.com"))
    lead = {"full_name": "Sam Sample", "email": EMAIL}
    create_lead(world.runtime.leads, world.runtime.clock, world.team_id, lead)
    told(world, "sent", user_id="sam-the-user")
    told(world, "to-address", contact_infos=[{"type": "email", "value": EMAIL}])
    told(world, "kims", user_id="kim")
    cloud.pump()
    world.runtime.suppressions.add(world.team_id, EMAIL, "complaint", world.runtime.clock.now())
    told(world, "pending", user_id="sam-the-user")
    cloud.pump("message")
    return world


def erase(world: World) -> None:
    event = {
        "rawPath": "/manage/dev/users/sam-the-user/erase",
        "headers": {"authorization": f"Bearer {world.token}"},
        "requestContext": {"http": {"method": "POST", "sourceIp": "192.0.2.1"}},
        "pathParameters": {"environment": "dev", "user_id": "sam-the-user"},
    }
    answer = world.cloud.invoke("manage/erase_user", event)
    assert answer["statusCode"] == 200, answer


def sweep(world: World) -> None:
    world.cloud.invoke("pipeline/sweep_deliveries", {}, milliseconds=280_000)


def found(cloud: Cloud, *secrets: str) -> list[tuple[str, str]]:
    """Return the tables and items that hold something of the user, or of what was sent to it."""
    assert cloud.memory is not None
    texts = [
        (table, json.dumps(item, default=str)) for table in cloud.memory.names() for item in cloud.memory.items(table)
    ]
    return [(table, text) for table, text in texts if any(secret in text for secret in secrets)]


def assert_erased(world: World) -> None:
    theirs = [text for _, text in found(world.cloud, *SECRETS) if "#message#kims" not in text]
    assert theirs == []
    kims = world.runtime.messages.get(world.scope, "kims")
    assert kims is not None
    assert kims.message.data == {"secret": "s3cret"}
    suppressed = world.runtime.suppressions
    assert suppressed.get(world.team_id, EMAIL) is not None, "it goes on suppressing"
    sent = world.cloud.calls["sesv2:SendEmail"]
    world.cloud.pump("email", "sms", "push")
    assert world.cloud.calls["sesv2:SendEmail"] == sent


@pytest.fixture
def lives(cloud: Cloud, time: Time) -> Iterator[tuple[World, int]]:
    def each() -> Iterator[tuple[World, int]]:
        for effects in range(200):
            cloud.forget()
            yield prepared(cloud), effects

    return each()


@pytest.mark.slow
def test_nothing_is_found_wherever_a_function_dies(
    cloud: Cloud, time: Time, lives: Iterator[tuple[World, int]]
) -> None:
    for world, effects in lives:
        cloud.effects_left = effects
        died = True
        try:
            erase(world)
            died = cloud.effects_left is None
        except Died:
            pass
        cloud.effects_left = None
        erase(world)
        time.forward(ERASURE_SETTLES + timedelta(minutes=1))
        sweep(world)
        assert list(world.runtime.erasures.all()) == []
        assert_erased(world)
        if not died:
            assert effects > 20, "little was done"
            return
    raise AssertionError("it goes on for ever")


def test_what_is_under_way_when_it_is_asked_for_is_erased_afterwards(cloud: Cloud, time: Time) -> None:
    world = prepared(cloud)
    told(world, "under-way", user_id="sam-the-user")
    records = cloud.receive("message")
    time.forward(timedelta(seconds=1))
    erase(world)
    cloud.hand_over("message", records)
    time.forward(ERASURE_SETTLES + timedelta(minutes=1))
    sweep(world)
    assert_erased(world)


def test_what_comes_afterwards_stays(cloud: Cloud, time: Time) -> None:
    world = prepared(cloud)
    erase(world)
    time.forward(timedelta(minutes=1))
    world.user("sam-the-user", ("email", "new@example.com"))
    told(world, "new", user_id="sam-the-user")
    cloud.pump()
    time.forward(ERASURE_SETTLES)
    sweep(world)
    assert list(world.runtime.erasures.all()) == []
    user = world.runtime.users.load(world.scope, "sam-the-user")
    assert user is not None
    assert [each.value for each in user.contact_infos] == ["new@example.com"]
    stored = world.runtime.messages.get(world.scope, "new")
    assert stored is not None
    assert stored.message.data == {"secret": "s3cret"}
    assert len(world.runtime.inbox.after(world.scope, "sam-the-user", None, 10)) == 1


def test_a_delivery_that_somebody_is_sending_is_erased_once_it_is_sent(cloud: Cloud, time: Time) -> None:
    world = prepared(cloud)
    told(world, "held", user_id="sam-the-user")
    cloud.pump("message")

    def asked_for_meanwhile(_request: Any) -> None:
        cloud.faults.clear()
        function = cloud.function
        erase(world)
        cloud.function = function

    # Another function, in a sandbox of its own.
    records = cloud.receive("push")
    assert records
    cloud.fail("sns:Publish", asked_for_meanwhile)
    cloud.hand_over("push", records[:1])
    assert list(world.runtime.erasures.all()) != []
    time.forward(ERASURE_SETTLES + timedelta(minutes=1))
    for _ in range(2):
        sweep(world)
    assert list(world.runtime.erasures.all()) == []
    assert_erased(world)


def test_a_bounce_of_a_mail_to_somebody_who_was_erased_suppresses_by_hash(cloud: Cloud, time: Time) -> None:
    world = prepared(cloud)
    [mail] = [each for each in world.deliveries("sent") if each.channel == "email"]
    erase(world)
    tags = {"team_id": world.team_id, "environment": world.identifier, "delivery_id": mail.id}
    report = {
        "eventType": "Bounce",
        "mail": {
            "messageId": mail.provider_message_id,
            "timestamp": "2026-01-31T09:30:00.000Z",
            "destination": [EMAIL],
            "tags": {name: [value] for name, value in tags.items()},
        },
        "bounce": {
            "bounceType": "Permanent",
            "bounceSubType": "General",
            "timestamp": "2026-01-31T09:30:00.000Z",
            "bouncedRecipients": [{"emailAddress": EMAIL}],
        },
    }
    assert cloud.hand_over("feedback", [record("feedback", json.dumps({"detail": report}))]) == []
    suppression = world.runtime.suppressions.get(world.team_id, EMAIL)
    assert suppression is not None
    assert set(suppression.reasons) == {"complaint", "bounce"}
    time.forward(ERASURE_SETTLES + timedelta(minutes=1))
    sweep(world)
    assert_erased(world)


def test_a_plan_in_parts_leaves_none_of_them(cloud: Cloud, time: Time, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(messages, "_ITEM_BYTES", 1)
    world = prepared(cloud)
    assert any("plan#" in text for _, text in found(cloud, EMAIL))
    erase(world)
    time.forward(ERASURE_SETTLES + timedelta(minutes=1))
    sweep(world)
    assert_erased(world)
