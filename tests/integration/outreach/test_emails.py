"""E-mails to leads between the queues: what is repeated, what dies halfway, and which way a mail goes."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from botocore.client import BaseClient
from botocore.exceptions import ClientError

from nereid.aws.table import Table
from nereid.clock import to_iso
from nereid.core.outreach.email_accounts import add_email_account
from nereid.core.outreach.leads import create_lead, mark_lead, reopen_address
from nereid.core.outreach.send_email import NewEmail
from nereid.core.outreach.show_email import show_email
from nereid.errors import Invalid, NotFound, Unavailable
from nereid.models.campaign import Campaign
from nereid.models.lead import Lead
from nereid.models.lead_email import Fact
from nereid.models.report import EmailReport
from nereid.runtime import Runtime
from nereid.settings import Settings
from tests.support import cloud as clouds
from tests.support import mailbox_servers
from tests.support.mailbox_servers import Mailboxes, gmail_error

#: Other tests show that the same stores work over moto.
IN_MEMORY = True

CAMPAIGN = "9c1d0f44-9a0b-4b0e-8a53-0f5b8f1a2c3d"
SENDER = "sales@example.com"
NOW = datetime(2026, 1, 31, 9, 30, tzinfo=UTC)


class Outreach(clouds.World):
    """A team with a campaign."""

    def __init__(self, cloud: clouds.Cloud, servers: Mailboxes) -> None:
        super().__init__(cloud)
        self.servers = servers
        key = cloud.client("kms").create_key()["KeyMetadata"]["KeyId"]
        cloud.parameters = {"EmailAccountKey": key, "GmailUrl": servers.url, "GraphUrl": servers.url}
        settings = self.runtime.settings.model_copy(
            update={"outreach_table": "OutreachTable", "email_account_key": key}
        )
        self.runtime = Runtime()
        self.runtime.__dict__["settings"] = Settings.model_validate(settings.model_dump())
        campaign = Campaign(id=CAMPAIGN, name="Spring", type="email", created_at=NOW, updated_at=NOW)
        self.runtime.campaigns.add(self.team_id, campaign)

    def lead(self, email: str = "john@example.com") -> Lead:
        fields = {"full_name": "John Doe", "email": email}
        return create_lead(self.runtime.leads, self.runtime.clock, self.team_id, fields)

    def connect(self, provider: Any = "gmail", token: str = mailbox_servers.TOKEN) -> None:
        runtime = self.runtime
        add_email_account(
            runtime.email_accounts, runtime.token_cipher, runtime.clock, self.team_id, SENDER, provider, token
        )

    def send(self, lead: Lead, **fields: Any) -> str:
        given = {"campaign_id": CAMPAIGN, "lead_id": lead.id, "subject": "Hello", "content": "Dear John"}
        return self.runtime.email_sender.send(self.environment, NewEmail(**{**given, **fields}))

    def standing(self, email_id: str) -> tuple[str, str | None]:
        shown = show_email(self.runtime.outgoing_emails, self.runtime.deliveries, self.team_id, email_id)[1]
        return shown.status, shown.reason

    def totals(self) -> dict[Fact, int]:
        totals: dict[Fact, int] = {}
        since = datetime.now(UTC).date() - timedelta(days=6)
        for facts in self.runtime.campaign_metrics.counts(self.team_id, CAMPAIGN, since).values():
            for (fact, _), how_many in facts.items():
                totals[fact] = totals.get(fact, 0) + how_many
        return totals

    def report(self, email_id: str, lead: Lead, kind: str) -> dict[str, Any]:
        """Return what SES reports about the mail."""
        (delivery,) = self.deliveries(email_id)
        tags = {
            "team_id": self.team_id,
            "environment": self.identifier,
            "delivery_id": delivery.id,
            "campaign_id": CAMPAIGN,
            "lead_id": lead.id,
        }
        detail = {"eventType": kind, "mail": {"tags": {name: [value] for name, value in tags.items()}}}
        if kind == "Bounce":
            detail["bounce"] = {"bounceType": "Permanent"}
        return detail


@pytest.fixture
def world(cloud: clouds.Cloud) -> Iterator[Outreach]:
    with mailbox_servers.running() as servers:
        yield Outreach(cloud, servers)


def test_a_mail_handed_over_twice_is_sent_and_counted_once(world: Outreach) -> None:
    lead = world.lead()
    email_id = world.send(lead)
    records = world.cloud.receive("message")
    for _ in range(2):
        assert world.cloud.hand_over("message", records) == []
    jobs = world.cloud.receive("email")
    for _ in range(2):
        assert world.cloud.hand_over("email", jobs) == []
    assert world.standing(email_id) == ("sent", None)
    team = {"Name": "team_id", "Value": world.team_id}
    assert len([body for body in world.cloud.sent("sesv2:SendEmail") if team in body["EmailTags"]]) == 1
    assert world.totals() == {"sent": 1}


def test_a_run_that_dies_before_it_counts_is_made_good(world: Outreach, monkeypatch: pytest.MonkeyPatch) -> None:
    world.send(world.lead())
    world.cloud.pump("message")
    jobs = world.cloud.receive("email")
    with monkeypatch.context() as broken:
        broken.setattr(Table, "transact", _unavailable)
        assert len(world.cloud.hand_over("email", jobs)) == 1
    assert world.totals() == {}
    calls = world.cloud.calls["sesv2:SendEmail"]
    assert world.cloud.hand_over("email", jobs) == []
    assert world.totals() == {"sent": 1}
    assert world.cloud.calls["sesv2:SendEmail"] == calls


def _unavailable(*_: Any) -> None:
    raise Unavailable("broken")


def test_reports_in_any_order_and_number_count_once(world: Outreach) -> None:
    lead = world.lead()
    email_id = world.send(lead)
    world.cloud.pump("message", "email")
    recorder = world.runtime.feedback
    for kind in ["Click", "Open", "Open", "Delivery", "Click", "Delivery", "Bounce", "Bounce", "Complaint"]:
        recorder.record(world.report(email_id, lead, kind))
    assert world.totals() == {"sent": 1, "delivered": 1, "opened": 1, "clicked": 1, "bounced": 1, "complained": 1}
    assert world.runtime.engagement.get_many(world.team_id, [lead.id]) == {lead.id: "clicked"}


def test_a_report_that_is_faster_than_our_record_counts_the_mail_as_sent(world: Outreach) -> None:
    lead = world.lead()
    email_id = world.send(lead)
    world.cloud.pump("message")
    jobs = world.cloud.receive("email")
    report = world.report(email_id, lead, "Delivery")
    (delivery,) = world.deliveries(email_id)
    table = Table(world.runtime.clients, "ActivityTable")
    pk = f"{world.team_id}#{world.identifier}#delivery#{delivery.id}"
    # The claim is there, the record of the hand-over is not.
    table.put(
        {
            "pk": pk,
            "sk": "delivery",
            "id": delivery.id,
            "notification": "email",
            "channel": "email",
            "to": lead.email,
            "status": "pending",
            "claim": "gone",
            "claimed_until": "2020-01-01T00:00:00.000Z",
            "created_at": "2026-01-31T09:30:00.000Z",
            "updated_at": "2026-01-31T09:30:00.000Z",
        }
    )
    world.runtime.feedback.record(report)
    calls = world.cloud.calls["sesv2:SendEmail"]
    assert world.cloud.hand_over("email", jobs) == []
    assert world.cloud.calls["sesv2:SendEmail"] == calls
    assert world.totals() == {"sent": 1, "delivered": 1}
    assert world.standing(email_id) == ("delivered", None)


def test_a_feedback_that_dies_halfway_is_made_good(world: Outreach, monkeypatch: pytest.MonkeyPatch) -> None:
    lead = world.lead()
    email_id = world.send(lead)
    world.cloud.pump("message", "email")
    report = world.report(email_id, lead, "Bounce")
    recorder = world.runtime.feedback
    with monkeypatch.context() as broken:
        broken.setattr("nereid.core.outreach.feedback.mark_address", _unavailable)
        with pytest.raises(Unavailable):
            recorder.record(report)
    recorder.record(report)
    assert world.totals() == {"sent": 1, "bounced": 1}
    stored = world.runtime.leads.get(world.team_id, lead.id)
    assert stored is not None
    assert stored.status == "bounced"


def test_facts_counted_at_the_same_time_are_all_counted(world: Outreach, monkeypatch: pytest.MonkeyPatch) -> None:
    # moto takes one call at a time; what interleaves is the calls of the runs.
    lock, call = threading.Lock(), BaseClient._make_api_call

    def one_at_a_time(*arguments: Any) -> Any:
        with lock:
            return call(*arguments)

    monkeypatch.setattr(BaseClient, "_make_api_call", one_at_a_time)
    leads = [world.lead(f"l{number}@example.com") for number in range(12)]
    emails = [world.send(lead) for lead in leads]
    world.cloud.pump("message", "email")
    reports = [world.report(email, lead, "Open") for email, lead in zip(emails, leads, strict=True)] * 2
    recorder = world.runtime.feedback

    def record(report: dict[str, Any]) -> None:
        while True:
            try:
                recorder.record(report)
            except Unavailable:
                continue
            return

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(record, reports))
    assert world.totals() == {"sent": 12, "opened": 12}


def test_a_mail_from_a_mailbox_goes_to_its_provider(world: Outreach) -> None:
    world.connect("outlook")
    calls = world.cloud.calls["sesv2:SendEmail"]
    email_id = world.send(world.lead(), account=SENDER, content="<p>Dear John</p>")
    assert world.cloud.pump("message", "email") == []
    (mail,) = world.servers.mails
    assert (mail["From"], mail["To"]) == (SENDER, "john@example.com")
    assert mail["List-Unsubscribe"].startswith("<https://nereid.example.com/u/")
    assert world.standing(email_id) == ("sent", None)
    assert world.cloud.calls["sesv2:SendEmail"] == calls
    assert world.totals() == {"sent": 1}


def test_a_mailbox_needs_no_other_provider(world: Outreach, cloud: clouds.Cloud) -> None:
    world.connect()
    cloud.parameters["EmailFrom"] = ""
    email_id = world.send(world.lead(), account=SENDER)
    world.cloud.pump("message", "email")
    assert world.standing(email_id) == ("sent", None)


def test_a_token_that_is_refused_fails_the_mail_and_the_mailbox(world: Outreach) -> None:
    world.connect(token="revoked")
    lead = world.lead()
    email_id = world.send(lead, account=SENDER)
    world.cloud.pump("message", "email")
    assert world.standing(email_id) == ("failed", f"provider: reconnect {SENDER}")
    (account,) = world.runtime.email_accounts.all(world.team_id)
    assert account.status == "reconnect"
    with pytest.raises(Invalid):
        world.send(lead, account=SENDER)
    assert world.totals() == {}
    world.connect()
    again = world.send(lead, account=SENDER)
    world.cloud.pump("message", "email")
    assert world.standing(again) == ("sent", None)


def test_a_mailbox_that_was_connected_again_meanwhile_stays_connected(world: Outreach) -> None:
    world.connect(token="old")
    sealed = world.runtime.email_accounts.get(world.team_id, SENDER)
    assert sealed is not None
    world.connect()
    world.runtime.email_accounts.refused(world.team_id, SENDER, sealed.token)
    assert world.runtime.email_accounts.all(world.team_id)[0].status == "connected"


def test_a_busy_provider_leaves_the_mail_queued(world: Outreach) -> None:
    world.connect()
    world.servers.fail = gmail_error(429, "rateLimitExceeded")
    email_id = world.send(world.lead(), account=SENDER)
    assert world.cloud.pump("message", "email") == []
    assert world.standing(email_id) == ("queued", None)
    [(_, again)] = world.cloud.put_back()
    world.servers.fail = None
    assert world.cloud.hand_over("email", [again]) == []
    assert world.standing(email_id) == ("sent", None)


def test_who_unsubscribes_after_the_mail_was_queued_does_not_get_it(world: Outreach) -> None:
    world.connect()
    lead = world.lead()
    email_id = world.send(lead, account=SENDER)
    world.runtime.suppressions.add(world.team_id, lead.email, "unsubscribe", world.runtime.clock.now())
    world.cloud.pump("message", "email")
    assert world.standing(email_id) == ("failed", "suppressed: unsubscribe")
    assert world.servers.mails == []


@pytest.mark.parametrize("size", [20, 4096, 4097, 8192])
def test_a_token_is_stored_encrypted_for_its_mailbox_alone(world: Outreach, size: int) -> None:
    token = "t" * size
    world.connect(token=token)
    table = boto3.client("dynamodb", region_name=clouds.REGION)
    key = {"pk": {"S": f"{world.team_id}#email_accounts"}, "sk": {"S": SENDER}}
    item = table.get_item(TableName="OutreachTable", Key=key)["Item"]
    assert "ttttt" not in repr(item)
    sealed = world.runtime.email_accounts.get(world.team_id, SENDER)
    assert sealed is not None
    assert world.runtime.token_cipher.open(world.team_id, SENDER, sealed.token) == token
    with pytest.raises(ClientError):
        world.runtime.token_cipher.open("another team", SENDER, sealed.token)


def test_a_key_that_was_reserved_by_a_request_that_died_sends_after_all(
    world: Outreach, monkeypatch: pytest.MonkeyPatch
) -> None:
    lead = world.lead()
    with monkeypatch.context() as broken:
        broken.setattr("nereid.core.outreach.send_email.ingest", _unavailable)
        with pytest.raises(Unavailable):
            world.send(lead, key="k")
    email_id = world.send(lead, key="k")
    assert world.send(lead, key="k") == email_id
    assert len(world.cloud.receive("message")) == 1


def test_of_two_mails_with_one_key_at_the_same_time_one_is_taken(
    world: Outreach, monkeypatch: pytest.MonkeyPatch
) -> None:
    lead = world.lead()
    emails = type(world.runtime.outgoing_emails)
    monkeypatch.setattr(emails, "repeated", lambda *_: None)
    world.runtime.outgoing_emails.reserve(world.team_id, "k", "first", "f", datetime.now(UTC))
    with pytest.raises(Invalid, match="Idempotency-Key"):
        world.send(lead, key="k")
    assert world.cloud.receive("message") == []


def test_a_key_is_good_for_a_day(world: Outreach) -> None:
    emails, now = world.runtime.outgoing_emails, datetime.now(UTC)
    emails.reserve(world.team_id, "k", "first", "f", now)
    later = now + timedelta(hours=24, seconds=1)
    assert emails.reserve(world.team_id, "k", "second", "f", now + timedelta(hours=23)).email_id == "first"
    assert emails.repeated(world.team_id, "k", later) is None
    assert emails.reserve(world.team_id, "k", "second", "f", later).email_id == "second"


def unsubscribe(world: Outreach, email_id: str, lead: Lead) -> None:
    (delivery,) = world.deliveries(email_id)
    at = datetime(2026, 1, 31, 9, 30, tzinfo=UTC)
    report = EmailReport(
        kind="unsubscribe",
        scope=world.scope,
        delivery_id=delivery.id,
        sending=1,
        tags={"campaign_id": CAMPAIGN, "lead_id": lead.id},
        at=at,
        sent_at=None,
        recipient=lead.email,
        event={"type": "unsubscribe", "at": to_iso(at)},
    )
    world.runtime.listener.reported(report)


def test_an_unsubscribe_counts_for_the_mail_that_it_came_from(world: Outreach) -> None:
    lead = world.lead()
    email_id = world.send(lead)
    world.cloud.pump("message", "email")
    for _ in range(2):
        unsubscribe(world, email_id, lead)
    assert world.totals() == {"sent": 1, "unsubscribed": 1}


def test_each_lead_of_a_campaign_unsubscribes_once_and_every_mail_tells(world: Outreach) -> None:
    one, two = world.lead("one@example.com"), world.lead("two@example.com")
    sent = [(world.send(lead), lead) for lead in (one, one, two)]
    world.cloud.pump("message", "email")
    for email_id, lead in sent * 2:
        unsubscribe(world, email_id, lead)
    assert world.totals() == {"sent": 3, "unsubscribed": 2}
    for email_id, _ in sent:
        (delivery,) = world.deliveries(email_id)
        assert [event["type"] for event in delivery.events or []] == ["unsubscribe"]


def test_an_unsubscribe_that_dies_halfway_is_counted_when_it_is_repeated(
    world: Outreach, monkeypatch: pytest.MonkeyPatch
) -> None:
    lead = world.lead()
    sent = [world.send(lead), world.send(lead)]
    world.cloud.pump("message", "email")
    with monkeypatch.context() as broken:
        broken.setattr(Table, "transact", _unavailable)
        with pytest.raises(Unavailable):
            unsubscribe(world, sent[0], lead)
    for email_id in reversed(sent):
        unsubscribe(world, email_id, lead)
    assert world.totals() == {"sent": 2, "unsubscribed": 1}


def test_a_mail_that_is_sent_again_by_force_counts_once_whatever_is_reported_of_either(world: Outreach) -> None:
    lead = world.lead()
    email_id = world.send(lead)
    world.cloud.pump("message", "email")
    recorder = world.runtime.feedback
    recorder.record(world.report(email_id, lead, "Delivery"))
    (delivery,) = world.deliveries(email_id)
    world.runtime.replayer.replay(world.environment, email_id, [delivery.id], "r")
    world.cloud.pump("message")
    recorder.record(world.report(email_id, lead, "Open"))  # of the first one, while the second waits
    world.cloud.pump("email")
    assert world.cloud.calls["sesv2:SendEmail"] == 2
    for kind in ("Delivery", "Open", "Click", "Click"):
        second = world.report(email_id, lead, kind)
        second["mail"]["tags"]["sending"] = ["2"]
        recorder.record(second)
    recorder.record(world.report(email_id, lead, "Click"))
    assert world.totals() == {"sent": 1, "delivered": 1, "opened": 1, "clicked": 1}
    (delivery,) = world.deliveries(email_id)
    assert sorted((event["type"], event.get("sending", 1)) for event in delivery.events or []) == [
        ("click", 1),
        ("click", 2),
        ("delivery", 1),
        ("delivery", 2),
        ("open", 1),
        ("open", 2),
    ]


def test_a_forced_mail_that_bounces_fails_and_counts_though_the_first_arrived(world: Outreach) -> None:
    lead = world.lead()
    email_id = world.send(lead)
    world.cloud.pump("message", "email")
    (delivery,) = world.deliveries(email_id)
    world.runtime.replayer.replay(world.environment, email_id, [delivery.id], "r")
    world.cloud.pump("message", "email")
    report = world.report(email_id, lead, "Bounce")
    report["mail"]["tags"]["sending"] = ["2"]
    for _ in range(2):
        world.runtime.feedback.record(report)
    assert world.standing(email_id) == ("bounced", "bounced")
    assert world.totals() == {"sent": 1, "bounced": 1}


def test_the_link_in_a_forced_mail_unsubscribes_for_that_sending(world: Outreach) -> None:
    lead = world.lead()
    email_id = world.send(lead)
    world.cloud.pump("message", "email")
    (delivery,) = world.deliveries(email_id)
    world.runtime.replayer.replay(world.environment, email_id, [delivery.id], "r")
    world.cloud.pump("message", "email")
    links = [
        next(header["Value"] for header in mail["Content"]["Simple"]["Headers"] if header["Name"] == "List-Unsubscribe")
        for mail in world.cloud.sent("sesv2:SendEmail")
    ]
    for link in reversed(links):
        token = link.strip("<>").rpartition("/")[2]
        world.runtime.unsubscriber.unsubscribe(world.runtime.suppressions, token, world.runtime.listener)
    assert world.totals() == {"sent": 1, "unsubscribed": 1}
    (delivery,) = world.deliveries(email_id)
    assert [event.get("sending", 1) for event in delivery.events or []] in ([1, 2], [2, 1])


def test_no_mail_to_a_lead_that_unsubscribed_is_taken(world: Outreach) -> None:
    lead = world.lead()
    world.runtime.suppressions.add(world.team_id, lead.email, "unsubscribe", world.runtime.clock.now())
    with pytest.raises(Invalid) as refused:
        world.send(lead)
    assert refused.value.problems == {"lead_id": "Lead has unsubscribed"}


@pytest.mark.parametrize(
    ("fields", "field"),
    [({"subject": " \r\n "}, "subject"), ({"account": "nobody@example.com"}, "from")],
)
def test_a_mail_without_subject_or_from_an_unknown_mailbox_is_refused(
    world: Outreach, fields: dict[str, Any], field: str
) -> None:
    with pytest.raises(Invalid) as refused:
        world.send(world.lead(), **fields)
    assert list(refused.value.problems) == [field]


@pytest.mark.parametrize("field", ["campaign_id", "lead_id"])
@pytest.mark.parametrize("id_", ["x", "0" * 36, "é" * 36])
def test_a_mail_of_an_unknown_campaign_or_to_an_unknown_lead_is_refused(world: Outreach, field: str, id_: str) -> None:
    with pytest.raises(NotFound, match=field.removesuffix("_id")):
        world.send(world.lead(), **{field: id_})


@pytest.mark.parametrize(
    ("left", "status"), [([], "contacted"), (["bounce", "complaint"], "bounced"), (["unsubscribe"], "unsubscribed")]
)
def test_a_lead_stands_where_what_is_left_on_the_list_has_it(world: Outreach, left: list[Any], status: str) -> None:
    leads, clock = world.runtime.leads, world.runtime.clock
    lead, other = world.lead(), world.lead("new@example.com")
    mark_lead(leads, clock, world.team_id, lead.id, "bounced")
    for email in ("JOHN@example.com", "new@example.com", "nobody@example.com"):
        reopen_address(leads, clock, world.team_id, email, left)
    stored = [leads.get(world.team_id, each.id) for each in (lead, other)]
    assert [each.status for each in stored if each] == [status, "new"]
