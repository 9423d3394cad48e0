"""The AWS endpoint: HTTP in, each call to its service, and a tally of all."""

from __future__ import annotations

import json
import re
import sys
import threading
import uuid
import zlib
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from bench.aws import services
from bench.aws.database import Database
from bench.aws.tally import Tally
from local_stack.aws.memory_dynamodb.wire import decoded, encoded

#: The path of what the bench itself asks for.
CONTROL = "/_bench"
_SERVICE = re.compile(r"Credential=[^/]+/\d+/[^/]+/([^/]+)/")
#: What each service's JSON requests begin with, and what it is called here.
_TARGETS = {
    "DynamoDB_20120810": "dynamodb",
    "AmazonSQS": "sqs",
    "secretsmanager": "secretsmanager",
    "TrentService": "kms",
    "AmazonSSM": "ssm",
}


class Aws:
    """All services, one call at a time.

    Parameters
    ----------
    database
        DynamoDB.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._queues = services.Queues()
        self._mails: list[str] = []
        self._tally = Tally()
        self._lock = threading.Lock()

    def answer(self, method: str, path: str, headers: Any, body: bytes) -> services.Answer:
        """Answer a request."""
        with self._lock:
            if path == CONTROL:
                given = json.loads(body)
                done = self._control(given.pop("do"), given)
                return 200, "application/json", json.dumps(done, default=encoded).encode()
            try:
                return self._serve(method, path, headers, body)
            except NotImplementedError as missing:
                # A retry would only hide it.
                print(f"bench.aws has no {missing}", file=sys.stderr, flush=True)
                return (
                    400,
                    "application/json",
                    json.dumps({"__type": "NotImplemented", "message": str(missing)}).encode(),
                )

    def _serve(self, method: str, path: str, headers: Any, body: bytes) -> services.Answer:
        prefix, _, operation = (headers.get("X-Amz-Target") or "").partition(".")
        signed = _SERVICE.search(headers.get("Authorization") or "")
        service = _TARGETS.get(prefix) or (signed[1] if signed else "nobody")
        tally = self._tally
        tally.sent += len(body)
        status, answer = 200, None
        match service:
            case "dynamodb":
                status, answer = self._database.call(operation, body, tally)
            case "sqs":
                answer = self._queues.call(operation, body, tally)
            case "secretsmanager":
                answer = services.secrets(operation, body)
            case "ssm":
                answer = services.parameters(operation, body)
            case "kms":
                answer = services.keys(operation, body)
            case "ses":
                operation, answer = services.mail(method, path, body, self._mails)
            case "sns":
                operation, raw = services.notifications(body)
                tally.calls[f"sns:{operation}"] += 1
                return raw
            case _:
                raise NotImplementedError(f"{service} {method} {path}")
        tally.calls[f"{service}:{operation}"] += 1
        return status, "application/x-amz-json-1.0", json.dumps(answer, default=encoded, separators=(",", ":")).encode()

    def _control(self, what: str, given: dict[str, Any]) -> Any:
        commands: dict[str, Callable[..., Any]] = {
            "tally": self._take_tally,
            "take": lambda queue: self._queues.waiting.pop(queue, []),
            "mails": self._take_mails,
            "letter": lambda queue, body: self._queues.letters.setdefault(queue, []).append(body),
            "keep": self._database.keep,
            "restore": self._restore,
            "items": self._database.items,
            "put": lambda table, items: self._database.put(table, decoded(items)),
            "grow": self._database.grow,
            "stored": self._database.stored,
        }
        return commands[what](**given)

    def _take_tally(self) -> Any:
        taken, self._tally = self._tally, Tally()
        return taken.as_json()

    def _take_mails(self) -> list[str]:
        taken, self._mails = self._mails, []
        return taken

    def _restore(self) -> None:
        self._database.restore()
        self._queues.restore()
        self._tally = Tally()


class Handler(BaseHTTPRequestHandler):
    """One connection, which its client keeps open as it does with AWS."""

    protocol_version = "HTTP/1.1"
    # An answer leaves in one piece: in two, the second would wait for the receipt of the first.
    wbufsize = -1
    disable_nagle_algorithm = True
    aws: Aws

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        status, kind, data = self.aws.answer(self.command, self.path, self.headers, body)
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.send_header("x-amzn-RequestId", str(uuid.uuid4()))
        self.send_header("x-amz-crc32", str(zlib.crc32(data)))
        self.end_headers()
        self.wfile.write(data)
        self.wfile.flush()

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = _answer  # noqa: N815 - the library's names

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


class Server(ThreadingHTTPServer):
    """The endpoint, on a free port of this machine."""

    daemon_threads = True

    def __init__(self, tables: Any) -> None:
        handler = type("Bound", (Handler,), {"aws": Aws(Database(tables))})
        super().__init__(("127.0.0.1", 0), handler)
