"""Simulates SES's reports on an e-mail, and SNS's on a push notification that failed.

The events have the form that SES publishes to EventBridge and SNS to a topic. They reach the product by the template's
own rule, and by the topic that the platform application was told of.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, NamedTuple

from local_stack.console.outbox import SentEmail, timestamp
from local_stack.settings import ACCOUNT_ID
from local_stack.terminal import warn


class _Kind(NamedTuple):
    #: EventBridge's name, SES's name, and the member that says more.
    detail_type: str
    event_type: str
    member: str


_KINDS = {
    "delivery": _Kind("Email Delivered", "Delivery", "delivery"),
    "bounce": _Kind("Email Bounced", "Bounce", "bounce"),
    "complaint": _Kind("Email Complaint Received", "Complaint", "complaint"),
    "open": _Kind("Email Opened", "Open", "open"),
    "click": _Kind("Email Clicked", "Click", "click"),
    "reject": _Kind("Email Rejected", "Reject", "reject"),
    "rendering_failure": _Kind("Email Rendering Failed", "Rendering Failure", "failure"),
    "delivery_delay": _Kind("Email Delivery Delayed", "DeliveryDelay", "deliveryDelay"),
}
EMAIL_TYPES = tuple(_KINDS)
PUSH_FAILURE = "push_failure"
TYPES = (*EMAIL_TYPES, PUSH_FAILURE)
BOUNCE_TYPES = ("Permanent", "Transient", "Undetermined")
#: Members of a request that say more about a bounce, and where SES has them.
BOUNCE_MEMBERS = {"sub_type": "bounceSubType", "status": "status", "diagnostic_code": "diagnosticCode"}
_AGENT = "Mozilla/5.0 (local stack)"
_ADDRESS = "192.0.2.1"


def detail(
    sent: SentEmail,
    kind: str,
    bounce_type: str,
    link: str | None,
    region: str,
    said: Mapping[str, str] = MappingProxyType({}),
) -> dict[str, Any]:
    """Make the detail of an event.

    Parameters
    ----------
    sent : SentEmail
        The e-mail concerned.
    kind : str
        One of EMAIL_TYPES.
    bounce_type : str
        One of BOUNCE_TYPES; for a bounce only.
    link : str or None
        The link clicked.
    region : str
        The pretended region.
    said : mapping
        What a bounce says, by BOUNCE_MEMBERS; an empty status or diagnostic code is left out. `recipient` is whom the
        event is about, one of the addresses that the e-mail went to; without it, those that it is to.

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
        "destination": [*sent.recipients, *sent.copies],
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
    whom = [said["recipient"]] if "recipient" in said else sent.recipients
    about = _about(replace(sent, recipients=whom), kind, bounce_type, link, now)
    if kind == "bounce":
        _say(about, said)
    return {"eventType": _KINDS[kind].event_type, "mail": mail, _KINDS[kind].member: about}


def _say(bounce: dict[str, Any], said: Mapping[str, str]) -> None:
    if "sub_type" in said:
        bounce["bounceSubType"] = said["sub_type"]
    for recipient in bounce["bouncedRecipients"]:
        for name in ("status", "diagnostic_code"):
            if name in said:
                recipient[BOUNCE_MEMBERS[name]] = said[name]
            if said.get(name) == "":
                del recipient[BOUNCE_MEMBERS[name]]


def failure(endpoint: str, message_id: str, failure_type: str) -> dict[str, Any]:
    """Return SNS's report on a push notification that it could not hand to the platform.

    Parameters
    ----------
    endpoint : str
        ARN of the endpoint.
    message_id : str
        SNS's id of the notification.
    failure_type : str
        Its word for why, as InvalidPlatformToken.

    Returns
    -------
    dict
        As SNS has it.
    """
    return {
        "DeliveryAttempts": 1,
        "EndpointArn": endpoint,
        "EventType": "DeliveryFailure",
        "FailureMessage": "Platform token associated with the endpoint is not valid",
        "FailureType": failure_type,
        "MessageId": message_id,
        "Resource": application_of(endpoint),
        "Service": "SNS",
        "Time": timestamp(datetime.now(UTC)),
    }


def application_of(endpoint: str) -> str:
    """Give the platform application of an endpoint.

    Parameters
    ----------
    endpoint : str
        Its ARN, `arn:aws:sns:region:account:endpoint/PLATFORM/name/id`.

    Returns
    -------
    str
        The application's ARN.
    """
    return endpoint.replace(":endpoint/", ":app/").rpartition("/")[0]


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
    if kind == "rendering_failure":
        return {"templateName": "local", "errorMessage": "Attribute 'name' is not present in the rendering data."}
    if kind == "delivery_delay":
        return {
            "timestamp": now,
            "delayType": "MailboxFull",
            "expirationTime": now,
            "delayedRecipients": [
                {"emailAddress": address, "status": "4.2.2", "diagnosticCode": "smtp; 452 4.2.2 mailbox full"}
                for address in sent.recipients
            ],
        }
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
    notify : callable
        Takes a platform application's ARN and text to the topic that it names for failures; tells whether it
        names one.
    """

    def __init__(
        self,
        publish: Callable[..., int],
        destinations: Mapping[str, set[str]],
        region: str,
        notify: Callable[[str, str], bool] = lambda *_: False,
    ) -> None:
        self._publish = publish
        self._destinations = destinations
        self._region = region
        self._notify = notify

    def report(
        self,
        sent: SentEmail,
        kind: str,
        bounce_type: str = "Permanent",
        link: str | None = None,
        said: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        """Report one thing about an e-mail.

        Parameters
        ----------
        sent : SentEmail
            The e-mail concerned.
        kind : str
            One of EMAIL_TYPES.
        bounce_type : str
            One of BOUNCE_TYPES.
        link : str, optional
            The link clicked.
        said : mapping
            What a bounce says, by BOUNCE_MEMBERS, and whom the event is about.
        """
        published = {name.replace("_", "") for name in self._destinations.get(sent.configuration_set or "", set())}
        if kind.replace("_", "").upper() not in published:
            warn(
                f"SES would tell nobody about this {kind}: "
                f"configuration set {sent.configuration_set!r} does not send it to EventBridge"
            )
            return
        content = detail(sent, kind, bounce_type, link, self._region, said)
        resources = [f"arn:aws:ses:{self._region}:{ACCOUNT_ID}:configuration-set/{sent.configuration_set}"]
        if not self._publish("aws.ses", _KINDS[kind].detail_type, content, resources):
            warn(f"no rule of the template takes the event {_KINDS[kind].detail_type!r}")

    def report_push(self, endpoint: str, message_id: str, failure_type: str) -> None:
        """Report that a push notification failed.

        Parameters
        ----------
        endpoint : str
            ARN of the endpoint that it went to.
        message_id : str
            SNS's id of it.
        failure_type : str
            SNS's word for why.
        """
        event = json.dumps(failure(endpoint, message_id, failure_type))
        if not self._notify(application_of(endpoint), event):
            warn("SNS would tell nobody about this failure: the platform application names no topic for it")
