"""The parts of an e-mail beside its subject and bodies: whom else it reaches, its headers and files.

Each is checked twice with the same rules: as it is written, where it has no Liquid, and as it is filled in.
"""

import base64
import binascii
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from nereid.core.one_line import one_line
from nereid.core.templates.rendering import current
from nereid.errors import TemplateFailed
from nereid.models.addresses import comparable
from nereid.models.delivery import File
from nereid.models.event_type import MAX_FILENAME, MAX_FILES_BYTES, Attachment, EmailTemplate
from nereid.models.mailbox import Mailbox, encoded_words, read_mailbox

#: Most recipients of one mail, `to` included.
#: Source: https://docs.aws.amazon.com/ses/latest/dg/quotas.html
MAX_RECIPIENTS = 50
#: Most headers of a template: SES takes 15, and two are for unsubscribing.
#: Source: https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_Message.html
MAX_HEADERS = 13
#: Longest name of a header, and longest value as it travels, in characters.
MAX_HEADER_NAME, MAX_HEADER_VALUE = 126, 870
NOT_AN_ADDRESS = "must be an address or Name <address>"
NOT_BASE64 = "must be base64"
#: Names that SES reads as instructions, such as the tags of a mail, begin so.
_RESERVED = "x-ses-"
_HEADER_NAME = re.compile(r"[Xx]-[A-Za-z0-9_-]+")
_SPACE = re.compile(rb"[ \t\r\n]+")
#: Characters that turn the direction of what follows, so that one ending of a file looks like another.
_TURNING = re.compile("[\u202a-\u202e\u2066-\u2069]")
#: Why a mail of a public key's message fails whose files its data would choose.
_NOT_PUBLIC = "is a template, and a public key sent the event"


def is_literal(source: str) -> bool:
    """Tell whether a template string has nothing to fill in."""
    return "{{" not in source and "{%" not in source


def header_problem(name: str) -> str | None:
    """Return what is wrong with the name of a header; None if nothing is."""
    if not _HEADER_NAME.fullmatch(name) or len(name) > MAX_HEADER_NAME:
        return "must be a name that begins with X-"
    return "is a name that SES reserves" if name.lower().startswith(_RESERVED) else None


def header_value(text: str) -> str:
    """Return the value of a header as it travels: one line of ASCII."""
    plain = one_line(text)
    return plain if plain.isascii() else encoded_words(plain)


def decoded(text: str) -> bytes | None:
    """Read base64, in lines or not, with padding or not; None if it is none."""
    try:
        plain = _SPACE.sub(b"", text.encode("ascii")).rstrip(b"=")
        return base64.b64decode(plain + b"=" * (-len(plain) % 4), validate=True)
    except (binascii.Error, UnicodeEncodeError):
        return None


def filename_of(text: str) -> str | None:
    """Return the name of a file as programs show it; None if there is none, or it is too long."""
    name = one_line(_TURNING.sub("", text))
    return name if name and len(name) <= MAX_FILENAME else None


def fill_parts(
    template: EmailTemplate, to: str, fill: Callable[[str], str], *, from_public: bool
) -> tuple[dict[str, Any], list[File]]:
    """Fill in the parts that a template has.

    Parameters
    ----------
    to
        The address of the mail's recipient, who gets no copy as well.
    fill
        Fills in one template string.
    from_public
        Whether a public key sent the event, so that its data may choose neither who gets copies nor files.

    Returns
    -------
    The members, addresses being as people write them, and the files; those in the bucket have their URL yet.

    Raises
    ------
    TemplateFailed
        Naming the member that is no address or the like.
    """
    members: dict[str, Any] = {}
    if template.reply_to is not None:
        answers = _mailbox("reply_to", fill(template.reply_to))
        if answers is not None:
            members["reply_to"] = answers.text
    seen = {comparable("email", to)}
    for name in ("cc", "bcc"):
        given: Sequence[str] | None = getattr(template, name)
        if given is not None:
            members[name] = list(_copies(name, given, seen, fill, from_public=from_public))
    if template.headers is not None:
        members["headers"] = dict(_headers(template.headers, fill))
    files = _files(template.attachments or [], fill, from_public=from_public)
    if template.attachments is not None:
        members["attachments"] = [_shown(file) for file in files]
    return members, files


def _copies(
    name: str, sources: Sequence[str], seen: set[str], fill: Callable[[str], str], *, from_public: bool
) -> Iterator[str]:
    """Give each mailbox once; one that a stranger would choose is left out."""
    for index, source in enumerate(sources):
        if from_public and not is_literal(source):
            current().note(f"{name}[{index}]: it {_NOT_PUBLIC}")
            continue
        mailbox = _mailbox(f"{name}[{index}]", fill(source))
        if mailbox is None:
            continue
        address = comparable("email", mailbox.address)
        if address not in seen:
            seen.add(address)
            yield mailbox.text


def _mailbox(field: str, text: str) -> Mailbox | None:
    """Read a mailbox; None if there is no text."""
    plain = one_line(text)
    if not plain:
        return None
    mailbox = read_mailbox(plain)
    if mailbox is None:
        raise TemplateFailed(f"{field} is not an e-mail address")
    return mailbox


def _headers(sources: Mapping[str, str], fill: Callable[[str], str]) -> Iterator[tuple[str, str]]:
    for name, source in sources.items():
        value = header_value(fill(source))
        if len(value) > MAX_HEADER_VALUE:
            raise TemplateFailed(f"headers.{name} is longer than {MAX_HEADER_VALUE} characters")
        if value:
            yield name, value


def _files(attachments: Sequence[Attachment], fill: Callable[[str], str], *, from_public: bool) -> list[File]:
    files: list[File] = []
    for index, attachment in enumerate(attachments):
        field = f"attachments[{index}]"
        content, source = attachment.content_base64, attachment.content_base64 or attachment.url or ""
        if from_public and not is_literal(source):
            raise TemplateFailed(f"{field} {_NOT_PUBLIC}")
        filename = filename_of(fill(attachment.filename))
        if filename is None:
            raise TemplateFailed(f"{field}.filename is not 1 to {MAX_FILENAME} characters")
        if content is None:
            files.append(File(filename, attachment.content_type, url=fill(source).strip()))
            continue
        data = decoded(fill(content))
        if not data:
            raise TemplateFailed(f"{field}.content_base64 is {'not base64' if data is None else 'empty'}")
        files.append(File(filename, attachment.content_type, data))
    if sum(len(file.content or b"") for file in files) > MAX_FILES_BYTES:
        raise TemplateFailed(f"attachments are larger than {MAX_FILES_BYTES} bytes together")
    return files


def _shown(file: File) -> dict[str, Any]:
    shown: dict[str, Any] = {"filename": file.filename, "content_type": file.content_type}
    return {**shown, "url": file.url} if file.content is None else {**shown, "size": len(file.content)}
