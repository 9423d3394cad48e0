"""POST /api/auth/logout: end the session."""

from nereid.auth.credentials import Caller
from nereid.dialects.http import Request, Response
from nereid.dialects.neptie import frame as neptie
from nereid.runtime import runtime


@neptie.session_endpoint(runtime)
def handler(_request: Request, caller: Caller) -> Response:
    """Answer when no token of the session is worth anything, but for what functions have cached."""
    email, session_id = neptie.session_of(caller)
    runtime.sessions.end(email, session_id)
    return Response(200, {"message": "Logged out"})
