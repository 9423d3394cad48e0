"""Channel `email`: SES, API v2."""

from collections.abc import Callable, Sequence
from email.utils import formataddr
from typing import Any

from botocore.exceptions import ClientError

from nereid.aws.clients import Clients
from nereid.aws.errors import translated
from nereid.aws.provider_errors import handing_over
from nereid.errors import Unavailable
from nereid.models.addresses import normal_sender
from nereid.models.delivery import DeliveryJob, Rendered
from nereid.models.email_address import sender_parts

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
    """

    def __init__(self, clients: Clients, configuration_set: str) -> None:
        self._clients = clients
        self._configuration_set = configuration_set

    def has_provider(self, job: DeliveryJob) -> bool:
        return job.channels.email is not None

    def is_paced(self, job: DeliveryJob) -> bool:
        return self.has_provider(job)

    def senders(self, job: DeliveryJob, rendered: Rendered) -> Sequence[str]:
        return (_from(job, rendered),)

    def send(self, job: DeliveryJob, rendered: Rendered, check_time: Callable[[], None]) -> str | None:
        members = rendered.members
        body = {"Text": _utf8(members["text"])}
        if "html" in members:
            body["Html"] = _utf8(members["html"])
        content: dict[str, Any] = {"Subject": _utf8(members["subject"]), "Body": body}
        link = f"<{rendered.unsubscribe_url}>"
        # A link that is longer, to a very long address, stands in the mail alone: with the header SES refuses it.
        if rendered.unsubscribe_url is not None and len(link) <= _MAX_HEADER:
            content["Headers"] = [
                {"Name": "List-Unsubscribe", "Value": link},
                {"Name": "List-Unsubscribe-Post", "Value": "List-Unsubscribe=One-Click"},
            ]
        check_time()
        with handing_over(_BUSY):
            answer = self._clients.ses.send_email(
                FromEmailAddress=_sender(_from(job, rendered)),
                Destination={"ToAddresses": [job.recipient.value]},
                Content={"Simple": content},
                ConfigurationSetName=self._configuration_set,
                ConfigurationOverrides=_overrides(rendered),
                # Come back with every event of this mail, and name its delivery.
                EmailTags=[{"Name": name, "Value": value} for name, value in _tags(job, rendered).items()],
            )
        return str(answer["MessageId"])


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
