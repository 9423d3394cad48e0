"""Counts of the facts about a campaign's mails, in the activity table.

A fact is counted by one transaction that also notes on the delivery that it is counted: a report that comes twice,
or again after a crash, finds the note and counts nothing. Counts stand by the day on which the mails were sent, in
one item per day and shard, with one number per fact and day on which it came: a window of N days is read with
`_SHARDS` queries of at most N items each, for any number of mails.

A lead unsubscribes from a campaign once, over all of its mails: an item of the lead's, written by the same
transaction, keeps the link of another mail from counting again.
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from nereid.aws.errors import ConditionFailed
from nereid.aws.messaging.deliveries import (
    all_facts,
    delivery_key,
    facts_of,
    noting_report,
    sending_of,
    to_delivery,
    without_link,
)
from nereid.aws.table import Item, Table, digest, seconds
from nereid.models.lead_email import Fact
from nereid.models.team import Scope
from nereid.ports.outreach import Count, DayCounts, Noted

#: Over how many partitions a campaign's counts are spread: mails of one campaign are often sent all at once.
_SHARDS = 8
#: How long counts are kept after the last window that shows them.
_KEPT = timedelta(days=120)


class DynamoCampaignMetrics:
    """Implements `nereid.ports.outreach.CampaignMetrics`."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def count_sent(self, scope: Scope, delivery_id: str, campaign_id: str, at: datetime) -> None:
        day = at.date()
        noting = self._table.updating(
            *delivery_key(scope, delivery_id),
            "SET sent_on = :day",
            {":day": day.isoformat()},
            condition="attribute_exists(pk) AND attribute_not_exists(sent_on)",
        )
        self._count(noting, scope, delivery_id, campaign_id, day, "sent", day)

    def noted(self, scope: Scope, delivery_id: str) -> Noted | None:
        item = self._table.get(*delivery_key(scope, delivery_id))
        if item is None:
            return None
        current = sending_of(item)
        kinds = {sending: item.get(facts_of(item, sending), ()) for sending in range(1, current + 1)}
        sent_on = date.fromisoformat(item["sent_on"]) if "sent_on" in item else None
        return Noted(to_delivery(item), current, kinds, sent_on)

    def count(
        self, scope: Scope, delivery_id: str, seen: Noted, event: Mapping[str, Any], sending: int, count: Count
    ) -> None:
        # That of somebody who was erased has no address any more.
        kept = event if seen.delivery.to is not None else without_link(event)
        noting = self._table.updating(
            *delivery_key(scope, delivery_id),
            **noting_report(kept, sending, seen.current, not_among=all_facts(seen.current)),
        )
        once = [_counted_for(self._table, scope, count)] if count.once_for else []
        self._count(noting, scope, delivery_id, count.campaign_id, count.sent_on, count.fact, count.day, *once)

    def counts(self, team_id: str, campaign_id: str, since: date) -> DayCounts:
        found: DayCounts = {}
        for shard in range(_SHARDS):
            values = {":pk": _counts_key(team_id, campaign_id, shard), ":since": since.isoformat()}
            for item in self._table.query("pk = :pk AND sk >= :since", values, consistent=True):
                counts = found.setdefault(date.fromisoformat(item["sk"]), {})
                for name, how_many in item.items():
                    fact, mark, day = name.partition("#")
                    if mark:
                        key: Any = (fact, date.fromisoformat(day))
                        counts[key] = counts.get(key, 0) + how_many
        return found

    def _count(
        self,
        noting: Item,
        scope: Scope,
        delivery_id: str,
        campaign_id: str,
        sent_on: date,
        fact: Fact,
        day: date,
        *once: Item,
    ) -> None:
        """Note and count; do neither if it is noted already, and only note if the item `once` exists."""
        shard = int(digest(delivery_id)[:8], 16) % _SHARDS
        counting = self._table.updating(
            _counts_key(scope.team_id, campaign_id, shard),
            sent_on.isoformat(),
            "SET expires_at = if_not_exists(expires_at, :expires) ADD #fact :one",
            {":expires": _expiry(sent_on), ":one": 1},
            names={"#fact": f"{fact}#{day.isoformat()}"},
        )
        failed = self._failed(noting, counting, *once)
        if any(failed[2:]) and not failed[0]:
            self._failed(noting)

    def _failed(self, *writes: Item) -> list[bool]:
        """Do all writes, or none if the condition of one does not hold; tell of each whether its condition failed."""
        try:
            self._table.transact(*writes)
        except ConditionFailed as error:
            return [position in error.which for position in range(len(writes))]
        return [False] * len(writes)


def _counted_for(table: Table, scope: Scope, count: Count) -> Item:
    """Return the write that lets a fact count once for a lead; unsubscribing is the one such fact."""
    return table.updating(
        f"{scope.team_id}#campaign_unsubscribe#{count.campaign_id}#{count.once_for}",
        "campaign_unsubscribe",
        "SET expires_at = :expires",
        {":expires": _expiry(count.sent_on)},
        condition="attribute_not_exists(pk)",
    )


def _expiry(sent_on: date) -> int:
    return seconds(datetime.combine(sent_on, time.min, UTC) + _KEPT)


def _counts_key(team_id: str, campaign_id: str, shard: int) -> str:
    return f"{team_id}#campaign_metrics#{campaign_id}#{shard}"
