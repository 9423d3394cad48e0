"""POST /api/auth/login: log in with e-mail address and password."""

from nereid.dialects.http import Request, Response
from nereid.dialects.neptie import frame as neptie
from nereid.dialects.neptie.bodies import LoginBody
from nereid.runtime import runtime


@neptie.open_endpoint(runtime)
def handler(request: Request) -> Response:
    """Answer with the account and its tokens."""
    body = neptie.parse(LoginBody, request.json_object())
    account = runtime.accounts.log_in(body.email, body.password, request.source_ip, request.domain, body.new_password)
    return neptie.logged_in(200, account)
