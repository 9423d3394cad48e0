"""GET /manage/api_tokens: the team's API tokens, without the tokens themselves."""

from nereid.auth.credentials import Caller
from nereid.dialects.http import Request, Response
from nereid.dialects.manage import frame as manage
from nereid.dialects.manage.bodies import ListQuery
from nereid.runtime import runtime


@manage.endpoint(runtime, "admin:all")
def handler(request: Request, caller: Caller) -> Response:
    """Answer with one page of tokens, oldest first."""
    query, after = manage.list_query(ListQuery, request, 2)
    tokens = runtime.account_store.api_tokens(caller.team_id)
    chosen, position = manage.slice_page(tokens, lambda each: each.id, after, query.limit)
    return manage.page([manage.api_token_object(each) for each in chosen], position)
