"""Leads in the outreach table, with one item per taken address, and how many leads there are of each kind.

A lead, its address and the counts change together in one transaction, so that the counts are exact. Each count is
spread over shards: a transaction adds to one, and transactions that run at the same time seldom meet.
"""

import secrets
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from nereid.aws.errors import ConditionFailed
from nereid.aws.outreach.campaigns import assigned_key
from nereid.aws.table import Item, Table, digest
from nereid.clock import from_iso, to_exact_iso
from nereid.errors import AlreadyExists, Conflict, UnknownLead
from nereid.models.addresses import comparable, forms
from nereid.models.lead import Lead, LeadChange, LeadFilter

#: Over how many items each count is spread.
SHARDS = 16
#: Most items that one transaction holds.
_MOST = 100
#: Most campaigns that a lead leaves in the transaction that deletes it, beside the lead, its address and two counts.
_CAMPAIGNS_AT_ONCE = 90
_ID_LENGTH = 36
_EXISTS = "attribute_exists(pk)"
_KEPT = ("full_name", "email", "company", "job_title", "industry", "status")

Key = TypeVar("Key", bound=Hashable)
_Counts = Counter[tuple[str, str]]


class DynamoLeadStore:
    """Implements `nereid.ports.outreach.LeadStore`."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def get(self, team_id: str, lead_id: str) -> Lead | None:
        item = self._table.get(_lead_key(team_id, lead_id), "lead")
        return _to_lead(item) if item else None

    def get_many(self, team_id: str, lead_ids: Iterable[str]) -> dict[str, Lead]:
        # A text that is no id could be too long for a key.
        keys = [(_lead_key(team_id, lead_id), "lead") for lead_id in lead_ids if len(lead_id) == _ID_LENGTH]
        found = self._table.get_many(keys)
        return {item["id"]: _to_lead(item) for item in found.values()}

    def by_emails(self, team_id: str, emails: Iterable[str]) -> dict[str, Lead]:
        keys = [(_email_key(team_id, form), "lead_email") for email in emails for form in forms("email", email)]
        taken = self._table.get_many(keys)
        leads = self.get_many(team_id, (item["lead_id"] for item in taken.values()))
        return {comparable("email", lead.email): lead for lead in leads.values()}

    def add(self, team_id: str, lead: Lead) -> None:
        try:
            self._table.transact(*self._adding(team_id, lead), *self._counting(team_id, _counts(None, lead)))
        except ConditionFailed as error:
            raise AlreadyExists("lead") from error

    def change(self, team_id: str, before: Lead, after: Lead) -> None:
        moves = []
        if after.email != before.email:
            moves = [
                *self._taking(team_id, after, before.email),
                self._table.deleting(_email_key(team_id, before.email), "lead_email"),
            ]
        counting = self._counting(team_id, _counts(before, after))
        try:
            if moves or counting:
                self._table.transact(self._changing(team_id, before, after), *moves, *counting)
            else:
                expression, values, names = _changes(team_id, before, after)
                key = _lead_key(team_id, before.id)
                self._table.update(key, "lead", expression, values, names=names, condition="version = :version")
        except ConditionFailed as error:
            if 0 in error.which:  # the lead's own
                raise Conflict from error
            raise AlreadyExists("lead") from error

    def write_many(self, team_id: str, changes: Sequence[LeadChange]) -> list[bool]:
        """See the port. No two changes may be of one lead or address."""
        failed: set[int] = set()
        for chunk in _chunks(changes):
            parts = {each: self._storing(team_id, changes[each]) for each in chunk}

            def counting(kept: Iterable[int]) -> list[Item]:
                counts: _Counts = Counter()
                for each in kept:
                    counts.update(_counts(*changes[each]))
                return self._counting(team_id, counts)

            failed |= self._write_but_failing(parts, counting)
        return [number not in failed for number in range(len(changes))]

    def delete(self, team_id: str, lead: Lead) -> None:
        campaigns = sorted(lead.campaigns)
        try:
            while len(campaigns) > _CAMPAIGNS_AT_ONCE:
                leaving, campaigns = campaigns[:_CAMPAIGNS_AT_ONCE], campaigns[_CAMPAIGNS_AT_ONCE:]
                self._table.transact(
                    self._table.updating(
                        _lead_key(team_id, lead.id),
                        "lead",
                        "DELETE campaigns :leaving",
                        {":leaving": set(leaving), ":all": {*leaving, *campaigns}},
                        condition="campaigns = :all",
                    ),
                    *(self._counting_assigned(team_id, campaign, -1) for campaign in leaving),
                )
            values: dict[str, Any] = {":version": lead.version}
            condition = "version = :version AND attribute_not_exists(campaigns)"
            if campaigns:
                values[":all"] = set(campaigns)
                condition = "version = :version AND campaigns = :all"
            self._table.transact(
                self._table.deleting(_lead_key(team_id, lead.id), "lead", condition, values),
                self._table.deleting(_email_key(team_id, lead.email), "lead_email"),
                *self._counting(team_id, _counts(lead, None)),
                *(self._counting_assigned(team_id, campaign, -1) for campaign in campaigns),
            )
        except ConditionFailed as error:
            raise Conflict from error

    def page(self, team_id: str, selected: LeadFilter, page: int, limit: int) -> tuple[list[Lead], int]:
        total = self._total(team_id, selected)
        first = (page - 1) * limit
        if first >= total:
            return [], total
        index, attribute, value = _index(team_id, selected)
        keys = []
        listed = self._table.query(
            f"{attribute} = :value", {":value": value}, index=index, forward=False, limit=min(first + limit, 1000)
        )
        for position, item in enumerate(listed):
            if position >= first:
                keys.append((item["pk"], item["sk"]))
            if len(keys) == limit:
                break
        found = self._table.get_many(keys)
        leads = [_to_lead(found[key]) for key in keys if key in found]
        # The index follows the table within moments; a lead that left the selection meanwhile is not shown in it.
        return [lead for lead in leads if _index(team_id, selected, lead)[2] == value], total

    def assign(self, team_id: str, campaign_id: str, lead_ids: Sequence[str]) -> int:
        """See the port.

        All leads are checked before the first is written, and a lead that vanishes in between takes the others back.
        After a crash the same call does the rest, since each lead itself knows its campaigns.
        """
        leads = self.get_many(team_id, lead_ids)
        for lead_id in lead_ids:
            if lead_id not in leads:
                raise UnknownLead(lead_id)
        wanted = [lead_id for lead_id, lead in leads.items() if campaign_id not in lead.campaigns]
        done: list[str] = []
        for first in range(0, len(wanted), _MOST - 1):
            chunk = wanted[first : first + _MOST - 1]
            failed = self._mark(team_id, campaign_id, chunk, 1)
            done += [lead_id for lead_id in chunk if lead_id not in failed]
            there = self.get_many(team_id, failed)
            gone = [lead_id for lead_id in chunk if lead_id in failed and lead_id not in there]
            if gone:
                for start in range(0, len(done), _MOST - 1):
                    self._mark(team_id, campaign_id, done[start : start + _MOST - 1], -1)
                raise UnknownLead(gone[0])
        return len(done)

    def set_scores(self, team_id: str, scores: Mapping[str, int]) -> None:
        ids = list(scores)
        for first in range(0, len(ids), _MOST):
            parts = {
                lead_id: [
                    self._table.updating(
                        _lead_key(team_id, lead_id),
                        "lead",
                        "SET score = :score",
                        {":score": scores[lead_id]},
                        condition=_EXISTS,
                    )
                ]
                for lead_id in ids[first : first + _MOST]
            }
            self._write_but_failing(parts, lambda _: [])

    def _adding(self, team_id: str, lead: Lead) -> list[Item]:
        return [
            *self._taking(team_id, lead),
            self._table.writing(_lead_item(team_id, lead)),
        ]

    def _taking(self, team_id: str, lead: Lead, instead_of: str | None = None) -> list[Item]:
        """Return the parts of a transaction that take a lead's address, if it is free in all forms but the former."""
        others = [form for form in forms("email", lead.email) if form not in (lead.email, instead_of)]
        return [
            self._table.writing(_email_item(team_id, lead), "attribute_not_exists(pk)"),
            *(
                self._table.requiring(_email_key(team_id, form), "lead_email", "attribute_not_exists(pk)")
                for form in others
            ),
        ]

    def _storing(self, team_id: str, change: LeadChange) -> list[Item]:
        before, after = change
        return self._adding(team_id, after) if before is None else [self._changing(team_id, before, after)]

    def _changing(self, team_id: str, before: Lead, after: Lead) -> Item:
        expression, values, names = _changes(team_id, before, after)
        key = _lead_key(team_id, before.id)
        return self._table.updating(key, "lead", expression, values, names=names, condition="version = :version")

    def _mark(self, team_id: str, campaign_id: str, lead_ids: Sequence[str], change: int) -> set[str]:
        """Assign leads (1) or take them back (-1); return those that it did not apply to."""
        has = "contains(campaigns, :one)"
        expression = "ADD campaigns :campaign" if change > 0 else "DELETE campaigns :campaign"
        condition = f"{_EXISTS} AND NOT {has}" if change > 0 else has
        values = {":campaign": {campaign_id}, ":one": campaign_id}
        parts = {
            lead_id: [
                self._table.updating(_lead_key(team_id, lead_id), "lead", expression, values, condition=condition)
            ]
            for lead_id in lead_ids
        }
        return self._write_but_failing(
            parts, lambda kept: [self._counting_assigned(team_id, campaign_id, change * len(kept))]
        )

    def _write_but_failing(
        self, parts: Mapping[Key, Sequence[Item]], counting: Callable[[Sequence[Key]], Sequence[Item]]
    ) -> set[Key]:
        """Write in one transaction all parts but those whose conditions fail; return the keys of those."""
        failed: set[Key] = set()
        while kept := [key for key in parts if key not in failed]:
            owners = [key for key in kept for _ in parts[key]]
            try:
                self._table.transact(*(part for key in kept for part in parts[key]), *counting(kept))
                break
            except ConditionFailed as error:
                failed |= {owners[position] for position in error.which}
        return failed

    def _counting(self, team_id: str, counts: _Counts) -> list[Item]:
        shard = str(secrets.randbelow(SHARDS))
        groups: dict[str, dict[str, int]] = {}
        for (group, name), change in counts.items():
            if change:
                groups.setdefault(group, {})[name] = change
        return [
            self._table.updating(
                _counts_key(team_id, group),
                shard,
                "ADD " + ", ".join(f"{name} :{name}" for name in changes),
                {f":{name}": change for name, change in changes.items()},
            )
            for group, changes in groups.items()
        ]

    def _counting_assigned(self, team_id: str, campaign_id: str, change: int) -> Item:
        shard = str(secrets.randbelow(SHARDS))
        return self._table.updating(
            assigned_key(team_id, campaign_id), shard, "ADD how_many :change", {":change": change}
        )

    def _total(self, team_id: str, selected: LeadFilter) -> int:
        values = {":pk": _counts_key(team_id, _group(selected.industry))}
        shards = self._table.query("pk = :pk", values, consistent=True)
        return sum(item.get(_count_name(selected.status), 0) for item in shards)


def _chunks(changes: Sequence[LeadChange]) -> Iterator[list[int]]:
    """Yield the positions of changes that fit into one transaction together with their counts."""
    chunk: list[int] = []
    items = 0
    groups: set[str] = set()
    for number, (before, after) in enumerate(changes):
        own = 1 if before is not None else 1 + len(forms("email", after.email))
        touched = {group for group, _ in _counts(before, after)}
        if items + own + len(groups | touched) > _MOST:
            yield chunk
            chunk, items, groups = [], 0, set()
        chunk.append(number)
        items += own
        groups |= touched
    if chunk:
        yield chunk


def _counts(before: Lead | None, after: Lead | None) -> _Counts:
    """Return by how much each count changes."""
    counts: _Counts = Counter()
    for lead, change in ((before, -1), (after, 1)):
        if lead is not None:
            for industry in {None, lead.industry}:
                counts[_group(industry), _count_name(None)] += change
                counts[_group(industry), _count_name(lead.status)] += change
    return Counter({key: change for key, change in counts.items() if change})


def _group(industry: str | None) -> str:
    return "all" if industry is None else f"industry#{_industry(industry)}"


def _count_name(status: str | None) -> str:
    return f"how_many_{status}" if status else "how_many"


def _industry(industry: str) -> str:
    return digest(industry.casefold())


def _index(team_id: str, selected: LeadFilter, lead: Lead | None = None) -> tuple[str, str, str]:
    """Return the index of a selection, its key's name, and the key: that of the selection, or of a lead in it."""
    of = selected if lead is None else lead
    keys = _index_keys(team_id, of.status or "", of.industry or "")
    match selected.status is not None, selected.industry is not None:
        case True, True:
            return "leads_by_status_and_industry", "lead_status_industry", keys["lead_status_industry"] or ""
        case True, False:
            return "leads_by_status", "lead_status", keys["lead_status"] or ""
        case False, True:
            return "leads_by_industry", "lead_industry", keys["lead_industry"] or ""
    return "leads", "lead_list", keys["lead_list"] or ""


def _index_keys(team_id: str, status: str, industry: str | None) -> dict[str, str | None]:
    field = _industry(industry) if industry else None
    return {
        "lead_list": f"{team_id}#leads",
        "lead_status": f"{team_id}#leads#{status}",
        "lead_industry": field and f"{team_id}#leads##{field}",
        "lead_status_industry": field and f"{team_id}#leads#{status}#{field}",
    }


def _lead_key(team_id: str, lead_id: str) -> str:
    return f"{team_id}#lead#{lead_id}"


def _email_key(team_id: str, email: str) -> str:
    return f"{team_id}#lead_email#{email}"


def _counts_key(team_id: str, group: str) -> str:
    return f"{team_id}#lead_counts#{group}"


def _email_item(team_id: str, lead: Lead) -> Item:
    return {"pk": _email_key(team_id, lead.email), "sk": "lead_email", "lead_id": lead.id}


def _lead_item(team_id: str, lead: Lead) -> Item:
    created = to_exact_iso(lead.created_at)
    return {
        "pk": _lead_key(team_id, lead.id),
        "sk": "lead",
        "id": lead.id,
        **{name: getattr(lead, name) for name in _KEPT},
        "score": lead.score,
        "created_at": created,
        "updated_at": to_exact_iso(lead.updated_at),
        "version": lead.version,
        "listed": f"{created}#{lead.id}",
        **_index_keys(team_id, lead.status, lead.industry),
    }


def _changes(team_id: str, before: Lead, after: Lead) -> tuple[str, dict[str, Any], dict[str, str]]:
    """Return an update of the differences, its values and its names, as DynamoDB wants them."""
    old = {name: getattr(before, name) for name in _KEPT} | _index_keys(team_id, before.status, before.industry)
    new = {name: getattr(after, name) for name in _KEPT} | _index_keys(team_id, after.status, after.industry)
    different = [name for name in new if new[name] != old[name]]
    sets = ["updated_at = :updated_at", "version = :next"]
    sets += [f"#{name} = :{name}" for name in different if new[name] is not None]
    removes = [f"#{name}" for name in different if new[name] is None]
    values = {f":{name}": new[name] for name in different if new[name] is not None}
    expression = "SET " + ", ".join(sets) + (" REMOVE " + ", ".join(removes) if removes else "")
    times = {":updated_at": to_exact_iso(after.updated_at), ":version": before.version, ":next": before.version + 1}
    return expression, {**values, **times}, {f"#{name}": name for name in different}


def _to_lead(item: Item) -> Lead:
    return Lead(
        id=item["id"],
        full_name=item["full_name"],
        email=item["email"],
        company=item.get("company"),
        job_title=item.get("job_title"),
        industry=item.get("industry"),
        status=item["status"],
        score=item.get("score"),
        created_at=from_iso(item["created_at"]),
        updated_at=from_iso(item["updated_at"]),
        version=item["version"],
        campaigns=frozenset(item.get("campaigns", ())),
    )
