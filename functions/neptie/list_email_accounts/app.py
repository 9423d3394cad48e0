"""GET /api/email/accounts: the mailboxes that a team has connected, oldest first."""

from nereid.auth.credentials import Caller
from nereid.dialects.http import Request, Response
from nereid.dialects.neptie import frame as neptie
from nereid.dialects.neptie import outreach
from nereid.runtime import runtime


@neptie.endpoint(runtime, "read:campaigns")
def handler(_request: Request, caller: Caller) -> Response:
    """Answer with all mailboxes, without their tokens."""
    accounts = runtime.email_accounts.all(caller.team_id)
    return Response(200, {"accounts": [outreach.email_account_object(account) for account in accounts]})
