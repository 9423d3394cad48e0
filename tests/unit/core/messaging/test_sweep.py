"""What the sweeper looks at, when, and what it does about it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import pytest

from nereid.clock import from_iso, to_iso
from nereid.core.messaging import sweep
from nereid.core.messaging.sweep import GAVE_UP, PAUSES, Sweep, Sweeper
from nereid.core.messaging.sweep_watches import PENDING_AFTER
from nereid.errors import Unavailable
from nereid.models.delivery import Plan, Planned, PlannedNotification, Recipient
from nereid.models.message import EventBatch
from nereid.models.team import Scope
from nereid.ports.messaging import Arrival, Arrivals, Busy, Watch

START = datetime(2026, 1, 31, 9, 30, tzinfo=UTC)
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
SCOPE, OTHER = Scope("a", "dev"), Scope("b", "dev")


@dataclass
class Clock:
    moment: datetime = START

    def now(self) -> datetime:
        return self.moment


@dataclass
class Stored:
    position: str
    plan: Plan
    received: datetime


@dataclass
class World:
    """Everything that the sweeper works with, in memory."""

    clock: Clock = field(default_factory=Clock)
    environments: list[Scope] = field(default_factory=lambda: [SCOPE])
    stored: dict[Scope, dict[str, Stored]] = field(default_factory=dict)
    ended: set[str] = field(default_factory=set)
    closed: dict[str, str] = field(default_factory=dict)
    held: set[str] = field(default_factory=set)
    positions: dict[Scope, str] = field(default_factory=dict)
    watched: dict[tuple[Scope, datetime, str], Watch] = field(default_factory=dict)
    whose_turn: Scope | None = None
    batches: list[EventBatch] = field(default_factory=list)
    depths: dict[str, int] = field(default_factory=dict)
    #: Channels whose provider takes nothing.
    shut: set[str] = field(default_factory=set)
    #: When deliveries are tried again that their provider did not take.
    tries: dict[str, datetime] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    broken: set[Scope] = field(default_factory=set)

    # The stores, queues and the rest

    def scopes(self) -> Iterator[Scope]:
        return iter(self.environments)

    def arrivals(self, scope: Scope, after: str | None, before: datetime, limit: int) -> Arrivals:
        if scope in self.broken:
            raise Unavailable("throttled")
        found = sorted(
            (each.position, message_id, each.plan)
            for message_id, each in self.stored.get(scope, {}).items()
            if each.position > (after or "") and each.received < before
        )[:limit]
        messages = [
            Arrival(message_id, position, self.named(scope, message_id, plan)) for position, message_id, plan in found
        ]
        last = found[-1][0] if found else None
        return Arrivals(messages, last, len(found) == limit, from_iso(last.partition("#")[0]) if last else None)

    def named(self, scope: Scope, message_id: str, plan: Plan) -> list[str] | None:
        """Return the deliveries that a message's entry names."""
        ids = [each.id for each in plan.deliveries(scope, message_id) if each.recipient]
        return ids if len(ids) <= 8 else None

    def plans(self, scope: Scope, message_ids: Iterable[str]) -> dict[str, Plan]:
        there = self.stored.get(scope, {})
        return {message_id: there[message_id].plan for message_id in message_ids if message_id in there}

    def final(self, _scope: Scope, delivery_ids: Iterable[str]) -> set[str]:
        return set(delivery_ids) & (self.ended | self.closed.keys())

    def get_many(self, _scope: Scope, delivery_ids: Iterable[str]) -> dict[str, Any]:
        return {each: SimpleNamespace(next_try_at=self.tries[each]) for each in delivery_ids if each in self.tries}

    def provider(self, channel: str, now: datetime) -> Busy | None:
        return Busy(now + MINUTE, "quota", "Q") if channel in self.shut else None

    def close(self, _scope: Scope, planned: Planned, _planned_at: datetime, reason: str, _now: datetime) -> bool:
        if planned.id in self.held:
            return False
        self.closed[planned.id] = reason
        return True

    def read(self, scope: Scope) -> tuple[str | None, Iterator[Watch]]:
        found = [
            watch for (owner, _, _), watch in sorted(self.watched.items(), key=lambda each: each[0]) if owner == scope
        ]
        return self.positions.get(scope), iter(found)

    def advance(self, scope: Scope, position: str) -> None:
        self.positions[scope] = position

    def watch(self, scope: Scope, watches: Sequence[Watch]) -> None:
        for watch in watches:
            self.watched[scope, watch.due, watch.message_id] = watch

    def unwatch(self, scope: Scope, watches: Sequence[Watch]) -> None:
        for watch in watches:
            self.watched.pop((scope, watch.due, watch.message_id), None)

    def begin(self, _scope: Scope) -> None:
        raise AssertionError("the sweeper stores no messages")

    def forget(self, _scope: Scope) -> None:
        raise AssertionError("the sweeper erases nothing")

    def turn(self) -> Scope | None:
        return self.whose_turn

    def pass_turn(self, scope: Scope | None) -> None:
        self.whose_turn = scope

    def send(self, batches: Sequence[EventBatch]) -> None:
        self.batches += batches

    def waiting(self, queue: str) -> int:
        self.asked.append(queue)
        return self.depths.get(queue, 0)

    # What tests do

    def message(
        self,
        message_id: str,
        *,
        scope: Scope = SCOPE,
        at: datetime | None = None,
        planned_at: datetime | None = None,
        to: Sequence[str] = ("sam@example.com",),
        channel: Any = "email",
    ) -> list[str]:
        """Store a message; return the ids of its deliveries."""
        at = at or self.clock.now()
        recipients = [Recipient(type="email", value=address) for address in to]
        notification = PlannedNotification(name="n", channel=channel, to=list(range(len(to))))
        plan = Plan(planned_at=planned_at or at, recipients=recipients, notifications=[notification])
        self.stored.setdefault(scope, {})[message_id] = Stored(f"{to_iso(at)}#{message_id}", plan, at)
        return [each.id for each in plan.deliveries(scope, message_id)]

    def sweep(self, *, pages: int | None = None, **after: float) -> Sweep:
        """Let time go by, then run the sweeper, which has time for so many looks at the clock."""
        self.clock.moment += timedelta(**after)
        looks = iter(range(pages)) if pages is not None else None
        world: Any = self
        closures: Any = SimpleNamespace(closed=self.provider)
        return Sweeper(world, world, world, world, world, world, closures, self.clock).sweep(
            lambda: looks is None or next(looks, None) is not None
        )

    def replayed(self) -> list[str]:
        """Return the messages replayed since this was last asked, in order."""
        found = [replay.message_id for batch in self.batches for replay in batch.replays]
        self.batches.clear()
        return found

    def watches(self) -> list[Watch]:
        return list(self.watched.values())


@pytest.fixture
def world() -> World:
    return World()


def test_an_idle_stack_is_looked_at_and_left_alone(world: World) -> None:
    assert world.sweep(minutes=60) == Sweep(timedelta(), 0, 0, [])
    assert (world.positions, world.watches(), world.batches, world.asked) == ({}, [], [], [])


def test_what_is_final_is_passed_and_not_looked_at_again(world: World) -> None:
    world.ended.update(world.message("m"))
    assert world.sweep(minutes=16) == Sweep(timedelta(), 1, 0, [])
    assert world.sweep(minutes=5) == Sweep(timedelta(), 0, 0, [])
    assert (world.watches(), world.batches) == ([], [])


def test_a_message_without_deliveries_is_passed(world: World) -> None:
    world.message("m", to=())
    assert world.sweep(minutes=16) == Sweep(timedelta(), 1, 0, [])
    assert world.watches() == []


def test_nothing_is_looked_at_before_a_quarter_of_an_hour_is_over(world: World) -> None:
    world.message("m")
    assert world.sweep(minutes=14).messages == 0
    assert world.sweep(minutes=2).messages == 1


def test_what_is_pending_is_replayed_and_its_age_is_told(world: World) -> None:
    deliveries = world.message("m", to=["a@example.com", "b@example.com", "c@example.com"])
    world.ended.add(deliveries[0])
    assert world.sweep(minutes=16) == Sweep(16 * MINUTE, 1, 2, [])
    [batch] = world.batches
    assert (batch.team_id, batch.environment, batch.replays[0].force) == ("a", "dev", [])
    assert world.replayed() == ["m"]


def test_it_is_repaired_with_growing_pauses_and_then_only_looked_at(world: World) -> None:
    world.message("m")
    repaired = []
    for _ in range(int(2 * DAY / (5 * MINUTE))):
        world.sweep(minutes=5)
        if world.replayed():
            repaired.append(world.clock.moment)
    pauses = [later - earlier for earlier, later in pairwise(repaired)]
    assert len(repaired) == len(PAUSES)
    assert pauses == list(PAUSES[:-1])
    assert len(world.watches()) == 1


def test_its_age_is_told_by_every_run_until_it_is_final(world: World) -> None:
    [delivery] = world.message("m")
    ages = [world.sweep(minutes=5).oldest_pending for _ in range(8)]
    assert ages == [timedelta()] * 3 + [minutes * MINUTE for minutes in (20, 25, 30, 35, 40)]
    world.ended.add(delivery)
    assert [world.sweep(minutes=15).oldest_pending for _ in range(3)][-1] == timedelta()
    assert world.watches() == []


def test_the_oldest_of_all_environments_is_told(world: World) -> None:
    world.environments = [SCOPE, OTHER]
    world.message("young", at=START + 10 * MINUTE)
    world.message("old", scope=OTHER)
    assert world.sweep(minutes=30) == Sweep(30 * MINUTE, 2, 2, [])
    assert {(batch.team_id, batch.replays[0].message_id) for batch in world.batches} == {("a", "young"), ("b", "old")}


def test_a_message_that_was_stored_late_is_given_its_time(world: World) -> None:
    world.message("m", planned_at=START + 10 * MINUTE)
    assert world.sweep(minutes=16) == Sweep(timedelta(), 1, 0, [])
    assert world.replayed() == []
    assert world.sweep(minutes=10) == Sweep(16 * MINUTE, 1, 1, [])
    assert world.replayed() == ["m"]


def test_a_watched_message_is_found_wherever_it_stands(world: World) -> None:
    world.positions[SCOPE] = to_iso(START + 365 * DAY)
    world.message("m")
    world.watch(SCOPE, [Watch("m", due=START + 15 * MINUTE, since=START)])
    assert world.sweep(minutes=15) == Sweep(15 * MINUTE, 1, 1, [])
    assert world.replayed() == ["m"]


def test_a_message_that_is_not_kept_any_more_is_forgotten(world: World) -> None:
    world.watch(SCOPE, [Watch("m", due=START, since=START, pending=True)])
    assert world.sweep(minutes=1) == Sweep(timedelta(), 0, 0, [])
    assert world.watches() == []


@pytest.mark.parametrize("channel", ["email", "sms", "push"])
def test_nothing_is_added_to_a_queue_in_which_much_is_waiting(world: World, channel: str) -> None:
    world.message("m", channel=channel)
    world.depths[channel] = sweep.BACKLOG + 1
    for minutes in (16, 21, 26):
        assert world.sweep(minutes=5 if minutes > 16 else 16).oldest_pending == minutes * MINUTE
    assert (world.replayed(), world.positions, world.watches()) == ([], {}, [])
    world.depths.clear()
    world.sweep(minutes=5)
    assert world.replayed() == ["m"]


@pytest.mark.parametrize("channel", ["email", "app"])
def test_nothing_is_replayed_while_much_waits_to_be_processed(world: World, channel: str) -> None:
    world.message("m", channel=channel)
    world.depths["message"] = sweep.BACKLOG + 1
    world.sweep(minutes=16)
    assert world.replayed() == []


def test_another_channels_backlog_holds_nothing_up(world: World) -> None:
    world.message("m", channel="sms")
    world.depths["email"] = sweep.BACKLOG + 1
    world.sweep(minutes=16)
    assert world.replayed() == ["m"]


def test_the_walk_stays_before_what_waits_in_a_backlog(world: World) -> None:
    world.ended.update(world.message("1", at=START))
    world.message("2", at=START + MINUTE, channel="sms")
    world.message("3", at=START + 2 * MINUTE)
    world.message("4", at=START + 3 * MINUTE, channel="sms")
    world.depths["email"] = sweep.BACKLOG + 1
    for _ in range(3):
        world.sweep(minutes=20)
    assert world.positions[SCOPE].endswith("#2")
    assert set(world.replayed()) == {"2"}
    world.depths.clear()
    world.sweep(minutes=1)
    assert {"3", "4"} <= set(world.replayed())


def test_a_watched_message_in_a_backlog_waits_and_loses_no_try(world: World) -> None:
    world.message("m")
    world.sweep(minutes=16)
    world.replayed()
    world.depths["email"] = sweep.BACKLOG + 1
    for _ in range(4):
        world.sweep(minutes=16)
    assert world.replayed() == []
    assert [watch.repairs for watch in world.watches()] == [1]
    assert [watch.due for watch in world.watches()] == [world.clock.moment + PENDING_AFTER]
    world.depths.clear()
    world.sweep(minutes=16)
    assert world.replayed() == ["m"]


def test_what_is_tried_again_by_itself_is_not_replayed_and_loses_no_try(world: World) -> None:
    [delivery] = world.message("m")
    world.tries[delivery] = START + timedelta(minutes=30)
    world.sweep(minutes=16)
    assert world.replayed() == []
    assert [(watch.repairs, watch.pending) for watch in world.watches()] == [(0, True)]
    world.sweep(minutes=16)
    assert world.replayed() == ["m"]


def test_what_waits_for_a_provider_that_is_closed_is_not_replayed(world: World) -> None:
    world.message("m")
    world.message("text", channel="sms")
    world.shut.add("email")
    world.sweep(minutes=16)
    assert world.replayed() == ["text"]
    world.shut.clear()
    world.sweep(minutes=16)
    assert "m" in world.replayed()


def test_a_message_is_replayed_though_one_of_its_deliveries_is_tried_again_by_itself(world: World) -> None:
    first, _ = world.message("m", to=("a@example.com", "b@example.com"))
    world.tries[first] = START + timedelta(days=1)
    world.sweep(minutes=16)
    assert world.replayed() == ["m"]


def test_a_queue_is_asked_once_per_run_how_much_waits_in_it(world: World) -> None:
    for number in range(50):
        world.message(f"m{number:02d}")
    world.sweep(minutes=16)
    assert sorted(world.asked) == ["email", "message"]


def test_what_stays_pending_is_given_up_when_no_job_can_be_left(world: World) -> None:
    [delivery] = world.message("m")
    while not world.closed and world.clock.moment < START + 30 * DAY:
        world.sweep(hours=6)
    assert START + 15 * DAY <= world.clock.moment <= START + 18 * DAY
    assert world.closed == {delivery: GAVE_UP}
    assert world.watches() == []


def test_what_somebody_has_in_hand_is_not_given_up(world: World) -> None:
    world.held.update(world.message("m"))
    for _ in range(80):
        world.sweep(hours=6)
    assert world.closed == {}
    [watch] = world.watches()
    assert watch.due - world.clock.moment == 15 * MINUTE


def test_a_replay_by_hand_keeps_a_delivery_from_being_given_up(world: World) -> None:
    world.message("m")
    while world.clock.moment < START + 14 * DAY:
        world.sweep(hours=6)
    by_hand = world.clock.moment
    world.watch(SCOPE, [Watch("m", due=by_hand + 15 * MINUTE, since=by_hand, queued_at=by_hand)])
    while not world.closed:
        world.sweep(hours=6)
    assert world.clock.moment >= by_hand + 15 * DAY


def test_several_watches_of_a_message_become_one(world: World) -> None:
    world.message("m")
    for minutes in (0, 20, 40):
        world.watch(SCOPE, [Watch("m", due=START + minutes * MINUTE, since=START)])
    world.positions[SCOPE] = to_iso(START + DAY)
    assert world.sweep(minutes=30).repaired == 1
    assert len(world.watches()) == 1


def test_a_walk_ends_with_the_time_and_the_next_goes_on(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweep, "_PAGE", 10)
    for number in range(35):
        world.ended.update(world.message(f"m{number:02d}", at=START + timedelta(seconds=number)))
    assert world.sweep(minutes=60, pages=3).messages == 20
    assert world.positions[SCOPE].endswith("#m19")
    assert world.sweep(pages=100).messages == 15


def test_environments_take_turns_when_there_is_no_time_for_all(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweep, "_PAGE", 10)
    monkeypatch.setattr(sweep, "_PAGES_PER_TURN", 1)
    world.environments = [Scope(team, "dev") for team in "abcd"]
    for scope in world.environments:
        for number in range(20):
            world.ended.update(world.message(f"m{number:02d}", scope=scope, at=START + timedelta(seconds=number)))
    world.sweep(minutes=60, pages=4)  # two looks at the clock per environment
    assert list(world.positions) == [Scope("a", "dev"), Scope("b", "dev")]
    assert world.whose_turn == Scope("c", "dev")
    world.sweep(pages=4)
    assert list(world.positions) == world.environments
    world.sweep()
    assert world.turn() is None
    assert all(position.endswith("#m19") for position in world.positions.values())


def test_a_turn_of_somebody_who_is_gone_stops_nobody(world: World) -> None:
    world.whose_turn = Scope("zzz", "dev")
    world.message("m")
    assert world.sweep(minutes=16).repaired == 1
    assert world.whose_turn is None


def test_one_environment_that_fails_does_not_keep_the_others_back(world: World) -> None:
    world.environments = [SCOPE, OTHER]
    world.broken = {SCOPE}
    world.message("m", scope=OTHER)
    done = world.sweep(minutes=16)
    assert (done.repaired, done.failed) == (1, [SCOPE])


def test_no_further_messages_are_watched_when_very_many_are(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweep, "_PAGE", 10)
    monkeypatch.setattr(sweep, "MAX_WATCHED", 20)
    for number in range(50):
        world.message(f"m{number:02d}", at=START + timedelta(seconds=number))
    world.sweep(minutes=60)
    assert len(world.watches()) == 20
    assert world.sweep(minutes=5).oldest_pending == 65 * MINUTE
    assert len(world.watches()) == 20


def test_the_run_that_finds_very_many_done_goes_on_to_the_next_and_does_not_tell_that_nothing_is_pending(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweep, "_PAGE", 10)
    monkeypatch.setattr(sweep, "MAX_WATCHED", 20)
    deliveries = [world.message(f"m{number:02d}", at=START + timedelta(seconds=number)) for number in range(50)]
    world.sweep(minutes=60)
    world.ended.update(*deliveries[:20])
    done = world.sweep(minutes=15)
    assert done.oldest_pending == timedelta(minutes=75) - timedelta(seconds=20)
    assert sorted(each.message_id for each in world.watches()) == [f"m{number}" for number in range(20, 40)]


def test_replays_travel_together_up_to_what_one_run_can_do(world: World) -> None:
    for number in range(60):
        world.message(f"m{number:02d}")
    world.message("large", to=[f"u{number}@example.com" for number in range(600)])
    world.sweep(minutes=16)
    assert max(len(batch.replays) for batch in world.batches) == 25
    [alone] = [batch for batch in world.batches if any(each.message_id == "large" for each in batch.replays)]
    assert len(alone.replays) == 1
    assert sorted(world.replayed()) == sorted([*(f"m{number:02d}" for number in range(60)), "large"])


def test_each_replay_has_a_name_of_its_own(world: World) -> None:
    for number in range(3):
        world.message(f"m{number}")
    world.sweep(minutes=16)
    assert len({replay.id for batch in world.batches for replay in batch.replays}) == 3


class Died(BaseException):
    """The function was stopped here."""


@pytest.mark.parametrize("step", ["watch", "send", "unwatch", "advance"])
@pytest.mark.parametrize("after", [False, True])
def test_a_run_that_dies_between_two_steps_loses_sight_of_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch, step: str, *, after: bool
) -> None:
    world.message("walked", at=START + MINUTE)
    world.message("watched", at=START)
    world.positions[SCOPE] = f"{to_iso(START)}#x"
    world.watch(SCOPE, [Watch("watched", due=START + 15 * MINUTE, since=START)])
    real = getattr(world, step)

    def dying(*arguments: Any) -> None:
        if after:
            real(*arguments)
        raise Died

    with monkeypatch.context() as broken:
        broken.setattr(world, step, dying)
        with pytest.raises(Died):
            world.sweep(minutes=20)
    for _ in range(5):
        world.sweep(minutes=5)
    assert set(world.replayed()) == {"walked", "watched"}
    assert {watch.message_id for watch in world.watches()} == {"walked", "watched"}
    assert len(world.watches()) == 2


def test_the_age_of_what_no_time_was_left_for_is_told_and_the_environment_is_next(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweep, "_WATCHES_AT_ONCE", 1)
    world.environments = [SCOPE, OTHER]
    for minutes, message_id in ((0, "newer"), (-60, "older")):
        world.message(message_id, at=START)
        due, since = START + (15 - minutes / 60) * MINUTE, START + minutes * MINUTE
        world.watch(SCOPE, [Watch(message_id, due=due, since=since, pending=True)])
    swept = world.sweep(minutes=20, pages=2)
    assert swept.oldest_pending == 80 * MINUTE
    assert world.replayed() == ["newer"]
    assert world.whose_turn == OTHER


def test_with_more_watches_than_one_turn_reads_nothing_further_is_looked_for(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweep, "_MAX_READ", 2)
    world.message("new", at=START)
    for message_id in ("a", "b"):
        world.watch(SCOPE, [Watch(message_id, due=START + 60 * MINUTE, since=START)])
    assert world.sweep(minutes=20).messages == 0
    assert world.positions == {}


def test_with_as_many_watches_due_as_one_turn_reads_the_others_have_another_turn(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweep, "_MAX_READ", 2)
    for message_id in ("a", "b", "c", "d"):
        world.message(message_id, at=START)
        world.watch(SCOPE, [Watch(message_id, due=START + 15 * MINUTE, since=START)])
    world.sweep(minutes=20)
    assert world.replayed() == ["a", "b", "c", "d"]


def test_a_queue_is_asked_again_when_much_was_added_to_it_since(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweep, "_PAGE", 1)
    monkeypatch.setattr(sweep, "BACKLOG", 2)
    for number, recipients in enumerate([3, 2, 1, 1]):
        to = [f"{index}@example.com" for index in range(recipients)]
        world.message(f"m{number}", at=START + number * timedelta(seconds=1), to=to)
    world.sweep(minutes=20)
    # Before the first, after three more, and after another three.
    assert world.asked == ["email", "message"] * 3
    assert world.replayed() == ["m0", "m1", "m2", "m3"]


def test_a_watch_that_is_alone_and_not_due_is_not_written_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.message("m", at=START)
    world.watch(SCOPE, [Watch("m", due=START + 60 * MINUTE, since=START)])
    written: list[Any] = []
    monkeypatch.setattr(world, "watch", lambda *given: written.append(given))
    monkeypatch.setattr(world, "unwatch", lambda *given: written.append(given))
    world.sweep(minutes=10)
    assert written == []


def test_what_follows_a_message_that_is_given_its_time_is_treated_all_the_same(world: World) -> None:
    world.message("late", at=START, planned_at=START + 15 * MINUTE)
    world.message("m", at=START + timedelta(seconds=1))
    world.sweep(minutes=16)
    assert world.replayed() == ["m"]
    assert {watch.message_id for watch in world.watches()} == {"late", "m"}


def test_its_age_is_told_when_it_is_no_longer_repaired_too(world: World) -> None:
    world.message("m")
    for _ in range(60):
        world.sweep(minutes=60)
    world.replayed()
    for hours in range(61, 90):
        assert world.sweep(minutes=60).oldest_pending == timedelta(hours=hours)
    assert world.replayed() == []


def test_a_message_with_more_deliveries_than_its_entry_names_is_looked_at_by_its_plan(world: World) -> None:
    ids = world.message("m", to=[f"u{number}@example.com" for number in range(9)])
    world.ended.update(ids[:8])
    assert world.sweep(minutes=16).repaired == 1
    assert world.replayed() == ["m"]


def test_one_of_which_all_are_final_is_passed(world: World) -> None:
    world.ended.update(world.message("m", to=[f"u{number}@example.com" for number in range(9)]))
    assert world.sweep(minutes=16) == Sweep(timedelta(), 1, 0, [])
    assert world.watches() == []


def test_no_plan_is_read_of_what_is_final(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.ended.update(world.message("done"))
    world.message("open")
    asked: list[str] = []
    plans = world.plans

    def noting(scope: Scope, message_ids: Iterable[str]) -> dict[str, Plan]:
        asked.extend(message_ids)
        return plans(scope, asked)

    monkeypatch.setattr(world, "plans", noting)
    world.sweep(minutes=16)
    assert asked == ["open"]


def test_one_that_is_gone_is_passed(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.message("m")
    monkeypatch.setattr(world, "plans", lambda *_: {})
    assert world.sweep(minutes=16) == Sweep(timedelta(), 1, 0, [])
    assert world.sweep() == Sweep(timedelta(), 0, 0, [])


class TestLag:
    """How far a run is behind."""

    def test_a_run_that_was_through_is_not_behind(self, world: World) -> None:
        world.message("m")
        assert world.sweep(minutes=60).lag == timedelta()

    def test_one_without_time_for_all_is_behind_by_what_it_came_to(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(sweep, "_PAGE", 10)
        for number in range(35):
            world.message(f"m{number:02}", at=START + number * MINUTE)
        # The last of the second page arrived at 19 minutes; a run at 60 ought to have come to 45.
        assert world.sweep(minutes=60, pages=3).lag == 26 * MINUTE

    def test_an_environment_that_it_did_not_come_to_counts_as_one_run(self, world: World) -> None:
        world.environments = [SCOPE, OTHER]
        world.message("m")
        assert world.sweep(minutes=60, pages=2).lag == 5 * MINUTE
