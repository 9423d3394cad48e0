"""POST /manage/{environment}/users/{user_id}/export: everything that there is of a user."""

from nereid.auth.credentials import Caller
from nereid.dialects.http import Request, Response
from nereid.dialects.manage import frame as manage
from nereid.dialects.manage import rights
from nereid.dialects.manage.bodies import ExportQuery
from nereid.runtime import runtime


@manage.endpoint(runtime, "admin:all")
def handler(request: Request, caller: Caller) -> Response:
    """Answer with all of it, or with as much as an answer holds and where to go on."""
    query = manage.parse(ExportQuery, dict(request.query))
    return rights.export(runtime, request, caller, manage.user_id(request), query)
