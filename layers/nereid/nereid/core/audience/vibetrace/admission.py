"""Admission of the Vibetrace API's events: they need an existing user, and a bot's are discarded."""

from collections.abc import Sequence

from nereid.core.audience.users_by_email import user_by_email
from nereid.core.audience.vibetrace.bots import is_bot
from nereid.core.audience.vibetrace.restrictions import count_discarded
from nereid.errors import NotFound
from nereid.models.message import Message
from nereid.models.team import Scope
from nereid.models.user import User
from nereid.ports.audience import AddressedUserStore

#: Longest id that a user can have; a longer one cannot even be looked up.
_MAX_USER_ID = 256


def find_user(users: AddressedUserStore, scope: Scope, user_id: str | None, email: str) -> User:
    """Return the user with this id or, if no id is given, with this address; `NotFound` if there is none."""
    if user_id is None:
        return user_by_email(users, scope, email)
    user = users.get(scope, user_id) if len(user_id) <= _MAX_USER_ID else None
    if user is None:
        raise NotFound("user")
    return user


def without_bots(scope: Scope, messages: Sequence[Message], agents: Sequence[object]) -> list[Message]:
    """Return the messages that no bot sent, by the user agents of the request and of each; count the others."""
    wanted = []
    for message in messages:
        if is_bot(*agents, message.data.get("ua")):
            count_discarded("bot", scope, message)
        else:
            wanted.append(message)
    return wanted
