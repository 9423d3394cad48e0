"""Exports: everything that there is of a user."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from nereid.models.delivery import Delivery, Plan
from nereid.models.lead import Lead
from nereid.models.message import Message
from nereid.models.suppression import Suppression
from nereid.models.user import AppNotification, Device, User


@dataclass
class Export:
    """A part of what there is of a user."""

    user: User | None = None
    devices: Sequence[Device] = ()
    leads: Sequence[Lead] = ()
    suppressions: Sequence[Suppression] = ()
    inbox: list[AppNotification] = field(default_factory=list)
    #: With their plans, and how often their ids came again with something else.
    messages: list[tuple[Message, Plan, int]] = field(default_factory=list)
    #: By the id of the message.
    deliveries: list[tuple[str, Delivery]] = field(default_factory=list)
    #: Where to go on; None at the end.
    following: tuple[str, str] | None = None
    size: int = 0

    @property
    def is_empty(self) -> bool:
        """Whether nothing was found so far."""
        return not any((self.user, self.leads, self.suppressions, self.inbox, self.messages))
