"""GET /manage/members: the accounts of the caller's team."""

from nereid.auth.credentials import Caller
from nereid.dialects.http import Request, Response
from nereid.dialects.manage import frame as manage
from nereid.dialects.manage.bodies import ListQuery
from nereid.runtime import runtime


@manage.endpoint(runtime, "admin:all")
def handler(request: Request, caller: Caller) -> Response:
    """Answer with one page of members, in order of their addresses."""
    query, after = manage.list_query(ListQuery, request, 1)
    found, last = runtime.account_store.members(caller.team_id, after[0] if after else None, query.limit)
    return manage.page([manage.member_object(each) for each in found], [last] if last else None)
