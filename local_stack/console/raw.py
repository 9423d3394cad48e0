"""What SES and SNS were handed, in its raw form: a mail as it goes over the wire, or the parameters of a call."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from email.headerregistry import HeaderRegistry
from email.message import EmailMessage
from email.policy import SMTP
from typing import Any

#: Headers stay as they were given, however odd, since a look at them is what the source is for.
_POLICY = SMTP.clone(header_factory=HeaderRegistry(use_default_map=False))


def text(request: Mapping[str, Any]) -> str:
    """Write what was handed over.

    Parameters
    ----------
    request : mapping
        The body of SendEmail of SES's second API, or the parameters of SNS's Publish.

    Returns
    -------
    str
        A mail of which SES makes the form is written as SES would, but for its Message-ID and signatures.
    """
    content = request.get("Content")
    if content is None:
        return json.dumps(request, indent=2, ensure_ascii=False, default=str)
    if "Raw" in content:
        return base64.b64decode(content["Raw"]["Data"]).decode("utf-8", "replace")
    return _mail(request, content.get("Simple") or {}).as_bytes().decode("utf-8", "replace")


def _mail(request: Mapping[str, Any], simple: Mapping[str, Any]) -> EmailMessage:
    mail = EmailMessage(_POLICY)
    to = request.get("Destination") or {}
    named = {
        "From": request.get("FromEmailAddress"),
        "To": ", ".join(to.get("ToAddresses") or []),
        "Cc": ", ".join(to.get("CcAddresses") or []),
        "Reply-To": ", ".join(request.get("ReplyToAddresses") or []),
        "Subject": (simple.get("Subject") or {}).get("Data"),
    }
    own = [(header["Name"], header["Value"]) for header in simple.get("Headers") or []]
    for name, value in [*named.items(), *own]:
        if value:
            # A line break would end the header.
            mail[name] = " ".join(str(value).split())
    body = simple.get("Body") or {}
    texts = [(kind, (body.get(kind.title()) or {}).get("Data")) for kind in ("text", "html")]
    for kind, data in texts:
        if data is not None:
            subtype = "plain" if kind == "text" else kind
            if mail.get_content_type() == "text/plain" and mail.get_payload() is None:
                mail.set_content(data, subtype=subtype)
            else:
                mail.add_alternative(data, subtype=subtype)
    for each in simple.get("Attachments") or []:
        kind, _, subtype = str(each.get("ContentType") or "application/octet-stream").partition("/")
        data = base64.b64decode(each.get("RawContent") or "")
        mail.add_attachment(data, maintype=kind, subtype=subtype or "octet-stream", filename=each.get("FileName"))
    return mail
