"""The schedule that all sandboxes share: turns one after the other, both lanes, closed providers, and the rate."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import pairwise
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local_stack.aws.memory_dynamodb import MemoryDynamoDB
from nereid.aws.errors import ConditionFailed
from nereid.aws.messaging.email_channel import sending_rate
from nereid.aws.messaging.schedules import BOOKED, HIGH, DynamoClosures, DynamoSchedule
from nereid.aws.table import Table
from nereid.errors import Unavailable
from nereid.models.event_type import Priority
from nereid.ports.messaging import Busy
from tests.support.cloud import Cloud, tables
from tests.support.interleaving import empty_table, interleave
from tests.support.metered_dynamodb import MeteredDynamoDB, Spent

START = datetime(2026, 1, 31, 9, 30, tzinfo=UTC)
#: A rate of which twenty a second are booked.
RATE = 20 / BOOKED
SECOND = timedelta(seconds=1)
LATE = START + timedelta(minutes=1)
NOBODY_SAID = 14 * BOOKED


@pytest.fixture
def table(dynamodb: Any) -> Table:
    return empty_table(dynamodb, "LimitsTable")


def sandbox(table: Table, rate: float = RATE, channel: str = "email") -> DynamoSchedule:
    """Return the schedule as a new sandbox has it, with a rate that the operator has set."""
    return DynamoSchedule(table, channel, rate)


def after(moment: datetime | Busy) -> float:
    """Return how many seconds after the start a turn is."""
    assert isinstance(moment, datetime), moment
    return (moment - START).total_seconds()


def closed(minutes: float, stopped_by: Any = "quota", code: str | None = "TooMany") -> Busy:
    return Busy(START + timedelta(minutes=minutes), stopped_by, code)


class TestTurns:
    def test_the_first_one_is_now(self, table: Table) -> None:
        assert sandbox(table).book("normal", 10, START, START) == START

    def test_bookings_are_one_after_the_other_whoever_makes_them(self, table: Table) -> None:
        one, other = sandbox(table), sandbox(table)
        booked = [each.book("normal", 10, START, LATE) for each in (one, other, other, one, sandbox(table))]
        assert [after(each) for each in booked] == [0, 0.5, 1, 1.5, 2]

    def test_a_booking_takes_as_long_as_the_sandbox_takes_for_it(self, table: Table) -> None:
        for count in (1, 7, 10, 3):
            sandbox(table).book("normal", count, START, LATE)
        assert after(sandbox(table).book("normal", 1, START, LATE)) == pytest.approx(21 / 20)

    def test_after_a_pause_the_first_one_is_now_again(self, table: Table) -> None:
        one, later = sandbox(table), START + timedelta(hours=1)
        one.book("normal", 10, START, LATE)
        assert one.book("normal", 10, later, later) == later
        assert sandbox(table).book("normal", 10, later, later + SECOND) == later + SECOND / 2

    def test_what_is_not_used_is_not_saved_up(self, table: Table) -> None:
        one, later = sandbox(table), START + timedelta(seconds=5)
        one.book("normal", 10, START, LATE)
        for _ in range(3):
            one.book("normal", 10, later, LATE)
        assert after(one.book("normal", 10, later, LATE)) == 6.5

    def test_there_is_none_up_to_a_moment_that_all_is_booked_at(self, table: Table) -> None:
        for _ in range(3):
            sandbox(table).book("normal", 10, START, LATE)
        asked = partial(sandbox(table).book, "normal", 10, START)
        assert asked(START + SECOND) == Busy(START + 1.5 * SECOND, "rate")
        assert asked(START + 1.499 * SECOND) == Busy(START + 1.5 * SECOND, "rate")
        assert after(asked(START + 1.5 * SECOND)) == 1.5

    def test_the_last_moment_is_in_time_for_who_has_booked_nothing_before_too(self, table: Table) -> None:
        sandbox(table).book("normal", 10, START, LATE)
        assert after(sandbox(table).book("normal", 10, START, START + SECOND / 2)) == 0.5

    def test_the_first_free_moment_may_be_this_one(self, table: Table) -> None:
        one = sandbox(table)
        one.book("normal", 10, START, LATE)
        assert after(one.book("normal", 10, START + SECOND / 2, START + SECOND / 2)) == 0.5

    def test_two_turns_are_never_at_the_same_moment_however_many_the_provider_takes(self, table: Table) -> None:
        one = sandbox(table, rate=1e6)
        assert [after(one.book("normal", 1, START, LATE)) for _ in range(3)] == [0, 0.001, 0.002]

    def test_who_loses_every_race_comes_again_in_a_second(self) -> None:
        class Contended:
            tries = 0

            def update(self, *_: Any, **__: Any) -> Any:
                self.tries += 1
                raise ConditionFailed(old={})

        contended: Any = Contended()
        assert sandbox(contended).book("normal", 10, START, LATE) == Busy(START + SECOND, "rate")
        assert contended.tries == 5

    def test_what_could_not_be_booked_takes_no_turn(self, table: Table) -> None:
        one = sandbox(table)
        one.book("normal", 100, START, LATE)
        for _ in range(3):
            assert isinstance(one.book("normal", 10, START, START), Busy)
        assert after(one.book("normal", 10, START, LATE)) == 5

    def test_each_channel_has_its_own(self, table: Table) -> None:
        for channel in ("email", "sms", "push"):
            assert after(sandbox(table, channel=channel).book("normal", 100, START, LATE)) == 0

    @pytest.mark.parametrize("lane", ["normal", "high"])
    def test_a_booking_is_one_write_of_one_unit(self, lane: Priority) -> None:
        metered = MeteredDynamoDB(tables())
        one = sandbox(empty_table(metered, "LimitsTable"))
        one.close(closed(-1, code="x" * 100))
        assert metered.cost(lambda: one.book(lane, 10, START, LATE)) == Spent(0, 1, 0)
        assert metered.cost(lambda: one.book(lane, 10, START, LATE)) == Spent(0, 1, 0)

    def test_a_sandbox_that_books_behind_others_learns_by_one_write_more_where_they_are(self) -> None:
        metered = MeteredDynamoDB(tables())
        table = empty_table(metered, "LimitsTable")
        sandbox(table).book("normal", 10, START, LATE)
        other = sandbox(table)
        assert metered.cost(lambda: other.book("normal", 10, START, LATE)) == Spent(0, 2, 0)
        assert metered.cost(lambda: other.book("normal", 10, START, LATE)) == Spent(0, 1, 0)


class TestClocksThatDiffer:
    AHEAD = START + 5 * SECOND

    def test_who_is_behind_books_after_who_is_ahead(self, table: Table) -> None:
        assert after(sandbox(table).book("normal", 10, self.AHEAD, LATE)) == 5
        assert after(sandbox(table).book("normal", 10, START, LATE)) == 5.5

    def test_who_is_ahead_leaves_no_turn_to_two(self, table: Table) -> None:
        behind, ahead = sandbox(table), sandbox(table)
        turns = [
            after(each.book("normal", 10, moment, LATE))
            for each, moment in [(behind, START), (ahead, self.AHEAD), (behind, START), (ahead, self.AHEAD)]
        ]
        assert turns == [0, 5, 5.5, 6]

    def test_who_has_seen_a_turn_that_is_not_there_any_more_looks_again(self, table: Table) -> None:
        one = sandbox(table)
        one.book("normal", 200, START, LATE)
        table.delete("PROVIDER#email", "schedule")
        assert after(one.book("normal", 10, START, LATE)) == 0


class TestLanes:
    def test_high_priority_has_a_share_of_the_rate(self, table: Table) -> None:
        one = sandbox(table)
        assert one.rate("normal", START) == pytest.approx(20)
        assert one.rate("high", START) == pytest.approx(20 * HIGH)
        for _ in range(2):
            one.book("high", 10, START, LATE)
        assert after(one.book("high", 1, START, LATE)) == 2

    def test_it_does_not_wait_for_the_turns_of_normal_priority(self, table: Table) -> None:
        sandbox(table).book("normal", 10_000, START, LATE)
        assert after(sandbox(table).book("high", 10, START, LATE)) == 0

    def test_its_turns_move_those_of_normal_priority_on_so_that_both_keep_to_the_rate(self, table: Table) -> None:
        sandbox(table).book("normal", 10, START, LATE)
        for _ in range(3):
            sandbox(table).book("high", 10, START, LATE)
        assert after(sandbox(table).book("normal", 10, START, LATE)) == 2

    def test_they_do_so_where_nobody_has_booked_before(self, table: Table) -> None:
        sandbox(table).book("high", 10, START, LATE)
        assert after(sandbox(table).book("normal", 10, START, LATE)) == 0.5

    def test_full_lanes_of_one_priority_say_nothing_of_the_other(self, table: Table) -> None:
        one = sandbox(table)
        one.book("high", 1000, START, LATE)
        one.book("normal", 10, START, LATE + 100 * SECOND)
        assert isinstance(one.book("high", 1, START, LATE), Busy)
        assert after(sandbox(table).book("normal", 1, START, LATE)) == 50.5


class TestClosed:
    @pytest.mark.parametrize("lane", ["normal", "high"])
    def test_nobody_books_a_turn_at_a_closed_provider(self, table: Table, lane: Priority) -> None:
        one, other = sandbox(table), sandbox(table)
        one.book(lane, 1, START, LATE)
        other.close(closed(10))
        assert one.book(lane, 10, START, LATE) == sandbox(table).book(lane, 10, START, LATE) == closed(10)

    def test_it_is_open_again_when_the_time_is_over(self, table: Table) -> None:
        one = sandbox(table)
        one.close(closed(10))
        opens = START + timedelta(minutes=10)
        assert one.book("normal", 1, opens - SECOND / 1000, LATE) == closed(10)
        assert one.book("normal", 1, opens, LATE) == opens

    @pytest.mark.parametrize("minutes", [(2, 10), (10, 2), (10, 10)])
    def test_the_longest_time_counts(self, table: Table, minutes: tuple[float, float]) -> None:
        for each in minutes:
            sandbox(table).close(closed(each))
        assert DynamoClosures(table).closed("email", START) == closed(10)

    def test_who_reads_messages_is_told_why_a_provider_is_closed(self, table: Table) -> None:
        closures = DynamoClosures(table)
        assert closures.closed("email", START) is None
        sandbox(table).close(closed(2, "account", "SendingPausedException"))
        assert closures.closed("email", START) == closed(2, "account", "SendingPausedException")
        assert closures.closed("email", START + timedelta(minutes=2)) is None
        assert closures.closed("sms", START) is None

    def test_a_look_at_closures_costs_half_a_unit(self) -> None:
        metered = MeteredDynamoDB(tables())
        table = empty_table(metered, "LimitsTable")
        sandbox(table).close(closed(10))
        assert metered.cost(lambda: DynamoClosures(table).closed("email", START)) == Spent(0.5, 0, 0)

    def test_a_schedule_without_closure_is_none(self, table: Table) -> None:
        sandbox(table).book("normal", 10, START, LATE)
        assert DynamoClosures(table).closed("email", START) is None


class Provider:
    """A provider that says its rate."""

    def __init__(self, *rates: float | Exception) -> None:
        self.rates = list(rates)
        self.asked = 0

    def ask(self) -> float:
        self.asked += 1
        rate = self.rates.pop(0)
        if isinstance(rate, Exception):
            raise rate
        return rate

    def sandbox(self, table: Table) -> DynamoSchedule:
        return DynamoSchedule(table, "email", 0, self.ask)


MINUTE = timedelta(minutes=1)


class TestRate:
    def test_the_operators_rate_is_asked_of_nobody(self, table: Table, shared_cloud: Cloud) -> None:
        shared_cloud.calls.clear()
        assert sandbox(table, 100).rate("normal", START) == pytest.approx(95)
        assert dict(shared_cloud.calls) == {}

    def test_all_sandboxes_together_ask_once_in_five_minutes(self, table: Table) -> None:
        provider = Provider(100, 200)
        for number in range(10):
            each = provider.sandbox(table)
            assert each.rate("normal", START + number * SECOND) == pytest.approx(95)
            assert each.rate("normal", START + number * SECOND) == pytest.approx(95)
        assert provider.asked == 1
        one = provider.sandbox(table)
        assert one.rate("normal", START + 5 * MINUTE) == pytest.approx(190)
        assert provider.sandbox(table).rate("normal", START + 6 * MINUTE) == pytest.approx(190)
        assert provider.asked == 2

    def test_a_sandbox_believes_what_it_knows_for_five_minutes(self, table: Table, shared_cloud: Cloud) -> None:
        provider = Provider(100, 200)
        one = provider.sandbox(table)
        one.rate("normal", START)
        shared_cloud.calls.clear()
        assert one.rate("normal", START + 5 * MINUTE - SECOND) == pytest.approx(95)
        assert dict(shared_cloud.calls) == {}
        assert one.rate("normal", START + 5 * MINUTE) == pytest.approx(190)

    def test_turns_are_booked_at_the_rate_that_was_said(self, table: Table) -> None:
        one = Provider(RATE).sandbox(table)
        one.rate("normal", START)
        one.book("normal", 10, START, LATE)
        assert after(one.book("normal", 10, START, LATE)) == 0.5

    def test_while_another_asks_the_former_rate_counts(self, table: Table) -> None:
        provider = Provider(100, 200)
        provider.sandbox(table).rate("normal", START)
        asking, waiting = provider.sandbox(table), provider.sandbox(table)
        later = START + 10 * MINUTE
        seen: list[Any] = interleave(
            [partial(asking.rate, "normal", later), partial(waiting.rate, "normal", later)], [0, 1, 0, 1, 0, 1]
        )
        assert seen == [pytest.approx(190), pytest.approx(95)]

    def test_while_another_asks_for_the_first_time_a_usual_rate_is_believed_for_a_moment(self, table: Table) -> None:
        provider = Provider(1)
        asking, waiting = provider.sandbox(table), provider.sandbox(table)
        seen: list[Any] = interleave(
            [partial(asking.rate, "normal", START), partial(waiting.rate, "normal", START)], [0, 1, 0, 1, 0, 1]
        )
        assert seen == [pytest.approx(0.95), pytest.approx(NOBODY_SAID)]
        assert waiting.rate("normal", START + SECOND) == pytest.approx(0.95)
        assert provider.asked == 1

    def test_a_provider_that_does_not_say_it_is_asked_again_after_five_minutes(self, table: Table) -> None:
        provider = Provider(Unavailable("down"), 100, Unavailable("down"))
        assert provider.sandbox(table).rate("normal", START) == pytest.approx(NOBODY_SAID)
        assert provider.sandbox(table).rate("normal", START + MINUTE) == pytest.approx(NOBODY_SAID)
        assert provider.asked == 1
        assert provider.sandbox(table).rate("normal", START + 5 * MINUTE) == pytest.approx(95)
        assert provider.sandbox(table).rate("normal", START + 10 * MINUTE) == pytest.approx(95)
        assert provider.asked == 3

    def test_ses_says_the_rate_of_the_account(self) -> None:
        answer = {"SendQuota": {"Max24HourSend": 50000.0, "MaxSendRate": 14.0, "SentLast24Hours": 0.0}}
        assert sending_rate(ses(lambda: answer)) == 14.0

    @pytest.mark.parametrize("code", ["AccessDeniedException", "TooManyRequestsException", "InternalFailure"])
    def test_ses_that_does_not_say_it_is_unavailable_whatever_the_reason(self, code: str) -> None:
        def fail() -> Any:
            raise ClientError({"Error": {"Code": code}}, "GetAccount")

        with pytest.raises(Unavailable):
            sending_rate(ses(fail))

    def test_an_answer_without_a_rate_is_none(self) -> None:
        with pytest.raises(Unavailable):
            sending_rate(ses(lambda: {"SendingEnabled": True}))


def ses(get_account: Callable[[], Any]) -> Any:
    class Service:
        def get_account(self) -> Any:
            return get_account()

    class Clients:
        ses = Service()

    return Clients()


@pytest.mark.parametrize("seed", range(25))
def test_of_many_that_book_at_once_no_two_get_the_same_turns(memory: MemoryDynamoDB, seed: int) -> None:
    table, chance = empty_table(memory, "LimitsTable"), random.Random(seed)  # noqa: S311 - no secret
    booked_before = chance.choice([None, START - MINUTE, START + SECOND])
    if booked_before:
        sandbox(table).book("normal", 1, booked_before, LATE)
        sandbox(table).book("high", 1, booked_before, LATE)
    lanes: list[Priority] = [chance.choice(["normal", "normal", "high"]) for _ in range(8)]
    counts = [chance.randint(1, 10) for _ in lanes]
    drift = [chance.choice([0, 0, 0.05, -0.2]) * SECOND for _ in lanes]

    def booking(lane: Priority, count: int, now: datetime) -> list[datetime | Busy]:
        one = sandbox(table)
        return [one.book(lane, count, now, LATE) for _ in range(2)]

    operations = [
        partial(booking, lane, count, START + away) for lane, count, away in zip(lanes, counts, drift, strict=True)
    ]
    outcomes = interleave(operations, [chance.randrange(8) for _ in range(60)])
    for lane, rate in (("normal", 20), ("high", 20 * HIGH)):
        turns = sorted(
            (after(first), after(first) + count / rate)
            for each, count, found in zip(lanes, counts, outcomes, strict=True)
            if each == lane
            for first in found
        )
        assert all(later[0] >= earlier[1] - 0.0015 for earlier, later in pairwise(turns)), turns
