"""The functions in this process, over an AWS in memory: for tests of ten thousand calls, which moto is too slow for.

Only what e-mails to leads need is there: tables, queues, SES, KMS and the signing secret.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import pytest

from nereid.runtime import runtime
from nereid.settings import settings
from tests.infrastructure import stack
from tests.support.cloud import QUEUES, REGION, SECRET, Cloud, accepted, record
from tests.support.metered_dynamodb import MeteredDynamoDB


class _Queues:
    """SQS that takes everything."""

    def __init__(self) -> None:
        self.waiting: dict[str, list[str]] = {}

    def send_message(self, **request: Any) -> Any:
        self.waiting.setdefault(request["QueueUrl"], []).append(request["MessageBody"])
        return {"MessageId": str(uuid.uuid4())}

    def send_message_batch(self, **request: Any) -> Any:
        bodies = [entry["MessageBody"] for entry in request["Entries"]]
        self.waiting.setdefault(request["QueueUrl"], []).extend(bodies)
        return accepted(request)


class _Mails:
    """SES that takes everything, and keeps it."""

    def __init__(self) -> None:
        self.sent: list[dict[str, Any]] = []

    def send_email(self, **request: Any) -> Any:
        self.sent.append(request)
        return {"MessageId": f"ses-{len(self.sent)}"}


class _Keys:
    """KMS that opens what it sealed for the same context."""

    def encrypt(self, **request: Any) -> Any:
        return {"CiphertextBlob": _context(request) + request["Plaintext"][::-1]}

    def decrypt(self, **request: Any) -> Any:
        context, sealed = _context(request), request["CiphertextBlob"]
        assert sealed.startswith(context)
        return {"Plaintext": sealed.removeprefix(context)[::-1]}


def _context(request: dict[str, Any]) -> bytes:
    # As much longer as KMS makes what it seals.
    return repr(request["EncryptionContext"]).encode().ljust(150)


class MemoryCloud(Cloud):
    """AWS in memory, as far as the functions see it."""

    def __init__(self) -> None:
        tables = {name: table["Properties"] for name, table in stack.of_type("AWS::DynamoDB::Table").items()}
        super().__init__(
            queues={channel: f"memory:{channel}" for channel in QUEUES},
            dead={channel: f"memory:{channel}-dead" for channel in QUEUES},
        )
        self.parameters = {"EmailAccountKey": "key"}
        self.dynamodb = MeteredDynamoDB(tables)
        self.sqs = _Queues()
        self.ses = _Mails()
        self.kms = _Keys()
        self.secrets = SimpleNamespace(get_secret_value=lambda **_: {"SecretString": SECRET})

    def client(self, service: str) -> Any:
        """There is none to be had: nothing may reach beyond the memory."""
        raise NotImplementedError(service)

    def receive(self, queue: str) -> list[dict[str, Any]]:
        """Take everything that waits in a queue."""
        bodies = self.sqs.waiting.pop(self.queues[queue], [])
        return [record(queue, body) for body in bodies]

    def _delete(self, queue: str, handles: set[str]) -> None:
        """Do nothing: what was received is off its queue."""


@contextmanager
def running(monkeypatch: pytest.MonkeyPatch) -> Iterator[MemoryCloud]:
    """Make a cloud with nothing in it, which every function uses."""
    before = dict(os.environ)
    os.environ.update(AWS_DEFAULT_REGION=REGION, POWERTOOLS_DEV="false")
    cloud = MemoryCloud()
    monkeypatch.setattr("nereid.aws.clients.Clients", lambda: cloud)
    try:
        yield cloud
    finally:
        os.environ.clear()
        os.environ.update(before)
        settings.cache_clear()
        runtime.__dict__.clear()
