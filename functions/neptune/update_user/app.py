"""PUT /neptune/{environment}/users/{user_id}: merge new values into a user's meta."""

from nereid.auth.credentials import Caller
from nereid.core.audience.users import update_user
from nereid.dialects.http import Request, Response
from nereid.dialects.neptune import frame as neptune
from nereid.dialects.neptune.bodies import UserBody
from nereid.runtime import runtime


@neptune.endpoint(runtime, "manage_users")
def handler(request: Request, caller: Caller) -> Response:
    """Answer with the user as stored."""
    body = neptune.parse(UserBody, request.json_object())
    environment = runtime.credentials.environment(caller, request.params["environment"])
    user_id = neptune.user_id(request)
    user = update_user(runtime.users, runtime.clock, environment.scope, user_id, body.meta)
    return neptune.ok(neptune.user_object(user))
