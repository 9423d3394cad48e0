"""GET /v1/user/{email}: one user by e-mail address."""

from nereid.auth.credentials import Caller
from nereid.core.audience.users_by_email import user_by_email
from nereid.dialects.http import Request, Response
from nereid.dialects.vibetrace import frame as vibetrace
from nereid.runtime import runtime


@vibetrace.endpoint(runtime, "manage_users")
def handler(request: Request, caller: Caller) -> Response:
    """Answer with the user."""
    email = request.params["email"].strip()
    environment = runtime.credentials.environment(caller, caller.default_environment)
    return vibetrace.user_shown(user_by_email(runtime.users, environment.scope, email), email)
