"""The notifications of a message as configured now: apart from the processing, which needs the templates."""

from collections.abc import Mapping
from typing import NamedTuple

from nereid.models.delivery import Plan
from nereid.models.event_type import Notification
from nereid.models.lead_email import OutreachNotification
from nereid.models.message import Message
from nereid.models.team import Scope
from nereid.ports.messaging import EventTypeReader

#: Notifications by name, in their order.
Notifications = Mapping[str, Notification | OutreachNotification]


class Configured(NamedTuple):
    """What is configured for a message."""

    notifications: Notifications
    #: Why there is no notification, in words; None if there is one.
    reason: str | None = None
    #: Whether the message may make deliveries if a public key sent it.
    is_public: bool = True
    #: Whether the data of the message go once its deliveries are final.
    forget: bool = False


def configuration(event_types: EventTypeReader, scope: Scope, message: Message) -> Configured:
    """Return what is configured for a message now."""
    own = message.own_notifications()
    if own is not None:
        return Configured({each.name: each for each in own})
    event_type = event_types.get(scope, message.event_type)
    if event_type is None:
        return Configured({}, "event type is not configured")
    reason = None if event_type.notifications else "event type has no notifications"
    notifications = {each.name: each for each in event_type.notifications}
    is_public, forget = event_type.public is not False, event_type.retain_data is False
    return Configured(notifications, reason, is_public, forget)


def configured(event_types: EventTypeReader, scope: Scope, message: Message) -> Notifications:
    """Return the notifications of a message as configured now, by name."""
    return configuration(event_types, scope, message).notifications


def configured_for(
    plan: Plan, recent: EventTypeReader, event_types: EventTypeReader, scope: Scope, message: Message
) -> Notifications:
    """Return the notifications of a message that has a plan: as they were lately, if they are those of the plan.

    A plan may come from another sandbox, which knew of a newer event type than this one does. What is unknown here is
    not taken for removed before the store has been asked.
    """
    notifications = configured(recent, scope, message)
    if all(is_configured(notifications, each.name, each.channel) for each in plan.notifications):
        return notifications
    return configured(event_types, scope, message)


def is_configured(notifications: Notifications, name: str, channel: str) -> bool:
    """Tell whether a planned notification is still there, on the channel that the plan has it on."""
    return name in notifications and notifications[name].channel == channel
