"""POST /manage/{environment}/users/{user_id}/erase: erase a user; what cannot be done at once is done afterwards."""

import time
import uuid

from nereid.auth.credentials import Caller
from nereid.dialects.http import Request, Response
from nereid.dialects.manage import frame as manage
from nereid.logs import unexpected
from nereid.runtime import runtime

#: How long a request goes on with it, in seconds.
_SECONDS = 15


@manage.endpoint(runtime, "admin:all", certain=True)
def handler(request: Request, caller: Caller) -> Response:
    """Answer with the receipt once the wish is noted, having done what there was time for."""
    environment = runtime.credentials.environment(caller, request.params["environment"])
    user_id = manage.user_id(request)
    erasure = runtime.erasures.request(environment.scope, user_id, str(uuid.uuid4()), runtime.clock.now())
    ends = time.monotonic() + _SECONDS
    try:
        runtime.user_eraser.erase(erasure, lambda: time.monotonic() < ends)
    except Exception as error:  # noqa: BLE001 - it is noted, and the sweeper goes on with it
        unexpected(error, "user not erased yet", team_id=caller.team_id, environment=environment.identifier)
    return manage.ok({"receipt": erasure.receipt})
