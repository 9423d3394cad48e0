"""POST /manage/{environment}/users/{user_id}/erase: erase a user; what cannot be done at once is done afterwards.

Of an id with slashes, which is several parts of a path, it also serves the export: no route can have anything behind
such an id.
"""

from nereid.auth.credentials import Caller
from nereid.dialects.http import Request, Response
from nereid.dialects.manage import frame as manage
from nereid.dialects.manage import rights
from nereid.runtime import runtime


@manage.endpoint(runtime, "admin:all", certain=True)
def handler(request: Request, caller: Caller) -> Response:
    """Answer with the receipt once the wish is noted, having done what there was time for."""
    if "rest" not in request.params:
        return rights.erase(runtime, request, caller, manage.user_id(request))
    name, _, action = request.params["rest"].rpartition("/")
    if action == "erase":
        return rights.erase(runtime, request, caller, manage.checked_user_id(name))
    if action == "export":
        return rights.export_below(runtime, request, caller, manage.checked_user_id(name))
    return manage.not_found()
