"""What has no credential: health, unsubscribe pages, and the answer for routes that do not exist."""

from collections.abc import Callable
from html import escape

from nereid.dialects import endpoint as frame
from nereid.dialects.client import frame as client
from nereid.dialects.http import MAX_BODY_BYTES, BodyTooLarge, Request, Response
from nereid.dialects.manage import frame as manage
from nereid.dialects.neptie import frame as neptie
from nereid.dialects.neptune import frame as neptune
from nereid.dialects.vibetrace import frame as vibetrace
from nereid.errors import NotFound, Unavailable

_HTML = "text/html; charset=utf-8"
_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex"><title>{title}</title>
<style>body{{font:1.1rem/1.5 system-ui,sans-serif;max-width:32rem;margin:15vh auto;padding:0 1rem;color:#222}}
button{{font:inherit;padding:.6rem 1.2rem;border:0;border-radius:.4rem;background:#174ea6;color:#fff;cursor:pointer}}
</style></head><body><h1>{title}</h1>{content}</body></html>
"""


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


class _Routes:
    """Routes that do not exist have no errors of their own."""

    def error(self, error: Exception) -> Response:
        return manage.dialect.error(error)


pages = _Pages()
routes = _Routes()
health = _Health()


def endpoint(
    dialect: frame.Answers, *, max_body_bytes: int | None = MAX_BODY_BYTES
) -> Callable[[Callable[[Request], Response]], frame.LambdaHandler]:
    """Make a Lambda handler of a function that answers anybody."""
    return lambda function: (
        lambda event, context: frame.answer(dialect, event, context, function, max_body_bytes=max_body_bytes)
    )


def page(status: int, title: str, content: str) -> Response:
    """Return a small page; `content` is HTML, `title` is not."""
    headers = {"Retry-After": "5"} if status == 503 else {}
    return Response(status, _PAGE.format(title=escape(title), content=content), headers, _HTML)


def route_not_found(runtime: neptie.HasLimiter, request: Request) -> Response:
    """Return the answer for a route that does not exist, in the words of the API that its path belongs to."""
    if _is_under(request.path, "/neptune"):
        return neptune.not_found()
    if request.path in {"/api/client", "/api/client/"}:  # what is below has a function of its own
        return client.not_found()
    if request.path.startswith("/v1/") and request.path.split("/")[2] in ("event", "user"):
        return vibetrace.route_not_found(request)
    if _is_neptie(request.path):
        return neptie.unknown_route(runtime, request)
    return manage.not_found()


def _is_neptie(path: str) -> bool:
    others = ("/api/client", "/v1/event", "/v1/user")
    return any(_is_under(path, prefix) for prefix in ("/api", "/v1")) and not any(
        _is_under(path, prefix) for prefix in others
    )


def _is_under(path: str, prefix: str) -> bool:
    return path == prefix or path.startswith(prefix + "/")
