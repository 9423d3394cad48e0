"""What X-Ray is told of an invocation, by a daemon that keeps what it hears."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from nereid import spans
from nereid.consumer import consume
from nereid.dialects import endpoint
from nereid.dialects.http import Request, Response
from nereid.errors import NotFound, Unavailable

TRACE = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled={};Lineage=a:0"
BATCH = {
    "team_id": "t",
    "environment": "dev",
    "messages": [{"message_id": "m-1", "event_type": "login"}, {"message_id": "m-2", "event_type": "login"}],
}
JOB = {
    "environment": "dev",
    "delivery_id": "d",
    "message_id": "m-1",
    "notification": {"channel": "email"},
    "message": {"event_type": "login", "data": {"otp": 1}},
}


class Daemon:
    """What the daemon has heard."""

    def __init__(self) -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.socket.settimeout(0)

    def heard(self) -> list[Any]:
        found = []
        while True:
            try:
                head, _, document = self.socket.recv(65536).partition(b"\n")
            except BlockingIOError:
                return found
            assert json.loads(head) == {"format": "json", "version": 1}
            found.append(json.loads(document))


@pytest.fixture
def daemon(monkeypatch: pytest.MonkeyPatch) -> Iterator[Daemon]:
    made = Daemon()
    monkeypatch.setenv("TRACING", "Active")
    monkeypatch.setenv("AWS_XRAY_DAEMON_ADDRESS", f"127.0.0.1:{made.socket.getsockname()[1]}")
    monkeypatch.setenv("_X_AMZN_TRACE_ID", TRACE.format(1))
    yield made
    made.socket.close()


def annotations(text: str | bytes) -> dict[str, Any]:
    return dict(spans.facts(text))


def get_item(**_: Any) -> Any:
    return {"Item": {}}


def refused(code: str) -> Any:
    def call(**_: Any) -> Any:
        raise ClientError({"Error": {"Code": code, "Message": "secret"}}, "GetItem")

    return call


def handled(handle: Any) -> Any:
    record = {
        "eventSource": "aws:sqs",
        "body": json.dumps(JOB),
        "messageId": "id",
        "receiptHandle": "handle",
        "eventSourceARN": "arn:aws:sqs:us-east-1:123456789012:EmailQueue",
        "attributes": {"ApproximateReceiveCount": "1"},
    }
    context: Any = SimpleNamespace(aws_request_id="r", get_remaining_time_in_millis=lambda: 60_000)
    return consume({"Records": [record]}, context, handle)


def test_a_record_is_a_span_of_the_invocation(daemon: Daemon) -> None:
    handled(lambda *_: None)
    [span] = daemon.heard()
    assert (span["name"], span["type"], span["parent_id"]) == ("record", "subsegment", "53995c3f42cd8ad8")
    assert span["trace_id"] == "1-5759e988-bd862e3fe1be46a994272793"
    assert span["start_time"] <= span["end_time"]
    assert span["annotations"] == {
        "environment": "dev",
        "delivery_id": "d",
        "message_id": "m-1",
        "event_type": "login",
        "channel": "email",
    }


def test_a_call_of_aws_is_a_span_of_its_record(daemon: Daemon) -> None:
    call = spans.call(get_item, "dynamodb", "GetItem")
    handled(lambda *_: call(TableName="T", Key={}) and None)
    inner, outer = daemon.heard()
    assert (inner["name"], inner["namespace"], inner["parent_id"]) == ("DynamoDB", "aws", outer["id"])
    assert (inner["aws"]["operation"], inner["aws"]["table_name"]) == ("GetItem", "T")


def test_a_request_is_a_span_with_its_route_and_status(daemon: Daemon) -> None:
    event = {
        "routeKey": "POST /neptune/events/ingest",
        "rawPath": "/neptune/events/ingest",
        "requestContext": {"http": {"method": "POST"}},
        "body": json.dumps({"api_token": "secret", "event_type": "login", "data": {"otp": 1}}),
    }
    dialect: Any = None
    endpoint.answer(dialect, event, None, lambda _: Response(200, {"message_id": "m-1"}))
    [span] = daemon.heard()
    assert span["annotations"] == {
        "route": "POST /neptune/events/ingest",
        "status": 200,
        "event_type": "login",
        "message_id": "m-1",
    }


def test_of_several_messages_the_first_is_told_and_how_many_there_are() -> None:
    assert annotations(json.dumps(BATCH)) == {
        "environment": "dev",
        "message_id": "m-1",
        "event_type": "login",
        "messages": 2,
    }


def test_of_an_operation_its_kind_is_told() -> None:
    operation = {"kind": "identify", "who": {"external_id": "u"}, "traits": {"email": "sam@example.com"}}
    assert annotations(json.dumps({"kind": "events", "operations": [operation]})) == {"kind": "events"}


@pytest.mark.parametrize("text", ["", "no JSON", "null", "7", '{"messages": 3, "operations": [4], "message": "x"}'])
def test_what_is_about_nothing_is_no_error(text: str) -> None:
    assert annotations(text) == {}


def test_an_id_that_is_somebodys_address_is_not_shown(daemon: Daemon) -> None:
    with spans.span("record", {"message_id": "sam@example.com"}):
        pass
    [span] = daemon.heard()
    assert span["annotations"]["message_id"].startswith("sha256:")


@pytest.mark.parametrize(
    ("error", "told"),
    [(NotFound("user"), {"error"}), (Unavailable("table"), {"error"}), (KeyError("secret"), {"fault"})],
    ids=["not found", "unavailable", "bug"],
)
def test_a_failure_is_told_by_its_kind_alone(daemon: Daemon, error: Exception, told: set[str]) -> None:
    def respond(_: Request) -> Response:
        raise error

    asked: Any = SimpleNamespace(body=b"")
    with pytest.raises(type(error)):
        spans.request("GET /", respond)(asked)
    [span] = daemon.heard()
    assert span.keys() & {"error", "fault", "throttle"} == told
    assert span["metadata"] == {"nereid": {"error": type(error).__name__}}


@pytest.mark.parametrize(
    ("code", "throttles"), [("ConditionalCheckFailedException", False), ("ThrottlingException", True)]
)
def test_a_refused_call_has_its_code_and_no_text(daemon: Daemon, code: str, throttles: bool) -> None:  # noqa: FBT001
    with pytest.raises(ClientError):
        spans.call(refused(code), "dynamodb", "GetItem")(TableName="T")
    [span] = daemon.heard()
    assert span["metadata"] == {"nereid": {"error": code}}
    assert span.get("throttle", False) is throttles
    assert "secret" not in json.dumps(span)


def test_of_a_trace_that_is_not_recorded_nothing_is_told(daemon: Daemon, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("_X_AMZN_TRACE_ID", TRACE.format(0))
    handled(lambda *_: None)
    assert daemon.heard() == []


@pytest.mark.parametrize("address", ["", "127.0.0.1:1", "nowhere", "127.0.0.1:x"])
def test_a_daemon_that_is_not_there_is_no_error(daemon: Daemon, monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    monkeypatch.setenv("AWS_XRAY_DAEMON_ADDRESS", address)
    assert handled(lambda *_: None) == {"batchItemFailures": []}
    assert daemon.heard() == []


def test_nothing_is_told_unless_the_stack_is_traced(daemon: Daemon, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRACING", "Disabled")
    handled(lambda *_: None)
    assert daemon.heard() == []
