"""Pages of other sites may call the APIs that browsers call, as the stack says; and none sends cookies along."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from nereid.dialects import cors
from nereid.settings import Settings
from tests.infrastructure import stack
from tests.security import world
from tests.security.matrix import Requests, Row, rows
from tests.security.world import Estate
from tests.support import envelopes
from tests.support.api import Call

ORIGIN = "https://evil.example.com"
ASKED = {
    "origin": ORIGIN,
    "access-control-request-method": "POST",
    "access-control-request-headers": "authorization,content-type",
}


@pytest.fixture(scope="module")
def estate() -> Iterator[Estate]:
    with world.running() as running:
        yield running


@pytest.mark.parametrize("row", rows(), ids=lambda row: f"{row.method} {row.path}")
def test_pages_of_other_sites_read_the_apis_that_browsers_call_without_cookies(estate: Estate, row: Row) -> None:
    [call] = Requests(estate).calls(row, "none")
    is_shared = envelopes.is_for_browsers(call.path)
    preflight = estate.api.call(Call("OPTIONS", call.path, {}, ASKED))
    plain = estate.api.call(Call(call.method, call.path, call.query, {**call.headers, "origin": ORIGIN}, call.body))
    envelopes.check(call.path, plain)
    for answer in (preflight, plain):
        allowed = answer.headers.get("access-control-allow-origin")
        assert allowed == ("*" if is_shared else None)
        assert "access-control-allow-credentials" not in answer.headers
    assert preflight.status == (204 if is_shared else 404)
    if is_shared:
        assert preflight.headers["access-control-allow-headers"] == ASKED["access-control-request-headers"]
        assert "POST" in preflight.headers["access-control-allow-methods"].split(",")
    estate.restore()


@pytest.mark.parametrize("path", ["/manage/environments", "/neptune/environments", "/api/leads", "/v1/campaigns"])
def test_errors_can_be_read_as_well(estate: Estate, path: str) -> None:
    for headers in ({}, {"authorization": "Bearer junk"}):
        answer = estate.api.call(Call("GET", path, {}, {**headers, "origin": ORIGIN}))
        assert (answer.status, answer.headers["access-control-allow-origin"]) == (401, "*")
        assert "Retry-After" in answer.headers["access-control-expose-headers"]
    large = estate.api.call(Call("POST", path, {}, {"origin": ORIGIN}, b"x" * 11_000_000))
    assert large.status >= 400
    assert large.headers["access-control-allow-origin"] == "*"


class TestOrigins:
    """What the stack's parameter says."""

    def allowed(self, monkeypatch: pytest.MonkeyPatch, parameter: str, origin: str) -> dict[str, str]:
        monkeypatch.setattr(cors, "settings", lambda: Settings(cors_origins=parameter))
        return cors.headers("/manage/environments", {"origin": origin})

    @pytest.mark.parametrize("origin", ["https://app.example.com", "https://b.example:8443"])
    def test_pages_that_it_names_may_read(self, monkeypatch: pytest.MonkeyPatch, origin: str) -> None:
        headers = self.allowed(monkeypatch, "https://app.example.com,https://b.example:8443", origin)
        assert (headers["Access-Control-Allow-Origin"], headers["Vary"]) == (origin, "Origin")

    @pytest.mark.parametrize("origin", ["https://app.example.com.evil.example", "http://app.example.com", "null", ""])
    def test_others_may_not(self, monkeypatch: pytest.MonkeyPatch, origin: str) -> None:
        assert self.allowed(monkeypatch, "https://app.example.com", origin) == {"Vary": "Origin"}

    def test_of_none_nobody_may(self, monkeypatch: pytest.MonkeyPatch) -> None:
        assert self.allowed(monkeypatch, "", "https://app.example.com") == {}
        assert cors.preflight("/manage/environments", ASKED) is None


@pytest.mark.parametrize("path", ["/api/client/nothing", "/api/client/events/", "/api/client/users/7"])
def test_a_preflight_needs_no_key_and_no_route(estate: Estate, path: str) -> None:
    assert estate.api.call(Call("OPTIONS", path, {}, ASKED)).status == 204


def test_options_that_are_no_preflight_promise_nothing(estate: Estate) -> None:
    answer = estate.api.call(Call("OPTIONS", "/api/client/events", {}, {"origin": ORIGIN}))
    assert (answer.status, answer.body) == (200, "")
    assert "access-control-allow-methods" not in answer.headers


@pytest.mark.parametrize("asked", ["\r", "x\r\nset-cookie: a=b", "x\x00", "é"])
def test_a_preflight_repeats_nothing_but_names_of_headers(estate: Estate, asked: str) -> None:
    headers = {**ASKED, "access-control-request-headers": asked}
    answer = estate.api.call(Call("OPTIONS", "/api/client/events", {}, headers))
    assert answer.status == 204
    assert "access-control-allow-headers" not in answer.headers


def test_the_gateway_adds_nothing_of_its_own() -> None:
    for api in stack.of_type("AWS::ApiGatewayV2::Api").values():
        assert "CorsConfiguration" not in api["Properties"]
        assert "x-amazon-apigateway-cors" not in api["Properties"].get("Body", {})
