"""Leads in the outreach table, with one item per taken address, and how many leads there are of each kind.

A lead, its address and the counts change together in one transaction, so that the counts are exact. Each count is
spread over shards: a transaction adds to one, and transactions that run at the same time seldom meet. A campaign's list
has an item for each of its leads, which comes and goes with the lead's own note of the campaign.
"""

import secrets
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, TypeVar

from nereid.aws.errors import ConditionFailed
from nereid.aws.outreach.campaigns import assigned, assigned_key
from nereid.aws.table import Item, Table, digest
from nereid.clock import from_iso, to_exact_iso
from nereid.errors import AlreadyExists, Conflict, UnknownLead
from nereid.models.addresses import comparable, forms
from nereid.models.lead import Lead, LeadChange, LeadFilter

#: Over how many items each count is spread.
SHARDS = 16
#: Most items that one transaction holds.
_MOST = 100
#: Most campaigns that a lead leaves in the transaction that deletes it, beside the lead, its address and two counts:
#: each has a count and a place in a list.
_CAMPAIGNS_AT_ONCE = 45
#: Most leads that one transaction assigns, beside a count: each has an item of its own and a place in a list.
_ASSIGNED_AT_ONCE = (_MOST - 1) // 2
#: How many leads of a team are looked at together for a campaign with leads that no list has.
_LOOKED_AT = 1000
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
        places = {campaign: _place(team_id, campaign, lead) for campaign in campaigns}
        listed = self._table.get_many(places.values(), attributes=["pk"])

        def leave(leaving: Sequence[str]) -> list[Item]:
            there = [campaign for campaign in leaving if places[campaign] in listed]
            return [
                *(self._counting_assigned(team_id, each, -1, -1 if each in there else 0) for each in leaving),
                *(self._table.deleting(*places[each]) for each in there),
            ]

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
                    *leave(leaving),
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
                *leave(campaigns),
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

    def of_campaign(self, team_id: str, campaign_id: str, page: int, limit: int) -> tuple[list[Lead], int]:
        total, listed = assigned(self._table, team_id, campaign_id)
        first = (page - 1) * limit
        if first >= total:
            return [], total
        ids = self._listed(team_id, campaign_id) if listed == total else self._noted(team_id, campaign_id)
        chosen = list(islice(ids, first, first + limit))
        found = self.get_many(team_id, chosen)
        return [found[each] for each in chosen if each in found], total

    def _listed(self, team_id: str, campaign_id: str) -> Iterator[str]:
        """Yield the ids of the leads in a campaign's list, those made last first."""
        values = {":pk": _list_key(team_id, campaign_id)}
        for item in self._table.query("pk = :pk", values, consistent=True, forward=False):
            yield item["sk"][-_ID_LENGTH:]

    def _noted(self, team_id: str, campaign_id: str) -> Iterator[str]:
        """Do as :meth:`_listed` does where an earlier release assigned leads: by all leads of the team."""
        index, attribute, value = _index(team_id, LeadFilter(None, None))
        listed = self._table.query(f"{attribute} = :value", {":value": value}, index=index, forward=False)
        while block := [(item["pk"], item["sk"]) for item in islice(listed, _LOOKED_AT)]:
            campaigns = {
                item["pk"]: item.get("campaigns", ()) for item in self._table.get_attributes(block, ["pk", "campaigns"])
            }
            yield from (pk[-_ID_LENGTH:] for pk, _ in block if campaign_id in campaigns.get(pk, ()))

    def assign(self, team_id: str, campaign_id: str, lead_ids: Sequence[str]) -> int:
        """See the port.

        All leads are checked before the first is written, and a lead that vanishes in between takes the others back.
        After a crash the same call does the rest, since each lead itself knows its campaigns.
        """
        leads = self.get_many(team_id, lead_ids)
        for lead_id in lead_ids:
            if lead_id not in leads:
                raise UnknownLead(lead_id)
        wanted = [lead for lead in leads.values() if campaign_id not in lead.campaigns]
        done: list[Lead] = []
        for first in range(0, len(wanted), _ASSIGNED_AT_ONCE):
            chunk = wanted[first : first + _ASSIGNED_AT_ONCE]
            failed = self._mark(team_id, campaign_id, chunk, 1)
            done += [lead for lead in chunk if lead.id not in failed]
            there = self.get_many(team_id, failed)
            gone = [lead.id for lead in chunk if lead.id in failed and lead.id not in there]
            if gone:
                for start in range(0, len(done), _ASSIGNED_AT_ONCE):
                    self._mark(team_id, campaign_id, done[start : start + _ASSIGNED_AT_ONCE], -1)
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

    def _mark(self, team_id: str, campaign_id: str, leads: Sequence[Lead], change: int) -> set[str]:
        """Assign leads (1) or take them back (-1); return the ids of those that it did not apply to."""
        has = "contains(campaigns, :one)"
        expression = "ADD campaigns :campaign" if change > 0 else "DELETE campaigns :campaign"
        condition = f"{_EXISTS} AND NOT {has}" if change > 0 else has
        values = {":campaign": {campaign_id}, ":one": campaign_id}

        def listing(lead: Lead) -> Item:
            pk, sk = _place(team_id, campaign_id, lead)
            return self._table.writing({"pk": pk, "sk": sk}) if change > 0 else self._table.deleting(pk, sk)

        parts = {
            lead.id: [
                self._table.updating(_lead_key(team_id, lead.id), "lead", expression, values, condition=condition),
                listing(lead),
            ]
            for lead in leads
        }

        def counting(kept: Sequence[str]) -> list[Item]:
            how_many = change * len(kept)
            return [self._counting_assigned(team_id, campaign_id, how_many, how_many)]

        return self._write_but_failing(parts, counting)

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

    def _counting_assigned(self, team_id: str, campaign_id: str, change: int, in_list: int) -> Item:
        key, shard = assigned_key(team_id, campaign_id), str(secrets.randbelow(SHARDS))
        values = {":change": change, ":in_list": in_list}
        return self._table.updating(key, shard, "ADD how_many :change, in_list :in_list", values)

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


def _list_key(team_id: str, campaign_id: str) -> str:
    return f"{team_id}#campaign_leads#{campaign_id}"


def _place(team_id: str, campaign_id: str, lead: Lead) -> tuple[str, str]:
    """Return the key of a lead's item in the list of a campaign."""
    return _list_key(team_id, campaign_id), _position(lead)


def _position(lead: Lead) -> str:
    """Return what leads are sorted by."""
    return f"{to_exact_iso(lead.created_at)}#{lead.id}"


def _counts_key(team_id: str, group: str) -> str:
    return f"{team_id}#lead_counts#{group}"


def _email_item(team_id: str, lead: Lead) -> Item:
    return {"pk": _email_key(team_id, lead.email), "sk": "lead_email", "lead_id": lead.id}


def _lead_item(team_id: str, lead: Lead) -> Item:
    return {
        "pk": _lead_key(team_id, lead.id),
        "sk": "lead",
        "id": lead.id,
        **{name: getattr(lead, name) for name in _KEPT},
        "score": lead.score,
        "created_at": to_exact_iso(lead.created_at),
        "updated_at": to_exact_iso(lead.updated_at),
        "version": lead.version,
        "listed": _position(lead),
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
