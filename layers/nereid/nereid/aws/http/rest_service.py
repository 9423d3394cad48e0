"""SES, API v2: operations have paths of their own, and speak JSON."""

from typing import Any

from nereid.aws.http.answers import Answer
from nereid.aws.http.json_service import json_error, parsed, written
from nereid.aws.http.service import Request, Service, unpacked

#: Operation to its method and path.
#: Source: https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_Operations.html
_ROUTES = {
    "SendEmail": ("POST", "/v2/email/outbound-emails"),
    "GetAccount": ("GET", "/v2/email/account"),
}


class Ses(Service):
    """A client of SES for the operations that it has routes of."""

    def _request(self, operation: str, parameters: dict[str, Any]) -> Request:
        method, path = _ROUTES[operation]
        if method == "GET":
            return Request(method, path, {}, b"")
        return Request(method, path, {"content-type": "application/json"}, written(parameters))

    def _result(self, operation: str, answer: Answer) -> dict[str, Any]:  # noqa: ARG002 - all answer alike
        return _parsed(answer)

    def _error(self, answer: Answer) -> dict[str, Any]:
        return json_error(answer, _parsed)


def _parsed(answer: Answer) -> dict[str, Any]:
    return parsed(unpacked(answer))
