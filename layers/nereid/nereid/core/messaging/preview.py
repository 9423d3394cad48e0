"""What notifications would be with data at hand: filled in as for a delivery, and neither sent nor stored."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from nereid.core.messaging.deliver import cut
from nereid.core.messaging.process_message import reached_by, recipients_of, why_not
from nereid.core.messaging.template_content import TemplateContent
from nereid.core.templates.variables import template_variables, user_variables
from nereid.core.time_limit import time_budget
from nereid.errors import TemplateFailed
from nereid.models.delivery import CONTACT_OF, NOT_APPLICABLE, DeliveryJob, Recipient
from nereid.models.event_type import Notification
from nereid.models.message import Message
from nereid.models.preview import Preview, Sample
from nereid.models.team import NO_CHANNELS, Environment
from nereid.models.user import User
from nereid.ports.audience import UserStore
from nereid.ports.clock import Clock

#: How many seconds the templates of one request may take together; a function has ten.
_SECONDS = 5
#: Most that all previews of an answer show together, in bytes of JSON: as a string in the JSON that a function answers
#: with, they may be twice as long, and that ends at 6 MB.
_SHOWN = 2_500_000
#: Whom a notification goes to as long as nobody is named. Nothing is sent there.
_SOMEBODY = {"email": "someone@example.com", "mobile_number": "+15555550100", "firebase_token": "token"}
_MESSAGE_ID = "preview"


@dataclass(frozen=True)
class Previewer:
    """Previews notifications.

    Parameters
    ----------
    bucket
        The name of the bucket of attachments.
    """

    users: UserStore
    clock: Clock
    bucket: str

    def preview(
        self,
        environment: Environment,
        notifications: Sequence[Notification],
        sample: Sample,
        event_type: str,
        unsubscribe_url: str,
    ) -> list[Preview]:
        """Return what notifications would be.

        Parameters
        ----------
        event_type
            What the message is said to be of.
        unsubscribe_url
            What stands where a mail has the link of its recipient.
        """
        message = Message(
            message_id=_MESSAGE_ID,
            event_type=event_type,
            user_id=sample.user_id,
            source="manage",
            data=dict(sample.data),
            received_at=self.clock.now(),
        )
        user = self.users.load(environment.scope, sample.user_id) if sample.user_id is not None else None
        seen = dict(sample.user) if sample.user is not None else user_variables(user, sample.user_id)
        contacts = recipients_of(message, user, environment.default_country)
        most = _SHOWN // max(8, len(notifications))
        with time_budget(_SECONDS):
            return [
                self._one(
                    environment, each, message, seen, _recipient(each, sample, contacts, user), unsubscribe_url, most
                )
                for each in notifications
            ]

    def _one(
        self,
        environment: Environment,
        notification: Notification,
        message: Message,
        user: dict[str, Any],
        recipient: Recipient,
        unsubscribe_url: str,
        most: int,
    ) -> Preview:
        skipped = why_not(notification, template_variables(environment.identifier, message, user))
        reason = None if skipped in (None, NOT_APPLICABLE) else skipped
        shown = (notification.name, notification.channel)
        job = DeliveryJob(
            team_id=environment.team_id,
            environment=environment.identifier,
            mock=environment.mock,
            channels=NO_CHANNELS,
            delivery_id=_MESSAGE_ID,
            recipient=recipient,
            notification=notification,
            message_id=message.key,
            message=message,
            user=user,
            planned_at=message.received_at,
        )
        url = (lambda _team, _address: unsubscribe_url) if notification.channel == "email" else None
        try:
            rendered = TemplateContent(url, self.bucket).render(job, message)
        except TemplateFailed as error:
            return Preview(
                *shown, {}, error.missing_variables, when=skipped is None, reason=reason or f"template: {error}"
            )
        return Preview(
            *shown,
            cut(rendered.members, most),
            rendered.missing_variables,
            when=skipped is None,
            template_notes=rendered.notes,
            reason=reason,
        )


def _recipient(
    notification: Notification, sample: Sample, contacts: Sequence[Recipient], user: User | None
) -> Recipient:
    """Return whom a notification goes to: the contact that is given, else the user's own, else somebody."""
    if notification.channel == "app":
        user_id = sample.user_id or (user.user_id if user else None) or str((sample.user or {}).get("user_id", "user"))
        return Recipient(type="user", value=user_id)
    wanted = CONTACT_OF[notification.channel]
    if sample.contact is not None and sample.contact.type == wanted:
        return sample.contact
    reached = reached_by(notification, contacts)
    return contacts[reached[0]] if reached else Recipient(type=wanted, value=_SOMEBODY[wanted])
