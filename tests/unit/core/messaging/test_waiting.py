"""How long deliveries wait for their provider, what is said of it, and when it is enough."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from nereid.core.messaging.waiting import LONGEST_PAUSE, Wait, Waiting, gave_up, waiting_for
from nereid.errors import ProviderBusy
from nereid.models.delivery import DeliveryJob
from nereid.ports.messaging import Busy, Outcome
from tests.support.notifications import MAIL

START = datetime(2026, 1, 31, 9, 30, tzinfo=UTC)
PATIENCE = timedelta(hours=24)
CODE = "TooManyRequestsException"


class Clock:
    def now(self) -> datetime:
        return START


class Noted:
    """Stands for what a delivery's way is told: its pace, and its queue."""

    def __init__(self) -> None:
        self.told: list[Any] = []

    def begin(self, records: int) -> None:
        self.told.append(records)

    def turn(self, lane: str, seconds_left: Any) -> Busy | None:
        self.told.append((lane, seconds_left()))
        return None

    def refused(self, busy: Busy) -> None:
        self.told.append(busy)

    def put_back(self, job: DeliveryJob, seconds: int) -> None:
        self.told.append((job, seconds))

    def send(self, jobs: Sequence[DeliveryJob]) -> None:
        raise AssertionError(jobs)


@pytest.fixture
def noted() -> Any:
    return Noted()


@pytest.fixture
def waiting(noted: Any) -> Waiting:
    return Waiting(noted, noted, Clock(), PATIENCE)


@pytest.fixture(params=[0.0, 0.999], ids=["least", "most"])
def chance(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> float:
    """Let chance be at one of its ends."""
    monkeypatch.setattr(random, "random", lambda: request.param)
    return float(request.param)


def job(notification: dict[str, Any] | None = None, **members: Any) -> DeliveryJob:
    return DeliveryJob.model_validate(
        {
            "team_id": "team",
            "environment": "dev",
            "mock": False,
            "channels": {},
            "delivery_id": "d",
            "recipient": {"type": "email", "value": "sam@example.com"},
            "notification": {**MAIL, **(notification or {})},
            "message_id": "m",
            "message": None,
            "planned_at": START,
            **members,
        }
    )


def planned(waiting: Waiting, given: DeliveryJob, busy: Busy) -> Wait:
    wait = waiting.plan(given, busy)
    assert wait is not None
    return wait


def refusal(stopped_by: Any = "rate", seconds: float = 1) -> Busy:
    return Busy(START + timedelta(seconds=seconds), stopped_by, CODE)


class TestRefused:
    @pytest.mark.parametrize(
        ("refusals", "seconds"), [(0, 1), (1, 2), (2, 4), (8, 256), (9, 512), (10, 900), (100_000, 900)]
    )
    def test_the_pause_doubles_up_to_a_quarter_of_an_hour(self, waiting: Waiting, refusals: int, seconds: int) -> None:
        busy = waiting.refused(job(refusals=refusals), ProviderBusy(CODE, "rate"))
        assert busy == Busy(START + timedelta(seconds=seconds), "rate", CODE)

    @pytest.mark.parametrize(("stopped_by", "minutes"), [("quota", 10), ("account", 2)])
    def test_what_stops_all_has_a_pause_of_its_own(self, waiting: Waiting, stopped_by: Any, minutes: int) -> None:
        busy = waiting.refused(job(refusals=5), ProviderBusy(CODE, stopped_by))
        assert busy == Busy(START + timedelta(minutes=minutes), stopped_by, CODE)

    def test_the_pace_learns_of_it(self, waiting: Waiting, noted: Any) -> None:
        busy = waiting.refused(job(), ProviderBusy(CODE, "rate"))
        assert noted.told == [busy]


class TestPlan:
    def test_a_refusal_is_counted_and_the_first_one_is_remembered(self, waiting: Waiting) -> None:
        earlier = START - timedelta(hours=1)
        again = planned(waiting, job(), refusal()).job
        assert (again.refusals, again.refused_since) == (1, START)
        again = planned(waiting, job(refusals=3, refused_since=earlier), refusal()).job
        assert (again.refusals, again.refused_since) == (4, earlier)

    def test_waiting_for_a_turn_is_no_refusal(self, waiting: Waiting) -> None:
        long_ago = START - timedelta(days=9)
        again = planned(waiting, job(refused_since=long_ago), Busy(START + timedelta(seconds=9), "rate")).job
        assert (again.refusals, again.refused_since) == (0, long_ago)

    def test_it_comes_again_before_the_turns_are_over_and_not_with_all_others(
        self, waiting: Waiting, chance: float
    ) -> None:
        wait = planned(waiting, job(), Busy(START + timedelta(seconds=100), "rate"))
        assert wait.seconds == (40 if chance == 0 else 100)
        assert wait.next_try_at == START + timedelta(seconds=wait.seconds)

    def test_when_the_provider_opens_they_come_in_the_course_of_a_minute(self, waiting: Waiting, chance: float) -> None:
        wait = planned(waiting, job(), refusal("quota", 600))
        assert wait.seconds == (600 if chance == 0 else 660)

    @pytest.mark.usefixtures("chance")
    def test_it_waits_for_a_second_at_least_and_a_quarter_of_an_hour_at_most(self, waiting: Waiting) -> None:
        assert planned(waiting, job(), refusal("rate", 0)).seconds == 1
        wait = planned(waiting, job(), refusal("quota", 3600))
        assert wait.seconds == LONGEST_PAUSE.total_seconds() == 900
        assert wait.next_try_at == START + LONGEST_PAUSE

    @pytest.mark.usefixtures("chance")
    def test_it_comes_when_it_expires_to_be_ended(self, waiting: Waiting) -> None:
        given = job({"expires_in": 30}, asked_at=START - timedelta(seconds=10))
        assert planned(waiting, given, refusal("quota", 600)).seconds == 20


class TestPatience:
    @pytest.mark.parametrize(("stopped_by", "hours"), [("rate", 24), ("account", 24), ("job", 24), ("quota", 48)])
    def test_it_is_over_when_the_first_refusal_was_that_long_ago(
        self, waiting: Waiting, stopped_by: Any, hours: int
    ) -> None:
        since = START - timedelta(hours=hours)
        assert waiting.plan(job(refused_since=since), refusal(stopped_by)) is None
        almost = since + timedelta(seconds=1)
        assert waiting.plan(job(refused_since=almost), refusal(stopped_by)) is not None

    def test_what_waited_for_the_next_day_has_been_refused_for_nothing_else_yet(self, waiting: Waiting) -> None:
        since = START - timedelta(hours=40)
        again = planned(waiting, job(refusals=5, refused_since=since, refused_by="quota"), refusal("rate")).job
        assert (again.refused_since, again.refused_by, again.refusals) == (START, "rate", 6)

    def test_a_quota_that_is_still_used_up_is_the_same_wait(self, waiting: Waiting) -> None:
        since = START - timedelta(hours=40)
        again = planned(waiting, job(refused_since=since, refused_by="quota"), refusal("quota")).job
        assert (again.refused_since, again.refused_by) == (since, "quota")

    def test_other_refusals_are_one_wait_whatever_their_reasons(self, waiting: Waiting) -> None:
        since = START - timedelta(hours=20)
        again = planned(waiting, job(refused_since=since, refused_by="rate"), refusal("account")).job
        assert (again.refused_since, again.refused_by) == (since, "account")

    def test_what_is_given_up_says_by_which_word_of_the_provider(self) -> None:
        assert gave_up(refusal()) == Outcome("failed", f"gave up: provider: {CODE}")


@pytest.mark.parametrize(
    ("busy", "text"),
    [
        (refusal("rate"), "waiting: provider rate"),
        (Busy(START, "rate"), "waiting: provider rate"),
        (refusal("quota"), "waiting: provider quota"),
        (refusal("account"), f"waiting: provider: {CODE}"),
        (refusal("job"), f"waiting: provider: {CODE}"),
    ],
)
def test_a_delivery_says_what_it_waits_for(waiting: Waiting, busy: Busy, text: str) -> None:
    assert waiting_for(busy) == text
    assert planned(waiting, job(), busy).reason == text


def test_a_batch_and_its_turns_are_the_paces(waiting: Waiting, noted: Any) -> None:
    waiting.begin(7)
    assert waiting.turn(job(), lambda: 30) is None
    assert waiting.turn(job({"retry": "at_most_once"}), lambda: 29) is None
    assert noted.told == [7, ("normal", 30), ("high", 29)]


def test_a_job_goes_back_with_what_it_has_been_through(waiting: Waiting, noted: Any) -> None:
    wait = planned(waiting, job(), refusal())
    waiting.put_back(wait)
    assert noted.told == [(wait.job, wait.seconds)]
    assert wait.job.refusals == 1


def test_a_day_that_was_waited_out_is_no_patience_for_what_comes_then(waiting: Waiting) -> None:
    yesterday = START - timedelta(hours=30)
    waited = job(refused_since=yesterday, refused_by="quota")
    again = planned(waiting, waited, refusal("rate")).job
    assert (again.refused_since, again.refused_by) == (START, "rate")
    assert planned(waiting, waited, refusal("quota")).job.refused_since == yesterday
    assert waiting.plan(job(refused_since=yesterday, refused_by="rate"), refusal("rate")) is None
