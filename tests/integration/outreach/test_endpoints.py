"""Neptie's functions: what they make of their samples, and of a store that fails."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest

from nereid.core.access.accounts import NewAccount
from nereid.core.access.teams import create_team
from nereid.models.lead import LeadFilter
from tests.infrastructure import stack
from tests.support.cloud import SECRET, Cloud
from tests.support.neptie import Team

SAMPLES = stack.ROOT / "events" / "neptie"
PASSWORD = "correct horse"
#: Run by test_outreach_samples.
OUTREACH = {
    "add_email_account",
    "campaign_performance",
    "generate_email",
    "get_email",
    "list_email_accounts",
    "rank_leads",
    "send_email",
}
FUNCTIONS = sorted(path.name for path in (stack.ROOT / "functions" / "neptie").iterdir() if path.name not in OUTREACH)


class World:
    """A team with an account, leads and a campaign."""

    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud
        self.email = f"{uuid.uuid4().hex}@example.com"
        accounts = Team(cloud)
        admin = NewAccount(self.email, PASSWORD, "Sam")
        made = create_team(accounts.runtime.account_store, accounts.clock, SECRET, "Team", "dev", admin)
        self.api_token = made.token
        self.team = Team(cloud, made.team.id)
        self.lead_id = self.team.lead(industry="Software").id
        self.campaign_id = self.team.campaign().id
        logged_in = self.team.runtime.accounts.log_in(self.email, PASSWORD, "192.0.2.9")
        self.account_token, self.refresh_token = logged_in.token, logged_in.refresh_token

    def sample(self, function: str, kind: str) -> dict[str, Any]:
        """Return a sample with what it refers to filled in."""
        text = (SAMPLES / function / f"{kind}.json").read_text(encoding="utf-8")
        values = {
            "api_token": self.api_token,
            "email": self.email,
            "password": PASSWORD,
            "refresh_token": self.refresh_token,
            "account_token": self.account_token,
            "lead_id": self.lead_id,
            "campaign_id": self.campaign_id,
        }
        for name, value in values.items():
            text = text.replace("{{" + name + "}}", value)
        event: dict[str, Any] = json.loads(text)
        return event


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_good_sample_succeeds_and_a_bad_one_is_refused(cloud: Cloud, function: str) -> None:
    world = World(cloud)
    bad = cloud.invoke(f"neptie/{function}", world.sample(function, "bad"))
    assert 400 <= bad["statusCode"] < 500, bad
    assert "message" in json.loads(bad["body"])
    good = cloud.invoke(f"neptie/{function}", world.sample(function, "good"))
    assert good["statusCode"] in (200, 201), good
    assert good["headers"]["X-RateLimit-Limit"] == "1000"


def test_a_store_that_does_not_take_a_write_is_a_503_and_nothing_is_there(cloud: Cloud) -> None:
    world = World(cloud)
    cloud.fail("dynamodb:TransactWriteItems", *[("InternalServerError", 500)] * 3)
    answer = cloud.invoke("neptie/create_lead", world.sample("create_lead", "good"))
    assert (answer["statusCode"], json.loads(answer["body"])) == (503, {"message": "Service unavailable"})
    assert answer["headers"]["Retry-After"] == "5"
    assert answer["headers"]["X-RateLimit-Remaining"] == "999"
    assert world.team.leads.page(world.team.id, LeadFilter(), 1, 10)[1] == 1


def test_a_counter_that_does_not_answer_is_a_503_that_says_that_nothing_remains(cloud: Cloud) -> None:
    world = World(cloud)
    cloud.fail("dynamodb:UpdateItem", *[("InternalServerError", 500)] * 3)
    answer = cloud.invoke("neptie/list_leads", world.sample("list_leads", "good"))
    assert answer["statusCode"] == 503
    assert answer["headers"]["X-RateLimit-Limit"] == "1000"


def test_a_bug_is_a_500_that_tells_nothing(cloud: Cloud) -> None:
    world = World(cloud)
    cloud.fail("dynamodb:Query", ("ValidationException", 400))
    answer = cloud.invoke("neptie/list_leads", world.sample("list_leads", "good"))
    assert (answer["statusCode"], json.loads(answer["body"])) == (500, {"message": "Internal server error"})
    assert answer["headers"]["X-RateLimit-Remaining"] == "999"
