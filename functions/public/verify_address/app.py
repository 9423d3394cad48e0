"""POST /verify/{token}: verify the address to which the link was sent."""

from nereid.dialects import public
from nereid.dialects.http import Request, Response
from nereid.runtime import runtime


@public.endpoint(public.pages)
def handler(request: Request) -> Response:
    """Answer with a page; from then on its account can log in."""
    runtime.verification.verify(request.params["token"])
    return public.page(200, "Your address is confirmed", "<p>You can log in now.</p>")
