"""E-mails as they travel (RFC 5322, MIME), for those with files: SES makes the others itself."""

from collections.abc import Mapping, Sequence
from email.message import EmailMessage
from email.policy import EmailPolicy
from typing import Any

from nereid.errors import ProviderRefused
from nereid.models.event_type import MEDIA_TYPE

#: The type of a file of which nobody says one.
_ANY_TYPE = "application/octet-stream"


class _Policy(EmailPolicy):
    """Folds headers, but those whose values are words for programs: a link in two pieces is none."""

    def fold(self, name: str, value: str) -> str:
        text = str(value)
        if name.lower().startswith(("list-", "x-")) and text.isascii():
            return f"{name}: {text}{self.linesep}"
        return str(super().fold(name, value))

    def fold_binary(self, name: str, value: str) -> bytes:
        return self.fold(name, value).encode("ascii", "surrogateescape")


# All is ASCII, as SES wants it.
_POLICY = _Policy(linesep="\r\n", cte_type="7bit")


def mime(
    headers: Mapping[str, str], text: str, html: str | None, files: Sequence[tuple[str, str | None, bytes]]
) -> bytes:
    """Return a mail.

    Parameters
    ----------
    headers
        Their values in ASCII; there is no `Bcc` among them.
    files
        Name, media type and content of each.

    Raises
    ------
    ProviderRefused
        If something cannot stand in a header.
    """
    message = EmailMessage(policy=_POLICY)
    try:
        for name, value in headers.items():
            message[name] = value
        message.set_content(text)
        if html is not None:
            message.add_alternative(html, subtype="html")
        for filename, media_type, content in files:
            main, sub, parameters = _parts(media_type or "")
            message.add_attachment(content, maintype=main, subtype=sub, filename=filename, params=parameters)
        return message.as_bytes()
    except (ValueError, UnicodeError) as error:
        raise ProviderRefused("InvalidMail") from error


def _parts(media_type: str) -> tuple[str, str, dict[str, Any]]:
    plain = media_type if MEDIA_TYPE.fullmatch(media_type) else _ANY_TYPE
    if plain.lower().startswith(("multipart/", "message/")):  # their content has a form of its own
        plain = _ANY_TYPE
    kind, *rest = plain.split(";")
    main, _, sub = kind.partition("/")
    return main, sub, dict(each.strip().split("=", 1) for each in rest)
