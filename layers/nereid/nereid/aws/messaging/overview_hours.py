"""Counted hours, in the activity table: an item per hour, which expires with the messages that it counts."""

from datetime import datetime

from nereid.aws.table import Item, Table, tenant
from nereid.clock import from_iso, to_exact_iso, to_iso
from nereid.models.overview import Counts
from nereid.models.team import Scope
from nereid.ports.messaging import CountedHour


class DynamoHourStore:
    """Implements `nereid.ports.messaging.HourStore`.

    Parameters
    ----------
    retention_seconds
        How long messages are kept.
    """

    def __init__(self, table: Table, retention_seconds: int) -> None:
        self._table = table
        self._retention = retention_seconds

    def read(self, scope: Scope, since: datetime) -> dict[datetime, CountedHour]:
        values = {":pk": tenant(scope, "overview"), ":since": to_iso(since)}
        found = self._table.query("pk = :pk AND sk >= :since", values, consistent=True)
        return {from_iso(item["sk"]): _to_hour(item) for item in found}

    def keep(self, scope: Scope, hour: datetime, counted: CountedHour) -> None:
        assert counted.counts is not None
        assert counted.began is not None
        values = {
            ":counts": counted.counts.model_dump_json(exclude_defaults=True),
            ":began": to_exact_iso(counted.began),
            ":expires_at": self._expiry(hour),
        }
        sets = "SET counts = :counts, began = :began, expires_at = :expires_at"
        if counted.until is not None:
            sets, values[":until"] = f"{sets}, valid_until = :until", to_exact_iso(counted.until)
        else:
            sets += " REMOVE valid_until"
        self._table.update(*_key(scope, hour), sets, values)

    def changed(self, scope: Scope, hour: datetime, at: datetime) -> None:
        values = {":at": to_exact_iso(at), ":expires_at": self._expiry(hour)}
        self._table.update(*_key(scope, hour), "SET changed_at = :at, expires_at = :expires_at", values)

    def forget(self, scope: Scope) -> None:
        found = self._table.query("pk = :pk", {":pk": tenant(scope, "overview")})
        self._table.delete_many((item["pk"], item["sk"]) for item in found)

    def _expiry(self, hour: datetime) -> int:
        return int(hour.timestamp()) + self._retention


def _key(scope: Scope, hour: datetime) -> tuple[str, str]:
    return tenant(scope, "overview"), to_iso(hour)


def _to_hour(item: Item) -> CountedHour:
    def moment(name: str) -> datetime | None:
        return from_iso(item[name]) if name in item else None

    counts = Counts.model_validate_json(item["counts"]) if "counts" in item else None
    return CountedHour(counts, moment("began"), moment("valid_until"), moment("changed_at"))
