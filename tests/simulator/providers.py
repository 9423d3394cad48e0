"""SES, SNS, Secrets Manager and KMS, as far as the product uses them. What SES and SNS accept is kept."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from botocore.exceptions import ClientError

from local_stack.aws.sending_limits import QUOTA_EXCEEDED, Limits
from tests.simulator.calls import error
from tests.simulator.scheduler import current

if TYPE_CHECKING:
    from tests.simulator.sandboxes import Invocation
    from tests.simulator.world import World

SECRET = "s" * 64


class Accepted(NamedTuple):
    """Something that a provider said yes to."""

    at: int
    invocation: Invocation
    channel: str
    #: E-mail address, phone number or push token.
    to: str
    text: str
    #: The e-mail's tags; empty for the others.
    tags: dict[str, str]
    #: The e-mail's one-click link.
    link: str | None
    id: str


class Ses:
    """SES, API v2.

    Parameters
    ----------
    limits
        Those of the account.
    """

    def __init__(self, world: World, limits: Limits) -> None:
        self._world = world
        self._limits = limits
        #: What it answered, and how often.
        self.answers: Counter[str] = Counter()

    def get_account(self, _parameters: dict[str, Any], _fault: str | None) -> dict[str, Any]:
        """Tell the account's limits."""
        self.answers["limits"] += 1
        return {"SendQuota": self._limits.send_quota()}

    def send_email(self, parameters: dict[str, Any], _fault: str | None) -> dict[str, Any]:
        """Accept a mail, unless it is one too many."""
        refusal = self._limits.refusal()
        if refusal is not None:
            self.answers["quota" if refusal == QUOTA_EXCEEDED else "rate"] += 1
            raise _too_many(refusal)
        self.answers["accepted"] += 1
        simple = parameters["Content"]["Simple"]
        [to] = parameters["Destination"]["ToAddresses"]
        headers = {each["Name"]: each["Value"] for each in simple.get("Headers", ())}
        link = headers.get("List-Unsubscribe")
        texts = [simple["Subject"]["Data"], *(part["Data"] for part in simple["Body"].values())]
        identifier = self._world.fresh("mail")
        self._world.accepted(
            Accepted(
                at=self._world.time.now,
                invocation=current(),
                channel="email",
                to=to,
                text="\n".join(texts),
                tags={each["Name"]: each["Value"] for each in parameters.get("EmailTags", ())},
                link=link.strip("<>") if link else None,
                id=identifier,
            )
        )
        return {"MessageId": identifier}


def _too_many(message: str) -> ClientError:
    """Return what boto3 makes of SES's refusal."""
    refused = error("TooManyRequestsException", 429, "SendEmail")
    refused.response["Error"]["Message"] = message
    return refused


class Sns:
    """SNS: SMS, and push over endpoints."""

    def __init__(self, world: World) -> None:
        self._world = world
        #: Endpoint to token.
        self.endpoints: dict[str, str] = {}
        self.disabled: set[str] = set()
        #: Tokens whose app is gone: the platform has SNS disable the endpoint after a message.
        self.dead: set[str] = set()

    def create_platform_endpoint(self, parameters: dict[str, Any], _fault: str | None) -> dict[str, Any]:
        """Make the endpoint of a token, or return the one that is there."""
        application = parameters["PlatformApplicationArn"].replace(":app/", ":endpoint/")
        endpoint = f"{application}/{parameters['Token']}"
        self.endpoints[endpoint] = parameters["Token"]
        return {"EndpointArn": endpoint}

    def set_endpoint_attributes(self, parameters: dict[str, Any], _fault: str | None) -> dict[str, Any]:
        """Enable an endpoint."""
        if parameters["EndpointArn"] not in self.endpoints:
            raise error("NotFound", 404, "SetEndpointAttributes", "Endpoint does not exist")
        self.disabled.discard(parameters["EndpointArn"])
        return {}

    def delete_endpoint(self, parameters: dict[str, Any], _fault: str | None) -> dict[str, Any]:
        """Delete an endpoint; no error if there is none."""
        self.endpoints.pop(parameters["EndpointArn"], None)
        self.disabled.discard(parameters["EndpointArn"])
        return {}

    def publish(self, parameters: dict[str, Any], _fault: str | None) -> dict[str, Any]:
        """Accept an SMS or a push."""
        if "PhoneNumber" in parameters:
            return self._accept("sms", parameters["PhoneNumber"], parameters["Message"])
        endpoint = parameters["TargetArn"]
        if endpoint not in self.endpoints:
            text = "Invalid parameter: TargetArn Reason: No endpoint found for the target arn specified"
            raise error("InvalidParameter", 400, "Publish", text)
        token = self.endpoints[endpoint]
        if endpoint in self.disabled:
            raise error("EndpointDisabled", 400, "Publish")
        if token in self.dead:
            self.disabled.add(endpoint)
        return self._accept("push", token, parameters["Message"])

    def _accept(self, channel: str, to: str, text: str) -> dict[str, Any]:
        identifier = self._world.fresh(channel)
        now = self._world.time.now
        self._world.accepted(Accepted(now, current(), channel, to, text, {}, None, identifier))
        return {"MessageId": identifier}


class Secrets:
    """Secrets Manager with the one secret."""

    def get_secret_value(self, _parameters: dict[str, Any], _fault: str | None) -> dict[str, Any]:
        """Return the signing secret."""
        return {"SecretString": SECRET}


class Kms:
    """KMS: what it gives back opens only with the context that it was made with."""

    def __init__(self) -> None:
        self._sealed: dict[bytes, tuple[bytes, dict[str, str]]] = {}

    def encrypt(self, parameters: dict[str, Any], _fault: str | None) -> dict[str, Any]:
        """Seal."""
        blob = f"sealed-{len(self._sealed)}".encode()
        self._sealed[blob] = parameters["Plaintext"], dict(parameters["EncryptionContext"])
        return {"CiphertextBlob": blob}

    def decrypt(self, parameters: dict[str, Any], _fault: str | None) -> dict[str, Any]:
        """Open."""
        plain, context = self._sealed.get(parameters["CiphertextBlob"], (b"", None))
        if context != parameters["EncryptionContext"]:
            raise error("InvalidCiphertextException", 400, "Decrypt")
        return {"Plaintext": plain}


Operation = Callable[[dict[str, Any], str | None], Any]
