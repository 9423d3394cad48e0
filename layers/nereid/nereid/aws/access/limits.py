"""The counters of rate limits, in the limits table: an item per key and window, which expires with the window."""

from contextlib import suppress
from datetime import datetime, timedelta

from nereid.aws.errors import ConditionFailed
from nereid.aws.table import Item, Table, seconds
from nereid.clock import from_iso, to_iso
from nereid.ports.access import FullWindow

_ATTEMPTS = "attempts"
#: How much longer than its window an item is kept, for clocks that differ.
_GRACE = timedelta(minutes=10)


class DynamoLimitStore:
    """Implements `nereid.ports.access.LimitStore`."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def use(self, key: str, window: str, how_many: int, limit: int, until: datetime) -> tuple[bool, int]:
        values = {":n": how_many, ":most": limit - how_many, ":expires": seconds(until + _GRACE)}
        try:
            item = self._table.update(
                key,
                window,
                "ADD used :n SET expires_at = :expires",
                values,
                condition="attribute_not_exists(used) OR used <= :most",
            )
        except ConditionFailed as error:
            return False, int(error.old.get("used", 0))
        return True, int(item["used"])

    def used(self, key: str, window: str) -> int:
        item = self._table.get(key, window)
        return int(item["used"]) if item else 0

    def attempt(self, key: str, limit: int, now: datetime, until: datetime) -> FullWindow | None:
        while True:
            last = self._count(key, limit, now)
            if last is None:
                return None
            if last.get("closes", "") > to_iso(now):
                return FullWindow(from_iso(last["closes"]), under_way=last["used"] > last.get("failed", 0))
            if self._open(key, now, until):
                return None

    def attempt_ended(self, key: str, now: datetime, *, failed: bool) -> None:
        expression, values = "ADD failed :one", {":one": 1, ":none": 0, ":now": to_iso(now)}
        if not failed:
            expression, values[":one"] = "ADD used :one", -1
        with suppress(ConditionFailed):  # the window has closed
            self._table.update(key, _ATTEMPTS, expression, values, condition="closes > :now AND used > :none")

    def _count(self, key: str, limit: int, now: datetime) -> Item | None:
        """Count in the open window; return None if it took one more, else the last window as it is."""
        values = {":one": 1, ":limit": limit, ":now": to_iso(now)}
        try:
            self._table.update(key, _ATTEMPTS, "ADD used :one", values, condition="closes > :now AND used < :limit")
        except ConditionFailed as error:
            return error.old
        return None

    def _open(self, key: str, now: datetime, until: datetime) -> bool:
        """Open a window with one attempt in it, unless somebody else just did."""
        item = {"pk": key, "sk": _ATTEMPTS, "used": 1, "closes": to_iso(until), "expires_at": seconds(until + _GRACE)}
        try:
            self._table.put(item, "attribute_not_exists(pk) OR closes <= :now", {":now": to_iso(now)})
        except ConditionFailed:
            return False
        return True
