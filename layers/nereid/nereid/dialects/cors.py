"""Which pages of other sites may read answers: those of the stack's parameter, in every API that browsers call.

The gateway could do this by itself, but for all paths alike: the Client API answers preflights in its own words, and
servers alone call the Vibetrace API. No answer sets or needs a cookie, so a page can do no more than who holds a
credential.
"""

import re
from collections.abc import Mapping

from nereid.dialects.http import Response
from nereid.settings import settings

METHODS = "GET,HEAD,PUT,POST,DELETE,PATCH"
#: Names of headers in a list, as RFC 9110, 5.6.1 and 5.6.2, has them.
_HEADER_NAMES = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z, \t-]+")
#: What a page may read beside the body.
_EXPOSED = "Retry-After,X-RateLimit-Limit,X-RateLimit-Remaining,X-RateLimit-Reset"
_SHARED = re.compile("/(neptune|manage|api(?!/client(/|$))|v1(?!/(event|user)(/|$)))(/.*)?")
#: For how long a browser need not ask again, in seconds.
_MAX_AGE = "600"


def headers(path: str, asked: Mapping[str, str]) -> dict[str, str]:
    """Return the headers that let the page that asks read the answer.

    Parameters
    ----------
    asked
        The request's headers, with names in lower case.
    """
    allowed = settings().cors_origins
    if not allowed or not _SHARED.fullmatch(path):
        return {}
    if allowed == "*":
        return {"Access-Control-Allow-Origin": "*", "Access-Control-Expose-Headers": _EXPOSED}
    origin = asked.get("origin", "")
    if origin not in (each.strip() for each in allowed.split(",")):
        return {"Vary": "Origin"}
    return {"Access-Control-Allow-Origin": origin, "Access-Control-Expose-Headers": _EXPOSED, "Vary": "Origin"}


def is_preflight(method: str, asked: Mapping[str, str]) -> bool:
    """Tell whether a browser asks what a page of another site may send."""
    return method == "OPTIONS" and "origin" in asked and "access-control-request-method" in asked


def preflight(path: str, asked: Mapping[str, str]) -> Response | None:
    """Return the answer to a preflight; None for a path that is not for browsers."""
    if not settings().cors_origins or not _SHARED.fullmatch(path):
        return None
    return Response(204, "", {**permitted(asked), "Access-Control-Max-Age": _MAX_AGE})


def permitted(asked: Mapping[str, str]) -> dict[str, str]:
    """Return the headers that permit what a preflight asks for: any method, and any headers."""
    allowed = {"Access-Control-Allow-Methods": METHODS}
    names = asked.get("access-control-request-headers", "")
    if _HEADER_NAMES.fullmatch(names):
        allowed["Access-Control-Allow-Headers"] = names
    return allowed
