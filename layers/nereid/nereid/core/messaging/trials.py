"""Test sends: notifications as they are, to one address that somebody names, through the ordinary pipeline.

The message carries its notifications itself, so that what was asked for is sent, whatever the event type says by then.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from nereid.errors import Invalid
from nereid.models.addresses import normal, why_unreachable
from nereid.models.delivery import CONTACT_OF
from nereid.models.event_type import Notification
from nereid.models.message import Message, Trial, mint_message_id
from nereid.models.team import Environment
from nereid.ports.audience import UserStore
from nereid.ports.clock import Clock


def trial_message(
    users: UserStore,
    clock: Clock,
    environment: Environment,
    notifications: Sequence[Notification],
    event_type: str,
    to: str,
    data: Mapping[str, Any],
    user_id: str | None,
) -> Message:
    """Return the message of a test send; it has those of the notifications whose channel reaches the address.

    Parameters
    ----------
    to
        An e-mail address, a phone number, a push token, or the id of a user, for notifications in the app.

    Raises
    ------
    Invalid
        Naming `to`, if none of them can go there.
    """
    type_, value = _read(users, environment, {each.channel for each in notifications}, to)
    fitting = [each for each in notifications if CONTACT_OF.get(each.channel, "user") == type_]
    if not fitting:
        raise Invalid({"to": "is no address of a channel of the notifications"})
    if user_id is None and type_ == "user":
        user_id = value
    return Message(
        message_id=mint_message_id(),
        minted=True,
        event_type=event_type,
        user_id=user_id,
        source="manage",
        data=dict(data),
        received_at=clock.now(),
        test=Trial(notifications=fitting, type=type_, to=value),
    )


def _read(users: UserStore, environment: Environment, channels: set[str], to: str) -> tuple[str, str]:
    """Return the type of contact that an address is, and the address in normal form.

    Push tokens and ids of users have no form of their own, and an id may look like an address.
    """
    if channels == {"app"}:
        return "user", to
    for type_ in ("email", "mobile_number"):
        value = normal(type_, to, environment.default_country)
        if why_unreachable(type_, value) is None:
            return type_, value
    if "app" in channels and ("push" not in channels or users.get(environment.scope, to) is not None):
        return "user", to
    return "firebase_token", normal("firebase_token", to)
