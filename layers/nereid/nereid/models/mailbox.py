"""Mailboxes: an address, perhaps with the name of somebody, as they stand in the headers of a mail."""

import unicodedata
from email.header import Header
from email.utils import formataddr
from typing import NamedTuple

from nereid.models.addresses import normal, why_unreachable
from nereid.models.email_address import sender_parts

#: Longest text that is read as a mailbox, in characters: an address, and as much again for the name.
_LONGEST = 508


class Mailbox(NamedTuple):
    """An address that a mail can be sent to, and the name in front of it, which may be empty."""

    name: str
    address: str

    @property
    def text(self) -> str:
        """Return it as people write it, and :func:`read_mailbox` reads it."""
        return f"{self.name} <{self.address}>" if self.name else self.address

    def header(self) -> str:
        """Return it as a header has it: in ASCII, and the name as it is, whatever it holds."""
        if self.name.isascii() and "=?" not in self.name:
            return formataddr((self.name, self.address))
        # What looks like an encoded word is encoded as well, or it would be shown as something else.
        return f"{encoded_words(self.name)} <{self.address}>"


def read_mailbox(text: str) -> Mailbox | None:
    """Read an address, or `Name <address>`; None if a text is neither, several, or an address that takes no mail."""
    if len(text) > _LONGEST:
        return None
    name, written = sender_parts(text.strip())
    address = normal("email", written)
    if not _is_name(name) or why_unreachable("email", address) is not None:
        return None
    return Mailbox(name, address)


def encoded_words(text: str) -> str:
    """Return a text as a header has what is beyond ASCII (RFC 2047): in words of 75 characters at most."""
    return Header(text, "utf-8", maxlinelen=75).encode(linesep="")


def _is_name(text: str) -> bool:
    """Tell whether a text ends no header and begins no address."""
    return not any(each in "<>" or unicodedata.category(each) == "Cc" for each in text)
