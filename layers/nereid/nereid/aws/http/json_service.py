"""Services that speak JSON over one path: DynamoDB, SQS, Secrets Manager, KMS.

Binary values are bytes for the caller, and base64 on the wire.

Source: https://smithy.io/2.0/aws/protocols/aws-json-1_0-protocol.html
"""

import base64
import json
import re
import uuid
import zlib
from typing import Any

from botocore.exceptions import ChecksumError

from nereid.aws.http.answers import Answer
from nereid.aws.http.service import Request, Service, Unreadable, generic_error, unpacked

#: Where an answer of DynamoDB may hold something binary.
_BINARY = re.compile(rb'"BS?"')


class JsonService(Service):
    """A client of a service that speaks JSON.

    Parameters
    ----------
    target
        What stands before the operation in the header that names it.
    version
        That of the protocol: `1.0` or `1.1`.
    blobs
        Members of answers that are binary.
    headers
        What else is sent with each request.
    """

    def __init__(
        self,
        *given: Any,
        target: str,
        version: str = "1.0",
        blobs: tuple[str, ...] = (),
        headers: dict[str, str] | None = None,
        **options: Any,
    ) -> None:
        super().__init__(*given, **options)
        self._target = target
        self._headers = {**(headers or {}), "content-type": f"application/x-amz-json-{version}"}
        self._blobs = blobs

    def _request(self, operation: str, parameters: dict[str, Any]) -> Request:
        headers = {**self._headers, "x-amz-target": f"{self._target}.{operation}"}
        return Request("POST", "/", headers, written(parameters))

    def _result(self, operation: str, answer: Answer) -> dict[str, Any]:  # noqa: ARG002 - all answer alike
        found = self._parsed(answer)
        try:
            return {**found, **{name: base64.b64decode(found[name]) for name in self._blobs if name in found}}
        except (ValueError, TypeError) as error:
            raise Unreadable(reason="no base64") from error

    def _error(self, answer: Answer) -> dict[str, Any]:
        return json_error(answer, self._parsed)

    def _parsed(self, answer: Answer) -> dict[str, Any]:
        return parsed(unpacked(answer))


class DynamoDB(JsonService):
    """A client of DynamoDB, whose answers have check sums, whose transactions have tokens, and whose items bytes."""

    def _request(self, operation: str, parameters: dict[str, Any]) -> Request:
        if operation == "TransactWriteItems":
            # By it DynamoDB knows a second attempt, whose first one it may have carried out.
            parameters = {**parameters, "ClientRequestToken": str(uuid.uuid4())}
        return super()._request(operation, parameters)

    def _read(self, operation: str, answer: Answer) -> dict[str, Any]:
        expected = answer.headers.get("x-amz-crc32")
        found = zlib.crc32(answer.body)
        if expected is not None and not (expected.isdecimal() and int(expected) == found):
            raise ChecksumError(checksum_type="crc32", expected_checksum=expected, actual_checksum=found)
        return super()._read(operation, answer)

    def _parsed(self, answer: Answer) -> dict[str, Any]:
        body = unpacked(answer)
        return parsed(body, _with_bytes if _BINARY.search(body) else None)


def _with_bytes(value: dict[str, Any]) -> dict[str, Any]:
    """Return an attribute's value with bytes for what is binary; anything else as it is."""
    match value:
        case {"B": str(text)} if len(value) == 1:
            return {"B": base64.b64decode(text)}
        case {"BS": [*texts]} if len(value) == 1:
            return {"BS": [base64.b64decode(text) for text in texts]}
    return value


def written(parameters: dict[str, Any]) -> bytes:
    """Return parameters as JSON."""
    return json.dumps(parameters, default=_base64).encode()


def _base64(value: Any) -> str:
    if isinstance(value, bytes | bytearray):
        return base64.b64encode(value).decode()
    raise TypeError(f"{type(value).__name__} is no value of AWS")


def parsed(body: bytes, hook: Any = None) -> dict[str, Any]:
    """Parse a JSON object; an empty body is an empty one.

    Raises
    ------
    Unreadable
        If it is none.
    """
    try:
        found = json.loads(body, object_hook=hook) if body else {}
    except (ValueError, RecursionError) as error:
        raise Unreadable(reason="no JSON") from error
    if not isinstance(found, dict):
        raise Unreadable(reason="no JSON object")
    return found


def json_error(answer: Answer, parse: Any) -> dict[str, Any]:
    """Return the error of an answer in JSON: its code is in a header or in the body, in one of several forms."""
    try:
        body = parse(answer)
    except Unreadable:
        body = {}
    if not body and "x-amzn-errortype" not in answer.headers:
        return generic_error(answer)
    code = answer.headers.get("x-amzn-errortype") or body.get("__type") or body.get("code")
    code = str(code or answer.status).partition(":")[0].rpartition("#")[2]
    # SQS's codes of before it spoke JSON, which those who handle its errors know.
    former, mark, _ = answer.headers.get("x-amzn-query-error", "").partition(";")
    message = body.get("message") or body.get("Message") or ""
    return {**body, "Error": {"Code": former if former and mark else code, "Message": message}}
