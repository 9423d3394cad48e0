"""The data of messages that are not to be retained, where functions die, records repeat, and letters are purged."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from nereid.clock import SystemClock
from nereid.core.messaging.event_types import put_event_type
from nereid.core.messaging.forget import MOST_LOOKED_AT
from nereid.dialects.manage import frame as manage
from nereid.dialects.manage.bodies import EventTypeBody
from nereid.models.message import Message
from tests.support.cloud import Cloud, Died, World
from tests.support.notifications import INBOX, MAIL, SAM

#: Other tests show that the same stores work over moto.
IN_MEMORY = True
MANY = [{"type": "email", "value": f"{number}@example.com"} for number in range(MOST_LOOKED_AT + 1)]


@pytest.fixture
def world(cloud: Cloud) -> World:
    world = World(cloud)
    body = manage.parse(EventTypeBody, {"notifications": [MAIL, INBOX]})
    stores = world.runtime.event_types, world.runtime.clock
    put_event_type(*stores, world.scope, "login", body.notifications, retain_data=False)
    return world


def stored(world: World, message_id: str) -> Message:
    found = world.runtime.messages.get(world.scope, message_id)
    assert found is not None
    return found.message


def run(cloud: Cloud, queue: str, records: list[dict[str, Any]]) -> None:
    """Hand records over until none fails."""
    while records:
        try:
            failed = cloud.hand_over(queue, records)
        except Died:
            continue
        records = [record for record in records if record["messageId"] in failed]


@pytest.mark.parametrize("effects", range(12))
def test_the_data_go_wherever_a_function_dies(
    world: World, cloud: Cloud, effects: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    ahead = timedelta()
    monkeypatch.setattr(SystemClock, "now", lambda _: datetime.now(UTC) + ahead)
    message_id = world.ingest("login", user_id="u", contact_infos=SAM, data={"otp": "secret"})
    cloud.effects_left = effects
    for queue in ("message", "email"):
        records = cloud.receive(queue)
        for _ in range(3):
            # What died with a delivery in hand comes again once its claim has lapsed.
            try:
                failed = cloud.hand_over(queue, records)
            except Died:
                failed = [record["messageId"] for record in records]
            records = [record for record in records if record["messageId"] in failed]
            ahead += timedelta(seconds=61)
    cloud.effects_left = None
    message = stored(world, message_id)
    assert message.data == {}
    assert message.dropped_at is not None
    assert {status for status, _ in world.outcomes(message_id)} == {"success"}


def test_a_failure_to_drop_them_has_the_job_come_again(world: World, cloud: Cloud) -> None:
    message_id = world.ingest("login", user_id="u", contact_infos=SAM, data={"otp": "secret"})
    cloud.pump("message")
    # The claim and the record of the outcome pass.
    cloud.fail("dynamodb:UpdateItem", None, None, *[("InternalServerError", 500)] * 8)
    records = cloud.receive("email")
    assert cloud.hand_over("email", records) != []
    cloud.faults.clear()
    assert stored(world, message_id).data == {"otp": "secret"}
    assert cloud.hand_over("email", records) == []
    assert stored(world, message_id).data == {}
    assert cloud.calls["sesv2:SendEmail"] == 1


def test_a_message_with_very_many_deliveries_loses_its_data_to_the_sweeper(
    world: World, cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    message_id = world.ingest("login", contact_infos=MANY, data={"otp": "secret"})
    run(cloud, "message", cloud.receive("message"))
    run(cloud, "email", cloud.receive("email"))
    assert stored(world, message_id).data == {"otp": "secret"}
    monkeypatch.setattr(SystemClock, "now", lambda _: datetime.now(UTC) + timedelta(minutes=16))
    cloud.invoke("pipeline/sweep_deliveries", {}, milliseconds=280_000)
    assert stored(world, message_id).data == {}


def test_purged_deliveries_are_final_as_well(world: World, cloud: Cloud) -> None:
    message_id = world.ingest("login", contact_infos=SAM, data={"otp": "secret"})
    cloud.pump("message")
    [record] = cloud.receive("email")
    cloud.client("sqs").send_message(QueueUrl=cloud.dead["email"], MessageBody=record["body"])
    event = {
        "rawPath": "/",
        "headers": {"authorization": f"Bearer {world.token}"},
        "requestContext": {"http": {"method": "POST", "sourceIp": "192.0.2.1"}},
        "body": '{"all": true}',
    }
    assert cloud.invoke("manage/purge_dead_letters", event)["statusCode"] == 200
    assert world.outcomes(message_id) == [("failed", "purged"), ("no_contact", "no app contact")]
    assert stored(world, message_id).data == {}
