"""E-mails as they travel (RFC 5322, MIME), where the provider does not make them itself."""

from collections.abc import Iterator, Mapping, Sequence
from email.message import EmailMessage
from email.policy import SMTP
from typing import Any

from nereid.errors import ProviderRefused
from nereid.models.event_type import MEDIA_TYPE
from nereid.models.mailbox import encoded_words

#: The type of a file of which nobody says one.
_ANY_TYPE = "application/octet-stream"
#: All is ASCII, as SES wants it.
_POLICY = SMTP.clone(cte_type="7bit")
#: Longest line, in characters, and how long one should be.
_MAX_LINE, _LINE = 998, 78
#: How headers begin whose values are words for programs, which in two pieces are none.
_WHOLE = ("list-", "x-")


def mime(
    headers: Mapping[str, str], text: str, html: str | None, files: Sequence[tuple[str, str | None, bytes]] = ()
) -> bytes:
    """Return a mail.

    Parameters
    ----------
    headers
        Their values, of which the subject alone may be beyond ASCII; there is no `Bcc` among them.
    files
        Name, media type and content of each.

    Raises
    ------
    ProviderRefused
        If something cannot stand in a header.
    """
    head = "".join(f"{line}\r\n" for name, value in headers.items() for line in _header(name, value))
    message = EmailMessage(policy=_POLICY)
    try:
        message.set_content(text)
        if html is not None:
            message.add_alternative(html, subtype="html")
        for filename, media_type, content in files:
            main, sub, parameters = _parts(media_type or "")
            message.add_attachment(content, maintype=main, subtype=sub, filename=filename, params=parameters)
        return head.encode("ascii") + message.as_bytes()
    except (ValueError, UnicodeError) as error:
        raise ProviderRefused("InvalidMail") from error


def _header(name: str, value: str) -> Iterator[str]:
    """Give the lines of a header; Python's library would encode the commas between long addresses."""
    if any(ord(each) < 32 or ord(each) == 127 for each in value):
        raise ProviderRefused("InvalidMail")
    if name.lower().startswith(_WHOLE):
        parts, most = [value], _MAX_LINE
    else:
        written = value if name != "Subject" or _is_plain(value) else encoded_words(value)
        parts, most = written.split(), _LINE
    line = f"{name}:"
    for part in parts:
        if len(line) + 1 + len(part) > most:
            yield line
            line = ""
        line += f" {part}"
    yield line


def _is_plain(text: str) -> bool:
    return text.isascii() and "=?" not in text and all(len(word) < _MAX_LINE for word in text.split())


def _parts(media_type: str) -> tuple[str, str, dict[str, Any]]:
    plain = media_type if MEDIA_TYPE.fullmatch(media_type) else _ANY_TYPE
    if plain.lower().startswith(("multipart/", "message/")):  # their content has a form of its own
        plain = _ANY_TYPE
    kind, *rest = plain.split(";")
    main, _, sub = kind.partition("/")
    return main, sub, dict(each.strip().split("=", 1) for each in rest)
