"""The shared schedule of the hand-overs to one provider: one item of the limits table.

`next_normal` and `next_high` are the first moments, in milliseconds, at which nobody of the lane has booked a turn. A
turn of high priority also moves the next normal one on, so that both lanes together keep to the provider's rate.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

from nereid.aws.errors import ConditionFailed
from nereid.aws.table import Table
from nereid.clock import from_iso, to_iso
from nereid.errors import Unavailable
from nereid.logs import logger
from nereid.models.event_type import Priority
from nereid.ports.messaging import Busy

#: The share of the provider's rate that is booked: the rest is for single deliveries, which book nothing, and for
#: clocks that differ.
BOOKED = 0.95
#: The share of the rate that is for high priority alone while others wait.
HIGH = 0.5
#: For how long a rate that the provider said is believed.
_KNOWN_FOR = timedelta(minutes=5)
#: The rate until the provider has said it: SES's usual one for a new account outside of its sandbox. It is believed for
#: a moment: somebody is asking.
_USUAL_RATE = 14.0
_ASSUMED_FOR = timedelta(seconds=1)
_SORT_KEY = "schedule"
#: Bookings that are made side by side get in each other's way only where the last turn was long ago.
_TRIES = 5


class DynamoSchedule:
    """Implements `nereid.ports.messaging.Schedule`.

    Parameters
    ----------
    rate
        Hand-overs per second that the operator has set; 0 to ask the provider.
    ask
        Asks the provider for its rate, at most every five minutes in all sandboxes together.
    """

    def __init__(self, table: Table, channel: str, rate: float, ask: Callable[[], float] | None = None) -> None:
        self._table = table
        self._key = (_partition(channel), _SORT_KEY)
        self._rate = rate
        self._ask = ask
        self._known_until: datetime | None = None
        #: When the lanes' next turns were when they were seen last.
        self._seen: dict[Priority, int] = {}

    def rate(self, lane: Priority, now: datetime) -> float:
        if self._ask is not None and (self._known_until is None or now >= self._known_until):
            known = self._asked(now)
            self._rate = known or _USUAL_RATE
            self._known_until = now + (_KNOWN_FOR if known else _ASSUMED_FOR)
        return self._booked_rate(lane)

    def _booked_rate(self, lane: Priority) -> float:
        return self._rate * BOOKED * (HIGH if lane == "high" else 1)

    def book(self, lane: Priority, count: int, now: datetime, latest: datetime) -> datetime | Busy:
        for _ in range(_TRIES):
            try:
                item = self._table.update(*self._key, **self._booking(lane, count, now, latest))
            except ConditionFailed as error:
                old = error.old
                self._seen[lane] = int(old.get(f"next_{lane}", 0))
                closed = _closed(old, now)
                if closed is not None:
                    return closed
                if self._seen[lane] > _millis(latest):
                    return Busy(_moment(self._seen[lane]), "rate")
                continue
            self._seen[lane] = int(item[f"next_{lane}"])
            return _moment(self._seen[lane] - self._length(lane, count))
        return Busy(now + timedelta(seconds=1), "rate")

    def close(self, busy: Busy) -> None:
        values = {":until": to_iso(busy.until), ":by": busy.stopped_by, ":code": busy.code or ""}
        with suppress(ConditionFailed):  # somebody has closed it for longer
            self._table.update(
                *self._key,
                "SET closed_until = :until, closed_by = :by, closed_code = :code",
                values,
                condition="attribute_not_exists(closed_until) OR closed_until < :until",
            )

    def _length(self, lane: Priority, count: int) -> int:
        """Return how long so many turns take, in milliseconds."""
        return max(1, round(1000 * count / self._booked_rate(lane)))

    def _booking(self, lane: Priority, count: int, now: datetime, latest: datetime) -> dict[str, Any]:
        mine, start = f"next_{lane}", _millis(now)
        length = self._length(lane, count)
        values: dict[str, Any] = {":now": start, ":moment": to_iso(now)}
        if self._seen.get(lane, 0) >= start:  # behind those who have booked before
            sets, condition = f"{mine} = {mine} + :length", f"{mine} BETWEEN :now AND :latest"
            values |= {":length": length, ":latest": _millis(latest)}
        else:
            sets, condition = f"{mine} = :free", f"(attribute_not_exists({mine}) OR {mine} < :now)"
            values[":free"] = start + length
        if lane == "high":
            sets += ", next_normal = if_not_exists(next_normal, :now) + :moved"
            values[":moved"] = self._length("normal", count)
        return {
            "expression": f"SET {sets}",
            "values": values,
            "condition": f"{condition} AND (attribute_not_exists(closed_until) OR closed_until <= :moment)",
        }

    def _asked(self, now: datetime) -> float | None:
        """Return the provider's rate as it was asked for by whoever did last; ask, if that is long ago.

        None if it never was, or while the first answer is not there.
        """
        item = self._table.get(*self._key) or {}
        known = float(item["per_second"]) if "per_second" in item else None
        asked_at = item.get("asked_at")
        if asked_at is not None and from_iso(asked_at) + _KNOWN_FOR > now:
            return known
        values = {":now": to_iso(now), **({":seen": asked_at} if asked_at else {})}
        condition = "asked_at = :seen" if asked_at else "attribute_not_exists(asked_at)"
        try:
            self._table.update(*self._key, "SET asked_at = :now", values, condition=condition)
        except ConditionFailed:  # somebody else is asking
            return known
        assert self._ask is not None
        try:
            rate = self._ask()
        except Unavailable as error:
            logger.warning("the provider's rate is not known", extra={"error": str(error)})
            return known
        self._table.update(*self._key, "SET per_second = :rate", {":rate": str(rate)})
        return rate


class DynamoClosures:
    """Implements `nereid.ports.messaging.Closures`."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def closed(self, channel: str, now: datetime) -> Busy | None:
        item = self._table.get(_partition(channel), _SORT_KEY, consistent=False)
        return _closed(item or {}, now)


def _partition(channel: str) -> str:
    return f"PROVIDER#{channel}"


def _closed(item: Mapping[str, Any], now: datetime) -> Busy | None:
    until = item.get("closed_until")
    if until is None or from_iso(until) <= now:
        return None
    return Busy(from_iso(until), item["closed_by"], item["closed_code"])


def _millis(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def _moment(millis: int) -> datetime:
    return datetime.fromtimestamp(millis / 1000, UTC)
