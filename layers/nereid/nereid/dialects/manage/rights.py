"""What export_user and erase_user do, each of them by a route of its own, and both where the id holds slashes."""

from __future__ import annotations

import time
import uuid
from typing import TYPE_CHECKING, Protocol

from nereid.dialects.endpoint import HasCredentials
from nereid.dialects.http import Request, Response
from nereid.dialects.manage import frame as manage
from nereid.dialects.manage.bodies import ExportQuery
from nereid.dialects.manage.export import export_object
from nereid.logs import unexpected

if TYPE_CHECKING:
    from nereid.auth.credentials import Caller
    from nereid.core.rights.erase_user import UserEraser
    from nereid.core.rights.export_user import Exporter
    from nereid.ports.clock import Clock
    from nereid.ports.rights import ErasureStore

#: How long a request goes on with an erasure, in seconds.
_SECONDS = 15


class Exports(HasCredentials, Protocol):
    """The part of the runtime that an export needs."""

    @property
    def user_exporter(self) -> Exporter:
        """Return what exports users."""
        ...


class Erases(HasCredentials, Protocol):
    """The part of the runtime that an erasure needs."""

    @property
    def user_eraser(self) -> UserEraser:
        """Return what erases users."""
        ...

    @property
    def erasures(self) -> ErasureStore:
        """Return the erasures that are not done yet."""
        ...

    @property
    def clock(self) -> Clock:
        """Return the clock."""
        ...


def export_below(runtime: Exports, request: Request, caller: Caller, user_id: str) -> Response:
    """Answer as export_user does."""
    return export(runtime, request, caller, user_id, manage.parse(ExportQuery, dict(request.query)))


def export(runtime: Exports, request: Request, caller: Caller, user_id: str, query: ExportQuery) -> Response:
    """Answer with all of a user, or with as much as an answer holds and where to go on."""
    place = manage.decode_cursor(query.cursor, 2)
    environment = runtime.credentials.environment(caller, request.params["environment"])
    found = runtime.user_exporter.export(environment.scope, user_id, place)
    return manage.ok(export_object(environment, found))


def erase(runtime: Erases, request: Request, caller: Caller, user_id: str) -> Response:
    """Answer with the receipt once the wish is noted, having done what there was time for."""
    environment = runtime.credentials.environment(caller, request.params["environment"])
    erasure = runtime.erasures.request(environment.scope, user_id, str(uuid.uuid4()), runtime.clock.now())
    ends = time.monotonic() + _SECONDS
    try:
        runtime.user_eraser.erase(erasure, lambda: time.monotonic() < ends)
    except Exception as error:  # noqa: BLE001 - it is noted, and the sweeper goes on with it
        unexpected(error, "user not erased yet", team_id=caller.team_id, environment=environment.identifier)
    return manage.ok({"receipt": erasure.receipt})
