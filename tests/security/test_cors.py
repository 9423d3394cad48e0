"""Pages of other sites may call the Client API, with its public keys, and no other; and none sends cookies along."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

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
def test_only_the_client_api_answers_pages_of_other_sites(estate: Estate, row: Row) -> None:
    [call] = Requests(estate).calls(row, "none")
    is_client = envelopes.api_of(call.path) == "client"
    preflight = estate.api.call(Call("OPTIONS", call.path, {}, ASKED))
    plain = estate.api.call(Call(call.method, call.path, call.query, {**call.headers, "origin": ORIGIN}, call.body))
    for answer in (preflight, plain):
        envelopes.check(call.path, answer)
        allowed = answer.headers.get("access-control-allow-origin")
        assert allowed == ("*" if is_client else None)
        assert "access-control-allow-credentials" not in answer.headers
    assert preflight.status == (204 if is_client else 404)
    if is_client:
        assert preflight.headers["access-control-allow-headers"] == ASKED["access-control-request-headers"]
        assert "POST" in preflight.headers["access-control-allow-methods"].split(",")
    estate.restore()


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
