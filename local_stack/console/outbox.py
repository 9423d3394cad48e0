"""Keeps the mails, SMS and pushes that the services accepted, in the form that /_local/outbox shows."""

from __future__ import annotations

import base64
import email
import email.policy
import json
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.utils import getaddresses
from typing import Any

from local_stack.console import raw

# Headers that every e-mail has; the others are the ones that somebody chose to set.
_USUAL_HEADERS = {"from", "to", "cc", "bcc", "reply-to", "subject", "date", "mime-version"}
_KEEP = 5000
# What a service was handed is kept as it came for the last sends alone: files may make it large.
_KEEP_SOURCES = 200
_SUMMARY = 200


@dataclass(frozen=True)
class SentEmail:
    """The parts of an e-mail that feedback on it repeats.

    Parameters
    ----------
    message_id : str
        The provider's id.
    source : str
        The sender.
    recipients : list of str
        The addresses that it is to.
    copies : list of str
        The addresses that get a copy.
    subject : str
        The subject.
    tags : dict
        The tags it was sent with.
    configuration_set : str or None
        The configuration set it was sent with.
    headers : list
        Name and value of its headers.
    at : datetime
        When it was handed over.
    """

    message_id: str
    source: str
    recipients: list[str]
    subject: str
    tags: dict[str, str]
    configuration_set: str | None
    copies: list[str] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    at: datetime = field(default_factory=lambda: datetime.now(UTC))


class Outbox:
    """The accepted sends, oldest first.

    Parameters
    ----------
    token_of : callable
        Gives the device token behind a platform endpoint's ARN.
    """

    def __init__(self, token_of: Callable[[str], str]) -> None:
        self._token_of = token_of
        self._lock = threading.Lock()
        self._entries: list[dict[str, Any]] = []
        self._emails: dict[str, SentEmail] = {}
        self._pushes: dict[str, str] = {}
        self._sources: OrderedDict[str, Mapping[str, Any]] = OrderedDict()
        self._changes = 0

    @property
    def changes(self) -> int:
        """How often anything has changed, which says whether anything has."""
        with self._lock:
            return self._changes

    def summaries(self, limit: int) -> list[dict[str, Any]]:
        """List the last entries in brief.

        Parameters
        ----------
        limit : int
            How many at most.

        Returns
        -------
        list of dict
            Newest first, without their contents.
        """
        with self._lock:
            entries = self._entries[-limit:] if limit > 0 else []
        return [_summary(entry) for entry in reversed(entries)]

    def find(self, message_id: str) -> list[dict[str, Any]]:
        """Find what was sent by the provider's id.

        Parameters
        ----------
        message_id : str
            As the provider answered.

        Returns
        -------
        list of dict
            An entry for each recipient.
        """
        return [entry for entry in self.messages() if entry["provider_message_id"] == message_id]

    def source(self, message_id: str) -> str | None:
        """Return what was sent in its raw form.

        Parameters
        ----------
        message_id : str
            As the provider answered.

        Returns
        -------
        str or None
            A mail as it goes over the wire, or the parameters of SNS's Publish; None where it is not kept any more.
        """
        with self._lock:
            request = self._sources.get(message_id)
        return None if request is None else raw.text(request)

    def delete(self, message_id: str | None = None) -> int:
        """Forget what was sent. Reports on it are still taken, since the product remembers it.

        Parameters
        ----------
        message_id : str, optional
            As the provider answered; without it, everything.

        Returns
        -------
        int
            How many entries there were.
        """
        with self._lock:
            before = len(self._entries)
            kept = [] if message_id is None else self._entries
            self._entries = [entry for entry in kept if entry["provider_message_id"] != message_id]
            if message_id is None:
                self._sources.clear()
            else:
                self._sources.pop(message_id, None)
            self._changes += 1
            return before - len(self._entries)

    def messages(self, to: str | None = None) -> list[dict[str, Any]]:
        """List entries.

        Parameters
        ----------
        to : str, optional
            Only those to this address; for e-mail its case does not matter.

        Returns
        -------
        list of dict
            Oldest first.
        """
        with self._lock:
            entries = list(self._entries)
        if to is None:
            return entries
        return [entry for entry in entries if _is_to(entry, to)]

    def sent_email(self, message_id: str) -> SentEmail | None:
        """Find an e-mail by the provider's id.

        Parameters
        ----------
        message_id : str
            As the provider answered.

        Returns
        -------
        SentEmail or None
            None when no such e-mail was handed over.
        """
        with self._lock:
            return self._emails.get(message_id)

    def sent_push(self, message_id: str) -> str | None:
        """Find a push notification by the provider's id.

        Parameters
        ----------
        message_id : str
            As the provider answered.

        Returns
        -------
        str or None
            ARN of the endpoint that it went to; None when no such notification was handed over.
        """
        with self._lock:
            return self._pushes.get(message_id)

    def record_email(self, request: Mapping[str, Any], message_id: str) -> None:
        """Note an e-mail.

        Parameters
        ----------
        request : mapping
            The body of SendEmail of SES's second API.
        message_id : str
            What the provider answered.
        """
        content = request.get("Content") or {}
        parsed = _raw(content["Raw"]) if "Raw" in content else _simple(content.get("Simple") or {})
        to, cc, bcc = _destination(request.get("Destination") or parsed["destination"])
        recipients = [address for _, address in getaddresses(to) if address]
        source = _decoded(request.get("FromEmailAddress") or parsed["from"] or "")
        sent = SentEmail(
            message_id=message_id,
            source=source,
            recipients=recipients,
            copies=[address for _, address in getaddresses([*cc, *bcc]) if address],
            subject=parsed["subject"],
            tags={tag["Name"]: tag["Value"] for tag in request.get("EmailTags") or []},
            configuration_set=request.get("ConfigurationSetName"),
            headers=[{"name": name, "value": value} for name, value in parsed["headers"].items()],
        )
        reply_to = ", ".join(_decoded(each) for each in request.get("ReplyToAddresses") or []) or parsed["reply_to"]
        headers = {**parsed["headers"], **({"Reply-To": reply_to} if reply_to else {})}
        with self._lock:
            self._emails[message_id] = sent
        self._keep_source(message_id, request)
        for address in recipients:
            self._add(
                channel="email",
                to=address,
                sender=source,
                message_id=message_id,
                subject=parsed["subject"],
                text=parsed["text"],
                html=parsed["html"],
                cc=[_decoded(each) for each in cc],
                bcc=[_decoded(each) for each in bcc],
                reply_to=reply_to,
                attachments=parsed["attachments"],
                headers=headers,
            )

    def record_publish(self, request: Mapping[str, Any], message_id: str) -> None:
        """Note a text message or a push notification.

        Parameters
        ----------
        request : mapping
            The parameters of SNS's Publish; one to a topic is no delivery and is not noted.
        message_id : str
            What the provider answered.
        """
        target = request.get("TargetArn") or request.get("TopicArn") or ""
        if request.get("PhoneNumber") or ":endpoint/" in target:
            self._keep_source(message_id, request)
        if request.get("PhoneNumber"):
            self._add(
                channel="sms",
                to=request["PhoneNumber"],
                sender=_attribute(request, "AWS.SNS.SMS.SenderID")
                or _attribute(request, "AWS.MM.SMS.OriginationNumber"),
                message_id=message_id,
                text=request.get("Message"),
            )
        elif ":endpoint/" in target:
            shown = _push(request.get("Message") or "", target, per_platform=request.get("MessageStructure") == "json")
            with self._lock:
                self._pushes[message_id] = target
            self._add(channel="push", to=self._token_of(target), sender=None, message_id=message_id, **shown)

    def _add(self, *, channel: str, to: str, sender: str | None, message_id: str, **members: Any) -> None:
        entry = {
            "channel": channel,
            "to": to,
            "from": sender,
            "subject": None,
            "text": None,
            "html": None,
            "title": None,
            "body": None,
            "data": None,
            "cc": None,
            "bcc": None,
            "reply_to": None,
            "attachments": None,
            "headers": None,
            **members,
            "provider_message_id": message_id,
            "at": timestamp(datetime.now(UTC)),
        }
        with self._lock:
            self._entries.append(entry)
            del self._entries[:-_KEEP]
            self._changes += 1

    def _keep_source(self, message_id: str, request: Mapping[str, Any]) -> None:
        with self._lock:
            self._sources[message_id] = request
            while len(self._sources) > _KEEP_SOURCES:
                self._sources.popitem(last=False)


def _summary(entry: Mapping[str, Any]) -> dict[str, Any]:
    said = entry["subject"] or entry["title"] or entry["text"] or entry["body"] or ""
    return {
        **{name: entry[name] for name in ("channel", "to", "from", "provider_message_id", "at")},
        "summary": str(said)[:_SUMMARY],
        "attachments": len(entry["attachments"] or []),
    }


def _destination(given: Mapping[str, Any]) -> tuple[list[str], list[str], list[str]]:
    to, cc, bcc = (list(given.get(f"{kind}Addresses") or []) for kind in ("To", "Cc", "Bcc"))
    return to, cc, bcc


def _decoded(header: str) -> str:
    """Read the encoded words of a header, which a name beyond ASCII stands in."""
    return str(make_header(decode_header(header)))


def timestamp(moment: datetime) -> str:
    """Write a moment as the product does.

    Parameters
    ----------
    moment : datetime
        In UTC.

    Returns
    -------
    str
        With milliseconds.
    """
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def _is_to(entry: Mapping[str, Any], to: str) -> bool:
    if entry["channel"] == "email":
        return str(entry["to"]).lower() == to.lower()
    return bool(entry["to"] == to)


def _simple(content: Mapping[str, Any]) -> dict[str, Any]:
    body = content.get("Body") or {}
    return {
        "from": None,
        "destination": {},
        "reply_to": None,
        "attachments": [_attachment(each) for each in content.get("Attachments") or []],
        "subject": (content.get("Subject") or {}).get("Data") or "",
        "text": (body.get("Text") or {}).get("Data"),
        "html": (body.get("Html") or {}).get("Data"),
        "headers": {header["Name"]: _decoded(header["Value"]) for header in content.get("Headers") or []},
    }


def _attachment(attachment: Mapping[str, Any]) -> dict[str, Any]:
    size = len(base64.b64decode(attachment.get("RawContent") or ""))
    return {"filename": attachment.get("FileName"), "content_type": attachment.get("ContentType"), "size": size}


def _raw(content: Mapping[str, Any]) -> dict[str, Any]:
    message = email.message_from_bytes(base64.b64decode(content["Data"]), policy=email.policy.default)
    if not isinstance(message, EmailMessage):  # the default policy makes nothing else
        raise TypeError(type(message))
    headers = {
        name: str(value)
        for name, value in message.items()
        if name.lower() not in _USUAL_HEADERS and not name.lower().startswith("content-")
    }
    return {
        "from": str(message["From"]) if message["From"] else None,
        "destination": {f"{name}Addresses": [str(message[name])] for name in ("To", "Cc", "Bcc") if message[name]},
        "reply_to": str(message["Reply-To"]) if message["Reply-To"] else None,
        "attachments": [
            {
                "filename": part.get_filename(),
                "content_type": part.get_content_type(),
                "size": len(part.get_payload(decode=True) or b""),
            }
            for part in message.iter_attachments()
        ],
        "subject": str(message["Subject"] or ""),
        "text": _part(message, "plain"),
        "html": _part(message, "html"),
        "headers": headers,
    }


def _part(message: EmailMessage, kind: str) -> str | None:
    part = message.get_body((kind,))
    if part is None:
        return None
    # An e-mail ends each part with a line break that its writer did not type.
    text: str = part.get_content()
    return text.replace("\r\n", "\n").removesuffix("\n")


def _attribute(request: Mapping[str, Any], name: str) -> str | None:
    for key, value in request.items():
        if key.startswith("MessageAttributes.entry.") and key.endswith(".Name") and value == name:
            return str(request.get(f"{key.removesuffix('.Name')}.Value.StringValue") or "") or None
    return None


def _push(message: str, arn: str, *, per_platform: bool) -> dict[str, Any]:
    payload: Any = message
    if per_platform:
        platforms = json.loads(message)
        # arn:aws:sns:region:account:endpoint/PLATFORM/application/id
        platform = arn.rsplit(":", 1)[-1].split("/")[1] if "/" in arn else ""
        payload = platforms.get(platform, platforms.get("default"))
    if isinstance(payload, str):
        try:
            payload = json.loads(payload)
        except ValueError:
            return {"title": None, "body": payload, "data": None}
    if not isinstance(payload, Mapping):
        return {"title": None, "body": str(payload), "data": None}
    return _google(payload) if "aps" not in payload else _apple(payload)


def _google(payload: Mapping[str, Any]) -> dict[str, Any]:
    # FCM's current API wraps the message, the legacy one does not.
    wrapped = payload.get("fcmV1Message")
    message = wrapped.get("message", wrapped) if isinstance(wrapped, Mapping) else payload
    shown = message.get("notification") or {}
    return {"title": shown.get("title"), "body": shown.get("body"), "data": message.get("data")}


def _apple(payload: Mapping[str, Any]) -> dict[str, Any]:
    alert = payload["aps"].get("alert") or {}
    if isinstance(alert, str):
        alert = {"body": alert}
    data = {name: value for name, value in payload.items() if name != "aps"}
    return {"title": alert.get("title"), "body": alert.get("body"), "data": data or None}
