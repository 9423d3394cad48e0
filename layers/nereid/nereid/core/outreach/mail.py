"""What an e-mail to a lead needs at its delivery, beside what all deliveries need."""

from dataclasses import dataclass
from datetime import datetime

from nereid.core.messaging.unsubscribe import MailReference, Unsubscriber
from nereid.models.delivery import DeliveryJob
from nereid.models.lead_email import GivenContent
from nereid.ports.outreach import CampaignMetrics


@dataclass(frozen=True)
class OutreachMail:
    """Implements `nereid.core.messaging.deliver.OutreachMail`."""

    unsubscriber: Unsubscriber
    metrics: CampaignMetrics

    def unsubscribe_url(self, job: DeliveryJob) -> str:
        """Return the link with which the lead unsubscribes, for this mail."""
        content = _content(job)
        mail = MailReference(job.environment, job.delivery_id, content.campaign_id, content.lead_id, job.sending)
        return self.unsubscriber.url(job.team_id, job.recipient.value, mail)

    def count_sent(self, job: DeliveryJob, at: datetime) -> None:
        """Count the mail for its campaign, once however often it is called."""
        self.metrics.count_sent(job.scope, job.delivery_id, _content(job).campaign_id, at)


def _content(job: DeliveryJob) -> GivenContent:
    content = job.notification.template
    assert isinstance(content, GivenContent)
    return content
