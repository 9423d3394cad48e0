"""How leads are ranked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nereid.core.outreach.rank_leads import HOT_FROM, WARM_FROM, _short, rank, rank_leads, tier
from nereid.errors import UnknownLead
from nereid.models.lead import Lead
from nereid.models.lead_email import Engagement
from nereid.models.ranking import WEIGHTS, Criteria, Ranking

NOW = datetime(2026, 1, 31, 9, 30, tzinfo=UTC)


def lead(id_: str = "1", /, **fields: Any) -> Lead:
    known: dict[str, Any] = {
        "full_name": "John Doe",
        "email": "john@example.com",
        "company": "Example Corp",
        "job_title": "CEO",
        "industry": "Software",
    }
    return Lead(id=id_, created_at=NOW, updated_at=NOW, **{**known, **fields})


def ranked(one: Lead, criteria: Criteria | None = None, did: Engagement | None = None) -> Ranking:
    return rank([one], criteria or Criteria(), {one.id: did} if did else {})[0]


def value(one: Lead, factor: str, criteria: Criteria | None = None, did: Engagement | None = None) -> float:
    return {each.name: each.value for each in ranked(one, criteria, did).factors}[factor]


def test_the_sample_of_the_documentation_comes_out() -> None:
    assert [tuple(factor) for factor in ranked(lead()).factors] == [
        ("job_title", 30, 1.0, 30.0, "CEO: top-level role"),
        ("industry", 25, 0.5, 12.5, "Software: no criteria"),
        ("company", 15, 0.5, 7.5, "Example Corp: no criteria"),
        ("email", 10, 1.0, 10.0, "own domain"),
        ("completeness", 10, 1.0, 10.0, "5 of 5 fields"),
        ("engagement", 10, 0.0, 0.0, "no activity yet"),
    ]
    assert ranked(lead())[1:4] == (1, 70, "hot")


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("CEO", 1.0),
        ("ceo & co-founder", 1.0),
        ("Chief People Officer", 1.0),
        ("Cofounder", 1.0),
        ("Owner", 1.0),
        ("President", 1.0),
        ("Vice President", 0.8),
        ("Vice-President of Sales", 0.8),
        ("Senior Vice President", 0.8),
        ("SVP Sales", 0.8),
        ("VP Engineering", 0.8),
        ("Head of Operations", 0.8),
        ("Managing Director", 0.8),
        ("Vice President and Owner", 1.0),
        ("Account Manager", 0.5),
        ("Management Trainee", 0.3),
        ("Headhunter", 0.3),
        ("Mischief maker", 0.3),
        ("Software Engineer", 0.3),
        (None, 0.0),
    ],
)
def test_a_title_counts_by_seniority(title: str | None, expected: float) -> None:
    assert value(lead(job_title=title), "job_title") == expected


def test_a_title_that_is_asked_for_counts_fully_and_any_other_nothing() -> None:
    criteria = Criteria(job_titles=["engineer"])
    assert value(lead(job_title="Software ENGINEER"), "job_title", criteria) == 1
    assert value(lead(job_title="CEO"), "job_title", criteria) == 0
    assert value(lead(job_title=None), "job_title", criteria) == 0


@pytest.mark.parametrize("field", ["industry", "company"])
def test_a_field_counts_half_without_criteria_and_by_match_with_them(field: str) -> None:
    criteria = Criteria(industries=["soft"], companies=["soft"])
    assert value(lead(**{field: "Software"}), field) == 0.5
    assert value(lead(**{field: None}), field) == 0
    assert value(lead(**{field: "Microsoft"}), field, criteria) == 1
    assert value(lead(**{field: "Retail"}), field, criteria) == 0
    assert value(lead(**{field: None}), field, criteria) == 0


@pytest.mark.parametrize(
    ("email", "expected"),
    [
        ("john@example.com", 1.0),
        ("john@gmail.com", 0.4),
        ("info@example.com", 0.2),
        ("sales@gmail.com", 0.2),
        ("Sales+eu@example.com", 0.2),
        ("information@example.com", 1.0),
    ],
)
def test_an_address_counts_by_whose_it_is(email: str, expected: float) -> None:
    assert value(lead(email=email), "email") == expected


def test_completeness_is_the_share_of_the_five_fields() -> None:
    assert value(lead(company=None, job_title=None), "completeness") == 0.6


@pytest.mark.parametrize(
    ("did", "expected"), [("replied", 1.0), ("clicked", 0.8), ("opened", 0.5), ("delivered", 0.2), (None, 0.0)]
)
def test_engagement_counts_by_the_most_that_a_lead_did(did: Engagement | None, expected: float) -> None:
    assert value(lead(), "engagement", None, did) == expected


@pytest.mark.parametrize("status", ["unsubscribed", "bounced"])
def test_a_lead_that_cannot_be_mailed_scores_nothing(status: str) -> None:
    result = ranked(lead(status=status), None, "clicked")
    assert (result.score, result.tier) == (0, "cold")
    assert result.factors[-1].value == 0


def test_weights_shift_the_score() -> None:
    only_email = dict.fromkeys(WEIGHTS, 0.0) | {"email": 3}
    assert ranked(lead(email="john@gmail.com"), Criteria(weights=only_email)).score == 40


@pytest.mark.parametrize("size", [1e308, 5e-324, 1e-200])
def test_weights_of_any_size_give_a_score(size: float) -> None:
    assert ranked(lead(), Criteria(weights=dict.fromkeys(WEIGHTS, size))).score == 67


def test_the_best_is_first_and_equals_are_in_order_of_their_ids() -> None:
    leads = [lead("b"), lead("c", job_title=None), lead("a")]
    result = rank(leads, Criteria(), {})
    assert [(each.lead_id, each.rank) for each in result] == [("a", 1), ("b", 2), ("c", 3)]


texts = st.one_of(st.none(), st.text(min_size=1, max_size=80))
leads = st.builds(
    lead,
    st.uuids().map(str),
    full_name=st.text(min_size=1, max_size=80),
    email=st.text(min_size=1, max_size=20).map(lambda local: f"{local}@example.com"),
    company=texts,
    job_title=texts,
    industry=texts,
    status=st.sampled_from(["new", "contacted", "qualified", "converted", "unsubscribed", "bounced"]),
)
words = st.lists(st.text(min_size=1, max_size=10), max_size=3)
weights = st.dictionaries(st.sampled_from(sorted(WEIGHTS)), st.floats(0.01, 1000), max_size=6)
criteria_of_any_kind = st.builds(Criteria, industries=words, job_titles=words, companies=words, weights=weights)


@given(st.lists(leads, min_size=1, max_size=5, unique_by=lambda one: one.id), criteria_of_any_kind)
def test_a_score_is_within_bounds_and_what_its_factors_add_up_to(many: list[Lead], criteria: Criteria) -> None:
    result = rank(many, criteria, {})
    assert result == rank(list(reversed(many)), criteria, {})
    statuses = {one.id: one.status for one in many}
    for each in result:
        assert 0 <= each.score <= 100
        assert [factor.name for factor in each.factors] == list(WEIGHTS)
        assert all(0 <= factor.value <= 1 for factor in each.factors)
        if statuses[each.lead_id] not in ("unsubscribed", "bounced"):
            assert abs(sum(factor.contribution for factor in each.factors) - each.score) <= 0.9


class Leads:
    """Leads of one team, in memory."""

    def __init__(self, *known: Lead) -> None:
        self.known = {one.id: one for one in known}
        self.scores: dict[str, int] = {}

    def get_many(self, _team_id: str, lead_ids: Sequence[str]) -> dict[str, Lead]:
        return {lead_id: self.known[lead_id] for lead_id in lead_ids if lead_id in self.known}

    def set_scores(self, _team_id: str, scores: Mapping[str, int]) -> None:
        self.scores.update(scores)


class Engagements:
    def get_many(self, _team_id: str, _lead_ids: Sequence[str]) -> dict[str, Engagement]:
        return {}


def test_scores_are_stored_where_they_changed() -> None:
    leads_ = Leads(lead("a"), lead("b", score=70), lead("c", score=3))
    rank_leads(leads_, Engagements(), "team", ["a", "b", "c", "a"], Criteria())  # type: ignore[arg-type]
    assert leads_.scores == {"a": 70, "c": 70}


@pytest.mark.parametrize("unknown", ["nobody", "x" * 300_000])
def test_an_unknown_lead_is_named_and_nothing_is_stored(unknown: str) -> None:
    leads_ = Leads(lead("a"))
    with pytest.raises(UnknownLead) as caught:
        rank_leads(leads_, Engagements(), "team", ["a", unknown, "other"], Criteria())  # type: ignore[arg-type]
    assert caught.value.lead_id == unknown
    assert leads_.scores == {}


def test_a_tier_begins_with_its_first_score() -> None:
    scores = (0, WARM_FROM - 1, WARM_FROM, HOT_FROM - 1, HOT_FROM, 100)
    assert [tier(score) for score in scores] == ["cold", "cold", "warm", "warm", "hot", "hot"]


def test_a_long_value_is_shown_in_short() -> None:
    assert _short("x" * 60) == "x" * 60
    assert _short("x" * 61) == "x" * 59 + "…"
