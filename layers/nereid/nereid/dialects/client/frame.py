"""The Client API's form: bearer key, `{"status", "error", "code"}` on errors, 204 on success, CORS on everything.

Source of the rules: docs/apis/client.md.
"""

import base64
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from nereid import jsontext
from nereid.auth.credentials import ClientCaller
from nereid.clock import to_iso
from nereid.dialects import endpoint as frame
from nereid.dialects.client.checks import Refused
from nereid.dialects.http import BodyNotJson, BodyTooLarge, Request, Response
from nereid.errors import Forbidden, NotFound, Unauthenticated, Unavailable, UnknownKey, UserTokenRequired
from nereid.models.user import AppNotification

#: Largest body, in bytes.
MAX_BODY_BYTES = 1_048_576

_CORS = {"Access-Control-Allow-Origin": "*", "Vary": "Origin"}
_METHODS = "GET,HEAD,PUT,POST,DELETE,PATCH"
_TEXT = "text/plain; charset=utf-8"
#: Paths below /api/client, beside those of the endpoints, that only a secret key could have used.
_SECRET = re.compile(
    "/api/client/(users|lists|campaigns|journeys|templates|subscriptions|providers|keys|locales|tags|resources"
    "|images|admins)(/.*)?"
)
#: Names of headers in a list, as RFC 9110, 5.6.1 and 5.6.2, has them.
_HEADER_NAMES = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z, \t-]+")
_SERVED = re.compile("/api/client/(alias|identify|devices|events|track|notifications(/[^/]+)?)")


class _Client:
    """The dialect, as the frame of the endpoints needs it."""

    def error(self, error: Exception) -> Response:
        match error:
            case BodyTooLarge() | BodyNotJson():
                return _error(400, "An error occurred with this request.")
            case Refused():
                return _error(422, str(error))
            case UnknownKey():
                return _error(404, "The requested project does not exist.", 6000)
            case UserTokenRequired():
                return _error(401, "User token required.", 1008)
            case Unauthenticated():
                return _error(401, "Authorization error.", 1000)
            case Forbidden():
                return _error(403, "Access denied.", 1007)
            case NotFound():
                return not_found()
            case Unavailable():
                return _error(503, "Service unavailable.", headers={"Retry-After": "5"})
        return _error(500, "An error occurred with this request.")


dialect = _Client()


@dataclass(frozen=True)
class ParsedRequest(Request):
    """A request with what its body says; see :func:`read_body`."""

    content: Any


def endpoint(
    runtime: frame.HasCredentials,
) -> Callable[[Callable[[ParsedRequest, ClientCaller], Response]], frame.LambdaHandler]:
    """Make a Lambda handler of a function that answers a request with a client key."""

    def decorate(function: Callable[[ParsedRequest, ClientCaller], Response]) -> frame.LambdaHandler:
        def respond(request: Request) -> Response:
            if request.path.endswith("/"):  # the gateway may take it for the path without the slash
                return not_found()
            # In this API a body that cannot be read comes before a key that is wrong.
            parsed = ParsedRequest(**vars(request), content=read_body(request))
            return function(parsed, runtime.credentials.client_key(request.headers.get("authorization")))

        return lambda event, context: frame.answer(dialect, event, context, respond, max_body_bytes=MAX_BODY_BYTES)

    return decorate


def user_token(request: Request) -> str | None:
    """Return the user token that came with a request; None if none did."""
    return request.headers.get("x-user-token") or None


def read_body(request: Request) -> Any:
    """Return the content of the body: JSON, the fields of a form, or, of any other content type, its text.

    Raises
    ------
    BodyNotJson
    """
    if not request.body:
        return {}
    kind = request.headers.get("content-type", "application/json").partition(";")[0].strip().lower()
    try:
        match kind:
            case "application/json" | "":
                return jsontext.loads(request.body)
            case "application/x-www-form-urlencoded":
                fields = parse_qsl(_text(request.body), keep_blank_values=True, errors="surrogatepass")
                return {jsontext.whole_characters(name): jsontext.whole_characters(text) for name, text in fields}
        return jsontext.whole_characters(_text(request.body))
    except ValueError as error:
        raise BodyNotJson(kind) from error


def _text(body: bytes) -> str:
    """Return a body as text, in which halves of characters may stand."""
    return body.decode("utf-8", "surrogatepass")


def answer_other(runtime: frame.HasCredentials) -> frame.LambdaHandler:
    """Make the Lambda handler of every request under /api/client that no endpoint takes."""

    def respond(request: Request) -> Response:
        if request.method == "OPTIONS":
            return _options(request.headers)
        if _SERVED.fullmatch(request.path):
            return Response(405, "Method Not Allowed", _CORS, _TEXT)
        if _SECRET.fullmatch(request.path):
            if request.method not in ("GET", "HEAD"):
                read_body(request)
            caller = runtime.credentials.client_key(request.headers.get("authorization"))
            if not caller.is_secret:
                raise Forbidden("secret key needed")
        return not_found()

    return lambda event, context: frame.answer(dialect, event, context, respond, max_body_bytes=MAX_BODY_BYTES)


def not_found() -> Response:
    """Return the answer for an unknown route or user."""
    return Response(404, "Not Found", _CORS, _TEXT)


def accepted() -> Response:
    """Return the answer to everything that was done or is durably queued."""
    return Response(204, "", _CORS)


def ok(body: dict[str, Any]) -> Response:
    """Return an answer that says something."""
    return Response(200, body, _CORS, "application/json; charset=utf-8")


def page(results: Sequence[dict[str, Any]], limit: int, position: str | None) -> Response:
    """Return a page of a list and the cursor of the next."""
    body: dict[str, Any] = {"results": results, "limit": limit}
    if position is not None:
        body["nextCursor"] = base64.urlsafe_b64encode(position.encode()).decode().rstrip("=")
    return ok(body)


def notification_object(notification: AppNotification) -> dict[str, Any]:
    """Return an app notification as this API shows it."""
    return {
        "id": notification.uuid,
        "content_type": "banner",
        "content": {"title": notification.title, "body": notification.body, "custom": notification.data},
        "read_at": to_iso(notification.read_at) if notification.read_at else None,
        "expires_at": None,
    }


def _options(headers: Mapping[str, str]) -> Response:
    if "origin" not in headers or "access-control-request-method" not in headers:
        return Response(200, "", _CORS)
    allowed = {"Access-Control-Allow-Methods": _METHODS}
    asked = headers.get("access-control-request-headers", "")
    if _HEADER_NAMES.fullmatch(asked):
        allowed["Access-Control-Allow-Headers"] = asked
    return Response(204, "", {**_CORS, **allowed})


def _error(status: int, text: str, code: int | None = None, headers: Mapping[str, str] | None = None) -> Response:
    body: dict[str, Any] = {"status": "error", "error": text}
    if code is not None:
        body["code"] = code
    return Response(status, body, {**_CORS, **(headers or {})}, "application/json; charset=utf-8")
