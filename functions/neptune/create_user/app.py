"""POST /neptune/{environment}/users: create a user, or update the one with the id."""

from nereid.auth.credentials import Caller
from nereid.core.audience.users import create_or_update_user
from nereid.dialects.http import Request, Response
from nereid.dialects.neptune import frame as neptune
from nereid.dialects.neptune.bodies import NewUserBody
from nereid.runtime import runtime


@neptune.endpoint(runtime, "manage_users")
def handler(request: Request, caller: Caller) -> Response:
    """Answer with the user as stored."""
    body = neptune.parse(NewUserBody, request.json_object())
    environment = runtime.credentials.environment(caller, request.params["environment"])
    user = create_or_update_user(runtime.users, runtime.clock, environment.scope, body.user_id, body.meta)
    return neptune.ok(neptune.user_object(user))
