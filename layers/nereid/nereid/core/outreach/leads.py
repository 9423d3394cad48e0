"""Leads: create, change, delete, import. All APIs change leads through here."""

import uuid
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from nereid.contention import until_uncontested
from nereid.errors import Conflict, NotFound
from nereid.models.addresses import comparable
from nereid.models.lead import Lead, LeadChange, LeadStatus
from nereid.models.suppression import SuppressionReason
from nereid.ports.clock import Clock
from nereid.ports.outreach import LeadStore

#: After how many seconds an import does no row again; its function has 30, and the first pass may take some of them.
_IMPORT_PATIENCE = 15.0
#: The status of a lead with a suppressed address.
SUPPRESSED_STATUS: Mapping[SuppressionReason, LeadStatus] = {
    "bounce": "bounced",
    "complaint": "unsubscribed",
    "unsubscribe": "unsubscribed",
}
#: Statuses that reports on a lead's e-mail can set, and those that each of them replaces.
_REPLACED: Mapping[LeadStatus, frozenset[str]] = {
    "contacted": frozenset({"new"}),
    "unsubscribed": frozenset({"new", "contacted", "qualified", "converted"}),
    "bounced": frozenset({"new", "contacted", "qualified", "converted", "unsubscribed"}),
}


def create_lead(leads: LeadStore, clock: Clock, team_id: str, fields: Mapping[str, Any]) -> Lead:
    """Create a lead; `AlreadyExists` if the team has one with its address."""
    lead = _new(clock.now(), fields)
    leads.add(team_id, lead)
    return lead


def get_lead(leads: LeadStore, team_id: str, lead_id: str) -> Lead:
    """Return a lead; `NotFound` if the team has none with the id."""
    lead = leads.get(team_id, lead_id)
    if lead is None:
        raise NotFound("lead")
    return lead


def update_lead(leads: LeadStore, clock: Clock, team_id: str, lead_id: str, fields: Mapping[str, Any]) -> Lead:
    """Change the given fields of a lead; `NotFound` if there is none, `AlreadyExists` if its new address is taken."""
    return _change(leads, clock, team_id, lambda: leads.get(team_id, lead_id), lambda _: fields)


def delete_lead(leads: LeadStore, team_id: str, lead_id: str) -> None:
    """Delete a lead with its assignments; `NotFound` if there is none."""
    until_uncontested("lead", lambda: leads.delete(team_id, get_lead(leads, team_id, lead_id)))


def mark_lead(leads: LeadStore, clock: Clock, team_id: str, lead_id: str, status: LeadStatus) -> Lead | None:
    """Set a status that follows from a lead's e-mail; of no effect where the lead is further already.

    Parameters
    ----------
    status
        `contacted` (from `new` alone), `unsubscribed` or `bounced`.

    Returns
    -------
    The lead as it is then; None if there is none.
    """

    def change(lead: Lead) -> Mapping[str, Any]:
        return {"status": status} if lead.status in _REPLACED[status] else {}

    try:
        return _change(leads, clock, team_id, lambda: leads.get(team_id, lead_id), change)
    except NotFound:
        return None


def mark_address(leads: LeadStore, clock: Clock, team_id: str, email: str, status: LeadStatus) -> Lead | None:
    """As :func:`mark_lead`, for the lead that has an address now."""
    lead = _of_address(leads, team_id, email)
    return mark_lead(leads, clock, team_id, lead.id, status) if lead else None


def _of_address(leads: LeadStore, team_id: str, email: str) -> Lead | None:
    address = comparable("email", email)
    return leads.by_emails(team_id, [address]).get(address)


def reopen_address(
    leads: LeadStore, clock: Clock, team_id: str, email: str, left: Collection[SuppressionReason]
) -> None:
    """Let the lead with an address stand where it may be mailed again, as far as nothing is left that forbids it.

    Parameters
    ----------
    left
        The reasons for which the address is still suppressed.
    """
    status: LeadStatus = "bounced" if "bounce" in left else "unsubscribed" if left else "contacted"
    lead = _of_address(leads, team_id, email)
    if lead is None:
        return

    def change(lead: Lead) -> Mapping[str, Any]:
        return {"status": status} if lead.status in SUPPRESSED_STATUS.values() else {}

    with suppress(NotFound):
        _change(leads, clock, team_id, lambda: leads.get(team_id, lead.id), change)


def _change(
    leads: LeadStore,
    clock: Clock,
    team_id: str,
    read: Callable[[], Lead | None],
    change: Callable[[Lead], Mapping[str, Any]],
) -> Lead:
    def attempt() -> Lead:
        before = read()
        if before is None:
            raise NotFound("lead")
        after = before.model_copy(update=dict(change(before)))
        if after == before:
            return before
        after = after.model_copy(update={"updated_at": clock.now()})
        leads.change(team_id, before, after)
        return after

    return until_uncontested("lead", attempt)


class Imported(NamedTuple):
    """The result of an import."""

    added: int
    updated: int
    skipped: int


def import_leads(leads: LeadStore, clock: Clock, team_id: str, rows: Sequence[Mapping[str, Any]]) -> Imported:
    """Add leads, and give those whose address is known the fields that rows have; an import touches no status.

    Rows count one after another: a second row of one address changes the lead of the first. Rows that meet another
    write of the same lead or address are applied again to its result.
    """
    now = clock.now()
    by_address: dict[str, list[tuple[int, Mapping[str, Any]]]] = {}
    for number, row in enumerate(rows):
        by_address.setdefault(row["email"], []).append((number, row))
    counts = dict.fromkeys(("added", "updated", "skipped"), 0)
    waiting = list(by_address)

    def attempt() -> None:
        nonlocal waiting
        known = leads.by_emails(team_id, waiting)
        plans = [_plan(known.get(email), by_address[email], now) for email in waiting]
        changing = [number for number, plan in enumerate(plans) if plan.change.after != plan.change.before]
        stored = leads.write_many(team_id, [plans[number].change for number in changing])
        failed = {number for number, done in zip(changing, stored, strict=True) if not done}
        for number, plan in enumerate(plans):
            if number not in failed:
                for outcome in plan.outcomes:
                    counts[outcome] += 1
        waiting = [waiting[number] for number in sorted(failed)]
        if waiting:
            raise Conflict

    until_uncontested("lead", attempt, patience=_IMPORT_PATIENCE)
    return Imported(**counts)


class _Plan(NamedTuple):
    change: LeadChange
    outcomes: list[str]


def _plan(known: Lead | None, rows: Sequence[tuple[int, Mapping[str, Any]]], now: datetime) -> _Plan:
    """Apply the rows of one address to the lead that has it."""
    lead = known
    outcomes = []
    for number, row in rows:
        if lead is None:
            # Later rows count as newer, so that a list shows them in order.
            lead = _new(now + timedelta(microseconds=number), row)
            outcomes.append("added")
            continue
        # Its address is the row's; one that an earlier release stored keeps its spelling, which is its key.
        given = {name: value for name, value in row.items() if value and name != "email"}
        merged = lead.model_copy(update=given)
        outcomes.append("skipped" if merged == lead else "updated")
        lead = merged
    assert lead is not None
    if known is not None and lead != known:
        lead = lead.model_copy(update={"updated_at": now})
    return _Plan(LeadChange(known, lead), outcomes)


def _new(now: datetime, fields: Mapping[str, Any]) -> Lead:
    return Lead(id=str(uuid.uuid4()), **fields, created_at=now, updated_at=now)
