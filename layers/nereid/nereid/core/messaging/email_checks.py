"""The checks of an e-mail's template before it is stored: whom it reaches, its headers and files."""

from collections.abc import Iterator, Sequence

from nereid.core.one_line import one_line
from nereid.core.templates import mail_parts
from nereid.core.templates.mail_parts import is_literal
from nereid.core.templates.render import check_links, check_template
from nereid.errors import Invalid
from nereid.models.attachment_url import object_key
from nereid.models.event_type import MAX_FILES_BYTES, Attachment, EmailTemplate, Notification
from nereid.models.mailbox import read_mailbox


def check_email(path: str, template: EmailTemplate) -> None:
    """Check an e-mail's template, wherever it can be seen without its data.

    Raises
    ------
    Invalid
        Naming the field below `path`, and for a template that does not parse its line.
    """
    if template.text is None and template.html is None:
        raise Invalid({f"{path}.text": "is required"})
    for field, source, is_html in _sources(path, template):
        check_template(field, source, html=is_html)
        if is_html:
            check_links(field, source)
    _check_recipients(path, template)
    _check_headers(path, template)
    for index, attachment in enumerate(template.attachments or []):
        _check_attachment(f"{path}.attachments[{index}]", attachment)
    content = [mail_parts.decoded(each.content_base64 or "") or b"" for each in template.attachments or []]
    if sum(map(len, content)) > MAX_FILES_BYTES:
        raise Invalid({f"{path}.attachments": f"must be {MAX_FILES_BYTES} bytes together at most"})


def check_objects(notifications: Sequence[Notification], bucket: str, team_id: str) -> None:
    """Check that files which are objects of the bucket are the team's; `Invalid` names each that is not.

    Parameters
    ----------
    bucket
        The name of the stack's bucket of attachments.
    """
    refused = {
        f"notifications[{number}].template.attachments[{index}].url": f"must be an object below s3://{bucket}/{team_id}/"
        for number, notification in enumerate(notifications)
        if isinstance(notification.template, EmailTemplate)
        for index, attachment in enumerate(notification.template.attachments or [])
        if attachment.url is not None
        and is_literal(attachment.url)
        and object_key(attachment.url, bucket, team_id) is None
    }
    if refused:
        raise Invalid(refused)


def _sources(path: str, template: EmailTemplate) -> Iterator[tuple[str, str, bool]]:
    """Give every string that is a template: its field, itself, and whether it is HTML."""
    for name in ("subject", "text", "html", "reply_to"):
        source = getattr(template, name)
        if source is not None:
            yield f"{path}.{name}", source, name == "html"
    for name in ("cc", "bcc"):
        for index, source in enumerate(getattr(template, name) or []):
            yield f"{path}.{name}[{index}]", source, False
    for name, source in (template.headers or {}).items():
        yield f"{path}.headers.{name}", source, False
    for index, attachment in enumerate(template.attachments or []):
        for name in ("filename", "content_base64", "url"):
            source = getattr(attachment, name)
            if source is not None:
                yield f"{path}.attachments[{index}].{name}", source, False


def _check_recipients(path: str, template: EmailTemplate) -> None:
    copies = 0
    for name in ("cc", "bcc"):
        given: list[str] = getattr(template, name) or []
        copies += len(given)
        if copies >= mail_parts.MAX_RECIPIENTS:
            raise Invalid({f"{path}.{name}": f"must make {mail_parts.MAX_RECIPIENTS} recipients with `to` at most"})
        for index, source in enumerate(given):
            _check_mailbox(f"{path}.{name}[{index}]", source)
    if template.reply_to is not None:
        _check_mailbox(f"{path}.reply_to", template.reply_to)


def _check_mailbox(field: str, source: str) -> None:
    if is_literal(source) and read_mailbox(one_line(source)) is None:
        raise Invalid({field: mail_parts.NOT_AN_ADDRESS})


def _check_headers(path: str, template: EmailTemplate) -> None:
    headers = template.headers or {}
    if len(headers) > mail_parts.MAX_HEADERS:
        raise Invalid({f"{path}.headers": f"must be {mail_parts.MAX_HEADERS} headers at most"})
    seen: set[str] = set()
    for name, source in headers.items():
        problem = mail_parts.header_problem(name)
        if problem is None and name.lower() in seen:
            problem = "is there twice"
        seen.add(name.lower())
        if (
            problem is None
            and is_literal(source)
            and len(mail_parts.header_value(source)) > mail_parts.MAX_HEADER_VALUE
        ):
            problem = f"must be {mail_parts.MAX_HEADER_VALUE} characters at most"
        if problem is not None:
            raise Invalid({f"{path}.headers.{name}": problem})


def _check_attachment(path: str, attachment: Attachment) -> None:
    content, url = attachment.content_base64, attachment.url
    if content is None and url is None:
        raise Invalid({f"{path}.content_base64": "is required, or a url"})
    if content is not None and url is not None:
        raise Invalid({f"{path}.url": "must be left out where content_base64 is given"})
    if content is not None and attachment.content_type is None:
        raise Invalid({f"{path}.content_type": "is required"})
    if is_literal(attachment.filename) and mail_parts.filename_of(attachment.filename) is None:
        raise Invalid({f"{path}.filename": "must not be blank"})
    if content is not None and is_literal(content) and not mail_parts.decoded(content):
        raise Invalid({f"{path}.content_base64": mail_parts.NOT_BASE64})
