"""POST /manage/client_keys: create a client key; one that is not public is shown once."""

from nereid.auth.credentials import Caller
from nereid.core.access.teams import create_client_key
from nereid.dialects.http import Request, Response
from nereid.dialects.manage import frame as manage
from nereid.dialects.manage.bodies import ClientKeyBody
from nereid.runtime import runtime


@manage.endpoint(runtime, "admin:all", certain=True)
def handler(request: Request, caller: Caller) -> Response:
    """Answer with the key."""
    body = manage.parse(ClientKeyBody, manage.json_object(request))
    record, key = create_client_key(
        runtime.account_store,
        lambda: runtime.user_token_cipher,
        runtime.clock,
        caller.team_id,
        body.environment,
        body.scope,
        body.name,
    )
    return manage.ok(manage.client_key_object(record, key))
