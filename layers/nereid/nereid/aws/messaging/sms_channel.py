"""Channel `sms`: SNS, published straight to a phone number."""

from collections.abc import Callable

from nereid.aws.clients import Clients
from nereid.aws.provider_errors import SNS_BUSY, handing_over
from nereid.models.delivery import DeliveryJob, Rendered
from nereid.models.senders import SMS


class SmsChannel:
    """Sends SMS. Implements `nereid.ports.messaging.Channel`."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients

    def has_provider(self, job: DeliveryJob) -> bool:
        return job.channels.sms is not None

    def is_paced(self, job: DeliveryJob) -> bool:
        return self.has_provider(job)

    def sender(self, job: DeliveryJob, rendered: Rendered) -> str:  # noqa: ARG002 - it is the environment's
        assert job.channels.sms is not None
        return SMS + (job.channels.sms.sender_id or "")

    def send(self, job: DeliveryJob, rendered: Rendered, check_time: Callable[[], None]) -> str | None:
        assert job.channels.sms is not None
        attributes = {"AWS.SNS.SMS.SMSType": _string("Transactional")}
        if job.channels.sms.sender_id:
            attributes["AWS.SNS.SMS.SenderID"] = _string(job.channels.sms.sender_id)
        check_time()
        with handing_over(SNS_BUSY):
            answer = self._clients.sns.publish(
                PhoneNumber=job.recipient.value, Message=rendered.members["text"], MessageAttributes=attributes
            )
        return str(answer["MessageId"])


def _string(value: str) -> dict[str, str]:
    return {"DataType": "String", "StringValue": value}
