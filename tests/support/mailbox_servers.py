"""Servers on this machine that behave like Gmail's API and Microsoft Graph where mails are sent."""

from __future__ import annotations

import base64
import binascii
import email
import json
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import default
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

TOKEN = "ya29.valid-token"
_GMAIL = "/gmail/v1/users/me/messages/send"
_GRAPH = "/v1.0/me/sendMail"


@dataclass
class Mailboxes:
    """What the two servers got, and how they are told to behave.

    Parameters
    ----------
    fail : tuple of int and object, optional
        Status and body of every answer, in place of the usual one.
    hang : float
        Seconds to wait before an answer.
    drop : bool
        Close the connection after the request, without an answer.
    """

    url: str = ""
    fail: tuple[int, Any] | None = None
    hang: float = 0.0
    drop: bool = False
    token: str = TOKEN
    mails: list[EmailMessage] = field(default_factory=list)
    requests: int = 0
    connections: int = 0


def gmail_error(status: int, reason: str) -> tuple[int, Any]:
    """Return an error as Gmail writes it."""
    message = "Error"
    error = {"code": status, "message": message, "errors": [{"message": message, "domain": "d", "reason": reason}]}
    return status, {"error": error}


def graph_error(status: int, code: str) -> tuple[int, Any]:
    """Return an error as Graph writes it."""
    return status, {"error": {"code": code, "message": "Error", "innerError": {"request-id": str(uuid.uuid4())}}}


@contextmanager
def running() -> Iterator[Mailboxes]:
    """Start both servers, on one port."""
    state = Mailboxes()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def setup(self) -> None:
            state.connections += 1
            super().setup()

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            state.requests += 1
            if state.hang:
                time.sleep(state.hang)
            if state.drop:
                self.close_connection = True
                return
            status, answer = self._answer(body)
            data = b"" if answer is None else json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("request-id", "11111111-2222-4333-8444-555555555555")
            if 300 <= status < 400:
                self.send_header("Location", self.path)
            self.send_header("Content-Length", str(len(data)))
            with suppress(ConnectionError):  # who waited too long has gone
                self.end_headers()
                self.wfile.write(data)

        def _answer(self, body: bytes) -> tuple[int, Any]:
            gmail = self.path == _GMAIL
            if not gmail and self.path != _GRAPH:
                return graph_error(404, "ResourceNotFound")
            if self.headers["Authorization"] != f"Bearer {state.token}":
                return gmail_error(401, "authError") if gmail else graph_error(401, "InvalidAuthenticationToken")
            if state.fail:
                return state.fail
            try:
                raw = self._raw(body, gmail=gmail)
            except (ValueError, KeyError, binascii.Error):
                return gmail_error(400, "invalidArgument") if gmail else graph_error(400, "ErrorMimeContentInvalid")
            parsed = email.message_from_bytes(raw, policy=default)
            assert isinstance(parsed, EmailMessage)
            state.mails.append(parsed)
            return (
                (200, {"id": f"gm-{state.requests}", "threadId": "t", "labelIds": ["SENT"]}) if gmail else (202, None)
            )

        def _raw(self, body: bytes, *, gmail: bool) -> bytes:
            kind = self.headers["Content-Type"]
            if gmail:
                if kind != "application/json":
                    raise ValueError(kind)
                return base64.b64decode(json.loads(body)["raw"], altchars=b"-_", validate=True)
            if kind != "text/plain":
                raise ValueError(kind)
            return base64.b64decode(body, validate=True)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    state.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
