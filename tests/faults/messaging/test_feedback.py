"""Reports come twice, late, in any order, before our own record; recording them dies half way. All ends the same."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from nereid.core.audience.contact_infos import put_contact_info
from nereid.core.messaging.deliver import CLAIM_SECONDS, Deliverer
from nereid.core.messaging.record_feedback import FeedbackRecorder
from nereid.core.messaging.template_content import TemplateContent
from nereid.core.outreach.leads import create_lead
from nereid.core.outreach.mail import LeadMail
from nereid.core.outreach.send_email import NewEmail
from nereid.errors import TryAgain
from nereid.models.campaign import Campaign
from nereid.models.delivery import DeliveryJob
from nereid.models.suppression import SOFT_BOUNCES
from nereid.ports.messaging import Outcome
from nereid.runtime import Runtime
from tests.faults.messaging.test_hand_overs import Clock, Died, FailingRecords, Provider
from tests.support.cloud import PUSH_APPLICATION, Cloud, World, record
from tests.support.notifications import MAIL, PHONE, SAM
from tests.support.virtual_time import VirtualTime

#: Other tests show that the same stores work over moto.
IN_MEMORY = True

CAMPAIGN = "9c1d0f44-9a0b-4b0e-8a53-0f5b8f1a2c3d"
ADDRESS = "sam@example.com"
PUBLISH = "sns:Publish"
DISABLED = ("EndpointDisabled", 400)

#: SES's types with what tells them apart, each a moment later than the one before.
REPORTS: dict[str, dict[str, Any]] = {
    "delivery": {"eventType": "Delivery", "delivery": {}},
    "delay": {"eventType": "DeliveryDelay", "deliveryDelay": {"delayType": "MailboxFull"}},
    "soft bounce": {"eventType": "Bounce", "bounce": {"bounceType": "Transient", "bounceSubType": "MailboxFull"}},
    "bounce": {"eventType": "Bounce", "bounce": {"bounceType": "Permanent", "bounceSubType": "General"}},
    "complaint": {"eventType": "Complaint", "complaint": {"complaintFeedbackType": "abuse"}},
    "known complaint": {"eventType": "Complaint", "complaint": {"complaintSubType": "OnAccountSuppressionList"}},
    "not spam": {"eventType": "Complaint", "complaint": {"complaintFeedbackType": "not-spam"}},
    "open": {"eventType": "Open", "open": {}},
    "click": {"eventType": "Click", "click": {"link": "https://example.com/"}},
    "reject": {"eventType": "Reject", "reject": {"reason": "Bad content"}},
    "rendering failure": {"eventType": "Rendering Failure", "failure": {"errorMessage": "no"}},
}
MEMBERS = {"DeliveryDelay": "deliveryDelay", "Rendering Failure": "failure"}


def report(name: str, tags: dict[str, str], sent_at: datetime, after: float) -> dict[str, Any]:
    """Return a report in EventBridge's wrapping about something some seconds after the hand-over."""
    given = json.loads(json.dumps(REPORTS[name]))
    member = MEMBERS.get(given["eventType"], given["eventType"].lower())
    given[member]["timestamp"] = (sent_at + timedelta(seconds=after)).isoformat()
    mail = {"timestamp": sent_at.isoformat(), "destination": [ADDRESS]}
    mail["tags"] = {name: [value] for name, value in tags.items()}  # type: ignore[assignment]
    return {"id": "e", "source": "aws.ses", "detail": {**given, "mail": mail}}


class Outreach(World):
    """A team whose e-mail to a lead was queued: the job, and what plays its hand-over and its reports."""

    def __init__(self, cloud: Cloud) -> None:
        super().__init__(cloud)
        given = self.runtime.settings.model_copy(update={"outreach_table": "OutreachTable"})
        self.runtime = Runtime()
        self.runtime.__dict__["settings"] = given
        runtime = self.runtime
        now = runtime.clock.now()
        campaign = Campaign(id=CAMPAIGN, name="c", type="email", created_at=now, updated_at=now)
        runtime.campaigns.add(self.team_id, campaign)
        self.lead = create_lead(runtime.leads, runtime.clock, self.team_id, {"full_name": "Sam", "email": ADDRESS})
        content = {"campaign_id": CAMPAIGN, "lead_id": self.lead.id, "subject": "Hello", "content": "Dear Sam"}
        self.email_id = self.send(content)
        cloud.pump("message")
        [queued] = cloud.receive("email")
        self.job = DeliveryJob.model_validate_json(queued["body"])
        self.clock = Clock(self)
        self.clock.moment = datetime.now(UTC).replace(hour=23, minute=50, second=0, microsecond=0) - timedelta(days=1)
        self.sent_at = self.clock.now()
        self.provider = Provider()

    def send(self, content: dict[str, str]) -> str:
        return self.runtime.email_sender.send(self.environment, NewEmail(**content))

    def hand_over(self, deliveries: Any = None) -> None:
        runtime = self.runtime
        templates = TemplateContent(runtime.unsubscriber.url)
        Deliverer(
            self.provider,
            LeadMail(templates, runtime.unsubscriber, runtime.campaign_metrics),
            deliveries or runtime.deliveries,
            runtime.messages,
            self.clock,
            runtime.suppressions,
        ).deliver(self.job)

    def report(self, name: str) -> None:
        runtime, job = self.runtime, self.job
        tags = {"team_id": self.team_id, "environment": self.identifier, "delivery_id": job.delivery_id}
        tags |= {"campaign_id": CAMPAIGN, "lead_id": self.lead.id}
        after = 300.0 * (1 + list(REPORTS).index(name))
        recorder = FeedbackRecorder(
            runtime.deliveries,
            runtime.suppressions,
            runtime.deliveries,
            runtime.feedback.tokens,
            runtime.clock,
            runtime.listener,
            runtime.overview_hours,
        )
        recorder.record(report(name, tags, self.sent_at, after))

    def play(self, steps: Sequence[str], *, record_is_lost: bool) -> dict[str, Any]:
        """Hand the mail over, do the steps, and return all that is known in the end."""
        lost = FailingRecords(self, Died()) if record_is_lost else None
        try:
            self.hand_over(lost)
        except Died:
            assert record_is_lost
        self.clock.forward(CLAIM_SECONDS + 1)
        for step in (*steps, "again"):
            if step == "again":
                self.hand_over()
            else:
                self.report(step)
        return self.known()

    def known(self) -> dict[str, Any]:
        runtime = self.runtime
        [delivery] = self.deliveries(self.email_id)
        suppression = runtime.suppressions.get(self.team_id, ADDRESS)
        lead = runtime.leads.get(self.team_id, self.lead.id)
        assert lead is not None
        return {
            "outcome": (delivery.status, delivery.reason),
            "events": delivery.events,
            "suppressed": sorted(suppression.reasons.items()) if suppression else [],
            "counts": runtime.campaign_metrics.counts(self.team_id, CAMPAIGN, self.sent_at.date() - timedelta(1)),
            "engagement": list(runtime.engagement.get_many(self.team_id, [lead.id]).values()),
            "lead": lead.status,
        }


GRAVEST = (
    ("bounce", ("failed", "bounced")),
    ("reject", ("failed", "rejected")),
    ("rendering failure", ("failed", "rendering failure")),
    ("known complaint", ("failed", "suppressed: complaint")),
    ("complaint", ("success", "complaint")),
)


# Each example takes a second or two, so what fails is shown as it was found.
@settings(
    max_examples=12, deadline=None, suppress_health_check=list(HealthCheck), phases=[Phase.explicit, Phase.generate]
)
@given(data=st.data(), names=st.sets(st.sampled_from(list(REPORTS)), min_size=1, max_size=6), lost=st.booleans())
@pytest.mark.slow
def test_whatever_the_order_of_reports_and_hand_overs_all_ends_the_same(
    cloud: Cloud, *, data: st.DataObject, names: set[str], lost: bool
) -> None:
    ends = []
    repeated = st.lists(st.sampled_from([*sorted(names), "again"]), max_size=4)
    for steps in (sorted(names), data.draw(st.permutations(sorted(names) + data.draw(repeated)))):
        cloud.forget()
        ends.append(Outreach(cloud).play(steps, record_is_lost=lost))
    first, second = ends
    assert second == first
    assert first["outcome"] == next((outcome for name, outcome in GRAVEST if name in names), ("success", None))
    assert len(first["events"]) == len(names)
    told = {name for name in names if name in ("delivery", "open", "click", "bounce", "complaint")}
    counted: Counter[str] = Counter()
    for facts in first["counts"].values():
        for (fact, _), how_many in facts.items():
            counted[fact] += how_many
    assert set(counted.values()) == {1}
    assert len(counted) == len(told) + 1  # and that it was sent


@pytest.mark.parametrize("retry", ["at_least_once", "at_most_once"])
@pytest.mark.parametrize("recorded", ["template", "suppressed", "unknown"])
def test_a_report_tells_what_our_own_record_could_not_know(world: World, retry: str, recorded: str) -> None:
    world.configure("login", {**MAIL, "retry": retry})
    message_id = world.ingest("login", contact_infos=SAM)
    world.cloud.pump("message")
    [queued] = world.cloud.receive("email")
    job = DeliveryJob.model_validate_json(queued["body"])
    deliveries, now = world.runtime.deliveries, world.runtime.clock.now()
    deliveries.claim(job, "t", now, now)
    reasons = {"template": "template: x", "suppressed": "suppressed: bounce", "unknown": "provider: unknown outcome"}
    deliveries.record(job.scope, job.delivery_id, "t", Outcome("failed", reasons[recorded]), now)
    deliveries.report(job.scope, job.delivery_id, {"type": "delivery", "at": "2026-01-31T09:30:00.000Z"})
    assert world.outcomes(message_id) == [("success", None)]
    deliveries.report(job.scope, job.delivery_id, {"type": "bounce", "at": "2026-01-31T09:31:00.000Z"})
    assert world.outcomes(message_id) == [("failed", "bounced")]


class Mails:
    """Mails of a world to one address, each of which is handed over and reported on."""

    def __init__(self, world: World) -> None:
        self.world = world
        world.configure("login", MAIL)

    def send(self) -> str:
        message_id = self.world.ingest("login", contact_infos=SAM)
        assert self.world.cloud.pump("message", "email") == []
        return message_id

    def report(self, message_id: str, name: str, **changes: Any) -> list[str]:
        """Let SES report something; return what failed."""
        [delivery] = self.world.deliveries(message_id)
        return self.report_of(delivery.id, name, **changes)

    def report_of(self, delivery_id: str, name: str, **changes: Any) -> list[str]:
        world = self.world
        tags = {"team_id": world.team_id, "environment": world.identifier, "delivery_id": delivery_id}
        now = world.runtime.clock.now()
        body = report(name, tags, now - timedelta(seconds=1), 1) | changes
        answer = world.cloud.invoke("pipeline/record_feedback", {"Records": [record("email", json.dumps(body))]})
        return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]

    def suppressed_for(self) -> list[str]:
        suppression = self.world.runtime.suppressions.get(self.world.team_id, ADDRESS)
        return list(suppression.reasons) if suppression else []


@pytest.fixture
def mails(world: World) -> Mails:
    return Mails(world)


class TestSoftBounces:
    @pytest.mark.parametrize("all_sent_first", [False, True])
    def test_after_five_in_a_row_the_address_is_mailed_no_more(self, mails: Mails, *, all_sent_first: bool) -> None:
        waiting = [mails.send() for _ in range(SOFT_BOUNCES)] if all_sent_first else []
        for number in range(SOFT_BOUNCES):
            assert mails.suppressed_for() == []
            message_id = waiting[number] if all_sent_first else mails.send()
            assert mails.world.outcomes(message_id) == [("success", None)]
            for _ in range(2):
                assert mails.report(message_id, "soft bounce") == []
        assert mails.suppressed_for() == ["bounce"]
        assert mails.world.outcomes(mails.send()) == [("failed", "suppressed: bounce")]

    def test_one_mail_that_arrives_is_enough_to_begin_anew(self, mails: Mails) -> None:
        for name in (*["soft bounce"] * 4, "delivery", *["soft bounce"] * 4):
            mails.report(mails.send(), name)
            assert mails.suppressed_for() == []
        mails.report(mails.send(), "soft bounce")
        assert mails.suppressed_for() == ["bounce"]

    @pytest.mark.parametrize("name", ["open", "click", "delay", "not spam", "reject", "rendering failure"])
    def test_nothing_else_ends_or_lengthens_a_row(self, mails: Mails, name: str) -> None:
        for _ in range(SOFT_BOUNCES - 1):
            mails.report(mails.send(), "soft bounce")
        mails.report(mails.send(), name)
        assert mails.suppressed_for() == []
        mails.report(mails.send(), "soft bounce")
        assert mails.suppressed_for() == ["bounce"]

    @pytest.mark.parametrize("written", range(3))
    def test_a_report_whose_recording_died_is_recorded_when_it_comes_again(self, mails: Mails, written: int) -> None:
        for _ in range(SOFT_BOUNCES - 1):
            mails.report(mails.send(), "soft bounce")
        last = mails.send()
        mails.world.cloud.fail("dynamodb:UpdateItem", *[None] * written, ("ThrottlingException", 400))
        assert len(mails.report(last, "soft bounce")) == 1
        assert mails.report(last, "soft bounce") == []
        assert mails.suppressed_for() == ["bounce"]
        found, _ = mails.world.runtime.suppressions.page(mails.world.team_id, None, 10, "bounce")
        assert [each.email for each in found] == [ADDRESS]
        [delivery] = mails.world.deliveries(last)
        assert [event["type"] for event in delivery.events or []] == ["bounce"]

    def test_a_mail_that_arrived_is_noted_when_its_report_comes_again(self, mails: Mails) -> None:
        mails.report(mails.send(), "soft bounce")
        arrived = mails.send()
        mails.world.cloud.fail("dynamodb:UpdateItem", None, ("ThrottlingException", 400))
        assert len(mails.report(arrived, "delivery")) == 1
        assert mails.report(arrived, "delivery") == []
        for _ in range(SOFT_BOUNCES - 1):
            mails.report(mails.send(), "soft bounce")
        assert mails.suppressed_for() == []


def test_a_complaint_about_a_mail_that_is_not_kept_any_more_suppresses_all_the_same(mails: Mails) -> None:
    assert mails.report_of("5f2d7c1b-9e3a-4f48-8d6c-2b1a0f9e8d7c", "complaint") == []
    assert mails.suppressed_for() == ["complaint"]


@pytest.mark.parametrize(
    ("name", "reasons"),
    [("not spam", []), ("complaint", ["complaint"]), ("known complaint", ["complaint"]), ("bounce", ["bounce"])],
)
def test_a_complaint_suppresses_unless_it_says_the_contrary(mails: Mails, name: str, reasons: list[str]) -> None:
    mails.report(mails.send(), name)
    assert mails.suppressed_for() == reasons


def test_a_bounce_that_is_reported_again_after_the_address_was_taken_off_the_list_changes_nothing(mails: Mails) -> None:
    message_id = mails.send()
    [delivery] = mails.world.deliveries(message_id)
    world = mails.world
    tags = {"team_id": world.team_id, "environment": world.identifier, "delivery_id": delivery.id}
    body = json.dumps(report("bounce", tags, world.runtime.clock.now() - timedelta(seconds=9), 1))
    for _ in range(2):
        world.cloud.invoke("pipeline/record_feedback", {"Records": [record("email", body)]})
        if mails.suppressed_for():
            world.runtime.suppressions.remove(world.team_id, ADDRESS, ["bounce"], world.runtime.clock.now())
    assert mails.suppressed_for() == []
    again = mails.send()
    assert world.outcomes(again) == [("success", None)]
    mails.report(again, "bounce")
    assert mails.suppressed_for() == ["bounce"]


def test_an_unsubscribe_by_the_api_stops_what_is_queued_already(cloud: Cloud, world: World) -> None:
    world.configure("news", {**MAIL, "template": {"subject": "s", "text": "{{ unsubscribe_url }}"}})
    world.configure("login", MAIL)
    news = world.ingest("news", contact_infos=SAM)
    login = world.ingest("login", contact_infos=SAM)
    cloud.pump("message")
    request = {
        "rawPath": "/manage/suppressions",
        "headers": {"authorization": f"Bearer {world.token}"},
        "requestContext": {"http": {"method": "POST", "sourceIp": "192.0.2.1"}},
        "body": json.dumps({"email": "Sam@Example.com", "reason": "unsubscribe"}),
    }
    assert cloud.invoke("manage/add_suppression", request)["statusCode"] == 200
    cloud.pump("email")
    assert world.outcomes(news) == [("failed", "suppressed: unsubscribe")]
    assert world.outcomes(login) == [("success", None)]


class TestPush:
    """SNS accepts a push and says later that the platform did not take it."""

    @pytest.fixture
    def token(self, world: World) -> str:
        world.configure("login", PHONE)
        token = f"token-{world.team_id}"
        world.user("u", ("firebase_token", token))
        return token

    def push(self, world: World) -> str:
        message_id = world.ingest("login", user_id="u", data={"otp": 1})
        world.cloud.pump("message", "push")
        return message_id

    def fail(self, world: World, provider_message_id: str, code: str = "InvalidPlatformToken", ago: float = 0) -> bool:
        """Let SNS report a failure; say whether it was taken."""
        failure = {
            "DeliveryAttempts": 1,
            "EndpointArn": f"{PUSH_APPLICATION.replace(':app/', ':endpoint/')}/466beb61",
            "EventType": "DeliveryFailure",
            "FailureMessage": "Platform token associated with the endpoint is not valid",
            "FailureType": code,
            "MessageId": provider_message_id,
            "Resource": PUSH_APPLICATION,
            "Service": "SNS",
            "Time": (world.runtime.clock.now() - timedelta(seconds=ago)).isoformat(),
        }
        envelope = {"Type": "Notification", "MessageId": "e", "TopicArn": "t", "Message": json.dumps(failure)}
        records = [record("push", json.dumps(envelope))]
        answer = world.cloud.invoke("pipeline/record_feedback", {"Records": records})
        return not answer["batchItemFailures"]

    def sent_as(self, world: World, message_id: str) -> str:
        [delivery] = world.deliveries(message_id)
        assert delivery.status == "success"
        assert delivery.provider_message_id is not None
        return delivery.provider_message_id

    def tokens(self, world: World) -> list[str]:
        user = world.runtime.users.load(world.scope, "u")
        assert user is not None
        return [contact.value for contact in user.contact_infos]

    @pytest.mark.parametrize("code", ["InvalidPlatformToken", "InvalidNotification", "Throttled"])
    def test_a_push_that_failed_has_failed_for_that_reason(self, world: World, token: str, code: str) -> None:
        message_id = self.push(world)
        sns_id = self.sent_as(world, message_id)
        for _ in range(2):
            assert self.fail(world, sns_id, code)
        [delivery] = world.deliveries(message_id)
        assert (delivery.status, delivery.reason) == ("failed", f"provider: {code}")
        assert delivery.provider_message_id == sns_id
        [event] = delivery.events or []
        assert (event["type"], event["code"]) == ("push_failure", code)
        assert self.tokens(world) == [token]

    @pytest.mark.usefixtures("token")
    def test_a_push_that_failed_is_not_handed_over_again(self, cloud: Cloud, world: World) -> None:
        world.ingest("login", "m", user_id="u", data={"otp": 1})
        cloud.pump("message")
        records = cloud.receive("push")
        cloud.hand_over("push", records)
        self.fail(world, self.sent_as(world, "m"))
        assert cloud.hand_over("push", records) == []
        assert cloud.calls[PUBLISH] == 1

    @pytest.mark.usefixtures("token")
    def test_a_failure_that_is_faster_than_our_record_waits_for_it(
        self, cloud: Cloud, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        VirtualTime(monkeypatch)
        world.ingest("login", "m", user_id="u", data={"otp": 1})
        cloud.pump("message")
        [queued] = cloud.receive("push")
        cloud.fail("dynamodb:UpdateItem", None, *[("ThrottlingException", 400)] * 7)
        assert cloud.hand_over("push", [queued]) == [queued["messageId"]]
        assert not self.fail(world, "sns-1")
        job = DeliveryJob.model_validate_json(queued["body"])
        store, now = world.runtime.push_deliverer.deliveries, world.runtime.clock.now()
        later = now + timedelta(seconds=2 * CLAIM_SECONDS)
        store.claim(job, "t", later, later)
        store.record(job.scope, job.delivery_id, "t", Outcome("success", None, "sns-1"), later)
        assert self.fail(world, "sns-1")
        assert world.outcomes("m") == [("failed", "provider: InvalidPlatformToken")]

    def test_a_failure_of_what_was_not_ours_is_let_go_after_a_while(self, world: World) -> None:
        assert not self.fail(world, "not-ours", ago=60)
        assert self.fail(world, "not-ours", ago=600)

    def test_deliveries_by_e_mail_are_in_no_index_of_pushes(self, world: World) -> None:
        mails = Mails(world)
        [delivery] = world.deliveries(mails.send())
        assert delivery.provider_message_id is not None
        assert world.runtime.deliveries.sent_as(delivery.provider_message_id) is None

    @pytest.mark.parametrize("code", ["InvalidPlatformToken", "EndpointDisabled"])
    def test_a_token_that_is_refused_after_it_was_enabled_again_is_dropped(
        self, cloud: Cloud, world: World, token: str, code: str
    ) -> None:
        first = self.sent_as(world, self.push(world))
        assert self.fail(world, first, ago=1)
        assert self.tokens(world) == [token]
        cloud.fail(PUBLISH, DISABLED)  # which the channel answers by enabling the endpoint again
        second = self.sent_as(world, self.push(world))
        assert self.fail(world, first, ago=30)
        assert self.tokens(world) == [token]
        assert self.fail(world, second, code)
        assert self.tokens(world) == []
        assert world.outcomes(self.push(world)) == [("no_contact", "no push contact")]

    def test_a_token_that_was_registered_anew_since_is_kept(self, cloud: Cloud, world: World, token: str) -> None:
        cloud.fail(PUBLISH, DISABLED)
        sns_id = self.sent_as(world, self.push(world))
        put_contact_info(world.runtime.users, world.runtime.clock, world.scope, "u", "firebase_token", token, {})
        assert self.fail(world, sns_id)
        assert self.tokens(world) == [token]

    def test_a_token_that_another_user_registered_since_is_kept(self, cloud: Cloud, world: World, token: str) -> None:
        world.user("v", ("firebase_token", token))
        cloud.fail(PUBLISH, DISABLED)
        sns_id = self.sent_as(world, self.push(world))
        refused_at = world.runtime.clock.now()
        put_contact_info(world.runtime.users, world.runtime.clock, world.scope, "v", "firebase_token", token, {})
        assert self.fail(world, sns_id, ago=(world.runtime.clock.now() - refused_at).total_seconds())
        assert self.tokens(world) == [token]

    def test_a_token_that_is_refused_for_another_reason_is_kept(self, cloud: Cloud, world: World, token: str) -> None:
        cloud.fail(PUBLISH, DISABLED)
        sns_id = self.sent_as(world, self.push(world))
        assert self.fail(world, sns_id, "InvalidNotification")
        assert self.tokens(world) == [token]

    @pytest.mark.usefixtures("token")
    def test_a_token_that_could_not_be_dropped_is_dropped_when_the_report_comes_again(
        self, cloud: Cloud, world: World
    ) -> None:
        cloud.fail(PUBLISH, DISABLED)
        sns_id = self.sent_as(world, self.push(world))
        cloud.fail("dynamodb:TransactWriteItems", ("ThrottlingException", 400))
        assert not self.fail(world, sns_id)
        assert self.fail(world, sns_id)
        assert self.tokens(world) == []


def test_what_waits_for_our_record_asks_to_come_again(world: World) -> None:
    runtime = world.runtime
    runtime.__dict__["settings"] = runtime.settings.model_copy(update={"outreach_table": "OutreachTable"})
    failure = {"EventType": "DeliveryFailure", "MessageId": "x", "Time": runtime.clock.now().isoformat()}
    with pytest.raises(TryAgain):
        runtime.feedback.record(failure)
