"""Channel `push`: SNS mobile push. SNS knows a device by an endpoint, which is made from its token.

The endpoint is kept, so that a push is one call. One that is gone when it is used is made anew, once.

SNS takes a message and hands it to the platform later. When the platform says that a token is dead, SNS disables
the endpoint and refuses the next message to it. An app may also have been re-installed with the same token, so a
disabled endpoint is enabled again once; if SNS disables it again without the token having been registered anew in
between, the token is unregistered and dropped for good.
"""

import re
from collections.abc import Callable, Sequence
from typing import NamedTuple, NoReturn

from botocore.exceptions import ClientError

from nereid.aws.clients import Clients
from nereid.aws.errors import code
from nereid.aws.messaging.push_payload import Publication, publication
from nereid.aws.provider_errors import SNS_BUSY, handing_over, preparing
from nereid.errors import ProviderBusy, ProviderRefused
from nereid.models.delivery import DeliveryJob, Rendered
from nereid.models.team import Scope
from nereid.ports.audience import PushEndpoints, PushTokens
from nereid.ports.clock import Clock

_DISABLED = frozenset({"EndpointDisabled", "EndpointDisabledException"})
_GONE = frozenset({"NotFound", "NotFoundException"})
#: SNS's text when a message is for an endpoint that is not there; its code is that of any wrong parameter.
_NO_ENDPOINT = "No endpoint found for the target arn"
#: SNS's text when an endpoint with the token and other attributes is there.
#: Source: https://docs.aws.amazon.com/sns/latest/dg/mobile-push-send-devicetoken.html
_EXISTING = re.compile(r"Endpoint (arn:aws\S*:sns:\S+) already exists")


class _Device(NamedTuple):
    """A device as an application knows it."""

    scope: Scope
    application: str
    token: str


class _EndpointGone(ProviderBusy):
    """The endpoint was deleted, alone or with its application: nothing was handed over, and a new one can be made."""


class PushChannel:
    """Sends push. Implements `nereid.ports.messaging.Channel`."""

    def __init__(self, clients: Clients, endpoints: PushEndpoints, tokens: PushTokens, clock: Clock) -> None:
        self._clients = clients
        self._clock = clock
        self._endpoints = endpoints
        self._tokens = tokens

    def has_provider(self, job: DeliveryJob) -> bool:
        return _application(job) is not None

    def is_paced(self, job: DeliveryJob) -> bool:
        return self.has_provider(job)

    def senders(self, job: DeliveryJob, rendered: Rendered) -> Sequence[str]:  # noqa: ARG002 - it is the environment's
        application = _application(job)
        return () if application is None else (application,)

    def send(self, job: DeliveryJob, rendered: Rendered, check_time: Callable[[], None]) -> str | None:
        application = _application(job)
        assert application is not None
        device = _Device(job.scope, application, job.recipient.value)
        push = publication(application, rendered.members, self._clock.now())
        endpoint = self._endpoints.get(*device) or self._make(device)
        try:
            return self._push(device, endpoint, push, check_time)
        except _EndpointGone:
            return self._push(device, self._make(device), push, check_time)

    def _make(self, device: _Device) -> str:
        """Make the endpoint of a token and keep it; SNS returns the same one for the same token."""
        with preparing(SNS_BUSY):
            endpoint = self._create(device)
        self._endpoints.keep(*device, endpoint)
        return endpoint

    def _create(self, device: _Device) -> str:
        try:
            answer = self._clients.sns.create_platform_endpoint(
                PlatformApplicationArn=device.application, Token=device.token
            )
        except ClientError as error:
            existing = _EXISTING.search(str(error))
            if existing is None:
                raise
            return existing[1]
        return str(answer["EndpointArn"])

    def _push(self, device: _Device, endpoint: str, push: Publication, check_time: Callable[[], None]) -> str:
        check_time()
        # An endpoint that goes now is deleted by another run that drops the token: nothing was handed over.
        with handing_over(SNS_BUSY, _GONE):
            try:
                return self._publish(endpoint, push)
            except ClientError as error:
                if code(error) not in _DISABLED:
                    raise
            return self._revive(device, endpoint, push, check_time)

    def _publish(self, endpoint: str, push: Publication) -> str:
        try:
            answer = self._clients.sns.publish(TargetArn=endpoint, MessageStructure="json", **push)
        except ClientError as error:
            if code(error) in _GONE or _NO_ENDPOINT in str(error):
                raise _EndpointGone(code(error)) from error
            raise
        return str(answer["MessageId"])

    def _revive(self, device: _Device, endpoint: str, push: Publication, check_time: Callable[[], None]) -> str:
        """Enable an endpoint once and publish; drop the token if that was tried before."""
        if not self._tokens.may_revive(device.scope, device.token):
            self._drop(device, endpoint)
        with preparing(SNS_BUSY, _GONE):
            self._clients.sns.set_endpoint_attributes(
                EndpointArn=endpoint, Attributes={"Enabled": "true", "Token": device.token}
            )
        # Not before: if the call fails now, the token would be dropped when the push comes again.
        self._tokens.note_revived(device.scope, device.token)
        check_time()
        try:
            return self._publish(endpoint, push)
        except ClientError as error:
            if code(error) in _DISABLED:
                self._drop(device, endpoint)
            raise

    def _drop(self, device: _Device, endpoint: str) -> NoReturn:
        # In this order, for as long as the contact is there, it is also noted that its token was revived before.
        self._endpoints.forget(*device)
        with preparing(SNS_BUSY, _GONE):
            self._clients.sns.delete_endpoint(EndpointArn=endpoint)
        self._tokens.drop(device.scope, device.token)
        raise ProviderRefused("unregistered")


def _application(job: DeliveryJob) -> str | None:
    """Return the ARN of the application that serves the recipient, whose `filterable` is the device's system."""
    push = job.channels.push
    return push.application_for(job.recipient.value, job.recipient.filterable) if push else None
