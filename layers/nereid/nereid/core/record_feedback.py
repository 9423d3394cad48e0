"""What the e-mail provider reports after it accepted a mail.

It was delivered, opened, clicked, bounced, complained about, and so on.

Reports come more than once and in any order. Each is noted once per delivery and type, and what they mean for a
delivery is worked out when it is read. A permanent bounce or a complaint suppresses the address at once.
"""

from dataclasses import dataclass
from typing import Any

from nereid.clock import to_iso
from nereid.core.outreach_feedback import OutreachFeedback
from nereid.models.delivery import Delivery
from nereid.models.outreach import EmailReference
from nereid.models.suppression import SuppressionReason
from nereid.models.team import Scope
from nereid.ports import Clock, DeliveryStore, SuppressionStore

#: The provider's names of what it reports, and ours. A transient bounce is told apart, for it decides nothing.
TYPES = {
    "Delivery": "delivery",
    "Bounce": "bounce",
    "Complaint": "complaint",
    "Open": "open",
    "Click": "click",
    "Reject": "reject",
    "Rendering Failure": "rendering_failure",
    "DeliveryDelay": "delivery_delay",
}


@dataclass(frozen=True)
class FeedbackRecorder:
    """Records reports.

    Parameters
    ----------
    outreach
        Who makes them known to leads and campaigns.
    """

    deliveries: DeliveryStore
    suppressions: SuppressionStore
    clock: Clock
    outreach: OutreachFeedback | None = None

    def record(self, report: dict[str, Any]) -> str:
        """Record one report, as SES publishes it.

        Returns
        -------
        What was done, for the log: the type recorded, or why it was ignored.

        Raises
        ------
        Unavailable
            If a store failed; recording again is safe.
        """
        tags = report.get("mail", {}).get("tags", {})
        kind = _kind(report)
        team_id, environment, delivery_id = (_tag(tags, name) for name in ("team_id", "environment", "delivery_id"))
        if kind is None or not team_id or not environment or not delivery_id:
            return "ignored: not about a delivery of ours"
        now = self.clock.now()
        event = {"type": kind, "at": to_iso(now)}
        if kind == "click" and report.get("click", {}).get("link"):
            event["link"] = str(report["click"]["link"])[:2048]
        delivery = self._report(Scope(team_id, environment), delivery_id, event, tags)
        if delivery is None:
            return "ignored: the delivery is not kept any more"
        reason = _suppression(kind)
        # Also on a repetition: the first one may have died before this line.
        if reason is not None and delivery.to is not None:
            self.suppressions.add(team_id, delivery.to, reason, now)
            if self.outreach is not None:
                self.outreach.suppressed(team_id, delivery.to, reason)
        return kind

    def _report(self, scope: Scope, delivery_id: str, event: dict[str, Any], tags: dict[str, Any]) -> Delivery | None:
        campaign_id, lead_id = _tag(tags, "campaign_id"), _tag(tags, "lead_id")
        sending = int(_tag(tags, "sending") or 1)
        if self.outreach is None or not campaign_id or not lead_id:
            return self.deliveries.report(scope, delivery_id, event, sending)
        return self.outreach.report(scope, delivery_id, event, EmailReference(campaign_id, lead_id, sending))


def _kind(report: dict[str, Any]) -> str | None:
    kind = TYPES.get(report.get("eventType") or report.get("notificationType") or "")
    if kind == "bounce" and report.get("bounce", {}).get("bounceType") != "Permanent":
        return "transient_bounce"
    return kind


def _suppression(kind: str) -> SuppressionReason | None:
    match kind:
        case "bounce":
            return "bounce"
        case "complaint":
            return "complaint"
    return None


def _tag(tags: dict[str, Any], name: str) -> str | None:
    values = tags.get(name)
    return str(values[0]) if isinstance(values, list) and values else None
