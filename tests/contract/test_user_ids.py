"""User ids of every awkward kind: each is exported, shown and erased by its own id, and no other user is."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest

from tests.contract.manage_client import INBOX, Manage

IN_PROCESS = True
#: What follows an id that is another user's, or makes one by itself.
RESTS = {
    "slash": "/b",
    "slashes": "//b/",
    "slash at the end": "/",
    "export": "/export",
    "erase": "/erase",
    "dots": "/../b",
    "percent": "%",
    "escaped slash": "%2F",
    "escaped question mark": "%3Fb",
    "question mark": "?b=c",
    "hash": "#b",
    "ampersand": "&b=c",
    "space": " b",
    "plus": "+b",
    "quotes": "'\"",
    "brackets": "{b}[c]",
    "backslash": "\\b",
    "letters": "ü 日本",
    "emoji": "🎉",
    "colon": ":b@c",
}


def once(user_id: str) -> str:
    return quote(user_id, safe="")


def neptune(manage: Manage, method: str, path: str, body: Any = None) -> tuple[int, Any]:
    answer = manage.stack.request(method, f"/neptune/{manage.environment}/{path}", body, token=manage.token)
    return answer.status, answer.json()


def check(manage: Manage, user_id: str, neighbour: str, part: str) -> None:
    event_type = manage.configure(INBOX)
    for each in (user_id, neighbour):
        assert neptune(manage, "POST", "users", {"user_id": each, "meta": {"is": each}})[0] == 200
        manage.message(manage.ingest(event_type, user_id=each))
    assert neptune(manage, "GET", f"users/{part}")[1]["user_id"] == user_id
    whole = manage.ok("POST", f"/{{env}}/users/{part}/export")
    assert [each["user_id"] for each in whole["users"]] == [user_id]
    assert [each["user_id"] for each in whole["messages"]] == [user_id]
    assert len(whole["inbox"]) == 1
    found = manage.ok("GET", f"/{{env}}/messages?user_id={quote(user_id, safe='')}")["data"]
    assert [each["user_id"] for each in found] == [user_id]
    assert list(manage.ok("POST", f"/{{env}}/users/{part}/erase")) == ["receipt"]
    assert neptune(manage, "GET", f"users/{part}")[0] == 404
    assert manage.ok("GET", f"/{{env}}/messages?user_id={quote(user_id, safe='')}")["data"] == []
    assert neptune(manage, "GET", f"users/{once(neighbour)}")[1]["meta"] == {"is": neighbour}
    assert manage.call("POST", f"/{{env}}/users/{part}/export")[0] == 404


@pytest.mark.parametrize("rest", RESTS.values(), ids=RESTS)
def test_a_user_is_reached_by_its_id_alone(manage: Manage, rest: str) -> None:
    own = manage.in_environment()
    check(own, f"ann{rest}", "ann", once(f"ann{rest}"))


@pytest.mark.parametrize("user_id", [".", "..", "/", "export", "erase", "export/erase", "/ann"])
def test_an_id_may_look_like_a_part_of_a_path(manage: Manage, user_id: str) -> None:
    own = manage.in_environment()
    check(own, user_id, "ann", once(user_id).replace(".", "%2E"))


def test_nothing_else_is_below_an_id_with_slashes(manage: Manage) -> None:
    for path in ("a/b", "a/b/import", "a//", "erase"):
        assert manage.call("POST", f"/{{env}}/users/{path}") == (404, {"message": "Not Found"})
    long = "a/" * 600
    assert manage.call("POST", f"/{{env}}/users/{long}/erase") == (404, {"message": "Not Found"})


@pytest.mark.parametrize("part", ["ann", "ann%2Fb", "ann/b"])
def test_a_wrong_query_of_an_export_is_named_whatever_the_id(manage: Manage, part: str) -> None:
    unknown = {"message": "Validation failed", "errors": [{"field": "from", "message": "is not a known member"}]}
    assert manage.call("POST", f"/{{env}}/users/{part}/export?from=1") == (422, unknown)
    assert manage.call("POST", f"/{{env}}/users/{part}/export?cursor=x") == (400, {"message": "Invalid cursor"})
