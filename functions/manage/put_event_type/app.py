"""PUT /manage/{environment}/event_types/{event_type}: create or replace an event type with its notifications."""

from nereid.auth.credentials import Caller
from nereid.core.messaging.email_checks import check_objects
from nereid.core.messaging.event_types import check_notifications, check_senders, put_event_type
from nereid.dialects.http import Request, Response
from nereid.dialects.manage import frame as manage
from nereid.dialects.manage.bodies import EventTypeBody
from nereid.runtime import runtime


@manage.endpoint(runtime, "manage_templates")
def handler(request: Request, caller: Caller) -> Response:
    """Create or replace the event type; answer with it as stored."""
    body = manage.parse(EventTypeBody, manage.json_object(request))
    name = manage.event_type_name(request)
    check_notifications(body.notifications)
    check_objects(body.notifications, runtime.settings.need("attachment_bucket"), caller.team_id)
    team = runtime.teams.get(caller.team_id)
    check_senders(body.notifications, runtime.senders(team))
    environment = runtime.credentials.environment(caller, request.params["environment"])
    stored = put_event_type(
        runtime.event_types,
        runtime.clock,
        environment.scope,
        name,
        body.notifications,
        public=body.public,
        retain_data=body.retain_data,
        quota_times=team.quota_times,
    )
    return manage.ok(manage.event_type_object(stored))
