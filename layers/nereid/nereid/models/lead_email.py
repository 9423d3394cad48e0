"""E-mails to leads: the content, the mailbox, and the reports."""

from datetime import datetime
from typing import Literal, NamedTuple

from pydantic import ConfigDict

from nereid.models.base import Model

#: The event type of the messages that e-mails to leads are.
EVENT_TYPE = "neptie_email"
#: The name of the one notification of such a message.
NOTIFICATION: Literal["email"] = "email"
MailboxProvider = Literal["gmail", "outlook"]
#: The facts about a mail that are counted for a campaign.
Fact = Literal["sent", "delivered", "opened", "clicked", "bounced", "complained", "unsubscribed"]
#: The most that a lead did with any mail.
Engagement = Literal["delivered", "opened", "clicked", "replied"]
EmailStatus = Literal["queued", "sent", "delivered", "opened", "clicked", "bounced", "complained", "failed", "mocked"]


class GivenContent(Model):
    """Stands where other notifications have a template: the content is the message's own."""

    model_config = ConfigDict(extra="forbid")

    campaign_id: str
    lead_id: str
    account: str | None = None


class OutreachNotification(Model):
    """The one notification of a message that is an e-mail to a lead."""

    model_config = ConfigDict(extra="forbid")

    name: Literal["email"]
    channel: Literal["email"]
    #: Whether to send again when the outcome of a hand-over is unknown.
    retry: Literal["at_least_once", "at_most_once"] = "at_least_once"
    template: GivenContent
    #: As other notifications have them: no condition, and every contact of the message.
    when: None = None
    to: None = None

    @property
    def lane(self) -> Literal["normal"]:
        """Return its priority."""
        return "normal"

    @property
    def lifetime(self) -> None:
        """Return how long it is worth sending: for ever."""
        return


class Outreach(Model):
    """The content of a message that is one e-mail to one lead. It is sent as given: no Liquid."""

    campaign_id: str
    lead_id: str
    to: str
    subject: str
    #: Text, or HTML.
    content: str
    #: The e-mail address of the connected account that it is sent from; None for the environment's sender.
    account: str | None = None

    def notification(self) -> OutreachNotification:
        """Return the notification that the message consists of."""
        # Every member is set, since unset members are not written to the queue.
        content = GivenContent(campaign_id=self.campaign_id, lead_id=self.lead_id, account=self.account)
        return OutreachNotification(name=NOTIFICATION, channel="email", retry="at_least_once", template=content)


class EmailReference(NamedTuple):
    """The campaign and lead that an e-mail belongs to."""

    campaign_id: str
    lead_id: str
    #: Which sending of its delivery it is.
    sending: int = 1


class OutgoingEmail(Model):
    """The record of an e-mail that was taken for sending. Its id is the id of the message that it is."""

    id: str
    campaign_id: str
    lead_id: str
    subject: str
    to: str
    environment: str
    created_at: datetime


class EmailAccount(Model):
    """A mailbox of a team's that mails can be sent from."""

    id: str
    email: str
    provider: MailboxProvider
    status: Literal["connected", "reconnect"]
    created_at: datetime


class SealedAccount(NamedTuple):
    """A mailbox with its token as it is stored."""

    account: EmailAccount
    #: Encrypted, in parts.
    token: list[bytes]


class Standing(NamedTuple):
    """How far an e-mail has come."""

    status: EmailStatus
    reason: str | None
    updated_at: datetime
