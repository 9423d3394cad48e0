"""POST /v1/user: create a user with an e-mail address."""

from nereid.auth.credentials import Caller
from nereid.core.audience.users_by_email import create_user_with_email
from nereid.dialects.http import Request, Response
from nereid.dialects.vibetrace import frame as vibetrace
from nereid.dialects.vibetrace.bodies import read_new_user
from nereid.runtime import runtime


@vibetrace.endpoint(runtime, "manage_users")
def handler(request: Request, caller: Caller) -> Response:
    """Answer with the user as stored."""
    email, attributes = read_new_user(request.json_object())
    environment = runtime.credentials.environment(caller, caller.default_environment)
    user = create_user_with_email(runtime.users, runtime.clock, environment.scope, email, attributes)
    return vibetrace.user_stored(user, email, created=True)
