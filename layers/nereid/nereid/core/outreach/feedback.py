"""What becomes of e-mails to leads, made known to the leads and their campaigns."""

from collections.abc import Collection
from dataclasses import dataclass

from nereid.core.outreach.leads import SUPPRESSED_STATUS, mark_address, reopen_address
from nereid.models.delivery import Delivery
from nereid.models.lead_email import EmailReference, Engagement, Fact
from nereid.models.report import EmailReport
from nereid.models.suppression import SuppressionReason
from nereid.ports.clock import Clock
from nereid.ports.messaging import DeliveryStore
from nereid.ports.outreach import CampaignMetrics, EngagementStore, LeadStore

#: The facts that reports are; every other report is only noted.
FACTS: dict[str, Fact] = {
    "delivery": "delivered",
    "open": "opened",
    "click": "clicked",
    "bounce": "bounced",
    "complaint": "complained",
    "unsubscribe": "unsubscribed",
}
_ENGAGEMENT: dict[str, Engagement] = {"delivery": "delivered", "open": "opened", "click": "clicked"}


@dataclass(frozen=True)
class SuppressedLeads:
    """Implements `nereid.ports.messaging.SuppressionListener`: a lead's status follows from what its address is."""

    leads: LeadStore
    clock: Clock

    def suppressed(self, team_id: str, email: str, reason: SuppressionReason) -> None:
        """Move the lead with an address that must not be mailed any more, if there is one."""
        mark_address(self.leads, self.clock, team_id, email, SUPPRESSED_STATUS[reason])

    def reopened(self, team_id: str, email: str, left: Collection[SuppressionReason]) -> None:
        """Let the lead with an address stand where it may be mailed again, if nothing is left that forbids it."""
        reopen_address(self.leads, self.clock, team_id, email, left)


@dataclass(frozen=True)
class OutreachFeedback(SuppressedLeads):
    """Implements `nereid.ports.messaging.Listener`.

    Everything here may be repeated: what was done stays done, and nothing is counted twice.
    """

    deliveries: DeliveryStore
    metrics: CampaignMetrics
    engagement: EngagementStore

    def reported(self, report: EmailReport) -> Delivery | None:
        """Note a report, and count it for the campaign if the mail is one to a lead."""
        email = _email(report)
        fact = FACTS.get(report.kind)
        if email is None or fact is None:
            return self.deliveries.report(report.scope, report.delivery_id, report.event, report.sending)
        delivery = self.metrics.report(
            report.scope, report.delivery_id, report.event, fact, email, sent_at=report.sent_at
        )
        if delivery is not None and report.kind in _ENGAGEMENT:
            self.engagement.note(report.scope.team_id, email.lead_id, _ENGAGEMENT[report.kind])
        return delivery


def _email(report: EmailReport) -> EmailReference | None:
    campaign_id, lead_id = report.tags.get("campaign_id"), report.tags.get("lead_id")
    return EmailReference(campaign_id, lead_id, report.sending) if campaign_id and lead_id else None
