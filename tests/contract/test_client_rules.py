"""What every route of the Client API keeps to: keys, errors to the byte, methods, CORS, bodies."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.contract.client_api import (
    ACCEPTED,
    BAD_REQUEST,
    DENIED,
    LIMIT,
    NO_ID,
    NOT_ALLOWED,
    NOT_FOUND,
    UNAUTHORIZED,
    UNKNOWN_KEY,
    Client,
    refused,
    unique,
)
from tests.infrastructure import stack as template
from tests.local_stack import Stack
from tests.support.teams import OtherTeam

IN_PROCESS = True

POSTS = ["alias", "identify", "devices", "events", "track"]
SECRET_ROUTES = [
    "users",
    "lists",
    "campaigns",
    "journeys",
    "templates",
    "subscriptions",
    "providers",
    "keys",
    "locales",
    "tags",
    "resources",
    "images",
    "admins",
]
DEVICE = {"device_id": "d", "os": "iOS 16.3", "model": "iPhone15,2", "app_build": "465", "app_version": "1.2.4"}
#: Every other route of the product, with all methods that it has.
#: What anybody may call, with any key or none: health, unsubscribe links, and registering and logging in.
OPEN = {"$default", "/", "/{path+}", "/health", "/u/{token}", "/verify/{token}"}
#: The same of what shows no team's data: the console's own files, and the description of the APIs.
OPEN |= {"/console", "/console/{path+}", "/openapi.json"}
OTHERS = sorted(route for route in template.routes() if route[1] not in OPEN and "/auth/" not in route[1])
FILLED = {
    "{environment}": "dev",
    "{user_id+}": "u",
    "{user_id}": "u",
    "{event_type+}": "e",
    "{message_id+}": "m",
    "{slash+}": "",
}


@pytest.fixture(scope="module")
def public(local_stack: Stack) -> Client:
    return Client(local_stack, local_stack.demo["public_key"], local_stack.demo["api_token"])


@pytest.fixture(scope="module")
def secret(local_stack: Stack) -> Client:
    return Client(local_stack, local_stack.demo["secret_key"], local_stack.demo["api_token"])


@pytest.fixture(scope="module")
def nobody(local_stack: Stack) -> Client:
    return Client(local_stack, "", local_stack.demo["api_token"])


def good(route: str) -> Any:
    """Return a body that a route takes."""
    user = {"external_id": unique(), "anonymous_id": unique()}
    match route:
        case "devices":
            return {**user, **DEVICE}
        case "events":
            return [{**user, "name": "Opened"}]
    return user


class TestKeys:
    @pytest.mark.parametrize("route", POSTS)
    def test_both_kinds_of_key_may_post(self, public: Client, secret: Client, route: str) -> None:
        assert public.post(route, good(route)) == ACCEPTED
        assert secret.post(route, good(route)) == ACCEPTED

    @pytest.mark.parametrize("route", POSTS)
    @pytest.mark.parametrize(
        "header",
        [
            None,
            "",
            "Bearer",
            "Bearer ",
            "bearer {key}",
            "BEARER {key}",
            "Bearer  {key}",
            "Basic {key}",
            "{key}",
            "Bearer xk_1",
            "Bearer {token}",
        ],
    )
    def test_no_key_in_the_right_form_is_unauthorized(self, public: Client, route: str, header: str | None) -> None:
        text = None if header is None else header.format(key=public.key, token=public.token)
        client = Client(public.stack, "", public.token)
        assert client.post(route, good(route), {} if text is None else {"Authorization": text}) == UNAUTHORIZED

    @pytest.mark.parametrize("route", POSTS)
    @pytest.mark.parametrize("key", ["pk_unknown", "sk_unknown", "pk_", "pk_dbf68c87-e579-4dac-b083-77fed0294e67"])
    def test_an_unknown_key_has_no_project(self, public: Client, route: str, key: str) -> None:
        assert Client(public.stack, key, public.token).post(route, good(route)) == UNKNOWN_KEY

    def test_a_revoked_key_has_no_project(self, public: Client) -> None:
        made = public.ask("POST", "/manage/client_keys", {"environment": "dev", "scope": "public"}).json()
        assert public.ask("DELETE", f"/manage/client_keys/{made['id']}").status == 200
        assert Client(public.stack, made["key"], public.token).post("identify", good("identify")) == UNKNOWN_KEY

    def test_a_key_reaches_its_own_environment_alone(
        self, local_stack: Stack, other_team: OtherTeam, public: Client
    ) -> None:
        body = {"environment": "dev", "scope": "secret"}
        made = local_stack.request("POST", "/manage/client_keys", body, token=other_team.token).json()
        other = Client(local_stack, made["key"], other_team.token)
        user = unique()
        other.accept("identify", {"external_id": user})
        other.wait_for_user(user)
        assert public.user(user) is None

    @pytest.mark.parametrize("route", SECRET_ROUTES)
    @pytest.mark.parametrize("method", ["GET", "POST", "PATCH", "DELETE"])
    def test_a_route_for_secret_keys_that_is_not_offered(
        self, nobody: Client, public: Client, secret: Client, method: str, route: str
    ) -> None:
        unknown = Client(public.stack, "pk_unknown", public.token)
        for path in (route, f"{route}/1", f"{route}/1/more"):
            assert public.call(method, path) == DENIED
            assert secret.call(method, path) == NOT_FOUND
            assert nobody.call(method, path) == UNAUTHORIZED
            assert unknown.call(method, path) == UNKNOWN_KEY

    @pytest.mark.parametrize(("method", "path"), OTHERS)
    def test_a_public_key_can_take_in_and_nothing_else(self, public: Client, method: str, path: str) -> None:
        if path.startswith("/api/client/") and (method in ("POST", "PUT") or "{route+}" in path):
            pytest.skip("taking in is what it is for")
        for name, value in FILLED.items():
            path = path.replace(name, value)
        answer = public.stack.request(method, path.replace("{", "").replace("}", ""), {}, token=public.key)
        assert answer.status in {401, 403}, answer.body

    def test_a_public_key_in_the_body_takes_no_neptune_event_in(self, public: Client) -> None:
        body = {"environment": "dev", "api_token": public.key, "event_type": "e"}
        assert public.stack.request("POST", "/neptune/events/ingest", body).status == 401


class TestRoutes:
    @pytest.mark.parametrize("route", [*POSTS, "notifications", "notifications/1"])
    @pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE", "POST"])
    def test_another_method_is_not_allowed(self, nobody: Client, public: Client, method: str, route: str) -> None:
        if (method, route) in {("GET", "notifications"), ("PUT", "notifications/1")} or (
            method == "POST" and route in POSTS
        ):
            pytest.skip("the route's own")
        assert nobody.call(method, route) == NOT_ALLOWED
        assert public.call(method, route, {}) == NOT_ALLOWED

    @pytest.mark.parametrize("path", ["", "unknown", "alias//", "events/1", "notifications//", "notifications/1/2"])
    @pytest.mark.parametrize("method", ["GET", "POST"])
    def test_an_unknown_path_is_not_found(self, nobody: Client, public: Client, method: str, path: str) -> None:
        assert nobody.call(method, path) == NOT_FOUND
        assert public.call(method, path, None if method == "GET" else {}) == NOT_FOUND

    @pytest.mark.parametrize("path", ["devices", "events"])
    def test_paths_without_the_prefix_are_no_routes_of_this_api(self, public: Client, path: str) -> None:
        assert public.stack.request("POST", f"/{path}", {}, token=public.key).status == 404


class TestCors:
    @pytest.mark.parametrize("route", [*POSTS, "notifications", "notifications/1", "unknown"])
    def test_a_preflight_needs_no_key(self, public: Client, route: str) -> None:
        headers = {
            "Origin": "https://www.example.com",
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "authorization,content-type,idempotency-key",
        }
        answer = public.stack.request("OPTIONS", f"/api/client/{route}", None, headers)
        assert (answer.status, answer.body) == (204, b"")
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        assert answer.headers["Vary"] == "Origin"
        assert answer.headers["Access-Control-Allow-Methods"] == "GET,HEAD,PUT,POST,DELETE,PATCH"
        assert answer.headers["Access-Control-Allow-Headers"] == "authorization,content-type,idempotency-key"

    def test_a_preflight_that_asks_for_no_headers_is_told_none(self, public: Client) -> None:
        headers = {"Origin": "https://www.example.com", "Access-Control-Request-Method": "POST"}
        answer = public.stack.request("OPTIONS", "/api/client/events", None, headers)
        assert answer.status == 204
        assert "Access-Control-Allow-Headers" not in answer.headers

    @pytest.mark.parametrize("headers", [{}, {"Origin": "https://www.example.com"}])
    def test_options_that_are_no_preflight_are_empty(self, nobody: Client, headers: dict[str, str]) -> None:
        assert nobody.call("OPTIONS", "events", None, headers) == (200, b"")


class TestBodies:
    @pytest.mark.parametrize("route", POSTS)
    @pytest.mark.parametrize(
        "body", [b"{", b"not json", b'{"a":NaN}', b'{"a":Infinity}', b'{"a":"\xff"}', b"[1,]", b" "]
    )
    def test_what_is_no_json_is_refused_before_the_key_is_looked_at(
        self, nobody: Client, public: Client, route: str, body: bytes
    ) -> None:
        headers = {"Content-Type": "application/json"}
        assert nobody.post(route, body, headers) == BAD_REQUEST
        assert public.post(route, body, headers) == BAD_REQUEST

    @pytest.mark.parametrize("route", POSTS)
    def test_a_body_that_is_too_large_is_refused_before_the_key_is_looked_at(self, nobody: Client, route: str) -> None:
        headers = {"Content-Type": "application/json"}
        assert nobody.post(route, b" " * (LIMIT + 1 - 2) + b"{}", headers) == BAD_REQUEST
        assert nobody.post(route, b" " * (LIMIT - 2) + b"{}", headers) == UNAUTHORIZED

    def test_a_body_as_large_as_can_be_is_taken(self, public: Client) -> None:
        items = [{"external_id": "large", "name": "large", "data": {"a": "x" * 200_000}} for _ in range(5)]
        body = json.dumps(items).encode()
        body += b" " * (LIMIT - len(body))
        assert public.post("events", body, {"Content-Type": "application/json"}) == ACCEPTED

    @pytest.mark.parametrize(
        ("route", "text"),
        [
            ("alias", "Must have required property 'external_id'"),
            ("identify", NO_ID),
            ("devices", NO_ID),
            ("events", "The value of `` must be a array."),
            ("track", NO_ID),
        ],
    )
    def test_an_empty_body_is_an_empty_object(self, public: Client, route: str, text: str) -> None:
        for headers in ({}, {"Content-Type": "application/json"}, {"Content-Type": "text/plain"}):
            assert public.post(route, b"", headers) == refused(text)
        assert public.post(route, {}) == refused(text)

    @pytest.mark.parametrize(
        "kind", ["application/json; charset=utf-8", "application/json;charset=UTF-8", "Application/JSON"]
    )
    def test_json_may_name_its_charset(self, public: Client, kind: str) -> None:
        assert public.post("identify", b'{"external_id":"u"}', {"Content-Type": kind}) == ACCEPTED

    @pytest.mark.parametrize(
        "kind", ["text/plain", "text/plain; charset=utf-8", "application/xml", "application/octet-stream"]
    )
    @pytest.mark.parametrize("route", POSTS)
    def test_any_other_content_type_makes_the_body_a_string(self, public: Client, route: str, kind: str) -> None:
        body = json.dumps(good(route)).encode()
        expected = "array" if route == "events" else "object"
        assert public.post(route, body, {"Content-Type": kind}) == refused(f"The value of `` must be a {expected}.")

    @pytest.mark.parametrize("route", POSTS)
    def test_any_other_content_type_needs_a_key_as_well(self, nobody: Client, route: str) -> None:
        assert nobody.post(route, b"text", {"Content-Type": "text/plain"}) == UNAUTHORIZED

    @pytest.mark.parametrize("body", ["null", "1", '"text"', "true"])
    @pytest.mark.parametrize("route", POSTS)
    def test_json_that_is_neither_object_nor_array(self, public: Client, route: str, body: str) -> None:
        expected = "array" if route == "events" else "object"
        answer = public.post(route, body.encode(), {"Content-Type": "application/json"})
        assert answer == refused(f"The value of `` must be a {expected}.")

    def test_a_form_is_a_flat_object(self, public: Client) -> None:
        user = unique()
        form = f"external_id={user}&email={user}%40example.com&locale=it+IT".encode()
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        assert public.post("identify", form, headers) == ACCEPTED
        public.stack.wait_for(lambda: (public.user(user) or {}).get("locale") == "it IT")
        assert public.contacts(user) == {("email", f"{user}@example.com"): None}

    def test_a_form_is_checked_like_json(self, public: Client) -> None:
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        assert public.post("identify", b"email=a", headers) == refused(NO_ID)
        assert public.post("events", b"name=a", headers) == refused("The value of `` must be a array.")
        assert public.post("identify", b"external_id=%ff", headers) == BAD_REQUEST
