"""When a sandbox takes turns with the others, how it waits for them, and what it learns from a refusal."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from nereid.core.messaging.pace import CAREFUL, CLOSED_FOR, FULL_BATCH, Pace
from nereid.errors import StoppedBy, Unavailable
from nereid.models.event_type import Priority
from nereid.ports.messaging import Busy
from tests.support.virtual_time import VirtualTime

START = datetime(2026, 1, 31, 9, 30, tzinfo=UTC)
RESERVE = 18
TIMEOUT = 90.0


class Clock:
    """A clock that goes on where somebody sleeps."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.time = VirtualTime(monkeypatch)

    def now(self) -> datetime:
        return START + timedelta(seconds=self.time.now)

    def left(self, seconds: float = TIMEOUT) -> Callable[[], float]:
        """Return how a function that begins now is told what is left of its time."""
        ends = self.time.now + seconds
        return lambda: ends - self.time.now


class Schedule:
    """A schedule that answers as a test says, and keeps what it was asked."""

    def __init__(self, rate: float = 10.0) -> None:
        self.per_second = rate
        #: The first turn of the next bookings, in seconds from now, or why there is none; then everything is free.
        self.answers: list[float | Busy] = []
        self.booked: list[tuple[Priority, int]] = []
        self.latest: list[datetime] = []
        self.closed: list[Busy] = []

    def rate(self, lane: Priority, _now: datetime) -> float:
        return self.per_second / (2 if lane == "high" else 1)

    def book(self, lane: Priority, count: int, now: datetime, latest: datetime) -> datetime | Busy:
        self.booked.append((lane, count))
        self.latest.append(latest)
        answer = self.answers.pop(0) if self.answers else 0.0
        return answer if isinstance(answer, Busy) else now + timedelta(seconds=answer)

    def close(self, busy: Busy) -> None:
        self.closed.append(busy)


def refusal(stopped_by: StoppedBy) -> Busy:
    """Return what the pace is told of a refusal."""
    return Busy(START + CLOSED_FOR.get(stopped_by, timedelta(seconds=1)), stopped_by, "Stop")


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


@pytest.fixture
def schedule() -> Schedule:
    return Schedule()


@pytest.fixture
def pace(schedule: Schedule, clock: Clock) -> Pace:
    return Pace(schedule, clock, RESERVE)


@pytest.fixture
def longest(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every wait of random length be as long as it can be."""
    monkeypatch.setattr(random, "uniform", lambda low, high: high - low)


class TestSingleDeliveries:
    def test_they_are_handed_over_at_once_and_book_nothing(self, pace: Pace, schedule: Schedule, clock: Clock) -> None:
        pace.begin(FULL_BATCH - 1)
        assert [pace.turn("normal", clock.left()) for _ in range(FULL_BATCH - 1)] == [None] * (FULL_BATCH - 1)
        assert (schedule.booked, clock.time.pauses) == ([], [])

    def test_a_deliverer_that_begins_no_batch_books_nothing(self, pace: Pace, schedule: Schedule, clock: Clock) -> None:
        assert pace.turn("normal", clock.left()) is None
        assert schedule.booked == []

    def test_after_a_refusal_they_book_their_turns_for_a_minute(
        self, pace: Pace, schedule: Schedule, clock: Clock
    ) -> None:
        pace.begin(1)
        pace.refused(refusal("rate"))
        clock.time.take(CAREFUL.total_seconds() - 1)
        pace.begin(1)
        pace.turn("normal", clock.left())
        assert schedule.booked == [("normal", 1)]
        clock.time.take(1)
        pace.begin(1)
        pace.turn("normal", clock.left())
        assert len(schedule.booked) == 1

    def test_the_rest_of_a_batch_books_its_turns_once_one_is_refused(
        self, pace: Pace, schedule: Schedule, clock: Clock
    ) -> None:
        pace.begin(4)
        pace.turn("normal", clock.left())
        pace.refused(refusal("rate"))
        pace.turn("normal", clock.left())
        assert schedule.booked == [("normal", 3)]


class TestFullBatches:
    def test_one_books_all_its_turns_at_once(self, pace: Pace, schedule: Schedule, clock: Clock) -> None:
        pace.begin(10)
        assert [pace.turn("normal", clock.left()) for _ in range(10)] == [None] * 10
        assert schedule.booked == [("normal", 10)]

    def test_its_hand_overs_are_made_in_turn_at_the_rate_of_the_lane(
        self, pace: Pace, schedule: Schedule, clock: Clock
    ) -> None:
        schedule.answers = [3.0]
        left, moments = clock.left(), []
        pace.begin(10)
        for _ in range(10):
            assert pace.turn("high", left) is None
            moments.append(clock.time.now)
        assert moments == pytest.approx([3 + number / 5 for number in range(10)])

    def test_a_turn_that_has_come_already_is_not_waited_for(self, pace: Pace, clock: Clock) -> None:
        pace.begin(10)
        pace.turn("normal", clock.left())
        clock.time.take(5)
        assert pace.turn("normal", clock.left()) is None
        assert clock.time.pauses == []

    def test_no_more_turns_are_booked_than_there_is_time_for(self, clock: Clock) -> None:
        schedule = Schedule(rate=0.5)
        pace = Pace(schedule, clock, RESERVE)
        pace.begin(10)
        pace.turn("normal", clock.left(RESERVE + 8))
        assert schedule.booked == [("normal", 4)]

    def test_the_last_of_the_turns_leaves_time_for_its_hand_over(
        self, pace: Pace, schedule: Schedule, clock: Clock
    ) -> None:
        pace.begin(10)
        pace.turn("normal", clock.left())
        assert schedule.latest == [START + timedelta(seconds=TIMEOUT - RESERVE - 1)]

    def test_with_no_time_left_one_turn_is_asked_for_and_it_has_to_be_now(
        self, pace: Pace, schedule: Schedule, clock: Clock
    ) -> None:
        pace.begin(10)
        pace.turn("normal", clock.left(RESERVE))
        assert (schedule.booked, schedule.latest) == ([("normal", 1)], [START])

    def test_a_turn_that_leaves_just_enough_time_is_waited_for(
        self, pace: Pace, schedule: Schedule, clock: Clock
    ) -> None:
        schedule.answers = [12.0]
        pace.begin(10)
        assert pace.turn("normal", clock.left(RESERVE + 12)) is None
        assert clock.time.pauses == [12]

    def test_the_turns_that_a_batch_left_are_not_those_of_the_next(
        self, pace: Pace, schedule: Schedule, clock: Clock
    ) -> None:
        pace.begin(10)
        pace.turn("normal", clock.left())
        pace.begin(10)
        pace.turn("normal", clock.left())
        assert schedule.booked == [("normal", 10)] * 2

    def test_all_its_hand_overs_wait_for_their_turns_though_the_first_waited_for_long(
        self, schedule: Schedule, clock: Clock
    ) -> None:
        schedule.per_second = 1.0
        pace = Pace(schedule, clock, RESERVE)
        waited = CAREFUL.total_seconds() + 1
        schedule.answers = [waited]
        left, moments = clock.left(), []
        pace.begin(10)
        for _ in range(3):
            assert pace.turn("normal", left) is None
            moments.append(clock.time.now)
        assert moments == [waited, waited + 1, waited + 2]

    def test_a_turn_that_comes_too_late_by_now_is_not_waited_for(
        self, pace: Pace, schedule: Schedule, clock: Clock
    ) -> None:
        schedule.answers = [10.0]
        left = clock.left(RESERVE + 12)
        pace.begin(10)
        assert pace.turn("normal", left) is None
        clock.time.take(-5)  # the second turn is ahead still, and time is up
        busy = pace.turn("normal", lambda: RESERVE + 1.0)
        assert busy == Busy(START + timedelta(seconds=10.1), "rate")


@pytest.mark.usefixtures("longest")
class TestNoTurnInTime:
    FULL = Busy(START + timedelta(minutes=3), "rate")

    def test_it_is_asked_for_once_more_before_the_time_is_up(
        self, pace: Pace, schedule: Schedule, clock: Clock
    ) -> None:
        schedule.answers = [self.FULL, 0.0]
        pace.begin(10)
        left = clock.left()
        assert pace.turn("normal", left) is None
        assert clock.time.pauses == [TIMEOUT - RESERVE - 1]
        assert left() >= RESERVE

    def test_what_has_none_then_is_told_when_there_may_be_one(
        self, pace: Pace, schedule: Schedule, clock: Clock
    ) -> None:
        schedule.answers = [self.FULL, self.FULL]
        pace.begin(10)
        assert pace.turn("normal", clock.left()) == self.FULL
        assert len(schedule.booked) == 2

    def test_no_time_is_waited_that_is_not_there(self, pace: Pace, schedule: Schedule, clock: Clock) -> None:
        schedule.answers = [self.FULL, self.FULL]
        pace.begin(10)
        assert pace.turn("normal", clock.left(RESERVE)) == self.FULL
        assert clock.time.pauses == []


class TestClosed:
    @pytest.mark.parametrize(("stopped_by", "minutes"), [("quota", 10), ("account", 2)])
    def test_a_refusal_for_all_closes_the_provider_for_all(
        self, pace: Pace, schedule: Schedule, clock: Clock, stopped_by: StoppedBy, minutes: int
    ) -> None:
        pace.refused(refusal(stopped_by))
        closed = Busy(START + timedelta(minutes=minutes), stopped_by, "Stop")
        assert schedule.closed == [closed]
        assert pace.turn("normal", clock.left()) == closed
        assert CLOSED_FOR[stopped_by] == timedelta(minutes=minutes)

    def test_it_is_tried_again_when_the_time_is_over(self, pace: Pace, clock: Clock) -> None:
        pace.refused(refusal("account"))
        clock.time.take(119.9)
        assert pace.turn("normal", clock.left()) is not None
        clock.time.take(0.1)
        assert pace.turn("normal", clock.left()) is None

    @pytest.mark.parametrize("stopped_by", ["job", "rate"])
    def test_a_refusal_of_one_closes_nothing(
        self, pace: Pace, schedule: Schedule, clock: Clock, stopped_by: StoppedBy
    ) -> None:
        pace.refused(refusal(stopped_by))
        assert schedule.closed == []
        assert pace.turn("normal", clock.left()) is None

    def test_a_refusal_of_one_delivery_makes_no_other_wait(self, pace: Pace, schedule: Schedule, clock: Clock) -> None:
        pace.refused(refusal("job"))
        pace.turn("normal", clock.left())
        assert schedule.booked == []

    def test_what_another_sandbox_closed_is_asked_about_once_and_not_waited_for(
        self, pace: Pace, schedule: Schedule, clock: Clock
    ) -> None:
        closed = Busy(START + timedelta(minutes=10), "quota", "TooManyRequestsException")
        schedule.answers = [closed]
        pace.begin(10)
        assert [pace.turn("normal", clock.left()) for _ in range(10)] == [closed] * 10
        assert (len(schedule.booked), clock.time.pauses) == (1, [])


class Broken(Schedule):
    """A schedule that cannot be written."""

    def book(self, lane: Priority, count: int, now: datetime, latest: datetime) -> datetime | Busy:
        raise Unavailable(f"throttled: {lane, count, now, latest}")


def test_a_schedule_that_cannot_be_written_is_the_runs_failure(clock: Clock) -> None:
    pace = Pace(Broken(), clock, RESERVE)
    pace.begin(10)
    with pytest.raises(Unavailable):
        pace.turn("normal", clock.left())
