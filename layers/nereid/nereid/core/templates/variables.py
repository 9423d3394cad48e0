"""The variables that templates and conditions see."""

from typing import Any

from nereid.clock import to_iso
from nereid.models.delivery import Recipient
from nereid.models.message import Message
from nereid.models.user import User


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
    """Return everything that a template can name; the keys of the message's data come first."""
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
    return {**{name: value for name, value in variables.items() if value is not None}, **message.data}
