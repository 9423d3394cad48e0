"""POST /manage/dead_letter_purges: delete dead letters, and end the deliveries that they carry."""

from nereid.auth.credentials import Caller
from nereid.dialects.http import Request, Response
from nereid.dialects.manage import frame as manage
from nereid.dialects.manage.bodies import DeadLettersBody
from nereid.runtime import runtime


@manage.endpoint(runtime, "admin:all")
def handler(request: Request, caller: Caller) -> Response:
    """Answer with how many were purged, how many remain, and whether there may be others."""
    selected = manage.one_or_all(manage.parse(DeadLettersBody, manage.json_object(request)))
    done = runtime.dead_letters.purge(runtime.messages, runtime.deliveries, caller.team_id, selected.queue, selected.id)
    return manage.ok({"purged": done.done, "remaining": done.remaining, "more": done.more})
