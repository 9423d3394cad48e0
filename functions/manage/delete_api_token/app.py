"""DELETE /manage/api_tokens/{id}: revoke an API token; it is refused everywhere within a minute."""

from nereid.auth.credentials import Caller
from nereid.dialects.http import Request, Response
from nereid.dialects.manage import frame as manage
from nereid.runtime import runtime


@manage.endpoint(runtime, "admin:all", certain=True)
def handler(request: Request, caller: Caller) -> Response:
    """Revoke the token."""
    runtime.account_store.delete_api_token(caller.team_id, request.params["id"])
    return manage.ok(manage.DELETED)
