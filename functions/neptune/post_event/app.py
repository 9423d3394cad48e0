"""POST /neptune/{environment}/events: ingest an event whose token is in the header."""

from nereid.auth.credentials import Caller
from nereid.core.messaging.ingest import ingest
from nereid.dialects.http import Request, Response
from nereid.dialects.neptune import frame as neptune
from nereid.dialects.neptune.bodies import EventBody
from nereid.models.message import mint_message_id
from nereid.runtime import runtime


@neptune.endpoint(runtime, "post_events")
def handler(request: Request, caller: Caller) -> Response:
    """Queue the event; the answer says yes only when the queue has it."""
    body = neptune.parse(EventBody, request.json_object())
    environment = runtime.credentials.environment(caller, request.params["environment"])
    message = body.to_message(body.message_id or mint_message_id(), runtime.clock.now())
    ingest(runtime.message_queue, environment, [message])
    return neptune.accepted(message.message_id)
