"""Routes that do not exist: 404 in the form of the API that the path belongs to."""

from nereid.dialects import public, unknown_routes
from nereid.dialects.http import Request, Response
from nereid.runtime import runtime


@public.endpoint(unknown_routes.dialect, max_body_bytes=None)
def handler(request: Request) -> Response:
    """Answer with that API's 404."""
    return unknown_routes.route_not_found(runtime, request)
