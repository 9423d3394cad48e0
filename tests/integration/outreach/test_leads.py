"""The counts of leads equal the lists of leads, whatever happens to leads and in whatever order."""

from __future__ import annotations

import random
import uuid
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nereid.core.outreach.campaigns import assign_leads
from nereid.core.outreach.leads import delete_lead, import_leads, mark_address, mark_lead, update_lead
from nereid.errors import AlreadyExists, Conflict, NereidError, NotFound, UnknownLead
from nereid.models.lead import LEAD_STATUSES, LeadFilter, LeadStatus
from tests.support.cloud import Cloud
from tests.support.neptie import Team, one_call_at_a_time

#: Other tests show that the same stores work over moto.
IN_MEMORY = True
INDUSTRIES = [None, "Software", "SOFTWARE", "Farming"]
EMAILS = [f"{name}@example.com" for name in "abcde"]
Operation = tuple[str, int, Any, Any]

emails = st.sampled_from(EMAILS)
industries = st.sampled_from(INDUSTRIES)
team_statuses = st.sampled_from(LEAD_STATUSES[:4])
which = st.integers(0, 4)
operations = st.one_of(
    st.tuples(st.just("create"), which, emails, industries),
    st.tuples(st.just("status"), which, team_statuses, st.none()),
    st.tuples(st.just("industry"), which, industries, st.none()),
    st.tuples(st.just("email"), which, emails, st.none()),
    st.tuples(st.just("delete"), which, st.none(), st.none()),
    st.tuples(st.just("mark"), which, st.sampled_from(("contacted", "unsubscribed", "bounced")), st.none()),
    st.tuples(st.just("import"), which, st.lists(st.tuples(emails, industries), max_size=6), st.none()),
    st.tuples(st.just("assign"), which, st.none(), st.none()),
)


def do(team: Team, campaign_id: str, operation: Operation) -> None:
    """Do what an operation says to one of the leads that are there; refusals are fine."""
    kind, number, first, second = operation
    found, _ = team.leads.page(team.id, LeadFilter(), 1, 100)
    lead_id = found[number % len(found)].id if found else str(uuid.uuid4())
    try:
        match kind:
            case "create":
                team.lead(email=first, industry=second)
            case "status" | "industry" | "email":
                update_lead(team.leads, team.clock, team.id, lead_id, {kind: first})
            case "delete":
                delete_lead(team.leads, team.id, lead_id)
            case "mark":
                mark_lead(team.leads, team.clock, team.id, lead_id, first)
            case "import":
                rows = [{"full_name": "P", "email": email, "industry": industry} for email, industry in first]
                import_leads(team.leads, team.clock, team.id, rows)
            case "assign":
                assign_leads(team.runtime.campaigns, team.leads, team.id, campaign_id, [lead_id])
    except (AlreadyExists, NotFound):
        pass


def check(team: Team, campaign_id: str) -> None:
    """Compare every count with its list, and what is unique with what is there."""
    everybody, total = team.leads.page(team.id, LeadFilter(), 1, 100)
    assert len(everybody) == total
    assert len({lead.email for lead in everybody}) == total
    assert set(team.leads.by_emails(team.id, EMAILS)) == {lead.email for lead in everybody if lead.email in EMAILS}
    for status in (None, *LEAD_STATUSES):
        for industry in ("software", "Farming", None):
            wanted = {
                lead.id
                for lead in everybody
                if status in (None, lead.status)
                and (industry is None or (lead.industry or "").lower() == industry.lower())
            }
            listed, count = team.leads.page(team.id, LeadFilter(status, industry), 1, 100)
            assert {lead.id for lead in listed} == wanted
            assert count == len(wanted)
    assigned = [lead for lead in everybody if campaign_id in lead.campaigns]
    assert team.runtime.campaigns.leads_assigned(team.id, campaign_id) == len(assigned)
    assert team.leads.of_campaign(team.id, campaign_id, 1, 100) == (assigned, len(assigned))


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(operations, max_size=14))
def test_counts_equal_lists_after_any_operations(cloud: Cloud, done: Sequence[Operation]) -> None:
    team = Team(cloud)
    campaign_id = team.campaign().id
    for operation in done:
        do(team, campaign_id, operation)
    check(team, campaign_id)


@pytest.mark.parametrize("seed", range(6))
def test_counts_equal_lists_after_operations_at_the_same_time(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    chance = random.Random(seed)  # noqa: S311 - nothing secret
    team = Team(cloud)
    campaign_id = team.campaign().id
    choices: list[Operation] = [
        *[("create", 0, email, industry) for email in EMAILS for industry in INDUSTRIES],
        *[("status", number, status, None) for number in range(5) for status in LEAD_STATUSES[:4]],
        *[("email", number, email, None) for number in range(5) for email in EMAILS],
        *[("industry", number, industry, None) for number in range(5) for industry in INDUSTRIES],
        *[("delete", number, None, None) for number in range(5)] * 2,
        *[("assign", number, None, None) for number in range(5)] * 4,
        *[("import", 0, [(email, "Software") for email in EMAILS], None)] * 6,
    ]
    done = [chance.choice(choices) for _ in range(60)]
    assert team.leads is not None  # made before the threads need it
    with one_call_at_a_time(monkeypatch), ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda operation: do(team, campaign_id, operation), done))
    check(team, campaign_id)


def test_of_many_leads_with_one_address_at_once_one_is_stored(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    team = Team(cloud)
    assert team.leads is not None

    def create(_: int) -> bool:
        try:
            team.lead(email="a@example.com")
        except AlreadyExists:
            return False
        return True

    with one_call_at_a_time(monkeypatch), ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(create, range(20))) == 1
    assert team.leads.page(team.id, LeadFilter(), 1, 10)[1] == 1


def leads_of(team: Team, count: int) -> list[str]:
    """Import leads; return their ids, newest first."""
    rows = [{"full_name": "P", "email": f"{number}@example.com"} for number in range(count)]
    import_leads(team.leads, team.clock, team.id, rows)
    return [lead.id for page in (1, 2) for lead in team.leads.page(team.id, LeadFilter(), page, 100)[0]]


def test_a_lead_that_vanishes_while_it_is_assigned_takes_the_others_back(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    team = Team(cloud)
    campaign_id = team.campaign().id
    ids = leads_of(team, 150)
    read = team.leads.get_many

    def reads_then_loses_one(team_id: str, lead_ids: Any) -> Any:
        found = read(team_id, lead_ids)
        monkeypatch.setattr(team.leads, "get_many", read)
        delete_lead(team.leads, team.id, ids[-1])
        return found

    monkeypatch.setattr(team.leads, "get_many", reads_then_loses_one)
    with pytest.raises(UnknownLead) as caught:
        assign_leads(team.runtime.campaigns, team.leads, team.id, campaign_id, ids)
    assert caught.value.lead_id == ids[-1]
    assert team.runtime.campaigns.leads_assigned(team.id, campaign_id) == 0
    assert not any(lead.campaigns for lead in read(team.id, ids).values())


def test_an_assignment_that_a_crash_cut_short_is_finished_by_a_repetition(cloud: Cloud) -> None:
    team = Team(cloud)
    campaign_id = team.campaign().id
    ids = leads_of(team, 150)
    cloud.fail("dynamodb:TransactWriteItems", None, *[("InternalServerError", 500)] * 4)
    with pytest.raises(NereidError):
        assign_leads(team.runtime.campaigns, team.leads, team.id, campaign_id, ids)
    cloud.faults.clear()
    before = team.runtime.campaigns.leads_assigned(team.id, campaign_id)
    assert 0 < before < 150
    assert assign_leads(team.runtime.campaigns, team.leads, team.id, campaign_id, ids) == 150 - before
    assert team.runtime.campaigns.leads_assigned(team.id, campaign_id) == 150


def test_a_lead_of_very_many_campaigns_can_be_deleted(cloud: Cloud) -> None:
    team = Team(cloud)
    lead = team.lead()
    campaigns = [team.campaign().id for _ in range(95)]
    for campaign_id in campaigns:
        assert team.leads.assign(team.id, campaign_id, [lead.id]) == 1
    delete_lead(team.leads, team.id, lead.id)
    assert [team.runtime.campaigns.leads_assigned(team.id, campaign_id) for campaign_id in campaigns] == [0] * 95
    assert team.leads.page(team.id, LeadFilter(), 1, 10) == ([], 0)


def test_leads_that_an_earlier_release_assigned_are_listed_and_can_be_deleted(cloud: Cloud) -> None:
    team = Team(cloud)
    campaign_id = team.campaign().id
    leads = [team.lead() for _ in range(5)]
    earlier, now = leads[:3], leads[3]
    assert team.leads.assign(team.id, campaign_id, [lead.id for lead in earlier]) == 3
    _forget_list(cloud, team, campaign_id)
    assert team.leads.assign(team.id, campaign_id, [now.id]) == 1

    def listed(page: int) -> tuple[list[str], int]:
        found, total = team.leads.of_campaign(team.id, campaign_id, page, 3)
        return [lead.id for lead in found], total

    newest_first = [lead.id for lead in reversed(leads[:4])]
    assert (listed(1), listed(2)) == ((newest_first[:3], 4), (newest_first[3:], 4))
    for lead in earlier:
        delete_lead(team.leads, team.id, lead.id)
    assert listed(1) == ([now.id], 1)
    delete_lead(team.leads, team.id, now.id)
    assert listed(1) == ([], 0)


def _forget_list(cloud: Cloud, team: Team, campaign_id: str) -> None:
    """Leave of a campaign's assignments what earlier releases wrote."""
    client = cloud.client("dynamodb")
    for item in client.scan(TableName="OutreachTable")["Items"]:
        key = {"pk": item["pk"], "sk": item["sk"]}
        if item["pk"]["S"] == f"{team.id}#campaign_leads#{campaign_id}":
            client.delete_item(TableName="OutreachTable", Key=key)
        if item["pk"]["S"] == f"{team.id}#assigned#{campaign_id}":
            client.update_item(TableName="OutreachTable", Key=key, UpdateExpression="REMOVE in_list")


def test_what_becomes_of_an_email_sets_the_status_and_an_import_leaves_it(cloud: Cloud) -> None:
    team = Team(cloud)
    lead = team.lead(email="a@example.com")
    steps: tuple[LeadStatus, ...] = ("contacted", "unsubscribed", "bounced")
    for status in steps:
        marked = mark_address(team.leads, team.clock, team.id, "A@example.com", status)
        assert marked is not None
        assert marked.status == status
    earlier: tuple[LeadStatus, ...] = ("contacted", "unsubscribed")
    for status in earlier:
        marked = mark_lead(team.leads, team.clock, team.id, lead.id, status)
        assert marked is not None
        assert marked.status == "bounced"
    import_leads(team.leads, team.clock, team.id, [{"full_name": "New", "email": "a@example.com"}])
    found = team.leads.get(team.id, lead.id)
    assert (found.status, found.full_name) == ("bounced", "New")
    assert team.leads.page(team.id, LeadFilter("bounced"), 1, 10)[1] == 1
    assert mark_lead(team.leads, team.clock, team.id, str(uuid.uuid4()), "bounced") is None
    assert mark_address(team.leads, team.clock, team.id, "b@example.com", "bounced") is None


def test_scores_are_stored_beside_what_a_team_changes(cloud: Cloud) -> None:
    team = Team(cloud)
    one, two = team.lead(), team.lead()
    team.leads.set_scores(team.id, {one.id: 70, two.id: 40, str(uuid.uuid4()): 1})
    team.leads.change(team.id, one, one.model_copy(update={"full_name": "Jane"}))
    scores = {lead.id: lead.score for lead in team.leads.get_many(team.id, [one.id, two.id]).values()}
    assert scores == {one.id: 70, two.id: 40}


def test_each_change_of_a_lead_counts_its_version_on(cloud: Cloud) -> None:
    team = Team(cloud)
    lead_id = team.lead(email="sam@example.com").id
    versions = []
    for company in ("A", "B", "C"):
        update_lead(team.leads, team.clock, team.id, lead_id, {"company": company})
        found = team.leads.get(team.id, lead_id)
        assert found is not None
        versions.append(found.version)
    assert versions == [2, 3, 4]


def test_a_lead_that_was_changed_since_it_was_read_is_neither_changed_nor_deleted(cloud: Cloud) -> None:
    team = Team(cloud)
    lead_id = team.lead(email="sam@example.com").id
    old = team.leads.get(team.id, lead_id)
    assert old is not None
    update_lead(team.leads, team.clock, team.id, lead_id, {"company": "A"})
    with pytest.raises(Conflict):
        team.leads.change(team.id, old, old.model_copy(update={"company": "B"}))
    with pytest.raises(Conflict):
        team.leads.change(team.id, old, old.model_copy(update={"status": "contacted"}))
    with pytest.raises(Conflict):
        team.leads.delete(team.id, old)
    assert (team.leads.get(team.id, lead_id) or old).company == "A"
