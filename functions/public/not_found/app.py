"""Routes that do not exist: 404 in the form of the API that the path belongs to."""

from typing import Any

from nereid.dialects import public, unknown_routes
from nereid.dialects.client import frame as client
from nereid.dialects.http import Request, Response
from nereid.runtime import runtime


def _client_api(request: Request) -> Response:
    from nereid.dialects.client import spellings

    return spellings.answer(runtime, request)


_under_client = client.answering(_client_api)


@public.endpoint(unknown_routes.dialect, max_body_bytes=None)
def _unknown(request: Request) -> Response:
    return unknown_routes.route_not_found(runtime, request)


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Answer with that API's 404; serve the Client API, whose paths begin alike in every case."""
    answer = _under_client if unknown_routes.is_client_api(event["rawPath"]) else _unknown
    return answer(event, context)
