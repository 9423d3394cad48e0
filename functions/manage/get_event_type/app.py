"""GET /manage/{environment}/event_types/{event_type}: one configured event type."""

from nereid.auth.credentials import Caller
from nereid.dialects.http import Request, Response
from nereid.dialects.manage import frame as manage
from nereid.errors import NotFound
from nereid.runtime import runtime


@manage.endpoint(runtime, "manage_templates")
def handler(request: Request, caller: Caller) -> Response:
    """Answer with the event type."""
    environment = runtime.credentials.environment(caller, request.params["environment"])
    event_type = runtime.event_types.get(environment.scope, request.params["event_type"])
    if event_type is None:
        raise NotFound("event type")
    return manage.ok(manage.event_type_object(event_type))
