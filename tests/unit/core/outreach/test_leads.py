"""The status that a lead gets when its address may be mailed again, and what an import makes of rows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from nereid.core.outreach.leads import _plan, reopen_address
from nereid.models.lead import Lead

BEFORE = datetime(2026, 1, 30, tzinfo=UTC)
NOW = datetime(2026, 1, 31, 9, 30, tzinfo=UTC)


def lead(status: Any = "bounced") -> Lead:
    return Lead(id="l", full_name="Sam", email="sam@example.com", status=status, created_at=BEFORE, updated_at=BEFORE)


class Leads:
    """Has one lead."""

    def __init__(self, known: Lead) -> None:
        self.known = known

    def by_emails(self, _team: str, emails: list[str]) -> dict[str, Lead]:
        return {self.known.email: self.known} if self.known.email in emails else {}

    def get(self, *_: object) -> Lead:
        return self.known

    def change(self, _team: str, _before: Lead, after: Lead) -> None:
        self.known = after

    def now(self) -> datetime:
        return NOW


@pytest.mark.parametrize(
    ("status", "left", "then"),
    [
        ("bounced", [], "contacted"),
        ("unsubscribed", [], "contacted"),
        ("bounced", ["complaint"], "unsubscribed"),
        ("unsubscribed", ["complaint", "bounce"], "bounced"),
        ("qualified", [], "qualified"),
    ],
)
def test_a_lead_stands_where_what_is_left_puts_it(status: Any, left: Any, then: str) -> None:
    leads: Any = Leads(lead(status))
    reopen_address(leads, leads, "t", "SAM@example.com", left)
    assert leads.known.status == then
    reopen_address(leads, leads, "t", "tim@example.com", [])
    assert leads.known.status == then


def test_a_row_that_says_nothing_new_leaves_a_lead_as_it_is() -> None:
    plan = _plan(lead(), [(0, {"full_name": "Sam", "company": None})], NOW)
    assert (plan.change.after, plan.outcomes) == (lead(), ["skipped"])


def test_a_row_that_says_something_new_changes_a_lead_now() -> None:
    plan = _plan(lead(), [(0, {"company": "Acme"}), (1, {"company": "Acme", "full_name": ""})], NOW)
    assert plan.outcomes == ["updated", "skipped"]
    assert (plan.change.after.company, plan.change.after.full_name) == ("Acme", "Sam")
    assert plan.change.after.updated_at == NOW


def test_a_new_lead_is_as_new_as_its_row() -> None:
    row = {"full_name": "Sam", "email": "sam@example.com"}
    plan = _plan(None, [(3, row), (4, {"company": "Acme"})], NOW)
    assert plan.outcomes == ["added", "updated"]
    moment = NOW + timedelta(microseconds=3)
    assert (plan.change.before, plan.change.after.created_at, plan.change.after.updated_at) == (None, moment, moment)
