"""DELETE /manage/environments/{identifier}: delete an environment; its data are erased afterwards."""

from nereid.auth.credentials import Caller
from nereid.dialects.http import Request, Response
from nereid.dialects.manage import frame as manage
from nereid.models.team import Scope
from nereid.runtime import runtime


@manage.endpoint(runtime, "admin:all", certain=True)
def handler(request: Request, caller: Caller) -> Response:
    """Delete the environment."""
    scope = Scope(caller.team_id, request.params["identifier"])
    runtime.account_store.delete_environment(scope, runtime.clock.now())
    return manage.ok(manage.DELETED)
