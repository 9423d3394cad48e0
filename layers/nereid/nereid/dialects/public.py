"""Endpoints without a credential: health, the unsubscribe pages, the description of the APIs."""

import base64
import hashlib
from collections.abc import Callable
from html import escape

from nereid.dialects import endpoint as frame
from nereid.dialects.http import MAX_BODY_BYTES, BodyTooLarge, Request, Response
from nereid.errors import NotFound, Unavailable

_HTML = "text/html; charset=utf-8"
_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex"><title>{title}</title>
<style>{style}</style></head><body><h1>{title}</h1>{content}</body></html>
"""
_STYLE = """body{font:1.1rem/1.5 system-ui,sans-serif;max-width:32rem;margin:15vh auto;padding:0 1rem;color:#222}
button{font:inherit;padding:.6rem 1.2rem;border:0;border-radius:.4rem;background:#174ea6;color:#fff;cursor:pointer}
"""
_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
#: A page loads nothing, runs nothing, stands in no frame and sends its form to us alone; where it leads, nobody is told
#: its address, which holds the token of a link.
_HEADERS = {
    "Content-Security-Policy": (
        f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
}


class _Pages:
    """Pages for people: errors are pages too."""

    def error(self, error: Exception) -> Response:
        match error:
            case NotFound():
                return page(
                    404, "This link is not valid", "<p>Please use the link exactly as it stands in the mail.</p>"
                )
            case BodyTooLarge():
                return page(413, "This is too much", "<p>Please use the button.</p>")
            case Unavailable():
                return page(503, "Please try again in a moment", "<p>We could not save this just now.</p>")
        return page(500, "Something went wrong", "<p>Please try again later.</p>")


class _Health:
    """The health check's two answers."""

    def error(self, _error: Exception) -> Response:
        return Response(503, {"status": "unavailable"}, {"Retry-After": "5"})


class _Document:
    """The description of the APIs, which is there or is not."""

    def error(self, _error: Exception) -> Response:
        return Response(500, {"message": "Internal server error"})


pages = _Pages()
health = _Health()
document = _Document()


def endpoint(
    dialect: frame.Answers, *, max_body_bytes: int | None = MAX_BODY_BYTES
) -> Callable[[Callable[[Request], Response]], frame.LambdaHandler]:
    """Make a Lambda handler of a function that answers anybody."""
    return lambda function: (
        lambda event, context: frame.answer(dialect, event, context, function, max_body_bytes=max_body_bytes)
    )


def page(status: int, title: str, content: str) -> Response:
    """Return a small page; `content` is HTML, `title` is not."""
    headers = {**_HEADERS, "Retry-After": "5"} if status == 503 else _HEADERS
    text = _PAGE.format(title=escape(title), style=_STYLE, content=content)
    return Response(status, text, headers, _HTML)
