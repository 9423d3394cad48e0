"""The content of configured notifications: their templates, filled in."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from nereid.core.templates.variables import template_variables
from nereid.errors import TemplateFailed
from nereid.models.attachment_url import object_key
from nereid.models.delivery import DeliveryJob, Rendered
from nereid.models.lead_email import OutreachNotification
from nereid.models.message import Message


@dataclass(frozen=True)
class TemplateContent:
    """Implements `nereid.ports.messaging.Content`.

    Parameters
    ----------
    unsubscribe_url
        Makes the link with which an address unsubscribes from a team's mail; None for channels that have no such link.
    bucket
        The name of the bucket of attachments; empty for channels that have none.
    """

    unsubscribe_url: Callable[[str, str], str] | None = None
    bucket: str = ""

    def render(self, job: DeliveryJob, message: Message) -> Rendered:
        """Fill in the notification's template."""
        # Of what process_messages handles little is rendered there, and Liquid takes long to load.
        from nereid.core.templates.render import render, uses
        from nereid.core.templates.rendering import Locality

        notification = job.notification
        assert not isinstance(notification, OutreachNotification)
        template, user = notification.template, job.user or {}
        url = self.unsubscribe_url(job.team_id, job.recipient.value) if self.unsubscribe_url else None
        variables = template_variables(job.environment, message, user, job.recipient, url)
        locality = Locality(user.get("locale"), user.get("timezone"))
        rendered = render(
            template,
            variables,
            locality,
            fail_if_missing=notification.missing == "fail",
            to=job.recipient.value,
            from_public=message.is_public,
        )
        for index, file in enumerate(rendered.files):
            if file.url is not None and object_key(file.url, self.bucket, job.team_id) is None:
                raise TemplateFailed(f"attachments[{index}].url is not an object of the team's")
        return rendered._replace(unsubscribe_url=url if uses(template, "unsubscribe_url") else None)

    def is_followed_up(self, job: DeliveryJob) -> bool:  # noqa: ARG002 - it is the same for all
        """Tell that nothing follows."""
        return False

    def follow_up(self, job: DeliveryJob, sent_at: datetime) -> None:
        """Do nothing."""
