"""Neptie's functions: what they make of their samples, and what each costs."""

from __future__ import annotations

import json
import math
import uuid
from collections.abc import Sequence
from typing import Any

import pytest

from nereid.core.accounts import NewAccount
from nereid.core.leads import import_leads
from nereid.core.teams import create_team
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
#: Capacity units that a call reads and writes in a warm function, of tables alone; see docs/apis/neptie.md.
COST = {
    "register": (0, 14),
    "login": (1, 6),
    "refresh": (2, 2),
    "list_leads": (21.5, 1),
    "create_lead": (0, 9),
    "get_lead": (1, 1),
    "update_lead": (1, 2),
    "delete_lead": (1, 9),
    "import_leads": (10, 45),
    "list_campaigns": (1, 1),
    "create_campaign": (0, 2),
    "get_campaign": (1, 1),
    "update_campaign": (1, 2),
    "assign_leads": (11, 23),
}


class World:
    """A team with an account, leads and a campaign."""

    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud
        self.email = f"{uuid.uuid4().hex}@example.com"
        accounts = Team(cloud)
        admin = NewAccount(self.email, PASSWORD, "Sam")
        made = create_team(accounts.runtime.accounts, accounts.clock, SECRET, "Team", "dev", admin)
        self.api_token = made.token
        self.team = Team(cloud, made.team.id)
        self.lead_id = self.team.lead(industry="Software").id
        self.campaign_id = self.team.campaign().id
        self.refresh_token = self.team.runtime.logins.log_in(self.email, PASSWORD, "192.0.2.9").refresh_token

    def sample(self, function: str, kind: str) -> dict[str, Any]:
        """Return a sample with what it refers to filled in."""
        text = (SAMPLES / function / f"{kind}.json").read_text(encoding="utf-8")
        values = {
            "api_token": self.api_token,
            "email": self.email,
            "password": PASSWORD,
            "refresh_token": self.refresh_token,
            "lead_id": self.lead_id,
            "campaign_id": self.campaign_id,
        }
        for name, value in values.items():
            text = text.replace("{{" + name + "}}", value)
        event: dict[str, Any] = json.loads(text)
        return event

    def call(self, function: str, body: Any = None, *, query: Any = None, **params: str) -> Any:
        """Run a function warm with a request; return the parsed answer."""
        event = self.sample(function, "good")
        event["requestContext"]["http"]["sourceIp"] = str(uuid.uuid4()) if function == "register" else "192.0.2.1"
        if body is not None:
            event.update(body=json.dumps(body), headers={**event["headers"], "content-type": "application/json"})
        if query is not None:
            event["queryStringParameters"] = query
        if params:
            event["pathParameters"] = params
        answer = self.cloud.warm(f"neptie/{function}", event)
        assert answer["statusCode"] < 300, answer
        return json.loads(answer["body"])


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_good_sample_succeeds_and_a_bad_one_is_refused(cloud: Cloud, function: str) -> None:
    world = World(cloud)
    bad = cloud.invoke(f"neptie/{function}", world.sample(function, "bad"))
    assert 400 <= bad["statusCode"] < 500, bad
    assert "message" in json.loads(bad["body"])
    good = cloud.invoke(f"neptie/{function}", world.sample(function, "good"))
    assert good["statusCode"] in (200, 201), good
    assert good["headers"]["X-RateLimit-Limit"] == "1000"


def units(requests: Sequence[tuple[str, dict[str, Any]]]) -> tuple[float, float]:
    """Return the capacity units that requests read and write in tables, for items of up to 1 KB."""
    read = write = 0.0
    for name, parameters in requests:
        match name.removeprefix("dynamodb:"):
            case "GetItem":
                read += 1
            case "BatchGetItem":
                read += sum(len(table["Keys"]) for table in parameters["RequestItems"].values())
            case "Query":
                # Keys are short: an index reads a hundred or so for half a unit, which is not consistent.
                read += math.ceil(parameters["Limit"] / 25) * 0.5 if "IndexName" in parameters else 1
            case "PutItem" | "UpdateItem" | "DeleteItem":
                write += 1
            case "TransactWriteItems":
                write += 2 * len(parameters["TransactItems"])
            case other:
                pytest.fail(f"{other} is no operation that costs are known of")
    return read, write


def arguments(world: World, function: str, leads: Sequence[str]) -> dict[str, Any]:
    """Return a request for a function, the same in form each time."""
    someone = {"full_name": "P", "email": f"{uuid.uuid4().hex}@example.com"}
    match function:
        case "register":
            return {"body": {**someone, "password": PASSWORD}}
        case "refresh":
            return {"body": {"refresh_token": world.refresh_token}}
        case "list_leads":
            return {"query": {"limit": "20"}}
        case "create_lead":
            return {"body": {**someone, "industry": "Software"}}
        case "get_lead" | "delete_lead":
            return {"id": leads[0]}
        case "update_lead":
            return {"id": leads[0], "body": {"company": uuid.uuid4().hex}}
        case "import_leads":
            rows = [{**someone, "email": f"{uuid.uuid4().hex}@example.com", "industry": "Software"} for _ in range(10)]
            return {"body": rows}
        case "update_campaign":
            return {"id": world.campaign_id, "body": {"name": uuid.uuid4().hex}}
        case "assign_leads":
            return {"id": world.campaign_id, "body": {"lead_ids": list(leads[:10])}}
    return {}


def more_leads(world: World, count: int) -> list[str]:
    """Add leads to the team; return their ids."""
    rows = [
        {"full_name": "P", "email": f"{uuid.uuid4().hex}@example.com", "industry": "Software"} for _ in range(count)
    ]
    import_leads(world.team.leads, world.team.clock, world.team.id, rows)
    return [lead.id for lead in world.team.leads.page(world.team.id, LeadFilter(), 1, count)[0]]


@pytest.mark.parametrize("function", sorted(COST))
def test_a_call_costs_what_the_documents_say(cloud: Cloud, function: str) -> None:
    world = World(cloud)
    leads = more_leads(world, 40)
    # The first call of a sandbox looks the token up, and opens the window in which attempts count.
    answer = world.call(function, **arguments(world, function, leads))
    if function == "refresh":
        world.refresh_token = answer["refresh_token"]
    cloud.requests.clear()
    world.call(function, **arguments(world, function, leads[10:]))
    assert units(cloud.requests) == COST[function]


def test_the_first_page_costs_the_same_however_many_leads_there_are(cloud: Cloud) -> None:
    world = World(cloud)
    world.call("list_leads", query={})
    costs = []
    for _ in range(2):
        more_leads(world, 100)
        more_leads(world, 100)
        for query in ({}, {"status": "new"}, {"industry": "software"}, {"industry": "software", "status": "new"}):
            cloud.requests.clear()
            world.call("list_leads", query={"limit": "20", **query})
            costs.append(units(cloud.requests))
    assert costs == [COST["list_leads"]] * 8


def test_a_later_page_reads_the_keys_of_the_pages_up_to_it_and_the_leads_of_its_own(cloud: Cloud) -> None:
    world = World(cloud)
    more_leads(world, 100)
    cloud.requests.clear()
    world.call("list_leads", query={"limit": "10", "page": "5"})
    (listing,) = [request for name, request in cloud.requests if name == "dynamodb:Query" and "IndexName" in request]
    (reading,) = cloud.sent("dynamodb:BatchGetItem")
    assert listing["Limit"] == 50
    assert len(reading["RequestItems"]["OutreachTable"]["Keys"]) == 10


def test_a_page_past_the_end_reads_no_lead(cloud: Cloud) -> None:
    world = World(cloud)
    world.call("list_leads", query={"page": "1"})
    cloud.requests.clear()
    assert world.call("list_leads", query={"page": "1000000"}) == {"leads": [], "total": 1, "page": 1000000}
    assert units(cloud.requests) == (1, 1)


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
