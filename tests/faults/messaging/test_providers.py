"""SES and SNS throttle, break, do not answer, refuse; endpoints of devices are disabled or gone."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest
from botocore.exceptions import ConnectTimeoutError, EndpointConnectionError, ReadTimeoutError

from nereid.core.audience.contact_infos import put_contact_info
from nereid.core.messaging.deliver import CLAIM_SECONDS
from tests.support.cloud import APNS_APPLICATION, PUSH_APPLICATION, Cloud, World
from tests.support.notifications import MAIL, PHONE, SAM, TEXT

#: Other tests show that the same stores work over moto.
IN_MEMORY = True

SEND = "sesv2:SendEmail"
PUBLISH = "sns:Publish"
CREATE = "sns:CreatePlatformEndpoint"
DISABLED = ("EndpointDisabled", 400)
GONE = ("NotFound", 404)
READ_TIMEOUT = ReadTimeoutError(endpoint_url="https://email.example.com")
PHONE_OF_SAM = [{"type": "mobile_number", "value": "+15550001"}]


def queued(
    world: World, notification: dict[str, Any] = MAIL, contacts: Any = SAM, queue: str = "email"
) -> tuple[str, Any]:
    """Ingest an event; return the message's id and its records on the channel's queue."""
    world.configure("login", notification)
    message_id = world.ingest("login", data={"otp": 1}, contact_infos=contacts)
    world.cloud.pump("message")
    return message_id, world.cloud.receive(queue)


def pauses(cloud: Cloud) -> list[int]:
    """Return after how many seconds SQS was told to hand over again, oldest first."""
    return [int(request["VisibilityTimeout"]) for request in cloud.sent("sqs:ChangeMessageVisibility")]


@pytest.mark.parametrize(
    ("code", "status", "waits_for"),
    [
        ("TooManyRequestsException", 429, "waiting: provider rate"),
        ("ThrottlingException", 400, "waiting: provider rate"),
        ("LimitExceededException", 400, "waiting: provider rate"),
        ("SendingPausedException", 400, "waiting: provider: SendingPausedException"),
        ("AccountSuspendedException", 400, "waiting: provider: AccountSuspendedException"),
        ("MailFromDomainNotVerifiedException", 400, "waiting: provider: MailFromDomainNotVerifiedException"),
        ("InternalFailure", 500, "waiting: provider: InternalFailure"),
        ("ServiceUnavailable", 503, "waiting: provider: ServiceUnavailable"),
        ("AccessDeniedException", 403, "waiting: provider: AccessDeniedException"),
    ],
)
def test_what_may_pass_is_tried_again_and_then_succeeds(
    cloud: Cloud, world: World, code: str, status: int, waits_for: str
) -> None:
    message_id, records = queued(world)
    cloud.fail(SEND, (code, status))
    assert cloud.hand_over("email", records) == []
    assert world.outcomes(message_id) == [("pending", waits_for)]
    [(_, again)] = cloud.put_back()
    cloud.restart("pipeline/deliver_email")
    assert cloud.hand_over("email", [again]) == []
    assert world.outcomes(message_id) == [("success", None)]
    assert pauses(cloud) == []


def test_a_provider_that_stays_busy_is_tried_again_after_growing_pauses_however_often(
    cloud: Cloud, world: World
) -> None:
    message_id, [record] = queued(world)
    cloud.fail(SEND, *[("TooManyRequestsException", 429)] * 30)
    for _ in range(30):
        assert cloud.hand_over("email", [record]) == []
        record = cloud.put_back()[-1][1]
    assert world.outcomes(message_id) == [("pending", "waiting: provider rate")]
    delays = [seconds for seconds, _ in cloud.put_back()]
    assert all(0.4 * 2**refusals - 1 <= seconds <= 2**refusals for refusals, seconds in enumerate(delays[:10]))
    assert min(delays[12:]) >= 0.4 * 900 - 1
    assert max(delays) <= 900
    assert cloud.hand_over("email", [record]) == []
    assert world.outcomes(message_id) == [("success", None)]


@pytest.mark.parametrize(
    "error",
    [
        ConnectTimeoutError(endpoint_url="https://email.example.com"),
        EndpointConnectionError(endpoint_url="https://email.example.com"),
    ],
    ids=["connect time-out", "no connection"],
)
def test_without_a_connection_nothing_was_handed_over(cloud: Cloud, world: World, error: Exception) -> None:
    message_id, records = queued(world, {**MAIL, "retry": "at_most_once"})
    cloud.fail(SEND, error)
    assert cloud.hand_over("email", records) == []
    assert cloud.hand_over("email", [record for _, record in cloud.put_back()]) == []
    assert world.outcomes(message_id) == [("success", None)]


def test_without_an_answer_a_delivery_waits_for_its_claim_to_lapse(cloud: Cloud, world: World) -> None:
    message_id, records = queued(world)
    cloud.fail(SEND, READ_TIMEOUT)
    assert len(cloud.hand_over("email", records)) == 1
    assert len(cloud.hand_over("email", records)) == 1
    assert (cloud.calls[SEND], pauses(cloud)[0]) == (1, CLAIM_SECONDS)
    assert world.outcomes(message_id) == [("pending", None)]


def test_without_an_answer_what_must_not_be_repeated_has_failed(cloud: Cloud, world: World) -> None:
    message_id, records = queued(world, {**MAIL, "retry": "at_most_once"})
    cloud.fail(SEND, READ_TIMEOUT)
    for _ in range(2):
        assert cloud.hand_over("email", records) == []
    assert cloud.calls[SEND] == 1
    assert world.outcomes(message_id) == [("failed", "provider: unknown outcome")]


@pytest.mark.parametrize("code", ["MessageRejected", "NotFoundException", "BadRequestException"])
def test_a_definite_refusal_has_failed_at_once(cloud: Cloud, world: World, code: str) -> None:
    message_id, records = queued(world)
    cloud.fail(SEND, (code, 400))
    for _ in range(2):
        assert cloud.hand_over("email", records) == []
    assert cloud.calls[SEND] == 1
    assert world.outcomes(message_id) == [("failed", f"provider: {code}")]


def test_the_sdk_repeats_no_send_of_its_own(cloud: Cloud, world: World) -> None:
    cloud.load("pipeline/deliver_email")
    for client in (world.runtime.clients.ses, world.runtime.clients.sns):
        assert client.meta.config.retries["total_max_attempts"] == 1


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ("shop@example.com", "shop@example.com"),
        ("Shop <shop@example.com>", "Shop <shop@example.com>"),
        ("Sam, of the shop <shop@example.com>", '"Sam, of the shop" <shop@example.com>'),
        ('"Sam, of the shop" <shop@example.com>', '"Sam, of the shop" <shop@example.com>'),
        ("Zoë <shop@example.com>", "=?utf-8?q?Zo=C3=AB?= <shop@example.com>"),
        ("two\nlines <shop@example.com>", "two lines <shop@example.com>"),
    ],
)
def test_a_sender_is_written_as_a_header_has_it(cloud: Cloud, world: World, given: str, sent: str) -> None:
    template = {**MAIL["template"], "from": given}
    _, records = queued(world, {**MAIL, "template": template})
    cloud.hand_over("email", records)
    assert [mail["FromEmailAddress"] for mail in cloud.sent(SEND)] == [sent]


def test_an_address_that_is_refused_fails_no_other(cloud: Cloud, world: World) -> None:
    message_id, records = queued(world, contacts=[*SAM, {"type": "email", "value": "kim@example.com"}])
    cloud.fail(SEND, ("MessageRejected", 400))
    assert cloud.hand_over("email", records) == []
    assert world.outcomes(message_id) == [("failed", "provider: MessageRejected"), ("success", None)]


def test_text_messages_are_throttled_and_opted_out_of(cloud: Cloud, world: World) -> None:
    message_id, records = queued(world, TEXT, PHONE_OF_SAM, "sms")
    cloud.fail(PUBLISH, ("Throttled", 400), ("OptedOut", 403))
    assert cloud.hand_over("sms", records) == []
    assert cloud.hand_over("sms", [record for _, record in cloud.put_back()]) == []
    assert world.outcomes(message_id) == [("failed", "provider: OptedOut")]


class TestPush:
    """What SNS says of endpoints."""

    @pytest.fixture
    def token(self, world: World) -> str:
        return f"token-{world.team_id}"

    def push(self, world: World, *tokens: str) -> str:
        """Send an event to a user who holds the tokens that are left."""
        world.configure("login", PHONE)
        if world.runtime.users.get(world.scope, "u") is None:
            world.user("u", *(("firebase_token", token) for token in tokens))
        message_id = world.ingest("login", user_id="u", data={"otp": 1})
        world.cloud.pump()
        return message_id

    def tokens(self, world: World) -> list[str]:
        user = world.runtime.users.load(world.scope, "u")
        assert user is not None
        return [contact.value for contact in user.contact_infos]

    def endpoints(self, cloud: Cloud) -> dict[str, str]:
        """Return the endpoints of SNS by their tokens."""
        listed = cloud.client("sns").list_endpoints_by_platform_application(PlatformApplicationArn=PUSH_APPLICATION)
        return {each["Attributes"]["Token"]: each["EndpointArn"] for each in listed["Endpoints"]}

    def test_a_disabled_endpoint_is_enabled_again_once(self, cloud: Cloud, world: World, token: str) -> None:
        cloud.fail(PUBLISH, DISABLED)
        assert world.outcomes(self.push(world, token)) == [("success", None)]
        [request] = cloud.sent("sns:SetEndpointAttributes")
        assert "true" in request.values()
        assert self.tokens(world) == [token]

    def test_an_endpoint_that_is_disabled_again_is_dropped_with_its_token(
        self, cloud: Cloud, world: World, token: str
    ) -> None:
        cloud.fail(PUBLISH, DISABLED, None, DISABLED)
        self.push(world, token)
        message_id = self.push(world)
        assert world.outcomes(message_id) == [("failed", "provider: unregistered")]
        assert self.tokens(world) == []
        assert token not in self.endpoints(cloud)
        assert world.outcomes(self.push(world)) == [("no_contact", "no push contact")]

    def test_a_token_that_was_registered_anew_is_worth_another_try(
        self, cloud: Cloud, world: World, token: str
    ) -> None:
        cloud.fail(PUBLISH, DISABLED, None, DISABLED)
        self.push(world, token)
        runtime = world.runtime
        put_contact_info(runtime.users, runtime.clock, world.scope, "u", "firebase_token", token, {})
        assert world.outcomes(self.push(world)) == [("success", None)]
        assert self.tokens(world) == [token]

    def test_an_endpoint_that_cannot_be_enabled_is_dropped_at_once(
        self, cloud: Cloud, world: World, token: str
    ) -> None:
        cloud.fail(PUBLISH, DISABLED, DISABLED)
        assert world.outcomes(self.push(world, token)) == [("failed", "provider: unregistered")]
        assert self.tokens(world) == []

    def test_a_token_that_could_not_be_dropped_is_dropped_by_the_next_try(
        self, cloud: Cloud, world: World, token: str
    ) -> None:
        cloud.fail(PUBLISH, DISABLED, None, DISABLED, DISABLED)
        cloud.fail("sns:DeleteEndpoint", ("Throttled", 400))
        self.push(world, token)
        world.ingest("login", "m", user_id="u", data={"otp": 1})
        cloud.pump("message")
        records = cloud.receive("push")
        assert cloud.hand_over("push", records) == []
        assert self.tokens(world) == [token]
        assert cloud.hand_over("push", [record for _, record in cloud.put_back()]) == []
        assert world.outcomes("m") == [("failed", "provider: unregistered")]
        assert self.tokens(world) == []

    def test_an_endpoint_that_is_gone_is_replaced(self, cloud: Cloud, world: World, token: str) -> None:
        cloud.fail(PUBLISH, GONE)
        assert world.outcomes(self.push(world, token)) == [("success", None)]
        assert cloud.calls[CREATE] == 2

    @pytest.mark.parametrize(
        "gone", [GONE, ("InvalidParameter", 400, "TargetArn Reason: No endpoint found for the target arn specified")]
    )
    def test_a_kept_endpoint_that_is_gone_is_made_anew_and_kept(
        self, cloud: Cloud, world: World, token: str, gone: Any
    ) -> None:
        self.push(world, token)
        cloud.fail(PUBLISH, gone)
        assert world.outcomes(self.push(world)) == [("success", None)]
        assert cloud.calls[CREATE] == 2
        self.push(world)
        assert cloud.calls[CREATE] == 2

    def test_an_endpoint_that_is_gone_again_is_tried_again_later(self, cloud: Cloud, world: World, token: str) -> None:
        cloud.fail(PUBLISH, GONE, GONE)
        assert world.outcomes(self.push(world, token)) == [("pending", "waiting: provider: NotFound")]
        assert cloud.calls[CREATE] == 2

    def test_an_endpoint_of_another_run_is_used_as_it_was_kept(self, cloud: Cloud, world: World, token: str) -> None:
        self.push(world, token)
        world.ingest("login", "m", user_id="u", data={"otp": 1})
        cloud.pump("message")
        cloud.invoke("pipeline/deliver_push", {"Records": cloud.receive("push")})
        assert world.outcomes("m") == [("success", None)]
        assert cloud.calls[CREATE] == 1

    def test_the_endpoint_of_a_dropped_token_is_kept_no_longer(self, cloud: Cloud, world: World, token: str) -> None:
        cloud.fail(PUBLISH, DISABLED, None, DISABLED)
        self.push(world, token)
        self.push(world)
        runtime = world.runtime
        put_contact_info(runtime.users, runtime.clock, world.scope, "u", "firebase_token", token, {})
        assert world.outcomes(self.push(world)) == [("success", None)]
        # Refused, revived, refused again; then to the new endpoint at once.
        assert (cloud.calls[CREATE], cloud.calls[PUBLISH]) == (2, 4)

    def test_the_endpoint_of_another_application_is_not_used(self, cloud: Cloud, world: World, token: str) -> None:
        contact = {"type": "firebase_token", "value": token}
        both = {"fcm": PUSH_APPLICATION, "apns": APNS_APPLICATION}
        world = World(cloud, channels={"push": both})
        world.configure("login", PHONE)
        # The simulation of SNS knows a token once, whatever the application.
        cloud.fail(CREATE, {"EndpointArn": "google"}, {"EndpointArn": "apple"})
        cloud.fail(PUBLISH, *({"MessageId": str(number)} for number in range(4)))
        for system in ("Android 14", "iOS 16", "Android 14", "iOS 16"):
            world.ingest("login", data={"otp": 1}, contact_infos=[{**contact, "filterable": system}])
            cloud.pump()
        assert [request["PlatformApplicationArn"] for request in cloud.sent(CREATE)] == list(both.values())
        used = [request["TargetArn"] for request in cloud.sent(PUBLISH)]
        assert used == ["google", "apple", "google", "apple"]

    def test_an_endpoint_that_cannot_be_kept_is_tried_again(self, cloud: Cloud, world: World, token: str) -> None:
        world.configure("login", PHONE)
        message_id = world.ingest("login", contact_infos=[{"type": "firebase_token", "value": token}])
        cloud.pump("message")
        records = cloud.receive("push")
        cloud.fail("dynamodb:PutItem", ("ProvisionedThroughputExceededException", 400))
        assert len(cloud.hand_over("push", records)) == 1
        assert (cloud.calls[PUBLISH], world.outcomes(message_id)) == (0, [("pending", None)])
        assert cloud.hand_over("push", records) == []
        assert world.outcomes(message_id) == [("success", None)]

    def test_an_application_that_is_gone_is_a_refusal(self, cloud: Cloud, world: World, token: str) -> None:
        cloud.fail(CREATE, GONE)
        assert world.outcomes(self.push(world, token)) == [("failed", "provider: NotFound")]

    def test_an_endpoint_that_goes_while_it_is_enabled_is_no_refusal(
        self, cloud: Cloud, world: World, token: str
    ) -> None:
        cloud.fail(PUBLISH, DISABLED)
        cloud.fail("sns:SetEndpointAttributes", GONE)
        message_id = self.push(world, token)
        assert world.outcomes(message_id) == [("pending", "waiting: provider: NotFound")]
        assert self.tokens(world) == [token]

    def test_an_endpoint_with_other_attributes_is_used_as_it_is(self, cloud: Cloud, world: World, token: str) -> None:
        made = cloud.client("sns").create_platform_endpoint(
            PlatformApplicationArn=PUSH_APPLICATION, Token=token, CustomUserData="of another app"
        )
        message_id = self.push(world, token)
        assert world.outcomes(message_id) == [("success", None)]
        assert [request["TargetArn"] for request in cloud.sent(PUBLISH)] == [made["EndpointArn"]]

    def test_one_devices_failure_fails_no_other(self, cloud: Cloud, world: World, token: str) -> None:
        cloud.fail(PUBLISH, ("InvalidParameter", 400), DISABLED, DISABLED)
        message_id = self.push(world, f"{token}-1", f"{token}-2", f"{token}-3")
        assert sorted(world.outcomes(message_id)) == [
            ("failed", "provider: InvalidParameter"),
            ("failed", "provider: unregistered"),
            ("success", None),
        ]

    @pytest.mark.parametrize(
        ("system", "expected"),
        [("iOS 16.3", APNS_APPLICATION), ("Android 14", PUSH_APPLICATION), (None, PUSH_APPLICATION)],
    )
    def test_a_device_is_served_by_its_platforms_application(
        self, cloud: Cloud, system: str | None, expected: str
    ) -> None:
        world = World(cloud, channels={"push": {"fcm": PUSH_APPLICATION, "apns": APNS_APPLICATION}})
        contact = {"type": "firebase_token", "value": f"token-{world.team_id}", "filterable": system}
        world.configure("login", PHONE)
        message_id = world.ingest("login", data={"otp": 1}, contact_infos=[contact])
        cloud.pump()
        assert world.outcomes(message_id) == [("success", None)]
        assert [request["PlatformApplicationArn"] for request in cloud.sent(CREATE)] == [expected]

    def test_a_device_whose_platform_has_no_application_has_no_provider(self, cloud: Cloud) -> None:
        world = World(cloud, channels={"push": {"fcm": PUSH_APPLICATION}})
        apple = {"type": "firebase_token", "value": "0a" * 32}
        google = {"type": "firebase_token", "value": f"token-{world.team_id}"}
        world.configure("login", PHONE)
        message_id = world.ingest("login", data={"otp": 1}, contact_infos=[apple, google])
        cloud.pump()
        assert world.outcomes(message_id) == [("no_provider", "no push provider"), ("success", None)]

    def test_a_push_is_published_with_what_its_template_says(self, cloud: Cloud, world: World, token: str) -> None:
        template = {**PHONE["template"], "badge": "{{ otp }}", "collapse": "login"}
        world.configure("login", {**PHONE, "template": template})
        apple = [{"type": "firebase_token", "value": token, "filterable": "iOS 16"}]
        world.ingest("login", data={"otp": 1}, contact_infos=apple)
        cloud.pump()
        [request] = cloud.sent(PUBLISH)
        message = json.loads(json.loads(request["Message"])["GCM"])["fcmV1Message"]["message"]
        assert (message["notification"], message["data"]) == ({"title": "Login", "body": "1"}, {"otp": "1"})
        assert message["android"] == {"collapse_key": "login"}
        assert message["apns"]["payload"]["aps"]["badge"] == 1

    def test_a_push_that_no_platform_takes_is_not_sent(self, cloud: Cloud, world: World, token: str) -> None:
        world.configure("login", {**PHONE, "template": {"title": "t", "body": "{{ text }}"}})
        contacts = [{"type": "firebase_token", "value": token}]
        message_id = world.ingest("login", data={"text": "x" * 5000}, contact_infos=contacts)
        cloud.pump()
        assert world.outcomes(message_id) == [("failed", "provider: too large")]
        assert (cloud.calls[CREATE], cloud.calls[PUBLISH]) == (0, 0)


class TestStores:
    """DynamoDB and SQS refuse."""

    @pytest.mark.parametrize(
        "operation",
        ["dynamodb:GetItem", "dynamodb:Query", "dynamodb:PutItem", "sqs:SendMessage", "sqs:SendMessageBatch"],
    )
    def test_a_message_stays_on_its_queue_until_everything_is_there(
        self, cloud: Cloud, world: World, operation: str
    ) -> None:
        world.configure("login", MAIL, TEXT)
        contacts = [*SAM, {"type": "email", "value": "kim@example.com"}, *PHONE_OF_SAM]
        message_id = world.ingest("login", user_id="u", contact_infos=contacts)
        records = cloud.receive("message")
        cloud.fail(operation, ("ProvisionedThroughputExceededException", 400))
        assert cloud.hand_over("message", records) == [records[0]["messageId"]]
        [pause] = pauses(cloud)
        assert 5 <= pause <= 10
        assert cloud.hand_over("message", records) == []
        cloud.pump()
        assert world.outcomes(message_id) == [("success", None)] * 3

    def test_a_job_stays_on_its_queue_while_its_claim_cannot_be_made(self, cloud: Cloud, world: World) -> None:
        message_id, records = queued(world)
        cloud.fail("dynamodb:UpdateItem", ("ThrottlingException", 400))
        assert len(cloud.hand_over("email", records)) == 1
        assert cloud.calls[SEND] == 0
        assert cloud.hand_over("email", records) == []
        assert world.outcomes(message_id) == [("success", None)]

    def test_a_batch_that_sqs_takes_in_part_is_sent_again(self, cloud: Cloud, world: World) -> None:
        world.configure("login", MAIL)
        contacts = [*SAM, {"type": "email", "value": "kim@example.com"}]
        message_id = world.ingest("login", contact_infos=contacts)
        records = cloud.receive("message")
        failure = {"Id": "1", "SenderFault": False, "Code": "InternalError"}
        cloud.fail("sqs:SendMessageBatch", {"Successful": [{"Id": "0"}], "Failed": [failure]})
        assert len(cloud.hand_over("message", records)) == 1
        cloud.hand_over("message", records)
        cloud.pump()
        assert world.outcomes(message_id) == [("success", None)] * 2
        assert cloud.calls[SEND] == 2

    @pytest.mark.parametrize("poison", ["", "no JSON", "[]", '{"kind":"events"}', '{"detail":{"mail":[]}}'])
    @pytest.mark.parametrize("queue", ["message", "email", "sms", "push"])
    def test_a_poison_record_blocks_no_other_of_its_batch(
        self, cloud: Cloud, world: World, queue: str, poison: str
    ) -> None:
        world.configure("login", MAIL, TEXT, PHONE)
        token = {"type": "firebase_token", "value": f"token-{world.team_id}"}
        message_id = world.ingest("login", contact_infos=[*SAM, *PHONE_OF_SAM, token])
        if queue != "message":
            cloud.pump("message")
        [record] = cloud.receive(queue)
        bad = {**record, "messageId": "poison", "body": poison}
        assert cloud.hand_over(queue, [bad, record, {**bad, "messageId": "more"}]) == ["poison", "more"]
        cloud.pump()
        assert world.outcomes(message_id) == [("success", None)] * 3

    def test_an_event_that_cannot_be_processed_blocks_no_other_of_its_request(
        self, cloud: Cloud, world: World, caplog: pytest.LogCaptureFixture
    ) -> None:
        world.configure("login", MAIL)
        messages = [world.message("login", name, contact_infos=SAM) for name in ("a", "b", "c")]
        batch = {"team_id": world.team_id, "environment": "dev"}
        body = json.dumps({**batch, "messages": [each.model_dump(mode="json") for each in messages]})
        cloud.client("sqs").send_message(QueueUrl=cloud.queues["message"], MessageBody=body)
        # The first one lists the environment, the second one announces the messages.
        cloud.fail("dynamodb:PutItem", None, None, None, ("ValidationException", 400))
        with caplog.at_level(logging.CRITICAL):
            records = cloud.receive("message")
            assert cloud.hand_over("message", records) == [records[0]["messageId"]]
        assert world.runtime.messages.get(world.scope, "b") is None
        assert world.runtime.messages.get(world.scope, "c") is not None
        cloud.hand_over("message", records)
        cloud.pump()
        assert [world.outcomes(name) for name in ("a", "b", "c")] == [[("success", None)]] * 3

    def test_a_report_stays_on_its_queue_until_the_address_is_suppressed(self, cloud: Cloud, world: World) -> None:
        message_id, records = queued(world)
        cloud.hand_over("email", records)
        [delivery] = world.deliveries(message_id)
        tags = {"team_id": [world.team_id], "environment": ["dev"], "delivery_id": [delivery.id]}
        detail = {"eventType": "Bounce", "bounce": {"bounceType": "Permanent"}, "mail": {"tags": tags}}
        report = {**records[0], "body": json.dumps({"id": "e", "detail": detail})}
        cloud.fail("dynamodb:UpdateItem", None, ("ThrottlingException", 400))
        for failures in (1, 0, 0):
            answer = cloud.invoke("pipeline/record_feedback", {"Records": [report]})
            assert len(answer["batchItemFailures"]) == failures
        assert world.outcomes(message_id) == [("failed", "bounced")]
        [delivery] = world.deliveries(message_id)
        assert [event["type"] for event in delivery.events or []] == ["bounce"]
        suppression = world.runtime.suppressions.get(world.team_id, "Sam@Example.com")
        assert suppression is not None
        assert suppression.forbids(subscription=False) == "bounce"

    def test_no_record_is_begun_that_there_is_no_time_for(self, cloud: Cloud, world: World) -> None:
        message_id, records = queued(world)
        answer = cloud.invoke("pipeline/deliver_email", {"Records": records}, milliseconds=5_000)
        assert answer == {"batchItemFailures": []}
        assert cloud.calls[SEND] == 0
        assert world.outcomes(message_id) == [("pending", None)]
        [(_, again)] = cloud.put_back()
        assert again["body"] == records[0]["body"]
        assert cloud.hand_over("email", [again]) == []
        assert world.outcomes(message_id) == [("success", None)]
