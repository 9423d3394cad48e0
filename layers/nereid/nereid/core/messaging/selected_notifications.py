"""The notifications that a preview or a test send is about: one as given, or those of a stored event type."""

from typing import NamedTuple

from nereid.errors import Invalid, NotFound
from nereid.models.event_type import Notification
from nereid.models.team import Scope
from nereid.ports.messaging import EventTypeReader


class Selection(NamedTuple):
    """What to try: a notification that need not be stored, or an event type, or one of its notifications."""

    notification: Notification | None = None
    event_type: str | None = None
    name: str | None = None

    @property
    def label(self) -> str:
        """The event type that a message of them is said to be of."""
        return self.event_type or (self.notification.name if self.notification else "")

    def check(self) -> None:
        """Raise `Invalid` unless it is either a notification or an event type."""
        if self.notification is None and self.event_type is None:
            raise Invalid({"notification": "is required, unless event_type is given"})
        if self.notification is not None and self.event_type is not None:
            raise Invalid({"event_type": "must be left out where a notification is given"})
        if self.notification is not None and self.name is not None:
            raise Invalid({"name": "is of notifications of an event type"})

    def read(self, event_types: EventTypeReader, scope: Scope) -> list[Notification]:
        """Return the notifications; `NotFound` if there is no such event type, or none of that name in it."""
        if self.notification is not None:
            return [self.notification]
        stored = event_types.get(scope, self.event_type or "")
        if stored is None:
            raise NotFound("event type")
        named = [each for each in stored.notifications if self.name in (None, each.name)]
        if self.name is not None and not named:
            raise NotFound("notification")
        return named
