"""DELETE /manage/client_keys/{id}: revoke a client key; it is refused everywhere within a minute."""

from nereid.auth.credentials import Caller
from nereid.dialects.http import Request, Response
from nereid.dialects.manage import frame as manage
from nereid.runtime import runtime


@manage.endpoint(runtime, "admin:all", certain=True)
def handler(request: Request, caller: Caller) -> Response:
    """Revoke the key."""
    runtime.account_store.delete_client_key(caller.team_id, request.params["id"])
    return manage.ok(manage.DELETED)
