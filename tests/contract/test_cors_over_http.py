"""A page of another site calls the APIs that browsers call, over HTTP."""

from __future__ import annotations

import pytest

from tests.contract.manage_client import Manage

ORIGIN = {"Origin": "https://shop.example"}
ASKED = {
    **ORIGIN,
    "Access-Control-Request-Method": "PUT",
    "Access-Control-Request-Headers": "authorization,content-type",
}


@pytest.mark.over_http
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/neptune/environments"),
        ("POST", "/neptune/events/ingest"),
        ("GET", "/manage/environments"),
        ("PUT", "/manage/dev/event_types/x"),
        ("POST", "/api/auth/login"),
        ("GET", "/v1/leads"),
    ],
)
def test_a_preflight_is_answered_and_errors_can_be_read(manage: Manage, method: str, path: str) -> None:
    preflight = manage.stack.request("OPTIONS", path, None, ASKED)
    assert (preflight.status, preflight.body) == (204, b"")
    assert preflight.headers["Access-Control-Allow-Origin"] == "*"
    assert preflight.headers["Access-Control-Allow-Headers"] == "authorization,content-type"
    assert {"PUT", method} <= set(preflight.headers["Access-Control-Allow-Methods"].split(","))
    for asked in (path, path + "/nothing"):
        answer = manage.stack.request(method, asked, {} if method != "GET" else None, ORIGIN)
        assert 400 <= answer.status < 500
        assert answer.headers["Access-Control-Allow-Origin"] == "*"


@pytest.mark.over_http
@pytest.mark.parametrize("path", ["/v1/event", "/health", "/u/token"])
def test_what_no_page_calls_says_nothing(manage: Manage, path: str) -> None:
    assert "Access-Control-Allow-Origin" not in manage.stack.request("OPTIONS", path, None, ASKED).headers
