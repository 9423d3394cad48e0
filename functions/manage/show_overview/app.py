"""GET /manage/{environment}/overview: what the last hours brought, and what to look at."""

from nereid.auth.credentials import Caller
from nereid.dialects.http import Request, Response
from nereid.dialects.manage import frame as manage
from nereid.dialects.manage.bodies import OverviewQuery
from nereid.runtime import runtime


@manage.endpoint(runtime, "read_messages")
def handler(request: Request, caller: Caller) -> Response:
    """Answer with counts of events and deliveries, in all and by the hour."""
    query = manage.parse(OverviewQuery, dict(request.query))
    environment = runtime.credentials.environment(caller, request.params["environment"])
    return manage.ok(manage.overview_object(runtime.overviews.look(environment.scope, query.hours)))
