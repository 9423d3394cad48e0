"""Routes that do not exist: 404 in the form of the API that the path belongs to."""

from typing import Any

from nereid.dialects import public, unknown_routes
from nereid.dialects.http import Request, Response
from nereid.runtime import runtime


def _client_api(request: Request) -> Response:
    from nereid.dialects.client import spellings

    return spellings.answer(runtime, request)


@public.endpoint(unknown_routes.dialect, max_body_bytes=None)
def _unknown(request: Request) -> Response:
    return unknown_routes.route_not_found(runtime, request)


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Answer with that API's 404; serve the Client API, whose paths begin alike in every case."""
    if not unknown_routes.is_client_api(event["rawPath"]):
        return _unknown(event, context)
    from nereid.dialects.client import frame as client

    return client.answering(_client_api)(event, context)
