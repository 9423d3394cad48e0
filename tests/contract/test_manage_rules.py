"""What holds for every endpoint of the management API."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote

import pytest

from tests.contract.manage_client import (
    BAD_CURSOR,
    FORBIDDEN,
    LIMIT,
    NOT_AN_OBJECT,
    NOT_FOUND,
    NOT_JSON,
    TOO_LARGE,
    UNAUTHENTICATED,
    Manage,
    mail,
    unique,
)

IN_PROCESS = True

ID = "b7c1f0de-2a44-4c7b-9a0e-3e5d7f9a1b2c"
NEW_TOKEN = {"name": "n", "permissions": ["post_events"], "default_environment": "dev"}
NEW_KEY = {"environment": "dev", "scope": "public"}
ROUTES: list[tuple[str, str, str | None, Any]] = [
    ("GET", "/environments", None, None),
    ("POST", "/environments", "admin:all", {"identifier": "x"}),
    ("GET", "/api_tokens", "admin:all", None),
    ("POST", "/api_tokens", "admin:all", NEW_TOKEN),
    ("DELETE", f"/api_tokens/{ID}", "admin:all", None),
    ("GET", "/client_keys", "admin:all", None),
    ("POST", "/client_keys", "admin:all", NEW_KEY),
    ("DELETE", f"/client_keys/{ID}", "admin:all", None),
    ("GET", "/dev/event_types", "manage_templates", None),
    ("GET", "/dev/event_types/unknown", "manage_templates", None),
    ("PUT", "/dev/event_types/unknown-too", "manage_templates", {"notifications": []}),
    ("DELETE", "/dev/event_types/unknown", "manage_templates", None),
    ("GET", "/dev/messages", "read_messages", None),
    ("GET", "/dev/messages/unknown", "read_messages", None),
    ("POST", "/dev/replays", "admin:all", {"message_id": "unknown"}),
    ("GET", "/dead_letters", "admin:all", None),
    ("POST", "/dead_letter_redrives", "admin:all", {"all": True}),
    ("POST", "/dead_letter_purges", "admin:all", {"all": True}),
    ("GET", "/suppressions", "manage_users", None),
    ("POST", "/suppressions", "manage_users", {"email": "sam@example.com"}),
    ("DELETE", "/suppressions/nobody@example.com", "manage_users", None),
]
PERMISSIONS = (
    "post_events",
    "manage_users",
    "manage_templates",
    "read_messages",
    "read:leads",
    "write:leads",
    "read:campaigns",
    "write:campaigns",
    "read:analytics",
    "admin:all",
)
WRITES = [route for route in ROUTES if route[3] is not None]
LISTS = [
    ("/environments"),
    ("/api_tokens"),
    ("/client_keys"),
    ("/dev/event_types"),
    ("/dev/messages"),
    ("/suppressions"),
]
every_route = pytest.mark.parametrize(("method", "path", "permission", "body"), ROUTES)
every_write = pytest.mark.parametrize(("method", "path", "permission", "body"), WRITES)
every_list = pytest.mark.parametrize("path", LISTS)


@pytest.fixture(scope="module")
def clients(manage: Manage) -> dict[str, Manage]:
    """Return a client for each permission, with that one alone."""
    return {permission: manage.with_permissions(permission) for permission in PERMISSIONS}


@every_route
def test_a_route_needs_a_credential(manage: Manage, method: str, path: str, permission: str | None, body: Any) -> None:
    for token in ("", "a.b.c", manage.stack.demo["public_key"], manage.stack.demo["secret_key"]):
        assert Manage(manage.stack, token).call(method, path, body) == UNAUTHENTICATED


@every_route
def test_a_route_takes_its_permission_and_no_other(
    clients: dict[str, Manage], method: str, path: str, permission: str | None, body: Any
) -> None:
    for granted, client in clients.items():
        taken = permission is None or granted in (permission, "admin:all")
        if taken and method == "POST":
            continue  # tested where it is seen what comes of it
        status, answer = client.call(method, path, body)
        assert (status, answer) == FORBIDDEN if not taken else status in (200, 404)


@every_write
def test_what_is_wrong_is_said_in_order(
    manage: Manage, clients: dict[str, Manage], method: str, path: str, permission: str | None, body: Any
) -> None:
    missing = path.replace("/dev/", "/missing/")
    nobody, other = Manage(manage.stack, ""), clients["read:leads"]
    assert nobody.call(method, missing, b"x" * (LIMIT + 1)) == TOO_LARGE
    assert nobody.call(method, missing, b"{") == UNAUTHENTICATED
    assert other.call(method, missing, b"{") == FORBIDDEN
    assert manage.call(method, missing, b"{") == NOT_JSON
    assert manage.call(method, missing, {"name": 1, "notifications": 1})[0] == 422
    if "/dev/" in path:
        assert manage.call(method, missing, body) == NOT_FOUND


@every_write
@pytest.mark.parametrize("sent", [b"", b" ", b"{", b"{'a': 1}", b'{"a": NaN}', b'{"a": 1,}', b"\xff"])
def test_what_is_no_json_is_refused(
    manage: Manage, method: str, path: str, permission: str, body: Any, sent: bytes
) -> None:
    assert manage.call(method, path, sent) == NOT_JSON


@every_write
@pytest.mark.parametrize("sent", [b"[]", b" [1]", b"null", b"1", b'"text"', b"true"])
def test_json_that_is_no_object_is_refused(
    manage: Manage, method: str, path: str, permission: str, body: Any, sent: bytes
) -> None:
    assert manage.call(method, path, sent) == NOT_AN_OBJECT


def test_a_body_may_have_262144_bytes(manage: Manage) -> None:
    start, end = b'{"notifications":[],"x":"', b'"}'
    fits = start + b"x" * (LIMIT - len(start) - len(end)) + end
    assert len(fits) == LIMIT
    path = f"/dev/event_types/{unique()}"
    assert manage.call("PUT", path, fits)[0] == 200
    assert manage.call("PUT", path, fits + b" ") == TOO_LARGE


@pytest.mark.parametrize("path", ["/foo", "/manage", "/manage/foo", "/manage/dev", "/manage/dev/foo", "/"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_path_of_no_product_is_not_found(manage: Manage, method: str, path: str) -> None:
    answer = manage.stack.request(method, path)
    assert (answer.status, answer.json()) == NOT_FOUND


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PUT", "/suppressions"),
        ("PUT", "/environments"),
        ("DELETE", "/api_tokens"),
        ("PATCH", "/dev/event_types/x"),
        ("POST", "/dev/messages"),
    ],
)
def test_an_unknown_method_is_not_found(manage: Manage, method: str, path: str) -> None:
    assert manage.call(method, path) == NOT_FOUND


@pytest.mark.parametrize("environment", ["missing", "DEV", "x" * 64, "x" * 3000, "%20", "d%C3%A9v"])
@pytest.mark.parametrize("path", ["event_types", "event_types/x", "messages", "messages/x"])
def test_an_unknown_environment_is_not_found(manage: Manage, environment: str, path: str) -> None:
    assert manage.call("GET", f"/{environment}/{path}") == NOT_FOUND


@pytest.mark.parametrize("path", ["event_types", "messages"])
def test_the_environment_of_another_team_is_not_found(manage: Manage, team: Manage, path: str) -> None:
    own = manage.in_environment()
    assert own.call("GET", f"/{{env}}/{path}")[0] == 200
    stranger = Manage(team.stack, team.token, own.environment)
    assert stranger.call("GET", f"/{{env}}/{path}") == NOT_FOUND
    assert stranger.call("PUT", "/{env}/event_types/x", {"notifications": []}) == NOT_FOUND


@every_list
@pytest.mark.parametrize("limit", ["0", "101", "-1", "x", "1.5", "", "1e1", "99999999999999999999"])
def test_a_limit_is_from_1_to_100(manage: Manage, path: str, limit: str) -> None:
    assert list(manage.errors("GET", f"{path}?limit={limit}")) == ["limit"]


@every_list
@pytest.mark.parametrize("limit", ["1", "100", "+5"])
def test_a_limit_within_is_taken(manage: Manage, path: str, limit: str) -> None:
    status = manage.call("GET", f"{path}?limit={limit}")[0]
    assert status == (422 if limit == "+5" else 200)


@every_list
@pytest.mark.parametrize(
    "cursor", ["x", "!!!", "e30", "W10", "WyIiXQ", "WzFd", "W251bGxd", "bnVsbA", "%C3%A9", "%20", "WyJhIiwiYiIsImMiXQ"]
)
def test_a_bad_cursor_is_refused_before_all_else(manage: Manage, path: str, cursor: str) -> None:
    assert manage.call("GET", f"{path}?cursor={cursor}&limit=x") == BAD_CURSOR


@every_list
def test_an_empty_cursor_is_none(manage: Manage, path: str) -> None:
    assert manage.call("GET", f"{path}?cursor=")[0] == 200


def test_a_list_shows_25_unless_told(team: Manage) -> None:
    for number in range(26):
        team.configure(event_type=f"e{number:02d}")
    first = team.ok("GET", "/{env}/event_types")
    assert len(first["data"]) == 25
    second = team.ok("GET", f"/{{env}}/event_types?cursor={first['next_cursor']}")
    assert [each["event_type"] for each in second["data"]] == ["e25"]
    assert second["next_cursor"] is None


@every_list
def test_an_unknown_query_parameter_is_refused(manage: Manage, path: str) -> None:
    assert manage.errors("GET", f"{path}?nonsense=1") == {"nonsense": "is not a known member"}


def test_answers_are_json(manage: Manage) -> None:
    for path in ("/environments", "/dev/messages/unknown"):
        assert manage.request("GET", path).headers["Content-Type"] == "application/json"


def test_times_and_ids_have_their_form(manage: Manage) -> None:
    made = manage.ok("POST", "/api_tokens", NEW_TOKEN)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", made["created_at"])
    assert re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", made["id"])


@pytest.mark.parametrize("name", ["Product Purchased", "a/b/c", "ä#?%&=+", "x" * 256, "..", "a//b", "Ünïcödé 🎉"])
def test_path_parts_are_decoded_once(manage: Manage, name: str) -> None:
    manage.configure(mail(), event_type=name)
    for safe in ("", "/"):
        if safe and name in ("..", "a//b"):
            continue
        shown = manage.ok("GET", f"/dev/event_types/{quote(name, safe=safe)}")
        assert shown["event_type"] == name


def test_what_looks_encoded_after_decoding_stays_so(manage: Manage) -> None:
    manage.configure(event_type="100%25")
    assert manage.ok("GET", "/dev/event_types/100%2525")["event_type"] == "100%25"
