"""Requests are boto3's, to the byte and to the signature."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import Any

import botocore.auth
import pytest
from botocore.awsrequest import AWSResponse

from nereid.aws import sdk
from nereid.aws.http import clients
from nereid.aws.http.answers import Answer
from nereid.aws.http.connection import Connections
from nereid.aws.http.limits import Limits
from tests.unit.aws.http.function import CALLS, enter, named

LIMITS = Limits(1, 2, 1)
NOW = datetime(2026, 1, 31, 9, 30, 59, tzinfo=UTC)
TOKEN = uuid.UUID(int=7)
#: What boto3 sends for its makers' statistics, and what only says how the body comes.
_ASIDE = {"user-agent", "amz-sdk-invocation-id", "amz-sdk-request"}
_XML = b"<R><X/></R>"


class Raw:
    """The body of an answer, as urllib3 has it."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def stream(self) -> Any:
        yield self._body


def by_boto3(name: str, operation: str, parameters: dict[str, Any]) -> tuple[str, str, dict[str, str], bytes]:
    """Return method, URL, headers and body of the request that boto3 makes."""
    client, sent = sdk.client(name, LIMITS), []

    def answer(request: Any, **_: Any) -> AWSResponse:
        sent.append(request)
        body = f"<R><{operation}/></R>".encode() if name == "sns" else b"{}"
        return AWSResponse(request.url, 200, {}, Raw(body))

    client.meta.events.register("before-send", answer)
    try:
        getattr(client, operation)(**parameters)
    except KeyError:  # the answer has nothing of what SNS says
        assert name == "sns"
    [request] = sent
    body = request.body or b""
    headers = {each.lower(): _text(value) for each, value in request.headers.items()}
    return (
        request.method,
        request.url,
        {each: value for each, value in headers.items() if each not in _ASIDE},
        body.encode() if isinstance(body, str) else body,
    )


def _text(value: bytes | str) -> str:
    return value.decode() if isinstance(value, bytes) else value


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """Return what is sent by our clients from now on, each time with an answer that says nothing."""
    found: list[bytes] = []

    def exchange(_self: Any, _method: str, request: bytes) -> Answer:
        found.append(request)
        return Answer(200, {}, _XML if b"form-urlencoded" in request else b"{}")

    monkeypatch.setattr(Connections, "exchange", exchange)
    return found


def read(request: bytes) -> tuple[str, str, dict[str, str], bytes]:
    """Return method, URL, headers and body of a request of ours."""
    head, _, body = request.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines)
    method, path, version = first.split(" ")
    assert version == "HTTP/1.1"
    url = f"https://{headers.pop('host')}{path}"
    return method, url, {each: value for each, value in headers.items() if each not in _ASIDE}, body


@pytest.mark.parametrize(("name", "operation", "parameters"), named(CALLS))
def test_a_request_is_the_one_that_boto3_makes(
    monkeypatch: pytest.MonkeyPatch, sent: list[bytes], name: str, operation: str, parameters: dict[str, Any]
) -> None:
    enter(monkeypatch)
    monkeypatch.setattr(botocore.auth, "get_current_datetime", lambda: NOW.replace(tzinfo=None))
    monkeypatch.setattr("nereid.aws.http.service.time.time", NOW.timestamp)
    monkeypatch.setattr(uuid, "uuid4", lambda: TOKEN)
    getattr(clients.client(name, LIMITS), operation)(**parameters)
    assert read(*sent) == by_boto3(name, operation, parameters)


def test_credentials_are_those_of_the_moment(monkeypatch: pytest.MonkeyPatch, sent: list[bytes]) -> None:
    enter(monkeypatch)
    client: Any = clients.client("sqs", LIMITS)
    client.send_message(QueueUrl="q", MessageBody="x")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDANOTHER")
    monkeypatch.delenv("AWS_SESSION_TOKEN")
    client.send_message(QueueUrl="q", MessageBody="x")
    assert [b"AKIDANOTHER" in each for each in sent] == [False, True]
    assert [b"x-amz-security-token" in each for each in sent] == [True, False]


def test_outside_of_a_trace_there_is_no_id_of_one(monkeypatch: pytest.MonkeyPatch, sent: list[bytes]) -> None:
    enter(monkeypatch)
    monkeypatch.delenv("_X_AMZN_TRACE_ID")
    client: Any = clients.client("sqs", LIMITS)
    client.send_message(QueueUrl="q", MessageBody="x")
    assert b"x-amzn-trace-id" not in sent[0]


def test_what_an_environment_variable_holds_ends_no_header(monkeypatch: pytest.MonkeyPatch, sent: list[bytes]) -> None:
    enter(monkeypatch, _X_AMZN_TRACE_ID="Root=1\r\nx-evil: 1")
    client: Any = clients.client("sqs", LIMITS)
    client.send_message(QueueUrl="q", MessageBody="x")
    assert b"\r\nx-evil" not in sent[0]
