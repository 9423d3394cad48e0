"""What the clients of all services have in common: a signed request, one or two attempts, an answer or an error.

They stand for boto3's clients and are called as those are: `client.get_item(TableName=..., Key=...)`. Answers have the
services' members and no `ResponseMetadata`; errors are botocore's, with the same `response`.
"""

import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from email.utils import parsedate_to_datetime
from functools import partial
from http.client import responses
from typing import Any, NamedTuple
from urllib.parse import quote, urlsplit

from botocore.exceptions import BotoCoreError, ClientError

from nereid.aws.http import environment, retries
from nereid.aws.http.answers import Answer, BadAnswer, content
from nereid.aws.http.connection import Connections
from nereid.aws.http.limits import Limits
from nereid.aws.http.signing import signed
from nereid.logs import is_traced

#: By how many seconds a clock has to be wrong for a service to refuse its requests, less a minute.
_SKEWED_SECONDS = 240


class Unreadable(BotoCoreError):  # type: ignore[misc]
    """A service's answer is not what it is said to be: the request may have been carried out."""

    fmt = "The answer cannot be read: {reason}"


class Request(NamedTuple):
    """What is to be sent; headers by their names in lower case."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


class Service(ABC):
    """A client of one service.

    Parameters
    ----------
    url
        Where the service is.
    name
        Its name in signatures.
    pause_scale
        The longest pause before the second attempt after a failure that is not for throttling, in seconds.
    """

    def __init__(self, url: str, name: str, limits: Limits, *, pause_scale: float = 0.05) -> None:
        parts = urlsplit(url)
        self.limits = limits
        self._name = name
        self._region = environment.region()
        self._host = parts.netloc
        self._base = parts.path
        self._pause_scale = pause_scale
        self._connections = Connections(f"{parts.scheme}://{parts.netloc}", limits)
        self._allowance = retries.Allowance()
        #: How much later the service's time is than this machine's, in seconds, if that is too much.
        self._skew = 0.0

    def __getattr__(self, name: str) -> Callable[..., Any]:
        """Return the operation of this name, as boto3 spells it: `get_item` for `GetItem`."""
        if name.startswith("_"):
            raise AttributeError(name)
        operation = "".join(map(str.capitalize, name.split("_")))
        call: Callable[..., Any] = partial(self._call, operation)
        if is_traced():
            from nereid import spans

            call = spans.call(call, self._name, operation)
        self.__dict__[name] = call
        return call

    def close(self) -> None:
        """Close the connections that are kept."""
        self._connections.close()

    @abstractmethod
    def _request(self, operation: str, parameters: dict[str, Any]) -> Request:
        """Write a call's parameters down."""

    @abstractmethod
    def _result(self, operation: str, answer: Answer) -> dict[str, Any]:
        """Read what a service says of a call that succeeded."""

    @abstractmethod
    def _error(self, answer: Answer) -> dict[str, Any]:
        """Read what a service says of one that did not: at least `Error` with `Code` and `Message`."""

    def _call(self, operation: str, /, **parameters: Any) -> dict[str, Any]:
        request, spent = self._request(operation, parameters), 0
        for left in reversed(range(self.limits.attempts)):
            try:
                result = self._attempt(operation, request)
            except (ClientError, BotoCoreError) as error:
                if not left or not retries.may_pass(error):
                    raise
                spent = self._allowance.spend(error)
                if not spent:
                    raise
                time.sleep(retries.pause(error, self._pause_scale))
            else:
                self._allowance.earn(spent)
                return result
        raise AssertionError("no attempts")

    def _attempt(self, operation: str, request: Request) -> dict[str, Any]:
        answer = self._exchange(request)
        try:
            return self._read(operation, answer)
        except ClientError as error:
            # It was refused unread, so that it may be sent again at once, whatever it does.
            if not retries.may_be_skewed(error) or not self._corrects(answer):
                raise
        return self._read(operation, self._exchange(request))

    def _exchange(self, request: Request) -> Answer:
        headers = signed(
            request.method,
            f"{self._base}{request.path}",
            {**request.headers, "host": self._host},
            request.body,
            credentials=environment.credentials(),
            region=self._region,
            service=self._name,
            now=time.time() + self._skew,
        )
        trace_id = environment.trace_id()
        if trace_id:
            headers["x-amzn-trace-id"] = quote(trace_id, safe="-=;:+&[]{}\"',")
        if request.body:
            headers["content-length"] = str(len(request.body))
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        head = f"{request.method} {self._base}{request.path} HTTP/1.1\r\n{lines}user-agent: nereid\r\n\r\n"
        return self._connections.exchange(request.method, head.encode() + request.body)

    def _read(self, operation: str, answer: Answer) -> dict[str, Any]:
        if answer.status < 300:
            return self._result(operation, answer)
        error = self._error(answer)
        error["ResponseMetadata"] = {"HTTPStatusCode": answer.status}
        raise ClientError(error, operation)

    def _corrects(self, answer: Answer) -> bool:
        """Tell whether a service's time is another than the one that was signed with, which is set by it then."""
        try:
            theirs = parsedate_to_datetime(answer.headers.get("date", "")).timestamp()
        except ValueError:
            return False
        skew = theirs - time.time()
        if abs(skew - self._skew) < _SKEWED_SECONDS:
            return False
        self._skew = skew
        return True


def unpacked(answer: Answer) -> bytes:
    """Return what a service said, `Unreadable` if it cannot be unpacked."""
    try:
        return content(answer)
    except BadAnswer as error:
        raise Unreadable(reason=str(error)) from error


def generic_error(answer: Answer) -> dict[str, Any]:
    """Return the error of an answer that says nothing but its status: a load balancer's."""
    return {"Error": {"Code": str(answer.status), "Message": responses.get(answer.status, "")}}
