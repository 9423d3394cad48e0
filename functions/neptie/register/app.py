"""POST /api/auth/register: create an account that administers a new team of its own."""

from nereid.core.access.accounts import NewAccount
from nereid.dialects.accounts import RegisterBody
from nereid.dialects.http import Request, Response
from nereid.dialects.neptie import frame as neptie
from nereid.runtime import runtime


def check() -> None:
    """Raise if nobody can register."""
    runtime.accounts.may_register()


@neptie.open_endpoint(runtime, check)
def handler(request: Request) -> Response:
    """Answer with the account, logged in."""
    body = neptie.parse(RegisterBody, request.json_object())
    person = NewAccount(body.email, body.password, body.full_name, body.company)
    return neptie.logged_in(201, runtime.accounts.register(person, request.source_ip, request.domain))
