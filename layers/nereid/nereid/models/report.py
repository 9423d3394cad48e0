"""Reports of providers on accepted mails and pushes, and the status of a delivery that follows from them."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Literal, NamedTuple

from nereid.models.delivery import Status
from nereid.models.team import Scope

#: What a bounce means for the address: no mail ever arrives there, none arrived this time, or nothing.
Verdict = Literal["dead", "soft", "unrelated"]
#: The reports that make a delivery a failure, the gravest first, with the reason that each gives.
_FAILURES = {
    "bounce": "bounced",
    "reject": "rejected",
    "rendering_failure": "rendering failure",
    "known_complaint": "suppressed: complaint",
}
#: How the types are shown that exist only for their different effects.
_SHOWN = {"transient_bounce": "bounce", "known_complaint": "complaint"}


class EmailReport(NamedTuple):
    """Something that became of an e-mail.

    `kind` is SES's type in our words, with three split by their effects: `transient_bounce` (a bounce that neither SES
    nor the mail server calls permanent), `not_spam` (a recipient took the mail out of the spam folder) and
    `known_complaint` (SES did not even try, since the address complained before); and `unsubscribe`, which our own
    link reports.
    """

    kind: str
    scope: Scope
    delivery_id: str
    #: Which sending of the delivery it is.
    sending: int
    #: The mail's tags; see `nereid.models.delivery.Rendered`.
    tags: Mapping[str, str]
    #: When it came about.
    at: datetime
    #: When the mail was handed over, if the report says so.
    sent_at: datetime | None
    #: Whom the report is about; None if it does not say it.
    recipient: str | None
    #: The event as it is shown.
    event: dict[str, Any]
    #: The kind of a bounce or complaint, in a few words.
    detail: str | None = None
    #: Of a bounce alone.
    verdict: Verdict | None = None
    #: Whether it is about somebody who got a copy: it says nothing of the delivery then.
    is_copy: bool = False


class PushFailure(NamedTuple):
    """A push notification that SNS accepted and could not hand to the platform."""

    provider_message_id: str
    #: SNS's word for why.
    code: str
    at: datetime


def outcome(events: Iterable[Mapping[str, Any]]) -> tuple[Status, str | None] | None:
    """Return the status and reason that follow from the reports of a sending, in any order.

    A report proves that the mail was accepted, even against our record: an earlier hand-over may have had no answer.

    Returns
    -------
    None if nothing was reported; our own record holds then.
    """
    reported = {event["type"]: event for event in events}
    if not reported:
        return None
    for kind, reason in _FAILURES.items():
        if kind in reported:
            return "failed", reason
    if "push_failure" in reported:
        return "failed", f"provider: {reported['push_failure']['code']}"
    return "success", "complaint" if "complaint" in reported else None


def shown(event: Mapping[str, Any]) -> dict[str, Any]:
    """Return a report as callers see it."""
    return {**event, "type": _SHOWN.get(event["type"], event["type"])}
