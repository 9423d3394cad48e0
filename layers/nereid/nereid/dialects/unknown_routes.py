"""The answer for routes that do not exist. It knows every API, so nothing else imports it."""

from nereid.dialects import cors
from nereid.dialects.client import frame as client
from nereid.dialects.http import Request, Response
from nereid.dialects.manage import frame as manage
from nereid.dialects.neptie import frame as neptie
from nereid.dialects.neptune import frame as neptune
from nereid.dialects.vibetrace import frame as vibetrace

#: Routes that do not exist have no errors of their own.
dialect = manage.dialect


def route_not_found(runtime: neptie.HasLimiter, request: Request) -> Response:
    """Return the answer for a route that does not exist, in the words of the API that its path belongs to.

    A preflight is answered whether or not there is the route: that tells no more than the request itself would.
    """
    if cors.is_preflight(request.method, request.headers):
        permitted = cors.preflight(request.path, request.headers)
        if permitted is not None:
            return permitted
    if _is_under(request.path, "/neptune"):
        return neptune.not_found()
    if request.path in {"/api/client", "/api/client/"}:  # the paths below it have a function of their own
        return client.not_found()
    if request.path.startswith("/v1/") and request.path.split("/")[2] in ("event", "user"):
        return vibetrace.route_not_found(request)
    if _is_neptie(request.path):
        return neptie.unknown_route(runtime, request)
    return manage.not_found()


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
