"""POST /manage/{environment}/users/{user_id}/export: everything that there is of a user."""

from nereid.auth.credentials import Caller
from nereid.dialects.http import Request, Response
from nereid.dialects.manage import frame as manage
from nereid.dialects.manage.bodies import ExportQuery
from nereid.dialects.manage.export import export_object
from nereid.runtime import runtime


@manage.endpoint(runtime, "admin:all")
def handler(request: Request, caller: Caller) -> Response:
    """Answer with all of it, or with as much as an answer holds and where to go on."""
    manage.parse(ExportQuery, dict(request.query))
    place = manage.decode_cursor(request.query.get("cursor"), 2)
    environment = runtime.credentials.environment(caller, request.params["environment"])
    export = runtime.user_exporter.export(environment.scope, manage.user_id(request), place)
    return manage.ok(export_object(environment, export))
