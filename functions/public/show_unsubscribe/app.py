"""GET /u/{token}: a page with a button to unsubscribe. Changes nothing, because link scanners open links too."""

from nereid.dialects import public
from nereid.dialects.http import Request, Response
from nereid.runtime import runtime


@public.endpoint(public.pages)
def handler(request: Request) -> Response:
    """Answer with the page."""
    runtime.unsubscriber.read(request.params["token"])
    button = '<form method="post"><button type="submit">Unsubscribe</button></form>'
    return public.page(200, "Unsubscribe?", f"<p>You will get no more of these mails.</p>{button}")
