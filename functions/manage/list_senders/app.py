"""GET /manage/senders: whom the caller's team may send as, and which of its environments do."""

from nereid.auth.credentials import Caller
from nereid.core.access.senders import senders_of
from nereid.dialects.http import Request, Response
from nereid.dialects.manage import frame as manage
from nereid.dialects.manage.senders import senders_object
from nereid.runtime import runtime


@manage.endpoint(runtime, "admin:all")
def handler(_request: Request, caller: Caller) -> Response:
    """Answer with all senders, by channel."""
    # As it is now, for an operator may have changed it just before.
    team = runtime.account_store.team(caller.team_id)
    if team is None:
        return manage.not_found()
    environments = runtime.account_store.environments(caller.team_id)
    return manage.ok(senders_object(*senders_of(team, runtime.senders(team), environments)))
