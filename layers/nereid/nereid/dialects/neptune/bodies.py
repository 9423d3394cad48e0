"""Bodies and queries of the Neptune API, with the tolerance that its clients are used to."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints

from nereid.dialects.body_types import Identifier, LaxBody, Name, Object, OptionalIdentifier, whole_number
from nereid.models.message import Message
from nereid.models.user import CONTACT_TYPES, ContactType, fits

#: Most entries of an event's `contact_infos`.
MAX_EVENT_CONTACTS = 50
#: Longest address, in characters.
MAX_ADDRESS = 4096


def _list_if_empty(value: Any) -> Any:
    return [] if value is None or (value == {} and isinstance(value, dict)) else value


def _none_if_empty(value: Any) -> Any:
    return value or None


def _check_contacts(entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    for entry in entries:
        value, filterable = entry.get("value"), entry.get("filterable")
        if entry.get("type") not in CONTACT_TYPES or value is None:
            continue
        if isinstance(value, bool) or not isinstance(value, str | int) or len(str(value)) > MAX_ADDRESS:
            raise ValueError("value must be a string or an integer")
        if filterable is not None and (not isinstance(filterable, str) or len(filterable) > 256):
            raise ValueError("filterable must be a string")
    return entries


def _stripped(value: Any) -> Any:
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value.strip() if isinstance(value, str) else value


def _check_size(meta: dict[str, Any]) -> dict[str, Any]:
    if not fits(meta):
        raise ValueError("meta is too large")
    return meta


Address = Annotated[str, BeforeValidator(_stripped), StringConstraints(min_length=1, max_length=MAX_ADDRESS)]
Filterable = Annotated[str, StringConstraints(max_length=256)] | None
EventContacts = Annotated[
    list[dict[str, Any]],
    BeforeValidator(_list_if_empty),
    Field(max_length=MAX_EVENT_CONTACTS),
    AfterValidator(_check_contacts),
]
Meta = Annotated[Object, AfterValidator(_check_size)]
PageNumber = Annotated[int, BeforeValidator(whole_number), Field(ge=1)]
_UUID = r"^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$"
#: An id of ours.
Uuid = Annotated[str, StringConstraints(pattern=_UUID, to_lower=True)]
PerPage = Annotated[int, BeforeValidator(whole_number), Field(ge=1, le=100)]


class EventBody(LaxBody):
    """An event posted under its environment's path."""

    event_type: Name
    data: Object = {}
    user_id: Identifier | None = None
    contact_infos: EventContacts = []
    ignore_user_contacts: Any = False
    message_id: OptionalIdentifier = None
    timestamp: Any = None

    def extra(self) -> dict[str, Any]:
        """Return the keys that are kept with the message and have no effect."""
        kept = {
            key: value for key, value in (self.model_extra or {}).items() if key not in ("environment", "api_token")
        }
        if self.timestamp is not None and self.seconds() is None:
            kept["timestamp"] = self.timestamp
        return kept

    def seconds(self) -> int | None:
        """Return the timestamp if it is one: an integer, or digits in a string."""
        if isinstance(self.timestamp, int) and not isinstance(self.timestamp, bool):
            return self.timestamp
        if isinstance(self.timestamp, str) and self.timestamp.isascii() and self.timestamp.isdigit():
            return int(self.timestamp) if len(self.timestamp) < 20 else None
        return None

    def to_message(self, message_id: str, received_at: Any) -> Message:
        """Return the message that this body is."""
        return Message(
            message_id=message_id,
            event_type=self.event_type,
            user_id=self.user_id,
            source="neptune",
            data=self.data,
            contact_infos=self.contact_infos,
            ignore_user_contacts=self.ignore_user_contacts is True or self.ignore_user_contacts == "true",
            timestamp=self.seconds(),
            extra=self.extra(),
            received_at=received_at,
        )


class IngestBody(EventBody):
    """An event posted to the ingest endpoint, which names its environment in the body."""

    environment: Annotated[str, StringConstraints(min_length=1)]


class NewUserBody(LaxBody):
    """A user to create or update."""

    user_id: Identifier
    meta: Meta = {}


class UserBody(LaxBody):
    """New values for a user."""

    meta: Meta = {}


class ContactInfoKey(LaxBody):
    """The pair that identifies a contact info."""

    type: ContactType
    value: Address


class ContactInfoBody(ContactInfoKey):
    """A contact info; `filterable` and `meta` that are not given stay as they are."""

    filterable: Filterable = None
    meta: Meta = {}


class PageQuery(LaxBody):
    """Which page of a list."""

    page: PageNumber = 1
    per_page: PerPage = 10


class AppNotificationsQuery(PageQuery):
    """The user and the selection of a list of app notifications."""

    user_id: Identifier
    type: Literal["all", "unread", "read"] = "unread"
    sort_order: Any = None
    before: Annotated[Uuid | None, BeforeValidator(_none_if_empty)] = None


class ReadBody(LaxBody):
    """The app notifications to mark as read: one, or all of a user."""

    type: Literal["user", "notification"]
    id: Identifier
