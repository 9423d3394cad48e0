"""What an ingest calls of AWS, how long it believes what it was told, and what it answers when AWS refuses."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ConnectTimeoutError, EndpointConnectionError

from nereid.aws.clients import Clients
from nereid.aws.messaging.queues import Record, SqsMessageQueue, send_all
from nereid.core.messaging.ingest import ingest
from nereid.errors import Unavailable
from nereid.models.message import EventBatch
from nereid.ports.messaging import MessageQueue
from nereid.runtime import runtime
from tests.support.cloud import World

UNAVAILABLE = {"message": "Service temporarily unavailable"}
SEND = "sqs:SendMessage"
TWO = [Record("one", "team"), Record("two", "team")]
READ = "dynamodb:GetItem"


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.moment = datetime.now(UTC)

    def now(self) -> datetime:
        return self.moment

    def wait(self, seconds: float) -> None:
        self.moment += timedelta(seconds=seconds)


class Endpoint:
    """A function in one sandbox that stays warm."""

    def __init__(self, world: World, folder: str) -> None:
        self.world = world
        self.clock = Clock()
        self._handler: Callable[[dict[str, Any], Any], dict[str, Any]] = world.cloud.load(folder).handler
        runtime.__dict__["clock"] = self.clock
        self._header = folder != "neptune/ingest_event"

    def post(self, **fields: Any) -> tuple[int, Any, dict[str, str]]:
        """Post an event; return status, answer and headers."""
        world = self.world
        event = {"event_type": "x", "environment": "dev", "api_token": world.token, **fields}
        answer = self._handler(
            {
                "routeKey": "POST",
                "rawPath": "/",
                "headers": {"authorization": f"Bearer {event['api_token']}"} if self._header else {},
                "pathParameters": {"environment": event["environment"]},
                "requestContext": {"http": {"method": "POST"}},
                "body": json.dumps(event),
            },
            None,
        )
        return answer["statusCode"], json.loads(answer["body"]), answer["headers"]

    def calls(self, **fields: Any) -> list[str]:
        """Post an event that is accepted; return the calls of AWS that it made."""
        self.world.cloud.requests.clear()
        status, answer, _ = self.post(**fields)
        assert status == 200, answer
        return [name for name, _ in self.world.cloud.requests]

    def queued(self) -> list[EventBatch]:
        return [EventBatch.model_validate_json(each["body"]) for each in self.world.cloud.receive("message")]


@pytest.fixture(params=["neptune/ingest_event", "neptune/post_event"])
def endpoint(world: World, request: pytest.FixtureRequest) -> Endpoint:
    return Endpoint(world, request.param)


class TestCalls:
    def test_a_cold_one_reads_the_secret_the_token_the_team_and_the_environment_first(self, endpoint: Endpoint) -> None:
        assert endpoint.calls() == ["secretsmanager:GetSecretValue", READ, READ, READ, SEND]

    def test_a_warm_one_makes_one_call_and_touches_no_table(self, endpoint: Endpoint) -> None:
        endpoint.calls()
        assert endpoint.calls() == [SEND]
        assert endpoint.calls(user_id="u", data={"a": 1}, contact_infos=[{"type": "email", "value": "x"}]) == [SEND]

    def test_what_the_store_said_is_believed_for_almost_a_minute(self, endpoint: Endpoint) -> None:
        endpoint.calls()
        endpoint.clock.wait(59)
        assert endpoint.calls() == [SEND]

    def test_what_the_store_said_is_asked_again_after_a_minute(self, endpoint: Endpoint) -> None:
        endpoint.calls()
        endpoint.clock.wait(60)
        assert endpoint.calls() == [READ, READ, READ, SEND]

    def test_using_a_token_does_not_make_it_believed_longer(self, endpoint: Endpoint) -> None:
        endpoint.calls()
        endpoint.clock.wait(40)
        endpoint.calls()
        endpoint.clock.wait(20)
        assert endpoint.calls() == [READ, READ, READ, SEND]

    def test_a_refused_one_queues_nothing(self, endpoint: Endpoint) -> None:
        for refused in ({"event_type": ""}, {"api_token": "bad"}, {"environment": "nowhere"}, {"data": 1}):
            assert endpoint.post(**refused)[0] in (401, 404, 422)
        assert endpoint.world.cloud.calls[SEND] == 0

    def test_the_queue_gets_the_event_as_it_was_sent(self, endpoint: Endpoint) -> None:
        message_id = endpoint.post(user_id=7, data={"a": 0.1}, version=1)[1]["message_id"]
        [batch] = endpoint.queued()
        assert (batch.team_id, batch.environment) == (endpoint.world.team_id, "dev")
        [message] = batch.messages
        assert (message.message_id, message.user_id, message.data) == (message_id, "7", {"a": 0.1})
        assert message.extra == {"version": 1}

    def test_the_queue_never_gets_the_token(self, endpoint: Endpoint) -> None:
        endpoint.post()
        [sent] = endpoint.world.cloud.sent(SEND)
        assert endpoint.world.token not in json.dumps(sent)


class TestRevocation:
    def revoke(self, endpoint: Endpoint) -> None:
        accounts = endpoint.world.runtime.account_store
        [token] = accounts.api_tokens(endpoint.world.team_id)
        accounts.delete_api_token(endpoint.world.team_id, token.id)

    def test_it_takes_effect_after_a_minute(self, endpoint: Endpoint) -> None:
        endpoint.calls()
        self.revoke(endpoint)
        endpoint.clock.wait(60)
        assert endpoint.post()[:2] == (401, {"error": "Unauthenticated"})

    def test_it_takes_effect_at_once_where_the_token_was_not_used(self, endpoint: Endpoint) -> None:
        self.revoke(endpoint)
        assert endpoint.post()[0] == 401

    def test_it_stays_in_effect(self, endpoint: Endpoint) -> None:
        self.revoke(endpoint)
        assert [endpoint.post()[0] for _ in range(2)] == [401, 401]

    def test_a_token_expires_even_while_it_is_believed(self, endpoint: Endpoint) -> None:
        endpoint.clock.wait(365 * 24 * 3600 - 10)
        assert endpoint.post()[0] == 200
        endpoint.clock.wait(10)
        assert endpoint.post()[0] == 401


REFUSALS = [
    ("ServiceUnavailable", 503),
    ("InternalError", 500),
    ("RequestThrottled", 400),
    ("AccessDenied", 403),
    ("AWS.SimpleQueueService.NonExistentQueue", 400),
    ("KMS.AccessDeniedException", 400),
    ("InvalidMessageContents", 400),
    EndpointConnectionError(endpoint_url="sqs"),
    ConnectTimeoutError(endpoint_url="sqs"),
]


class TestRefusals:
    @pytest.mark.parametrize("refusal", REFUSALS, ids=str)
    def test_a_queue_that_refuses_is_answered_with_503(self, endpoint: Endpoint, refusal: Any) -> None:
        endpoint.calls()
        endpoint.queued()
        endpoint.world.cloud.fail(SEND, refusal)
        status, answer, headers = endpoint.post()
        assert (status, answer, headers["Retry-After"]) == (503, UNAVAILABLE, "5")
        assert endpoint.queued() == []

    def test_nothing_else_is_called_after_a_refusal(self, endpoint: Endpoint) -> None:
        endpoint.calls()
        endpoint.world.cloud.fail(SEND, ("AccessDenied", 403))
        endpoint.world.cloud.requests.clear()
        endpoint.post()
        assert [name for name, _ in endpoint.world.cloud.requests] == [SEND]

    def test_the_next_attempt_succeeds(self, endpoint: Endpoint) -> None:
        endpoint.world.cloud.fail(SEND, ("AccessDenied", 403))
        assert endpoint.post(message_id="m")[0] == 503
        assert endpoint.post(message_id="m")[:2] == (200, {"message_id": "m", "status": "accepted"})

    @pytest.mark.parametrize("call", ["secretsmanager:GetSecretValue", READ])
    def test_a_store_that_cannot_be_reached_is_answered_with_503(self, endpoint: Endpoint, call: str) -> None:
        endpoint.world.cloud.fail(call, ("InternalServiceError", 500))
        status, answer, headers = endpoint.post()
        assert (status, answer, headers["Retry-After"]) == (503, UNAVAILABLE, "5")
        assert endpoint.queued() == []
        assert endpoint.post()[0] == 200

    def test_a_bug_is_answered_with_500(self, endpoint: Endpoint) -> None:
        endpoint.world.cloud.fail(READ, ("ValidationException", 400))
        status, answer, _ = endpoint.post()
        assert (status, answer) == (500, {"message": "Something went wrong"})

    def test_a_refusal_is_logged_without_what_was_sent(
        self, endpoint: Endpoint, caplog: pytest.LogCaptureFixture
    ) -> None:
        endpoint.calls()
        endpoint.world.cloud.fail(SEND, ("AccessDenied", 403))
        endpoint.post(user_id="secret-user", contact_infos=[{"type": "email", "value": "sam@example.com"}])
        logged = str([vars(record) for record in caplog.records])
        assert "AccessDenied" in logged
        for secret in (endpoint.world.token, "secret-user", "sam@example.com"):
            assert secret not in logged


class TestSeveralMessages:
    """Other APIs post several events in one request; they go the same way."""

    def send(self, world: World, count: int, size: int) -> None:
        queue: MessageQueue = SqsMessageQueue(Clients(), world.cloud.queues["message"])
        ingest(queue, world.environment, [world.message("x", data={"pad": "x" * size}) for _ in range(count)])

    def test_those_of_one_request_travel_in_one_call(self, world: World) -> None:
        self.send(world, 25, 1000)
        assert world.cloud.calls[SEND] == 1

    def test_what_does_not_fit_travels_in_several(self, world: World) -> None:
        self.send(world, 12, 200_000)
        records = world.cloud.receive("message")
        batches = [EventBatch.model_validate_json(record["body"]) for record in records]
        assert sum(len(batch.messages) for batch in batches) == 12
        assert all(len(record["body"].encode()) <= 1_048_576 for record in records)

    def test_a_batch_that_was_taken_in_part_was_not_taken(self, world: World) -> None:
        answer = {"Successful": [{"Id": "0"}], "Failed": [{"Id": "1", "Code": "InternalError", "SenderFault": False}]}
        world.cloud.fail("sqs:SendMessageBatch", answer)
        with pytest.raises(Unavailable):
            send_all(Clients(), world.cloud.queues["message"], TWO)

    def test_a_batch_that_nobody_answers_for_was_not_taken(self, world: World) -> None:
        world.cloud.fail("sqs:SendMessageBatch", {"Successful": [{"Id": "0"}]})
        with pytest.raises(Unavailable):
            send_all(Clients(), world.cloud.queues["message"], TWO)

    def test_a_refused_batch_was_not_taken(self, world: World) -> None:
        world.cloud.fail("sqs:SendMessageBatch", ("AccessDenied", 403))
        with pytest.raises(Unavailable):
            send_all(Clients(), world.cloud.queues["message"], TWO)
