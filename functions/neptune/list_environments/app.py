"""GET /neptune/environments: the environments of the caller's team, oldest first."""

from nereid.auth.credentials import Caller
from nereid.dialects.http import Request, Response
from nereid.dialects.neptune import frame as neptune
from nereid.dialects.neptune.bodies import PageQuery
from nereid.runtime import runtime


@neptune.endpoint(runtime)
def handler(request: Request, caller: Caller) -> Response:
    """Answer with one page of environments."""
    query = neptune.parse(PageQuery, dict(request.query))
    environments = runtime.account_store.environments(caller.team_id)
    first = (query.page - 1) * query.per_page
    shown = [neptune.environment_object(each) for each in environments[first : first + query.per_page]]
    return neptune.page(shown, query.page, query.per_page, len(environments))
