"""DELETE /neptune/{environment}/users/{user_id}: delete a user with contact infos, devices and app notifications."""

from nereid.auth.credentials import Caller
from nereid.dialects.http import Request, Response
from nereid.dialects.neptune import frame as neptune
from nereid.runtime import runtime


@neptune.endpoint(runtime, "manage_users")
def handler(request: Request, caller: Caller) -> Response:
    """Delete; messages and deliveries stay."""
    environment = runtime.credentials.environment(caller, request.params["environment"])
    runtime.users.delete(environment.scope, neptune.user_id(request))
    return neptune.ok(neptune.DELETED)
