"""The providers' reports on mails and push notifications that they accepted.

Reports come more than once and in any order. Each is noted once per delivery and type, and their meaning for a
delivery is worked out when it is read. A complaint, or a bounce because there is no such address, suppresses the
address at once, soft bounces when five came in a row; see `nereid.core.messaging.bounces`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from nereid.clock import to_iso
from nereid.core.messaging.feedback_reports import read
from nereid.core.messaging.overview_changes import note_change
from nereid.errors import TryAgain
from nereid.models.delivery import Delivery
from nereid.models.report import EmailReport, PushFailure
from nereid.models.suppression import SuppressionReason
from nereid.models.team import Scope
from nereid.ports.audience import PushTokens
from nereid.ports.clock import Clock
from nereid.ports.messaging import DeliveryStore, HourStore, Listener, SentDeliveries, SuppressionStore

#: The reports that change how a delivery stands.
_CHANGING = frozenset({"bounce", "reject", "rendering_failure", "complaint", "known_complaint"})
#: The reports that suppress the address by themselves.
_SUPPRESSING: dict[str, SuppressionReason] = {
    "complaint": "complaint",
    "known_complaint": "complaint",
}
#: SNS's types of failure for a token that the platform does not know any more.
_DEAD_TOKEN = frozenset({"InvalidPlatformToken", "EndpointDisabled"})
#: How long our own record of a push may take; a later failure without one is of another push, or one handed over again.
_RECORDED_WITHIN = timedelta(minutes=5)


@dataclass(frozen=True)
class FeedbackRecorder:
    """Records reports.

    Parameters
    ----------
    sent
        Where push notifications are found by the provider's ids.
    hours
        What the overview remembers.
    listener
        Notes reports about mails, and learns of addresses that are suppressed by them.
    """

    deliveries: DeliveryStore
    suppressions: SuppressionStore
    sent: SentDeliveries
    tokens: PushTokens
    clock: Clock
    listener: Listener
    hours: HourStore

    def record(self, message: Mapping[str, Any]) -> str:
        """Record one report, in whichever wrapping it comes.

        Returns
        -------
        The result, for the log: the type recorded, or the reason why it was ignored.

        Raises
        ------
        TryAgain
            If a push failed of which our own record may still be under way.
        Unavailable
            If a store failed; recording again is safe.
        """
        done = [self._one(report) for report in read(message, self.clock.now())]
        return ", ".join(dict.fromkeys(done)) or "ignored: not about a delivery of ours"

    def _one(self, report: EmailReport | PushFailure) -> str:
        return self._email(report) if isinstance(report, EmailReport) else self._push(report)

    def _email(self, report: EmailReport) -> str:
        if report.is_copy:
            assert report.recipient is not None
            self._consequences(report, report.recipient)
            return f"{report.kind} of a copy"
        delivery = self.listener.reported(report)
        if report.kind in _CHANGING:
            self._changed(report.scope, delivery)
        # A complaint about a mail that is not kept any more suppresses the address as well.
        recipient = delivery.to if delivery is not None else report.recipient
        if delivery is not None and delivery.to is None:
            suppress_erased(self.suppressions, report)
        # Also on a repetition: the first one may have died before this line.
        if recipient is not None:
            self._consequences(report, recipient)
        return report.kind if delivery is not None else f"{report.kind} of a delivery that is not kept any more"

    def _consequences(self, report: EmailReport, recipient: str) -> None:
        team_id = report.scope.team_id
        if report.kind == "delivery":
            self.suppressions.delivered(team_id, recipient, report.at)
        elif report.verdict == "soft":
            suppression = self.suppressions.soft_bounced(team_id, recipient, report.delivery_id, report.at)
            if suppression is not None and "bounce" in suppression.reasons:
                self.listener.suppressed(team_id, recipient, "bounce")
        elif report.verdict == "dead":
            self._suppress(report, recipient, "bounce")
        elif report.kind in _SUPPRESSING:
            self._suppress(report, recipient, _SUPPRESSING[report.kind])

    def _suppress(self, report: EmailReport, recipient: str, reason: SuppressionReason) -> None:
        self.suppressions.add(report.scope.team_id, recipient, reason, report.at, report.detail)
        self.listener.suppressed(report.scope.team_id, recipient, reason)

    def _push(self, failure: PushFailure) -> str:
        found = self.sent.sent_as(failure.provider_message_id)
        if found is None:
            return self._wait(failure.at)
        event = {"type": "push_failure", "at": to_iso(failure.at), "code": failure.code}
        delivery = self.deliveries.report(found.scope, found.delivery_id, event, found.sending)
        self._changed(found.scope, delivery)
        if delivery is not None and delivery.to is not None and failure.code in _DEAD_TOKEN:
            self.tokens.refused(found.scope, delivery.to, failure.at)
        return "push_failure"

    def _changed(self, scope: Scope, delivery: Delivery | None) -> None:
        """Have the overview count again what a report has changed."""
        if delivery is not None:
            # It was planned within the hour after its message arrived.
            note_change(self.hours, scope, delivery.created_at, self.clock.now(), back=1)

    def _wait(self, failed_at: datetime) -> str:
        if self.clock.now() - failed_at < _RECORDED_WITHIN:
            raise TryAgain(30, "the push is not recorded yet")
        return "ignored: not a push of ours"


def suppress_erased(suppressions: SuppressionStore, report: EmailReport) -> None:
    """Suppress the address of somebody who was erased since the mail went out, if its report says to."""
    reason = "bounce" if report.verdict == "dead" else _SUPPRESSING.get(report.kind)
    if reason is not None and report.recipient is not None:
        suppressions.add_hashed(report.scope.team_id, report.recipient, reason, report.at, report.detail)
