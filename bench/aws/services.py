"""The services beside DynamoDB: each says yes, and keeps what the next function needs."""

from __future__ import annotations

import base64
import hashlib
import json
import math
import uuid
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs
from xml.sax.saxutils import escape

from bench.aws.tally import Tally

#: The secrets and sealed texts of this AWS are all the same.
SECRET = "s" * 64
#: So many bytes of a call of SQS are one request on the bill.
_CHUNK = 64 * 1024
_SNS = "http://sns.amazonaws.com/doc/2010-03-31/"
Answer = tuple[int, str, bytes]


class Queues:
    """SQS that takes everything, and keeps it."""

    def __init__(self) -> None:
        self.waiting: dict[str, list[str]] = {}
        #: What waits before anything is asked, to be received.
        self.letters: dict[str, list[str]] = {}
        self._received: dict[str, int] = {}

    def restore(self) -> None:
        """Forget all but the letters."""
        self.waiting.clear()
        self._received.clear()

    def call(self, operation: str, body: bytes, tally: Tally) -> Any:
        """Answer a call."""
        given = json.loads(body)
        queue = str(given.get("QueueUrl", "")).rpartition("/")[2]
        tally.chunks += max(1, math.ceil(_bytes(given) / _CHUNK))
        method: Callable[[str, Any], Any] | None = getattr(self, f"_{operation}", None)
        if method is None:
            raise NotImplementedError(f"sqs:{operation}")
        return method(queue, given)

    def _put(self, queue: str, body: str) -> dict[str, str]:
        self.waiting.setdefault(queue, []).append(body)
        digest = hashlib.md5(body.encode(), usedforsecurity=False).hexdigest()
        return {"MessageId": str(uuid.uuid4()), "MD5OfMessageBody": digest}

    def _SendMessage(self, queue: str, given: Any) -> Any:  # noqa: N802 - the service's name
        return self._put(queue, given["MessageBody"])

    def _SendMessageBatch(self, queue: str, given: Any) -> Any:  # noqa: N802
        entries = [{"Id": each["Id"], **self._put(queue, each["MessageBody"])} for each in given["Entries"]]
        return {"Successful": entries, "Failed": []}

    def _ReceiveMessage(self, queue: str, given: Any) -> Any:  # noqa: N802
        # What was received stays hidden for longer than any operation takes.
        first = self._received.get(queue, 0)
        bodies = self.letters.get(queue, [])[first : first + given.get("MaxNumberOfMessages", 1)]
        self._received[queue] = first + len(bodies)
        stamps = {"SentTimestamp": "1769851800000", "ApproximateReceiveCount": "1"}
        return {
            "Messages": [
                {
                    "MessageId": str(uuid.uuid4()),
                    "ReceiptHandle": str(uuid.uuid4()),
                    "Body": body,
                    "MD5OfBody": hashlib.md5(body.encode(), usedforsecurity=False).hexdigest(),
                    "Attributes": {**stamps, "ApproximateFirstReceiveTimestamp": "1769851800010"},
                }
                for body in bodies
            ]
        }

    def _GetQueueAttributes(self, _queue: str, given: Any) -> Any:  # noqa: N802
        return {"Attributes": dict.fromkeys(given["AttributeNames"], "0")}

    def _done(self, _queue: str, _given: Any) -> Any:
        return {}

    def _all_done(self, _queue: str, given: Any) -> Any:
        return {"Successful": [{"Id": each["Id"]} for each in given["Entries"]], "Failed": []}

    _ChangeMessageVisibility = _DeleteMessage = _PurgeQueue = _done
    _ChangeMessageVisibilityBatch = _DeleteMessageBatch = _all_done


def _bytes(given: Any) -> int:
    bodies = [given.get("MessageBody", "")] + [each.get("MessageBody", "") for each in given.get("Entries", [])]
    return sum(len(body.encode()) for body in bodies)


def secrets(operation: str, body: bytes) -> Any:
    """Answer a call of Secrets Manager."""
    if operation != "GetSecretValue":
        raise NotImplementedError(f"secretsmanager:{operation}")
    name = json.loads(body)["SecretId"]
    return {"ARN": name, "Name": name, "SecretString": SECRET, "VersionStages": ["AWSCURRENT"]}


def parameters(operation: str, body: bytes) -> Any:
    """Answer a call of the Systems Manager's parameter store."""
    given = json.loads(body)

    def one(name: str) -> dict[str, Any]:
        return {"Name": name, "Type": "SecureString", "Value": SECRET, "Version": 1}

    if operation == "GetParameter":
        return {"Parameter": one(given["Name"])}
    if operation == "GetParameters":
        return {"Parameters": [one(name) for name in given["Names"]], "InvalidParameters": []}
    raise NotImplementedError(f"ssm:{operation}")


def keys(operation: str, body: bytes) -> Any:
    """Answer a call of KMS, which seals a text by turning it round."""
    given = json.loads(body)
    if operation == "Encrypt":
        sealed = base64.b64decode(given["Plaintext"])[::-1] + bytes(150)
        return {"CiphertextBlob": base64.b64encode(sealed).decode(), "KeyId": given["KeyId"]}
    if operation == "Decrypt":
        opened = base64.b64decode(given["CiphertextBlob"])[:-150][::-1]
        return {"Plaintext": base64.b64encode(opened).decode(), "KeyId": "key"}
    raise NotImplementedError(f"kms:{operation}")


def mail(method: str, path: str, body: bytes, mails: list[str]) -> tuple[str, Any]:
    """Return the name of a call of SES, and the answer; keep what is sent."""
    match method, path.partition("?")[0].rstrip("/"):
        case "POST", "/v2/email/outbound-emails":
            mails.append(body.decode())
            return "SendEmail", {"MessageId": f"0100018d-{uuid.uuid4()}-000000"}
        case "GET", "/v2/email/account":
            quota = {"Max24HourSend": 1e9, "MaxSendRate": 1e6, "SentLast24Hours": 0.0}
            return "GetAccount", {"SendQuota": quota, "SendingEnabled": True, "ProductionAccessEnabled": True}
    raise NotImplementedError(f"ses:{method} {path}")


def notifications(body: bytes) -> tuple[str, Answer]:
    """Return the name of a call of SNS, and the answer."""
    given = {name: values[0] for name, values in parse_qs(body.decode()).items()}
    action = given["Action"]
    found: dict[str, str]
    match action:
        case "Publish":
            found = {"MessageId": str(uuid.uuid4())}
        case "CreatePlatformEndpoint":
            application = given["PlatformApplicationArn"].replace(":app/", ":endpoint/")
            found = {"EndpointArn": f"{application}/{uuid.uuid5(uuid.NAMESPACE_OID, given['Token'])}"}
        case "SetEndpointAttributes" | "DeleteEndpoint":
            found = {}
        case _:
            raise NotImplementedError(f"sns:{action}")
    members = "".join(f"<{name}>{escape(value)}</{name}>" for name, value in found.items())
    text = (
        f'<{action}Response xmlns="{_SNS}"><{action}Result>{members}</{action}Result>'
        f"<ResponseMetadata><RequestId>{uuid.uuid4()}</RequestId></ResponseMetadata></{action}Response>"
    )
    return action, (200, "text/xml", text.encode())
