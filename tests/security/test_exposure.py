"""What the template opens to the world, and to its own log."""

from __future__ import annotations

import base64
import hashlib
import re

import pytest

from nereid.dialects import public
from nereid.dialects.http import Response
from nereid.errors import NotFound, Unavailable
from tests.infrastructure import stack

#: What the API's log may say of a request.
LOGGED = {
    "requestId",
    "routeKey",
    "status",
    "responseLatency",
    "integrationLatency",
    "integrationErrorMessage",
}


def test_the_apis_log_names_routes_and_neither_paths_nor_callers() -> None:
    for api in stack.of_type("AWS::ApiGatewayV2::Stage").values():
        form = api["Properties"]["AccessLogSettings"]["Format"]
        assert set(re.findall(r"\$context\.([\w.]+)", form)) <= LOGGED


def test_a_function_is_invoked_by_the_stack_alone() -> None:
    assert stack.of_type("AWS::Lambda::Url") == {}
    # The API has a role; see tests/infrastructure/test_functions.py.
    permissions = [one["Properties"] for one in stack.of_type("AWS::Lambda::Permission").values()]
    assert {stack.target(one["FunctionName"]): one["Principal"] for one in permissions} == dict.fromkeys(
        stack.schedules(), "events.amazonaws.com"
    )
    assert [one for one in permissions if "SourceArn" not in one] == []


@pytest.mark.parametrize("response", [Response(200, {"token": "t"}), Response(204), Response(404, "Not Found")])
def test_no_cache_keeps_an_answer_and_no_browser_guesses_what_it_is(response: Response) -> None:
    headers = response.to_event()["headers"]
    assert headers["Cache-Control"] == "no-store"
    assert headers["X-Content-Type-Options"] == "nosniff"


def test_an_answer_may_say_how_long_it_is_kept() -> None:
    headers = Response(200, "x", {"Cache-Control": "max-age=60"}).to_event()["headers"]
    assert headers["Cache-Control"] == "max-age=60"


PAGES = [public.page(200, "t", "c"), *map(public.pages.error, (NotFound("link"), Unavailable("store"), ValueError()))]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.status))
def test_a_page_loads_nothing_runs_nothing_and_stands_in_no_frame(page: Response) -> None:
    rules = dict(rule.strip().split(" ", 1) for rule in page.headers["Content-Security-Policy"].split(";"))
    [style] = re.findall("<style>(.*)</style>", page.body, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert rules == {
        "default-src": "'none'",
        "style-src": f"'sha256-{digest}'",
        "form-action": "'self'",
        "base-uri": "'none'",
        "frame-ancestors": "'none'",
    }


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.status))
def test_no_other_site_is_told_the_address_of_a_page_which_holds_a_token(page: Response) -> None:
    assert page.headers["Referrer-Policy"] == "no-referrer"
