"""Overviews: how many events an environment took within an hour, and what became of them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NamedTuple, get_args

from nereid.models.base import Model
from nereid.models.delivery import Status
from nereid.models.event_type import Channel

HOUR = timedelta(hours=1)
#: How long after its end an hour is looked at for the last time, if nothing in it is pending any more. What changes
#: later is noted by whoever changes it.
SETTLES = timedelta(minutes=70)
#: How much earlier that begins: for clocks that differ, and a look that takes a while.
NOTED = timedelta(minutes=60)
CHANNELS: tuple[str, ...] = get_args(Channel)
STATUSES: tuple[str, ...] = get_args(Status)
#: How many event types with failures an hour names, those with most failures.
_MOST_NAMED = 20


def hour_of(moment: datetime) -> datetime:
    """Return the beginning of the hour that a moment lies in."""
    return moment.replace(minute=0, second=0, microsecond=0)


class Counts(Model):
    """What became of the events of some time."""

    accepted: int = 0
    #: By channel and status.
    deliveries: dict[str, dict[str, int]] = {}
    #: Mails that bounced, and that somebody complained about.
    bounced: int = 0
    complained: int = 0
    #: Events of no configured event type.
    not_configured: int = 0
    #: Deliveries by event type, and those that failed, where some did.
    failing: dict[str, tuple[int, int]] = {}
    #: When the oldest pending delivery was planned.
    oldest_pending: datetime | None = None

    def add(self, channel: str, status: str, reason: str | None) -> None:
        """Count a delivery."""
        of_channel = self.deliveries.setdefault(channel, {})
        of_channel[status] = of_channel.get(status, 0) + 1
        if channel == "email":
            self.bounced += reason == "bounced"
            self.complained += reason in ("complaint", "suppressed: complaint")

    def of(self, status: str) -> int:
        """Return how many deliveries have a status."""
        return sum(by_status.get(status, 0) for by_status in self.deliveries.values())

    def named(self) -> "Counts":
        """Return them with those event types alone that failed most."""
        most = sorted(self.failing.items(), key=lambda each: (-each[1][1], each[0]))
        return self.model_copy(update={"failing": dict([each for each in most if each[1][1]][:_MOST_NAMED])})


def together(counts: Iterable[Counts]) -> Counts:
    """Return the sum of counts."""
    whole = Counts()
    for each in counts:
        for name in ("accepted", "bounced", "complained", "not_configured"):
            setattr(whole, name, getattr(whole, name) + getattr(each, name))
        for channel, by_status in each.deliveries.items():
            of_channel = whole.deliveries.setdefault(channel, {})
            for status, number in by_status.items():
                of_channel[status] = of_channel.get(status, 0) + number
        for event_type, (all_, failed) in each.failing.items():
            known = whole.failing.get(event_type, (0, 0))
            whole.failing[event_type] = (known[0] + all_, known[1] + failed)
        oldest = [moment for moment in (whole.oldest_pending, each.oldest_pending) if moment is not None]
        whole.oldest_pending = min(oldest, default=None)
    return whole


@dataclass(frozen=True)
class Attention:
    """Something that somebody ought to look at."""

    kind: str
    count: int
    #: What else is known of it.
    more: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class DeadLetterCount:
    """How many dead letters an environment has, and whether there may be more."""

    count: int
    more: bool


class Overview(NamedTuple):
    """What happened in the last hours, and what to look at."""

    #: The hours, oldest first.
    hours: list[tuple[datetime, Counts]]
    attention: list[Attention]

    @property
    def whole(self) -> Counts:
        """What happened in all of the hours."""
        return together(counts for _, counts in self.hours)
