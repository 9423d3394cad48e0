"""POST /manage/{environment}/replays: replay a stored message."""

import uuid

from nereid.auth.credentials import Caller
from nereid.dialects.http import Request, Response
from nereid.dialects.manage import frame as manage
from nereid.dialects.manage.bodies import ReplayBody
from nereid.runtime import runtime


@manage.endpoint(runtime, "admin:all")
def handler(request: Request, caller: Caller) -> Response:
    """Answer with the replay's effect on each delivery."""
    body = manage.parse(ReplayBody, manage.json_object(request))
    environment = runtime.credentials.environment(caller, request.params["environment"])
    replay_id = body.replay_id or str(uuid.uuid4())
    replayed = runtime.replayer.replay(environment, body.message_id, body.force, replay_id)
    return manage.ok(manage.replay_object(environment.identifier, body.message_id, replay_id, replayed))
