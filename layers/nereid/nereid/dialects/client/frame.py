"""The Client API's form: bearer key, `{"status", "error", "code"}` on errors, 204 on success, CORS on everything.

Source of the rules: docs/apis/client.md.
"""

import base64
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from nereid import jsontext
from nereid.auth.credentials import ClientCaller
from nereid.clock import to_iso
from nereid.dialects import cors
from nereid.dialects import endpoint as frame
from nereid.dialects.client.checks import Refused
from nereid.dialects.http import BodyNotJson, BodyTooLarge, Request, Response
from nereid.errors import Forbidden, NotFound, Unauthenticated, Unavailable, UnknownKey, UserTokenRequired
from nereid.models.user import AppNotification

#: Largest body, in bytes.
MAX_BODY_BYTES = 1_048_576

_CORS = {"Access-Control-Allow-Origin": "*", "Vary": "Origin"}
_TEXT = "text/plain; charset=utf-8"


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
                # Without the second header, a page of another site cannot read the first.
                headers = {"Retry-After": "5", "Access-Control-Expose-Headers": "Retry-After"}
                return _error(503, "Service unavailable.", headers=headers)
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
        return answering(lambda request: respond(runtime, function, request))

    return decorate


def answering(function: Callable[[Request], Response]) -> frame.LambdaHandler:
    """Make a Lambda handler of a function that answers any request."""
    return lambda event, context: frame.answer(dialect, event, context, function, max_body_bytes=MAX_BODY_BYTES)


def respond(
    runtime: frame.HasCredentials, function: Callable[[ParsedRequest, ClientCaller], Response], request: Request
) -> Response:
    """Return the answer of a function to a request with a client key."""
    # In this API a body that cannot be read comes before a key that is wrong.
    parsed = ParsedRequest(**vars(request), content=read_body(request))
    return function(parsed, runtime.credentials.client_key(request.headers.get("authorization")))


def user_token(request: Request) -> str | None:
    """Return the user token that came with a request; None if none did."""
    return request.headers.get("x-user-token") or None


def read_body(request: Request) -> Any:
    """Return the content of the body: JSON, the fields of a form, or, of any other content type, its text.

    Raises
    ------
    BodyNotJson, BodyTooLarge
    """
    body = _inflated(request)
    if not body:
        return {}
    kind = request.headers.get("content-type", "application/json").partition(";")[0].strip().lower()
    try:
        if kind in ("application/json", "") or kind.endswith("+json"):
            return jsontext.loads(body)
        if kind == "application/x-www-form-urlencoded":
            fields = parse_qsl(_text(body), keep_blank_values=True, errors="surrogatepass")
            return {jsontext.whole_characters(name): jsontext.whole_characters(text) for name, text in fields}
        return jsontext.whole_characters(_text(body))
    except ValueError as error:
        raise BodyNotJson(kind) from error


def _inflated(request: Request) -> bytes:
    """Return the body as it was before it was compressed; it is as large as any other then."""
    encoding = request.headers.get("content-encoding", "").strip().lower()
    if encoding in ("", "identity"):
        return request.body
    if encoding not in ("gzip", "x-gzip"):
        raise BodyNotJson(encoding)
    left, inflated = request.body, b""
    try:
        while left:  # the format lets several follow each other
            stream = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
            inflated += stream.decompress(left, MAX_BODY_BYTES + 1 - len(inflated))
            if len(inflated) > MAX_BODY_BYTES:
                raise BodyTooLarge
            if not stream.eof:
                raise BodyNotJson("the compressed body ends early")
            left = stream.unused_data
    except zlib.error as error:
        raise BodyNotJson(encoding) from error
    return inflated


def _text(body: bytes) -> str:
    """Return a body as text, in which halves of characters may stand."""
    return body.decode("utf-8", "surrogatepass")


def not_allowed() -> Response:
    """Return the answer for another method than those of a path."""
    return Response(405, "Method Not Allowed", _CORS, _TEXT)


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
    custom = {name: _custom_text(value) for name, value in notification.data.items()}
    if notification.action_url:
        custom["action_url"] = notification.action_url
    content: dict[str, Any] = {"title": notification.title, "body": notification.body, "custom": custom}
    for name in ("html", "image", "read_on_show"):
        value = getattr(notification, name)
        if value is not None:
            content[name] = value
    return {
        "id": notification.number,
        "content_type": "html" if notification.html else "banner",
        "content": content,
        "read_at": to_iso(notification.read_at) if notification.read_at else None,
        "expires_at": to_iso(notification.expires_at) if notification.expires_at else None,
    }


def _custom_text(value: Any) -> str:
    """Return a value as text: some clients read no other kind, and would lose the whole page."""
    if isinstance(value, str):
        return value
    return "" if value is None else jsontext.dumps(value)


def options(headers: Mapping[str, str]) -> Response:
    """Return the answer to OPTIONS: what a page of another site may send, if it asks that."""
    if not cors.is_preflight("OPTIONS", headers):
        return Response(200, "", _CORS)
    return Response(204, "", {**_CORS, **cors.permitted(headers)})


def _error(status: int, text: str, code: int | None = None, headers: Mapping[str, str] | None = None) -> Response:
    body: dict[str, Any] = {"status": "error", "error": text}
    if code is not None:
        body["code"] = code
    return Response(status, body, {**_CORS, **(headers or {})}, "application/json; charset=utf-8")
