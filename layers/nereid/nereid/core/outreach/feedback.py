"""Reports on e-mails to leads: the leads' statuses and the campaigns' counts follow from them."""

from collections.abc import Collection
from dataclasses import dataclass

from nereid.contention import until_uncontested
from nereid.core.outreach.leads import SUPPRESSED_STATUS, mark_address, reopen_address
from nereid.errors import Conflict
from nereid.models.delivery import Delivery
from nereid.models.lead_email import EmailReference, Engagement, Fact
from nereid.models.report import EmailReport
from nereid.models.suppression import SuppressionReason
from nereid.ports.clock import Clock
from nereid.ports.messaging import DeliveryStore
from nereid.ports.outreach import CampaignMetrics, Count, EngagementStore, LeadStore

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
    """Implements `nereid.ports.messaging.SuppressionListener`: a lead's status follows from its suppressions."""

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

    Everything here may be repeated: nothing is done or counted twice.
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
        delivery = self._counted(report, fact, email)
        # The lead of somebody who was erased is gone, and so is what it did.
        if delivery is not None and delivery.to is not None and report.kind in _ENGAGEMENT:
            self.engagement.note(report.scope.team_id, email.lead_id, _ENGAGEMENT[report.kind])
        return delivery

    def _counted(self, report: EmailReport, fact: Fact, email: EmailReference) -> Delivery | None:
        """Note a report and count its fact, once for all sendings of a mail; return the delivery."""
        scope, delivery_id = report.scope, report.delivery_id

        def attempt() -> Delivery | None:
            noted = self.metrics.noted(scope, delivery_id)
            if noted is not None and noted.sent_on is None and not noted.has(report.kind):
                # The report is faster than our own record of the hand-over, and proves it.
                self.metrics.count_sent(scope, delivery_id, email.campaign_id, report.sent_at or report.at)
                noted = self.metrics.noted(scope, delivery_id)
            if noted is None or noted.has(report.kind, report.sending):
                return noted and noted.delivery
            if noted.has(report.kind):
                # It counted for another sending, and a mail counts once.
                return self.deliveries.report(scope, delivery_id, report.event, report.sending)
            if noted.sent_on is None:
                raise Conflict
            # A lead unsubscribes from a campaign once, with whichever of its mails.
            once_for = email.lead_id if fact == "unsubscribed" else None
            count = Count(email.campaign_id, fact, noted.sent_on, report.at.date(), once_for)
            self.metrics.count(scope, delivery_id, noted, report.event, report.sending, count)
            noted = self.metrics.noted(scope, delivery_id)
            if noted is not None and not noted.has(report.kind, report.sending):
                raise Conflict
            return noted and noted.delivery

        return until_uncontested("delivery", attempt)


def _email(report: EmailReport) -> EmailReference | None:
    campaign_id, lead_id = report.tags.get("campaign_id"), report.tags.get("lead_id")
    return EmailReference(campaign_id, lead_id, report.sending) if campaign_id and lead_id else None
