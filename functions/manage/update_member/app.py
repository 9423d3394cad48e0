"""PUT /manage/members/{email}: give a member another role, which ends its sessions."""

from nereid.auth.credentials import Caller
from nereid.dialects.http import Request, Response
from nereid.dialects.manage import frame as manage
from nereid.dialects.manage.bodies import RoleBody
from nereid.runtime import runtime


@manage.endpoint(runtime, "admin:all", certain=True)
def handler(request: Request, caller: Caller) -> Response:
    """Answer with the member as it is then."""
    body = manage.parse(RoleBody, manage.json_object(request))
    account = runtime.members.set_role(caller.team_id, request.params["email"], body.role)
    return manage.ok(manage.member_object(account))
