"""Whom a team may send as: the senders that the operator gave it, and the stack's own.

A sender is written the same way in a team's list and here: an e-mail address, the ARN of a platform application, or
``sms:`` and a sender id or a number of the AWS account; ``sms:`` alone is an SMS that names neither. A list may also
have domains (``@example.org``) and ``*``.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple, Self

from nereid.models.addresses import comparable, normal, normal_sender
from nereid.models.email_address import is_address, sender_address
from nereid.models.team import Channels, SmsProvider, Team

ANY = "*"
#: What is said of a sender that is not among a team's.
REFUSED = "is not among the senders of the team"
SMS = "sms:"
#: A sender id, with blanks inside it alone, or a number of the AWS account.
_SENDER_ID = re.compile(r"sms:(?! )([A-Za-z0-9 ._+-]{1,11}|\+[0-9]{3,15})(?<! )")
#: The form of a platform application's ARN.
#: Source: https://docs.aws.amazon.com/sns/latest/api/API_CreatePlatformApplication.html
APPLICATION = re.compile(r"arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:app/[A-Z_]+/[A-Za-z0-9_.-]{1,256}")


def is_entry(text: str) -> bool:
    """Tell whether a text can stand in a team's list."""
    if text == ANY or _SENDER_ID.fullmatch(text) or APPLICATION.fullmatch(text):
        return True
    return (
        ANY not in text
        and text == text.strip()
        and is_address(normal("email", f"any{text}" if text.startswith("@") else text))
    )


class Senders(NamedTuple):
    """The senders of one team."""

    #: The entries of its list and the senders of the stack that it may use, in normal form.
    listed: frozenset[str]
    #: The stack's providers that serve it where its environments name none.
    defaults: Channels
    #: How the ARNs of the platform applications begin that the stack may use.
    applications: str = ""

    @classmethod
    def of(cls, team: Team, stack: Channels, applications: str = "") -> Self:
        """Return the senders of a team.

        Parameters
        ----------
        stack
            The stack's own providers.
        applications
            How the ARNs of the platform applications begin that the stack may use.
        """
        listed = frozenset(map(_entry, [ANY] if team.senders is None else team.senders))
        granted = stack
        if team.registered == "open":
            granted = cls(listed, Channels(), applications).among(stack)
        return cls(listed | frozenset(map(_entry, named(granted).values())), granted, applications)

    def only(self, entry: str) -> Self:
        """Return what a single entry allows."""
        return self._replace(listed=frozenset([_entry(entry)]))

    def among(self, channels: Channels) -> Channels:
        """Return of some providers those that the team may use as a whole."""
        found = {}
        for channel, provider in channels:
            one = Channels.model_validate({channel: provider})
            found[channel] = provider if all(map(self.allow, named(one).values())) else None
        return Channels.model_validate(found)

    def allow(self, sender: str) -> bool:
        """Tell whether the team may send as somebody."""
        if sender.startswith("arn:"):
            return sender.startswith(self.applications) and not self.listed.isdisjoint({ANY, sender})
        if sender == SMS:
            return any(entry.startswith((ANY, SMS)) for entry in self.listed)
        if sender.startswith(SMS):
            return not self.listed.isdisjoint({ANY, sender})
        address = comparable("email", sender_address(normal_sender(sender)) or "")
        return not self.listed.isdisjoint({ANY, address, "@" + address.rpartition("@")[2]})


def _entry(text: str) -> str:
    """Return an entry as it is compared."""
    return comparable("email", text) if "@" in text else text


def sms_senders(provider: SmsProvider) -> Sequence[str]:
    """Return whom SMS are sent as: a sender id, a number, or both."""
    return list(named(Channels(sms=provider)).values())


def named(channels: Channels) -> dict[str, str]:
    """Return the senders that channels name, by the member that names each: ``email.from``."""
    found: dict[str, str] = {}
    if channels.email is not None:
        found["email.from"] = channels.email.from_
    if channels.sms is not None:
        members = (
            ("sms.sender_id", channels.sms.sender_id),
            ("sms.origination_number", channels.sms.origination_number),
        )
        found |= {member: SMS + text for member, text in members if text} or {"sms": SMS}
    if channels.push is not None:
        found |= {f"push.{name}": arn for name, arn in dict(channels.push).items() if arn is not None}
    return found
