"""Bodies of the Vibetrace API, in both forms that its clients send: flat, and nested in `generic`."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from nereid.core.audience.vibetrace.amounts import amount
from nereid.errors import Invalid, NereidError
from nereid.models.message import Message, Rule, mint_message_id

#: Most events of one request.
MAX_EVENTS = 20
MAX_NAME = 256
_RULES: dict[str, Rule] = {
    "update": "update",
    "login": "login",
    "confirmation": "confirmation",
    "open": "open",
    "email_open": "open",
    "emailopen": "open",
}
#: Types whose events are named by their `event_name`.
_NAMED_INSIDE = ("generic", "event")


class MissingEvent(NereidError):
    """The body names no event."""


class MissingUser(NereidError):
    """The body names no user."""


class InvalidEvent(NereidError):
    """An event, or the user it is for, is of a wrong form."""


@dataclass(frozen=True)
class Event:
    """One event: the key that it was sent under, its type and fields."""

    key: str
    event_type: str
    rule: Rule | None
    data: dict[str, Any]


@dataclass(frozen=True)
class EventBody:
    """A user, by id or else by address, and its events."""

    user_id: str | None
    email: str
    events: list[Event]
    #: The user agent of the end client, if the body names one.
    agent: Any

    def messages(self, user_id: str, idempotency_key: str | None, received_at: datetime) -> list[Message]:
        """Return the events as messages, with the ids that the caller's key gives them, or new ones."""
        key = idempotency_key if idempotency_key and len(idempotency_key) <= MAX_NAME else None
        return [
            Message(
                message_id=_message_id(key, event.key if len(self.events) > 1 else None),
                event_type=event.event_type,
                user_id=user_id,
                source="vibetrace",
                data=event.data,
                rule=event.rule,
                received_at=received_at,
            )
            for event in self.events
        ]


def read_events(body: Mapping[str, Any]) -> EventBody:
    """Read the body of an event request.

    Raises
    ------
    MissingEvent, MissingUser, InvalidEvent
        In this order.
    """
    sent = body.get("event")
    types = {key: value for key, value in sent.items() if key != "ua"} if isinstance(sent, dict) else {}
    if not isinstance(sent, dict) or not types:
        raise MissingEvent
    user = body.get("user")
    if not isinstance(user, dict) or all(user.get(name) in (None, "") for name in ("_id", "email")):
        raise MissingUser
    user_id, email = _user_id(user.get("_id")), _address(user.get("email"))
    if user_id is None and not email:
        raise MissingUser
    if len(types) > MAX_EVENTS:
        raise InvalidEvent
    return EventBody(user_id, email, [_event(key, fields) for key, fields in types.items()], sent.get("ua"))


def read_new_user(body: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """Return the address and the attributes of a user to be created; `Invalid` if there is no address."""
    email = body.get("email")
    if not isinstance(email, str):
        raise Invalid({"email": "is not an e-mail address"})
    return email.strip(), attributes(body)


def attributes(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return the attributes in a flat body."""
    return {key: value for key, value in body.items() if key not in ("_id", "email")}


def _event(key: str, sent: Any) -> Event:
    if not 1 <= len(key) <= MAX_NAME:
        raise InvalidEvent
    fields = _flat(_object(sent))
    if _RULES.get(key) == "confirmation" and fields.get("total") is not None and amount(fields["total"]) is None:
        raise InvalidEvent
    if key not in _NAMED_INSIDE:
        return Event(key, key, _RULES.get(key), fields)
    name = fields.pop("event_name", None)
    if not isinstance(name, str) or not 1 <= len(name) <= MAX_NAME:
        raise InvalidEvent
    return Event(key, name, None, fields)


def _flat(fields: dict[str, Any]) -> dict[str, Any]:
    """Lift the fields nested in `generic`; a flat field of the same name wins."""
    inner = fields.get("generic")
    if not isinstance(inner, dict) and inner != []:
        return dict(fields)
    rest = {key: value for key, value in fields.items() if key != "generic"}
    return {**inner, **rest} if isinstance(inner, dict) else rest


def _object(value: Any) -> dict[str, Any]:
    if value is None or (isinstance(value, list) and not value):
        return {}
    if not isinstance(value, dict):
        raise InvalidEvent
    return value


def _user_id(value: Any) -> str | None:
    if value is None or value == "":
        return None
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise InvalidEvent
    return str(value)


def _address(value: Any) -> str:
    if value is not None and not isinstance(value, str):
        raise InvalidEvent
    return value.strip() if value else ""


def _message_id(key: str | None, type_: str | None) -> str:
    if key is None:
        return mint_message_id()
    return key if type_ is None else f"{key}:{type_}"
