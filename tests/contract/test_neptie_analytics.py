"""A campaign's performance, over HTTP."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.contract.neptie_client import FORBIDDEN, NO_CAMPAIGN, PREFIXES, REQUIRED, Neptie, invalid
from tests.contract.outreach import NOWHERE, Team
from tests.local_stack import Stack

PATH = "analytics/campaign-performance"
COLUMNS = ("sent", "delivered", "opened", "clicked", "bounced", "unsubscribed")


@pytest.fixture(scope="module")
def team(local_stack: Stack) -> Team:
    return Team(Neptie(local_stack).newcomer())


@pytest.mark.parametrize(("timeframe", "days"), [("7d", 7), ("30d", 30), ("90d", 90), (None, 30), ("", 30)])
def test_a_campaign_without_mails_has_zeros_for_each_day(team: Team, timeframe: str | None, days: int) -> None:
    query = "" if timeframe is None else f"&timeframe={timeframe}"
    answer = team.neptie.ok("GET", f"{PATH}?campaign_id={team.campaign()}{query}")
    today = datetime.now(UTC).date()
    assert set(answer["metrics"].values()) == {0}
    assert len(answer["trends"]) == days
    assert answer["trends"][-1]["date"] in (today.isoformat(), (today - timedelta(days=1)).isoformat())
    dates = [date.fromisoformat(row["date"]) for row in answer["trends"]]
    assert dates == [dates[0] + timedelta(days=number) for number in range(days)]


@pytest.mark.slow
def test_the_numbers_are_exact_though_everything_is_reported_twice(team: Team) -> None:
    campaign = team.campaign()
    leads = [team.lead() for _ in range(4)]
    team.neptie.ok("POST", f"campaigns/{campaign}/assign-leads", {"lead_ids": [lead["id"] for lead in leads]})
    emails = [team.send(lead, campaign) for lead in leads]
    mails = [team.mail(lead) for lead in leads]
    reports = [
        ["delivery", "open", "open", "click"],
        ["delivery", "open", "delivery"],
        ["delivery", "complaint", "complaint"],
        ["bounce", "bounce"],
    ]
    for mail, kinds in zip(mails, reports, strict=True):
        for kind in [*kinds, *kinds]:
            team.report(mail, kind)
    path = urlsplit(mails[1]["headers"]["List-Unsubscribe"].strip("<>")).path
    for _ in range(2):
        team.stack.request("POST", path)
    for email_id, status in zip(emails, ["clicked", "opened", "complained", "bounced"], strict=True):
        team.wait(email_id, status)
    expected = {
        "sent": 4,
        "delivered": 3,
        "opened": 2,
        "clicked": 1,
        "replied": 0,
        "bounced": 1,
        "complained": 1,
        "unsubscribed": 1,
        "delivery_rate": 0.75,
        "open_rate": 0.6667,
        "click_rate": 0.3333,
        "reply_rate": 0.0,
        "bounce_rate": 0.25,
        "unsubscribe_rate": 0.3333,
        "leads_assigned": 4,
    }
    team.stack.wait_for(lambda: team.performance(campaign)["metrics"] == expected)
    answer = team.performance(campaign)
    for column in COLUMNS:
        assert sum(row[column] for row in answer["trends"]) == expected[column]
    assert sorted(answer["trends"][0]) == sorted(["date", *COLUMNS])


@pytest.mark.slow
def test_a_lead_unsubscribes_from_a_campaign_once_however_many_of_its_mails_it_does_so_with(team: Team) -> None:
    campaign, other, lead = team.campaign(), team.campaign(), team.lead()
    for each in (campaign, campaign, other):
        team.send(lead, each)
    mails = team.stack.wait_for(lambda: [mails for mails in [team.stack.outbox(lead["email"])] if len(mails) == 3])[0]
    for mail in mails * 2:
        path = urlsplit(mail["headers"]["List-Unsubscribe"].strip("<>")).path
        assert team.stack.request("POST", path).status == 200
    for each, sent in ((campaign, 2), (other, 1)):
        answer = team.performance(each)
        assert (answer["metrics"]["sent"], answer["metrics"]["unsubscribed"]) == (sent, 1)
        assert sum(row["unsubscribed"] for row in answer["trends"]) == 1


def test_a_mail_that_never_left_is_not_counted(team: Team) -> None:
    campaign, lead = team.campaign(), team.lead()
    first = team.send(lead, campaign)
    team.report(team.mail(lead), "bounce")
    team.wait(first, "bounced")
    assert team.neptie.call("POST", "email/send", {})[0] == 400
    assert team.performance(campaign)["metrics"]["sent"] == 1


@pytest.mark.parametrize(
    ("query", "errors"),
    [
        ("", {"campaign_id": "is required"}),
        ("campaign_id=", {"campaign_id": "is required"}),
        (f"campaign_id={NOWHERE}&timeframe=1d", {"timeframe": "must be one of 7d, 30d, 90d"}),
    ],
)
def test_a_wrong_query_names_the_field(team: Team, query: str, errors: dict[str, Any]) -> None:
    assert team.neptie.call("GET", f"{PATH}?{query}") == invalid(**errors)


@pytest.mark.parametrize("campaign", [NOWHERE, "nothing", "x" * 3000])
def test_an_unknown_campaign_is_not_found(team: Team, campaign: str) -> None:
    assert team.neptie.call("GET", f"{PATH}?campaign_id={campaign}") == NO_CAMPAIGN


def test_another_teams_campaign_is_not_found(team: Team, local_stack: Stack) -> None:
    other = Neptie(local_stack).newcomer()
    assert other.call("GET", f"{PATH}?campaign_id={team.campaign()}") == NO_CAMPAIGN


def test_analytics_is_under_all_three_prefixes(team: Team) -> None:
    campaign = team.campaign()
    answers = [team.neptie.ok("GET", f"{prefix}/{PATH}?campaign_id={campaign}") for prefix in PREFIXES]
    assert answers[0] == answers[1] == answers[2]


def test_analytics_needs_its_scope(team: Team, local_stack: Stack) -> None:
    assert Neptie(local_stack).call("GET", PATH) == REQUIRED
    wanted = {"name": "limited", "permissions": ["read:campaigns", "read:leads"], "default_environment": "dev"}
    token = team.stack.request("POST", "/manage/api_tokens", wanted, token=team.neptie.token).json()["token"]
    assert Neptie(local_stack, token).call("GET", PATH) == FORBIDDEN
