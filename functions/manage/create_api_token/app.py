"""POST /manage/api_tokens: create an API token and show it once."""

from nereid.auth.credentials import Caller
from nereid.core.access.teams import create_api_token
from nereid.dialects.http import Request, Response
from nereid.dialects.manage import frame as manage
from nereid.dialects.manage.bodies import ApiTokenBody
from nereid.runtime import runtime


@manage.endpoint(runtime, "admin:all", certain=True)
def handler(request: Request, caller: Caller) -> Response:
    """Answer with the token."""
    body = manage.parse(ApiTokenBody, manage.json_object(request))
    record, token = create_api_token(
        runtime.account_store,
        runtime.clock,
        runtime.token_secret(),
        caller.team_id,
        body.name,
        body.permissions,
        body.default_environment,
        body.expires_in_days,
    )
    return manage.ok(manage.api_token_object(record, token))
