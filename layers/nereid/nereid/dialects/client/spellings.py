"""Other spellings of the Client API's paths, and whatever else is asked under it.

The paths are the same in whatever case they are written, and with a slash at the end; the API's routes are not.
"""

import dataclasses
import re
from collections.abc import Callable
from typing import Protocol
from urllib.parse import unquote

from nereid.auth.credentials import ClientCaller
from nereid.dialects.client import frame as client
from nereid.dialects.client import intake
from nereid.dialects.client.intake import TakesIn
from nereid.dialects.client.notifications import ShowsInbox, read, show
from nereid.dialects.http import Request, Response
from nereid.errors import Forbidden

_PREFIX = "/api/client"
_Handler = Callable[[client.ParsedRequest, ClientCaller], Response]
#: Paths below it, beside those of the endpoints, that only a secret key could have used.
_SECRET = re.compile(
    "(users|lists|campaigns|journeys|templates|subscriptions|providers|keys|locales|tags|resources|images|admins)(/.*)?"
)


class ServesAll(TakesIn, ShowsInbox, Protocol):
    """The part of the runtime that all routes need."""


def answer(runtime: ServesAll, request: Request) -> Response:
    """Answer a request under the Client API that its path gave to none of the endpoints' functions."""
    if request.method == "OPTIONS":
        return client.options(request.headers)
    path = request.path[len(_PREFIX) + 1 :].removesuffix("/")
    name, *rest = path.split("/")
    methods = _methods(runtime, name.lower(), rest)
    if methods:
        if request.method not in methods:
            return client.not_allowed()
        named = dataclasses.replace(request, params={"id": unquote(rest[0])} if rest else {})
        return client.respond(runtime, methods[request.method], named)
    if _SECRET.fullmatch(path.lower()):
        if request.method not in ("GET", "HEAD"):
            client.read_body(request)
        caller = runtime.credentials.client_key(request.headers.get("authorization"))
        if not caller.is_secret:
            raise Forbidden("secret key needed")
    return client.not_found()


def _methods(runtime: ServesAll, name: str, rest: list[str]) -> dict[str, _Handler]:
    """Return what serves a path, by method; nothing for a path that is not served."""
    if name in intake.ROUTES and not rest:
        function = intake.ROUTES[name]
        return {"POST": lambda request, caller: function(runtime, request, caller)}
    if name == "notifications" and len(rest) == 1 and rest[0]:
        return {"PUT": lambda request, caller: read(runtime, request, caller)}
    if name != "notifications" or rest:
        return {}
    return {"GET": lambda request, caller: show(runtime, request, caller)}
