"""POST /v1/event: ingest the events of a user."""

from nereid.auth.credentials import Caller
from nereid.core.audience.vibetrace.admission import find_user, without_bots
from nereid.core.messaging.ingest import ingest
from nereid.dialects.http import Request, Response
from nereid.dialects.vibetrace import frame as vibetrace
from nereid.dialects.vibetrace.bodies import read_events
from nereid.models.message import EventBatch
from nereid.runtime import runtime

runtime.prepare("credentials", "users", "message_queue", models=[EventBatch])


@vibetrace.endpoint(runtime, "post_events")
def handler(request: Request, caller: Caller) -> Response:
    """Queue the events that are not a bot's; answer with success only when the queue has them."""
    received_at = runtime.clock.now()
    body = read_events(request.json_object())
    environment = runtime.credentials.environment(caller, caller.default_environment)
    user = find_user(runtime.users, environment.scope, body.user_id, body.email)
    messages = body.messages(user.user_id, request.headers.get("idempotency-key"), received_at)
    agents = [request.headers.get("user-agent"), body.agent]
    wanted = without_bots(environment.scope, messages, agents)
    if wanted:
        ingest(runtime.message_queue, environment, wanted)
    return vibetrace.event_created()
