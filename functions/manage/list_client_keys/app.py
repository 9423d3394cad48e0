"""GET /manage/client_keys: the team's client keys; of a secret one, the first characters only."""

from nereid.auth.credentials import Caller
from nereid.dialects.http import Request, Response
from nereid.dialects.manage import frame as manage
from nereid.dialects.manage.bodies import ClientKeysQuery
from nereid.runtime import runtime


@manage.endpoint(runtime, "admin:all")
def handler(request: Request, caller: Caller) -> Response:
    """Answer with one page of keys, oldest first."""
    query, after = manage.list_query(ClientKeysQuery, request, 2)
    keys = runtime.account_store.client_keys(caller.team_id)
    if query.environment:
        keys = [key for key in keys if key.environment == query.environment]
    chosen, position = manage.slice_page(keys, lambda each: each.id, after, query.limit)
    return manage.page([manage.client_key_object(each) for each in chosen], position)
