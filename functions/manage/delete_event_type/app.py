"""DELETE /manage/{environment}/event_types/{event_type}: delete an event type."""

from nereid.auth.credentials import Caller
from nereid.dialects.http import Request, Response
from nereid.dialects.manage import frame as manage
from nereid.runtime import runtime


@manage.endpoint(runtime, "manage_templates")
def handler(request: Request, caller: Caller) -> Response:
    """Delete the configuration; messages of the type stay."""
    environment = runtime.credentials.environment(caller, request.params["environment"])
    runtime.event_types.delete(environment.scope, request.params["event_type"])
    return manage.ok(manage.DELETED)
