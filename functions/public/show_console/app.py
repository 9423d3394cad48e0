"""GET /console and below: the console, a web page that calls the APIs with the credential of whoever looks at it."""

from pathlib import Path

from nereid.dialects import console, public
from nereid.dialects.http import Request, Response

_files = console.Files(Path(__file__).parent / "console")


@public.endpoint(public.pages, max_body_bytes=None)
def handler(request: Request) -> Response:
    """Answer with a file of the console, or with its page."""
    return console.answer(request, _files)
