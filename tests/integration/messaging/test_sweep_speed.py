"""How many messages the sweeper looks at per second of CPU: `pytest -s` prints it, docs/adr/0021 reckons with it."""

from __future__ import annotations

import json
import multiprocessing
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace
from typing import Any

import pytest

from local_stack.aws.memory_dynamodb import MemoryDynamoDB
from nereid.aws.clients import Clients
from nereid.aws.messaging.deliveries import DynamoDeliveryStore
from nereid.aws.messaging.messages import DynamoMessageStore
from nereid.aws.messaging.sweep_state import DynamoSweepState
from nereid.aws.table import Table
from nereid.core.messaging.configured import Configured
from nereid.core.messaging.process_message import make_plan
from nereid.core.messaging.sweep import Sweeper
from nereid.models.delivery import DeliveryJob, Plan
from nereid.models.event_type import EventType
from nereid.models.message import Message
from nereid.models.team import Channels, Environment, Scope
from nereid.ports.messaging import Outcome
from tests.support.cloud import tables
from tests.support.notifications import MAIL
from tests.unit.aws.http.function import enter

MESSAGES = 10_000
#: The CPU time that a run may take for a thousand messages, in seconds, with twice the time for a machine that is busy.
#: The decision has the measured time, and what it is good for.
MOST_SECONDS_PER_THOUSAND = 0.12
NOW = datetime(2026, 1, 31, 9, 30, tzinfo=UTC)
SCOPE = Scope("3f0c8e2a-5d1b-4b7e-9a54-0d6f2f6f3c11", "production")


def filled() -> MemoryDynamoDB:
    """Return a DynamoDB with messages that arrived an hour ago, each with an e-mail that was sent."""
    dynamodb = MemoryDynamoDB(tables())
    clients: Any = SimpleNamespace(dynamodb=dynamodb)
    table = Table(clients, "ActivityTable")
    messages, deliveries = DynamoMessageStore(table, 1000), DynamoDeliveryStore(table, 1000)
    environment = Environment(
        team_id=SCOPE.team_id, identifier=SCOPE.environment, name="x", channels=Channels(), created_at=NOW
    )
    event_type = EventType.model_validate(
        {"event_type": "login", "environment": "x", "notifications": [MAIL], "created_at": NOW, "updated_at": NOW}
    )
    notified = Configured({each.name: each for each in event_type.notifications})
    announced: list[tuple[Message, Plan]] = []
    for number in range(MESSAGES):
        at = NOW - timedelta(hours=1) + timedelta(milliseconds=number)
        contacts: Any = [{"type": "email", "value": f"somebody{number}@example.com"}]
        message = Message(
            message_id=f"0b1e7c52-41a9-4b6c-8d1f-{number:012}",
            event_type="login",
            source="neptune",
            data={"otp": 123456},
            contact_infos=contacts,
            received_at=at,
        )
        plan = make_plan(environment, notified, message, None, at)
        announced.append((message, plan))
        messages.add(SCOPE, message, plan)
        if len(announced) == 10:
            messages.announce(SCOPE, announced, at)
            announced = []
        [planned] = plan.deliveries(SCOPE, message.message_id)
        job = DeliveryJob.model_validate(
            {
                "team_id": SCOPE.team_id,
                "environment": SCOPE.environment,
                "mock": False,
                "channels": {},
                "delivery_id": planned.id,
                "recipient": contacts[0],
                "notification": MAIL,
                "message_id": message.message_id,
                "message": None,
                "planned_at": at,
            }
        )
        deliveries.claim(job, "token", at, at + timedelta(minutes=1))
        deliveries.record(SCOPE, planned.id, "token", Outcome("success", None, "0100018d-7d0b-4a56"), at)
    return dynamodb


@contextmanager
def served(dynamodb: MemoryDynamoDB) -> Iterator[str]:
    """Answer calls over HTTP from a process of its own, whose CPU time is not the sweeper's; give its URL."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            operation = self.headers["X-Amz-Target"].rpartition(".")[2]
            given = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            name = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in operation).strip("_")
            body = json.dumps(getattr(dynamodb, name)(**given)).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/x-amz-json-1.0")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_given: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    process = multiprocessing.get_context("fork").Process(target=server.serve_forever, daemon=True)
    process.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        process.terminate()
        process.join()
        server.server_close()


@pytest.mark.slow
def test_a_thousand_messages_take_so_much_cpu_time(monkeypatch: pytest.MonkeyPatch) -> None:
    with served(filled()) as url:
        enter(monkeypatch, AWS_ENDPOINT_URL=url)
        clients = Clients()
        table = Table(clients, "ActivityTable")
        unused: Any = None
        sweeper = Sweeper(
            tenants=SimpleNamespace(scopes=lambda: iter([SCOPE])),
            messages=DynamoMessageStore(table),
            deliveries=DynamoDeliveryStore(table),
            state=DynamoSweepState(table),
            queue=unused,
            depths=unused,
            closures=unused,
            clock=SimpleNamespace(now=lambda: NOW),
        )
        table.get("warm", "up")
        began, cpu = time.monotonic(), time.process_time()
        done = sweeper.sweep(lambda: True)
        cpu, wall = time.process_time() - cpu, time.monotonic() - began
    assert (done.messages, done.repaired, done.failed) == (MESSAGES, 0, [])
    clients.dynamodb.close()
    per_thousand = cpu / MESSAGES * 1000
    figures = f"{per_thousand:.4f} s of CPU per 1,000 messages; {wall:.1f} s for all, with the stand-in for DynamoDB"
    print(f"\n{figures}")  # noqa: T201 - what the test is for
    assert per_thousand < MOST_SECONDS_PER_THOUSAND
