"""POST /api/auth/password: change the password, which ends all other sessions."""

from nereid.auth.credentials import Caller
from nereid.dialects.http import Request, Response
from nereid.dialects.neptie import frame as neptie
from nereid.dialects.neptie.bodies import PasswordBody
from nereid.errors import Invalid, WrongPassword
from nereid.runtime import runtime


@neptie.session_endpoint(runtime)
def handler(request: Request, caller: Caller) -> Response:
    """Answer when the new password is the only one."""
    body = neptie.parse(PasswordBody, request.json_object())
    email, session_id = neptie.session_of(caller)
    try:
        runtime.accounts.change_password(email, session_id, body.old_password, body.new_password, request.source_ip)
    except WrongPassword as error:
        # The caller is who it says; a 401 would make its client log out.
        raise Invalid({"old_password": "old_password is wrong"}) from error
    return Response(200, {"message": "Password changed"})
