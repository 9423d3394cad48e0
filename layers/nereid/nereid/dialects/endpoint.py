"""The frame around every HTTP endpoint: size, credential, permission, and errors in the dialect's words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol

from nereid.dialects import cors
from nereid.dialects.http import MAX_BODY_BYTES, BodyTooLarge, Request, Response
from nereid.errors import NereidError, Unavailable
from nereid.logs import identify, is_slow_ingest, is_traced, logger, unexpected

if TYPE_CHECKING:
    # An endpoint that asks nobody who they are loads none of it.
    from nereid.auth.credentials import Caller, Credentials

LambdaHandler = Callable[[dict[str, Any], Any], dict[str, Any]]


class Answers(Protocol):
    """How an API answers when something is wrong."""

    def error(self, error: Exception) -> Response:
        """Return the answer for an error; anything that is no `NereidError` is a bug: 500."""
        ...


class Dialect(Answers, Protocol):
    """The parts of an endpoint that differ between APIs."""

    def authenticate(self, request: Request, credentials: Credentials) -> Caller:
        """Return the caller; raise `Unauthenticated` otherwise."""
        ...


class HasCredentials(Protocol):
    """The part of the runtime that the frame needs."""

    @property
    def credentials(self) -> Credentials:
        """Return the check of credentials."""
        ...


def answer(
    dialect: Answers,
    event: dict[str, Any],
    context: Any,
    respond: Callable[[Request], Response],
    *,
    max_body_bytes: int | None = MAX_BODY_BYTES,
) -> dict[str, Any]:
    """Run an endpoint and return its answer; every error becomes an answer in the dialect's envelope.

    Parameters
    ----------
    max_body_bytes
        None for an endpoint that never looks at the body.
    """
    identify(context, event)
    if is_traced():
        from nereid import spans

        respond = spans.request(event.get("routeKey"), respond)
    response = answered(dialect, event.get("routeKey"), lambda: respond(_read(event, max_body_bytes)))
    if is_slow_ingest():
        from nereid.metrics import write_slow_ingest

        write_slow_ingest()
    asked = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
    shared = cors.headers(event.get("rawPath") or "", asked)
    return (replace(response, headers={**response.headers, **shared}) if shared else response).to_event()


def answered(dialect: Answers, route: str | None, respond: Callable[[], Response]) -> Response:
    """Return the answer of `respond`; every error becomes an answer in the dialect's envelope; our own are logged.

    Parameters
    ----------
    route
        Names the route in the log; its path would hold ids of users.
    """
    try:
        return respond()
    except NereidError as error:
        if isinstance(error, Unavailable):
            logger.warning("store or queue unavailable", extra={"error": str(error), "route": route})
        return dialect.error(error)
    except Exception as error:  # noqa: BLE001 - the caller gets an answer to any error
        unexpected(error, "endpoint failed", route=route)
        return dialect.error(error)


def _read(event: dict[str, Any], max_body_bytes: int | None) -> Request:
    request = Request.from_event(event)
    if max_body_bytes is not None and len(request.body) > max_body_bytes:
        raise BodyTooLarge
    return request


def authenticated(
    dialect: Dialect, runtime: HasCredentials, permission: str | None, function: Callable[[Request, Caller], Response]
) -> LambdaHandler:
    """Return a Lambda handler that calls `function` for callers with the permission (None: any valid caller)."""

    def respond(request: Request) -> Response:
        caller = dialect.authenticate(request, runtime.credentials)
        if permission is not None:
            caller.require(permission)
        return function(request, caller)

    def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
        return answer(dialect, event, context, respond)

    return handler
