"""POST /api/auth/refresh: exchange a refresh token for new tokens."""

from nereid.dialects.http import Request, Response
from nereid.dialects.neptie import frame as neptie
from nereid.dialects.neptie.bodies import RefreshBody
from nereid.runtime import runtime


@neptie.open_endpoint(runtime)
def handler(request: Request) -> Response:
    """Answer with the tokens."""
    body = neptie.parse(RefreshBody, request.json_object())
    return neptie.refreshed(runtime.sessions.refresh(body.refresh_token))
