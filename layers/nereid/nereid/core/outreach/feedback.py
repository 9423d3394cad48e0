"""What becomes of e-mails to leads, made known to the leads and their campaigns."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from nereid.core.outreach.leads import SUPPRESSED_STATUS, mark_address
from nereid.models.delivery import Delivery
from nereid.models.lead_email import EmailReference, Engagement, Fact
from nereid.models.suppression import SuppressionReason
from nereid.models.team import Scope
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
class OutreachFeedback:
    """Passes reports on. Everything here may be repeated: what was done stays done, and nothing is counted twice."""

    deliveries: DeliveryStore
    metrics: CampaignMetrics
    engagement: EngagementStore
    leads: LeadStore
    clock: Clock

    def report(
        self,
        scope: Scope,
        delivery_id: str,
        event: Mapping[str, Any],
        email: EmailReference,
        sent_at: datetime | None = None,
    ) -> Delivery | None:
        """Note a report about an e-mail to a lead; return its delivery, None if it is not kept any more.

        Parameters
        ----------
        sent_at
            When the e-mail was handed over, if the report says so.
        """
        kind = str(event["type"])
        fact = FACTS.get(kind)
        if fact is None:
            return self.deliveries.report(scope, delivery_id, event, email.sending)
        delivery = self.metrics.report(scope, delivery_id, event, fact, email, sent_at)
        if delivery is not None and kind in _ENGAGEMENT:
            self.engagement.note(scope.team_id, email.lead_id, _ENGAGEMENT[kind])
        return delivery

    def suppressed(self, team_id: str, email: str, reason: SuppressionReason) -> None:
        """Move the lead with an address that must not be mailed any more, if there is one."""
        mark_address(self.leads, self.clock, team_id, email, SUPPRESSED_STATUS[reason])
