"""GET /verify/{token}: a page with a button to verify an address. Changes nothing, because scanners open links too."""

from nereid.dialects import public
from nereid.dialects.http import Request, Response
from nereid.runtime import runtime


@public.endpoint(public.pages)
def handler(request: Request) -> Response:
    """Answer with the page."""
    runtime.verification.check(request.params["token"])
    button = '<form method="post"><button type="submit">Confirm</button></form>'
    return public.page(200, "Is this your address?", f"<p>Confirm it, and you can log in.</p>{button}")
