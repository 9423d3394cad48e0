"""The notifications of a message as configured now: apart from the processing, which needs the templates."""

from collections.abc import Mapping

from nereid.models.event_type import Notification
from nereid.models.lead_email import OutreachNotification
from nereid.models.message import Message
from nereid.models.team import Scope
from nereid.ports.messaging import EventTypeStore

#: Notifications by name, in their order.
Notifications = Mapping[str, Notification | OutreachNotification]


def configured(event_types: EventTypeStore, scope: Scope, message: Message) -> Notifications:
    """Return the notifications of a message as configured now, by name."""
    own = message.own_notification()
    if own is not None:
        return {own.name: own}
    event_type = event_types.get(scope, message.event_type)
    return {each.name: each for each in event_type.notifications} if event_type else {}


def is_configured(notifications: Notifications, name: str, channel: str) -> bool:
    """Tell whether a planned notification is still there, on the channel that the plan has it on."""
    return name in notifications and notifications[name].channel == channel
