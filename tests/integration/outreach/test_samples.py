"""The samples of Neptie's AI, e-mail and analytics are what they say: good ones succeed, bad ones are refused."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.infrastructure import stack
from tests.integration.outreach.test_emails import CAMPAIGN, Outreach
from tests.support import cloud as clouds
from tests.support import mailbox_servers

GOOD = {
    "rank_leads": 200,
    "generate_email": 200,
    "campaign_performance": 200,
    "send_email": 202,
    "get_email": 200,
    "list_email_accounts": 200,
    "add_email_account": 201,
}
BAD = {
    "rank_leads": (400, "lead_ids must have at least 1 items"),
    "generate_email": (400, "tone must be one of professional, casual"),
    "campaign_performance": (400, "campaign_id is required"),
    "send_email": (400, "subject is required"),
    "get_email": (404, "Email not found"),
    "list_email_accounts": (401, "Invalid token"),
    "add_email_account": (400, "provider must be one of gmail, outlook"),
}


@pytest.fixture(scope="module")
def world() -> Iterator[Outreach]:
    with clouds.running(in_memory=True) as cloud, mailbox_servers.running() as servers:
        cloud.forget()
        yield Outreach(cloud, servers)


def run(world: Outreach, function: str, kind: str) -> tuple[int, Any]:
    """Invoke a function with its sample, filled in with what the team has."""
    text = (stack.ROOT / "events" / "neptie" / function / f"{kind}.json").read_text(encoding="utf-8")
    lead = world.lead(f"{function}-{kind}@example.com")
    known = {"api_token": world.token, "lead_id": lead.id, "campaign_id": CAMPAIGN, "email_id": world.send(lead)}
    for name, value in known.items():
        text = text.replace("{{" + name + "}}", value)
    answer = world.cloud.invoke(f"neptie/{function}", json.loads(text))
    return answer["statusCode"], json.loads(answer["body"])


@pytest.mark.parametrize("function", sorted(GOOD))
def test_a_good_event_succeeds(world: Outreach, function: str) -> None:
    status, answer = run(world, function, "good")
    assert status == GOOD[function], answer


@pytest.mark.parametrize("function", sorted(BAD))
def test_a_bad_event_is_refused(world: Outreach, function: str) -> None:
    status, answer = run(world, function, "bad")
    assert (status, answer["message"]) == BAD[function]
