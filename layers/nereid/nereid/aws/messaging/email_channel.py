"""Channel `email`: SES, API v2."""

from collections.abc import Callable, Iterator, Sequence
from email.utils import formataddr
from typing import Any

from botocore.exceptions import ClientError

from nereid.aws.clients import Clients
from nereid.aws.errors import translated
from nereid.aws.messaging.attachment_bucket import AttachmentBucket
from nereid.aws.messaging.mime import mime
from nereid.aws.provider_errors import handing_over
from nereid.errors import Unavailable
from nereid.models.addresses import normal_sender
from nereid.models.delivery import DeliveryJob, Rendered
from nereid.models.email_address import sender_parts
from nereid.models.event_type import MAX_FILES_BYTES
from nereid.models.mailbox import read_mailbox

#: SES's codes for too many mails, in this second or in this day.
#: Source: https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendEmail.html
_BUSY = frozenset({"TooManyRequestsException", "LimitExceededException"})


#: Longest value of a header.
#: Source: https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_MessageHeader.html
_MAX_HEADER = 995


class SesChannel:
    """Sends e-mail. Implements `nereid.ports.messaging.Channel`.

    Parameters
    ----------
    configuration_set
        Names the set whose events come back as feedback.
    bucket
        Has the files that events only name.
    """

    def __init__(self, clients: Clients, configuration_set: str, bucket: AttachmentBucket) -> None:
        self._clients = clients
        self._configuration_set = configuration_set
        self._bucket = bucket

    def has_provider(self, job: DeliveryJob) -> bool:
        return job.channels.email is not None

    def is_paced(self, job: DeliveryJob) -> bool:
        return self.has_provider(job)

    def senders(self, job: DeliveryJob, rendered: Rendered) -> Sequence[str]:
        return (_from(job, rendered),)

    def send(self, job: DeliveryJob, rendered: Rendered, check_time: Callable[[], None]) -> str | None:
        content = self._with_files(job, rendered) if rendered.files else {"Simple": _simple(rendered)}
        check_time()
        with handing_over(_BUSY):
            answer = self._clients.ses.send_email(
                FromEmailAddress=_sender(_from(job, rendered)),
                Destination=_destination(job, rendered),
                **_reply_to(rendered),
                Content=content,
                ConfigurationSetName=self._configuration_set,
                ConfigurationOverrides=_overrides(rendered),
                # Come back with every event of this mail, and name its delivery.
                EmailTags=[{"Name": name, "Value": value} for name, value in _tags(job, rendered).items()],
            )
        return str(answer["MessageId"])

    def _with_files(self, job: DeliveryJob, rendered: Rendered) -> dict[str, Any]:
        """Return a mail that is made here: SES does not say how it writes names of files beyond ASCII."""
        members = rendered.members
        headers = {
            "From": _sender(_from(job, rendered)),
            "To": job.recipient.value,
            "Subject": members["subject"],
            "Cc": ", ".join(_copies(rendered, "cc")),
            "Reply-To": _header(members["reply_to"]) if "reply_to" in members else "",
            **_headers(rendered),
        }
        given = {name: value for name, value in headers.items() if value or name == "Subject"}
        mail = mime(given, members["text"], members.get("html"), list(self._files(job, rendered)))
        return {"Raw": {"Data": mail}}

    def _files(self, job: DeliveryJob, rendered: Rendered) -> Iterator[tuple[str, str | None, bytes]]:
        room = MAX_FILES_BYTES - sum(len(file.content or b"") for file in rendered.files)
        for file in rendered.files:
            if file.content is not None:
                yield file.filename, file.content_type, file.content
                continue
            found = self._bucket.read(file.url or "", job.team_id, room)
            room -= len(found.content)
            yield file.filename, file.content_type or found.content_type, found.content


def sending_rate(clients: Clients) -> float:
    """Return how many mails a second SES takes from the account.

    Raises
    ------
    Unavailable
        If SES does not say it now, for whatever reason.
    """
    try:
        with translated():
            return float(clients.ses.get_account()["SendQuota"]["MaxSendRate"])
    except (ClientError, KeyError) as error:
        raise Unavailable("SES does not tell its rate") from error


def _simple(rendered: Rendered) -> dict[str, Any]:
    """Return a mail that SES makes."""
    members = rendered.members
    body = {"Text": _utf8(members["text"])}
    if "html" in members:
        body["Html"] = _utf8(members["html"])
    content: dict[str, Any] = {"Subject": _utf8(members["subject"]), "Body": body}
    headers = _headers(rendered)
    if headers:
        content["Headers"] = [{"Name": name, "Value": value} for name, value in headers.items()]
    return content


def _headers(rendered: Rendered) -> dict[str, str]:
    """Return the headers of a mail beside those that every mail has."""
    headers: dict[str, str] = {}
    link = f"<{rendered.unsubscribe_url}>"
    # A link that is longer, to a very long address, stands in the mail alone: with the header SES refuses it.
    if rendered.unsubscribe_url is not None and len(link) <= _MAX_HEADER:
        headers = {"List-Unsubscribe": link, "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}
    return {**headers, **rendered.members.get("headers", {})}


def _destination(job: DeliveryJob, rendered: Rendered) -> dict[str, list[str]]:
    copies = {"CcAddresses": _copies(rendered, "cc"), "BccAddresses": _copies(rendered, "bcc")}
    return {"ToAddresses": [job.recipient.value], **{kind: found for kind, found in copies.items() if found}}


def _reply_to(rendered: Rendered) -> dict[str, list[str]]:
    reply_to = rendered.members.get("reply_to")
    return {"ReplyToAddresses": [_header(reply_to)]} if reply_to else {}


def _copies(rendered: Rendered, name: str) -> list[str]:
    return [_header(text) for text in rendered.members.get(name, ())]


def _header(text: str) -> str:
    """Write a mailbox of ours as a header has it."""
    mailbox = read_mailbox(text)
    assert mailbox is not None
    return mailbox.header()


def _from(job: DeliveryJob, rendered: Rendered) -> str:
    assert job.channels.email is not None
    return str(rendered.members.get("from") or job.channels.email.from_)


def _sender(text: str) -> str:
    """Write `Name <address>` as a header has it: SES wants a name beyond ASCII as an encoded word."""
    text = normal_sender(text)
    name, address = sender_parts(text)
    if not address.isascii():
        return " ".join(text.splitlines())
    return formataddr((name, address))


def _tags(job: DeliveryJob, rendered: Rendered) -> dict[str, str]:
    own = {"team_id": job.team_id, "environment": job.environment, "delivery_id": job.delivery_id}
    tags = {**rendered.tags, **own}
    if job.sending > 1:
        tags["sending"] = str(job.sending)
    return tags


def _overrides(rendered: Rendered) -> dict[str, Any]:
    """Say whether the mail is tracked: else SES tracks every mail of a set that reports opens and clicks, codes too.

    Source: https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_TrackingConfigurationOverrides.html
    """
    status = "ENABLED" if rendered.tracking else "DISABLED"
    return {"Tracking": {"OpenTrackingEnabled": status, "ClickTrackingEnabled": status}}


def _utf8(text: str) -> dict[str, str]:
    return {"Data": text, "Charset": "UTF-8"}
