"""POST /api/email/accounts: connect a mailbox, or connect it again with another token."""

from nereid.auth.credentials import Caller
from nereid.core.outreach.email_accounts import add_email_account
from nereid.dialects.http import Request, Response
from nereid.dialects.neptie import frame as neptie
from nereid.dialects.neptie import outreach
from nereid.dialects.neptie.outreach_bodies import EmailAccountBody
from nereid.runtime import runtime


@neptie.endpoint(runtime, "write:campaigns")
def handler(request: Request, caller: Caller) -> Response:
    """Answer with the mailbox, without its token."""
    body = neptie.parse(EmailAccountBody, request.json_object())
    account = add_email_account(
        runtime.email_accounts,
        runtime.token_cipher,
        runtime.clock,
        caller.team_id,
        body.email,
        body.provider,
        body.oauth_token,
    )
    return Response(201, {"account": outreach.email_account_object(account)})
