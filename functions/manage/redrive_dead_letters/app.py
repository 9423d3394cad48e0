"""POST /manage/dead_letter_redrives: put dead letters back on their queues."""

from nereid.auth.credentials import Caller
from nereid.dialects.http import Request, Response
from nereid.dialects.manage import frame as manage
from nereid.dialects.manage.bodies import DeadLettersBody
from nereid.runtime import runtime


@manage.endpoint(runtime, "admin:all")
def handler(request: Request, caller: Caller) -> Response:
    """Answer with how many were redriven, how many remain, and whether there may be others."""
    selected = manage.one_or_all(manage.parse(DeadLettersBody, manage.json_object(request)))
    done = runtime.dead_letters.redrive(caller.team_id, selected.queue, selected.id)
    return manage.ok({"redriven": done.done, "remaining": done.remaining, "more": done.more})
