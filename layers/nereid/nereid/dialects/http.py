"""HTTP as the endpoints see it: a request read from an API Gateway event, and the answer written for it."""

import base64
import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from nereid import jsontext
from nereid.errors import NereidError

JSON = "application/json"
#: Largest body that most endpoints take, in bytes.
MAX_BODY_BYTES = 262144
#: In every answer that does not say otherwise: what is answered is about a team's users or for one caller, and nothing
#: between keeps it or takes it for something else.
_HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
#: Largest body of an answer, in bytes. A Lambda's answer ends at 6 MiB, as JSON that holds the body as a string, which
#: makes quotes and line breaks of the body longer.
MAX_ANSWER_BYTES = 6_000_000


class BodyTooLarge(NereidError):
    """The body is larger than the endpoint takes."""


class BodyNotJson(NereidError):
    """The body is not JSON."""


class BodyNotObject(NereidError):
    """The body is JSON, but not an object."""


@dataclass(frozen=True)
class Request:
    """The parts of an API Gateway event (payload format 2.0) that the endpoints need.

    Path parameters come percent-decoded from the gateway, header names in lower case.
    """

    method: str
    path: str
    headers: Mapping[str, str]
    query: Mapping[str, str]
    params: Mapping[str, str]
    body: bytes
    source_ip: str
    #: Where the API was reached, as the gateway knows it.
    domain: str = field(default="", kw_only=True)

    @classmethod
    def from_event(cls, event: Mapping[str, Any]) -> "Request":
        """Read an event of API Gateway."""
        http = event["requestContext"]["http"]
        raw = event.get("body") or ""
        body = raw.encode("utf-8", "surrogatepass")
        if event.get("isBase64Encoded"):
            # The gateway is always right about this, but its stand-ins may not be.
            with suppress(ValueError):
                body = base64.b64decode(raw)
        return cls(
            method=http["method"],
            path=event["rawPath"],
            headers={name.lower(): value for name, value in (event.get("headers") or {}).items()},
            query=event.get("queryStringParameters") or {},
            params=event.get("pathParameters") or {},
            body=body,
            source_ip=http.get("sourceIp", ""),
            domain=event["requestContext"].get("domainName", ""),
        )

    def json_value(self) -> Any:
        """Return the body as JSON of any type; an empty body is ``{}``. `BodyNotJson` if it is not JSON."""
        if not self.body.strip():
            return {}
        try:
            return jsontext.loads(self.body)
        except jsontext.NotJson as error:
            raise BodyNotJson(str(error)) from error

    def json_object(self) -> dict[str, Any]:
        """Return the body as a JSON object. An empty body and ``[]`` are ``{}``: PHP encodes an empty array so.

        Raises
        ------
        BodyNotJson, BodyNotObject
        """
        value = self.json_value()
        if value == [] and isinstance(value, list):
            return {}
        if not isinstance(value, dict):
            raise BodyNotObject(type(value).__name__)
        return value


@dataclass(frozen=True)
class Response:
    """An answer; `body` is written as JSON if it is not text already."""

    status: int
    body: Any = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    content_type: str = JSON

    @property
    def is_too_large(self) -> bool:
        """Whether no function can give this answer."""
        return len(json.dumps(self.to_event(), ensure_ascii=False).encode("utf-8", "surrogatepass")) > MAX_ANSWER_BYTES

    def to_event(self) -> dict[str, Any]:
        """Return the answer in the form that API Gateway takes."""
        text = self.body if isinstance(self.body, str) else jsontext.dumps(self.body)
        headers = {**_HEADERS, **({"Content-Type": self.content_type} if text else {}), **self.headers}
        return {"statusCode": self.status, "headers": headers, "body": text, "isBase64Encoded": False}


def not_available(body: Any, headers: Mapping[str, str] | None = None) -> Response:
    """Return the 503 that every dialect gives when nothing was durably taken, with its own body."""
    return Response(503, body, {"Retry-After": "5", **(headers or {})})


def no_such_route() -> Response:
    """Return the answer where there is nothing, in API Gateway's own words, which the management API speaks, too."""
    return Response(404, {"message": "Not Found"})
