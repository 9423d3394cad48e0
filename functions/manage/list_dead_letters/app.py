"""GET /manage/dead_letters: list dead letters with the reasons why they failed."""

from nereid.auth.credentials import Caller
from nereid.dialects.http import Request, Response
from nereid.dialects.manage import frame as manage
from nereid.dialects.manage.bodies import DeadLettersQuery
from nereid.runtime import runtime


@manage.endpoint(runtime, "admin:all")
def handler(request: Request, caller: Caller) -> Response:
    """Answer with the team's dead letters, oldest first, and whether there may be others."""
    query = manage.parse(DeadLettersQuery, dict(request.query))
    shown = runtime.dead_letters.show(runtime.failure_notes, caller.team_id, query.queue, query.limit)
    now = runtime.clock.now()
    return manage.ok({"data": [manage.dead_letter_object(each, now) for each in shown.letters], "more": shown.more})
