"""The variables that templates and conditions see."""

from typing import Any

from nereid.clock import to_iso
from nereid.models.delivery import Recipient
from nereid.models.message import Message
from nereid.models.user import User

#: Names that are never those of a key of the data; and those that are not if a public key sent the message.
_RESERVED = frozenset({"contact", "unsubscribe_url"})
_RESERVED_FROM_PUBLIC = _RESERVED | {"data", "message", "user"}


def user_variables(user: User | None, user_id: str | None) -> dict[str, Any]:
    """Return `user`: its id, meta's keys, timezone and locale. An unknown user has its id alone."""
    if user is None:
        return {"user_id": user_id} if user_id is not None else {}
    own = {"user_id": user.user_id, "timezone": user.timezone, "locale": user.locale}
    return {**user.meta, **{name: value for name, value in own.items() if value is not None}}


def template_variables(
    environment: str,
    message: Message,
    user: dict[str, Any],
    contact: Recipient | None = None,
    unsubscribe_url: str | None = None,
) -> dict[str, Any]:
    """Return everything that a template can name.

    The keys of the message's data come first, but for the reserved ones: whom a message reaches and how to unsubscribe
    are ours to say, and so are the user and the message itself where anybody who has the app may have sent it. All of
    the data are under `data`.
    """
    reserved = _RESERVED_FROM_PUBLIC if message.is_public else _RESERVED
    variables: dict[str, Any] = {
        "data": message.data,
        "user": user,
        "message": {
            "message_id": message.message_id,
            "event_type": message.event_type,
            "environment": environment,
            "received_at": to_iso(message.received_at),
        },
        "client": message.extra.get("client"),
        "contact": contact.model_dump() if contact else None,
        "unsubscribe_url": unsubscribe_url,
    }
    data = {name: value for name, value in message.data.items() if name not in reserved}
    return {**{name: value for name, value in variables.items() if value is not None}, **data}
