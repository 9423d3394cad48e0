"""Users: create, list, read, update, delete."""

from __future__ import annotations

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import pytest

from tests.contract.neptune_client import (
    DELETED,
    NO_ROUTE,
    NOT_FOUND,
    Neptune,
    missing,
    not_valid,
    raw,
    segment,
    unique,
)

IN_PROCESS = True

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
#: As many bytes as a meta may have as compact JSON.
META_LIMIT = 65536


def meta_of(size: int, **more: Any) -> dict[str, Any]:
    """Return a meta of so many bytes."""
    return {**more, "k": "x" * (size - len('{"k":""}'))}


class TestCreating:
    def test_a_user_is_answered_as_stored(self, neptune: Neptune) -> None:
        user = unique()
        made = neptune.ok("POST", "/{env}/users", {"user_id": user, "meta": {"name": "Sam Example"}})
        assert list(made) == ["user_id", "meta", "created_at", "updated_at"]
        assert (made["user_id"], made["meta"]) == (user, {"name": "Sam Example"})
        assert TIME.fullmatch(made["created_at"])
        assert made["updated_at"] == made["created_at"]
        assert neptune.ok("GET", f"/{{env}}/users/{user}") == made

    def test_the_body_of_the_documentation_is_accepted(self, fresh: Neptune) -> None:
        made = fresh.ok("POST", "/{env}/users", {"user_id": "2", "meta": {"name": "Rajiv Seelam"}})
        assert (made["user_id"], made["meta"]) == ("2", {"name": "Rajiv Seelam"})

    def test_an_integer_is_kept_as_text(self, fresh: Neptune) -> None:
        assert fresh.ok("POST", "/{env}/users", {"user_id": 2})["user_id"] == "2"
        assert fresh.ok("GET", "/{env}/users/2")["user_id"] == "2"

    @pytest.mark.parametrize("value", [True, False, 1.5, ["x"], {"a": 1}, "x" * 257])
    def test_other_types_and_longer_ids_are_not_valid(self, neptune: Neptune, value: Any) -> None:
        assert neptune.call("POST", "/{env}/users", {"user_id": value}) == not_valid("user_id")

    @pytest.mark.parametrize("body", [{}, {"user_id": None}, {"user_id": ""}, {"meta": {}}])
    def test_an_id_is_required(self, neptune: Neptune, body: Any) -> None:
        assert neptune.call("POST", "/{env}/users", body) == missing("user_id")

    def test_a_missing_id_and_a_wrong_meta_are_both_named(self, neptune: Neptune) -> None:
        status, answer = neptune.call("POST", "/{env}/users", {"meta": "x"})
        assert (status, answer["message"]) == (422, "Validation failed. 2 error(s)")
        assert answer["errors"] == {"user_id": ["Please enter user_id"], "meta": ["meta is not valid"]}

    @pytest.mark.parametrize("given", [{}, {"meta": None}, {"meta": []}, {"meta": {}}])
    def test_no_meta_is_an_empty_object(self, neptune: Neptune, given: dict[str, Any]) -> None:
        assert neptune.ok("POST", "/{env}/users", {"user_id": unique(), **given})["meta"] == {}

    @pytest.mark.parametrize("value", ["x", "", 1, True, [1], [[]]])
    def test_any_other_meta_is_not_valid(self, neptune: Neptune, value: Any) -> None:
        assert neptune.call("POST", "/{env}/users", {"user_id": unique(), "meta": value}) == not_valid("meta")

    def test_meta_keeps_what_it_was_sent(self, neptune: Neptune) -> None:
        meta = {"ü": "😀", "n": 0.1, "big": 12345678901234567890, "nested": {"a": [1, None, {"b": {}}]}, "": False}
        user = neptune.user(None, **meta)
        assert neptune.ok("GET", f"/{{env}}/users/{user}")["meta"] == meta

    def test_unknown_keys_are_no_error(self, neptune: Neptune) -> None:
        body = {"user_id": unique(), "name": "Sam", "timezone": "Europe/Vienna", "model_config": 1}
        assert set(neptune.ok("POST", "/{env}/users", body)) == {"user_id", "meta", "created_at", "updated_at"}

    def test_the_same_body_twice_is_one_user(self, fresh: Neptune) -> None:
        body = {"user_id": "u", "meta": {"a": 1, "gone": None}}
        first, second = (fresh.ok("POST", "/{env}/users", body) for _ in range(2))
        assert (
            (second["meta"], second["created_at"])
            == (first["meta"], first["created_at"])
            == ({"a": 1}, first["created_at"])
        )
        assert second["updated_at"] > first["updated_at"]
        assert fresh.ok("GET", "/{env}/users")["meta"]["total"] == 1

    def test_an_existing_user_is_updated(self, neptune: Neptune) -> None:
        user = neptune.user(None, a=1, b={"x": 1, "y": 2}, c=3)
        updated = neptune.ok("POST", "/{env}/users", {"user_id": user, "meta": {"b": {"x": 9}, "c": None, "d": 4}})
        assert updated["meta"] == {"a": 1, "b": {"x": 9}, "d": 4}

    @pytest.mark.over_http
    @pytest.mark.slow
    def test_creations_at_the_same_time_make_one_user(self, fresh: Neptune) -> None:
        def create(n: int) -> dict[str, Any]:
            made: dict[str, Any] = fresh.ok("POST", "/{env}/users", {"user_id": "u", "meta": {f"k{n}": n}})
            return made

        with ThreadPoolExecutor(8) as pool:
            made = list(pool.map(create, range(8)))
        assert len({each["created_at"] for each in made}) == 1
        listed = fresh.ok("GET", "/{env}/users")
        assert listed["meta"]["total"] == 1
        assert listed["data"][0]["meta"] == {f"k{n}": n for n in range(8)}


class TestSizeOfMeta:
    def test_just_the_limit_is_taken(self, neptune: Neptune) -> None:
        meta = meta_of(META_LIMIT)
        assert neptune.ok("POST", "/{env}/users", {"user_id": unique(), "meta": meta})["meta"] == meta

    def test_one_byte_more_is_not_valid(self, neptune: Neptune) -> None:
        body = {"user_id": unique(), "meta": meta_of(META_LIMIT + 1)}
        assert neptune.call("POST", "/{env}/users", body) == not_valid("meta")
        assert neptune.call("GET", f"/{{env}}/users/{body['user_id']}") == NOT_FOUND

    def test_bytes_are_counted_and_not_characters(self, neptune: Neptune) -> None:
        body = {"user_id": unique(), "meta": {"k": "ä" * (META_LIMIT // 2)}}
        assert neptune.call("POST", "/{env}/users", body) == not_valid("meta")

    @pytest.mark.parametrize("method", ["PUT", "POST"])
    def test_what_is_stored_after_a_merge_counts(self, neptune: Neptune, method: str) -> None:
        user = neptune.user(None, a="x" * 40000)
        path = f"/{{env}}/users/{user}" if method == "PUT" else "/{env}/users"
        assert neptune.call(method, path, {"user_id": user, "meta": {"b": "x" * 30000}}) == not_valid("meta")
        assert list(neptune.ok("GET", f"/{{env}}/users/{user}")["meta"]) == ["a"]
        changed = neptune.ok(method, path, {"user_id": user, "meta": {"b": "x" * 30000, "a": None}})
        assert list(changed["meta"]) == ["b"]


class TestUpdating:
    def test_the_body_of_the_documentation_is_accepted(self, fresh: Neptune) -> None:
        fresh.user("2", name="Rajiv Seelam")
        assert fresh.ok("PUT", "/{env}/users/2", {"meta": {"name": "Rajiv Betalectic"}})["meta"] == {
            "name": "Rajiv Betalectic"
        }

    def test_given_keys_are_merged_shallowly(self, neptune: Neptune) -> None:
        user = neptune.user(None, a=1, b={"x": 1, "y": 2}, c=[1, 2])
        updated = neptune.ok("PUT", f"/{{env}}/users/{user}", {"meta": {"b": {"x": 9}, "c": [], "d": {"e": None}}})
        assert updated["meta"] == {"a": 1, "b": {"x": 9}, "c": [], "d": {"e": None}}
        assert neptune.ok("GET", f"/{{env}}/users/{user}") == updated

    def test_a_null_removes_the_key(self, neptune: Neptune) -> None:
        user = neptune.user(None, a=1, b=2)
        assert neptune.ok("PUT", f"/{{env}}/users/{user}", {"meta": {"a": None, "never": None}})["meta"] == {"b": 2}

    @pytest.mark.parametrize("body", [{}, {"meta": None}, {"meta": []}, {"meta": {}}, b"[]", b""])
    def test_no_meta_changes_nothing_but_the_time(self, neptune: Neptune, body: Any) -> None:
        user = neptune.user(None, a=1)
        before = neptune.ok("GET", f"/{{env}}/users/{user}")
        after = neptune.ok("PUT", f"/{{env}}/users/{user}", body)
        assert (after["meta"], after["created_at"]) == ({"a": 1}, before["created_at"])
        assert after["updated_at"] > before["updated_at"]

    @pytest.mark.parametrize("value", ["x", 1, True, [1]])
    def test_any_other_meta_is_not_valid(self, neptune: Neptune, value: Any) -> None:
        user = neptune.user(None, a=1)
        assert neptune.call("PUT", f"/{{env}}/users/{user}", {"meta": value}) == not_valid("meta")
        assert neptune.ok("GET", f"/{{env}}/users/{user}")["meta"] == {"a": 1}

    @pytest.mark.parametrize("ignored", ["other", 7, None, True, ["x"]])
    def test_an_id_in_the_body_is_ignored(self, neptune: Neptune, ignored: Any) -> None:
        user = neptune.user()
        assert neptune.ok("PUT", f"/{{env}}/users/{user}", {"user_id": ignored})["user_id"] == user

    def test_a_user_is_never_created(self, neptune: Neptune) -> None:
        user = unique()
        assert neptune.call("PUT", f"/{{env}}/users/{user}", {"meta": {"a": 1}}) == NOT_FOUND
        assert neptune.call("GET", f"/{{env}}/users/{user}") == NOT_FOUND

    @pytest.mark.over_http
    @pytest.mark.slow
    def test_updates_at_the_same_time_are_all_kept(self, neptune: Neptune) -> None:
        user = neptune.user()

        def update(n: int) -> int:
            return neptune.call("PUT", f"/{{env}}/users/{user}", {"meta": {f"k{n}": n}})[0]

        with ThreadPoolExecutor(8) as pool:
            assert set(pool.map(update, range(12))) == {200}
        assert neptune.ok("GET", f"/{{env}}/users/{user}")["meta"] == {f"k{n}": n for n in range(12)}


class TestReading:
    def test_contact_infos_are_left_out(self, neptune: Neptune) -> None:
        assert "contact_infos" not in neptune.ok("GET", f"/{{env}}/users/{neptune.user()}")

    @pytest.mark.parametrize(
        "names", ["contact_infos", "devices,contact_infos", "contact_infos,%20x", "x,%20contact_infos"]
    )
    def test_contact_infos_are_included_if_asked_for(self, neptune: Neptune, names: str) -> None:
        assert neptune.ok("GET", f"/{{env}}/users/{neptune.user()}?includes={names}")["contact_infos"] == []

    @pytest.mark.parametrize("names", ["", "devices", "contacts_info", "Contact_Infos"])
    def test_other_names_are_ignored(self, neptune: Neptune, names: str) -> None:
        assert "contact_infos" not in neptune.ok("GET", f"/{{env}}/users/{neptune.user()}?includes={names}")

    def test_an_unknown_user_is_not_found(self, neptune: Neptune) -> None:
        assert neptune.call("GET", f"/{{env}}/users/{unique()}?includes=contact_infos") == NOT_FOUND


AWKWARD = [
    "u/1 x",
    "a/b/c",
    "50% off",
    "100%25",
    "ünï/cødé 😀",
    "a#b?c&d=e",
    "a+b@example.com",
    "..%2F..",
    "x" * 256,
    "😀" * 256,
    "semi;colon,comma",
    "back\\slash",
    "quote\"'",
    " ",
    "user#contact#email",
]


@pytest.mark.parametrize("user", AWKWARD)
class TestAnyId:
    def test_it_is_created_read_updated_and_deleted(self, fresh: Neptune, user: str) -> None:
        assert fresh.ok("POST", "/{env}/users", {"user_id": user})["user_id"] == user
        path = f"/{{env}}/users/{segment(user)}"
        assert fresh.ok("GET", path)["user_id"] == user
        assert fresh.ok("PUT", path, {"meta": {"a": 1}})["meta"] == {"a": 1}
        assert [each["user_id"] for each in fresh.ok("GET", "/{env}/users")["data"]] == [user]
        assert fresh.call("DELETE", path) == DELETED
        assert fresh.call("GET", path) == NOT_FOUND

    def test_contact_infos_are_reached_unless_it_holds_a_slash(self, fresh: Neptune, user: str) -> None:
        fresh.user(user)
        body = {"type": "email", "value": "a@example.com"}
        answer = fresh.call("POST", f"/{{env}}/users/{segment(user)}/contacts_info", body)
        if "/" in user:
            assert answer == NO_ROUTE
        else:
            assert answer[0] == 200, answer


def test_slashes_need_no_escape(fresh: Neptune) -> None:
    fresh.user("u/1 x")
    assert fresh.ok("GET", "/{env}/users/u/1%20x")["user_id"] == "u/1 x"
    assert fresh.ok("PUT", "/{env}/users/u/1%20x", {"meta": {"a": 1}})["meta"] == {"a": 1}
    assert fresh.call("DELETE", "/{env}/users/u/1%20x") == DELETED


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
@pytest.mark.parametrize("user", ["x" * 257, "x" * 3000])
def test_an_id_that_no_user_can_have_is_not_found(neptune: Neptune, method: str, user: str) -> None:
    assert neptune.call(method, f"/{{env}}/users/{user}") == NOT_FOUND


class TestDeleting:
    def test_it_says_so(self, neptune: Neptune) -> None:
        user = neptune.user()
        assert neptune.call("DELETE", f"/{{env}}/users/{user}") == DELETED
        assert neptune.call("GET", f"/{{env}}/users/{user}") == NOT_FOUND

    def test_twice_is_not_found(self, neptune: Neptune) -> None:
        user = neptune.user()
        neptune.call("DELETE", f"/{{env}}/users/{user}")
        assert neptune.call("DELETE", f"/{{env}}/users/{user}") == NOT_FOUND

    @pytest.mark.parametrize("body", [b"{", b"null", raw({"user_id": "other"}), b"[]"])
    def test_a_body_is_ignored(self, neptune: Neptune, body: bytes) -> None:
        assert neptune.call("DELETE", f"/{{env}}/users/{neptune.user()}", body) == DELETED

    def test_the_user_is_no_longer_counted(self, fresh: Neptune) -> None:
        fresh.user("a")
        fresh.user("b")
        fresh.call("DELETE", "/{env}/users/a")
        listed = fresh.ok("GET", "/{env}/users")
        assert ([each["user_id"] for each in listed["data"]], listed["meta"]["total"]) == (["b"], 1)

    def test_a_later_user_of_the_id_starts_anew(self, fresh: Neptune) -> None:
        fresh.user("u", name="Sam")
        first = fresh.ok("POST", "/{env}/users/u/contacts_info", {"type": "email", "value": "a@example.com"})
        fresh.notices("u", "one")
        fresh.call("DELETE", "/{env}/users/u")
        fresh.user("u")
        shown = fresh.ok("GET", "/{env}/users/u?includes=contact_infos")
        assert (shown["meta"], shown["contact_infos"]) == ({}, [])
        assert shown["created_at"] > first["created_at"]
        assert fresh.ok("GET", "/app_notifications/{env}?user_id=u&type=all")["data"] == []
        assert fresh.call("POST", "/{env}/users/u/contacts_info", {"type": "email", "value": "a@example.com"})[0] == 200

    def test_messages_and_deliveries_stay(self, fresh: Neptune) -> None:
        user = fresh.user()
        fresh.configure("x", {"name": "inbox", "channel": "app", "template": {"title": "t", "body": "b"}})
        message = fresh.message(fresh.accepted(user_id=user), until_final=True)
        fresh.call("DELETE", f"/{{env}}/users/{user}")
        assert fresh.message(message["message_id"]) == message

    @pytest.mark.over_http
    @pytest.mark.slow
    def test_deletions_at_the_same_time_count_once(self, fresh: Neptune) -> None:
        fresh.user("keep")
        fresh.user("u")
        with ThreadPoolExecutor(4) as pool:
            answers = list(pool.map(lambda _: fresh.call("DELETE", "/{env}/users/u"), range(4)))
        assert answers.count(DELETED) >= 1
        assert {answer[0] for answer in answers} <= {200, 404}
        assert fresh.ok("GET", "/{env}/users")["meta"]["total"] == 1


class Crowd(NamedTuple):
    """An environment with 12 users, newest first; tests only look at it."""

    neptune: Neptune
    users: list[str]

    def page(self, query: str = "") -> Any:
        return self.neptune.ok("GET", f"/{{env}}/users{query}")


@pytest.fixture(scope="module")
def crowd(neptune: Neptune, new_environment: Callable[..., str]) -> Crowd:
    client = Neptune(neptune.stack, neptune.token, new_environment())
    return Crowd(client, [client.user(f"u{n}") for n in range(12)][::-1])


class TestListing:
    def test_it_is_the_newest_ten(self, crowd: Crowd) -> None:
        answer = crowd.page()
        assert [each["user_id"] for each in answer["data"]] == crowd.users[:10]
        assert answer["meta"] == {"page": 1, "per_page": 10, "total": 12}

    def test_pages_follow_each_other(self, crowd: Crowd) -> None:
        pages = [crowd.page(f"?page={page}&per_page=5") for page in (1, 2, 3)]
        assert [each["user_id"] for page in pages for each in page["data"]] == crowd.users
        assert pages[2]["meta"] == {"page": 3, "per_page": 5, "total": 12}

    @pytest.mark.parametrize("page", ["2", "999999999", "10000000000"])
    def test_a_page_past_the_end_is_empty(self, crowd: Crowd, page: str) -> None:
        answer = crowd.page(f"?page={page}&per_page=100")
        assert answer == {"data": [], "meta": {"page": int(page), "per_page": 100, "total": 12}}

    def test_an_update_does_not_move_a_user(self, fresh: Neptune) -> None:
        for user in ("a", "b", "c"):
            fresh.user(user)
        fresh.ok("PUT", "/{env}/users/a", {"meta": {"k": 1}})
        fresh.ok("POST", "/{env}/users", {"user_id": "b"})
        assert [each["user_id"] for each in fresh.ok("GET", "/{env}/users")["data"]] == ["c", "b", "a"]

    def test_no_users_are_an_empty_list(self, fresh: Neptune) -> None:
        assert fresh.ok("GET", "/{env}/users") == {"data": [], "meta": {"page": 1, "per_page": 10, "total": 0}}

    @pytest.mark.parametrize("path", ["/{env}/users?", "/environments?", "/app_notifications/{env}?user_id=u&"])
    @pytest.mark.parametrize("value", ["0", "-1", "x", "1.5", "", "1e1", "%2B1", "1%20", "9" * 30])
    def test_a_page_is_a_positive_number(self, neptune: Neptune, path: str, value: str) -> None:
        assert neptune.call("GET", f"{path}page={value}") == not_valid("page")

    @pytest.mark.parametrize("path", ["/{env}/users?", "/environments?", "/app_notifications/{env}?user_id=u&"])
    @pytest.mark.parametrize("value", ["0", "101", "-1", "x", "1.5", ""])
    def test_a_page_holds_1_to_100(self, neptune: Neptune, path: str, value: str) -> None:
        assert neptune.call("GET", f"{path}per_page={value}") == not_valid("per_page")

    @pytest.mark.parametrize("path", ["/{env}/users?", "/environments?", "/app_notifications/{env}?user_id=u&"])
    @pytest.mark.parametrize("value", [1, 100])
    def test_the_numbers_are_answered_as_integers(self, neptune: Neptune, path: str, value: int) -> None:
        meta = neptune.ok("GET", f"{path}page=1&per_page={value}")["meta"]
        assert (meta["page"], meta["per_page"]) == (1, value)
        assert all(isinstance(number, int) for name, number in meta.items() if name != "next_before")


class TestEnvironments:
    def test_they_are_listed_in_order_of_creation(self, neptune: Neptune) -> None:
        listed = neptune.ok("GET", "/environments?per_page=2")
        assert listed["data"] == [
            {"name": "dev", "identifier": "dev", "mock": False},
            {"name": "Sandbox", "identifier": "sandbox", "mock": True},
        ]
        assert {key: listed["meta"][key] for key in ("page", "per_page")} == {"page": 1, "per_page": 2}
        assert listed["meta"]["total"] >= 2

    def test_they_are_paged(self, neptune: Neptune, fresh: Neptune) -> None:
        total = neptune.ok("GET", "/environments")["meta"]["total"]
        last = neptune.ok("GET", f"/environments?page={total}&per_page=1")
        assert [each["identifier"] for each in last["data"]] == [fresh.environment]

    def test_a_page_past_the_end_is_empty(self, neptune: Neptune) -> None:
        assert neptune.ok("GET", "/environments?page=1000&per_page=100")["data"] == []
