"""Contact infos: the addresses of a user."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.contract.neptune_client import DELETED, NOT_FOUND, Neptune, missing, not_valid, unique
from tests.support.teams import Operator

IN_PROCESS = True

EMAIL = {"type": "email", "value": "sam@example.com"}
KNOWN = (
    422,
    {
        "message": "Contact info already exists",
        "errorCode": "InputNotValid",
        "errors": {"value": ["Contact info already exists"]},
    },
)


class User:
    """A user with the calls on its contact infos."""

    def __init__(self, neptune: Neptune) -> None:
        self.neptune = neptune
        self.id = neptune.user()
        self.path = f"/{{env}}/users/{self.id}/contacts_info"

    def call(self, method: str, **body: Any) -> tuple[int, Any]:
        return self.neptune.call(method, self.path, body)

    def ok(self, method: str, **body: Any) -> Any:
        return self.neptune.ok(method, self.path, body)

    def stored(self) -> list[dict[str, Any]]:
        shown = self.neptune.ok("GET", f"/{{env}}/users/{self.id}?includes=contact_infos")
        found: list[dict[str, Any]] = shown["contact_infos"]
        return found


@pytest.fixture
def user(neptune: Neptune) -> User:
    return User(neptune)


both = pytest.mark.parametrize("method", ["POST", "PUT"])
all_three = pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])


class TestAddingAndPutting:
    @both
    def test_a_contact_info_is_answered_as_stored(self, user: User, method: str) -> None:
        made = user.ok(method, **EMAIL, filterable="alternative", meta={"verified": "true"})
        assert list(made) == ["type", "value", "filterable", "meta", "created_at", "updated_at"]
        assert {name: made[name] for name in ("type", "value", "filterable", "meta")} == {
            **EMAIL,
            "filterable": "alternative",
            "meta": {"verified": "true"},
        }
        assert made["created_at"] == made["updated_at"]
        assert user.stored() == [made]

    @both
    def test_filterable_is_null_and_meta_empty_when_unset(self, user: User, method: str) -> None:
        made = user.ok(method, **EMAIL)
        assert (made["filterable"], made["meta"]) == (None, {})

    @both
    @pytest.mark.parametrize(
        ("type_", "value"),
        [("email", "x@example.com"), ("mobile_number", "+919899"), ("firebase_token", "three-types")],
    )
    def test_there_are_three_types(self, user: User, method: str, type_: str, value: str) -> None:
        assert user.ok(method, type=type_, value=value)["type"] == type_

    @both
    def test_an_integer_is_kept_as_text(self, user: User, method: str) -> None:
        assert user.ok(method, type="firebase_token", value=919899)["value"] == "919899"

    @both
    def test_a_value_is_trimmed(self, user: User, method: str) -> None:
        assert user.ok(method, type="email", value=" \t sam@example.com\n ")["value"] == "sam@example.com"

    @both
    def test_a_value_has_up_to_4096_characters(self, user: User, method: str) -> None:
        assert user.ok(method, type="firebase_token", value="x" * 4096)["value"] == "x" * 4096
        assert user.call(method, type="firebase_token", value="x" * 4097) == not_valid("value")

    @both
    @pytest.mark.parametrize("value", [None, ""])
    def test_a_value_is_required(self, user: User, method: str, value: Any) -> None:
        assert user.call(method, type="email", value=value) == missing("value")

    @both
    @pytest.mark.parametrize("value", ["   ", True, 1.5, ["x"], {"a": 1}])
    def test_any_other_value_is_not_valid(self, user: User, method: str, value: Any) -> None:
        assert user.call(method, type="email", value=value) == not_valid("value")

    @both
    @pytest.mark.parametrize("type_", ["Email", "sms", 1, True, ["email"]])
    def test_any_other_type_is_not_valid(self, user: User, method: str, type_: Any) -> None:
        assert user.call(method, type=type_, value="x") == not_valid("type")

    @all_three
    @pytest.mark.parametrize("body", [{}, {"type": None, "value": None}, {"type": "", "value": ""}])
    def test_type_and_value_are_required(self, user: User, method: str, body: dict[str, Any]) -> None:
        assert user.call(method, **body) == missing("type", "value")

    @both
    @pytest.mark.parametrize("value", [1, True, ["x"], {"a": 1}, "x" * 257])
    def test_any_other_filterable_is_not_valid(self, user: User, method: str, value: Any) -> None:
        assert user.call(method, **EMAIL, filterable=value) == not_valid("filterable")

    @both
    def test_a_filterable_has_up_to_256_characters(self, user: User, method: str) -> None:
        assert user.ok(method, **EMAIL, filterable="x" * 256)["filterable"] == "x" * 256

    @both
    @pytest.mark.parametrize("value", [None, [], {}])
    def test_no_meta_is_an_empty_object(self, user: User, method: str, value: Any) -> None:
        assert user.ok(method, **EMAIL, meta=value)["meta"] == {}

    @both
    @pytest.mark.parametrize("value", ["x", 1, True, [1], {"k": "x" * 65536}])
    def test_any_other_meta_is_not_valid(self, user: User, method: str, value: Any) -> None:
        assert user.call(method, **EMAIL, meta=value) == not_valid("meta")
        assert user.stored() == []

    @both
    def test_unknown_keys_are_no_error(self, user: User, method: str) -> None:
        assert set(user.ok(method, **EMAIL, origin="x", version=7, id=1)) == {
            *("type", "value", "filterable", "meta", "created_at", "updated_at")
        }

    @all_three
    def test_an_unknown_user_is_not_found(self, neptune: Neptune, method: str) -> None:
        assert neptune.call(method, f"/{{env}}/users/{unique()}/contacts_info", EMAIL) == NOT_FOUND

    @all_three
    def test_a_user_that_cannot_be_is_not_found(self, neptune: Neptune, method: str) -> None:
        assert neptune.call(method, f"/{{env}}/users/{'x' * 3000}/contacts_info", EMAIL) == NOT_FOUND

    @both
    def test_they_do_not_move_the_users_time(self, neptune: Neptune, user: User, method: str) -> None:
        before = neptune.ok("GET", f"/{{env}}/users/{user.id}")
        user.ok(method, **EMAIL)
        user.ok("DELETE", **EMAIL)
        assert neptune.ok("GET", f"/{{env}}/users/{user.id}") == before

    def test_they_are_shown_in_order_of_creation(self, user: User) -> None:
        values = ["z@example.com", "a@example.com", "m@example.com"]
        for value in values:
            user.ok("POST", type="email", value=value)
        user.ok("PUT", type="email", value="z@example.com", filterable="x")
        assert [each["value"] for each in user.stored()] == values

    def test_one_user_has_at_most_a_hundred(self, neptune: Neptune, operator: Operator, user: User) -> None:
        operator.add_contact_infos(neptune.token, neptune.environment, user.id, 99)
        user.ok("POST", **EMAIL)
        for method in ("POST", "PUT"):
            status, answer = user.call(method, type="mobile_number", value="+4915112345678")
            assert (status, list(answer["errors"])) == (422, ["value"])
        assert len(user.stored()) == 100
        assert user.ok("PUT", **EMAIL, filterable="known")["filterable"] == "known"

    def test_an_address_may_belong_to_several_users(self, neptune: Neptune, user: User) -> None:
        user.ok("POST", **EMAIL)
        other = User(neptune)
        other.ok("POST", **EMAIL)
        user.ok("DELETE", **EMAIL)
        assert [each["value"] for each in other.stored()] == [EMAIL["value"]]


class TestAddingAgain:
    def test_a_known_pair_is_refused(self, user: User) -> None:
        made = user.ok("POST", **EMAIL, filterable="first")
        assert user.call("POST", **EMAIL, filterable="second") == KNOWN
        assert user.stored() == [made]

    def test_an_email_is_known_whatever_its_case(self, user: User) -> None:
        user.ok("POST", type="email", value="Sam@Example.com")
        assert user.call("POST", type="email", value="sam@example.COM") == KNOWN

    def test_push_tokens_are_compared_exactly(self, user: User) -> None:
        tokens = ["abc" + unique(), "ABC" + unique()]
        for value in tokens:
            user.ok("POST", type="firebase_token", value=value)
        assert [each["value"] for each in user.stored()] == tokens

    def test_the_same_value_of_another_type_is_another_one(self, user: User) -> None:
        user.ok("POST", **EMAIL)
        user.ok("POST", type="firebase_token", value=EMAIL["value"])
        assert len(user.stored()) == 2

    def test_it_can_be_added_again_after_its_deletion(self, user: User) -> None:
        user.ok("POST", **EMAIL, filterable="first", meta={"a": 1})
        user.ok("DELETE", **EMAIL)
        made = user.ok("POST", **EMAIL)
        assert (made["filterable"], made["meta"]) == (None, {})

    @pytest.mark.over_http
    @pytest.mark.slow
    def test_of_additions_at_the_same_time_one_succeeds(self, user: User) -> None:
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda _: user.call("POST", **EMAIL), range(8)))
        assert sorted(status for status, _ in answers) == [200, *[422] * 7]
        assert len(user.stored()) == 1


class TestPuttingAgain:
    def test_it_is_idempotent(self, user: User) -> None:
        body = {**EMAIL, "filterable": "regular", "meta": {"android": "true"}}
        first, second = user.ok("PUT", **body), user.ok("PUT", **body)
        assert {**first, "updated_at": None} == {**second, "updated_at": None}
        assert second["updated_at"] > first["updated_at"]
        assert user.stored() == [second]

    def test_what_is_absent_stays(self, user: User) -> None:
        user.ok("PUT", **EMAIL, filterable="ios", meta={"a": 1})
        put = user.ok("PUT", **EMAIL)
        assert (put["filterable"], put["meta"]) == ("ios", {"a": 1})

    def test_a_null_clears_the_filterable(self, user: User) -> None:
        user.ok("PUT", **EMAIL, filterable="ios")
        assert user.ok("PUT", **EMAIL, filterable=None)["filterable"] is None

    @pytest.mark.parametrize("value", [None, [], {}])
    def test_an_empty_meta_changes_nothing(self, user: User, value: Any) -> None:
        user.ok("PUT", **EMAIL, meta={"a": 1})
        assert user.ok("PUT", **EMAIL, meta=value)["meta"] == {"a": 1}

    def test_meta_is_merged_shallowly_and_a_null_removes_the_key(self, user: User) -> None:
        user.ok("PUT", **EMAIL, meta={"a": 1, "b": {"x": 1, "y": 2}, "c": 3})
        put = user.ok("PUT", **EMAIL, meta={"b": {"x": 9}, "c": None, "d": 4})
        assert put["meta"] == {"a": 1, "b": {"x": 9}, "d": 4}

    def test_a_merged_meta_has_a_limit(self, user: User) -> None:
        user.ok("PUT", **EMAIL, meta={"a": "x" * 40000})
        assert user.call("PUT", **EMAIL, meta={"b": "x" * 30000}) == not_valid("meta")

    def test_an_emails_case_does_not_matter_and_stays_as_first_sent(self, user: User) -> None:
        user.ok("POST", type="email", value="Sam@Example.com")
        assert user.ok("PUT", type="email", value="SAM@EXAMPLE.COM", filterable="x")["value"] == "Sam@example.com"
        assert [each["value"] for each in user.stored()] == ["Sam@example.com"]

    @pytest.mark.over_http
    @pytest.mark.slow
    def test_updates_at_the_same_time_are_all_kept(self, user: User) -> None:
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda n: user.call("PUT", **EMAIL, meta={f"k{n}": n})[0], range(12)))
        assert set(answers) == {200}
        [stored] = user.stored()
        assert stored["meta"] == {f"k{n}": n for n in range(12)}

    def test_the_body_of_the_documentation_is_accepted(self, user: User) -> None:
        body = {"type": "mobile_number", "value": "+91989", "filterable": "regular", "meta": {"android": "true"}}
        made = user.ok("PUT", **body)
        assert {name: made[name] for name in body} == body


class TestDeleting:
    def test_it_says_so(self, user: User) -> None:
        user.ok("POST", **EMAIL)
        assert user.call("DELETE", **EMAIL) == DELETED
        assert user.stored() == []

    def test_twice_is_not_found(self, user: User) -> None:
        user.ok("POST", **EMAIL)
        user.ok("DELETE", **EMAIL)
        assert user.call("DELETE", **EMAIL) == NOT_FOUND

    def test_an_unknown_pair_is_not_found(self, user: User) -> None:
        user.ok("POST", type="firebase_token", value=EMAIL["value"])
        assert user.call("DELETE", **EMAIL) == NOT_FOUND

    @pytest.mark.parametrize("filterable", ["other", None, 7])
    def test_a_filterable_is_ignored(self, user: User, filterable: Any) -> None:
        user.ok("POST", **EMAIL, filterable="ios")
        assert user.call("DELETE", **EMAIL, filterable=filterable) == DELETED

    def test_an_emails_case_does_not_matter(self, user: User) -> None:
        user.ok("POST", **EMAIL)
        assert user.call("DELETE", type="email", value=" SAM@example.com ") == DELETED

    def test_an_integer_is_a_value(self, user: User) -> None:
        user.ok("POST", type="firebase_token", value="91")
        assert user.call("DELETE", type="firebase_token", value=91) == DELETED

    def test_an_unknown_type_is_not_valid(self, user: User) -> None:
        assert user.call("DELETE", type="pigeon", value="x") == not_valid("type")

    @pytest.mark.parametrize("body", [None, b"", b"[]", b"{}"])
    def test_the_pair_may_be_in_the_query_when_there_is_no_body(self, user: User, body: Any) -> None:
        user.ok("POST", type="mobile_number", value="+91 98/9")
        query = urlencode({"type": "mobile_number", "value": "+91 98/9"})
        headers = {"Content-Type": "application/json"}
        assert user.neptune.call("DELETE", f"{user.path}?{query}", body, headers) == DELETED

    def test_a_body_counts_before_the_query(self, user: User) -> None:
        user.ok("POST", **EMAIL)
        assert user.neptune.call("DELETE", f"{user.path}?type=email&value=other", EMAIL) == DELETED

    def test_a_body_is_checked_even_with_a_query(self, user: User) -> None:
        user.ok("POST", **EMAIL)
        query = urlencode(EMAIL)
        assert user.neptune.call("DELETE", f"{user.path}?{query}", {"type": "email"}) == missing("value")
        assert user.neptune.call("DELETE", f"{user.path}?{query}", b"{")[0] == 400
        assert len(user.stored()) == 1

    def test_a_query_without_the_pair_is_missing_it(self, user: User) -> None:
        assert user.neptune.call("DELETE", f"{user.path}?type=email") == missing("value")
