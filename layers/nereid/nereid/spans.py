"""Spans of X-Ray's traces: one for each request or record, and one for each call of AWS within it.

Loaded only where the parameter `Tracing` is `Active`. Lambda records an invocation itself and tells its id; what
is added to it goes to the daemon beside the function, by UDP, which costs microseconds and never fails a request.

Source of the form: https://docs.aws.amazon.com/xray/latest/devguide/xray-api-segmentdocuments.html
"""

import os
import secrets
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from typing import Any, TypeVar

from nereid import jsontext
from nereid.errors import NereidError
from nereid.logs import loggable

_HEADER = b'{"format": "json", "version": 1}\n'
#: How X-Ray calls services, by their names in signatures.
_SERVICES = {"dynamodb": "DynamoDB", "ses": "SES", "sns": "SNS", "sqs": "SQS"}
#: The members of requests and records that say what they are about.
_FACTS = ("message_id", "event_type", "delivery_id", "environment", "kind")
#: How much of a text an annotation holds.
_MOST_CHARACTERS = 256
#: The span that is open; empty for the invocation's own.
_open: ContextVar[str] = ContextVar("span", default="")
_socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
_Answer = TypeVar("_Answer")


@contextmanager
def span(name: str, annotations: Mapping[str, Any] | None = None, **members: Any) -> Iterator[dict[str, Any]]:
    """Record how long something takes, and whether it fails, if this invocation's trace is recorded.

    Parameters
    ----------
    annotations
        What the span can be searched by; without addresses.
    members
        Of the span's document.

    Yields
    ------
    dict
        The annotations, to be added to.
    """
    told = {name: value for name, value in (annotations or {}).items() if value is not None}
    trace = dict(part.partition("=")[::2] for part in os.environ.get("_X_AMZN_TRACE_ID", "").split(";"))
    if trace.get("Sampled") != "1":
        yield told
        return
    document: dict[str, Any] = {
        "name": name,
        "type": "subsegment",
        "id": secrets.token_hex(8),
        "trace_id": trace.get("Root"),
        "parent_id": _open.get() or trace.get("Parent"),
        "start_time": time.time(),
        **members,
    }
    token = _open.set(document["id"])
    try:
        yield told
    except BaseException as error:
        document.update(_failure(error))
        raise
    finally:
        _open.reset(token)
        document["end_time"] = time.time()
        document["annotations"] = {name: _short(value) for name, value in told.items()}
        _send(document)


def call(operate: Callable[..., _Answer], service: str, operation: str) -> Callable[..., _Answer]:
    """Return a call of AWS that is recorded."""
    name = _SERVICES.get(service, service)

    def recorded(**parameters: Any) -> _Answer:
        about = {"operation": operation}
        if "TableName" in parameters:
            about["table_name"] = parameters["TableName"]
        if "QueueUrl" in parameters:
            about["queue_url"] = parameters["QueueUrl"]
        with span(name, namespace="aws", aws=about):
            return operate(**parameters)

    return recorded


def request(route: str | None, respond: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Return the handling of a request that is recorded; see `nereid.dialects.http` for both."""

    def recorded(asked: Any) -> Any:
        with span("request", {"route": route, **facts(asked.body)}) as told:
            response = respond(asked)
            told["status"] = response.status
            if isinstance(response.body, dict):
                told.update(_facts(response.body, "message_id"))
            return response

    return recorded


def record(handle: Callable[..., _Answer]) -> Callable[..., _Answer]:
    """Return the handling of a queue's record that is recorded."""

    def recorded(body: str, *others: Any) -> _Answer:
        with span("record", facts(body)):
            return handle(body, *others)

    return recorded


def facts(text: str | bytes) -> dict[str, str | int]:
    """Return what a request or record is about: of several messages, the first and how many there are."""
    try:
        content = jsontext.loads(text)
    except ValueError:
        return {}
    if not isinstance(content, dict):
        return {"events": len(content)} if isinstance(content, list) else {}
    operations = [each for each in _listed(content.get("operations")) if isinstance(each, dict)]
    messages = [*_listed(content.get("messages")), *(each["message"] for each in operations if "message" in each)]
    found: dict[str, str | int] = {}
    for part in (content, content.get("message"), *messages[:1], *operations[:1]):
        found = {**_facts(part, *_FACTS), **found}
    found |= _facts(content.get("notification"), "channel")
    found |= {name: len(each) for name, each in (("messages", messages), ("operations", operations)) if len(each) > 1}
    return found


def _facts(part: Any, *names: str) -> dict[str, str | int]:
    return {name: str(part[name]) for name in names if part.get(name)} if isinstance(part, dict) else {}


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _short(value: Any) -> Any:
    """Return a value as it may be shown, as ids are in logs."""
    return (loggable(value) or "")[:_MOST_CHARACTERS] if isinstance(value, str) else value


def _failure(error: BaseException) -> dict[str, Any]:
    """Return how X-Ray tells a failure: the caller's, one of too much at once, or ours."""
    refusal = getattr(error, "response", None)
    code = str(refusal["Error"]["Code"]) if refusal else type(error).__name__
    kind = "error" if refusal or isinstance(error, NereidError) else "fault"
    found: dict[str, Any] = {kind: True, "metadata": {"nereid": {"error": code}}}
    if "Throttl" in code or code in ("ProvisionedThroughputExceededException", "TooManyRequestsException"):
        found["throttle"] = True
    return found


def _send(document: Mapping[str, Any]) -> None:
    host, _, port = os.environ.get("AWS_XRAY_DAEMON_ADDRESS", "").rpartition(":")
    # What nobody takes is lost, and an invocation is not.
    with suppress(OSError, ValueError):
        _socket.sendto(_HEADER + jsontext.dumps(document).encode(), (host, int(port)))
