"""DELETE /manage/suppressions/{email}: remove an e-mail address from the suppression list."""

from nereid.auth.credentials import Caller
from nereid.core.messaging.suppressions import remove_suppression
from nereid.dialects.http import Request, Response
from nereid.dialects.manage import frame as manage
from nereid.dialects.manage.bodies import RemovalQuery
from nereid.runtime import runtime


@manage.endpoint(runtime, "manage_users")
def handler(request: Request, caller: Caller) -> Response:
    """Take the address off the list, for one reason or for all."""
    query = manage.parse(RemovalQuery, dict(request.query))
    email = request.params["email"]
    remove_suppression(
        runtime.suppressions, runtime.suppression_listener, runtime.clock, caller.team_id, email, query.reason
    )
    return manage.ok(manage.DELETED)
