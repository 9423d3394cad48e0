"""A campaign's numbers."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nereid.core.outreach.campaign_performance import TIMEFRAMES, campaign_performance, summarize
from nereid.dialects.neptie.outreach import performance_object
from nereid.models.lead_email import Fact
from nereid.ports.outreach import DayCounts

TODAY = date(2026, 1, 31)
WEEK = [TODAY - timedelta(days=6 - number) for number in range(7)]
FACTS: list[Fact] = ["sent", "delivered", "opened", "clicked", "bounced", "complained", "unsubscribed"]


def test_the_sample_of_the_documentation_comes_out() -> None:
    counts: DayCounts = {
        TODAY: {
            ("sent", TODAY): 4,
            ("delivered", TODAY): 3,
            ("opened", TODAY): 2,
            ("clicked", TODAY): 1,
            ("bounced", TODAY): 1,
        }
    }
    shown = performance_object(summarize(counts, WEEK, 10))
    assert shown["metrics"] == {
        "sent": 4,
        "delivered": 3,
        "opened": 2,
        "clicked": 1,
        "replied": 0,
        "bounced": 1,
        "complained": 0,
        "unsubscribed": 0,
        "delivery_rate": 0.75,
        "open_rate": 0.6667,
        "click_rate": 0.3333,
        "reply_rate": 0.0,
        "bounce_rate": 0.25,
        "unsubscribe_rate": 0.0,
        "leads_assigned": 10,
    }
    assert shown["trends"][-1] == {
        "date": "2026-01-31",
        "sent": 4,
        "delivered": 3,
        "opened": 2,
        "clicked": 1,
        "bounced": 1,
        "unsubscribed": 0,
    }


@pytest.mark.parametrize("days", [1, 7, 30])
def test_the_days_asked_for_end_with_today(days: int) -> None:
    asked: list[date] = []

    def counts(_team: str, _campaign: str, first: date) -> DayCounts:
        asked.append(first)
        return {}

    campaigns: Any = SimpleNamespace(get=lambda *_: "campaign", leads_assigned=lambda *_: 3)
    metrics: Any = SimpleNamespace(counts=counts)
    clock: Any = SimpleNamespace(now=lambda: datetime(2026, 1, 31, 23, 59, tzinfo=UTC))
    found = campaign_performance(campaigns, metrics, clock, "t", "c", days)
    assert list(found.days) == [TODAY - timedelta(days=number) for number in reversed(range(days))]
    assert asked == [min(found.days)]


def test_a_campaign_without_mails_has_zeros() -> None:
    shown = performance_object(summarize({}, WEEK, 0))
    assert set(shown["metrics"].values()) == {0}
    assert [row["date"] for row in shown["trends"]] == [day.isoformat() for day in WEEK]


def test_mails_sent_before_the_window_do_not_count_though_facts_came_in_it() -> None:
    counts: DayCounts = {WEEK[0] - timedelta(days=1): {("sent", WEEK[0] - timedelta(days=1)): 1, ("opened", TODAY): 1}}
    assert summarize(counts, WEEK, 0).totals == {}


def test_a_fact_stands_on_the_day_on_which_it_came() -> None:
    counts: DayCounts = {WEEK[0]: {("sent", WEEK[0]): 1, ("opened", WEEK[3]): 1}}
    days = summarize(counts, WEEK, 0).days
    assert days[WEEK[0]] == {"sent": 1}
    assert days[WEEK[3]] == {"opened": 1}


days_around = st.integers(-10, 6).map(lambda number: WEEK[0] + timedelta(days=number))


@given(
    st.dictionaries(
        days_around, st.dictionaries(st.tuples(st.sampled_from(FACTS), days_around), st.integers(1, 9), max_size=8)
    )
)
def test_every_column_sums_to_its_metric(counts: DayCounts) -> None:
    performance = summarize(counts, WEEK, 0)
    assert list(performance.days) == WEEK
    for fact in FACTS:
        assert sum(day.get(fact, 0) for day in performance.days.values()) == performance.totals.get(fact, 0)


@pytest.mark.parametrize(("timeframe", "days"), [("7d", 7), ("30d", 30), ("90d", 90)])
def test_a_timeframe_is_as_many_days_as_it_says(timeframe: str, days: int) -> None:
    assert TIMEFRAMES[timeframe] == days
