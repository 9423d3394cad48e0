"""E-mails to leads on the queue of all e-mails: their content, and their count for the campaign."""

from dataclasses import dataclass
from datetime import datetime

from nereid.core.memory_limit import memory_limit
from nereid.core.messaging.unsubscribe import Unsubscriber
from nereid.core.outreach import content
from nereid.core.time_limit import time_limit
from nereid.errors import TemplateFailed
from nereid.models.delivery import DeliveryJob, Rendered
from nereid.models.lead_email import GivenContent
from nereid.models.message import Message
from nereid.ports.messaging import Content
from nereid.ports.outreach import CampaignMetrics


@dataclass(frozen=True)
class LeadMail:
    """Implements `nereid.ports.messaging.Content`.

    Parameters
    ----------
    others
        The content of e-mails that are to no lead.
    """

    others: Content
    unsubscriber: Unsubscriber
    metrics: CampaignMetrics

    def render(self, job: DeliveryJob, message: Message) -> Rendered:
        """Return the content as given, with a link to unsubscribe."""
        given = _given(job)
        if given is None:
            return self.others.render(job, message)
        assert message.outreach is not None
        tags = {"campaign_id": given.campaign_id, "lead_id": given.lead_id}
        url = self.unsubscriber.url(job.team_id, job.recipient.value, job, tags)
        try:
            with time_limit(), memory_limit():
                return content.render(message.outreach, url)._replace(tags=tags)
        except TemplateFailed:
            raise
        except Exception as error:  # content must never keep its delivery from ending
            raise TemplateFailed(type(error).__name__) from error

    def is_followed_up(self, job: DeliveryJob) -> bool:
        """Tell whether the mail counts for a campaign."""
        return _given(job) is not None or self.others.is_followed_up(job)

    def follow_up(self, job: DeliveryJob, sent_at: datetime) -> None:
        """Count the mail for its campaign, once however often it is called."""
        given = _given(job)
        if given is None:
            self.others.follow_up(job, sent_at)
        else:
            self.metrics.count_sent(job.scope, job.delivery_id, given.campaign_id, sent_at)


def _given(job: DeliveryJob) -> GivenContent | None:
    template = job.notification.template
    return template if isinstance(template, GivenContent) else None
