"""POST /neptune/events/ingest: ingest an event whose token is in the body."""

from typing import Any

from nereid.core.messaging.ingest import ingest
from nereid.dialects.endpoint import answer
from nereid.dialects.http import Request, Response
from nereid.dialects.neptune import frame as neptune
from nereid.dialects.neptune.bodies import IngestBody
from nereid.errors import Unauthenticated
from nereid.models.message import EventBatch, mint_message_id
from nereid.runtime import runtime

runtime.prepare("credentials", "message_queue", models=[EventBatch, IngestBody])


def respond(request: Request) -> Response:
    """Queue the event; the answer says yes only when the queue has it."""
    values = request.json_object()
    token = values.pop("api_token", None)
    if not isinstance(token, str):
        raise Unauthenticated("no api_token")
    caller = runtime.credentials.api_token(token)
    caller.require("post_events")
    body = neptune.parse(IngestBody, values)
    environment = runtime.credentials.environment(caller, body.environment)
    message = body.to_message(body.message_id or mint_message_id(), runtime.clock.now())
    ingest(runtime.message_queue, environment, [message])
    return neptune.accepted(message.message_id)


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Answer API Gateway."""
    return answer(neptune.dialect, event, context, respond)
