"""GET /health: health check: whether the database answers."""

from nereid.dialects import public
from nereid.dialects.http import Request, Response
from nereid.runtime import runtime


@public.endpoint(public.health, max_body_bytes=None)
def handler(_request: Request) -> Response:
    """Answer 200 while the store can be read."""
    runtime.account_store.ping()
    return Response(200, {"status": "ok"})
