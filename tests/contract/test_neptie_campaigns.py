"""Campaigns of the Neptie API: list, create, read, change, assign leads."""

from __future__ import annotations

import re
import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.contract.neptie_client import NO_CAMPAIGN, NOT_AN_OBJECT, NOT_JSON, Neptie, invalid

IN_PROCESS = True

MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
STATUSES = "draft, active, paused, completed"
TYPES = "email, voice, mixed"
SOME_ID = "5b1c9c0e-58a2-4b5e-9f1e-0a4f2b8d7c11"


def ids(sales: Neptie, query: str = "") -> list[str]:
    """List campaigns; return their ids."""
    return [campaign["id"] for campaign in sales.ok("GET", f"campaigns?{query}")["campaigns"]]


def test_a_campaign_that_is_created_is_a_draft(sales: Neptie) -> None:
    body = {"name": " Spring ", "type": "email", "status": "active", "target_audience": {"industry": "Software"}}
    status, answer = sales.call("POST", "campaigns", body)
    assert status == 201
    campaign = answer["campaign"]
    assert uuid.UUID(campaign.pop("id")).version == 4
    assert MOMENT.fullmatch(campaign["created_at"])
    assert campaign.pop("created_at") == campaign.pop("updated_at")
    assert campaign == {
        "name": "Spring",
        "description": None,
        "type": "email",
        "status": "draft",
        "target_audience": {"industry": "Software"},
    }


@pytest.mark.parametrize("type_", ["email", "voice", "mixed"])
def test_every_type_is_kept(sales: Neptie, type_: str) -> None:
    assert sales.campaign(type=type_)["type"] == type_


@pytest.mark.parametrize(
    ("given", "kept"), [(None, None), ([], {}), ({}, {}), ({"a": [1, 2.50, None]}, {"a": [1, 2.5, None]})]
)
def test_a_target_audience_is_any_object_or_null(sales: Neptie, given: Any, kept: Any) -> None:
    campaign = sales.campaign(target_audience=given)
    assert campaign["target_audience"] == kept
    assert sales.ok("GET", f"campaigns/{campaign['id']}")["campaign"] == campaign


def test_names_need_not_be_unique(sales: Neptie) -> None:
    assert sales.campaign(name="Spring")["id"] != sales.campaign(name="Spring")["id"]


@pytest.mark.parametrize(
    ("fields", "errors"),
    [
        ({"name": None}, {"name": "is required"}),
        ({"name": "x" * 201}, {"name": "must be at most 200 characters"}),
        ({"type": None}, {"type": "is required"}),
        ({"type": "sms"}, {"type": f"must be one of {TYPES}"}),
        ({"type": ["email"]}, {"type": "must be a string"}),
        ({"description": 1}, {"description": "must be a string"}),
        ({"description": "x" * 2001}, {"description": "must be at most 2000 characters"}),
        ({"target_audience": "all"}, {"target_audience": "must be an object"}),
        ({"target_audience": [1]}, {"target_audience": "must be an object"}),
        ({"target_audience": {"a": "x" * 20000}}, {"target_audience": "must be at most 16384 characters as JSON"}),
        ({"name": " ", "type": ""}, {"name": "is required", "type": "is required"}),
    ],
)
def test_a_campaign_that_breaks_a_rule_names_the_field(
    sales: Neptie, fields: dict[str, Any], errors: dict[str, str]
) -> None:
    assert sales.call("POST", "campaigns", {"name": "Spring", "type": "email", **fields}) == invalid(**errors)


@pytest.mark.parametrize("path", ["campaigns", f"campaigns/{SOME_ID}/assign-leads"])
def test_a_body_that_is_no_json_object_is_refused(sales: Neptie, path: str) -> None:
    assert sales.call("POST", path, b"{") == NOT_JSON
    assert sales.call("POST", path, b"[1]") == NOT_AN_OBJECT


def test_campaigns_are_listed_newest_first_and_filtered(sales: Neptie) -> None:
    one = sales.campaign(type="email")["id"]
    two = sales.campaign(type="voice")["id"]
    three = sales.campaign(type="email")["id"]
    sales.ok("PUT", f"campaigns/{one}", {"status": "active"})
    assert ids(sales) == [three, two, one]
    assert ids(sales, "status=&type=") == [three, two, one]
    assert ids(sales, "type=email") == [three, one]
    assert ids(sales, "status=draft") == [three, two]
    assert ids(sales, "status=active&type=email") == [one]
    assert ids(sales, "status=completed") == []
    assert ids(sales.newcomer()) == []


@pytest.mark.parametrize(
    ("query", "errors"),
    [
        ("status=lost", {"status": f"must be one of {STATUSES}"}),
        ("type=sms", {"type": f"must be one of {TYPES}"}),
    ],
)
def test_a_query_that_breaks_a_rule_names_the_value(sales: Neptie, query: str, errors: dict[str, str]) -> None:
    assert sales.call("GET", f"campaigns?{query}") == invalid(**errors)


def test_an_update_changes_what_it_names_and_nothing_else(sales: Neptie) -> None:
    campaign = sales.campaign(description="Old", target_audience={"a": 1})
    path = f"campaigns/{campaign['id']}"
    body = {"name": "Summer", "type": "voice", "target_audience": {}}
    changed = sales.ok("PUT", path, body)["campaign"]
    assert changed == {**campaign, "name": "Summer", "updated_at": changed["updated_at"]}
    assert sales.ok("PUT", path, {"description": None})["campaign"]["description"] is None
    assert sales.call("PUT", path, b"")[0] == 200


def test_a_campaign_takes_any_status_from_any_other(sales: Neptie) -> None:
    path = f"campaigns/{sales.campaign()['id']}"
    for status in ("completed", "draft", "paused", "active", "draft"):
        assert sales.ok("PUT", path, {"status": status})["campaign"]["status"] == status


@pytest.mark.parametrize(
    ("fields", "errors"),
    [
        ({"name": None}, {"name": "is required"}),
        ({"status": None}, {"status": "is required"}),
        ({"status": "lost"}, {"status": f"must be one of {STATUSES}"}),
        ({"description": []}, {"description": "must be a string"}),
    ],
)
def test_an_update_that_breaks_a_rule_names_the_field(
    sales: Neptie, fields: dict[str, Any], errors: dict[str, str]
) -> None:
    assert sales.call("PUT", f"campaigns/{sales.campaign()['id']}", fields) == invalid(**errors)


@pytest.mark.parametrize(
    ("method", "rest", "body"),
    [("GET", "", None), ("PUT", "", {}), ("POST", "/assign-leads", {"lead_ids": [SOME_ID]})],
)
def test_what_is_no_campaign_of_the_team_is_not_found(sales: Neptie, method: str, rest: str, body: Any) -> None:
    of_another = sales.newcomer().campaign()["id"]
    for campaign_id in (str(uuid.uuid4()), "x", of_another):
        assert sales.call(method, f"campaigns/{campaign_id}{rest}", body) == NO_CAMPAIGN


def assign(sales: Neptie, campaign_id: str, lead_ids: Any) -> tuple[int, Any]:
    """Assign leads to a campaign."""
    return sales.call("POST", f"campaigns/{campaign_id}/assign-leads", {"lead_ids": lead_ids})


def assigned(count: int) -> tuple[int, Any]:
    """Return the answer when so many leads are newly assigned."""
    return 200, {"assigned_count": count}


def test_assigning_counts_the_newly_assigned_only(sales: Neptie) -> None:
    campaign, other = sales.campaign()["id"], sales.campaign()["id"]
    one, two, three = (sales.lead()["id"] for _ in range(3))
    assert assign(sales, campaign, [one, two, one, one.upper()]) == assigned(2)
    assert assign(sales, campaign, [one, two]) == assigned(0)
    assert assign(sales, campaign, [one, three]) == assigned(1)
    assert assign(sales, other, [one]) == assigned(1)


def test_an_unknown_lead_is_named_and_nothing_is_assigned(sales: Neptie) -> None:
    campaign, lead = sales.campaign()["id"], sales.lead()["id"]
    unknown, of_another = str(uuid.uuid4()), sales.newcomer().lead()["id"]
    for lead_id in (unknown, of_another, "x", "Ü" * 3000):
        answer = assign(sales, campaign, [lead, lead_id, str(uuid.uuid4())])
        assert answer == (404, {"message": f"Lead not found: {lead_id}"})
    assert assign(sales, campaign, [lead]) == assigned(1)


@pytest.mark.parametrize(
    ("lead_ids", "text"),
    [
        (None, "lead_ids is required"),
        ([], "lead_ids must have at least 1 items"),
        (["x"] * 1001, "lead_ids must have at most 1000 items"),
        ("x", "lead_ids must be an array"),
        ([1], "lead_ids[0] must be a string"),
        (["x", None], "lead_ids[1] is required"),
    ],
)
def test_lead_ids_that_break_a_rule_are_named(sales: Neptie, lead_ids: Any, text: str) -> None:
    status, answer = assign(sales, sales.campaign()["id"], lead_ids)
    assert (status, answer["message"]) == (400, text)
    assert answer["errors"] == [{"field": "lead_ids", "message": text}]


def test_a_lead_that_is_assigned_can_be_changed_and_deleted(sales: Neptie) -> None:
    campaigns = [sales.campaign()["id"] for _ in range(3)]
    lead = sales.lead(industry="Software")
    for campaign in campaigns:
        assert assign(sales, campaign, [lead["id"]]) == assigned(1)
    changed = sales.ok("PUT", f"leads/{lead['id']}", {"industry": "Farming", "company": "Example"})["lead"]
    assert changed["industry"] == "Farming"
    assert assign(sales, campaigns[0], [lead["id"]]) == assigned(0)
    sales.ok("DELETE", f"leads/{lead['id']}")
    assert assign(sales, campaigns[0], [lead["id"]])[0] == 404


@pytest.mark.slow
def test_a_thousand_leads_are_assigned_at_once_and_again_without_effect(sales: Neptie) -> None:
    rows = [{"full_name": f"P {number}", "email": f"p{number}@example.com"} for number in range(1000)]
    sales.ok("POST", "leads/import", rows)
    lead_ids = [lead_id for page in range(1, 11) for lead_id in sales.leads(f"limit=100&page={page}")[0]]
    assert len(set(lead_ids)) == 1000
    campaign = sales.campaign()["id"]
    assert assign(sales, campaign, lead_ids[:3]) == assigned(3)
    assert assign(sales, campaign, lead_ids) == assigned(997)
    assert assign(sales, campaign, lead_ids) == assigned(0)


@pytest.mark.over_http
@pytest.mark.slow
def test_of_the_same_assignments_at_once_each_counts_once(sales: Neptie) -> None:
    campaign = sales.campaign()["id"]
    lead_ids = [sales.lead()["id"] for _ in range(20)]
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: assign(sales, campaign, lead_ids), range(4)))
    assert [status for status, _ in answers] == [200] * 4
    assert sum(answer["assigned_count"] for _, answer in answers) == 20


def leads_of(sales: Neptie, campaign: str, query: str = "") -> Any:
    return sales.ok("GET", f"campaigns/{campaign}/leads?{query}")


def test_the_leads_of_a_campaign_are_listed_page_by_page_those_made_last_first(sales: Neptie) -> None:
    campaign, other = sales.campaign()["id"], sales.campaign()["id"]
    made = [sales.lead() for _ in range(5)]
    assign(sales, campaign, [lead["id"] for lead in (made[3], made[0], made[4], made[1])])
    assign(sales, other, [made[2]["id"]])
    first, second = (leads_of(sales, campaign, f"page={page}&limit=3") for page in (1, 2))
    assert first == {"leads": [made[4], made[3], made[1]], "total": 4, "page": 1}
    assert second == {"leads": [made[0]], "total": 4, "page": 2}
    assert leads_of(sales, campaign, "page=3&limit=3") == {"leads": [], "total": 4, "page": 3}
    sales.ok("DELETE", f"leads/{made[3]['id']}")
    assert leads_of(sales, campaign) == {"leads": [made[4], made[1], made[0]], "total": 3, "page": 1}


def test_a_campaign_that_is_not_there_has_no_leads(sales: Neptie) -> None:
    assert sales.call("GET", f"campaigns/{SOME_ID}/leads") == NO_CAMPAIGN
    assert leads_of(sales, sales.campaign()["id"]) == {"leads": [], "total": 0, "page": 1}
    assert sales.call("GET", f"campaigns/{sales.campaign()['id']}/leads?page=0")[0] == 400
