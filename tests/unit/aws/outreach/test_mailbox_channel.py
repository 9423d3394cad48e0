"""E-mail from connected mailboxes, against servers that behave like Gmail's API and Microsoft Graph."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import pytest

from nereid.aws.outreach import mailbox_channel
from nereid.aws.outreach.mailbox_channel import EmailChannel, MailboxChannel
from nereid.core.outreach.content import render
from nereid.errors import OutcomeUnknown, ProviderBusy, ProviderRefused, TryAgain
from nereid.models.delivery import DeliveryJob, Recipient, Rendered
from nereid.models.lead_email import (
    EmailAccount,
    GivenContent,
    MailboxProvider,
    Outreach,
    OutreachNotification,
    SealedAccount,
)
from nereid.models.team import Channels
from tests.support import mailbox_servers
from tests.support.mailbox_servers import Mailboxes, gmail_error, graph_error

NOW = datetime(2026, 1, 31, 9, 30, tzinfo=UTC)
LATER = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
URL = "https://nereid.example.com/u/" + "t" * 500
SENDER = "sales@example.com"
PROVIDERS: tuple[MailboxProvider, ...] = ("gmail", "outlook")

every_provider = pytest.mark.parametrize("provider", PROVIDERS)


def in_time() -> None:
    """Say that there is time for a hand-over."""


def too_late() -> None:
    """Say that there is none."""
    raise TryAgain(1, "no time was left")


class Accounts:
    """One connected mailbox."""

    def __init__(self, provider: MailboxProvider) -> None:
        self.account = EmailAccount(id="a", email=SENDER, provider=provider, status="connected", created_at=NOW)
        self.refusals: list[str] = []

    def get(self, _team_id: str, email: str) -> SealedAccount | None:
        return SealedAccount(self.account, [b"sealed"]) if email == SENDER else None

    def refused(self, _team_id: str, email: str, _token: Sequence[bytes]) -> None:
        self.refusals.append(email)


class Cipher:
    """Seals nothing."""

    def open(self, _team_id: str, _email: str, _parts: Sequence[bytes]) -> str:
        return mailbox_servers.TOKEN


class Clock:
    """Stands still until it is set."""

    time = LATER

    def now(self) -> datetime:
        return self.time


class Sender:
    """A channel over the servers, with one mailbox."""

    def __init__(self, servers: Mailboxes, provider: MailboxProvider) -> None:
        self.servers = servers
        self.accounts = Accounts(provider)
        self.clock = Clock()
        self.channel = MailboxChannel(self.accounts, Cipher(), dict.fromkeys(PROVIDERS, servers.url), self.clock)  # type: ignore[arg-type]

    def send(self, content: str = "Dear John", subject: str = "Hello", to: str = "john@example.org") -> str | None:
        outreach = Outreach(campaign_id="c", lead_id="l", to=to, subject=subject, content=content, account=SENDER)
        return self.channel.send(job(to, SENDER), render(outreach, URL), in_time)


def job(to: str, account: str | None) -> DeliveryJob:
    return DeliveryJob(
        team_id="team",
        environment="dev",
        mock=False,
        channels=Channels(),
        delivery_id="d1",
        recipient=Recipient(type="email", value=to),
        notification=OutreachNotification(
            name="email", channel="email", template=GivenContent(campaign_id="c", lead_id="l", account=account)
        ),
        message_id="m",
        message=None,
        planned_at=NOW,
    )


@pytest.fixture
def servers() -> Iterator[Mailboxes]:
    with mailbox_servers.running() as state:
        yield state


@pytest.fixture(params=PROVIDERS)
def sender(servers: Mailboxes, request: pytest.FixtureRequest) -> Sender:
    return Sender(servers, request.param)


def test_a_mail_that_is_sent_again_by_force_is_another_mail(sender: Sender) -> None:
    outreach = Outreach(campaign_id="c", lead_id="l", to="john@example.org", subject="s", content="c", account=SENDER)
    for sending in (1, 2, 2):
        again = job("john@example.org", SENDER).model_copy(update={"sending": sending})
        sender.channel.send(again, render(outreach, URL), in_time)
    ids = [mail["Message-ID"] for mail in sender.servers.mails]
    dates = [parsedate_to_datetime(mail["Date"]) for mail in sender.servers.mails]
    assert ids == ["<d1@example.com>", "<d1.2@example.com>", "<d1.2@example.com>"]
    assert dates == [NOW, LATER, LATER]


def test_a_mail_goes_out_as_it_was_made(sender: Sender) -> None:
    sender.send("<p>Grüße an <b>John</b></p>", "Grüße, John ✓")
    (mail,) = sender.servers.mails
    assert (mail["From"], mail["To"], mail["Subject"]) == (SENDER, "john@example.org", "Grüße, John ✓")
    assert mail["List-Unsubscribe"] == f"<{URL}>"
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert mail["Message-ID"] == "<d1@example.com>"
    html, text = mail.get_body(("html",)), mail.get_body(("plain",))
    assert html is not None
    assert text is not None
    assert "<p>Grüße an <b>John</b></p>" in html.get_content()
    assert text.get_content().startswith("Grüße an John")
    assert URL in text.get_content().replace("\n", "")


def test_a_text_mail_has_no_html_part(sender: Sender) -> None:
    sender.send("Dear John")
    assert sender.servers.mails[0].get_content_type() == "text/plain"


def test_the_providers_id_is_kept(servers: Mailboxes) -> None:
    assert Sender(servers, "gmail").send() == "gm-1"
    assert Sender(servers, "outlook").send() == "11111111-2222-4333-8444-555555555555"


@pytest.mark.parametrize("given", [{"id": ""}, {"id": 5}, {}, None])
def test_an_answer_without_an_id_is_known_by_its_request(servers: Mailboxes, given: Any) -> None:
    servers.fail = (200, given)
    assert Sender(servers, "outlook").send() == "11111111-2222-4333-8444-555555555555"


@pytest.mark.parametrize("errors", [[], {}, None, ["x"], [{"reason": "not a word!"}]])
def test_an_error_without_a_word_is_known_by_its_status(sender: Sender, errors: Any) -> None:
    sender.servers.fail = (400, {"error": {"code": 400, "errors": errors}})
    with pytest.raises(ProviderRefused, match="http_400"):
        sender.send()


def test_a_redirection_is_not_followed(sender: Sender) -> None:
    sender.servers.fail = (307, {})
    with pytest.raises(ProviderRefused, match="http_307"):
        sender.send()
    assert sender.servers.requests == 1


def test_a_subject_adds_no_header(sender: Sender) -> None:
    sender.send("Hello", "Hi\r\nBcc: victim@example.org\r\n\r\nbody")
    (mail,) = sender.servers.mails
    assert mail["Bcc"] is None
    assert mail["Subject"] == "Hi Bcc: victim@example.org body"


@pytest.mark.parametrize("subject", ["x" * 998, "ü" * 998, "a b " * 249])
def test_a_long_subject_arrives_whole(sender: Sender, subject: str) -> None:
    sender.send("Hello", subject)
    assert str(sender.servers.mails[0]["Subject"]).strip() == subject.strip()


def test_an_address_that_cannot_stand_in_a_header_is_refused(sender: Sender) -> None:
    with pytest.raises(ProviderRefused, match="InvalidMail"):
        sender.send(to="john@example.org\r\nBcc: victim@example.org")
    assert sender.servers.requests == 0


def test_a_token_that_is_refused_needs_the_mailbox_to_be_connected_again(sender: Sender) -> None:
    sender.servers.token = "another"
    with pytest.raises(ProviderRefused, match=r"^reconnect sales@example\.com$"):
        sender.send()
    assert sender.accounts.refusals == [SENDER]


@pytest.mark.parametrize("error", [gmail_error(403, "insufficientPermissions"), graph_error(403, "ErrorAccessDenied")])
def test_a_token_without_the_permission_too(sender: Sender, error: tuple[int, object]) -> None:
    sender.servers.fail = error
    with pytest.raises(ProviderRefused, match="reconnect"):
        sender.send()
    assert sender.accounts.refusals == [SENDER]


@pytest.mark.parametrize("status", ["reconnect", None])
def test_a_mailbox_that_is_not_connected_is_not_asked(sender: Sender, status: str | None) -> None:
    if status:
        sender.accounts.account = sender.accounts.account.model_copy(update={"status": status})
    else:
        sender.accounts.get = lambda *_: None  # type: ignore[method-assign]
    with pytest.raises(ProviderRefused, match="reconnect"):
        sender.send()
    assert sender.servers.requests == 0


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (gmail_error(429, "rateLimitExceeded"), "rateLimitExceeded"),
        (gmail_error(403, "userRateLimitExceeded"), "userRateLimitExceeded"),
        (gmail_error(403, "dailyLimitExceeded"), "dailyLimitExceeded"),
        (gmail_error(500, "backendError"), "backendError"),
        (graph_error(429, "ApplicationThrottled"), "ApplicationThrottled"),
        (graph_error(503, "ServiceNotAvailable"), "ServiceNotAvailable"),
        ((502, "no object"), "http_502"),
        ((503, None), "http_503"),
    ],
)
def test_a_provider_that_has_no_time_is_asked_again_later(sender: Sender, error: tuple[int, object], code: str) -> None:
    sender.servers.fail = error
    with pytest.raises(ProviderBusy) as caught:
        sender.send()
    assert caught.value.code == code
    assert sender.accounts.refusals == []


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (gmail_error(400, "invalidArgument"), "invalidArgument"),
        (graph_error(400, "ErrorInvalidRecipients"), "ErrorInvalidRecipients"),
        (graph_error(413, "ErrorMessageSizeExceeded"), "ErrorMessageSizeExceeded"),
        ((404, {"error": {"code": "<script>"}}), "http_404"),
        ((418, []), "http_418"),
        ((302, {}), "http_302"),
    ],
)
def test_any_other_refusal_is_final(sender: Sender, error: tuple[int, object], code: str) -> None:
    sender.servers.fail = error
    with pytest.raises(ProviderRefused) as caught:
        sender.send()
    assert caught.value.code == code


def test_no_answer_in_time_means_that_nobody_knows(sender: Sender, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mailbox_channel, "_READ_SECONDS", 0.2)
    slow = Sender(sender.servers, sender.accounts.account.provider)
    sender.servers.hang = 1.0
    with pytest.raises(OutcomeUnknown):
        slow.send()


def test_a_connection_that_breaks_after_the_request_means_that_nobody_knows(sender: Sender) -> None:
    sender.servers.drop = True
    with pytest.raises(OutcomeUnknown):
        sender.send()


@pytest.mark.parametrize(("seconds", "connections"), [(4, 1), (6, 2), (600, 2), (-600, 2)])
def test_no_mail_is_sent_on_a_connection_that_may_be_gone(sender: Sender, seconds: int, connections: int) -> None:
    sender.send()
    sender.clock.time = LATER + timedelta(seconds=seconds)
    sender.send()
    assert sender.servers.connections == connections


@pytest.mark.parametrize(
    ("error", "meaning"),
    [
        (ssl.SSLCertVerificationError("certificate verify failed"), ProviderBusy),
        (ssl.SSLError("bad record type"), OutcomeUnknown),
    ],
)
def test_after_a_good_certificate_tls_may_break_with_the_answer(
    sender: Sender, monkeypatch: pytest.MonkeyPatch, error: ssl.SSLError, meaning: type[Exception]
) -> None:
    def break_off(*_: Any, **__: Any) -> Any:
        raise error

    monkeypatch.setattr("urllib3.connectionpool.HTTPConnectionPool._make_request", break_off)
    with pytest.raises(meaning):
        sender.send()


@every_provider
def test_a_provider_that_cannot_be_reached_got_nothing(servers: Mailboxes, provider: MailboxProvider) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        servers.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        with pytest.raises(ProviderBusy):
            Sender(servers, provider).send()


class Noted:
    def __init__(self, *, paced: bool = False) -> None:
        self.jobs: list[DeliveryJob] = []
        self.paced = paced

    def has_provider(self, _job: DeliveryJob) -> bool:
        return True

    def is_paced(self, _job: DeliveryJob) -> bool:
        return self.paced

    def senders(self, _job: DeliveryJob, _rendered: Rendered) -> list[str]:
        return []

    def send(self, job: DeliveryJob, _rendered: Rendered, _check_time: Any) -> str | None:
        self.jobs.append(job)
        return None


def test_a_mail_goes_the_way_that_it_was_given() -> None:
    provider, mailboxes = Noted(), Noted()
    channel = EmailChannel(provider, mailboxes)
    channel.send(job("a@example.com", None), Rendered({}, []), in_time)
    channel.send(job("b@example.com", SENDER), Rendered({}, []), in_time)
    assert [len(provider.jobs), len(mailboxes.jobs)] == [1, 1]


def test_a_mail_keeps_to_the_pace_of_the_way_that_it_goes() -> None:
    channel = EmailChannel(Noted(paced=True), Noted())
    assert channel.is_paced(job("a@example.com", None))
    assert not channel.is_paced(job("b@example.com", SENDER))


@every_provider
def test_the_mailbox_is_not_asked_when_the_time_is_over(servers: Mailboxes, provider: MailboxProvider) -> None:
    sender = Sender(servers, provider)
    outreach = Outreach(campaign_id="c", lead_id="l", to="a@example.org", subject="s", content="c", account=SENDER)
    with pytest.raises(TryAgain):
        sender.channel.send(job("a@example.org", SENDER), render(outreach, URL), too_late)
    assert servers.mails == []
