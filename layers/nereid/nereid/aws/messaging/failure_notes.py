"""Why records of queues were given up, in the activity table, by the id that SQS gave them.

The id does not name the tenant, and no tenant asks for it: the reader of a note has the record itself.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from nereid.aws.table import Table, seconds
from nereid.clock import to_iso

#: Longer than a dead-letter queue keeps a record.
_KEPT = timedelta(days=15)


class DynamoFailureNotes:
    """Implements `nereid.ports.messaging.FailureNotes`."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def note(self, record_id: str, reason: str, at: datetime) -> None:
        self._table.update(
            *_key(record_id),
            "SET reason = :reason, noted_at = :at, expires_at = :expires_at",
            {":reason": reason, ":at": to_iso(at), ":expires_at": seconds(at + _KEPT)},
        )

    def reasons(self, record_ids: Iterable[str]) -> dict[str, str]:
        found = self._table.get_many((_key(record_id) for record_id in record_ids), consistent=False)
        return {pk.partition("#")[2]: item["reason"] for (pk, _), item in found.items()}


def _key(record_id: str) -> tuple[str, str]:
    return f"failure#{record_id}", "failure"
