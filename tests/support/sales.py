"""A team that works with Neptie's functions, over the AWS of `tests.support.memory_cloud`."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from nereid.clock import SystemClock
from nereid.core.outreach.leads import import_leads
from nereid.runtime import Runtime
from nereid.settings import Settings
from tests.support.cloud import World, record
from tests.support.memory_cloud import MemoryCloud

#: Most rows of one import, and of all imports of an hour.
_AT_ONCE = 1000


class Sales:
    """A team whose clock stands still until it is put on or somebody sleeps, so that its functions stay warm."""

    def __init__(self, cloud: MemoryCloud, monkeypatch: pytest.MonkeyPatch) -> None:
        self.cloud = cloud
        self.now = datetime(2026, 1, 31, 9, tzinfo=UTC)
        monkeypatch.setattr(SystemClock, "now", lambda _: self.now)
        # A function that waits for a moment of this clock would never see it come.
        monkeypatch.setattr(time, "sleep", self._sleep)
        self.world = World(cloud)
        self.token = self.world.token
        #: The address that requests come from.
        self.source = "192.0.2.1"
        self.mails = cloud.ses.sent
        self.runtime = Runtime()
        self.runtime.__dict__["settings"] = Settings.model_validate(
            {**self.world.runtime.settings.model_dump(), "outreach_table": "OutreachTable"}
        )

    @property
    def team_id(self) -> str:
        """The team's id."""
        return self.world.team_id

    def _sleep(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    def next_hour(self) -> None:
        """Let the hour of every rate limit end."""
        self.now += timedelta(hours=1)

    def call(
        self, function: str, body: Any = None, query: Any = None, headers: dict[str, str] | None = None, **params: str
    ) -> Any:
        """Run a function warm with a request; return the parsed answer."""
        event = {
            "routeKey": function,
            "rawPath": f"/api/{function}",
            "headers": {"authorization": f"Bearer {self.token}", **(headers or {})},
            "requestContext": {"http": {"method": "POST", "sourceIp": self.source}},
            "body": json.dumps(body) if body is not None else "",
            "queryStringParameters": query,
            "pathParameters": params,
        }
        api = "public" if function == "unsubscribe" else "neptie"
        answer = self.cloud.warm(f"{api}/{function}", event)
        assert answer["statusCode"] < 300, answer
        return json.loads(answer["body"]) if api == "neptie" else answer["body"]

    def leads(self, count: int, **fields: str) -> list[str]:
        """Make leads in batches of 1000; return their ids, in order."""
        emails = [f"{uuid.uuid4().hex}@example.com" for _ in range(count)]
        rows = [{"full_name": "P", "email": email, "industry": "Farming", **fields} for email in emails]
        for first in range(0, count, _AT_ONCE):
            import_leads(self.runtime.leads, self.runtime.clock, self.team_id, rows[first : first + _AT_ONCE])
            self.now += timedelta(seconds=1)
        made = self.runtime.leads.by_emails(self.team_id, emails)
        return [made[email].id for email in emails]

    def campaign(self) -> str:
        """Make a campaign; return its id."""
        return str(self.call("create_campaign", {"name": "Spring", "type": "email"})["campaign"]["id"])

    def send(self, campaign_id: str, lead_id: str, headers: dict[str, str] | None = None, **fields: Any) -> str:
        """Send an e-mail; return its id."""
        mail = {"campaign_id": campaign_id, "lead_id": lead_id, "subject": "Hello", "content": "Dear P", **fields}
        return str(self.call("send_email", mail, headers=headers)["email_id"])

    def deliver(self) -> None:
        """Work the queues off, as SQS may do it: every tenth batch is handed over twice."""
        for queue in ("message", "email"):
            records = self.cloud.receive(queue)
            assert self.cloud.hand_over(queue, [*records, *_tenth(records)]) == []

    def report(self, kind: str, mails: Sequence[dict[str, Any]], **more: Any) -> None:
        """Let SES report something about mails, some of it twice."""
        tags = [{tag["Name"]: [tag["Value"]] for tag in mail["EmailTags"]} for mail in mails]
        details = [{"detail": {"eventType": kind, "mail": {"tags": each}, **more}} for each in tags]
        reports = [record("email", json.dumps(detail)) for detail in details]
        answer = self.cloud.warm("pipeline/record_feedback", {"Records": [*reports, *_tenth(reports)]})
        assert answer == {"batchItemFailures": []}


def _tenth(records: Sequence[Any]) -> list[Any]:
    """Return every tenth ten of many; of fewer than eleven none."""
    return [each for number, each in enumerate(records) if number // 10 % 10 == 1]
