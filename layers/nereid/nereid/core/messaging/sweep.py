"""Find what is stuck and queue it again: messages that were stored but not fanned out, deliveries left pending.

The sweeper walks each environment's messages in the order of their arrival, a quarter of an hour behind the present.
Where all deliveries of a message are final it passes; every other message is watched, and its open deliveries are
queued anew, with growing pauses. See docs/adr/0013-sweeper.md.
"""

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice
from typing import NamedTuple

from nereid.core.messaging.forget import forget_if_final
from nereid.core.messaging.replay_message import new_replay, replay_batches
from nereid.core.messaging.sweep_watches import PENDING_AFTER
from nereid.logs import unexpected
from nereid.models.delivery import Plan, Planned
from nereid.models.team import Scope
from nereid.ports.clock import Clock
from nereid.ports.messaging import (
    Arrival,
    Closures,
    DeliveryStore,
    MessageQueue,
    MessageStore,
    QueueDepths,
    SweepState,
    Tenants,
    Watch,
)

#: How long after each repair the deliveries of a message are looked at again, and so how often they are repaired.
PAUSES = tuple(timedelta(minutes=minutes) for minutes in (15, 30, 60, 120, 240, 480))
#: The pause between checks after the last of these.
_PAUSE_AFTERWARDS = timedelta(days=1)
#: A queue and its dead-letter queue keep a job for 14 days in all. When it is gone from there too, nothing can end
#: the delivery any more but this.
GIVE_UP_AFTER = timedelta(days=15)
GAVE_UP = "gave up: pending for 15 days"
#: With more records than this waiting in a queue, pending deliveries are taken to wait there too.
BACKLOG = 1000
#: With more messages than this being watched, no further ones are looked for: something is wrong with all of them.
MAX_WATCHED = 2000
#: How many watched messages one turn reads; more can come from messages that are stored late, and from replays.
_MAX_READ = 4000
#: How many messages are looked at at once, and how often in one environment before the next has its turn.
_PAGE, _PAGES_PER_TURN = 1000, 10
#: How many watched messages are looked at at once; each has a plan to be read.
_WATCHES_AT_ONCE = 100
#: The time between two runs, by which an environment is behind at least that a run did not come to.
_BETWEEN_RUNS = timedelta(minutes=5)
_MINUTE = timedelta(minutes=1)


class Sweep(NamedTuple):
    """The result of a run."""

    #: How long the oldest open delivery has been pending; 0 if none is for longer than is normal.
    oldest_pending: timedelta
    messages: int
    #: How many deliveries were queued anew.
    repaired: int
    #: The environments in which it failed.
    failed: list[Scope]
    #: How far it is behind where it ought to be, a quarter of an hour ago, because the time was not enough.
    lag: timedelta = timedelta()


class _Stuck(NamedTuple):
    """A message that has deliveries which are not final."""

    watch: Watch
    plan: Plan
    open: list[Planned]


@dataclass(frozen=True)
class Sweeper:
    """Sweeps all environments of the stack. Safe to be stopped anywhere, and to run twice at the same time."""

    tenants: Tenants
    messages: MessageStore
    deliveries: DeliveryStore
    state: SweepState
    queue: MessageQueue
    depths: QueueDepths
    closures: Closures
    clock: Clock

    def sweep(self, has_time: Callable[[], bool]) -> Sweep:
        """Sweep as far as the time goes; the next run goes on from there."""
        run = _Run(self, self.clock.now(), has_time)
        failed = []
        scopes, were_left_out = self._in_turn()
        while scopes and has_time():
            scope = scopes.popleft()
            try:
                if run.sweep(scope):
                    scopes.append(scope)
            except Exception as error:  # noqa: BLE001 - the others have their turn
                unexpected(error, "not swept", team_id=scope.team_id, environment=scope.environment)
                failed.append(scope)
        if scopes or were_left_out:
            self.state.pass_turn(scopes[0] if scopes else None)
        return Sweep(run.oldest_pending, run.messages, run.repaired, failed, run.lag(scopes))

    def _in_turn(self) -> tuple[deque[Scope], bool]:
        """Return the environments that may have messages, and whether the last run left some out; those come first."""
        scopes = list(dict.fromkeys([*self.tenants.scopes(), *self.state.scopes()]))
        turn = self.state.turn()
        if turn is None:
            return deque(scopes), False
        return deque(sorted(scopes, key=lambda scope: (scope < turn, scope))), True


@dataclass
class _Run:
    """One run of the sweeper."""

    sweeper: Sweeper
    now: datetime
    has_time: Callable[[], bool]
    messages: int = 0
    repaired: int = 0
    _oldest: datetime | None = None
    #: How far it has come in environments that have more.
    _reached: dict[Scope, datetime] = field(default_factory=dict)
    _depths: dict[str, int] = field(default_factory=dict)
    _closed: dict[str, bool] = field(default_factory=dict)
    _queued_since_asked: int = 0

    @property
    def oldest_pending(self) -> timedelta:
        """How long the oldest delivery has been pending."""
        return self.now - self._oldest if self._oldest else timedelta()

    def lag(self, left: Iterable[Scope]) -> timedelta:
        """Return how far the run is behind in the environments that are left."""
        return max((self._lag(scope) for scope in left), default=timedelta())

    def _lag(self, scope: Scope) -> timedelta:
        reached = self._reached.get(scope)
        return self.now - PENDING_AFTER - reached if reached else _BETWEEN_RUNS

    def sweep(self, scope: Scope) -> bool:
        """Check the due messages of an environment, up to a turn's limit; tell whether there are more."""
        position, stored = self.sweeper.state.read(scope)
        read = list(islice(stored, _MAX_READ))
        watches = self._merge(scope, read)
        due = [watch for watch in watches if watch.due <= self.now]
        for watch in watches[len(due) :]:
            self._note_age(watch)
        watched = {watch.message_id for watch in watches[len(due) :]}
        for first in range(0, len(due), _WATCHES_AT_ONCE):
            if not self.has_time():
                for watch in due[first:]:
                    self._note_age(watch)
                return True
            watched |= self._look_again(scope, due[first : first + _WATCHES_AT_ONCE])
        if len(read) == _MAX_READ:
            return len(due) == len(watches)
        return self._walk(scope, position, watched)

    def _merge(self, scope: Scope, watches: Sequence[Watch]) -> list[Watch]:
        """Merge several watches of the same message; return the watches, in order."""
        by_message: dict[str, list[Watch]] = {}
        for watch in watches:
            by_message.setdefault(watch.message_id, []).append(watch)
        merged = []
        for group in by_message.values():
            one = group[0]
            if len(group) > 1:
                one = merge(group)
                self.sweeper.state.watch(scope, [one])
                self.sweeper.state.unwatch(scope, [watch for watch in group if watch.due != one.due])
            merged.append(one)
        return sorted(merged, key=lambda watch: watch.due)

    def _look_again(self, scope: Scope, watches: Sequence[Watch]) -> set[str]:
        """Look at watched messages; return which are watched on."""
        plans = self.sweeper.messages.plans(scope, [watch.message_id for watch in watches])
        self.messages += len(plans)
        there = [(watch, plans[watch.message_id]) for watch in watches if watch.message_id in plans]
        watched = self._treat(scope, self._stuck(scope, there))
        for watch, plan in there:
            if plan.forget:
                self._forget(scope, watch.message_id)
        # Those that are not over are watched by another entry now, which is due later.
        self.sweeper.state.unwatch(scope, watches)
        return watched

    def _walk(self, scope: Scope, position: str | None, watched: set[str]) -> bool:
        """Go on through the messages in the order of their arrival; tell whether there is more.

        Parameters
        ----------
        watched
            The messages that are watched already; others that are found are added.
        """
        for _ in range(_PAGES_PER_TURN):
            if not self.has_time():
                return True
            if len(watched) >= MAX_WATCHED:
                return False
            page = self.sweeper.messages.arrivals(scope, position, self.now - PENDING_AFTER, _PAGE)
            if page.position is None:
                return False
            self.messages += len(page.messages)
            stuck = self._stuck_among(scope, [each for each in page.messages if each.message_id not in watched])
            waiting = next((each for each in stuck if not self._is_fresh(each) and self._waits_in_backlog(each)), None)
            if waiting is not None:
                self._hold(scope, page.messages, stuck, waiting)
                return False
            watched |= self._treat(scope, stuck)
            self.sweeper.state.advance(scope, page.position)
            position = page.position
            if not page.more:
                return False
            if page.reached is not None:
                self._reached[scope] = page.reached
        return True

    def _hold(self, scope: Scope, page: Sequence[Arrival], stuck: Sequence[_Stuck], waiting: _Stuck) -> None:
        """Stay before a message that waits with many others, which are not to be looked at one by one."""
        self._note_age(waiting.watch._replace(pending=True))
        self._treat(scope, stuck[: stuck.index(waiting)])
        ids = [each.message_id for each in page]
        passed = ids.index(waiting.watch.message_id)
        position = page[passed - 1].position if passed else None
        if position is not None:
            self.sweeper.state.advance(scope, position)

    def _stuck_among(self, scope: Scope, messages: Sequence[Arrival]) -> list[_Stuck]:
        """Return which of many messages have open deliveries. Nearly all have none, and no plan is read of those."""
        final = self.sweeper.deliveries.final(
            scope, [each for message in messages for each in message.deliveries or ()]
        )
        # A message may have arrived twice, as far as its entries tell.
        doubtful = list(
            dict.fromkeys(
                message.message_id
                for message in messages
                if message.deliveries is None or not final.issuperset(message.deliveries)
            )
        )
        plans = self.sweeper.messages.plans(scope, doubtful) if doubtful else {}
        pairs = [
            (Watch(message_id, due=self.now, since=plans[message_id].planned_at), plans[message_id])
            for message_id in doubtful
            if message_id in plans
        ]
        return self._stuck(scope, pairs) if pairs else []

    def _stuck(self, scope: Scope, pairs: Sequence[tuple[Watch, Plan]]) -> list[_Stuck]:
        """Return the messages that have open deliveries."""
        planned = [
            [each for each in plan.deliveries(scope, watch.message_id) if each.recipient] for watch, plan in pairs
        ]
        final = self.sweeper.deliveries.final(scope, [each.id for deliveries in planned for each in deliveries])
        stuck = [
            _Stuck(watch, plan, [each for each in deliveries if each.id not in final])
            for (watch, plan), deliveries in zip(pairs, planned, strict=True)
        ]
        return [each for each in stuck if each.open]

    def _treat(self, scope: Scope, stuck: Sequence[_Stuck]) -> set[str]:
        """Watch each message on, and replay those that are due for it; return which are watched."""
        repairs: list[_Stuck] = []
        watches: list[Watch] = []
        waiting = self._waiting_for_provider(scope, [each for each in stuck if not self._is_fresh(each)])
        for each in stuck:
            watch = each.watch
            if self._is_fresh(each):
                watches.append(watch._replace(due=max(watch.since + PENDING_AFTER, self.now + _MINUTE)))
                continue
            if self._waits_in_backlog(each) or watch.message_id in waiting:
                watch = watch._replace(due=self.now + PENDING_AFTER, pending=True)
            elif watch.repairs < len(PAUSES):
                repairs.append(each)
                watch = watch._replace(
                    due=self.now + PAUSES[watch.repairs], pending=True, repairs=watch.repairs + 1, queued_at=self.now
                )
            elif self.now - (watch.queued_at or watch.since) < GIVE_UP_AFTER:
                watch = watch._replace(due=self.now + _PAUSE_AFTERWARDS, pending=True)
            elif self._give_up(scope, each):
                continue
            else:
                watch = watch._replace(due=self.now + PENDING_AFTER, pending=True)
            self._note_age(watch)
            watches.append(watch)
        if watches:
            self.sweeper.state.watch(scope, watches)
        if repairs:
            self._repair(scope, repairs)
        return {watch.message_id for watch in watches}

    def _repair(self, scope: Scope, stuck: Sequence[_Stuck]) -> None:
        replays = [(new_replay(each.watch.message_id), len(each.open)) for each in stuck]
        self.sweeper.queue.send(list(replay_batches(scope, replays)))
        queued = sum(len(each.open) for each in stuck)
        self.repaired += queued
        self._queued_since_asked += queued

    def _give_up(self, scope: Scope, stuck: _Stuck) -> bool:
        """Record that the open deliveries failed; tell whether all are final now."""
        close = self.sweeper.deliveries.close
        closed = [close(scope, each, stuck.plan.planned_at, GAVE_UP, self.now) for each in stuck.open]
        if stuck.plan.forget:
            self._forget(scope, stuck.watch.message_id)
        return all(closed)

    def _forget(self, scope: Scope, message_key: str) -> None:
        stores = self.sweeper.messages, self.sweeper.deliveries
        forget_if_final(*stores, scope, message_key, self.now, swept=True)

    def _is_fresh(self, stuck: _Stuck) -> bool:
        return self.now - stuck.watch.since < PENDING_AFTER

    def _waits_in_backlog(self, stuck: _Stuck) -> bool:
        if self._queued_since_asked > BACKLOG:
            self._depths.clear()
            self._queued_since_asked = 0
        queues = {"message", *(each.channel for each in stuck.open if each.channel != "app")}
        return any(self._depth(queue) > BACKLOG for queue in sorted(queues))

    def _waiting_for_provider(self, scope: Scope, stuck: Sequence[_Stuck]) -> set[str]:
        """Return the messages whose open deliveries are tried again by themselves: their jobs wait on a queue."""
        open_ = [planned for each in stuck for planned in each.open]
        known = self.sweeper.deliveries.get_many(scope, [each.id for each in open_]) if open_ else {}

        def waits(planned: Planned) -> bool:
            record = known.get(planned.id)
            is_told_when = record is not None and record.next_try_at is not None and record.next_try_at > self.now
            return is_told_when or self._is_closed(planned.channel)

        return {each.watch.message_id for each in stuck if all(map(waits, each.open))}

    def _is_closed(self, channel: str) -> bool:
        if channel not in self._closed:
            self._closed[channel] = self.sweeper.closures.closed(channel, self.now) is not None
        return self._closed[channel]

    def _depth(self, queue: str) -> int:
        if queue not in self._depths:
            self._depths[queue] = self.sweeper.depths.waiting(queue)
        return self._depths[queue]

    def _note_age(self, watch: Watch) -> None:
        if watch.pending and (self._oldest is None or watch.since < self._oldest):
            self._oldest = watch.since


def merge(watches: Sequence[Watch]) -> Watch:
    """Return one watch in place of several of the same message: it forgets nothing that keeps a delivery alive."""
    queued = [watch.queued_at for watch in watches if watch.queued_at]
    return Watch(
        message_id=watches[0].message_id,
        due=min(watch.due for watch in watches),
        since=min(watch.since for watch in watches),
        pending=any(watch.pending for watch in watches),
        repairs=min(watch.repairs for watch in watches),
        queued_at=max(queued) if queued else None,
    )
