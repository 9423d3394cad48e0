"""GET /openapi.json: the description of the APIs, with this stack's own URL."""

from nereid.dialects import openapi, public
from nereid.dialects.http import Request, Response
from nereid.runtime import runtime


@public.endpoint(public.document, max_body_bytes=None)
def handler(request: Request) -> Response:
    """Answer with docs/openapi.json as it was deployed, or that it has not changed."""
    return openapi.answer(request, runtime.settings.base_url or f"https://{request.domain}")
