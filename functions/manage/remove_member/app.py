"""DELETE /manage/members/{email}: remove a member, whose sessions end."""

from nereid.auth.credentials import Caller
from nereid.dialects.http import Request, Response
from nereid.dialects.manage import frame as manage
from nereid.runtime import runtime


@manage.endpoint(runtime, "admin:all", certain=True)
def handler(request: Request, caller: Caller) -> Response:
    """Remove the member."""
    runtime.members.remove(caller.team_id, request.params["email"])
    return manage.ok(manage.DELETED)
