"""However a delivery ends, it is counted once: by its channel, in one line per batch, without a name of anybody."""

from __future__ import annotations

import json
from typing import Any

import pytest
from aws_lambda_powertools.metrics import EphemeralMetrics

from nereid.metrics import ENDINGS
from tests.support.cloud import Cloud, World
from tests.support.notifications import INBOX, MAIL, PHONE, SAM, TEXT

BROKEN = {**MAIL, "template": {"subject": "{{ (1..1000000) }}", "text": "x"}}
NUMBER = [{"type": "mobile_number", "value": "+15550001"}]
NAMES = {name for names in ENDINGS.values() for name in names}


class Output:
    """What the functions print."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def counts(self) -> list[tuple[str, dict[str, float]]]:
        """Return the channel of each line of metrics, with its numbers but zeros."""
        lines = [json.loads(line) for line in self._capsys.readouterr().out.splitlines() if '"_aws"' in line]
        return [
            (line["channel"], {name: sum(line[name]) for name in NAMES & line.keys() if sum(line[name])})
            for line in lines
        ]


@pytest.fixture
def output(cloud: Cloud, capsys: pytest.CaptureFixture[str]) -> Output:
    return Output(capsys)


def queued(world: World, *notifications: dict[str, Any], **members: Any) -> str:
    """Ingest and process an event; return the message's id."""
    world.configure("login", *notifications)
    message_id = world.ingest("login", **{"data": {"otp": 1, "zero": 0}, "contact_infos": SAM, **members})
    world.cloud.pump("message")
    return message_id


def test_a_batch_is_one_line(cloud: Cloud, world: World, output: Output) -> None:
    for _ in range(4):
        queued(world, MAIL)
    assert output.counts() == []
    cloud.pump("email")
    assert output.counts() == [("email", {"DeliveriesSucceeded": 4})]


@pytest.mark.parametrize(
    ("notification", "contacts", "queue", "fault", "counted"),
    [
        (MAIL, SAM, "email", ("sesv2:SendEmail", ("MessageRejected", 400)), {"DeliveriesFailed": 1}),
        (TEXT, NUMBER, "sms", ("sns:Publish", ("InvalidParameter", 400)), {"DeliveriesFailed": 1}),
        (BROKEN, SAM, "email", None, {"DeliveriesFailed": 1}),
    ],
    ids=["mail refused", "text refused", "template"],
)
def test_a_failure_is_counted_by_its_cause(
    cloud: Cloud,
    world: World,
    output: Output,
    notification: dict[str, Any],
    contacts: Any,
    queue: str,
    fault: tuple[str, Any] | None,
    counted: dict[str, float],
) -> None:
    queued(world, notification, contact_infos=contacts)
    if fault:
        cloud.fail(*fault)
    cloud.pump(queue)
    assert output.counts() == [(queue, counted)]


def test_what_is_to_be_tried_again_has_not_ended(cloud: Cloud, world: World, output: Output) -> None:
    queued(world, MAIL)
    records = cloud.receive("email")
    cloud.fail("sesv2:SendEmail", ("TooManyRequestsException", 429))
    assert cloud.hand_over("email", records) == []
    assert output.counts() == []
    assert cloud.hand_over("email", [record for _, record in cloud.put_back()]) == []
    assert output.counts() == [("email", {"DeliveriesSucceeded": 1})]


def test_a_job_that_comes_twice_is_counted_once(cloud: Cloud, world: World, output: Output) -> None:
    queued(world, MAIL)
    records = cloud.receive("email")
    cloud.hand_over("email", [*records, *records])
    cloud.hand_over("email", records)
    assert output.counts() == [("email", {"DeliveriesSucceeded": 1})]


def test_a_suppressed_address_is_no_failure(cloud: Cloud, world: World, output: Output) -> None:
    world.runtime.suppressions.add(world.team_id, "sam@example.com", "bounce", world.runtime.clock.now())
    queued(world, MAIL)
    cloud.pump("email")
    assert output.counts() == [("email", {"DeliveriesSuppressed": 1})]


def test_app_notifications_and_missing_contacts_are_counted_by_who_processes_the_message(
    cloud: Cloud, world: World, output: Output
) -> None:
    world.user("sam")
    world.configure("login", MAIL, PHONE, INBOX)
    world.ingest("login", user_id="sam", data={"otp": 1})
    records = cloud.receive("message")
    for _ in range(2):
        cloud.hand_over("message", records)
    assert sorted(output.counts(), key=str) == [
        ("app", {"DeliveriesSucceeded": 1}),
        ("email", {"DeliveriesWithoutContact": 1}),
        ("push", {"DeliveriesWithoutContact": 1}),
    ]


def test_a_mock_and_a_channel_without_provider_are_told_apart(cloud: Cloud, output: Output) -> None:
    for world in (World(cloud, mock=True), World(cloud, channels={"email": None})):
        queued(world, MAIL)
        cloud.pump("email")
    assert output.counts() == [("email", {"DeliveriesMocked": 1}), ("email", {"DeliveriesWithoutProvider": 1})]


def test_a_batch_is_delivered_although_it_cannot_be_counted(
    cloud: Cloud, world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: Any) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(EphemeralMetrics, "flush_metrics", broken)
    message_id = queued(world, MAIL)
    assert cloud.pump("email") == []
    assert world.outcomes(message_id) == [("success", None)]
    assert caplog.messages == ["metrics not written"]


def test_a_batch_with_a_record_that_fails_is_counted_as_well(cloud: Cloud, world: World, output: Output) -> None:
    queued(world, MAIL)
    records = cloud.receive("email")
    cloud.hand_over("email", [{**records[0], "messageId": "poison", "body": "{"}, *records])
    assert output.counts() == [("email", {"DeliveriesSucceeded": 1})]


@pytest.mark.parametrize(
    ("notification", "fault", "reason"),
    [(MAIL, ("MessageRejected", 400), "provider: MessageRejected"), (BROKEN, None, "template")],
    ids=["refused", "template"],
)
def test_a_failure_is_logged_with_its_code_and_ids(
    cloud: Cloud,
    world: World,
    caplog: pytest.LogCaptureFixture,
    notification: dict[str, Any],
    fault: tuple[str, int] | None,
    reason: str,
) -> None:
    message_id = queued(world, notification)
    cloud.fail("sesv2:SendEmail", *([fault] if fault else []))
    cloud.pump("email")
    (said,) = (vars(record) for record in caplog.records if record.message == "delivery failed")
    (delivery,) = world.deliveries(message_id)
    assert (said["reason"], said["channel"], said["message_id"]) == (reason, "email", message_id)
    assert (said["delivery_id"], said["team_id"], said["environment"]) == (delivery.id, world.team_id, "dev")
