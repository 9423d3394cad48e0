"""A campaign of ten thousand leads: everybody gets one mail, the counts are exact, and no key is hot."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from nereid.clock import SystemClock
from nereid.models.lead import LeadFilter
from nereid.runtime import Runtime
from nereid.settings import Settings
from tests.support import memory_cloud
from tests.support.cloud import World, record
from tests.support.memory_cloud import MemoryCloud

LEADS = 10_000
#: How many of them have their mail reported as delivered.
REPORTED = LEADS // 10
#: Write units that DynamoDB takes each second on one partition key, and what it may be asked for: docs/apis/neptie.md.
PARTITION = 1_000
MAILS_PER_SECOND = 500


class Sales:
    """A team that works with the functions, as fast as its limits allow: the clock goes on with each full hour."""

    def __init__(self, cloud: MemoryCloud, monkeypatch: pytest.MonkeyPatch) -> None:
        self.cloud = cloud
        self.now = datetime(2026, 1, 31, 9, tzinfo=UTC)
        monkeypatch.setattr(SystemClock, "now", lambda _: self.now)
        self.world = World(cloud)
        self.mails = cloud.ses.sent

    def next_hour(self) -> None:
        self.now += timedelta(hours=1)

    def call(self, function: str, body: Any = None, query: Any = None, **params: str) -> Any:
        """Run a function warm; return the parsed answer."""
        event = {
            "routeKey": function,
            "rawPath": f"/api/{function}",
            "headers": {"authorization": f"Bearer {self.world.token}"},
            "requestContext": {"http": {"method": "POST", "sourceIp": "192.0.2.1"}},
            "body": json.dumps(body) if body is not None else "",
            "queryStringParameters": query,
            "pathParameters": params,
        }
        answer = self.cloud.warm(f"neptie/{function}", event)
        assert answer["statusCode"] < 300, answer
        return json.loads(answer["body"])

    def total(self, status: str) -> int:
        """Return how many leads have a status."""
        return int(self.call("list_leads", query={"status": status})["total"])

    def import_leads(self) -> list[str]:
        """Make the leads; return their ids."""
        rows = [{"full_name": "P", "email": f"p{number}@example.com", "industry": "Farming"} for number in range(LEADS)]
        for first in range(0, LEADS, 1000):
            assert self.call("import_leads", rows[first : first + 1000])["added"] == 1000
            self.next_hour()
        runtime = Runtime()
        runtime.__dict__["settings"] = Settings(outreach_table="OutreachTable")
        return [lead.id for lead in runtime.leads.page(self.world.team_id, LeadFilter(), 1, LEADS)[0]]

    def deliver(self) -> None:
        """Work the queues off, as SQS may do it: every tenth batch is handed over twice."""
        for queue in ("message", "email"):
            records = self.cloud.receive(queue)
            assert self.cloud.hand_over(queue, [*records, *_tenth(records)]) == []

    def report(self, kind: str, mails: list[dict[str, Any]]) -> None:
        """Let SES report something about mails."""
        tags = [{tag["Name"]: [tag["Value"]] for tag in mail["EmailTags"]} for mail in mails]
        details = [{"detail": {"eventType": kind, "mail": {"tags": each}}} for each in tags]
        reports = [record("email", json.dumps(detail)) for detail in details]
        answer = self.cloud.warm("pipeline/record_feedback", {"Records": [*reports, *_tenth(reports)]})
        assert answer == {"batchItemFailures": []}


def _tenth(records: list[Any]) -> list[Any]:
    return [each for number, each in enumerate(records) if number // 10 % 10 == 0]


@pytest.fixture
def sales(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sales]:
    with memory_cloud.running(monkeypatch) as cloud:
        yield Sales(cloud, monkeypatch)


@pytest.mark.no_cover  # which would double its time; what it runs is run by others too
def test_ten_thousand_leads_are_each_mailed_once_and_no_key_is_hot(sales: Sales) -> None:
    ids = sales.import_leads()
    assert len(set(ids)) == LEADS
    campaign_id = sales.call("create_campaign", {"name": "Spring", "type": "email"})["campaign"]["id"]
    sales.cloud.dynamodb.forget()
    for first in range(0, LEADS, 1000):
        chosen = {"lead_ids": ids[first : first + 1000]}
        assert sales.call("assign_leads", chosen, id=campaign_id) == {"assigned_count": 1000}
        assert sales.call("assign_leads", chosen, id=campaign_id) == {"assigned_count": 0}
    mail = {"campaign_id": campaign_id, "subject": "Hello", "content": "Dear P"}
    email_ids = set()
    for first in range(0, LEADS, 500):
        sales.next_hour()
        for lead_id in ids[first : first + 500]:
            email_ids.add(sales.call("send_email", {**mail, "lead_id": lead_id})["email_id"])
        sales.deliver()
    sales.report("Delivery", sales.mails[:REPORTED])

    everybody = [f"p{number}@example.com" for number in range(LEADS)]
    mailed = Counter(address for sent in sales.mails for address in sent["Destination"]["ToAddresses"])
    assert mailed == Counter(everybody)
    assert len(email_ids) == LEADS
    assert (sales.total("new"), sales.total("contacted")) == (0, LEADS)
    shown = sales.call("campaign_performance", query={"campaign_id": campaign_id, "timeframe": "7d"})
    assert shown["metrics"]["leads_assigned"] == LEADS
    assert (shown["metrics"]["sent"], shown["metrics"]["delivered"]) == (LEADS, REPORTED)
    assert sum(day["sent"] for day in shown["trends"]) == LEADS

    busiest, units = sales.cloud.dynamodb.written.most_common(1)[0]
    assert units / LEADS * MAILS_PER_SECOND <= PARTITION, busiest
    # What many mails share is spread over items, too, so that transactions seldom meet.
    item, units = sales.cloud.dynamodb.written_to.most_common(1)[0]
    assert units <= LEADS / 3, item
