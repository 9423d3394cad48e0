"""What holds for every endpoint of the Vibetrace API: credentials, envelopes, the order of checks."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from nereid.auth import tokens
from tests.contract import vibetrace_client as vt
from tests.contract.vibetrace_client import Vibetrace, address
from tests.local_stack import Stack

IN_PROCESS = True

ENDPOINTS = [
    ("POST", "/v1/event"),
    ("POST", "/v1/event/"),
    ("POST", "/v1/user"),
    ("POST", "/v1/user/"),
    ("GET", "/v1/user/sam@example.com"),
    ("PUT", "/v1/user/sam@example.com"),
]
every_endpoint = pytest.mark.parametrize(("method", "path"), ENDPOINTS)
every_body = pytest.mark.parametrize(("method", "path"), [one for one in ENDPOINTS if one[0] != "GET"])


@pytest.fixture(scope="module")
def api(local_stack: Stack) -> Vibetrace:
    return Vibetrace(local_stack, local_stack.demo["event_api_key"])


def manage(api: Vibetrace, method: str, path: str, body: Any = None) -> Any:
    answer = api.stack.request(method, path, body, token=api.token)
    assert answer.status == 200, answer.body
    return answer.json()


def token_with(api: Vibetrace, permissions: list[str], environment: str = "dev") -> dict[str, Any]:
    body = {"name": "test", "permissions": permissions, "default_environment": environment}
    made: dict[str, Any] = manage(api, "POST", "/manage/api_tokens", body)
    return made


@every_endpoint
@pytest.mark.parametrize("header", [None, "", "nonsense", "Bearer", "Bearer nonsense", "Basic c2FtOnNhbQ=="])
def test_without_a_token_nothing_is_done(api: Vibetrace, method: str, path: str, header: str | None) -> None:
    answer = api.stack.request(method, path, None, {} if header is None else {"Authorization": header})
    assert (answer.status, answer.json()) == (401, vt.UNAUTHORIZED)


@every_endpoint
@pytest.mark.parametrize("key", ["public_key", "secret_key"])
def test_a_client_key_is_no_token(api: Vibetrace, method: str, path: str, key: str) -> None:
    answer = api.call(method, path, token=api.stack.demo[key])
    assert (answer.status, answer.json()) == (401, vt.UNAUTHORIZED)


def test_a_token_is_taken_raw_and_with_a_bearer_prefix(api: Vibetrace) -> None:
    email = api.user()["email"]
    for prefix in ("", "Bearer ", "bearer "):
        assert api.call("GET", f"/v1/user/{email}", token=prefix + api.token).status == 200


def test_a_revoked_token_opens_nothing(api: Vibetrace) -> None:
    made = token_with(api, ["admin:all"])
    manage(api, "DELETE", f"/manage/api_tokens/{made['id']}")
    answer = api.call("GET", "/v1/user/sam@example.com", token=made["token"])
    assert (answer.status, answer.json()) == (401, vt.UNAUTHORIZED)


def test_an_expired_token_opens_nothing(api: Vibetrace) -> None:
    client = api.stack.client("secretsmanager")
    arn = api.stack.environment("VibetraceGetUser")["TOKEN_SECRET_ARN"]
    secret = client.get_secret_value(SecretId=arn)["SecretString"]
    now = datetime.now(UTC)
    claims = {"team": "t", "jti": "j", "iat": now - timedelta(days=2), "exp": now - timedelta(days=1)}
    expired = tokens.sign(secret, "nereid:api_token", claims)
    answer = api.call("GET", "/v1/user/sam@example.com", token=expired)
    assert (answer.status, answer.json()) == (401, vt.UNAUTHORIZED)


def test_events_need_their_permission(api: Vibetrace) -> None:
    token = token_with(api, ["manage_users"])["token"]
    answer = api.call("POST", "/v1/event", {}, token=token)
    assert (answer.status, answer.json()) == (403, vt.FORBIDDEN)
    assert api.call("GET", f"/v1/user/{address()}", token=token).status == 404


@pytest.mark.parametrize(("method", "path"), ENDPOINTS[2:])
def test_users_need_their_permission(api: Vibetrace, method: str, path: str) -> None:
    token = token_with(api, ["post_events"])["token"]
    answer = api.call(method, path, {"email": address()} if method != "GET" else None, token=token)
    assert (answer.status, answer.json()) == (403, vt.FORBIDDEN)


def test_the_environment_is_the_tokens_own(api: Vibetrace) -> None:
    user = api.user()
    token = token_with(api, ["admin:all"], "sandbox")["token"]
    answer = api.call("GET", f"/v1/user/{user['email']}", token=token)
    assert (answer.status, answer.json()) == (404, vt.NO_USER)
    sent = api.call("POST", "/v1/event", {"user": {"_id": user["_id"]}, "event": {"x": {}}}, token=token)
    assert (sent.status, sent.json()) == (404, vt.NO_USER)


@every_body
@pytest.mark.parametrize("body", [b"{", b'{"user": {"email": "a@example.com"} "event": {}}', b'{"a": 1,}', b"\xff"])
def test_what_is_no_json_is_refused(api: Vibetrace, method: str, path: str, body: bytes) -> None:
    answer = api.call(method, path, body)
    assert (answer.status, answer.json()) == (400, vt.NOT_JSON)


@every_body
@pytest.mark.parametrize("body", [b"1", b"null", b'"text"', b"[1]", b"true"])
def test_what_is_no_object_is_refused(api: Vibetrace, method: str, path: str, body: bytes) -> None:
    answer = api.call(method, path, body)
    assert (answer.status, answer.json()) == (400, vt.NOT_JSON)


@pytest.mark.parametrize("body", [b"", b" ", b"[]", b"{}"])
def test_an_empty_body_is_an_empty_object(api: Vibetrace, body: bytes) -> None:
    assert api.call("POST", "/v1/event", body).json() == vt.MISSING_EVENT
    assert api.call("POST", "/v1/user", body).json() == vt.BAD_USER
    user = api.user(city="Paris")
    answer = api.call("PUT", f"/v1/user/{user['email']}", body)
    assert (answer.status, answer.json()["object"]) == (200, user)


@every_body
def test_a_body_over_the_limit_is_refused_before_the_token_is_looked_at(api: Vibetrace, method: str, path: str) -> None:
    answer = api.call(method, path, b" " * 262145, token="nonsense")
    assert (answer.status, answer.json()) == (413, vt.TOO_LARGE)


def test_a_body_of_the_limit_is_taken(api: Vibetrace) -> None:
    user = api.user()
    body = json.dumps({"user": {"_id": user["_id"]}, "event": {"big": {"text": ""}}}).encode()
    padded = body.replace(b'""', b'"' + b"x" * (262144 - len(body)) + b'"')
    assert len(padded) == 262144
    assert api.call("POST", "/v1/event", padded).status == 200


@every_body
def test_the_token_is_checked_before_the_body(api: Vibetrace, method: str, path: str) -> None:
    assert api.call(method, path, b"{", token="nonsense").status == 401
    token = token_with(api, ["read_messages"])["token"]
    assert api.call(method, path, b"{", token=token).status == 403


def test_the_content_is_checked_before_the_user_is_looked_for(api: Vibetrace) -> None:
    answer = api.call("POST", "/v1/event", {"user": {"email": address()}, "event": {"x": 1}})
    assert (answer.status, answer.json()) == (400, vt.BAD_EVENT)
    refused = api.call("PUT", f"/v1/user/{address()}", {"k" * 129: 1})
    assert (refused.status, refused.json()) == (400, vt.BAD_USER)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/event"),
        ("PUT", "/v1/event/"),
        ("DELETE", "/v1/event"),
        ("POST", "/v1/event/x"),
        ("POST", "/v1/event//"),
        ("GET", "/v1/user"),
        ("GET", "/v1/user/"),
        ("DELETE", "/v1/user/sam@example.com"),
        ("POST", "/v1/user/sam@example.com"),
        ("PATCH", "/v1/user/sam@example.com"),
        ("GET", "/v1/user/sam@example.com/tags"),
        ("PUT", "/v1/user/sam@example.com/"),
        ("GET", "/v1/user/sam/example"),
    ],
)
def test_another_path_or_method_does_not_exist(api: Vibetrace, method: str, path: str) -> None:
    answer = api.call(method, path)
    assert (answer.status, answer.json()) == (404, vt.NO_ROUTE)
    assert api.stack.request(method, path).status == 404


@pytest.mark.parametrize("path", ["/V1/event", "/v1/Event", "/v1/USER"])
def test_paths_are_case_sensitive(api: Vibetrace, path: str) -> None:
    assert api.call("POST", path, {}).status == 404


def test_unexpected_parameters_fields_and_types_of_content_are_ignored(api: Vibetrace) -> None:
    user = api.user()
    body = {"user": {"_id": user["_id"], "more": 1}, "event": {"x": {}}, "more": {"deep": []}}
    answer = api.call("POST", "/v1/event?debug=1", body, {"Content-Type": "text/plain"})
    assert (answer.status, answer.body) == (200, vt.CREATED)
    read = api.call("GET", f"/v1/user/{user['email']}?debug=1", None, {"Content-Type": "application/json"})
    assert read.status == 200


def test_answers_are_json(api: Vibetrace) -> None:
    for answer in (api.call("POST", "/v1/event", {}), api.call("GET", "/v1/user/nobody@example.com")):
        assert answer.headers["Content-Type"] == "application/json"
