"""What every endpoint of the Neptune API answers when something is wrong, and in which order it looks."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import pytest

from tests.contract.neptune_client import (
    FORBIDDEN,
    LIMIT,
    NO_ROUTE,
    NOT_AN_OBJECT,
    NOT_FOUND,
    NOT_JSON,
    TOO_LARGE,
    UNAUTHENTICATED,
    Neptune,
    missing,
    not_valid,
    raw,
    unique,
)
from tests.support.teams import Operator

IN_PROCESS = True


class Route(NamedTuple):
    """A route with a token in the header, the permission that it needs, and a body that is accepted."""

    method: str
    path: str
    permission: str | None = "manage_users"
    body: Any = None


EMAIL = {"type": "email", "value": "a@example.com"}
ROUTES = [
    Route("POST", "/{env}/events", "post_events", {"event_type": "x"}),
    Route("GET", "/environments", None),
    Route("POST", "/{env}/users", body={"user_id": "matrix"}),
    Route("GET", "/{env}/users"),
    Route("GET", "/{env}/users/matrix"),
    Route("PUT", "/{env}/users/matrix", body={}),
    Route("DELETE", "/{env}/users/matrix"),
    Route("POST", "/{env}/users/matrix/contacts_info", body=EMAIL),
    Route("PUT", "/{env}/users/matrix/contacts_info", body=EMAIL),
    Route("DELETE", "/{env}/users/matrix/contacts_info", body=EMAIL),
    Route("GET", "/app_notifications/{env}?user_id=matrix"),
    Route("POST", "/app_notifications/{env}/read", body={"type": "user", "id": "matrix"}),
]


def over(routes: Iterable[Route]) -> pytest.MarkDecorator:
    chosen = list(routes)
    return pytest.mark.parametrize("route", chosen, ids=[f"{each.method} {each.path}" for each in chosen])


every_route = over(ROUTES)
every_body = over(route for route in ROUTES if route.body is not None)
every_environment = over(route for route in ROUTES if "{env}" in route.path)


@pytest.fixture(scope="module")
def tokens(operator: Operator) -> dict[str, str]:
    """Return tokens with one permission each, and one with none that Neptune knows."""
    wanted = ("post_events", "manage_users", "manage_templates")
    return {permission: operator.token([permission]) for permission in wanted}


@every_route
def test_a_request_without_a_token_is_unauthenticated(neptune: Neptune, route: Route) -> None:
    assert Neptune(neptune.stack, "").call(route.method, route.path, route.body) == UNAUTHENTICATED


@every_route
def test_a_token_that_is_none_is_unauthenticated(neptune: Neptune, route: Route) -> None:
    assert Neptune(neptune.stack, "undefined").call(route.method, route.path, route.body) == UNAUTHENTICATED


@every_route
def test_a_token_without_the_permission_is_forbidden(neptune: Neptune, tokens: dict[str, str], route: Route) -> None:
    others = [token for name, token in tokens.items() if name != route.permission]
    for token in others:
        answer = Neptune(neptune.stack, token).call(route.method, route.path, route.body)
        assert answer == FORBIDDEN if route.permission else answer[0] == 200


@every_route
def test_a_token_with_just_the_permission_is_enough(neptune: Neptune, tokens: dict[str, str], route: Route) -> None:
    token = tokens[route.permission or "post_events"]
    status, _ = Neptune(neptune.stack, token).call(route.method, route.path, route.body)
    # Whether the user of the example is there depends on what ran before.
    assert status in (200, 404, 422)


@every_environment
def test_an_unknown_environment_is_not_found(neptune: Neptune, route: Route) -> None:
    assert Neptune(neptune.stack, neptune.token, "nowhere").call(route.method, route.path, route.body) == NOT_FOUND


@pytest.mark.parametrize("environment", ["DEV", "dev%20", "events", "d" * 64, "d" * 1500])
def test_an_environment_is_its_exact_identifier(neptune: Neptune, environment: str) -> None:
    assert Neptune(neptune.stack, neptune.token, environment).call("GET", "/{env}/users") == NOT_FOUND


@every_body
@pytest.mark.parametrize("body", [b"{", b"not json", b'{"a":1,}', b'{"a":NaN}', b'{"a":Infinity}', b"\xff"])
def test_a_body_that_is_no_json_is_refused(neptune: Neptune, route: Route, body: bytes) -> None:
    assert neptune.call(route.method, route.path, body) == NOT_JSON


@every_body
@pytest.mark.parametrize("body", [b"[1]", b'"text"', b"1", b"true", b"null", b"[[]]"])
def test_a_body_that_is_no_object_is_refused(neptune: Neptune, route: Route, body: bytes) -> None:
    assert neptune.call(route.method, route.path, body) == NOT_AN_OBJECT


@every_body
def test_an_empty_array_as_body_is_an_empty_object(neptune: Neptune, route: Route) -> None:
    of_array, of_object = neptune.call(route.method, route.path, b"[]"), neptune.call(route.method, route.path, b"{}")
    assert of_array[0] == of_object[0]
    assert set(of_array[1]) == set(of_object[1])


@every_route
def test_a_body_over_the_limit_is_too_large(neptune: Neptune, route: Route) -> None:
    assert neptune.call(route.method, route.path, b" " * (LIMIT + 1)) == TOO_LARGE


def test_a_body_of_just_the_limit_is_taken(neptune: Neptune) -> None:
    body = raw({"event_type": "x", "pad": ""})
    body = body.replace(b'"pad": ""', b'"pad": "' + b"x" * (LIMIT - len(body)) + b'"')
    assert len(body) == LIMIT
    assert neptune.call("POST", "/{env}/events", body)[0] == 200


def test_size_is_looked_at_before_the_token(neptune: Neptune) -> None:
    assert Neptune(neptune.stack, "").call("POST", "/{env}/users", b"x" * (LIMIT + 1)) == TOO_LARGE


def test_the_token_is_looked_at_before_the_body(neptune: Neptune) -> None:
    assert Neptune(neptune.stack, "bad").call("POST", "/{env}/users", b"{") == UNAUTHENTICATED


def test_the_permission_is_looked_at_before_the_body(neptune: Neptune, tokens: dict[str, str]) -> None:
    assert Neptune(neptune.stack, tokens["post_events"]).call("POST", "/{env}/users", b"{") == FORBIDDEN


def test_the_syntax_is_looked_at_before_the_environment(neptune: Neptune) -> None:
    assert neptune.call("POST", "/nowhere/users", b"{") == NOT_JSON


@pytest.mark.parametrize(
    ("method", "path", "body", "fields"),
    [
        ("POST", "/nowhere/events", {}, ["event_type"]),
        ("POST", "/nowhere/users", {}, ["user_id"]),
        ("POST", "/nowhere/users/u/contacts_info", {}, ["type", "value"]),
        ("PUT", "/nowhere/users/u/contacts_info", {}, ["type", "value"]),
        ("DELETE", "/nowhere/users/u/contacts_info", None, ["type", "value"]),
        ("GET", "/app_notifications/nowhere", None, ["user_id"]),
        ("POST", "/app_notifications/nowhere/read", {}, ["type", "id"]),
    ],
)
def test_the_fields_are_looked_at_before_the_environment(
    neptune: Neptune, method: str, path: str, body: Any, fields: list[str]
) -> None:
    assert neptune.call(method, path, body) == missing(*fields)


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/nowhere/users", {"user_id": "u", "meta": {"x": "x" * 70000}}),
        ("PUT", "/nowhere/users/u", {"meta": {"x": "x" * 70000}}),
        ("PUT", "/{env}/users/nobody/contacts_info", {"type": "email", "value": "a@b.c", "meta": {"x": "x" * 70000}}),
        ("PUT", "/nowhere/users/u", {"meta": "text"}),
    ],
)
def test_meta_is_looked_at_before_what_is_not_there(neptune: Neptune, method: str, path: str, body: Any) -> None:
    assert neptune.call(method, path, body) == not_valid("meta")


@pytest.mark.parametrize("value", [None, ""])
def test_a_required_field_that_is_null_or_empty_is_missing(neptune: Neptune, value: str | None) -> None:
    assert neptune.call("POST", "/{env}/users", {"user_id": value}) == missing("user_id")


def test_every_wrong_field_is_named_once(neptune: Neptune) -> None:
    body = {"type": "pigeon", "value": True, "filterable": 1, "meta": [1]}
    expected = not_valid("type", "value", "filterable", "meta")
    assert expected[1]["message"] == "Validation failed. 4 error(s)"
    assert neptune.call("POST", "/{env}/users/u/contacts_info", body) == expected


def test_an_optional_field_that_is_empty_is_not_valid(neptune: Neptune) -> None:
    assert neptune.call("GET", "/{env}/users?page=&per_page=") == not_valid("page", "per_page")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/nothing/here/at/all"),
        ("PATCH", "/{env}/users/u"),
        ("DELETE", "/{env}/users"),
        ("PUT", "/{env}/events"),
        ("GET", "/events/ingest"),
        ("GET", "/{env}/users/"),
        ("POST", "/{env}/users/u"),
        ("DELETE", "/app_notifications/{env}"),
        ("POST", "/environments"),
        ("GET", ""),
    ],
)
def test_an_unknown_route_or_method_is_not_found(neptune: Neptune, method: str, path: str) -> None:
    assert neptune.call(method, path) == NO_ROUTE


def test_an_unknown_route_needs_no_token(neptune: Neptune) -> None:
    assert Neptune(neptune.stack, "").call("GET", "/nothing") == NO_ROUTE


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/environments"), ("GET", "/{env}/users"), ("GET", "/app_notifications/{env}?user_id=u")],
)
def test_a_content_type_without_a_body_is_normal(neptune: Neptune, method: str, path: str) -> None:
    assert neptune.call(method, path, headers={"Content-Type": "application/json"})[0] == 200


def test_a_content_type_on_a_deletion_without_body_is_normal(neptune: Neptune) -> None:
    user = neptune.user()
    assert neptune.call("DELETE", f"/{{env}}/users/{user}", headers={"Content-Type": "application/json"})[0] == 200


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "nonsense", "application/json"])
def test_the_content_type_of_a_body_does_not_matter(neptune: Neptune, kind: str) -> None:
    user = unique()
    body = raw({"user_id": user, "meta": {"name": "Zoë"}})
    status, answer = neptune.call("POST", "/{env}/users", body, {"Content-Type": kind, "Accept": "text/html"})
    assert (status, answer["meta"]) == (200, {"name": "Zoë"})


def test_escaped_slashes_in_strings_are_slashes(neptune: Neptune) -> None:
    user = unique()
    neptune.ok("POST", "/{env}/users", b'{"user_id":"%s\\/x"}' % user.encode())
    assert neptune.ok("GET", f"/{{env}}/users/{user}/x")["user_id"] == f"{user}/x"


@every_route
def test_an_answer_is_json(neptune: Neptune, route: Route) -> None:
    answer = neptune.request(route.method, route.path, route.body)
    assert answer.headers["Content-Type"] == "application/json"


def test_unknown_query_parameters_are_no_error(neptune: Neptune) -> None:
    assert neptune.call("GET", "/{env}/users?nonsense=1&page=1&sort%5B%5D=x")[0] == 200


class TestTokens:
    def test_the_scheme_may_be_in_lower_case(self, neptune: Neptune) -> None:
        answer = neptune.stack.request(
            "GET", "/neptune/environments", headers={"Authorization": f"bearer {neptune.token}"}
        )
        assert answer.status == 200

    @pytest.mark.parametrize(
        "header", ["", "Bearer", "Bearer ", "Basic dTpw", "Bearer a.b.c", "Bearer é.ü.ß", "x" * 5000]
    )
    def test_a_malformed_header_is_unauthenticated(self, neptune: Neptune, header: str) -> None:
        sent = {"Authorization": header.encode().decode("latin-1")}
        answer = neptune.stack.request("GET", "/neptune/environments", headers=sent)
        assert (answer.status, answer.json()) == UNAUTHENTICATED

    @pytest.mark.parametrize("key", ["public_key", "secret_key"])
    def test_a_client_key_is_unauthenticated(self, neptune: Neptune, key: str) -> None:
        assert Neptune(neptune.stack, neptune.stack.demo[key]).call("GET", "/environments") == UNAUTHENTICATED

    def test_the_token_of_an_account_is_unauthenticated(self, neptune: Neptune, operator: Operator) -> None:
        assert Neptune(neptune.stack, operator.forged("nereid:account")).call("GET", "/environments") == UNAUTHENTICATED

    def test_a_token_that_was_never_issued_is_unauthenticated(self, neptune: Neptune, operator: Operator) -> None:
        assert Neptune(neptune.stack, operator.forged()).call("GET", "/environments") == UNAUTHENTICATED

    def test_a_token_that_somebody_else_signed_is_unauthenticated(self, neptune: Neptune, operator: Operator) -> None:
        token = operator.forged(secret="x" * 64)
        assert Neptune(neptune.stack, token).call("GET", "/environments") == UNAUTHENTICATED

    def test_an_expired_token_is_unauthenticated(self, neptune: Neptune, operator: Operator) -> None:
        over = datetime.now(UTC) - timedelta(seconds=1)
        token = operator.forged(exp=over, iat=over - timedelta(days=1))
        assert Neptune(neptune.stack, token).call("GET", "/environments") == UNAUTHENTICATED

    def test_a_revoked_token_is_unauthenticated(self, neptune: Neptune) -> None:
        body = {"name": "short", "permissions": ["admin:all"], "default_environment": "dev"}
        made = neptune.stack.request("POST", "/manage/api_tokens", body, token=neptune.token).json()
        client = Neptune(neptune.stack, made["token"])
        assert client.call("GET", "/environments")[0] == 200
        neptune.stack.request("DELETE", f"/manage/api_tokens/{made['id']}", token=neptune.token)
        assert client.call("GET", "/environments") == UNAUTHENTICATED
        assert client.ingest() == UNAUTHENTICATED
