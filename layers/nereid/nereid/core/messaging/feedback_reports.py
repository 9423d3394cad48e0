"""Parse the reports of SES on e-mails, and of SNS on push notifications that did not arrive.

A report comes as EventBridge's event, or in SNS's envelope, or bare. Only the needed members are
taken from it: addresses and the texts of other mail servers, which quote addresses, stay behind.

Sources: https://docs.aws.amazon.com/ses/latest/dg/event-publishing-retrieving-sns-contents.html,
https://docs.aws.amazon.com/ses/latest/dg/monitoring-eventbridge.html,
https://docs.aws.amazon.com/sns/latest/dg/application-event-notifications.html
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from nereid import jsontext
from nereid.clock import to_iso
from nereid.core.messaging.bounces import status_code, verdict
from nereid.models.email_address import sender_parts
from nereid.models.report import EmailReport, PushFailure
from nereid.models.team import Scope

#: SES's types of reports and ours, and the member with the details.
_KINDS: dict[str, tuple[str, str]] = {
    "Delivery": ("delivery", "delivery"),
    "Bounce": ("bounce", "bounce"),
    "Complaint": ("complaint", "complaint"),
    "Open": ("open", "open"),
    "Click": ("click", "click"),
    "Reject": ("reject", "reject"),
    "Rendering Failure": ("rendering_failure", "failure"),
    "DeliveryDelay": ("delivery_delay", "deliveryDelay"),
}
#: Where each member lists whom it is about.
_RECIPIENTS = {
    "delivery": "recipients",
    "bounce": "bouncedRecipients",
    "complaint": "complainedRecipients",
    "deliveryDelay": "delayedRecipients",
}
#: The tags that say which delivery a mail is; others are its content's.
_OWN_TAGS = frozenset({"team_id", "environment", "delivery_id", "sending"})
#: A word of the provider's own, as which it may be shown and logged.
_WORD = re.compile(r"[A-Za-z][A-Za-z-]{0,63}")


def read(message: Mapping[str, Any], now: datetime) -> Sequence[EmailReport | PushFailure]:
    """Read a message of the feedback queue: a report for each recipient; none if it is about nothing of Nereid's."""
    report, received = _unwrapped(message)
    if report.get("EventType") == "DeliveryFailure" and report.get("MessageId"):
        at = _moment(report.get("Time")) or received or now
        return [PushFailure(str(report["MessageId"]), _word(report.get("FailureType")) or "unknown", min(at, now))]
    found = (_email(part, received, now) for part in _parts(report))
    return [each for each in found if each is not None]


class _Part(NamedTuple):
    """What a report says of one recipient, or of the mail."""

    report: Mapping[str, Any]
    recipient: str | None
    is_copy: bool = False


def _parts(report: Mapping[str, Any]) -> Iterator[_Part]:
    """Take a report on a mail to several apart: of each recipient something else may have become."""
    mail = report.get("mail") or {}
    destination = mail.get("destination") or []
    _, member = _kind(report)
    name = _RECIPIENTS.get(member, "")
    about = report.get(member) or {}
    if len(destination) <= 1 or not about.get(name):
        yield _Part(report, str(destination[0]) if len(destination) == 1 else None)
        return
    to = (mail.get("commonHeaders") or {}).get("to") or destination[:1]
    own = {_address(each).lower() for each in to}
    for each in about[name]:
        address = _address(each.get("emailAddress") if isinstance(each, Mapping) else each)
        yield _Part({**report, member: {**about, name: [each]}}, address, address.lower() not in own)


def _address(value: Any) -> str:
    return sender_parts(str(value))[1]


def _kind(report: Mapping[str, Any]) -> tuple[str, str]:
    """Return our word for what a report tells of, and the member that says more; empty for what is no mail's."""
    return _KINDS.get(report.get("eventType") or report.get("notificationType") or "", ("", ""))


def _unwrapped(message: Mapping[str, Any]) -> tuple[Mapping[str, Any], datetime | None]:
    """Return the report inside a message, and when it was sent off."""
    if "detail" in message:
        return message["detail"], _moment(message.get("time"))
    if "TopicArn" in message and isinstance(message.get("Message"), str):
        try:
            report = jsontext.loads(message["Message"])
        except ValueError:  # the messages of SNS and SES at a topic's set-up are plain text
            report = None
        return report if isinstance(report, dict) else {}, _moment(message.get("Timestamp"))
    return message, None


def _email(part: _Part, received: datetime | None, now: datetime) -> EmailReport | None:
    report = part.report
    kind, member = _kind(report)
    mail = report.get("mail") or {}
    tags = mail.get("tags") or {}
    team_id, environment, delivery_id = (_tag(tags, name) for name in ("team_id", "environment", "delivery_id"))
    if not kind or not team_id or not environment or not delivery_id:
        return None
    about = report.get(member) or {}
    sent_at = min(_moment(mail.get("timestamp")) or now, now)
    # The moments of bounces and complaints are other people's clocks'.
    at = min(max(_moment(about.get("timestamp")) or received or now, sent_at), now)
    kind = _told_apart(kind, about)
    known = _known(kind, about)
    judged = None
    if kind == "bounce":
        judged = verdict(known.get("bounce_type"), known.get("sub_type"), known.get("code"))
        if judged != "dead" and known.get("bounce_type") != "Permanent":
            kind = "transient_bounce"
    others = {name: _tag(tags, name) for name in tags if name not in _OWN_TAGS and not name.startswith("ses:")}
    return EmailReport(
        kind=kind,
        scope=Scope(team_id, environment),
        delivery_id=delivery_id,
        sending=int(_tag(tags, "sending") or 1),
        tags={name: value for name, value in others.items() if value is not None},
        at=at,
        sent_at=sent_at,
        recipient=part.recipient,
        event={"type": kind, "at": to_iso(at), **known},
        detail=", ".join(known[name] for name in ("sub_type", "code", "feedback_type") if name in known) or None,
        verdict=judged,
        is_copy=part.is_copy,
    )


def _told_apart(kind: str, about: Mapping[str, Any]) -> str:
    if kind == "complaint" and about.get("complaintFeedbackType") == "not-spam":
        return "not_spam"
    if kind == "complaint" and about.get("complaintSubType") == "OnAccountSuppressionList":
        return "known_complaint"
    return kind


def _known(kind: str, about: Mapping[str, Any]) -> dict[str, str]:
    """Return the stored part of a report."""
    given: dict[str, str | None] = {}
    match kind:
        case "bounce":
            given = {"bounce_type": _word(about.get("bounceType")), "sub_type": _word(about.get("bounceSubType"))}
            given["code"] = _status(about.get("bouncedRecipients"))
        case "complaint" | "known_complaint":
            given = {"sub_type": _word(about.get("complaintSubType"))}
            given["feedback_type"] = _word(about.get("complaintFeedbackType"))
        case "delivery_delay":
            given = {"delay_type": _word(about.get("delayType")), "code": _status(about.get("delayedRecipients"))}
        case "click":
            given = {"link": str(about["link"])[:2048] if about.get("link") else None}
    return {name: value for name, value in given.items() if value is not None}


def _status(recipients: Any) -> str | None:
    """Return the status code of the first recipient, which is the only one."""
    first = recipients[0] if isinstance(recipients, list) and recipients else None
    return status_code(first) if isinstance(first, dict) else None


def _word(value: Any) -> str | None:
    return value if isinstance(value, str) and _WORD.fullmatch(value) else None


def _moment(value: Any) -> datetime | None:
    """Read a moment; None if it is none."""
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return moment.replace(tzinfo=UTC) if moment and moment.tzinfo is None else moment


def _tag(tags: Mapping[str, Any], name: str) -> str | None:
    values = tags.get(name)
    return str(values[0]) if isinstance(values, list) and values else None
