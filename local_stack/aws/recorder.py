"""Stands before the AWS endpoint and takes note of what the mail, SMS and push services are handed.

It also tells its listeners that queues got messages, and that events were put on a bus.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable, Iterable
from email.utils import getaddresses
from typing import Any
from urllib.parse import parse_qs

_SEND_EMAIL = "/v2/email/outbound-emails"
_IDENTITIES = "/v2/email/identities"
_MESSAGE_ID = re.compile(rb"<MessageId>([^<]+)</MessageId>")
# What can make messages visible; receiving and deleting cannot.
_FILLS_QUEUE = {
    "SendMessage",
    "SendMessageBatch",
    "ChangeMessageVisibility",
    "ChangeMessageVisibilityBatch",
    "StartMessageMoveTask",
}


class Recorder:
    """A WSGI middleware.

    Parameters
    ----------
    app : WSGI application
        The endpoint.
    """

    def __init__(self, app: Any) -> None:
        self._app = app
        self._verified: set[str] = set()
        self.on_email: Callable[[dict[str, Any], str], None] = _ignore
        self.on_publish: Callable[[dict[str, Any], str], None] = _ignore
        self.on_queue: Callable[[str | None], None] = _ignore
        self.on_events: Callable[[list[dict[str, Any]]], None] = _ignore

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Pass a request on and note what it was, once it is answered."""
        note = self._noteworthy(environ)
        if note is None:
            answer: Iterable[bytes] = self._app(environ, start_response)
            return answer
        body = read_body(environ)
        if note == "email":
            self._verify_sender(environ, body)
        begun: list[Any] = []
        answer = self._app(environ, lambda *arguments: begun.append(arguments))
        data = b"".join(answer)
        status = str(begun[0][0])
        if status.startswith("2"):
            self._take(note, body, data)
        start_response(*begun[0])
        return [data]

    @staticmethod
    def _noteworthy(environ: dict[str, Any]) -> str | None:
        if environ["REQUEST_METHOD"] != "POST":
            return None
        if environ["PATH_INFO"] == _SEND_EMAIL:
            return "email"
        target = environ.get("HTTP_X_AMZ_TARGET", "")
        service, _, operation = target.rpartition(".")
        if service == "AmazonSQS":
            return "queue" if operation in _FILLS_QUEUE else None
        if service == "AWSEvents":
            return "events" if operation == "PutEvents" else None
        return "sns" if "/sns/aws4_request" in environ.get("HTTP_AUTHORIZATION", "") else None

    def _take(self, note: str, body: bytes, answer: bytes) -> None:
        if note == "email":
            self.on_email(json.loads(body), str(json.loads(answer).get("MessageId")))
        elif note == "queue":
            self.on_queue(json.loads(body).get("QueueUrl"))
        elif note == "events":
            self.on_events(json.loads(body).get("Entries") or [])
        else:
            request = {name: values[0] for name, values in parse_qs(body.decode(), keep_blank_values=True).items()}
            if request.get("Action") == "Publish":
                found = _MESSAGE_ID.search(answer)
                self.on_publish(request, found.group(1).decode() if found else "")
            if request.get("Action") in ("Publish", "PublishBatch"):
                self.on_queue(None)

    def _verify_sender(self, environ: dict[str, Any], body: bytes) -> None:
        # Nobody can click the link of a verification mail here, so each sender counts as verified.
        try:
            sender = json.loads(body).get("FromEmailAddress") or ""
        except ValueError:
            return
        for _, address in getaddresses([sender]):
            if not address or address in self._verified:
                continue
            content = json.dumps({"EmailIdentity": address}).encode()
            asked = {
                **environ,
                "PATH_INFO": _IDENTITIES,
                "RAW_URI": _IDENTITIES,
                "REQUEST_URI": _IDENTITIES,
                "CONTENT_LENGTH": str(len(content)),
                "CONTENT_TYPE": "application/json",
                "wsgi.input": io.BytesIO(content),
            }
            b"".join(self._app(asked, _ignore))
            self._verified.add(address)


def _ignore(*_: Any) -> None:
    pass


def read_body(environ: dict[str, Any]) -> bytes:
    """Read the body of a WSGI request, and leave it to be read again.

    Parameters
    ----------
    environ : dict
        The request.

    Returns
    -------
    bytes
        The whole body.
    """
    stream = environ["wsgi.input"]
    length = environ.get("CONTENT_LENGTH")
    body: bytes = stream.read(int(length)) if length else stream.read() if environ.get("wsgi.input_terminated") else b""
    environ["wsgi.input"] = io.BytesIO(body)
    environ["CONTENT_LENGTH"] = str(len(body))
    return body
