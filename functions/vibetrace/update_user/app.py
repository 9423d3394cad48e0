"""PUT /v1/user/{email}: update a user's attributes; with `upsert`, create the user if there is none."""

from nereid.auth.credentials import Caller
from nereid.core.audience.users_by_email import put_user_with_email, update_user_with_email
from nereid.dialects.http import Request, Response
from nereid.dialects.vibetrace import frame as vibetrace
from nereid.dialects.vibetrace.bodies import attributes
from nereid.runtime import runtime


@vibetrace.endpoint(runtime, "manage_users")
def handler(request: Request, caller: Caller) -> Response:
    """Answer with the user as stored."""
    changes = attributes(request.json_object())
    email = request.params["email"].strip()
    scope = runtime.credentials.environment(caller, caller.default_environment).scope
    if request.query.get("upsert") in ("true", "1"):
        user, created = put_user_with_email(runtime.users, runtime.clock, scope, email, changes)
    else:
        user, created = update_user_with_email(runtime.users, runtime.clock, scope, email, changes), False
    return vibetrace.user_stored(user, email, created=created)
