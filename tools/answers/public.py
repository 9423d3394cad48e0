"""Answers of the pages for people, and of the health check."""

from __future__ import annotations

from typing import Literal

from pydantic import ConfigDict

from tools.answers.form import FAILED, RETRY, TOO_LARGE, TOO_MANY, UNAVAILABLE, Answer, GatewayError, Reply, Success


class Healthy(Answer):
    """The database answers."""

    status: Literal["ok"]


class Unhealthy(Answer):
    """The database does not answer."""

    status: Literal["unavailable"]


class ApiDescription(Answer):
    """A document of OpenAPI."""

    model_config = ConfigDict(extra="allow")

    openapi: str


_HTML = "text/html"
_KEPT = ("ETag", "Cache-Control")
_PAGE = Success(200, Reply("A page", text_type=_HTML))
SUCCESS = {
    "show_openapi": Success(200, Reply("The description of the APIs", (ApiDescription,), headers=_KEPT)),
    "health": Success(200, Reply("The database answers", (Healthy,))),
    "show_unsubscribe": _PAGE,
    "unsubscribe": _PAGE,
    "show_verification": _PAGE,
    "verify_address": _PAGE,
}
PAGE_ERRORS = {
    404: Reply("The link is not valid: a page", text_type=_HTML),
    413: Reply(f"{TOO_LARGE}: a page, or an error of API Gateway", (GatewayError,), _HTML),
    429: Reply(TOO_MANY, (GatewayError,), may_have=RETRY),
    500: Reply(f"{FAILED}: a page, or an error of API Gateway", (GatewayError,), _HTML),
    503: Reply(f"{UNAVAILABLE}: a page, or an error of API Gateway", (GatewayError,), _HTML, may_have=RETRY),
}
DESCRIPTION_ERRORS = {
    304: Reply("The caller has it", headers=_KEPT),
    429: Reply(TOO_MANY, (GatewayError,), may_have=RETRY),
    500: Reply(FAILED, (GatewayError,)),
    503: Reply(UNAVAILABLE, (GatewayError,), may_have=RETRY),
}
HEALTH_ERRORS = {
    429: Reply(TOO_MANY, (GatewayError,), may_have=RETRY),
    500: Reply(FAILED, (GatewayError,)),
    503: Reply(
        "The database does not answer, or API Gateway reaches no function", (Unhealthy, GatewayError), may_have=RETRY
    ),
}
