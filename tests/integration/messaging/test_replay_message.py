"""A stored message taken up again: by an administrator, and what becomes of its deliveries then."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from nereid.core.messaging.deliver import Deliverer
from nereid.core.messaging.process_message import REMOVED
from nereid.core.messaging.template_content import TemplateContent
from nereid.models.delivery import Delivery, DeliveryJob, Planned, Rendered, Replayed
from nereid.ports.messaging import Outcome
from tests.support.cloud import Cloud, World
from tests.support.notifications import INBOX, MAIL, PHONE, SAM, TEXT

#: Other tests show that the same stores work over moto.
IN_MEMORY = True

SEND = "sesv2:SendEmail"
KIM = [{"type": "email", "value": "kim@example.com"}]
AT = "2026-01-31T09:30:00.000Z"


def replay(world: World, message_id: str, *force: str, replay_id: str = "r") -> list[Replayed]:
    """Replay a message as the endpoint does."""
    return world.runtime.replayer.replay(world.environment, message_id, force, replay_id)


def effects(replayed: list[Replayed]) -> list[str]:
    return [each.effect for each in replayed]


def lost(world: World, *notifications: dict[str, Any], **members: Any) -> str:
    """Process an event whose jobs are lost on their way; return the message's id."""
    world.configure("login", *(notifications or (MAIL,)))
    message_id = world.ingest("login", **{"contact_infos": SAM, **members})
    world.cloud.pump("message")
    for queue in ("email", "sms", "push"):
        world.cloud.receive(queue)
    return message_id


def delivered(world: World, *notifications: dict[str, Any], **members: Any) -> str:
    """Process an event to its end; return the message's id."""
    world.configure("login", *(notifications or (MAIL,)))
    message_id = world.ingest("login", **{"contact_infos": SAM, **members})
    world.cloud.pump()
    return message_id


def only(world: World, message_id: str) -> Delivery:
    [delivery] = world.deliveries(message_id)
    return delivery


def plan_of(world: World, message_id: str) -> tuple[Planned, datetime]:
    """Return the only delivery of a message as planned, and when it was."""
    plan = world.runtime.messages.plans(world.scope, [message_id])[message_id]
    [planned] = plan.deliveries(world.scope, message_id)
    return planned, plan.planned_at


class TestReplay:
    """Without force."""

    def test_what_is_pending_is_queued_and_sent(self, cloud: Cloud, world: World) -> None:
        message_id = lost(world)
        assert effects(replay(world, message_id)) == ["queued"]
        assert cloud.calls[SEND] == 0
        cloud.pump()
        assert world.outcomes(message_id) == [("success", None)]
        assert cloud.calls[SEND] == 1

    def test_what_is_final_is_left_alone(self, cloud: Cloud, world: World) -> None:
        message_id = delivered(world)
        cloud.calls.clear()
        assert effects(replay(world, message_id)) == ["final"]
        assert not [name for name in cloud.calls if name.startswith("sqs:")]
        cloud.pump()
        assert cloud.calls[SEND] == 0

    def test_only_what_is_open_is_queued(self, cloud: Cloud, world: World) -> None:
        world.configure("login", MAIL)
        message_id = world.ingest("login", contact_infos=[*SAM, *KIM])
        cloud.pump("message")
        records = cloud.receive("email")
        cloud.hand_over("email", records[:1])
        assert sorted(effects(replay(world, message_id))) == ["final", "queued"]
        cloud.calls.clear()
        cloud.pump("message")
        assert (cloud.calls["sqs:SendMessage"], cloud.calls["sqs:SendMessageBatch"]) == (1, 0)
        cloud.pump()
        assert world.outcomes(message_id) == [("success", None)] * 2
        assert sorted(mail["Destination"]["ToAddresses"][0] for mail in cloud.sent(SEND)) == [
            "kim@example.com",
            "sam@example.com",
        ]

    def test_a_message_that_was_never_fanned_out_is_made_good(self, cloud: Cloud, world: World) -> None:
        world.configure("login", MAIL, TEXT, PHONE, INBOX)
        world.user("u")
        contacts = [
            *SAM,
            {"type": "mobile_number", "value": "+15550001"},
            {"type": "firebase_token", "value": f"token-{world.team_id}"},
        ]
        message_id = world.ingest("login", user_id="u", contact_infos=contacts)
        for name in ("sqs:SendMessage", "sqs:SendMessageBatch"):
            cloud.fail(name, ("ServiceUnavailable", 503))
        cloud.pump("message")
        # An inbox needs no queue.
        assert world.outcomes(message_id) == [("pending", None)] * 3 + [("success", None)]
        cloud.faults.clear()
        assert effects(replay(world, message_id)) == ["queued"] * 3 + ["final"]
        cloud.pump()
        assert world.outcomes(message_id) == [("success", None)] * 4

    def test_the_template_of_today_is_taken_and_the_content_of_then(self, cloud: Cloud, world: World) -> None:
        message_id = lost(world, data={"otp": 1})
        world.configure("login", {**MAIL, "template": {"subject": "Now {{ otp }}", "text": "t"}})
        replay(world, message_id)
        cloud.pump()
        [mail] = cloud.sent(SEND)
        assert mail["Content"]["Simple"]["Subject"]["Data"] == "Now 1"

    def test_nobody_new_is_reached(self, cloud: Cloud, world: World) -> None:
        world.user("u", ("email", "sam@example.com"))
        message_id = lost(world, user_id="u", contact_infos=[])
        world.runtime.users.load(world.scope, "u")
        world.configure("login", MAIL, {**MAIL, "name": "more"})
        assert effects(replay(world, message_id)) == ["queued"]
        cloud.pump()
        assert [each.notification for each in world.deliveries(message_id)] == ["mail"]

    def test_nobody_to_reach_stays_so(self, world: World) -> None:
        message_id = delivered(world, contact_infos=[])
        assert effects(replay(world, message_id)) == ["final"]
        assert world.outcomes(message_id) == [("no_contact", "no email contact")]

    def test_the_sweeper_looks_after_it(self, world: World) -> None:
        message_id = lost(world)
        replay(world, message_id)
        [watch] = list(world.runtime.sweep_state.read(world.scope)[1])
        assert watch.message_id == message_id
        assert watch.due > world.runtime.clock.now()

    def test_a_replay_of_what_is_not_kept_any_more_does_nothing(self, cloud: Cloud, world: World) -> None:
        message_id = lost(world)
        replay(world, message_id)
        world.runtime.messages._table.delete(f"{world.team_id}#dev#message#{message_id}", "message")
        assert cloud.pump() == []
        assert cloud.calls[SEND] == 0

    def test_of_several_replays_in_one_record_one_that_fails_keeps_no_other_back(
        self, cloud: Cloud, world: World
    ) -> None:
        first, second = lost(world), lost(world)
        replays = [{"id": name, "message_id": name} for name in (first, second)]
        body = json.dumps({"team_id": world.team_id, "environment": "dev", "replays": replays})
        cloud.client("sqs").send_message(QueueUrl=cloud.queues["message"], MessageBody=body)
        records = cloud.receive("message")
        cloud.fail("dynamodb:BatchGetItem", ("ThrottlingException", 400))
        assert cloud.hand_over("message", records) == [records[0]["messageId"]]
        cloud.pump("email")
        assert [world.outcomes(name) for name in (first, second)] == [[("pending", None)], [("success", None)]]
        assert cloud.hand_over("message", records) == []
        cloud.pump("email")
        assert world.outcomes(first) == [("success", None)]
        assert cloud.calls[SEND] == 2


class TestRemoved:
    """A notification that was removed or changed its channel since the plan, which processing learns at once here."""

    @pytest.fixture(autouse=True)
    def uncached(self, cloud: Cloud) -> Iterator[None]:
        cloud.parameters["EventTypeCacheSeconds"] = "0"
        yield
        del cloud.parameters["EventTypeCacheSeconds"]

    @pytest.fixture(params=["removed", "changed", "no event type"])
    def change(self, request: pytest.FixtureRequest, world: World) -> Any:
        def make() -> None:
            match request.param:
                case "removed":
                    world.configure("login", TEXT)
                case "changed":
                    world.configure("login", {**TEXT, "name": "mail"})
                case _:
                    world.runtime.event_types.delete(world.scope, "login")

        return make

    def test_it_fails_when_the_message_is_replayed(self, cloud: Cloud, world: World, change: Any) -> None:
        message_id = lost(world)
        change()
        assert effects(replay(world, message_id)) == ["removed"]
        cloud.pump()
        assert world.outcomes(message_id) == [("failed", REMOVED)]
        assert effects(replay(world, message_id)) == ["final"]
        assert cloud.calls[SEND] == 0

    def test_it_fails_when_the_message_is_handed_over_again(self, cloud: Cloud, world: World, change: Any) -> None:
        world.configure("login", MAIL)
        message_id = world.ingest("login", contact_infos=SAM)
        records = cloud.receive("message")
        cloud.fail("sqs:SendMessage", ("ServiceUnavailable", 503))
        assert len(cloud.hand_over("message", records)) == 1
        change()
        assert cloud.hand_over("message", records) == []
        assert world.outcomes(message_id) == [("failed", REMOVED)]

    def test_a_job_that_waits_since_before_is_not_sent(self, cloud: Cloud, world: World, change: Any) -> None:
        world.configure("login", MAIL)
        message_id = world.ingest("login", contact_infos=SAM)
        records = cloud.receive("message")
        cloud.hand_over("message", records)
        change()
        cloud.hand_over("message", records)
        cloud.pump()
        assert world.outcomes(message_id) == [("failed", REMOVED)]
        assert cloud.calls[SEND] == 0

    def test_what_was_sent_before_stays_sent(self, cloud: Cloud, world: World, change: Any) -> None:
        message_id = delivered(world)
        change()
        delivery = only(world, message_id)
        assert effects(replay(world, message_id)) == ["final"]
        assert effects(replay(world, message_id, delivery.id)) == ["removed"]
        cloud.pump()
        assert world.outcomes(message_id) == [("success", None)]
        assert cloud.calls[SEND] == 1

    def test_what_a_run_has_in_hand_is_left_to_it(self, cloud: Cloud, world: World, change: Any) -> None:
        world.configure("login", MAIL)
        message_id = world.ingest("login", contact_infos=SAM)
        cloud.pump("message")
        [record] = cloud.receive("email")
        job = DeliveryJob.model_validate_json(record["body"])

        class Slow:
            def has_provider(self, _job: DeliveryJob) -> bool:
                return True

            def is_paced(self, _job: DeliveryJob) -> bool:
                return False

            def senders(self, _job: DeliveryJob, _rendered: Rendered) -> list[str]:
                return []

            def send(self, *_: Any) -> str:
                change()
                replay(world, message_id)
                assert cloud.pump("message") == []
                return "sent"

        runtime = world.runtime
        Deliverer(Slow(), TemplateContent(), runtime.deliveries, runtime.messages, runtime.clock).deliver(job)
        assert world.outcomes(message_id) == [("success", None)]

    def test_what_a_dead_run_may_have_sent_is_said_to_be_unknown(self, cloud: Cloud, world: World, change: Any) -> None:
        message_id = lost(world)
        claimed_and_lapsed(world, message_id)
        change()
        replay(world, message_id)
        cloud.pump()
        assert world.outcomes(message_id) == [("failed", "provider: unknown outcome")]


def claimed_and_lapsed(world: World, message_id: str) -> None:
    """Let a run claim the only delivery of a message, long ago, and say no more."""
    job = world.job_anew(message_id)
    long_ago = job.planned_at.replace(year=job.planned_at.year - 1)
    assert world.runtime.deliveries.claim(job, "dead", long_ago, long_ago).state == "mine"


class TestForce:
    """Deliveries that are sent again though they are final."""

    def test_it_is_sent_again_once(self, cloud: Cloud, world: World) -> None:
        message_id = delivered(world)
        before = only(world, message_id)
        assert effects(replay(world, message_id, before.id)) == ["queued"]
        cloud.pump()
        after = only(world, message_id)
        assert cloud.calls[SEND] == 2
        assert (after.status, after.provider_message_id != before.provider_message_id) == ("success", True)

    def test_how_it_ended_before_is_kept(self, cloud: Cloud, world: World) -> None:
        message_id = delivered(world)
        ids = [only(world, message_id).provider_message_id]
        for number in range(2):
            replay(world, message_id, only(world, message_id).id, replay_id=f"r{number}")
            cloud.pump()
            ids.append(only(world, message_id).provider_message_id)
        earlier = only(world, message_id).earlier
        assert earlier is not None
        assert [(each["status"], each["reason"], each["provider_message_id"]) for each in earlier] == [
            ("success", None, ids[0]),
            ("success", None, ids[1]),
        ]

    def test_no_other_delivery_is_sent_again(self, cloud: Cloud, world: World) -> None:
        message_id = delivered(world, contact_infos=[*SAM, *KIM])
        first, _ = world.deliveries(message_id)
        assert effects(replay(world, message_id, first.id)) == ["queued", "final"]
        cloud.pump()
        assert cloud.calls[SEND] == 3
        assert cloud.sent(SEND)[-1]["Destination"]["ToAddresses"] == [first.to]

    @pytest.mark.parametrize("repetitions", [2, 5])
    def test_a_replay_that_is_handed_over_again_sends_once(self, cloud: Cloud, world: World, repetitions: int) -> None:
        message_id = delivered(world)
        replay(world, message_id, only(world, message_id).id)
        records = cloud.receive("message")
        for _ in range(repetitions):
            assert cloud.hand_over("message", records) == []
            cloud.pump()
        jobs = cloud.receive("email")
        cloud.hand_over("email", jobs)
        assert cloud.calls[SEND] == 2

    def test_two_replays_with_the_same_name_are_one(self, cloud: Cloud, world: World) -> None:
        message_id = delivered(world)
        delivery = only(world, message_id)
        for _ in range(2):
            replay(world, message_id, delivery.id, replay_id="mine")
            cloud.pump()
        assert cloud.calls[SEND] == 2

    def test_two_replays_with_different_names_are_two_and_their_repetitions_none(
        self, cloud: Cloud, world: World
    ) -> None:
        message_id = delivered(world)
        delivery = only(world, message_id)
        records = []
        for name in ("one", "two"):
            replay(world, message_id, delivery.id, replay_id=name)
            [record] = cloud.receive("message")
            records.append(record)
            cloud.hand_over("message", [record])
            cloud.pump("email")
        for record in records:
            cloud.hand_over("message", [record])
            cloud.pump("email")
        assert cloud.calls[SEND] == 3

    def test_a_job_from_before_does_not_send_it_a_third_time(self, cloud: Cloud, world: World) -> None:
        world.configure("login", MAIL)
        message_id = world.ingest("login", contact_infos=SAM)
        cloud.pump("message")
        jobs = cloud.receive("email")
        cloud.hand_over("email", jobs)
        replay(world, message_id, only(world, message_id).id)
        cloud.pump("message")
        cloud.hand_over("email", jobs)
        cloud.pump("email")
        cloud.hand_over("email", jobs)
        assert cloud.calls[SEND] == 2
        assert world.outcomes(message_id) == [("success", None)]

    def test_what_is_not_final_yet_is_sent_once(self, cloud: Cloud, world: World) -> None:
        message_id = lost(world)
        delivery = only(world, message_id)
        replay(world, message_id, delivery.id)
        records = cloud.receive("message")
        for _ in range(3):
            cloud.hand_over("message", records)
            cloud.pump("email")
        assert cloud.calls[SEND] == 1
        assert only(world, message_id).earlier is None

    def test_a_suppressed_address_is_not_mailed_by_force_either(self, cloud: Cloud, world: World) -> None:
        message_id = delivered(world)
        world.runtime.suppressions.add(world.team_id, "sam@example.com", "complaint", world.runtime.clock.now())
        replay(world, message_id, only(world, message_id).id)
        cloud.pump()
        assert world.outcomes(message_id) == [("failed", "suppressed: complaint")]
        assert cloud.calls[SEND] == 1

    def test_what_failed_for_good_can_be_sent_after_all(self, cloud: Cloud, world: World) -> None:
        cloud.fail(SEND, ("MessageRejected", 400))
        message_id = delivered(world)
        assert world.outcomes(message_id) == [("failed", "provider: MessageRejected")]
        replay(world, message_id, only(world, message_id).id)
        cloud.pump()
        assert world.outcomes(message_id) == [("success", None)]

    def test_its_provider_is_waited_for_again(self, cloud: Cloud, world: World) -> None:
        denied = ("AccessDeniedException", 403)
        cloud.fail(SEND, denied, denied)
        world.configure("login", MAIL)
        message_id = world.ingest("login", contact_infos=SAM)
        cloud.pump("message")
        [queued] = cloud.receive("email")
        job = DeliveryJob.model_validate_json(queued["body"])
        long_ago = world.runtime.clock.now() - timedelta(hours=25)
        waited = job.model_copy(update={"refused_since": long_ago}).model_dump_json(exclude_unset=True, by_alias=True)
        cloud.hand_over("email", [{**queued, "body": waited}])
        assert world.outcomes(message_id) == [("failed", "gave up: provider: AccessDeniedException")]
        replay(world, message_id, only(world, message_id).id)
        cloud.pump("message", "email")
        assert world.outcomes(message_id) == [("pending", "waiting: provider: AccessDeniedException")]
        cloud.hand_over("email", [cloud.put_back()[-1][1]])
        assert world.outcomes(message_id) == [("success", None)]

    def test_an_outcome_that_is_unknown_can_be_forced(self, cloud: Cloud, world: World) -> None:
        message_id = lost(world, {**MAIL, "retry": "at_most_once"})
        claimed_and_lapsed(world, message_id)
        replay(world, message_id, replay_id="first")
        cloud.pump()
        assert world.outcomes(message_id) == [("failed", "provider: unknown outcome")]
        replay(world, message_id, only(world, message_id).id, replay_id="second")
        cloud.pump()
        assert world.outcomes(message_id) == [("success", None)]
        assert cloud.calls[SEND] == 1

    def test_an_app_notification_that_is_there_stays_one(self, cloud: Cloud, world: World) -> None:
        world.user("u")
        message_id = delivered(world, INBOX, user_id="u", contact_infos=[])
        replay(world, message_id, only(world, message_id).id)
        cloud.pump()
        assert world.outcomes(message_id) == [("success", None)]
        assert world.runtime.inbox.page(world.scope, "u", "all", 1, 10, oldest_first=False)[1] == 1

    def test_what_a_mock_rendered_is_rendered_anew(self, cloud: Cloud) -> None:
        world = World(cloud, mock=True)
        message_id = delivered(world, data={"otp": 1})
        world.configure("login", {**MAIL, "template": {"subject": "Now {{ otp }}", "text": "t"}})
        replay(world, message_id, only(world, message_id).id)
        cloud.pump()
        delivery = only(world, message_id)
        assert delivery.rendered is not None
        assert (delivery.status, delivery.rendered["subject"]) == ("mocked", "Now 1")


class TestReports:
    """What SES reports of the sendings of a delivery that was forced."""

    def report(self, world: World, message_id: str, kind: str, sending: int = 1) -> None:
        store = world.runtime.deliveries
        assert store.report(world.scope, only(world, message_id).id, {"type": kind, "at": AT}, sending)

    def forced(self, world: World, message_id: str, *, send: bool = True, name: str = "r") -> None:
        replay(world, message_id, only(world, message_id).id, replay_id=name)
        world.cloud.pump("message", *(["email"] if send else []))

    def test_the_mail_says_which_sending_it_is(self, cloud: Cloud, world: World) -> None:
        message_id = delivered(world)
        self.forced(world, message_id)
        tags = [{tag["Name"]: tag["Value"] for tag in mail["EmailTags"]} for mail in cloud.sent(SEND)]
        assert [each.get("sending") for each in tags] == [None, "2"]

    @pytest.mark.parametrize("when", ["before", "after"])
    def test_a_report_of_the_first_sending_does_not_keep_the_second_back(
        self, cloud: Cloud, world: World, when: str
    ) -> None:
        message_id = delivered(world)
        if when == "before":
            self.report(world, message_id, "delivery")
        self.forced(world, message_id, send=False)
        if when == "after":
            self.report(world, message_id, "delivery")
        assert world.outcomes(message_id) == [("pending", None)]
        cloud.pump("email")
        assert world.outcomes(message_id) == [("success", None)]
        assert cloud.calls[SEND] == 2

    def test_a_bounce_of_the_first_sending_does_not_fail_the_second(self, world: World) -> None:
        message_id = delivered(world)
        self.report(world, message_id, "bounce")
        assert world.outcomes(message_id) == [("failed", "bounced")]
        self.forced(world, message_id)
        assert world.outcomes(message_id) == [("success", None)]
        [earlier] = only(world, message_id).earlier or []
        assert (earlier["status"], earlier["reason"]) == ("failed", "bounced")

    def test_a_bounce_of_the_second_sending_fails_it_though_the_first_bounced_too(self, world: World) -> None:
        message_id = delivered(world)
        self.report(world, message_id, "bounce")
        self.forced(world, message_id)
        for _ in range(2):
            self.report(world, message_id, "bounce", sending=2)
        assert world.outcomes(message_id) == [("failed", "bounced")]
        events = only(world, message_id).events or []
        assert [(event["type"], event.get("sending")) for event in events] == [("bounce", None), ("bounce", 2)]

    def test_each_report_is_noted_once_for_its_sending_however_late_it_comes(self, world: World) -> None:
        message_id = delivered(world)
        self.forced(world, message_id, name="one")
        self.forced(world, message_id, name="two")
        for _ in range(2):
            for sending in (2, 1, 3):
                self.report(world, message_id, "open", sending)
        assert sorted(event.get("sending", 1) for event in only(world, message_id).events or []) == [1, 2, 3]

    def test_what_was_reported_of_the_second_sending_is_never_sent_again(self, cloud: Cloud, world: World) -> None:
        message_id = delivered(world)
        self.forced(world, message_id, send=False)
        jobs = cloud.receive("email")
        self.report(world, message_id, "delivery", sending=2)
        cloud.hand_over("email", jobs)
        assert world.outcomes(message_id) == [("success", None)]
        assert cloud.calls[SEND] == 1

    def test_a_delivery_that_is_just_being_sent_is_not_reopened(self, cloud: Cloud, world: World) -> None:
        world.configure("login", MAIL)
        message_id = world.ingest("login", contact_infos=SAM)
        cloud.pump("message")
        [record] = cloud.receive("email")
        job = DeliveryJob.model_validate_json(record["body"])

        class Fast:
            def has_provider(self, _job: DeliveryJob) -> bool:
                return True

            def is_paced(self, _job: DeliveryJob) -> bool:
                return False

            def senders(self, _job: DeliveryJob, _rendered: Rendered) -> list[str]:
                return []

            def send(inner, *_: Any) -> str:  # noqa: N805 - the test is at hand as self
                self.report(world, message_id, "delivery")
                self.forced(world, message_id, send=False)
                return "sent"

        runtime = world.runtime
        Deliverer(Fast(), TemplateContent(), runtime.deliveries, runtime.messages, runtime.clock).deliver(job)
        cloud.pump()
        delivery = only(world, message_id)
        assert (delivery.status, delivery.provider_message_id, delivery.earlier) == ("success", "sent", None)
        assert cloud.calls[SEND] == 0


class TestStore:
    """The writes themselves."""

    def test_a_reopening_gives_way_to_a_report_that_comes_in_between(self, cloud: Cloud, world: World) -> None:
        message_id = delivered(world)
        delivery = only(world, message_id)
        planned, _ = plan_of(world, message_id)
        store = world.runtime.deliveries

        def report_first(_: Any) -> None:
            cloud.faults.clear()
            store.report(world.scope, delivery.id, {"type": "complaint", "at": AT})

        cloud.fail("dynamodb:UpdateItem", report_first)
        store.reopen(world.scope, planned, delivery.created_at, "r", world.runtime.clock.now())
        [earlier] = only(world, message_id).earlier or []
        assert (earlier["status"], earlier["reason"]) == ("success", "complaint")
        assert world.outcomes(message_id) == [("pending", None)]

    def test_an_answer_that_was_lost_reopens_nothing_twice(self, world: World) -> None:
        message_id = delivered(world)
        planned, at = plan_of(world, message_id)
        store, now = world.runtime.deliveries, world.runtime.clock.now()
        for _ in range(2):
            store.reopen(world.scope, planned, at, "r", now)
        assert len(only(world, message_id).earlier or []) == 1

    def test_a_late_success_of_the_first_sending_is_not_the_seconds(self, world: World) -> None:
        message_id = delivered(world)
        planned, at = plan_of(world, message_id)
        store, now = world.runtime.deliveries, world.runtime.clock.now()
        store.reopen(world.scope, planned, at, "r", now)
        store.record(world.scope, planned.id, "token", Outcome("success", None, "late"), now, 1)
        assert world.outcomes(message_id) == [("pending", None)]
        store.record(world.scope, planned.id, "token", Outcome("success", None, "late"), now, 2)
        assert world.outcomes(message_id) == [("success", None)]

    def test_what_was_closed_stays_closed_until_it_is_forced(self, cloud: Cloud, world: World) -> None:
        message_id = lost(world)
        planned, at = plan_of(world, message_id)
        store, now = world.runtime.deliveries, world.runtime.clock.now()
        assert store.close(world.scope, planned, at, "first", now)
        assert store.close(world.scope, planned, at, "second", now)
        assert world.outcomes(message_id) == [("failed", "first")]
        store.record(world.scope, planned.id, "token", Outcome("success"), now)
        assert world.outcomes(message_id) == [("failed", "first")]
        replay(world, message_id, planned.id)
        cloud.pump()
        assert world.outcomes(message_id) == [("success", None)]
