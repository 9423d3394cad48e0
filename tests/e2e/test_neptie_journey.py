"""A sales team's way through Neptie: register, import, rank, write, send, and see what came of it."""

from __future__ import annotations

from functools import partial
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.local_stack import LocalStack

pytestmark = pytest.mark.slow

LEADS = 200
SENT = 12


def test_a_team_goes_all_the_way(local_stack: LocalStack) -> None:  # noqa: PLR0915 - it is one way
    stack = local_stack
    token = ""

    def call(method: str, path: str, body: Any = None) -> Any:
        answer = stack.request(method, path, body, token=token)
        assert answer.status in (200, 201, 202), (path, answer.status, answer.body)
        return answer.json()

    person = {"email": "lee@journey.example.com", "password": "correct horse", "full_name": "Lee Journey"}
    token = call("POST", "/api/auth/register", person)["token"]

    titles = ["CEO", "Head of Sales", "Account Manager", "Engineer", None]
    rows = [
        {
            "full_name": f"Lead Number{'abcdefghij'[number % 10]}",
            "email": f"lead{number}@journey.example.com",
            "company": f"Company {number}" if number % 3 else None,
            "job_title": titles[number % 5],
            "industry": "Software" if number % 2 else "Retail",
        }
        for number in range(LEADS)
    ]
    imported = call("POST", "/v1/leads/import", rows)
    assert imported == {"added": LEADS, "updated": 0, "skipped": 0, "errors": []}

    leads: list[dict[str, Any]] = []
    for page in (1, 2):
        listed = call("GET", f"/v1/leads?limit=100&page={page}")
        assert listed["total"] == LEADS
        leads += listed["leads"]
    by_id = {lead["id"]: lead for lead in leads}

    criteria = {"industries": ["software"]}
    ranking = call("POST", "/v1/ai/rank-leads", {"lead_ids": list(by_id), "criteria": criteria})
    assert ranking["summary"]["total"] == LEADS
    best = [by_id[each["lead_id"]] for each in ranking["rankings"][:SENT]]
    assert {lead["industry"] for lead in best} == {"Software"}
    assert best[0]["job_title"] == "CEO"

    body = {"name": "Spring", "type": "email", "description": "Route planning that cuts empty miles"}
    campaign = call("POST", "/v1/campaigns", body)["campaign"]["id"]
    assert call("POST", f"/v1/campaigns/{campaign}/assign-leads", {"lead_ids": list(by_id)}) == {
        "assigned_count": LEADS
    }

    emails = {}
    for lead in best:
        asked = {"lead_id": lead["id"], "campaign_id": campaign}
        written = call("POST", "/v1/ai/generate-email", asked)
        assert written["confidence"] > 0.5
        mail = {name: written["email"][name] for name in ("subject", "content")}
        emails[lead["id"]] = call("POST", "/v1/email/send", {**asked, **mail})["email_id"]

    mails = [stack.wait_for(partial(stack.outbox, lead["email"]))[0] for lead in best]
    assert all("Lee Journey" in mail["text"] for mail in mails)

    def report(number: int, *kinds: str) -> None:
        for kind in kinds:
            told = {"provider_message_id": mails[number]["provider_message_id"], "type": kind}
            assert stack.request("POST", "/_local/feedback", told).status == 202

    bounced, opened, clicked, left = best[0], best[1], best[2], best[3]
    for number in range(1, SENT):
        report(number, "delivery")
    report(0, "bounce", "bounce")
    report(1, "open", "open")
    report(2, "open", "open", "click", "click")
    link = urlsplit(mails[3]["headers"]["List-Unsubscribe"].strip("<>")).path
    assert stack.request("POST", link, b"List-Unsubscribe=One-Click").status == 200

    expected = {
        "sent": SENT,
        "delivered": SENT - 1,
        "opened": 2,
        "clicked": 1,
        "replied": 0,
        "bounced": 1,
        "complained": 0,
        "unsubscribed": 1,
        "delivery_rate": 0.9167,
        "open_rate": 0.1818,
        "click_rate": 0.0909,
        "reply_rate": 0.0,
        "bounce_rate": 0.0833,
        "unsubscribe_rate": 0.0909,
        "leads_assigned": LEADS,
    }
    path = f"/v1/analytics/campaign-performance?campaign_id={campaign}&timeframe=7d"
    stack.wait_for(lambda: call("GET", path)["metrics"] == expected)
    trends = call("GET", path)["trends"]
    assert len(trends) == 7
    assert sum(row["opened"] for row in trends) == 2

    def status(lead: dict[str, Any]) -> str:
        return str(call("GET", f"/v1/leads/{lead['id']}")["lead"]["status"])

    stack.wait_for(lambda: status(bounced) == "bounced")
    assert [status(lead) for lead in (opened, clicked, left)] == ["contacted", "contacted", "unsubscribed"]
    assert call("GET", f"/v1/email/{emails[clicked['id']]}")["email"]["status"] == "clicked"

    for lead, reason in ((bounced, "Lead email address bounced"), (left, "Lead has unsubscribed")):
        again = {"lead_id": lead["id"], "campaign_id": campaign, "subject": "Again", "content": "Hello"}
        refused = stack.request("POST", "/v1/email/send", again, token=token)
        assert (refused.status, refused.json()["message"]) == (400, reason)
        assert len(stack.outbox(lead["email"])) == 1

    ranks = call("POST", "/v1/ai/rank-leads", {"lead_ids": [clicked["id"], bounced["id"]]})["rankings"]
    assert [(each["lead_id"], each["factors"][5]["value"]) for each in ranks] == [
        (clicked["id"], 0.8),
        (bounced["id"], 0.0),
    ]
    assert ranks[1]["score"] == 0
