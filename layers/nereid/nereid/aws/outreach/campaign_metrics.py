"""Counts of what became of a campaign's mails, in the activity table.

A fact is counted by one transaction that also notes on the delivery that it is counted: whatever is reported twice,
or repeated after a crash, meets the note and counts nothing. Counts stand by the day on which the mails were sent, in
one item per day and shard, with one number per fact and day on which it came: a window of N days is read with
`_SHARDS` queries of at most N items each, whatever the number of mails.

A lead unsubscribes from a campaign once, with whichever of its mails: an item of the lead's, written by the same
transaction, keeps the link of another mail from counting again.
"""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError

from nereid.aws.errors import cancellations
from nereid.aws.messaging.deliveries import (
    DynamoDeliveryStore,
    all_facts,
    delivery_key,
    facts_of,
    noting_report,
    sending_of,
    to_delivery,
)
from nereid.aws.table import Item, Table, digest, seconds
from nereid.errors import Unavailable
from nereid.models.delivery import Delivery
from nereid.models.lead_email import EmailReference, Fact
from nereid.models.team import Scope
from nereid.ports.outreach import DayCounts

#: Over how many partitions a campaign's counts are spread: mails of one campaign are often sent all at once.
_SHARDS = 8
#: How long counts are kept after the last window that shows them.
_KEPT = timedelta(days=120)
_ATTEMPTS = 4


class DynamoCampaignMetrics:
    """Implements `nereid.ports.outreach.CampaignMetrics`."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._deliveries = DynamoDeliveryStore(table)

    def count_sent(self, scope: Scope, delivery_id: str, campaign_id: str, at: datetime) -> None:
        """See the port."""
        day = at.date()
        noting = self._table.updating(
            *delivery_key(scope, delivery_id),
            "SET sent_on = :day",
            {":day": day.isoformat()},
            condition="attribute_exists(pk) AND attribute_not_exists(sent_on)",
        )
        self._count(noting, scope, delivery_id, campaign_id, day, "sent", day)

    def report(
        self,
        scope: Scope,
        delivery_id: str,
        event: Mapping[str, Any],
        fact: Fact,
        email: EmailReference,
        sent_at: datetime | None = None,
    ) -> Delivery | None:
        """See the port."""
        kind, sending = str(event["type"]), email.sending
        at = datetime.fromisoformat(str(event["at"]))
        key = delivery_key(scope, delivery_id)
        for _ in range(_ATTEMPTS):
            item = self._table.get(*key)
            if item is None:
                return None
            if kind in item.get(facts_of(item, sending), ()):
                return to_delivery(item)
            if any(kind in item.get(name, ()) for name in all_facts(item)):
                # It counted for another sending, and a delivery counts once.
                return self._deliveries.report(scope, delivery_id, event, sending)
            sent_on = item.get("sent_on")
            if sent_on is None:
                # The report is faster than our own record of the hand-over, and proves it.
                self.count_sent(scope, delivery_id, email.campaign_id, sent_at or at)
                continue
            noting = self._table.updating(
                *key, **noting_report(event, sending, sending_of(item), not_among=all_facts(item))
            )
            day = date.fromisoformat(sent_on)
            once = [_unsubscribing(self._table, scope, email, day)] if fact == "unsubscribed" else []
            self._count(noting, scope, delivery_id, email.campaign_id, day, fact, at.date(), *once)
        raise Unavailable("delivery is written by many at once")

    def counts(self, team_id: str, campaign_id: str, since: date) -> DayCounts:
        """See the port."""
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
        """Note and count; do neither if it is noted already, and only note if what is to happen `once` has happened."""
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
        """Do all writes, or none if the condition of one does not hold; return whose conditions did not."""
        try:
            self._table.transact(*writes)
        except ClientError as error:
            failed = [reason == "ConditionalCheckFailed" for reason in cancellations(error)]
            if not any(failed):
                raise
            return failed
        return [False] * len(writes)


def _unsubscribing(table: Table, scope: Scope, email: EmailReference, sent_on: date) -> Item:
    return table.updating(
        f"{scope.team_id}#campaign_unsubscribe#{email.campaign_id}#{email.lead_id}",
        "campaign_unsubscribe",
        "SET expires_at = :expires",
        {":expires": _expiry(sent_on)},
        condition="attribute_not_exists(pk)",
    )


def _expiry(sent_on: date) -> int:
    return seconds(datetime.combine(sent_on, datetime.min.time()).astimezone() + _KEPT)


def _counts_key(team_id: str, campaign_id: str, shard: int) -> str:
    return f"{team_id}#campaign_metrics#{campaign_id}#{shard}"
