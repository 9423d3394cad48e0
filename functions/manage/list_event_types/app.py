"""GET /manage/{environment}/event_types: the configured event types, in order of their names."""

from nereid.auth.credentials import Caller
from nereid.dialects.http import Request, Response
from nereid.dialects.manage import frame as manage
from nereid.dialects.manage.bodies import ListQuery
from nereid.runtime import runtime


@manage.endpoint(runtime, "manage_templates")
def handler(request: Request, caller: Caller) -> Response:
    """Answer with one page of event types."""
    query, after = manage.list_query(ListQuery, request, 1)
    environment = runtime.credentials.environment(caller, request.params["environment"])
    found, last = runtime.event_types.page(environment.scope, after[0] if after else None, query.limit)
    return manage.page([manage.event_type_object(each) for each in found], [last] if last else None)
