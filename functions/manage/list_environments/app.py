"""GET /manage/environments: the environments of the caller's team, oldest first."""

from nereid.auth.credentials import Caller
from nereid.dialects.http import Request, Response
from nereid.dialects.manage import frame as manage
from nereid.dialects.manage.bodies import ListQuery
from nereid.runtime import runtime


@manage.endpoint(runtime)
def handler(request: Request, caller: Caller) -> Response:
    """Answer with one page of environments."""
    query, after = manage.list_query(ListQuery, request, 2)
    environments = runtime.account_store.environments(caller.team_id)
    chosen, position = manage.slice_page(environments, lambda each: each.identifier, after, query.limit)
    defaults = runtime.settings.channels()
    return manage.page([manage.environment_object(each, defaults) for each in chosen], position)
