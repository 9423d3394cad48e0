"""Deliveries: one notification of one message to one address."""

import hashlib
import json
import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal, NamedTuple

from pydantic import Field

from nereid.errors import StoppedBy
from nereid.models.addresses import stored_form
from nereid.models.base import Model
from nereid.models.event_type import Channel, Notification
from nereid.models.lead_email import OutreachNotification
from nereid.models.message import Message
from nereid.models.team import Channels, HourlyLimits, Scope

Status = Literal["mocked", "no_contact", "no_provider", "pending", "success", "failed"]

#: Why a notification makes no delivery. After the last of them comes the reason in the template engine's words.
NOT_PUBLIC, NOT_APPLICABLE, NOT_EVALUATED = (
    "not public",
    "condition does not hold",
    "condition cannot be evaluated: ",
)

#: Which type of contact info each channel reaches. `app` reaches the user's inbox.
CONTACT_OF: dict[str, str] = {"email": "email", "sms": "mobile_number", "push": "firebase_token"}


def delivery_id(scope: Scope, message_key: str, notification: str, channel: str, address: str | None) -> str:
    """Return the id of a delivery: a hash of the parts that identify it, in the form of a UUID.

    However often a message is handed over, its deliveries have the same ids, which is what lets a claim on
    the id stop a second one. The parts are hashed as ASCII JSON (RFC 8259), whose escapes are the same in every
    version of Python; which characters ``repr`` escapes changes with Python's Unicode tables.
    """
    normal = stored_form(CONTACT_OF.get(channel, ""), address) if address is not None else None
    parts = [scope.team_id, scope.environment, message_key, notification, channel, normal]
    digest = hashlib.sha256(json.dumps(parts).encode()).digest()
    return str(uuid.UUID(bytes=digest[:16], version=4))


class Recipient(Model):
    """The recipient of a delivery: a contact, or for channel `app` a user's inbox (type `user`)."""

    type: str
    value: str
    filterable: str | None = None
    #: Whether more than an app's public key says that it is the user's. Needed for planning alone, and not kept.
    verified: bool = Field(default=True, exclude=True)


class PlannedNotification(Model):
    """One notification of a message with its recipients, fixed when the message was processed."""

    name: str
    channel: Channel
    #: Positions in the plan's recipients; none at all means a single `no_contact`.
    to: list[int]
    #: The ids of its deliveries, where the addresses that they are made of were erased; None everywhere else.
    ids: list[str] | None = None


class Skipped(Model):
    """A configured notification that makes no delivery for a message, and why."""

    notification: str
    reason: str


class Planned(NamedTuple):
    """One delivery as planned. Without a recipient it is final: `no_contact`."""

    id: str
    notification: str
    channel: Channel
    recipient: Recipient | None


class Plan(Model):
    """Everything that a message leads to.

    Stored with the message, so that handing it over again repeats this plan and never makes another one.
    """

    planned_at: datetime
    recipients: list[Recipient] = []
    notifications: list[PlannedNotification] = []
    #: The configured notifications that make no delivery.
    skipped: list[Skipped] = []
    #: Why no notification is configured; None if one is, and in plans of earlier releases.
    reason: str | None = None
    #: Whether the data of the message go once its deliveries are final.
    forget: bool = False
    #: Those whose conditions could not be evaluated, and why: in plans of earlier releases, which kept no others.
    failed_conditions: dict[str, str] = {}

    def all_skipped(self) -> list[Skipped]:
        """Return the configured notifications that make no delivery, as far as the plan tells."""
        failed = [
            Skipped(notification=name, reason=f"{NOT_EVALUATED}{text}") for name, text in self.failed_conditions.items()
        ]
        return [*self.skipped, *failed]

    @property
    def size(self) -> int:
        """How many deliveries with a recipient there are."""
        return sum(len(each.to) for each in self.notifications)

    def deliveries(self, scope: Scope, message_key: str) -> list[Planned]:
        """Return every delivery of the message's plan, in order of the notifications, then of the contacts."""
        planned = []
        for notification in self.notifications:
            reached: list[Recipient | None] = [self.recipients[index] for index in notification.to]
            for index, recipient in enumerate(reached or [None]):
                address = recipient.value if recipient else None
                if notification.ids is not None:
                    identity = notification.ids[index]
                else:
                    identity = delivery_id(scope, message_key, notification.name, notification.channel, address)
                planned.append(Planned(identity, notification.name, notification.channel, recipient))
        return planned


class File(NamedTuple):
    """A file that goes with an e-mail: its content, or the URL of the object that has it."""

    filename: str
    #: None for the object's own.
    content_type: str | None
    content: bytes | None = None
    url: str | None = None


class Rendered(NamedTuple):
    """The rendered content of a delivery. Members that the channel lacks are absent."""

    members: dict[str, Any]
    missing_variables: list[str]
    #: The link in a mail that its recipient can unsubscribe from; None in every other.
    unsubscribe_url: str | None = None
    #: Tags that the provider repeats in its reports, besides the delivery's own id.
    tags: Mapping[str, str] = {}
    #: Whether opens and clicks are reported; means nothing but in an e-mail.
    tracking: bool = False
    #: What goes with an e-mail; its members only tell of them.
    files: Sequence[File] = ()
    #: What in the template could not work with the data; without any value of them.
    notes: Sequence[str] = ()


class Delivery(Model):
    """The record of one delivery."""

    id: str
    notification: str
    channel: Channel
    to: str | None
    status: Status
    #: Why it is not a success, in words.
    reason: str | None = None
    #: When a pending one is tried again, if that is known.
    next_try_at: datetime | None = None
    provider_message_id: str | None = None
    #: The template's members as rendered; in an environment that is a mock or keeps them only.
    rendered: dict[str, Any] | None = None
    #: Variables that the template used and nobody gave; they rendered as nothing.
    missing_variables: list[str] | None = None
    #: What in the template could not work with the data.
    template_notes: list[str] | None = None
    #: The provider's reports, oldest first.
    events: list[dict[str, Any]] | None = None
    #: How its earlier sendings ended, oldest first, if it was sent again by force.
    earlier: list[dict[str, Any]] | None = None
    created_at: datetime
    updated_at: datetime


#: `queued`: it is handed over, unless another run ends it before. `final`: nothing is done. `removed`: its
#: notification is not there any more, or on another channel; if it is not final, it fails for that.
Effect = Literal["queued", "final", "removed"]


class Replayed(NamedTuple):
    """The effect of a replay on a delivery, which is shown as it was before."""

    delivery: Delivery
    effect: Effect


class PublicLimits(Model):
    """What the deliveries of a public key's message are held to."""

    key_id: str
    hourly: HourlyLimits


class DeliveryJob(Model):
    """A record of a delivery queue: everything that is needed to send one delivery.

    The message's content travels along while it is small; a large one stays in the store and is read there.
    """

    team_id: str
    environment: str
    mock: bool
    channels: Channels
    delivery_id: str
    recipient: Recipient
    notification: Notification | OutreachNotification
    #: The message's key.
    message_id: str
    #: None if the message is to be read from the store.
    message: Message | None
    #: The user as templates see it: user_id, meta's keys, timezone, locale.
    user: dict[str, Any] | None = None
    planned_at: datetime
    #: Which sending of the delivery it is; known once it is claimed.
    sending: int = 1
    #: When the event came, or when somebody asked for it to be sent again; None in jobs of earlier releases.
    asked_at: datetime | None = None
    #: How often the provider did not take it, since when, and what stopped it the last time.
    refusals: int = 0
    refused_since: datetime | None = None
    refused_by: StoppedBy | None = None
    #: None once the delivery is counted, and for what no public key sent.
    limits: PublicLimits | None = None
    #: Whether the environment keeps what was rendered.
    keep_rendered: bool = False
    #: Whether it is a test send, which no metric counts.
    test: bool = False
    #: Whether the data of the message go once its deliveries are final.
    forget: bool = False

    @property
    def scope(self) -> Scope:
        """The environment as a tenant key."""
        return Scope(self.team_id, self.environment)

    @property
    def keeps_rendered(self) -> bool:
        """Whether what was rendered is kept: of what is sent at most once, such as a code, it never is."""
        return self.keep_rendered and self.notification.retry != "at_most_once"

    @property
    def expires_at(self) -> datetime | None:
        """The moment from which the delivery is not to be sent any more; None if it may be sent at any time."""
        lifetime = self.notification.lifetime
        return (self.asked_at or self.planned_at) + lifetime if lifetime is not None else None
