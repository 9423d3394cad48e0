"""POST /manage/{environment}/test_sends: send notifications to one address, to see what arrives."""

from nereid.auth.credentials import Caller
from nereid.core.access.rate_limits import TEST_SEND
from nereid.core.messaging.event_types import check_alone
from nereid.core.messaging.ingest import ingest
from nereid.core.messaging.selected_notifications import Selection
from nereid.core.messaging.trials import trial_message
from nereid.dialects.http import Request, Response
from nereid.dialects.manage import frame as manage
from nereid.dialects.manage.bodies import TestSendBody
from nereid.errors import TooMany
from nereid.runtime import runtime


@manage.endpoint(runtime, "manage_templates")
def handler(request: Request, caller: Caller) -> Response:
    """Answer when the message is on the queue."""
    body = manage.parse(TestSendBody, manage.json_object(request))
    selection = Selection(body.notification, body.event_type, body.name)
    selection.check()
    if body.notification is not None:
        senders = runtime.senders(runtime.teams.get(caller.team_id))
        check_alone(body.notification, senders, runtime.settings.need("attachment_bucket"), caller.team_id)
    environment = runtime.credentials.environment(caller, request.params["environment"])
    message = trial_message(
        runtime.users,
        runtime.clock,
        environment,
        selection.read(runtime.event_types, environment.scope),
        selection.label,
        body.to,
        body.data,
        body.user_id,
    )
    quota = runtime.limiter.take(TEST_SEND, caller.team_id)
    if not quota.allowed:
        raise TooMany(quota.retry_after)
    ingest(runtime.message_queue, environment, [message])
    return manage.ok({"message_id": message.message_id})
