"""Messages: one occurrence of an event, as ingested."""

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field

from nereid.models.base import Model
from nereid.models.event_type import Notification
from nereid.models.lead_email import Outreach, OutreachNotification
from nereid.models.message_keys import key_of
from nereid.models.operation import Traits, Unvouched, Who
from nereid.models.user import CONTACT_TYPES, Device

#: The API that a message came by. `manage`: somebody tries a notification.
Source = Literal["neptune", "client", "vibetrace", "neptie", "manage"]
#: The rule that restricts a Vibetrace event and changes its user; see core/audience/vibetrace/restrictions.
Rule = Literal["update", "login", "confirmation", "open"]
#: The event type of the message that tells that a user of the Client API came to be. Nobody sent it.
USER_CREATED = "user_created"


class EventContact(Model):
    """A usable entry of a message's `contact_infos`: used for this message only, never saved."""

    type: str
    value: str
    filterable: str | None = None


def usable(entry: Mapping[str, Any]) -> EventContact | None:
    """Return an entry of a message's `contact_infos` as a contact; None if it names no address."""
    type_, value = entry.get("type"), entry.get("value")
    if type_ not in CONTACT_TYPES or value is None or not str(value).strip():
        return None
    return EventContact(type=type_, value=str(value).strip(), filterable=entry.get("filterable"))


class UsedKey(Model):
    """The client key that a message came with."""

    id: str
    scope: Literal["public", "secret"]


class Trial(Model):
    """What makes a message a test send: the notifications that it consists of, and whom all of them go to."""

    notifications: list[Notification]
    #: The type of contact; `user` for an inbox.
    type: str
    to: str


class Message(Model):
    """One ingested occurrence. The id is the caller's or was minted at ingest.

    What public keys give as ids are ids among themselves: `key` is unique per environment.
    """

    message_id: str
    #: Whether the id was made at ingest, so that nobody else can give it.
    minted: bool = False
    #: None for what came without a client key, and in records of earlier releases.
    client_key: UsedKey | None = None
    event_type: str
    user_id: str | None = None
    source: Source
    data: dict[str, Any] = {}
    #: As sent.
    contact_infos: list[dict[str, Any]] = []
    ignore_user_contacts: bool = False
    #: Unix seconds of the occurrence, as the caller gave them.
    timestamp: int | None = None
    #: Every top-level key that has no meaning to Nereid.
    extra: dict[str, Any] = {}
    #: None for all that is accepted without restriction.
    rule: Rule | None = None
    received_at: datetime
    #: Given: the message is this one e-mail, and no event type is looked up for it.
    outreach: Outreach | None = None
    #: Given: the message is a test send, and no event type is looked up for it.
    test: Trial | None = None
    #: When its data were dropped; None if it has them.
    dropped_at: datetime | None = None
    #: Whether nothing is left of whom it was to: its user, or the owner of its addresses, was erased.
    is_erased: bool = False

    @property
    def is_public(self) -> bool:
        """Whether it came with a public key, which anybody has who has the app."""
        return self.client_key is not None and self.client_key.scope == "public"

    @property
    def has_public_id(self) -> bool:
        """Whether its id was given with a public key."""
        return self.is_public and not self.minted

    @property
    def key(self) -> str:
        """What names it within its environment, wherever it is stored or referred to."""
        return key_of(self.message_id, public=self.has_public_id)

    def own_notifications(self) -> Sequence[Notification | OutreachNotification] | None:
        """Return the notifications that the message consists of; None if its event type has its notifications."""
        if self.test is not None:
            return self.test.notifications
        return [self.outreach.notification()] if self.outreach else None

    def contacts(self) -> list[EventContact]:
        """Return the entries of `contact_infos` that name an address; others are no error, only of no use."""
        return [contact for contact in map(usable, self.contact_infos) if contact is not None]


class _Asked(Model):
    """What a client asked for."""

    #: The same however often the queue hands it over; None in operations of earlier releases.
    id: str | None = None
    client_key: UsedKey | None = None
    #: When it was accepted; None in operations of earlier releases.
    asked_at: datetime | None = None


class Identify(_Asked):
    """Set the traits of a user; create the user if there is none."""

    kind: Literal["identify"]
    who: Who
    traits: Traits
    unvouched: list[Unvouched] = []


class Alias(_Asked):
    """Make an anonymous id reach the user with the external id, once."""

    kind: Literal["alias"]
    anonymous_id: str
    external_id: str


class RegisterDevice(_Asked):
    """Add a device to a user, or change the one that is there."""

    kind: Literal["device"]
    who: Who
    device: Device
    unvouched: list[Unvouched] = []


class TrackEvent(Model):
    """Process a message whose user is named by a client's ids, after the traits that the client gives."""

    kind: Literal["event"]
    who: Who
    traits: Traits | None = None
    unvouched: list[Unvouched] = []
    #: Its user_id is found when the operation is carried out.
    message: Message

    @property
    def id(self) -> str:
        """The operation's id: the message's, in its namespace."""
        return self.message.key

    @property
    def client_key(self) -> UsedKey | None:
        """The client key that it came with."""
        return self.message.client_key


Operation = Annotated[Identify | Alias | RegisterDevice | TrackEvent, Field(discriminator="kind")]


class Replay(Model):
    """Process a stored message again: queue the deliveries of its plan that are not final."""

    #: Names this replay, so that it has its effect once however often the queue hands it over.
    id: str
    #: The message's key.
    message_id: str
    #: Deliveries that are sent again although they are final.
    force: list[str] = []


class EventBatch(Model):
    """A record of the message queue: events of one request to one environment, or other work on it."""

    kind: Literal["events"] = "events"
    team_id: str
    environment: str
    messages: list[Message] = []
    #: The operations of a client's request, in its order.
    operations: list[Operation] = []
    #: Messages that are taken up again.
    replays: list[Replay] = []


def mint_message_id() -> str:
    """Return an id for a message whose sender gave none."""
    return str(uuid.uuid4())
