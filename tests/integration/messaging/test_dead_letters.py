"""What failed too often: seen by its owner alone, put back without a loss, purged for good."""

from __future__ import annotations

import json
import uuid
from datetime import timedelta
from typing import Any

import pytest

from nereid.aws.messaging.dead_letter_queues import SqsDeadLetterQueue
from nereid.core.messaging.dead_letters import PURGED, QUEUES, DeadLetters
from nereid.errors import NotFound, Unavailable
from nereid.models.letter import Letter
from nereid.models.message import EventBatch
from tests.support.cloud import Cloud, World
from tests.support.notifications import INBOX, MAIL, SAM, TEXT

SEND = "sesv2:SendEmail"
TAKE = "sqs:ReceiveMessage"


@pytest.fixture
def other(cloud: Cloud) -> World:
    """Return a second team of the same stack."""
    return World(cloud)


def letters_of(cloud: Cloud, world: World, **limits: Any) -> DeadLetters:
    clients = world.runtime.clients
    queues = {name: SqsDeadLetterQueue(clients, cloud.dead[name], cloud.queues[name]) for name in QUEUES}
    return DeadLetters(queues, world.runtime.clock, **limits)


def bury(cloud: Cloud, queue: str, body: str, **attributes: str) -> str:
    """Put a letter where its queue sets it aside; return its id."""
    given = {name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()}
    sent = cloud.client("sqs").send_message(QueueUrl=cloud.dead[queue], MessageBody=body, MessageAttributes=given)
    return str(sent["MessageId"])


def batch(world: World, *message_ids: str, event_type: str = "login") -> str:
    messages = [world.message(event_type, each, contact_infos=SAM) for each in message_ids]
    made = EventBatch(team_id=world.team_id, environment="dev", messages=messages)
    return made.model_dump_json(by_alias=True, exclude_unset=True)


def job(world: World, notification: dict[str, Any] = MAIL) -> tuple[str, str]:
    """Process an event up to its only job; return the message's id and the job, which is on no queue any more."""
    world.configure("login", notification)
    message_id = world.ingest("login", contact_infos=[*SAM, {"type": "mobile_number", "value": "+15550001"}])
    world.cloud.pump("message")
    records = [record for queue in ("email", "sms") for record in world.cloud.receive(queue)]
    [record] = records
    return message_id, record["body"]


def show(cloud: Cloud, world: World, *, everybody: bool = False, **selection: Any) -> list[Letter]:
    given = {"queue": None, "limit": 100, **selection}
    shown = letters_of(cloud, world).show(
        world.runtime.failure_notes, None if everybody else world.team_id, given["queue"], given["limit"]
    )
    return shown.letters


def left(cloud: Cloud, queue: str = "email") -> int:
    """Return how many letters a queue has, all of which can be taken."""
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    found = cloud.client("sqs").get_queue_attributes(QueueUrl=cloud.dead[queue], AttributeNames=names)["Attributes"]
    assert found[names[1]] == "0", "a letter is hidden still"
    return int(found[names[0]])


def fail_until_set_aside(cloud: Cloud, queue: str) -> None:
    """Hand a queue's records over until it sets them aside."""
    sqs = cloud.client("sqs")
    for _ in range(20):
        records = cloud.receive(queue)
        if not records:
            return
        failed = cloud.hand_over(queue, records)
        for record in records:
            if record["messageId"] in failed:
                sqs.change_message_visibility(
                    QueueUrl=cloud.queues[queue], ReceiptHandle=record["receiptHandle"], VisibilityTimeout=0
                )
    raise AssertionError("never set aside")


class TestReasons:
    """Why a record was given up."""

    def test_what_succeeds_at_the_last_try_leaves_no_letter(self, cloud: Cloud, world: World) -> None:
        message_id, body = job(world)
        cloud.client("sqs").send_message(QueueUrl=cloud.queues["email"], MessageBody=body)
        cloud.fail("dynamodb:UpdateItem", *[("ThrottlingException", 400)] * 9)
        fail_until_set_aside(cloud, "email")
        assert world.outcomes(message_id) == [("success", None)]
        assert left(cloud) == 0

    @pytest.mark.parametrize("queue", ["message", "email"])
    def test_a_store_that_stays_away(self, cloud: Cloud, world: World, queue: str) -> None:
        _, body = job(world)
        cloud.client("sqs").send_message(
            QueueUrl=cloud.queues[queue], MessageBody=batch(world, "m") if queue == "message" else body
        )
        operation = "dynamodb:PutItem" if queue == "message" else "dynamodb:UpdateItem"
        failure = ("ThrottlingException", 400)
        cloud.fail(operation, *[failure] * 10)
        fail_until_set_aside(cloud, queue)
        [letter] = show(cloud, world)
        assert letter.reason == "store or queue unavailable: ThrottlingException"
        assert (letter.queue, letter.receive_count) == (queue, 11)

    def test_a_bug_is_named_by_its_place_and_says_nothing_of_what_it_met(self, cloud: Cloud, world: World) -> None:
        body = json.dumps({"team_id": world.team_id, "environment": "dev", "delivery_id": "sam@example.com"})
        cloud.client("sqs").send_message(QueueUrl=cloud.queues["email"], MessageBody=body)
        fail_until_set_aside(cloud, "email")
        [letter] = show(cloud, world)
        assert letter.reason.startswith("failed: ValidationError at consumer.py:")
        assert "sam@" not in letter.reason

    def test_a_delivery_that_another_run_has(self, cloud: Cloud, world: World) -> None:
        _, body = job(world)
        cloud.client("sqs").send_message(QueueUrl=cloud.queues["email"], MessageBody=body)
        cloud.fail(SEND, ConnectionResetError("lost"))
        fail_until_set_aside(cloud, "email")
        [letter] = show(cloud, world)
        assert letter.reason.startswith("still pending: ")

    def test_a_run_that_had_no_time_and_could_not_put_it_back(self, cloud: Cloud, world: World) -> None:
        _, body = job(world)
        bury(cloud, "email", body)
        [letter] = show(cloud, world)
        record = {
            "messageId": letter.id,
            "receiptHandle": "x",
            "body": body,
            "attributes": {"ApproximateReceiveCount": "10"},
            "messageAttributes": {},
            "eventSource": "aws:sqs",
            "eventSourceARN": f"arn:aws:sqs:us-east-1:123456789012:{cloud.queues['email'].rpartition('/')[2]}",
        }
        cloud.fail("sqs:SendMessage", ("ServiceUnavailable", 503))
        cloud.fail("sqs:ChangeMessageVisibility", {})
        cloud.invoke("pipeline/deliver_email", {"Records": [record]}, milliseconds=1000)
        [letter] = show(cloud, world)
        assert letter.reason == "store or queue unavailable: ServiceUnavailable"

    def test_a_run_that_did_not_finish_leaves_no_note(self, cloud: Cloud, world: World) -> None:
        bury(cloud, "email", job(world)[1])
        [letter] = show(cloud, world)
        assert letter.reason.startswith("the function did not finish")

    def test_an_event_that_the_bus_could_not_hand_over(self, cloud: Cloud, world: World) -> None:
        tags = {"team_id": [world.team_id], "environment": ["dev"], "delivery_id": ["d"]}
        bury(cloud, "feedback", json.dumps({"detail": {"mail": {"tags": tags}}}), ERROR_CODE="NO_PERMISSIONS")
        [letter] = show(cloud, world)
        assert (letter.reason, letter.contents.kind) == ("event bus: NO_PERMISSIONS", "feedback")

    def test_a_reason_that_cannot_be_noted_changes_nothing(self, cloud: Cloud) -> None:
        cloud.client("sqs").send_message(QueueUrl=cloud.queues["sms"], MessageBody='{"team_id":"x"}')
        cloud.fail("dynamodb:UpdateItem", *[("AccessDeniedException", 400)] * 10)
        fail_until_set_aside(cloud, "sms")
        assert left(cloud, "sms") == 1

    def test_only_the_last_try_costs_a_write(self, cloud: Cloud) -> None:
        cloud.client("sqs").send_message(QueueUrl=cloud.queues["email"], MessageBody="poison")
        records = cloud.receive("email")
        for count in range(1, 11):
            records[0]["attributes"]["ApproximateReceiveCount"] = str(count)
            cloud.hand_over("email", records)
            assert cloud.calls["dynamodb:UpdateItem"] == (count == 10)


class TestShow:
    """Who sees what."""

    def test_a_letter_says_what_it_carries(self, cloud: Cloud, world: World) -> None:
        message_id, body = job(world)
        letter_id = bury(cloud, "email", body)
        [letter] = show(cloud, world)
        contents = letter.contents
        assert (letter.id, letter.queue, contents.kind) == (letter_id, "email", "delivery")
        assert (contents.environment, contents.event_types) == ("dev", ["login"])
        assert contents.message_ids == [message_id]
        assert contents.delivery_ids == [world.deliveries(message_id)[0].id]
        assert contents.body == json.loads(body)
        now = world.runtime.clock.now()
        assert timedelta() <= now - letter.sent_at < timedelta(minutes=1)

    def test_a_team_sees_its_own_and_the_operator_sees_all(self, cloud: Cloud, world: World, other: World) -> None:
        mine = bury(cloud, "message", batch(world, "m"))
        theirs = bury(cloud, "message", batch(other, "m"))
        nobodys = [bury(cloud, "email", body) for body in ("poison", "[1]", "{}", '{"team_id": 5, "messages": []}')]
        assert [each.id for each in show(cloud, world)] == [mine]
        assert [each.id for each in show(cloud, other)] == [theirs]
        assert {each.id for each in show(cloud, world, everybody=True)} == {mine, theirs, *nobodys}

    def test_looking_takes_nothing_away(self, cloud: Cloud, world: World, other: World) -> None:
        bury(cloud, "email", "poison")
        bury(cloud, "email", batch(other, "m"))
        bury(cloud, "email", batch(world, "m"))
        for _ in range(3):
            assert len(show(cloud, world)) == 1
            assert left(cloud) == 3

    def test_what_was_taken_is_given_back_when_a_look_fails(self, cloud: Cloud, world: World) -> None:
        for _ in range(15):
            bury(cloud, "email", batch(world, "m"))
        cloud.fail(TAKE, None, ("ServiceUnavailable", 503))
        with pytest.raises(Unavailable):
            show(cloud, world, queue="email")
        assert left(cloud) == 15

    def test_one_queue_alone(self, cloud: Cloud, world: World) -> None:
        for queue in QUEUES:
            bury(cloud, queue, batch(world, "m"))
        cloud.calls.clear()
        assert [each.queue for each in show(cloud, world, queue="sms")] == ["sms"]
        assert cloud.calls[TAKE] == 2

    def test_the_oldest_come_first(self, cloud: Cloud, world: World) -> None:
        for queue in ("push", "message", "email"):
            bury(cloud, queue, batch(world, "m"))
        moments = [each.sent_at for each in show(cloud, world)]
        assert moments == sorted(moments)

    @pytest.mark.parametrize(("limit", "more"), [(1, True), (11, True), (12, False), (100, False)])
    def test_an_answer_says_whether_it_shows_all(self, cloud: Cloud, world: World, limit: int, *, more: bool) -> None:
        for _ in range(12):
            bury(cloud, "email", batch(world, "m"))
        shown = letters_of(cloud, world).show(world.runtime.failure_notes, world.team_id, "email", limit)
        assert (len(shown.letters), shown.more) == (min(limit, 12), more)
        assert left(cloud) == 12

    def test_a_look_is_bounded_in_number(self, cloud: Cloud, world: World) -> None:
        for _ in range(35):
            bury(cloud, "email", batch(world, "m"))
        shown = letters_of(cloud, world, most=20).show(world.runtime.failure_notes, world.team_id, None, 25)
        assert (len(shown.letters), shown.more) == (20, True)
        assert left(cloud) == 35

    def test_many_letters_of_another_team_hide_none(self, cloud: Cloud, world: World, other: World) -> None:
        for _ in range(35):
            bury(cloud, "email", batch(other, "m"))
        mine = bury(cloud, "email", batch(world, "m"))
        shown = letters_of(cloud, world, most=20).show(world.runtime.failure_notes, world.team_id, None, 25)
        assert [letter.id for letter in shown.letters] == [mine]

    def test_a_look_is_bounded_in_time(self, cloud: Cloud, world: World) -> None:
        bury(cloud, "email", batch(world, "m"))
        shown = letters_of(cloud, world, seconds=0).show(world.runtime.failure_notes, world.team_id, None, 25)
        assert (shown.letters, shown.more) == ([], True)

    def test_an_answer_is_bounded_in_size(self, cloud: Cloud, world: World) -> None:
        large = json.dumps({"team_id": world.team_id, "environment": "dev", "messages": [], "x": "x" * 900_000})
        for _ in range(6):
            bury(cloud, "email", large)
        shown = letters_of(cloud, world).show(world.runtime.failure_notes, world.team_id, "email", 25)
        assert (len(shown.letters), shown.more) == (4, True)

    def test_letters_that_somebody_else_looks_at_are_not_passed_over_in_silence(
        self, cloud: Cloud, world: World
    ) -> None:
        bury(cloud, "email", batch(world, "m"))
        cloud.client("sqs").receive_message(QueueUrl=cloud.dead["email"])
        shown = letters_of(cloud, world).show(world.runtime.failure_notes, world.team_id, "email", 25)
        assert (shown.letters, shown.more) == ([], True)

    def test_letters_that_somebody_else_takes_just_then_are_not_passed_over_in_silence(
        self, cloud: Cloud, world: World
    ) -> None:
        bury(cloud, "email", batch(world, "m"))
        cloud.fail(TAKE, {})
        assert letters_of(cloud, world).redrive(world.team_id, "email", None) == (0, 0, True)
        assert letters_of(cloud, world).redrive(world.team_id, "email", None) == (1, 0, False)

    def test_a_letter_that_sqs_found_at_the_second_look_is_shown(self, cloud: Cloud, world: World) -> None:
        bury(cloud, "email", batch(world, "m"))
        waited = []

        def note(request: dict[str, Any]) -> None:
            waited.append(request["WaitTimeSeconds"])

        cloud.fail(TAKE, note, note)
        show(cloud, world, queue="email")
        assert waited == [1, 0]


class TestRedrive:
    """Putting letters back."""

    def test_all_of_a_team_are_put_back_and_no_others(self, cloud: Cloud, world: World, other: World) -> None:
        world.configure("login", MAIL)
        for number in range(12):
            bury(cloud, "message", batch(world, f"m{number}"))
        bury(cloud, "message", batch(other, "m"))
        bury(cloud, "message", "poison")
        done = letters_of(cloud, world).redrive(world.team_id, None, None)
        assert done == (12, 0, False)
        assert left(cloud, "message") == 2
        cloud.pump()
        assert [world.outcomes(f"m{number}") for number in range(12)] == [[("success", None)]] * 12

    def test_one_is_put_back_on_the_queue_that_it_comes_from(self, cloud: Cloud, world: World) -> None:
        message_id, body = job(world, TEXT)
        wanted = bury(cloud, "sms", body)
        bury(cloud, "sms", body)
        assert letters_of(cloud, world).redrive(world.team_id, None, wanted) == (1, 0, False)
        assert [each.id == wanted for each in show(cloud, world)] == [False]
        [record] = cloud.receive("sms")
        assert record["body"] == body
        cloud.hand_over("sms", [record])
        assert world.outcomes(message_id) == [("success", None)]

    @pytest.mark.parametrize("act", ["redrive", "purge"])
    def test_a_letter_of_another_team_is_not_found(self, cloud: Cloud, world: World, other: World, act: str) -> None:
        theirs = bury(cloud, "email", batch(other, "m"))
        nobodys = bury(cloud, "email", "poison")
        for letter_id in (theirs, nobodys, str(uuid.uuid4())):
            with pytest.raises(NotFound):
                self.act(cloud, world, act, letter_id)
        assert self.act(cloud, world, act, None) == (0, 0, False)
        assert left(cloud) == 2

    def act(self, cloud: Cloud, world: World, act: str, letter_id: str | None, **limits: Any) -> tuple[int, int, bool]:
        letters, runtime = letters_of(cloud, world, **limits), world.runtime
        if act == "redrive":
            return letters.redrive(world.team_id, None, letter_id)
        return letters.purge(runtime.messages, runtime.deliveries, world.team_id, None, letter_id)

    @pytest.mark.parametrize("act", ["redrive", "purge"])
    def test_a_letter_that_was_not_reached_may_be_there(self, cloud: Cloud, world: World, act: str) -> None:
        for _ in range(30):
            bury(cloud, "message", batch(world, "m"))
        assert self.act(cloud, world, act, str(uuid.uuid4()), most=10) == (0, 0, True)
        assert left(cloud, "message") == 30

    @pytest.mark.parametrize("act", ["redrive", "purge"])
    def test_what_there_was_no_time_for_is_told_and_left(self, cloud: Cloud, world: World, act: str) -> None:
        for number in range(30):
            bury(cloud, "message", batch(world, f"m{number}"))
        assert self.act(cloud, world, act, None, most=20) == (20, 0, True)
        assert left(cloud, "message") == 10
        assert self.act(cloud, world, act, None, most=20) == (10, 0, False)

    def test_what_sqs_does_not_take_stays_where_it_is(self, cloud: Cloud, world: World) -> None:
        ids = [bury(cloud, "message", batch(world, f"m{number}")) for number in range(3)]
        cloud.fail("sqs:SendMessageBatch", {"Successful": [{"Id": "1"}], "Failed": [{"Id": "0"}, {"Id": "2"}]})
        assert letters_of(cloud, world).redrive(world.team_id, None, None) == (1, 2, False)
        assert len(set(ids) & {each.id for each in show(cloud, world)}) == 2

    def test_what_sqs_does_not_delete_is_in_both_places(self, cloud: Cloud, world: World) -> None:
        world.configure("login", MAIL)
        for number in range(2):
            bury(cloud, "message", batch(world, f"m{number}"))
        cloud.fail("sqs:DeleteMessageBatch", {"Successful": [{"Id": "0"}], "Failed": [{"Id": "1"}]})
        assert letters_of(cloud, world).redrive(world.team_id, None, None) == (2, 1, False)
        assert letters_of(cloud, world).redrive(world.team_id, None, None).done == 1
        cloud.pump()
        assert [world.outcomes(f"m{number}") for number in range(2)] == [[("success", None)]] * 2
        assert cloud.calls[SEND] == 2

    def test_a_letter_that_was_redriven_twice_is_sent_once(self, cloud: Cloud, world: World) -> None:
        message_id, body = job(world)
        for _ in range(2):
            bury(cloud, "email", body)
        assert letters_of(cloud, world).redrive(world.team_id, None, None) == (2, 0, False)
        cloud.pump()
        assert world.outcomes(message_id) == [("success", None)]
        assert cloud.calls[SEND] == 1

    def test_letters_too_large_for_one_call_travel_in_several(self, cloud: Cloud, world: World) -> None:
        large = json.dumps({"team_id": world.team_id, "environment": "dev", "messages": [], "x": "x" * 600_000})
        for _ in range(3):
            bury(cloud, "message", large)
        cloud.calls.clear()
        assert letters_of(cloud, world).redrive(world.team_id, None, None) == (3, 0, False)
        assert cloud.calls["sqs:SendMessageBatch"] == 3


class TestPurge:
    """Deleting letters, for good."""

    def purge(self, cloud: Cloud, world: World, letter_id: str | None = None, **limits: Any) -> tuple[int, int, bool]:
        runtime = world.runtime
        return letters_of(cloud, world, **limits).purge(
            runtime.messages, runtime.deliveries, world.team_id, None, letter_id
        )

    def test_the_delivery_that_a_letter_carries_fails(self, cloud: Cloud, world: World) -> None:
        message_id, body = job(world)
        assert self.purge(cloud, world, bury(cloud, "email", body)) == (1, 0, False)
        assert world.outcomes(message_id) == [("failed", PURGED)]
        assert left(cloud) == 0

    def test_nobody_takes_up_again_what_was_purged(self, cloud: Cloud, world: World) -> None:
        message_id, body = job(world)
        bury(cloud, "email", body)
        self.purge(cloud, world)
        world.runtime.replayer.replay(world.environment, message_id, [], "r")
        cloud.client("sqs").send_message(QueueUrl=cloud.queues["email"], MessageBody=body)
        cloud.pump()
        assert cloud.calls[SEND] == 0

    def test_the_open_deliveries_of_a_messages_letter_fail_and_no_others(self, cloud: Cloud, world: World) -> None:
        world.user("u")
        world.configure("login", MAIL, INBOX)
        message_id = world.ingest("login", user_id="u", contact_infos=SAM)
        cloud.pump("message")
        cloud.receive("email")
        bury(cloud, "message", batch(world, message_id, "never stored"))
        assert self.purge(cloud, world) == (1, 0, False)
        assert world.outcomes(message_id) == [("failed", PURGED), ("success", None)]
        assert world.runtime.messages.get(world.scope, "never stored") is None

    def test_another_job_of_the_message_is_not_touched_by_the_purge_of_one(self, cloud: Cloud, world: World) -> None:
        world.configure("login", MAIL)
        message_id = world.ingest("login", contact_infos=[*SAM, {"type": "email", "value": "kim@example.com"}])
        cloud.pump("message")
        first, _ = cloud.receive("email")
        bury(cloud, "email", first["body"])
        self.purge(cloud, world)
        assert sorted(world.outcomes(message_id), key=str) == [("failed", PURGED), ("pending", None)]

    def test_what_belongs_to_nobody_is_only_deleted(self, cloud: Cloud, world: World) -> None:
        for queue in QUEUES:
            bury(cloud, queue, "poison")
        runtime = world.runtime
        done = letters_of(cloud, world).purge(runtime.messages, runtime.deliveries, None, None, None)
        assert done == (5, 0, False)

    def test_a_store_that_fails_leaves_the_letter(self, cloud: Cloud, world: World) -> None:
        message_id, body = job(world)
        bury(cloud, "email", body)
        cloud.fail("dynamodb:UpdateItem", ("ThrottlingException", 400))
        with pytest.raises(Unavailable):
            self.purge(cloud, world)
        assert left(cloud) == 1
        assert self.purge(cloud, world) == (1, 0, False)
        assert world.outcomes(message_id) == [("failed", PURGED)]

    def test_a_letter_that_there_was_no_time_to_end_stays(self, cloud: Cloud, world: World) -> None:
        bury(cloud, "message", batch(world, *(f"m{number}" for number in range(5))))
        moments = iter([timedelta(0)] * 4 + [timedelta(seconds=60)] * 100)

        class Clock:
            def now(self) -> Any:
                return start + next(moments)

        start = world.runtime.clock.now()
        letters = DeadLetters(letters_of(cloud, world).queues, Clock())
        runtime = world.runtime
        done = letters.purge(runtime.messages, runtime.deliveries, world.team_id, "message", None)
        assert done == (0, 1, True)
        assert left(cloud, "message") == 1


@pytest.fixture
def endpoint(cloud: Cloud, world: World) -> Any:
    def call(function: str, method: str, path: str, body: Any = None, **query: str) -> tuple[int, Any]:
        http = {"method": method, "path": path, "sourceIp": "192.0.2.1"}
        answer = cloud.invoke(
            function,
            {
                "rawPath": path,
                "routeKey": f"{method} {path}",
                "headers": {"authorization": f"Bearer {world.token}"},
                "requestContext": {"http": http},
                "queryStringParameters": query,
                "body": json.dumps(body) if body is not None else "",
            },
        )
        return answer["statusCode"], json.loads(answer["body"])

    return call


@pytest.mark.parametrize(("verb", "word"), [("redrive", "redriven"), ("purge", "purged")])
def test_a_queue_that_is_away_is_a_503_and_loses_nothing(
    cloud: Cloud, world: World, endpoint: Any, verb: str, word: str
) -> None:
    bury(cloud, "message", batch(world, "m"))
    path, function = f"/manage/dead_letter_{verb}s", f"manage/{verb}_dead_letters"
    cloud.fail(TAKE, ("ServiceUnavailable", 503))
    assert endpoint(function, "POST", path, {"all": True})[0] == 503
    cloud.fail("sqs:DeleteMessageBatch", ("ServiceUnavailable", 503))
    assert endpoint(function, "POST", path, {"all": True})[0] == 503
    assert left(cloud, "message") == 1
    assert endpoint(function, "POST", path, {"all": True}) == (200, {word: 1, "remaining": 0, "more": False})
