"""The answer for routes that do not exist. It knows every API, so nothing else imports it.

Most requests that come here are of those who look for other people's mistakes, under no API's paths. An API's frame is
loaded for a path of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from nereid.dialects import cors
from nereid.dialects.http import Request, Response, no_such_route

if TYPE_CHECKING:
    from nereid.dialects.neptie import frame as neptie


class _Unknown:
    """Routes that do not exist have no errors of their own: they have those of the management API."""

    def error(self, error: Exception) -> Response:
        from nereid.dialects.manage import frame as manage

        return manage.dialect.error(error)


dialect = _Unknown()


def route_not_found(runtime: neptie.HasLimiter, request: Request) -> Response:
    """Return the answer for a route that does not exist, in the words of the API that its path belongs to.

    A preflight is answered whether or not there is the route: that tells no more than the request itself would.
    """
    if cors.is_preflight(request.method, request.headers):
        permitted = cors.preflight(request.path, request.headers)
        if permitted is not None:
            return permitted
    if _is_under(request.path, "/neptune"):
        from nereid.dialects.neptune import frame as neptune

        return neptune.not_found()
    if request.path in {"/api/client", "/api/client/"}:  # the paths below it have a function of their own
        from nereid.dialects.client import frame as client

        return client.not_found()
    if request.path.startswith("/v1/") and request.path.split("/")[2] in ("event", "user"):
        from nereid.dialects.vibetrace import frame as vibetrace

        return vibetrace.route_not_found(request)
    if _is_neptie(request.path):
        from nereid.dialects.neptie import frame as neptie

        return neptie.unknown_route(runtime, request)
    return no_such_route()


def is_client_api(path: str) -> bool:
    """Tell whether a path is below the Client API's, which begins alike in every case."""
    return path.lower().startswith("/api/client/")


def _is_neptie(path: str) -> bool:
    others = ("/api/client", "/v1/event", "/v1/user")
    return any(_is_under(path, prefix) for prefix in ("/api", "/v1")) and not any(
        _is_under(path, prefix) for prefix in others
    )


def _is_under(path: str, prefix: str) -> bool:
    return path == prefix or path.startswith(prefix + "/")
