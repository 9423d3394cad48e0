"""Channel `push`: SNS mobile push. SNS knows a device by an endpoint, which is made from its token.

SNS takes a message and hands it to the platform later. When the platform says that a token is dead, SNS disables
the endpoint and refuses the next message to it. An app may also have been re-installed with the same token, so a
disabled endpoint is enabled again once; if SNS disables it again without the token having been registered anew in
between, the token is unregistered and dropped for good.
"""

import json
import re
from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError

from nereid.aws.clients import Clients
from nereid.aws.errors import code
from nereid.aws.provider_errors import SNS_BUSY, handing_over
from nereid.errors import ProviderRefused
from nereid.models.delivery import DeliveryJob, Rendered
from nereid.ports.audience import PushTokens

_DISABLED = frozenset({"EndpointDisabled", "EndpointDisabledException"})
_GONE = frozenset({"NotFound", "NotFoundException"})
#: SNS's text when an endpoint with the token and other attributes is there.
#: Source: https://docs.aws.amazon.com/sns/latest/dg/mobile-push-send-devicetoken.html
_EXISTING = re.compile(r"Endpoint (arn:aws\S*:sns:\S+) already exists")


class PushChannel:
    """Sends push. Implements `nereid.ports.messaging.Channel`."""

    def __init__(self, clients: Clients, tokens: PushTokens) -> None:
        self._clients = clients
        self._tokens = tokens

    def has_provider(self, job: DeliveryJob) -> bool:
        return _application(job) is not None

    def send(self, job: DeliveryJob, rendered: Rendered) -> str | None:
        payload = json.dumps(_payload(rendered.members))
        with handing_over(SNS_BUSY):
            endpoint = self._endpoint(job)
        # An endpoint that is gone now was deleted by another run that drops the token: nothing was handed over.
        with handing_over(SNS_BUSY | _GONE):
            try:
                return self._publish(endpoint, payload)
            except ClientError as error:
                if code(error) in _GONE:
                    return self._publish(self._endpoint(job), payload)
                if code(error) not in _DISABLED:
                    raise
            return self._revive(job, endpoint, lambda: self._publish(endpoint, payload))

    def _endpoint(self, job: DeliveryJob) -> str:
        """Return the endpoint of the recipient's token; SNS returns the same one for the same token."""
        try:
            answer = self._clients.sns.create_platform_endpoint(
                PlatformApplicationArn=_application(job), Token=job.recipient.value
            )
        except ClientError as error:
            existing = _EXISTING.search(str(error))
            if existing is None:
                raise
            return existing[1]
        return str(answer["EndpointArn"])

    def _publish(self, endpoint: str, payload: str) -> str:
        answer = self._clients.sns.publish(TargetArn=endpoint, Message=payload, MessageStructure="json")
        return str(answer["MessageId"])

    def _revive(self, job: DeliveryJob, endpoint: str, publish: Callable[[], str]) -> str:
        """Enable an endpoint once and publish; drop the token if that was tried before."""
        if not self._tokens.may_revive(job.scope, job.recipient.value):
            self._drop(job, endpoint)
        self._clients.sns.set_endpoint_attributes(
            EndpointArn=endpoint, Attributes={"Enabled": "true", "Token": job.recipient.value}
        )
        try:
            return publish()
        except ClientError as error:
            if code(error) in _DISABLED:
                self._drop(job, endpoint)
            raise

    def _drop(self, job: DeliveryJob, endpoint: str) -> None:
        # In this order, for as long as the contact is there, it is also noted that its token was revived before.
        self._clients.sns.delete_endpoint(EndpointArn=endpoint)
        self._tokens.drop(job.scope, job.recipient.value)
        raise ProviderRefused("unregistered")


def _application(job: DeliveryJob) -> str | None:
    """Return the ARN of the application that serves the recipient, whose `filterable` is the device's system."""
    push = job.channels.push
    return push.application_for(job.recipient.value, job.recipient.filterable) if push else None


def _payload(members: dict[str, Any]) -> dict[str, str]:
    """Return the message for each platform.

    Source: https://docs.aws.amazon.com/sns/latest/dg/sns-send-custom-platform-specific-payloads-mobile-devices.html
    """
    title, body, data = members["title"], members["body"], members.get("data", {})
    texts = {key: value if isinstance(value, str) else json.dumps(value) for key, value in data.items()}
    notification = {"title": title, "body": body}
    fcm = {"fcmV1Message": {"message": {"notification": notification, "data": texts}}}
    apns = {"aps": {"alert": notification}, **data}
    return {"default": body, "GCM": json.dumps(fcm), "APNS": json.dumps(apns), "APNS_SANDBOX": json.dumps(apns)}
