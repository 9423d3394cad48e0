"""What a bounce says about the address, and what only about our mail or the way to it.

The mail server's own status code (RFC 3463) decides; SES's type of the bounce only where there is none, or one that
says nothing.
"""

import re
from collections.abc import Mapping
from typing import Any

from nereid.models.report import Verdict

#: An enhanced status code. Its subject has one digit from 0 to 7, so that versions and addresses of hosts are none.
_ENHANCED = re.compile(r"(?<![\w.])([245]\.[0-7]\.\d{1,3})(?!\w|\.\d)")
#: The reply code of SMTP.
_REPLY = re.compile(r"(?<![\w.])([245]\d\d)(?!\w|\.\d)")
#: There is no such address, or it takes no mail any more.
_DEAD = re.compile(r"5\.1\.\d+|5\.2\.1")
#: Our mail was too large, its content or form not wanted, the way to the address or our standing there not good.
_UNRELATED = re.compile(r"5\.2\.2|5\.3\.4|5\.[467]\.\d+")
#: SES's words for the same.
#: Source: https://docs.aws.amazon.com/ses/latest/dg/notification-contents.html#bounce-types
_UNRELATED_TYPES = frozenset({"MessageTooLarge", "ContentRejected", "AttachmentRejected"})
_FULL = "MailboxFull"


def status_code(recipient: Mapping[str, Any]) -> str | None:
    """Return the status code of a bounced or delayed recipient.

    An enhanced code that says something stands before one that does not (`5.0.0`), and before a mere reply code.
    """
    texts = [str(recipient.get(name) or "") for name in ("status", "diagnosticCode")]
    enhanced = [found for text in texts for found in _ENHANCED.findall(text)]
    telling = [code for code in enhanced if not code.endswith(".0.0")]
    replies = [found for text in texts for found in _REPLY.findall(text)]
    return next(iter([*telling, *enhanced, *replies]), None)


def verdict(bounce_type: str | None, sub_type: str | None, code: str | None) -> Verdict:
    """Tell what a bounce means for the address.

    Parameters
    ----------
    bounce_type, sub_type
        SES's words.
    code
        As `status_code` gives it.
    """
    if code is not None and _DEAD.fullmatch(code):
        return "dead"
    if sub_type == _FULL:
        return "soft"
    if sub_type in _UNRELATED_TYPES or (code is not None and _UNRELATED.fullmatch(code)):
        return "unrelated"
    if code is not None and code.startswith("4"):
        return "soft"
    return "dead" if bounce_type == "Permanent" else "soft"
