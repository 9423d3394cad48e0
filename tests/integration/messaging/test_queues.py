"""On which queue a job waits, for how long, and whose group it is in."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from nereid.aws.clients import Clients
from nereid.aws.messaging.dead_letter_queues import SqsDeadLetterQueue
from nereid.aws.messaging.queues import SqsDeliveryQueues, SqsDepths, SqsMessageQueue, SqsRedelivery, received
from nereid.errors import Unavailable
from nereid.models.delivery import DeliveryJob
from nereid.models.event_type import Priority
from nereid.models.message import EventBatch
from nereid.ports.messaging import DeadLetter
from tests.support.cloud import Cloud, World
from tests.support.notifications import MAIL, PHONE, SAM, TEXT

NOTIFICATIONS = {"email": MAIL, "sms": TEXT, "push": PHONE}
CHANNELS = list(NOTIFICATIONS)
SEND, SEND_BATCH = "sqs:SendMessage", "sqs:SendMessageBatch"
IN_HAND = "arn:aws:sqs:us-east-1:123456789012:"


@pytest.fixture
def queues(cloud: Cloud) -> SqsDeliveryQueues:
    normal: dict[tuple[str, str], str] = {(channel, "normal"): cloud.queues[channel] for channel in CHANNELS}
    high = {(channel, "high"): cloud.queues[f"{channel}_high"] for channel in CHANNELS}
    return SqsDeliveryQueues(Clients(), {**normal, **high})


def job(channel: str = "email", team_id: str = "team", **notification: Any) -> DeliveryJob:
    return DeliveryJob.model_validate(
        {
            "team_id": team_id,
            "environment": "dev",
            "mock": False,
            "channels": {},
            "delivery_id": "d",
            "recipient": {"type": "email", "value": "sam@example.com"},
            "notification": {**NOTIFICATIONS[channel], **notification},
            "message_id": "m",
            "message": None,
            "planned_at": "2026-01-31T09:30:00Z",
        }
    )


def groups(cloud: Cloud) -> list[tuple[str, str]]:
    """Return the queue and the group of everything that was sent, in order."""
    names = {url: name for name, url in cloud.queues.items()}
    found = []
    for operation, request in cloud.requests:
        if operation == SEND:
            found.append((names[request["QueueUrl"]], request["MessageGroupId"]))
        if operation == SEND_BATCH:
            found += [(names[request["QueueUrl"]], each["MessageGroupId"]) for each in request["Entries"]]
    return found


@pytest.mark.parametrize("channel", CHANNELS)
@pytest.mark.parametrize(
    ("notification", "queue"),
    [
        ({}, "{}"),
        ({"priority": "normal"}, "{}"),
        ({"priority": "high"}, "{}_high"),
        ({"retry": "at_most_once"}, "{}_high"),
        ({"retry": "at_most_once", "priority": "normal"}, "{}"),
    ],
)
def test_a_job_waits_on_the_queue_of_its_channel_and_priority(
    cloud: Cloud, queues: SqsDeliveryQueues, channel: str, notification: dict[str, Any], queue: str
) -> None:
    queues.send([job(channel, **notification)])
    queues.put_back(job(channel, **notification), 5)
    assert [name for name, _ in groups(cloud)] == [queue.format(channel)] * 2


def test_the_jobs_of_a_team_are_its_group(cloud: Cloud, queues: SqsDeliveryQueues) -> None:
    queues.send([job(), job(), job(team_id="other"), job(retry="at_most_once")])
    assert groups(cloud) == [("email", "team"), ("email", "team"), ("email", "other"), ("email_high", "team")]


def test_the_events_of_a_team_are_its_group(cloud: Cloud) -> None:
    queue = SqsMessageQueue(Clients(), cloud.queues["message"])
    members: dict[str, Any] = {"environment": "dev", "mock": False, "channels": {}, "messages": []}
    queue.send([EventBatch(team_id=team, **members) for team in ("one", "one", "two")])
    assert groups(cloud) == [("message", "one"), ("message", "one"), ("message", "two")]


@pytest.mark.parametrize(("asked", "delay"), [(1, 1), (900, 900), (901, 900), (3600, 900)])
def test_a_job_goes_back_for_a_quarter_of_an_hour_at_most(
    cloud: Cloud, queues: SqsDeliveryQueues, asked: int, delay: int
) -> None:
    queues.put_back(job(), asked)
    [(seconds, record)] = cloud.put_back()
    assert seconds == delay
    assert DeliveryJob.model_validate_json(record["body"]) == job()


def test_a_job_goes_back_with_its_refusals(cloud: Cloud, queues: SqsDeliveryQueues) -> None:
    waiting = job().model_copy(update={"refusals": 3})
    queues.put_back(waiting, 1)
    [(_, record)] = cloud.put_back()
    assert DeliveryJob.model_validate_json(record["body"]).refusals == 3


@pytest.mark.parametrize("code", [("AccessDenied", 403), ("ServiceUnavailable", 503), ("RequestThrottled", 400)])
def test_a_job_that_its_queue_does_not_take_is_not_back(
    cloud: Cloud, queues: SqsDeliveryQueues, code: tuple[str, int]
) -> None:
    cloud.fail(SEND, code)
    with pytest.raises(Unavailable):
        queues.put_back(job(), 1)


class TestRedelivery:
    """A function reads two queues, and a record's ARN says which of them it comes from."""

    @pytest.fixture
    def redelivery(self, cloud: Cloud) -> SqsRedelivery:
        return SqsRedelivery(Clients(), [cloud.queues["email"], cloud.queues["email_high"]])

    @pytest.mark.parametrize("queue", ["email", "email_high"])
    def test_a_record_goes_back_to_the_queue_that_it_comes_from(
        self, cloud: Cloud, redelivery: SqsRedelivery, queue: str
    ) -> None:
        arn = IN_HAND + cloud.queues[queue].rpartition("/")[2]
        redelivery.put_back(arn, json.dumps({"team_id": "team"}))
        assert groups(cloud) == [(queue, "team")]
        assert [seconds for seconds, _ in cloud.put_back()] == [1]

    @pytest.mark.parametrize("queue", ["email", "email_high"])
    def test_a_record_waits_on_the_queue_that_has_it(self, cloud: Cloud, redelivery: SqsRedelivery, queue: str) -> None:
        cloud.fail("sqs:ChangeMessageVisibility", {})
        redelivery.again_in(IN_HAND + cloud.queues[queue].rpartition("/")[2], "receipt", 7)
        [request] = cloud.sent("sqs:ChangeMessageVisibility")
        assert (request["QueueUrl"], request["VisibilityTimeout"]) == (cloud.queues[queue], 7)

    def test_a_record_is_marked_that_is_to_be_handled_apart(self, cloud: Cloud, redelivery: SqsRedelivery) -> None:
        arn = IN_HAND + cloud.queues["email"].rpartition("/")[2]
        redelivery.put_back(arn, "{}")
        redelivery.put_back(arn, "{}", apart=True)
        assert [list(each.get("MessageAttributes", {})) for each in cloud.sent(SEND)] == [[], ["apart"]]

    def test_records_are_taken_off_the_queue_that_has_them(self, cloud: Cloud, redelivery: SqsRedelivery) -> None:
        url = cloud.queues["email_high"]
        sqs = cloud.client("sqs")
        sqs.send_message(QueueUrl=url, MessageBody="{}", MessageGroupId="team")
        [message] = sqs.receive_message(QueueUrl=url, VisibilityTimeout=0)["Messages"]
        redelivery.remove(IN_HAND + url.rpartition("/")[2], [message["ReceiptHandle"]])
        assert not sqs.receive_message(QueueUrl=url).get("Messages")

    @pytest.mark.parametrize("body", ["{}", "[1]", '"text"', '{"team_id":null}'])
    def test_a_record_of_nobody_goes_back_as_well(self, cloud: Cloud, redelivery: SqsRedelivery, body: str) -> None:
        redelivery.put_back(IN_HAND + cloud.queues["email"].rpartition("/")[2], body)
        assert groups(cloud) == [("email", "nobody")]
        assert [record["body"] for _, record in cloud.put_back()] == [body]


@pytest.mark.parametrize(("priority", "channel"), [("normal", "email"), ("high", "email"), ("high", "sms")])
def test_what_waits_in_both_lanes_of_a_channel_and_what_is_delayed_counts(
    cloud: Cloud, queues: SqsDeliveryQueues, priority: Priority, channel: str
) -> None:
    depths = SqsDepths(Clients(), {each: [cloud.queues[each], cloud.queues[f"{each}_high"]] for each in CHANNELS})
    queues.send([job(channel, priority=priority)] * 3)
    queues.put_back(job(channel), 900)
    assert [depths.waiting(each) for each in CHANNELS] == [4 if each == channel else 0 for each in CHANNELS]


def test_all_that_is_sent_on_the_way_of_an_event_is_in_its_teams_group(cloud: Cloud, world: World) -> None:
    world.configure("login", MAIL, {**TEXT, "priority": "high"})
    contacts = [*SAM, {"type": "mobile_number", "value": "+15550001"}]
    world.ingest("login", contact_infos=contacts, data={"otp": 1})
    cloud.fail("sesv2:SendEmail", ("TooManyRequestsException", 429))
    cloud.pump()
    assert groups(cloud) == [(queue, world.team_id) for queue in ("message", "email", "sms_high", "email")]


@pytest.mark.parametrize(
    ("body", "group"),
    [
        ('{"team_id": "team"}', "team"),
        ("no JSON", "nobody"),
        ("[]", "nobody"),
        ("{}", "nobody"),
        ('{"team_id": ""}', "nobody"),
        ('{"team_id": 1}', "nobody"),
        ('{"team_id": "two words"}', "nobody"),
        (json.dumps({"team_id": "t" * 128}), "t" * 128),
        (json.dumps({"team_id": "t" * 129}), "nobody"),
    ],
)
def test_what_names_no_team_that_can_be_a_group_is_nobodys(body: str, group: str) -> None:
    assert received(body) == (body, group)


def test_letters_are_put_back_in_the_groups_of_their_teams(cloud: Cloud) -> None:
    now = datetime.now(UTC)
    bodies = [json.dumps({"team_id": "one"}), "poison", json.dumps({"team_id": "two"})]
    letters = [DeadLetter(f"id-{number}", "handle", body, now, now, 5) for number, body in enumerate(bodies)]
    queue = SqsDeadLetterQueue(Clients(), cloud.dead["email"], cloud.queues["email"])
    assert queue.resend(letters) == {"id-0", "id-1", "id-2"}
    assert groups(cloud) == [("email", "one"), ("email", "nobody"), ("email", "two")]
