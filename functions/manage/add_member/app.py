"""POST /manage/members: make an account in the caller's team, and show its one-time password once."""

from nereid.auth.credentials import Caller
from nereid.dialects.http import Request, Response
from nereid.dialects.manage import frame as manage
from nereid.dialects.manage.bodies import MemberBody
from nereid.runtime import runtime


@manage.endpoint(runtime, "admin:all", certain=True)
def handler(request: Request, caller: Caller) -> Response:
    """Answer with the member and the password of its first login."""
    body = manage.parse(MemberBody, manage.json_object(request))
    account, password = runtime.accounts.add_member(
        caller.team_id, caller.default_environment, body.email, body.full_name, body.role, request.source_ip
    )
    return manage.ok(manage.member_object(account, password))
