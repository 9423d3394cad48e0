"""Whether a message whose id is taken is the same once more, or something else under the same id."""

import hashlib
from typing import Any

from nereid import jsontext
from nereid.clock import to_iso
from nereid.models.message import Message

#: How much of a digest names a conflict.
_MARK_LENGTH = 16


def is_repetition(message: Message, stored: Message, user_before: str | None = None) -> bool:
    """Tell whether a message says what the stored one says: event type, user and data.

    Parameters
    ----------
    user_before
        The id that the user had before it became another one: an anonymous profile's. A client that repeats its request
        names the same person.
    """
    if stored.dropped_at is not None:  # nobody knows any more
        return True
    is_same_user = stored.user_id == message.user_id or (user_before is not None and stored.user_id == user_before)
    return message.event_type == stored.event_type and is_same_user and _is_same(message.data, stored.data)


def conflict_mark(message: Message) -> str:
    """Return what names this coming of a message: the same whenever the queue hands the message over again."""
    said = [to_iso(message.received_at), message.event_type, message.data]
    return hashlib.sha256(jsontext.dumps(said).encode()).hexdigest()[:_MARK_LENGTH]


def _is_same(one: Any, other: Any) -> bool:
    """Tell whether two values are the same JSON; for Python, true is 1."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_is_same(value, other[name]) for name, value in one.items())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_is_same, one, other))
    return bool(one == other)
