"""Requests and answers, in the form that API Gateway has them."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

_PARAMETER = re.compile(r"\{(\w+)\+?\}")


@dataclass(frozen=True)
class Answer:
    """What a caller gets."""

    status: int
    body: str

    @classmethod
    def of(cls, answer: Mapping[str, Any]) -> Answer:
        """Read a function's answer."""
        return cls(int(answer["statusCode"]), str(answer.get("body") or ""))

    def json(self) -> Any:
        """Return the body as JSON."""
        return json.loads(self.body)


def event(
    route: str, parameters: Mapping[str, str], query: Mapping[str, str], headers: Mapping[str, str], body: Any
) -> dict[str, Any]:
    """Return what API Gateway hands to the function of a route (payload format 2.0)."""
    method, _, pattern = route.partition(" ")
    path = _PARAMETER.sub(lambda found: quote(parameters[found[1]]), pattern)
    given: dict[str, Any] = {
        "version": "2.0",
        "routeKey": route,
        "rawPath": path,
        "rawQueryString": "",
        "headers": {"content-type": "application/json", "host": "nereid.example.com", **headers},
        "requestContext": {
            "http": {"method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1", "userAgent": "x"},
            "requestId": "x",
            "routeKey": route,
            "stage": "$default",
        },
        "isBase64Encoded": False,
    }
    if query:
        given["queryStringParameters"] = dict(query)
    if parameters:
        given["pathParameters"] = dict(parameters)
    if body is not None:
        given["body"] = body if isinstance(body, str) else json.dumps(body)
    return given
