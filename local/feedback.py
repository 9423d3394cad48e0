"""Plays what SES reports about an e-mail: delivery, bounce, complaint, open, click, reject.

The events have the form that SES publishes to EventBridge, and reach the product by the template's own rule.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from local.console import warn
from local.outbox import SentEmail, timestamp
from local.settings import ACCOUNT_ID

_DETAIL_TYPES = {
    "delivery": "Email Delivered",
    "bounce": "Email Bounced",
    "complaint": "Email Complaint Received",
    "open": "Email Opened",
    "click": "Email Clicked",
    "reject": "Email Rejected",
}
TYPES = tuple(_DETAIL_TYPES)
BOUNCE_TYPES = ("Permanent", "Transient")
_AGENT = "Mozilla/5.0 (local stack)"
_ADDRESS = "192.0.2.1"


def detail(sent: SentEmail, kind: str, bounce_type: str, link: str | None, region: str) -> dict[str, Any]:
    """Make the detail of an event.

    Parameters
    ----------
    sent : SentEmail
        The e-mail concerned.
    kind : str
        One of TYPES.
    bounce_type : str
        Permanent or Transient; for a bounce only.
    link : str or None
        The link clicked.
    region : str
        The pretended region.

    Returns
    -------
    dict
        As SES has it.
    """
    now = timestamp(datetime.now(UTC))
    address = sent.source.rpartition("<")[2].rstrip(">")
    tags = {name: [value] for name, value in sent.tags.items()}
    tags["ses:source-ip"] = [_ADDRESS]
    tags["ses:from-domain"] = [address.rpartition("@")[2]]
    tags["ses:caller-identity"] = ["local"]
    if sent.configuration_set:
        tags["ses:configuration-set"] = [sent.configuration_set]
    headers = [
        {"name": "From", "value": sent.source},
        {"name": "To", "value": ", ".join(sent.recipients)},
        {"name": "Subject", "value": sent.subject},
        {"name": "MIME-Version", "value": "1.0"},
        *sent.headers,
    ]
    mail = {
        "timestamp": timestamp(sent.at),
        "source": sent.source,
        "sourceArn": f"arn:aws:ses:{region}:{ACCOUNT_ID}:identity/{address}",
        "sendingAccountId": ACCOUNT_ID,
        "messageId": sent.message_id,
        "destination": sent.recipients,
        "headersTruncated": False,
        "headers": headers,
        "commonHeaders": {
            "from": [sent.source],
            "to": sent.recipients,
            "messageId": sent.message_id,
            "subject": sent.subject,
        },
        "tags": tags,
    }
    # The member is named as the type, and so is eventType with a capital.
    return {"eventType": kind.capitalize(), "mail": mail, kind: _about(sent, kind, bounce_type, link, now)}


def _about(sent: SentEmail, kind: str, bounce_type: str, link: str | None, now: str) -> dict[str, Any]:
    feedback_id = f"{uuid.uuid4()}-000000"
    if kind == "bounce":
        permanent = bounce_type == "Permanent"
        return {
            "feedbackId": feedback_id,
            "bounceType": bounce_type,
            "bounceSubType": "General" if permanent else "MailboxFull",
            "bouncedRecipients": [
                {
                    "emailAddress": address,
                    "action": "failed",
                    "status": "5.1.1" if permanent else "4.2.2",
                    "diagnosticCode": "smtp; 550 5.1.1 user unknown" if permanent else "smtp; 452 4.2.2 mailbox full",
                }
                for address in sent.recipients
            ],
            "timestamp": now,
            "reportingMTA": "dsn; local.example.com",
        }
    if kind == "complaint":
        return {
            "complainedRecipients": [{"emailAddress": address} for address in sent.recipients],
            "timestamp": now,
            "feedbackId": feedback_id,
            "complaintSubType": None,
            "userAgent": _AGENT,
            "complaintFeedbackType": "abuse",
            "arrivalDate": now,
        }
    if kind == "delivery":
        return {
            "timestamp": now,
            "processingTimeMillis": 300,
            "recipients": sent.recipients,
            "smtpResponse": "250 ok",
            "reportingMTA": "local.example.com",
        }
    if kind == "reject":
        return {"reason": "Bad content"}
    seen = {"timestamp": now, "userAgent": _AGENT, "ipAddress": _ADDRESS}
    return {**seen, "link": link or "https://example.com/", "linkTags": None} if kind == "click" else seen


class Feedback:
    """Reports to the product.

    Parameters
    ----------
    publish : callable
        Takes source, detail type, detail and resources to the event bus; gives the number of rules that took them.
    destinations : mapping
        By configuration set, the event types that it sends to EventBridge.
    region : str
        The pretended region.
    """

    def __init__(self, publish: Callable[..., int], destinations: Mapping[str, set[str]], region: str) -> None:
        self._publish = publish
        self._destinations = destinations
        self._region = region

    def report(self, sent: SentEmail, kind: str, bounce_type: str = "Permanent", link: str | None = None) -> None:
        """Report one thing about an e-mail.

        Parameters
        ----------
        sent : SentEmail
            The e-mail concerned.
        kind : str
            One of TYPES.
        bounce_type : str
            Permanent or Transient.
        link : str, optional
            The link clicked.
        """
        published = self._destinations.get(sent.configuration_set or "", set())
        if kind.upper() not in published:
            warn(
                f"SES would tell nobody about this {kind}: "
                f"configuration set {sent.configuration_set!r} does not send it to EventBridge"
            )
            return
        content = detail(sent, kind, bounce_type, link, self._region)
        resources = [f"arn:aws:ses:{self._region}:{ACCOUNT_ID}:configuration-set/{sent.configuration_set}"]
        if not self._publish("aws.ses", _DETAIL_TYPES[kind], content, resources):
            warn(f"no rule of the template takes the event {_DETAIL_TYPES[kind]!r}")
