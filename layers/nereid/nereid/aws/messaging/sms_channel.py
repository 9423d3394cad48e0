"""Channel `sms`: SNS, published straight to a phone number."""

from collections.abc import Callable, Collection, Sequence

from nereid.aws.clients import Clients
from nereid.aws.provider_errors import SNS_BUSY, handing_over
from nereid.errors import NotSendable
from nereid.models.delivery import DeliveryJob, Rendered
from nereid.models.event_type import SmsTemplate
from nereid.models.phone_number import COUNTRY_NOT_ALLOWED, country_of
from nereid.models.senders import sms_senders


class SmsChannel:
    """Sends SMS. Implements `nereid.ports.messaging.Channel`.

    Parameters
    ----------
    countries
        ISO codes of the countries that are sent to; empty for all.
    max_price
        The most that SNS may pay for a message, in US dollars; empty for any price.
    """

    def __init__(self, clients: Clients, countries: Collection[str] = (), max_price: str = "") -> None:
        self._clients = clients
        self._countries = countries
        self._max_price = max_price

    def has_provider(self, job: DeliveryJob) -> bool:
        return job.channels.sms is not None

    def is_paced(self, job: DeliveryJob) -> bool:
        return self.has_provider(job) and self._refusal(job) is None

    def _refusal(self, job: DeliveryJob) -> str | None:
        if self._countries and country_of(job.recipient.value) not in self._countries:
            return COUNTRY_NOT_ALLOWED
        return None

    def _attributes(self, job: DeliveryJob) -> dict[str, dict[str, str]]:
        """Return what SNS is told of a message, where there is anything to tell.

        Source: https://docs.aws.amazon.com/sns/latest/dg/sms_publish-to-phone.html
        """
        provider, template = job.channels.sms, job.notification.template
        assert provider is not None
        assert isinstance(template, SmsTemplate)
        texts = {
            "AWS.SNS.SMS.SMSType": "Transactional",
            "AWS.SNS.SMS.SenderID": provider.sender_id,
            "AWS.MM.SMS.OriginationNumber": provider.origination_number,
            "AWS.MM.SMS.EntityId": provider.entity_id,
            "AWS.MM.SMS.TemplateId": template.template_id or provider.template_id,
        }
        attributes = {name: {"DataType": "String", "StringValue": text} for name, text in texts.items() if text}
        if self._max_price:
            attributes["AWS.SNS.SMS.MaxPrice"] = {"DataType": "Number", "StringValue": self._max_price}
        return attributes

    def senders(self, job: DeliveryJob, rendered: Rendered) -> Sequence[str]:  # noqa: ARG002 - it is the environment's
        assert job.channels.sms is not None
        return sms_senders(job.channels.sms)

    def send(self, job: DeliveryJob, rendered: Rendered, check_time: Callable[[], None]) -> str | None:
        refusal = self._refusal(job)
        if refusal is not None:
            raise NotSendable(refusal)
        attributes = self._attributes(job)
        check_time()
        with handing_over(SNS_BUSY):
            answer = self._clients.sns.publish(
                PhoneNumber=job.recipient.value, Message=rendered.members["text"], MessageAttributes=attributes
            )
        return str(answer["MessageId"])
