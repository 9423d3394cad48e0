"""POST /neptune/app_notifications/{environment}/read: mark one notification, or all of a user, as read."""

from nereid.auth.credentials import Caller
from nereid.core.messaging.app_notifications import read_all, read_one
from nereid.dialects.http import Request, Response
from nereid.dialects.neptune import frame as neptune
from nereid.dialects.neptune.bodies import ReadBody
from nereid.runtime import runtime


@neptune.endpoint(runtime, "manage_users")
def handler(request: Request, caller: Caller) -> Response:
    """Answer with how many went from unread to read."""
    body = neptune.parse(ReadBody, request.json_object())
    scope = runtime.credentials.environment(caller, request.params["environment"]).scope
    if body.type == "user":
        updated = read_all(runtime.inbox, runtime.clock, scope, body.id)
    else:
        updated = read_one(runtime.inbox, runtime.deliveries, runtime.identities, runtime.clock, scope, body.id)
    return neptune.ok({"message": "Successfully updated", "updated": updated})
