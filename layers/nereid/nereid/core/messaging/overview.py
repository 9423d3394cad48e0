"""The overview of an environment: counted when somebody looks, and remembered of hours in which nothing changes.

Nothing is counted while events are processed. A look counts the hours that no look has counted before, from the
messages and deliveries themselves, and so counts nothing twice, however often a record came. An hour is remembered for
good once nothing in it is pending and it has been over for a while; whoever changes something in it later notes that,
and it is counted anew. Other hours are remembered for half a minute, so that many who look cost no more than one.
See docs/adr/0046-overview.md.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from nereid.clock import to_iso
from nereid.errors import Unavailable
from nereid.models.message import USER_CREATED
from nereid.models.overview import (
    HOUR,
    SETTLES,
    Attention,
    Counts,
    DeadLetterCount,
    Overview,
    hour_of,
    together,
)
from nereid.models.team import Scope
from nereid.ports.clock import Clock
from nereid.ports.messaging import Closures, CountedHour, DeliveryStore, HourStore, MessageStore

#: For how long the counts of an hour that may change are believed.
_BELIEVED = timedelta(seconds=30)
#: A read of the store may be a moment old.
_OLD = timedelta(seconds=2)
#: How far apart the arrivals may be that one place in the order names.
_TOGETHER = timedelta(minutes=1)
_PAGE = 1000
#: How long a look may take to count.
_SECONDS = timedelta(seconds=20)
#: A delivery that is pending for longer than this waits for something.
_LONG = timedelta(minutes=15)
#: From so many deliveries on a share of them says something, and which share is too much.
_ENOUGH, _FAILING = 10, 0.5
#: The shares of mails at which SES reviews an account, and from how many mails on they say something.
#: Source: https://docs.aws.amazon.com/ses/latest/dg/reputationdashboardmessages.html
_MAILS, _BOUNCES, _COMPLAINTS = 100, 0.05, 0.001


@dataclass(frozen=True)
class Overviews:
    """Makes overviews.

    Parameters
    ----------
    dead_letters
        Counts the dead letters of an environment.
    """

    messages: MessageStore
    deliveries: DeliveryStore
    hours: HourStore
    closures: Closures
    clock: Clock
    dead_letters: Callable[[Scope], DeadLetterCount]

    def look(self, scope: Scope, hours: int) -> Overview:
        """Return what happened in the present hour of the clock and those before it.

        Parameters
        ----------
        hours
            How many hours, the present one among them.

        Raises
        ------
        Unavailable
            If a store failed, or there is more to count than a look has the time for: the next one goes on.
        """
        now = self.clock.now()
        first = hour_of(now) - (hours - 1) * HOUR
        known = self.hours.read(scope, first)
        counted = []
        # Newest first: of the others, more have been counted before.
        for number in reversed(range(hours)):
            hour = first + number * HOUR
            counts = _valid(known.get(hour), now)
            if counts is None:
                if self.clock.now() - now > _SECONDS:
                    raise Unavailable("the overview is being counted")
                counts = self._count(scope, hour)
            counted.append((hour, counts))
        counted.reverse()
        return Overview(counted, self._attention(scope, together(counts for _, counts in counted), now))

    def _count(self, scope: Scope, hour: datetime) -> Counts:
        began = self.clock.now()
        counts, settled = Counts(), hour + HOUR + SETTLES <= began
        for keys in self._arrived(scope, hour):
            settled = self._add(scope, hour, keys, counts) and settled
            if self.clock.now() - began > 2 * _SECONDS:  # the function ends soon
                raise Unavailable("the overview is being counted")
        counts = counts.named()
        until = None if settled and not counts.of("pending") else began + _BELIEVED
        self.hours.keep(scope, hour, CountedHour(counts, began, until))
        return counts

    def _arrived(self, scope: Scope, hour: datetime) -> Iterator[list[str]]:
        """Yield the keys of messages that may have arrived within an hour, each once."""
        position = to_iso(hour)
        seen: set[str] = set()
        while True:
            page = self.messages.arrivals(scope, position, hour + HOUR + _TOGETHER, _PAGE)
            new = [each.message_id for each in page.messages if each.message_id not in seen]
            seen.update(new)
            if new:
                yield list(dict.fromkeys(new))
            if not page.more or page.position is None:
                return
            position = page.position

    def _add(self, scope: Scope, hour: datetime, keys: Sequence[str], counts: Counts) -> bool:
        """Count messages; tell whether nothing of them says that the hour may not be remembered."""
        settles = True
        found = self.messages.outlines(scope, keys)
        planned = {
            key: outline.plan.deliveries(scope, key)
            for key, outline in found.items()
            if hour_of(outline.received_at) == hour and not outline.is_test
        }
        ids = [each.id for deliveries in planned.values() for each in deliveries if each.recipient]
        standings = self.deliveries.standings(scope, ids)
        for key, deliveries in planned.items():
            outline = found[key]
            # Who reports on its deliveries takes them for those of a later hour.
            settles = settles and outline.plan.planned_at - outline.received_at < HOUR
            counts.accepted += 1
            # Who does without it can hardly stop sending what Nereid made.
            if outline.event_type != USER_CREATED:
                counts.not_configured += outline.plan.reason == "event type is not configured"
            failed = 0
            for each in deliveries:
                status, reason = standings.get(each.id, ("pending", None)) if each.recipient else ("no_contact", None)
                counts.add(each.channel, status, reason)
                failed += status == "failed"
                if status == "pending":
                    oldest = (counts.oldest_pending, outline.plan.planned_at)
                    counts.oldest_pending = min(moment for moment in oldest if moment is not None)
            if deliveries:
                all_, failures = counts.failing.get(outline.event_type, (0, 0))
                counts.failing[outline.event_type] = (all_ + len(deliveries), failures + failed)
        return settles

    def _attention(self, scope: Scope, whole: Counts, now: datetime) -> list[Attention]:
        found = []
        dead = self.dead_letters(scope)
        if dead.count or dead.more:
            found.append(Attention("dead_letters", dead.count, {"more": True} if dead.more else {}))
        if whole.oldest_pending is not None and now - whole.oldest_pending > _LONG:
            found.append(Attention("pending", whole.of("pending"), {"since": whole.oldest_pending}))
        for channel in ("email", "sms", "push"):
            busy = self.closures.closed(channel, now)
            waiting = whole.deliveries.get(channel, {}).get("pending", 0)
            # Providers are the stack's. Who has nothing waiting is not told of it.
            if busy is not None and waiting:
                # SES has the same code for its quota and for its rate.
                reason = busy.code if busy.code and busy.stopped_by != "quota" else busy.stopped_by
                known = {"channel": channel, "reason": reason, "until": busy.until}
                found.append(Attention("provider_closed", waiting, known))
        for event_type, (all_, failed) in sorted(whole.failing.items(), key=lambda each: (-each[1][1], each[0])):
            if all_ >= _ENOUGH and failed / all_ >= _FAILING:
                found.append(Attention("event_type_failing", failed, {"event_type": event_type}))
        if whole.not_configured:
            found.append(Attention("event_type_not_configured", whole.not_configured))
        mails = whole.deliveries.get("email", {}).get("success", 0) + whole.bounced
        for kind, count, share in (
            ("bounce_rate", whole.bounced, _BOUNCES),
            ("complaint_rate", whole.complained, _COMPLAINTS),
        ):
            if mails >= _MAILS and count / mails >= share:
                found.append(Attention(kind, count, {"rate": round(count / mails, 4)}))
        return found


def _valid(hour: CountedHour | None, now: datetime) -> Counts | None:
    """Return the counts of an hour that may be believed."""
    if hour is None or hour.counts is None or hour.began is None:
        return None
    if hour.until is not None:
        return hour.counts if now < hour.until else None
    return hour.counts if hour.changed_at is None or hour.changed_at < hour.began - _OLD else None
