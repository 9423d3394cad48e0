"""GET /manage/suppressions: list the team's suppressed e-mail addresses with the reasons."""

from nereid.auth.credentials import Caller
from nereid.core.messaging.suppressions import list_suppressions
from nereid.dialects.http import Request, Response
from nereid.dialects.manage import frame as manage
from nereid.dialects.manage.bodies import SuppressionsQuery
from nereid.runtime import runtime


@manage.endpoint(runtime, "manage_users")
def handler(request: Request, caller: Caller) -> Response:
    """Answer with one page of suppressions, in order of their addresses."""
    query, after = manage.list_query(SuppressionsQuery, request, 1)
    position, email = after[0] if after else None, query.email or None
    found, last = list_suppressions(runtime.suppressions, caller.team_id, position, query.limit, email, query.reason)
    return manage.page([manage.suppression_object(each) for each in found], [last] if last else None)
