"""Deliveries that their provider does not take now, from the claim to the end of patience, and those that expire."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest

from nereid.aws.messaging.deliveries import delivery_key
from nereid.aws.messaging.schedules import BOOKED, DynamoSchedule
from nereid.aws.table import Table
from nereid.clock import to_iso
from nereid.core.messaging.deliver import DELIVERY_SECONDS, MAX_TRIES, Deliverer
from nereid.core.messaging.ingest import ingest
from nereid.core.messaging.pace import FULL_BATCH, Pace
from nereid.core.messaging.template_content import TemplateContent
from nereid.core.messaging.waiting import Waiting
from nereid.errors import OutcomeUnknown, ProviderBusy, ProviderRefused, TryAgain, Unavailable
from nereid.metrics import DeliveryCounts
from nereid.models.delivery import DeliveryJob
from nereid.ports.messaging import Outcome
from tests.faults.messaging.test_hand_overs import Clock, FailingRecords, Provider, job_of
from tests.support.cloud import Cloud, World
from tests.support.notifications import MAIL, SAM

#: Other tests show that the same stores work over moto.
IN_MEMORY = True
ONCE = {**MAIL, "retry": "at_most_once"}
BRIEF = {**MAIL, "expires_in": 30}
RATE = ProviderBusy("TooManyRequestsException", "rate")
QUOTA = ProviderBusy("TooManyRequestsException", "quota")
PAUSED = ProviderBusy("SendingPausedException", "account")
HOUR = 3600


def _seconds(duration: timedelta) -> float:
    return duration.total_seconds()


class Queue:
    """Keeps what goes back to it."""

    def __init__(self) -> None:
        self.backs: list[tuple[DeliveryJob, int]] = []
        self.refuses = False

    def send(self, jobs: Sequence[DeliveryJob]) -> None:
        raise AssertionError(jobs)

    def put_back(self, job: DeliveryJob, seconds: int) -> None:
        if self.refuses:
            raise Unavailable("refused")
        self.backs.append((job, seconds))


class Follower(TemplateContent):
    """Content whose follow-up fails at first."""

    def __init__(self) -> None:
        super().__init__(None)
        self.failures = 1
        self.followed_up = 0

    def is_followed_up(self, _job: DeliveryJob) -> bool:
        return True

    def follow_up(self, _job: DeliveryJob, _sent_at: datetime) -> None:
        if self.failures:
            self.failures -= 1
            raise Unavailable("throttled")
        self.followed_up += 1


class Sandbox:
    """A sandbox that hands over e-mails, with its parts at hand. Where somebody sleeps, the clock goes on."""

    def __init__(self, world: World, clock: Clock, *script: Any, rate: float = 20 / BOOKED, **changes: Any) -> None:
        self.provider, self.queue, self.counts = Provider(*script), Queue(), DeliveryCounts()
        self.schedule = DynamoSchedule(Table(world.runtime.clients, "LimitsTable"), "email", rate)
        waiting = Waiting(Pace(self.schedule, clock, DELIVERY_SECONDS), self.queue, clock, timedelta(hours=24))
        self.clock = clock
        self.deliverer = Deliverer(
            changes.get("channel", self.provider),
            changes.get("content", TemplateContent(world.runtime.unsubscriber.url)),
            changes.get("deliveries", world.runtime.deliveries),
            world.runtime.messages,
            clock,
            world.runtime.suppressions,
            self.counts,
            waiting,
            changes.get("rules"),
        )

    def deliver(self, job: DeliveryJob, seconds: float = 90) -> None:
        """Hand a job over in a function that has so much time."""
        ends = self.clock.moment + timedelta(seconds=seconds)
        self.deliverer.deliver(job, lambda: _seconds(ends - self.clock.moment))

    def again(self, pause: float | None = None) -> None:
        """Hand the job that went back last over once more, when it has waited."""
        job, seconds = self.queue.backs[-1]
        self.clock.forward(seconds if pause is None else pause)
        self.deliver(job)


@pytest.fixture
def clock(world: World, monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock(world)
    monkeypatch.setattr(time, "sleep", made.forward)
    return made


def stored(world: World, job: DeliveryJob) -> dict[str, Any]:
    """Return a delivery's item."""
    item = Table(world.runtime.clients, "ActivityTable").get(*delivery_key(job.scope, job.delivery_id))
    assert item is not None
    return item


class TestRefused:
    @pytest.mark.parametrize("notification", [MAIL, ONCE], ids=["at_least_once", "at_most_once"])
    @pytest.mark.parametrize("error", [RATE, QUOTA, PAUSED, ProviderBusy("AccessDenied")], ids=lambda each: each.code)
    def test_it_waits_and_is_sent_once_when_it_is_taken(
        self, world: World, clock: Clock, notification: dict[str, Any], error: ProviderBusy
    ) -> None:
        sandbox, job = Sandbox(world, clock, error), job_of(world, notification)
        sandbox.deliver(job)
        assert world.outcomes(job.message_id)[0][0] == "pending"
        sandbox.again()
        assert world.outcomes(job.message_id) == [("success", None)]
        assert len(sandbox.provider.sent) == 2

    def test_it_says_why_and_when_it_is_tried_again(self, world: World, clock: Clock) -> None:
        sandbox, job = Sandbox(world, clock, RATE), job_of(world)
        sandbox.deliver(job)
        [(_, seconds)] = sandbox.queue.backs
        [delivery] = world.deliveries(job.message_id)
        assert (delivery.status, delivery.reason) == ("pending", "waiting: provider rate")
        assert delivery.next_try_at == (clock.moment + timedelta(seconds=seconds)).replace(
            microsecond=delivery.next_try_at.microsecond if delivery.next_try_at else 0
        )

    def test_its_record_says_nothing_of_that_once_it_is_final(self, world: World, clock: Clock) -> None:
        sandbox, job = Sandbox(world, clock, RATE), job_of(world)
        sandbox.deliver(job)
        assert {"reason", "next_try_at"} <= stored(world, job).keys()
        sandbox.again()
        assert not {"reason", "next_try_at", "claim"} & stored(world, job).keys()

    def test_a_refusal_for_good_after_it_is_the_reason(self, world: World, clock: Clock) -> None:
        sandbox, job = Sandbox(world, clock, RATE, ProviderRefused("MessageRejected")), job_of(world)
        sandbox.deliver(job)
        sandbox.again()
        item = stored(world, job)
        assert (item["status"], item["reason"]) == ("failed", "provider: MessageRejected")
        assert "next_try_at" not in item

    @pytest.mark.parametrize("change", ["purged", "reopened"])
    def test_what_ends_or_reopens_it_takes_it_away(self, world: World, clock: Clock, change: str) -> None:
        sandbox, job = Sandbox(world, clock, RATE), job_of(world)
        sandbox.deliver(job)
        [planned] = world.runtime.messages.plans(world.scope, [job.message_id])[job.message_id].deliveries(
            world.scope, job.message_id
        )
        store = world.runtime.deliveries
        store.close(job.scope, planned, job.planned_at, "purged", clock.now())
        if change == "reopened":
            store.reopen(job.scope, planned, job.planned_at, "replay", clock.now())
            assert "reason" not in stored(world, job)
        assert "next_try_at" not in stored(world, job)

    def test_waiting_is_no_try(self, world: World, clock: Clock) -> None:
        unknown = [OutcomeUnknown("ReadTimeout")] * MAX_TRIES
        sandbox, job = Sandbox(world, clock, *[RATE] * 9, *unknown), job_of(world)
        sandbox.deliver(job)
        for _ in range(8):
            sandbox.again()
        for _ in range(MAX_TRIES - 1):
            with pytest.raises(TryAgain):
                sandbox.again(HOUR / 10)
        sandbox.again(HOUR / 10)
        assert world.outcomes(job.message_id) == [("failed", "provider: unknown outcome")]

    def test_giving_a_claim_back_is_no_try_either(self, world: World, clock: Clock) -> None:
        sandbox, job = Sandbox(world, clock), job_of(world)
        for _ in range(3):
            with pytest.raises(TryAgain):
                sandbox.deliver(job, seconds=1)
        assert stored(world, job)["attempts"] == 0

    def test_the_pauses_go_on_growing_from_sandbox_to_sandbox(self, world: World, clock: Clock) -> None:
        job, pauses = job_of(world), []
        for _ in range(12):
            sandbox = Sandbox(world, clock, RATE)
            sandbox.deliver(job)
            [(job, seconds)] = sandbox.queue.backs
            pauses.append(seconds)
            clock.forward(seconds)
        assert job.refusals == 12
        assert pauses[0] <= 1
        assert min(pauses[10:]) >= 0.4 * 900

    def test_a_queue_that_does_not_take_it_leaves_it_to_the_next_run(self, world: World, clock: Clock) -> None:
        sandbox, job = Sandbox(world, clock, RATE), job_of(world, ONCE)
        sandbox.queue.refuses = True
        with pytest.raises(Unavailable):
            sandbox.deliver(job)
        sandbox.deliver(job)
        assert world.outcomes(job.message_id) == [("success", None)]

    def test_a_table_that_throttles_leaves_nobody_in_doubt_that_it_was_not_taken(
        self, world: World, clock: Clock
    ) -> None:
        failing = FailingRecords(world, *[Unavailable("throttled")] * 3)
        sandbox, job = Sandbox(world, clock, RATE, deliveries=failing), job_of(world, ONCE)
        sandbox.deliver(job)
        sandbox.again()
        assert world.outcomes(job.message_id) == [("success", None)]

    def test_where_nothing_waits_it_has_failed(self, world: World, clock: Clock) -> None:
        job = job_of(world)
        runtime = world.runtime
        Deliverer(Provider(RATE), TemplateContent(None), runtime.deliveries, runtime.messages, clock).deliver(job)
        assert world.outcomes(job.message_id) == [("failed", "provider: TooManyRequestsException")]


class TestClosed:
    def test_what_comes_while_a_provider_is_closed_is_not_even_claimed(
        self, cloud: Cloud, world: World, clock: Clock
    ) -> None:
        sandbox, first, second = Sandbox(world, clock, QUOTA), job_of(world), job_of(world)
        sandbox.deliver(first)
        cloud.calls.clear()
        sandbox.deliver(second)
        assert dict(cloud.calls) == {}
        job, seconds = sandbox.queue.backs[-1]
        assert job.delivery_id == second.delivery_id
        assert 600 <= seconds <= 660
        assert len(sandbox.provider.sent) == 1

    def test_all_sandboxes_with_full_batches_learn_of_it(self, world: World, clock: Clock) -> None:
        Sandbox(world, clock, QUOTA).deliver(job_of(world))
        other, job = Sandbox(world, clock), job_of(world)
        other.deliverer.begin(FULL_BATCH)
        other.deliver(job)
        assert other.provider.sent == []
        assert len(other.queue.backs) == 1
        other.again()
        assert world.outcomes(job.message_id) == [("success", None)]


class TestPatience:
    @pytest.mark.parametrize(("error", "hours"), [(RATE, 24), (PAUSED, 24), (ProviderBusy("Odd"), 24), (QUOTA, 48)])
    def test_it_is_over_after_a_day_and_for_a_quota_after_two(
        self, world: World, clock: Clock, error: ProviderBusy, hours: int
    ) -> None:
        sandbox, job = Sandbox(world, clock, *[error] * 3), job_of(world)
        sandbox.deliver(job)
        sandbox.again(hours * HOUR - 1)
        assert world.outcomes(job.message_id)[0][0] == "pending"
        sandbox.again(1000)
        assert world.outcomes(job.message_id) == [("failed", f"gave up: provider: {error.code}")]
        assert len(sandbox.queue.backs) == 2

    def test_it_is_over_for_what_no_hand_over_is_even_tried_of(self, world: World, clock: Clock) -> None:
        sandbox, job = Sandbox(world, clock, QUOTA, QUOTA), job_of(world)
        sandbox.deliver(job)
        waiting, _ = sandbox.queue.backs[-1]
        clock.forward(48 * HOUR)
        sandbox.deliver(job_of(world))  # which closes the provider anew
        sandbox.deliver(waiting)
        assert len(sandbox.provider.sent) == 2
        assert world.outcomes(job.message_id) == [("failed", "gave up: provider: TooManyRequestsException")]

    def test_what_is_final_already_is_not_given_up(self, world: World, clock: Clock) -> None:
        sandbox, job = Sandbox(world, clock, RATE), job_of(world)
        sandbox.deliver(job)
        waiting, _ = sandbox.queue.backs[-1]
        sandbox.again()
        sandbox.provider.script = [QUOTA]
        sandbox.deliver(job_of(world))
        clock.forward(1)
        sandbox.deliver(waiting.model_copy(update={"refused_since": clock.now() - timedelta(days=9)}))
        assert world.outcomes(job.message_id) == [("success", None)]

    def test_it_is_counted_as_failed_and_logged_with_its_code(
        self, world: World, clock: Clock, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
    ) -> None:
        sandbox, job = Sandbox(world, clock, RATE), job_of(world)
        long_ago = clock.now() - timedelta(hours=25)
        sandbox.deliver(job.model_copy(update={"refused_since": long_ago}))
        sandbox.counts.write()
        assert '"DeliveriesFailed":[1.0]' in capsys.readouterr().out
        assert [each.getMessage() for each in caplog.records].count("delivery failed") == 1


class TestTurns:
    def test_a_full_batch_keeps_to_the_rate(self, world: World, clock: Clock) -> None:
        sandbox, jobs = Sandbox(world, clock), [job_of(world) for _ in range(FULL_BATCH)]
        began, moments = clock.moment, []
        sandbox.deliverer.begin(len(jobs))
        for job in jobs:
            sandbox.deliver(job)
            moments.append((clock.moment - began).total_seconds())
        assert moments == pytest.approx([number / 20 for number in range(FULL_BATCH)], abs=0.002)

    @pytest.mark.parametrize("why", ["a mock", "a mailbox", "no provider", "expired"])
    def test_what_is_handed_to_no_shared_provider_takes_no_turn(
        self, cloud: Cloud, world: World, clock: Clock, why: str
    ) -> None:
        class Mailbox(Provider):
            def is_paced(self, job: DeliveryJob) -> bool:  # noqa: ARG002 - it is the same for all
                return False

        job = job_of(world, BRIEF)
        changes: dict[str, Any] = {"channel": Mailbox()} if why == "a mailbox" else {}
        sandbox = Sandbox(world, clock, **changes)
        match why:
            case "a mock":
                job = job.model_copy(update={"mock": True})
            case "no provider":
                job = job.model_copy(update={"channels": job.channels.model_copy(update={"email": None})})
            case "expired":
                clock.forward(31)
        sandbox.deliverer.begin(FULL_BATCH)
        cloud.requests.clear()
        sandbox.deliver(job)
        assert [each for _, each in cloud.requests if each.get("TableName") == "LimitsTable"] == []
        ends = {
            "a mock": ("mocked", None),
            "a mailbox": ("success", None),
            "no provider": ("no_provider", "no email provider"),
            "expired": ("failed", "expired"),
        }
        assert world.outcomes(job.message_id) == [ends[why]]

    def test_what_has_no_turn_in_time_goes_back_unclaimed_and_without_a_refusal(
        self, world: World, clock: Clock
    ) -> None:
        sandbox, job = Sandbox(world, clock), job_of(world)
        sandbox.schedule.book("normal", 20_000, clock.now(), clock.now())
        sandbox.deliverer.begin(FULL_BATCH)
        sandbox.deliver(job)
        [(back, seconds)] = sandbox.queue.backs
        assert (back, back.refusals, back.refused_since) == (job, 0, None)
        assert seconds > 300
        assert sandbox.provider.sent == []
        assert world.outcomes(job.message_id) == [("pending", None)]


class TestExpired:
    def test_what_was_not_handed_over_in_time_is_not_sent(self, world: World, clock: Clock) -> None:
        sandbox, job = Sandbox(world, clock), job_of(world, BRIEF)
        clock.moment = world.runtime.clock.now() + timedelta(seconds=30)
        sandbox.deliver(job)
        assert world.outcomes(job.message_id) == [("failed", "expired")]
        assert sandbox.provider.sent == []

    def test_what_is_in_time_is_sent(self, world: World, clock: Clock) -> None:
        sandbox, job = Sandbox(world, clock), job_of(world, BRIEF)
        assert job.asked_at is not None
        clock.moment = job.asked_at + timedelta(seconds=29.9)
        sandbox.deliver(job)
        assert world.outcomes(job.message_id) == [("success", None)]

    @pytest.mark.parametrize(("notification", "seconds"), [(ONCE, 900), ({**ONCE, "expires_in": 60}, 60)])
    def test_a_code_expires_after_a_quarter_of_an_hour_if_it_does_not_say(
        self, world: World, clock: Clock, notification: dict[str, Any], seconds: float
    ) -> None:
        job = job_of(world, notification)
        assert job.asked_at is not None
        assert job.expires_at == job.asked_at + timedelta(seconds=seconds)
        clock.moment = job.expires_at
        Sandbox(world, clock).deliver(job)
        assert world.outcomes(job.message_id) == [("failed", "expired")]

    def test_all_else_never_does(self, world: World, clock: Clock) -> None:
        job = job_of(world)
        clock.forward(14 * 24 * HOUR)
        Sandbox(world, clock).deliver(job)
        assert world.outcomes(job.message_id) == [("success", None)]

    def test_what_expires_while_it_waits_for_its_turn_is_not_sent(self, world: World, clock: Clock) -> None:
        sandbox, job = Sandbox(world, clock), job_of(world, BRIEF)
        sandbox.schedule.book("normal", 40 * 20, clock.now(), clock.now())
        sandbox.deliverer.begin(FULL_BATCH)
        sandbox.deliver(job)
        assert sandbox.provider.sent == []
        assert world.outcomes(job.message_id) == [("failed", "expired")]

    def test_what_expires_while_its_provider_is_closed_is_ended_then(self, world: World, clock: Clock) -> None:
        sandbox, job = Sandbox(world, clock, QUOTA), job_of(world, BRIEF)
        sandbox.deliver(job)
        [(_, seconds)] = sandbox.queue.backs
        assert seconds <= 31
        sandbox.again()
        assert world.outcomes(job.message_id) == [("failed", "expired")]
        assert len(sandbox.provider.sent) == 1

    @pytest.mark.parametrize("status", ["suppressed", "mock"])
    def test_other_reasons_not_to_send_it_come_first(self, world: World, clock: Clock, status: str) -> None:
        job = job_of(world, BRIEF)
        if status == "mock":
            job = job.model_copy(update={"mock": True})
        else:
            world.runtime.suppressions.add(world.team_id, "sam@example.com", "bounce", clock.now())
        clock.forward(31)
        Sandbox(world, clock).deliver(job)
        expected = ("mocked", None) if status == "mock" else ("failed", "suppressed: bounce")
        assert world.outcomes(job.message_id) == [expected]

    def test_it_is_counted_as_failed_and_logged(
        self, world: World, clock: Clock, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
    ) -> None:
        sandbox, job = Sandbox(world, clock), job_of(world, BRIEF)
        clock.forward(31)
        sandbox.deliver(job)
        sandbox.counts.write()
        assert '"DeliveriesFailed":[1.0]' in capsys.readouterr().out
        assert [each.getMessage() for each in caplog.records].count("delivery failed") == 1


class TestReplayed:
    def expired(self, cloud: Cloud, world: World) -> str:
        """Let a delivery expire; return the message's id."""
        world.configure("login", BRIEF)
        message = world.message("login", contact_infos=SAM)
        early = message.model_copy(update={"received_at": message.received_at - timedelta(hours=1)})
        ingest(world.runtime.message_queue, world.environment, [early])
        cloud.pump("message", "email")
        assert world.outcomes(message.message_id) == [("failed", "expired")]
        return message.message_id

    def test_what_expired_and_is_forced_is_sent(self, cloud: Cloud, world: World) -> None:
        message_id = self.expired(cloud, world)
        [delivery] = world.deliveries(message_id)
        world.runtime.replayer.replay(world.environment, message_id, [delivery.id], "r")
        cloud.pump("message", "email")
        assert world.outcomes(message_id) == [("success", None)]

    def test_its_time_counts_from_the_replay(self, cloud: Cloud, world: World) -> None:
        message_id = self.expired(cloud, world)
        [delivery] = world.deliveries(message_id)
        before = world.runtime.clock.now()
        world.runtime.replayer.replay(world.environment, message_id, [delivery.id], "r")
        cloud.pump("message")
        [queued] = cloud.receive("email")
        job = DeliveryJob.model_validate_json(queued["body"])
        assert job.asked_at is not None
        assert before <= job.asked_at <= world.runtime.clock.now()

    def test_a_replay_that_forces_nothing_gives_no_time(self, cloud: Cloud, world: World) -> None:
        job = job_of(world, BRIEF)
        world.runtime.replayer.replay(world.environment, job.message_id, [], "r")
        cloud.pump("message")
        [queued] = cloud.receive("email")
        assert DeliveryJob.model_validate_json(queued["body"]).asked_at == job.asked_at


class TestShown:
    """What the management API says of a pending delivery."""

    def queued(self, world: World) -> str:
        world.configure("login", MAIL)
        message_id = world.ingest("login", contact_infos=SAM)
        world.cloud.pump("message")
        return message_id

    def wait(self, world: World, message_id: str) -> tuple[str, str | None, str | None]:
        [delivery] = world.shown(message_id)["deliveries"]
        return delivery["status"], delivery["reason"], delivery["next_try_at"]

    def test_nobody_has_begun_it(self, world: World) -> None:
        assert self.wait(world, self.queued(world)) == ("pending", "waiting: queued", None)

    def test_its_provider_did_not_take_it(self, cloud: Cloud, world: World) -> None:
        message_id = self.queued(world)
        cloud.fail("sesv2:SendEmail", ("AccessDeniedException", 403))
        cloud.pump("email")
        status, reason, next_try_at = self.wait(world, message_id)
        assert (status, reason) == ("pending", "waiting: provider: AccessDeniedException")
        assert next_try_at is not None
        assert next_try_at > to_iso(world.runtime.clock.now() - timedelta(seconds=2))

    def test_its_provider_takes_nothing_just_now(self, cloud: Cloud, world: World) -> None:
        cloud.fail("sesv2:SendEmail", ("SendingPausedException", 400))
        self.queued(world)
        cloud.pump("email")
        status, reason, next_try_at = self.wait(world, self.queued(world))
        assert (status, reason) == ("pending", "waiting: provider: SendingPausedException")
        assert next_try_at is not None
        assert next_try_at > to_iso(world.runtime.clock.now() + timedelta(seconds=100))

    def test_it_is_final(self, cloud: Cloud, world: World) -> None:
        message_id = self.queued(world)
        cloud.fail("sesv2:SendEmail", ("TooManyRequestsException", 429))
        cloud.pump("email")
        cloud.hand_over("email", [record for _, record in cloud.put_back()])
        [delivery] = world.shown(message_id)["deliveries"]
        assert (delivery["status"], delivery["reason"]) == ("success", None)
        assert "next_try_at" not in delivery


def test_a_job_of_an_earlier_release_expires_by_its_plan(world: World, clock: Clock) -> None:
    job = job_of(world, BRIEF).model_copy(update={"asked_at": None})
    assert job.expires_at == job.planned_at + timedelta(seconds=30)
    clock.moment = job.expires_at
    Sandbox(world, clock).deliver(job)
    assert world.outcomes(job.message_id) == [("failed", "expired")]


def test_a_follow_up_that_fails_is_made_again_and_its_delivery_counted_once(
    world: World, clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    content = Follower()
    sandbox, job = Sandbox(world, clock, content=content), job_of(world)
    with pytest.raises(Unavailable):
        sandbox.deliver(job)
    sandbox.deliver(job)
    sandbox.counts.write()
    assert '"DeliveriesSucceeded":[1.0]' in capsys.readouterr().out
    assert (content.followed_up, len(sandbox.provider.sent)) == (1, 1)


def test_a_late_release_of_a_claim_that_another_run_has_changes_nothing(world: World, clock: Clock) -> None:
    store, job, now = world.runtime.deliveries, job_of(world), clock.now()
    store.claim(job, "first", now, now + timedelta(seconds=60))
    later = now + timedelta(seconds=61)
    store.claim(job, "second", later, later + timedelta(seconds=60))
    store.record(job.scope, job.delivery_id, "first", Outcome("pending", "waiting: provider rate"), later)
    item = stored(world, job)
    assert (item["claim"], item["attempts"], item.get("reason")) == ("second", 2, None)
