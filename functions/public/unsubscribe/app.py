"""POST /u/{token}: unsubscribe an address with one click (RFC 8058), without login."""

from nereid.dialects import public
from nereid.dialects.http import Request, Response
from nereid.runtime import runtime


@public.endpoint(public.pages)
def handler(request: Request) -> Response:
    """Answer with a page; from then on nothing is sent to the address, not even mail that is queued already."""
    runtime.unsubscriber.unsubscribe(runtime.suppressions, request.params["token"], runtime.listener)
    return public.page(200, "You are unsubscribed", "<p>You will get no more of these mails.</p>")
