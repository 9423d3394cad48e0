"""Channel `app`: a delivery is handed over by putting it into the user's inbox."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from nereid import jsontext
from nereid.core.audience.client_identities import Identities
from nereid.errors import NotFound, ProviderRefused
from nereid.models.delivery import DeliveryJob, Planned, Rendered
from nereid.models.team import Scope
from nereid.models.user import AppNotification
from nereid.ports.audience import Inbox

#: Most that an app notification may hold, in bytes of JSON; a record of the store ends at 400 KB.
MAX_BYTES = 350_000


@dataclass(frozen=True)
class AppInboxChannel:
    """Stores app notifications. Storing the same one twice leaves one, so nothing here is ever unknown."""

    inbox: Inbox
    identities: Identities

    def has_provider(self, job: DeliveryJob) -> bool:  # noqa: ARG002 - it is the same for all
        """Tell that an inbox needs no provider."""
        return True

    def is_paced(self, job: DeliveryJob) -> bool:  # noqa: ARG002 - it is the same for all
        """Tell that an inbox takes everything at once."""
        return False

    def senders(self, job: DeliveryJob, rendered: Rendered) -> Sequence[str]:  # noqa: ARG002 - it is the same for all
        """Tell that an inbox names no sender."""
        return ()

    def has(self, scope: Scope, planned: Planned, planned_at: datetime) -> bool:
        """Tell whether a delivery is in the inbox of the user that it is for, or of the one that this became."""
        assert planned.recipient is not None
        user_id = planned.recipient.value
        if self.inbox.has(scope, user_id, planned.id, planned_at):
            return True
        successor = self.identities.successor(scope, user_id)
        return successor is not None and self.inbox.has(scope, successor, planned.id, planned_at)

    def send(self, job: DeliveryJob, rendered: Rendered, check_time: Callable[[], None]) -> str | None:
        """Put the notification into the inbox of the user; the delivery's id is the notification's."""
        assert job.message is not None
        if jsontext.size(rendered.members) > MAX_BYTES:
            raise ProviderRefused("too large")
        members = rendered.members
        expires_in = members.get("expires_in")
        notification = AppNotification(
            uuid=job.delivery_id,
            user_id=job.recipient.value,
            event_type=job.message.event_type,
            title=members["title"],
            body=members["body"],
            html=members.get("html"),
            image=members.get("image"),
            action_url=members.get("action_url"),
            read_on_show=members.get("read_on_show"),
            data=members.get("data", {}),
            created_at=job.planned_at,
            expires_at=job.planned_at + timedelta(seconds=expires_in) if expires_in is not None else None,
        )
        check_time()
        try:
            self.inbox.put(job.scope, notification)
        except NotFound as error:
            # The profile became another user since the delivery was planned, or was deleted.
            user_id = self.identities.successor(job.scope, notification.user_id)
            if user_id is None:
                raise ProviderRefused("user deleted") from error
            self.inbox.put(job.scope, notification.model_copy(update={"user_id": user_id}))
        return None
