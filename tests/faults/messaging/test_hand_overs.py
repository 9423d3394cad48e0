"""SQS hands things over twice, at the same time, in any order; functions die half way. One delivery, one send."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nereid.core.messaging import deliver
from nereid.core.messaging.deliver import Deliverer
from nereid.core.messaging.template_content import TemplateContent
from nereid.errors import OutcomeUnknown, TryAgain, Unavailable
from nereid.models.delivery import DeliveryJob, Rendered
from nereid.models.message import EventBatch
from nereid.ports.messaging import Outcome
from tests.support import cloud as clouds
from tests.support.cloud import Cloud, World
from tests.support.notifications import INBOX, MAIL, PHONE, SAM, TEXT
from tests.support.virtual_time import VirtualTime

#: Other tests show that the same stores work over moto.
IN_MEMORY = True
ONCE = {**MAIL, "retry": "at_most_once"}


class Clock:
    """A clock that a test sets."""

    def __init__(self, world: World) -> None:
        self.moment = world.runtime.clock.now()

    def now(self) -> Any:
        return self.moment

    def forward(self, seconds: float) -> None:
        self.moment += timedelta(seconds=seconds)


class Died(BaseException):
    """The function was stopped at this point."""


class Provider:
    """A channel that does as its script says: an exception, or a provider's id. Keeps what it was handed."""

    def __init__(self, *script: Any) -> None:
        self.script = list(script)
        self.sent: list[tuple[DeliveryJob, Rendered]] = []

    def has_provider(self, job: DeliveryJob) -> bool:
        return getattr(job.channels, job.notification.channel) is not None

    def is_paced(self, job: DeliveryJob) -> bool:
        return self.has_provider(job)

    def senders(self, _job: DeliveryJob, rendered: Rendered) -> list[str]:
        return [str(rendered.members.get("from") or "hello@example.com")]

    def send(self, job: DeliveryJob, rendered: Rendered, check_time: Callable[[], None]) -> str | None:
        check_time()
        self.sent.append((job, rendered))
        answer = self.script.pop(0) if self.script else f"id-{len(self.sent)}"
        if isinstance(answer, BaseException):
            raise answer
        return str(answer)


def job_of(world: World, notification: dict[str, Any] = MAIL, **members: Any) -> DeliveryJob:
    """Ingest an event, process it, and return the job that it leads to, which is taken off its queue."""
    world.configure("login", notification)
    world.ingest("login", **{"data": {"otp": 1}, "contact_infos": SAM, **members})
    world.cloud.pump("message")
    [record] = world.cloud.receive("email")
    return DeliveryJob.model_validate_json(record["body"])


def deliverer(world: World, provider: Provider, clock: Clock, **changes: Any) -> Deliverer:
    runtime = world.runtime
    parts: dict[str, Any] = {"deliveries": runtime.deliveries, "messages": runtime.messages, **changes}
    return Deliverer(
        provider,
        TemplateContent(runtime.unsubscriber.url),
        parts["deliveries"],
        parts["messages"],
        clock,
        parts.get("suppressions", runtime.suppressions),
    )


def test_a_message_that_is_handed_over_twice_is_stored_once_and_sent_once(cloud: Cloud, world: World) -> None:
    world.configure("login", MAIL, TEXT, INBOX)
    world.user("u", ("mobile_number", "+15550001"))
    message_id = world.ingest("login", user_id="u", data={"otp": 1}, contact_infos=SAM)
    records = cloud.receive("message")
    assert cloud.hand_over("message", [*records, *records]) == []
    cloud.pump()
    cloud.hand_over("message", records)
    cloud.pump()
    assert world.outcomes(message_id) == [("success", None)] * 3
    assert len(cloud.sent("sesv2:SendEmail")) == 1
    assert len(cloud.sent("sns:Publish")) == 1
    [notification] = world.runtime.inbox.page(world.scope, "u", "all", 1, 10, oldest_first=False)[0]
    assert notification.body == "1"


def test_a_job_that_is_handed_over_twice_is_sent_once(cloud: Cloud, world: World) -> None:
    world.configure("login", MAIL)
    message_id = world.ingest("login", contact_infos=SAM)
    cloud.pump("message")
    records = cloud.receive("email")
    assert cloud.hand_over("email", [*records, *records]) == []
    assert cloud.hand_over("email", records) == []
    assert world.outcomes(message_id) == [("success", None)]
    assert len(cloud.sent("sesv2:SendEmail")) == 1


def test_the_first_content_stands(cloud: Cloud, world: World) -> None:
    world.configure("login", MAIL)
    for otp in (1, 2):
        world.ingest("login", "m", data={"otp": otp}, contact_infos=SAM)
    cloud.pump()
    [mail] = cloud.sent("sesv2:SendEmail")
    assert mail["Content"]["Simple"]["Subject"]["Data"] == "Code 1"
    shown = world.runtime.messages.get(world.scope, "m")
    assert shown is not None
    assert shown[0].data == {"otp": 1}


def test_a_plan_stands_though_the_configuration_changed_since(cloud: Cloud, world: World) -> None:
    world.configure("login", MAIL)
    message_id = world.ingest("login", contact_infos=SAM)
    records = cloud.receive("message")
    cloud.hand_over("message", records)
    world.configure("login", MAIL, {**MAIL, "name": "more"})
    cloud.hand_over("message", records)
    cloud.pump()
    assert [each.notification for each in world.deliveries(message_id)] == ["mail"]
    assert len(cloud.sent("sesv2:SendEmail")) == 1


@pytest.mark.parametrize("retry", ["at_most_once", "at_least_once"])
def test_no_hand_over_begins_that_the_function_could_not_finish(world: World, retry: str) -> None:
    clock, job, provider = Clock(world), job_of(world, {**MAIL, "retry": retry}), Provider()
    with pytest.raises(TryAgain, match="no time was left"):
        deliverer(world, provider, clock).deliver(job, lambda: deliver.HAND_OVER_SECONDS - 0.1)
    assert provider.sent == []
    # Its claim was given back, so another run has it at once, whatever the notification's choice.
    deliverer(world, provider, clock).deliver(job, lambda: deliver.HAND_OVER_SECONDS)
    assert len(provider.sent) == 1


def test_the_time_is_looked_at_after_all_that_comes_before_the_hand_over(world: World) -> None:
    clock, job, provider = Clock(world), job_of(world), Provider()
    left = [30.0]

    class Slow:
        def get(self, *_: Any) -> None:
            left[0] -= 16  # a store that takes its time

    with pytest.raises(TryAgain, match="no time was left"):
        deliverer(world, provider, clock, suppressions=Slow()).deliver(job, lambda: left[0])
    assert provider.sent == []


def test_a_run_that_stood_still_while_its_channel_read_a_store_hands_nothing_over(world: World) -> None:
    clock, job = Clock(world), job_of(world)

    class Reading(Provider):
        def send(self, job: DeliveryJob, rendered: Rendered, check_time: Callable[[], None]) -> str | None:
            clock.forward(deliver.CLAIM_SECONDS + 1)
            return super().send(job, rendered, check_time)

    late, next_one = Reading(), Provider()
    with pytest.raises(TryAgain, match="the claim has nearly lapsed"):
        deliverer(world, late, clock).deliver(job)
    assert late.sent == []
    deliverer(world, next_one, clock).deliver(job)
    assert len(next_one.sent) == 1


def test_a_job_whose_message_is_not_found_waits_and_is_sent_when_it_is(world: World) -> None:
    clock, job, provider = Clock(world), job_of(world).model_copy(update={"message": None}), Provider()

    class Stale:
        def get(self, *_: Any) -> None:
            return None  # a read that misses the latest write

    with pytest.raises(TryAgain, match="the message is not there"):
        deliverer(world, provider, clock, messages=Stale()).deliver(job)
    assert provider.sent == []
    deliverer(world, provider, clock).deliver(job)
    assert len(provider.sent) == 1


def test_a_job_is_held_while_another_run_has_it(world: World) -> None:
    clock, job = Clock(world), job_of(world)
    provider = Provider()

    class Slow(Provider):
        def send(self, job: DeliveryJob, rendered: Rendered, check_time: Callable[[], None]) -> str | None:
            with pytest.raises(TryAgain) as again:
                deliverer(world, provider, clock).deliver(job)
            assert 1 <= again.value.seconds <= deliver.CLAIM_SECONDS + 1
            return super().send(job, rendered, check_time)

    slow = Slow()
    deliverer(world, slow, clock).deliver(job)
    assert (len(slow.sent), len(provider.sent)) == (1, 0)
    assert world.outcomes(job.message_id) == [("success", None)]


@pytest.mark.parametrize("after_the_send", [False, True])
def test_what_died_before_its_record_is_repeated_once_the_claim_has_lapsed(
    world: World, *, after_the_send: bool
) -> None:
    clock, job = Clock(world), job_of(world)
    dying = Provider(*([] if after_the_send else [Died()]))
    records = [Died()] if after_the_send else []
    with pytest.raises(Died):
        deliverer(world, dying, clock, deliveries=FailingRecords(world, *records)).deliver(job)
    provider = Provider("again")
    with pytest.raises(TryAgain):
        deliverer(world, provider, clock).deliver(job)
    assert provider.sent == []
    assert world.outcomes(job.message_id) == [("pending", None)]
    clock.forward(deliver.CLAIM_SECONDS + 1)
    deliverer(world, provider, clock).deliver(job)
    assert len(provider.sent) == 1
    [delivery] = world.deliveries(job.message_id)
    assert (delivery.status, delivery.provider_message_id) == ("success", "again")


@pytest.mark.parametrize("after_the_send", [False, True])
def test_what_must_not_be_repeated_ends_as_unknown_instead(world: World, *, after_the_send: bool) -> None:
    clock, job = Clock(world), job_of(world, ONCE)
    records = [Died()] if after_the_send else []
    dying = Provider(*([] if after_the_send else [Died()]))
    with pytest.raises(Died):
        deliverer(world, dying, clock, deliveries=FailingRecords(world, *records)).deliver(job)
    provider = Provider()
    clock.forward(deliver.CLAIM_SECONDS + 1)
    deliverer(world, provider, clock).deliver(job)
    assert provider.sent == []
    assert world.outcomes(job.message_id) == [("failed", "provider: unknown outcome")]


def test_what_nobody_knows_is_handed_over_five_times_and_no_more(world: World) -> None:
    clock, job = Clock(world), job_of(world)
    provider = Provider(*[OutcomeUnknown()] * 6)
    for _ in range(4):
        with pytest.raises(TryAgain):
            deliverer(world, provider, clock).deliver(job)
        assert world.outcomes(job.message_id) == [("pending", None)]
        clock.forward(deliver.CLAIM_SECONDS + 1)
    deliverer(world, provider, clock).deliver(job)
    assert len(provider.sent) == 5
    assert world.outcomes(job.message_id) == [("failed", "provider: unknown outcome")]


def test_a_mail_that_is_done_costs_one_call_when_it_is_handed_over_again(cloud: Cloud, world: World) -> None:
    world.configure("login", MAIL)
    world.ingest("login", contact_infos=SAM)
    cloud.pump("message")
    records = cloud.receive("email")
    assert cloud.hand_over("email", records) == []
    cloud.calls.clear()
    assert cloud.hand_over("email", records) == []
    assert dict(cloud.calls) == {"dynamodb:UpdateItem": 1}


class FailingRecords:
    """The real store of deliveries, whose `record` fails as a script says."""

    def __init__(self, world: World, *script: BaseException) -> None:
        self._real = world.runtime.deliveries
        self._script = list(script)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    def record(self, *arguments: Any) -> None:
        if self._script:
            raise self._script.pop(0)
        self._real.record(*arguments)


class Failing:
    """A store each of whose calls fails."""

    def __getattr__(self, name: str) -> Any:
        def fail(*_arguments: Any, **_named: Any) -> Any:
            raise Unavailable("throttled")

        return fail


@pytest.mark.parametrize("notification", [MAIL, ONCE], ids=["at_least_once", "at_most_once"])
def test_a_store_that_fails_before_the_send_gives_the_claim_back(world: World, notification: dict[str, Any]) -> None:
    clock, job = Clock(world), job_of(world, notification)
    provider = Provider()
    with pytest.raises(Unavailable):
        deliverer(world, provider, clock, suppressions=Failing()).deliver(job)
    assert world.outcomes(job.message_id) == [("pending", None)]
    deliverer(world, provider, clock).deliver(job)
    assert len(provider.sent) == 1
    assert world.outcomes(job.message_id) == [("success", None)]


class Slow:
    """The real store of suppressions, at which a run stands still, and meanwhile something else happens."""

    def __init__(self, world: World, clock: Clock, seconds: float, meanwhile: Callable[[], None]) -> None:
        self._real = world.runtime.suppressions
        self._clock = clock
        self._seconds = seconds
        self._meanwhile = meanwhile

    def get(self, *arguments: Any) -> Any:
        found = self._real.get(*arguments)
        self._clock.forward(self._seconds)
        self._meanwhile()
        return found


def test_a_run_that_stood_still_until_another_had_its_claim_hands_nothing_over(world: World) -> None:
    clock, job = Clock(world), job_of(world)
    provider = Provider("of the other")

    def meanwhile() -> None:
        deliverer(world, provider, clock).deliver(job)

    slow = Slow(world, clock, deliver.CLAIM_SECONDS + 1, meanwhile)
    with pytest.raises(TryAgain):
        deliverer(world, provider, clock, suppressions=slow).deliver(job)
    assert len(provider.sent) == 1
    [delivery] = world.deliveries(job.message_id)
    assert (delivery.status, delivery.provider_message_id) == ("success", "of the other")


@pytest.mark.parametrize("notification", [MAIL, ONCE], ids=["at_least_once", "at_most_once"])
def test_a_run_whose_claim_has_nearly_lapsed_gives_it_back(world: World, notification: dict[str, Any]) -> None:
    clock, job = Clock(world), job_of(world, notification)
    provider = Provider()
    slow = Slow(world, clock, deliver.CLAIM_SECONDS - deliver.HAND_OVER_SECONDS + 1, lambda: None)
    with pytest.raises(TryAgain):
        deliverer(world, provider, clock, suppressions=slow).deliver(job)
    assert provider.sent == []
    deliverer(world, provider, clock).deliver(job)
    assert len(provider.sent) == 1
    assert world.outcomes(job.message_id) == [("success", None)]


def test_a_record_that_fails_after_the_send_is_made_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    clock, job, pauses = Clock(world), job_of(world, ONCE), VirtualTime(monkeypatch).pauses
    failing = FailingRecords(world, *[Unavailable("throttled")] * 6)
    provider = Provider()
    deliverer(world, provider, clock, deliveries=failing).deliver(job)
    assert world.outcomes(job.message_id) == [("success", None)]
    assert (len(provider.sent), len(pauses)) == (1, 6)
    assert 4 < sum(pauses) < 10


def test_a_record_is_made_again_only_while_there_is_time_for_it(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    clock, job, pauses = Clock(world), job_of(world), VirtualTime(monkeypatch).pauses
    failing, left = FailingRecords(world, *[Unavailable("throttled")] * 3), [30.0, 30.0, 9.0, 7.9]
    with pytest.raises(Unavailable):
        deliverer(world, Provider(), clock, deliveries=failing).deliver(job, lambda: left.pop(0))
    assert len(pauses) == 2


def test_a_record_is_made_again_only_while_its_claim_lasts(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    clock, job, pauses = Clock(world), job_of(world), VirtualTime(monkeypatch).pauses

    class Slow(Provider):
        def send(self, job: DeliveryJob, rendered: Rendered, check_time: Callable[[], None]) -> str | None:
            answer = super().send(job, rendered, check_time)
            clock.forward(deliver.CLAIM_SECONDS - 7)
            return answer

    failing = FailingRecords(world, Unavailable("throttled"))
    with pytest.raises(Unavailable):
        deliverer(world, Slow(), clock, deliveries=failing).deliver(job)
    assert pauses == []


def test_a_record_that_keeps_failing_after_the_send_keeps_the_claim(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, job = Clock(world), job_of(world, ONCE)
    VirtualTime(monkeypatch)
    provider = Provider()
    failing = FailingRecords(world, *[Unavailable("throttled")] * 7)
    with pytest.raises(Unavailable):
        deliverer(world, provider, clock, deliveries=failing).deliver(job)
    with pytest.raises(TryAgain):
        deliverer(world, provider, clock).deliver(job)
    assert len(provider.sent) == 1


def test_a_claim_whose_answer_was_lost_is_made_again_with_the_same_token(world: World) -> None:
    job = job_of(world)
    now = world.runtime.clock.now()
    until = now + timedelta(seconds=60)
    store = world.runtime.deliveries
    assert store.claim(job, "token", now, until).state == "mine"
    assert store.claim(job, "token", now, until).state == "mine"
    assert store.claim(job, "other", now, until).state == "held"


def test_what_was_accepted_under_a_lapsed_claim_is_sent_to_nobody_again(world: World) -> None:
    job = job_of(world)
    now = world.runtime.clock.now()
    store = world.runtime.deliveries
    store.claim(job, "first", now, now + timedelta(seconds=60))
    later = now + timedelta(seconds=61)
    assert store.claim(job, "second", later, later + timedelta(seconds=60)).state == "mine"
    store.record(job.scope, job.delivery_id, "first", Outcome("success", None, "id"), later)
    assert store.claim(job, "third", later, later + timedelta(seconds=60)).state == "done"
    store.record(job.scope, job.delivery_id, "second", Outcome("failed", "provider: X"), later)
    [delivery] = world.deliveries(job.message_id)
    assert (delivery.status, delivery.reason, delivery.provider_message_id) == ("success", None, "id")


def test_a_late_record_of_a_lapsed_claim_changes_nothing(world: World) -> None:
    job = job_of(world)
    now = world.runtime.clock.now()
    store = world.runtime.deliveries
    store.claim(job, "first", now, now + timedelta(seconds=60))
    later = now + timedelta(seconds=61)
    assert store.claim(job, "second", later, later + timedelta(seconds=60)).state == "mine"
    store.record(job.scope, job.delivery_id, "first", Outcome("failed", "provider: X"), later)
    store.record(job.scope, job.delivery_id, "second", Outcome("success", None, "id"), later)
    [delivery] = world.deliveries(job.message_id)
    assert (delivery.status, delivery.reason, delivery.provider_message_id) == ("success", None, "id")


def test_what_the_provider_reported_on_is_never_sent_again(world: World) -> None:
    clock, job = Clock(world), job_of(world)
    failing = FailingRecords(world, Died())
    with pytest.raises(Died):
        deliverer(world, Provider(), clock, deliveries=failing).deliver(job)
    world.runtime.deliveries.report(job.scope, job.delivery_id, {"type": "delivery", "at": "2026-01-31T09:30:00.000Z"})
    assert world.outcomes(job.message_id) == [("success", None)]
    clock.forward(deliver.CLAIM_SECONDS + 1)
    provider = Provider()
    deliverer(world, provider, clock).deliver(job)
    assert provider.sent == []


def test_a_report_that_comes_before_our_record_is_kept(world: World) -> None:
    clock, job = Clock(world), job_of(world)

    class Fast(Provider):
        def send(self, job: DeliveryJob, rendered: Rendered, check_time: Callable[[], None]) -> str | None:
            store = world.runtime.deliveries
            store.report(job.scope, job.delivery_id, {"type": "bounce", "at": "2026-01-31T09:30:00.000Z"})
            return super().send(job, rendered, check_time)

    deliverer(world, Fast("id"), clock).deliver(job)
    [delivery] = world.deliveries(job.message_id)
    assert (delivery.status, delivery.reason, delivery.provider_message_id) == ("failed", "bounced", "id")


def test_a_mail_whose_suppression_came_while_it_was_queued_is_not_sent(cloud: Cloud, world: World) -> None:
    job = job_of(world)
    world.runtime.suppressions.add(world.team_id, "SAM@example.com", "complaint", world.runtime.clock.now())
    provider = Provider()
    deliverer(world, provider, Clock(world)).deliver(job)
    assert provider.sent == []
    assert world.outcomes(job.message_id) == [("failed", "suppressed: complaint")]


def test_a_mail_whose_recipient_unsubscribed_while_it_was_queued_is_not_sent(cloud: Cloud, world: World) -> None:
    subscription = {**MAIL, "template": {"subject": "s", "text": "{{ unsubscribe_url }}"}}
    world.configure("news", subscription)
    first = world.ingest("news", contact_infos=SAM)
    cloud.pump()
    [mail] = cloud.sent("sesv2:SendEmail")
    second = world.ingest("news", contact_infos=SAM)
    cloud.pump("message")
    token = mail["Content"]["Simple"]["Body"]["Text"]["Data"].rpartition("/")[2]
    http = {"method": "POST", "sourceIp": "192.0.2.1"}
    request = {"rawPath": f"/u/{token}", "pathParameters": {"token": token}, "requestContext": {"http": http}}
    assert cloud.invoke("public/unsubscribe", request)["statusCode"] == 200
    cloud.pump("email")
    assert [world.outcomes(each) for each in (first, second)] == [
        [("success", None)],
        [("failed", "suppressed: unsubscribe")],
    ]


STEPS = st.lists(
    st.tuples(st.sampled_from(["message", "email", "sms", "push"]), st.integers(0, 40), st.booleans()), max_size=10
)


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(steps=STEPS)
@pytest.mark.slow
def test_any_interleaving_of_hand_overs_ends_with_one_send_per_delivery(
    cloud: Cloud, steps: list[tuple[str, int, bool]]
) -> None:
    cloud.forget()
    world = World(cloud)
    world.configure("login", MAIL, TEXT, PHONE, {**INBOX})
    world.user("u", ("mobile_number", "+15550001"), ("firebase_token", f"token-{world.team_id}"))
    for otp in (1, 2):  # the same message twice, with other content
        world.ingest("login", "m", user_id="u", data={"otp": otp}, contact_infos=SAM)
    known: dict[str, list[dict[str, Any]]] = {queue: [] for queue in clouds.QUEUES}

    def collect() -> None:
        for queue in known:
            known[queue] += cloud.receive(queue)

    collect()
    first = None
    for queue, number, twice in steps:
        if known[queue]:
            record = known[queue][number % len(known[queue])]
            if queue == "message" and first is None:
                first = EventBatch.model_validate_json(record["body"]).messages[0].data["otp"]
            cloud.hand_over(queue, [record] * (2 if twice else 1))
            collect()
    for record in known["message"]:  # in the end, each is handed over at least once
        if first is None:
            first = EventBatch.model_validate_json(record["body"]).messages[0].data["otp"]
        cloud.hand_over("message", [record])
    collect()
    for queue in ("email", "sms", "push"):
        cloud.hand_over(queue, known[queue])
    assert world.outcomes("m") == [("success", None)] * 4
    [mail] = cloud.sent("sesv2:SendEmail")
    assert mail["Content"]["Simple"]["Subject"]["Data"] == f"Code {first}"
    assert cloud.calls["sns:Publish"] == 2
    assert world.runtime.inbox.page(world.scope, "u", "all", 1, 10, oldest_first=False)[1] == 1
