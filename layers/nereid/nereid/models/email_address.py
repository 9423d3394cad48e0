"""E-mail addresses: which texts are one, and which of them an e-mail may be from or go to."""

import re

#: Characters that end an address or begin a header, or that only another way of writing an address has.
_RESERVED = r"\s\x00-\x1f\x7f@<>()\[\],;:\"\\"
# Compiled, and kept, by the module `re` where they are used: that takes 3 ms, and most functions look at no address.
_ADDRESS = rf"[^{_RESERVED}]+@[^{_RESERVED}.]+(?:\.[^{_RESERVED}.]+)+"
#: A dot at an end of the part before the `@` or two together, a dash at an end of a part of the domain: no provider
#: takes it. Lengths of parts are not looked at: the APIs promise 254 characters in all.
#: Source: https://www.rfc-editor.org/rfc/rfc5321#section-4.1.2, https://www.rfc-editor.org/rfc/rfc1035#section-2.3.1
_UNSENDABLE = r"\.[^@]*@|[^@]*\.[.@]|[^@]*@(.*\.)?(-|[^.]*-(\.|\Z))"
_ASCII_ADDRESS = rf"[^{_RESERVED}\x80-\U0010ffff]+@[A-Za-z0-9._-]*[A-Za-z0-9_-]"
_ANY_ADDRESS = r"[^\s<>@]+@[^\s<>@]+"
_SENDER = rf"{_ANY_ADDRESS}|[^<>]*<{_ANY_ADDRESS}>"
_QUOTED = r'"(?:[^"\\]|\\.)*"'
_LONGEST = 254


def is_address(text: str) -> bool:
    """Tell whether a text is an e-mail address: one `@`, a dot in the domain, at most 254 characters."""
    return len(text) <= _LONGEST and re.fullmatch(_ADDRESS, text) is not None


def is_recipient(text: str) -> bool:
    """Tell whether an e-mail may be sent to an address, however it came to be stored.

    Providers take no address beyond ASCII. A domain's last dot would make another text of the same address, which the
    list of suppressed addresses would not know. A domain of one word, in a private network, has no dot.
    """
    return re.fullmatch(_ASCII_ADDRESS, text) is not None and re.match(_UNSENDABLE, text) is None


def is_sender(text: str) -> bool:
    """Tell whether an e-mail may come from a text: an address, or `Name <address>`."""
    return re.fullmatch(_SENDER, text) is not None


def sender_parts(text: str) -> tuple[str, str]:
    """Return the name, or nothing, and the address of a sender, as a mail is made of them."""
    name, bracket, address = " ".join(text.splitlines()).rpartition("<")
    return (_unquoted(name.strip()), address.rstrip(" >")) if bracket else ("", address)


def _unquoted(name: str) -> str:
    """Return what a quoted name says. Quotes around a part of one are the name's own."""
    return re.sub(r"\\(.)", r"\1", name[1:-1]) if re.fullmatch(_QUOTED, name) else name


def sender_address(text: str) -> str | None:
    """Return the address that a mail from a text comes from; None if a provider may take it for another or for several.

    A name stands before an address beyond ASCII as it is, without the quotes that keep it from being read as addresses.
    """
    name, address = sender_parts(text)
    return address if is_address(address) and (address.isascii() or not name) else None
