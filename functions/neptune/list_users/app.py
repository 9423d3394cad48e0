"""GET /neptune/{environment}/users: the users, newest created first."""

from nereid.auth.credentials import Caller
from nereid.dialects.http import Request, Response
from nereid.dialects.neptune import frame as neptune
from nereid.dialects.neptune.bodies import PageQuery
from nereid.runtime import runtime


@neptune.endpoint(runtime, "manage_users")
def handler(request: Request, caller: Caller) -> Response:
    """Answer with one page of users."""
    query = neptune.parse(PageQuery, dict(request.query))
    environment = runtime.credentials.environment(caller, request.params["environment"])
    users, total = runtime.users.page(environment.scope, query.page, query.per_page)
    return neptune.page([neptune.user_object(user) for user in users], query.page, query.per_page, total)
