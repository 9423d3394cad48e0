"""Mails from a connected mailbox, through the whole product to servers that behave like Gmail and Microsoft Graph."""

from __future__ import annotations

from email.message import EmailMessage
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.contract.neptie_client import Neptie, email, invalid
from tests.contract.outreach import Team
from tests.local_stack import LocalStack
from tests.support.mailbox_servers import TOKEN, Mailboxes, gmail_error, graph_error

pytestmark = pytest.mark.slow

both_providers = pytest.mark.parametrize("provider", ["gmail", "outlook"])


@pytest.fixture
def team(local_stack: LocalStack) -> Team:
    return Team(Neptie(local_stack).newcomer())


def connect(team: Team, provider: str, token: str = TOKEN, address: str | None = None) -> str:
    """Connect a mailbox; return its address."""
    wanted = {"email": address or email(), "provider": provider, "oauth_token": token}
    return str(team.neptie.ok("POST", "email/accounts", wanted)["account"]["email"])


def send(team: Team, sender: str, lead: dict[str, Any], campaign: str, **fields: Any) -> str:
    """Send an e-mail from a mailbox; return its id."""
    return team.send(lead, campaign, **{**fields, "from": sender})


def status(team: Team) -> str:
    """Return the status of the team's only mailbox."""
    (account,) = team.neptie.ok("GET", "email/accounts")["accounts"]
    return str(account["status"])


def received(service: Mailboxes, lead: dict[str, Any]) -> list[EmailMessage]:
    """Return the mails to a lead that a provider took."""
    return [mail for mail in service.mails if mail["To"] == lead["email"]]


@both_providers
def test_a_mail_goes_out_through_the_mailbox_and_can_be_unsubscribed(
    team: Team, mailbox_service: Mailboxes, provider: str
) -> None:
    sender, lead, campaign = connect(team, provider), team.lead(), team.campaign()
    email_id = send(team, sender, lead, campaign, subject="Grüße", content="<p>Dear John</p>")
    assert team.wait(email_id, "sent", "failed")["status"] == "sent"
    (mail,) = received(mailbox_service, lead)
    assert (mail["From"], mail["Subject"]) == (sender, "Grüße")
    text = mail.get_body(("plain",))
    assert text is not None
    link = mail["List-Unsubscribe"].strip("<>")
    assert text.get_content().splitlines() == ["Dear John", "", f"Unsubscribe: {link}"]
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert team.stack.outbox(lead["email"]) == []
    assert status(team) == "connected"
    assert team.stack.request("POST", urlsplit(link).path, b"List-Unsubscribe=One-Click").status == 200
    assert team.status(lead) == "unsubscribed"
    metrics = team.performance(campaign)["metrics"]
    assert (metrics["sent"], metrics["unsubscribed"], metrics["delivered"]) == (1, 1, 0)


@both_providers
def test_a_refused_token_fails_the_mail_says_why_and_asks_to_connect_again(
    team: Team, mailbox_service: Mailboxes, provider: str
) -> None:
    sender = connect(team, provider, token="ya29.revoked")
    lead, campaign = team.lead(), team.campaign()
    email_id = send(team, sender, lead, campaign)
    shown = team.wait(email_id, "sent", "failed")
    assert (shown["status"], shown["reason"]) == ("failed", f"provider: reconnect {sender}")
    assert status(team) == "reconnect"
    again = {"lead_id": lead["id"], "campaign_id": campaign, "subject": "Hello", "content": "Dear John", "from": sender}
    problem = {"field": "from", "message": f"{sender} has to be connected again"}
    assert team.neptie.call("POST", "email/send", again) == (400, {"message": problem["message"], "errors": [problem]})
    assert team.performance(campaign)["metrics"]["sent"] == 0
    assert connect(team, provider, address=sender) == sender
    assert status(team) == "connected"
    assert team.wait(send(team, sender, lead, campaign), "sent", "failed")["status"] == "sent"
    assert len(received(mailbox_service, lead)) == 1


@pytest.mark.parametrize(
    ("provider", "error", "reason"),
    [
        ("gmail", gmail_error(400, "invalidArgument"), "provider: invalidArgument"),
        ("outlook", graph_error(400, "ErrorInvalidRecipients"), "provider: ErrorInvalidRecipients"),
    ],
)
def test_a_mail_that_the_provider_does_not_take_says_why_and_the_mailbox_stays(
    team: Team, mailbox_service: Mailboxes, provider: str, error: tuple[int, Any], reason: str
) -> None:
    sender, lead = connect(team, provider), team.lead()
    mailbox_service.fail = error
    try:
        shown = team.wait(send(team, sender, lead, team.campaign()), "sent", "failed")
    finally:
        mailbox_service.fail = None
    assert (shown["status"], shown["reason"]) == ("failed", reason)
    assert status(team) == "connected"


def test_a_mailbox_that_nobody_connected_sends_nothing(team: Team) -> None:
    mail = {"lead_id": team.lead()["id"], "campaign_id": team.campaign(), "subject": "Hello", "content": "Dear John"}
    wrong = team.neptie.call("POST", "email/send", {**mail, "from": email()})
    assert wrong == invalid(**{"from": "must be the email of a connected account"})
