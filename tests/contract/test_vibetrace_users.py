"""GET, POST and PUT of users in the Vibetrace API."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import quote

import pytest

from tests.contract import vibetrace_client as vt
from tests.contract.vibetrace_client import Vibetrace, address
from tests.local_stack import Answer, Stack

IN_PROCESS = True


@pytest.fixture(scope="module")
def api(local_stack: Stack) -> Vibetrace:
    return Vibetrace(local_stack, local_stack.demo["event_api_key"])


def neptune(api: Vibetrace, method: str, path: str, body: Any = None) -> Any:
    answer = api.stack.request(method, f"/neptune/dev/users{path}", body, token=api.token)
    assert answer.status == 200, answer.body
    return answer.json()


def neptune_user(api: Vibetrace, *emails: str, **meta: Any) -> str:
    user_id = uuid.uuid4().hex
    neptune(api, "POST", "", {"user_id": user_id, "meta": meta})
    for email in emails:
        neptune(api, "POST", f"/{user_id}/contacts_info", {"type": "email", "value": email})
    return user_id


@pytest.mark.parametrize("path", ["/v1/user", "/v1/user/"])
def test_a_user_is_created(api: Vibetrace, path: str) -> None:
    email = address().replace("@", "+A@")
    body = {"email": f" {email} ", "_id": "mine", "isSubscribed": True, "gender": "male", "ua": "x", "gone": None}
    answer = api.call("POST", path, body)
    shown = answer.json()["object"]
    assert uuid.UUID(shown["_id"]).version == 4
    assert answer.status == 200
    assert answer.json() == {
        "results": [{"message": "Successfully added new user.", "email": email}],
        "object": {"_id": shown["_id"], "email": email, "isSubscribed": True, "gender": "male", "ua": "x"},
    }
    assert list(answer.json()) == ["results", "object"]
    assert api.get(email) == shown
    stored = neptune(api, "GET", f"/{shown['_id']}?includes=contact_infos")
    assert [(each["type"], each["value"]) for each in stored["contact_infos"]] == [("email", email)]
    assert stored["meta"] == {"isSubscribed": True, "gender": "male", "ua": "x"}


@pytest.mark.parametrize(
    "email",
    [None, "", " ", 5, True, ["a@example.com"], "sam", "sam@example", "a@b@example.com", "@example.com", "sam@",
     "s am@example.com", "a" * 243 + "@example.com"],
)  # fmt: skip
def test_a_missing_or_malformed_address_is_refused(api: Vibetrace, email: Any) -> None:
    answer = api.call("POST", "/v1/user", {"email": email, "a": 1})
    assert (answer.status, answer.json()) == (400, vt.BAD_USER)


def test_an_address_of_254_characters_is_taken(api: Vibetrace) -> None:
    email = uuid.uuid4().hex.ljust(242, "a") + "@example.com"
    assert api.user(email)["email"] == email


def test_a_taken_address_is_refused_and_nothing_is_changed(api: Vibetrace) -> None:
    user = api.user(city="Paris")
    for email in (user["email"], user["email"].upper(), f" {user['email']}"):
        answer = api.call("POST", "/v1/user", {"email": email, "city": "Rome"})
        assert (answer.status, answer.json()) == (400, vt.EXISTS)
    assert api.get(user["email"]) == user


def test_an_address_given_by_another_api_is_taken(api: Vibetrace) -> None:
    email = address()
    user_id = neptune_user(api, email, city="Paris")
    answer = api.call("POST", "/v1/user", {"email": email})
    assert (answer.status, answer.json()) == (400, vt.EXISTS)
    assert api.get(email) == {"_id": user_id, "email": email, "city": "Paris"}


def test_an_address_is_free_again_when_it_or_its_user_is_deleted(api: Vibetrace) -> None:
    email = address()
    first = api.user(email)
    neptune(api, "DELETE", f"/{first['_id']}")
    assert api.call("GET", f"/v1/user/{email}").json() == vt.NO_USER
    second = api.user(email)
    neptune(api, "DELETE", f"/{second['_id']}/contacts_info", {"type": "email", "value": email})
    assert api.call("GET", f"/v1/user/{email}").status == 404
    assert api.user(email)["_id"] not in (first["_id"], second["_id"])


@pytest.mark.parametrize("upsert", [False, True])
@pytest.mark.over_http
@pytest.mark.slow
def test_of_many_at_the_same_moment_one_creates_the_user(api: Vibetrace, upsert: bool) -> None:  # noqa: FBT001
    email = address()

    def create(number: int) -> Answer:
        if upsert:
            return api.call("PUT", f"/v1/user/{email}?upsert=true", {f"k{number}": 1})
        return api.call("POST", "/v1/user", {"email": email, f"k{number}": 1})

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(create, range(8)))
    added = [answer for answer in answers if b"added" in answer.body]
    assert len(added) == 1
    others = {answer.status for answer in answers} - {200}
    assert others == (set() if upsert else {400})
    shown = api.get(email)
    assert len([key for key in shown if key.startswith("k")]) == (8 if upsert else 1)
    assert {answer.json()["object"]["_id"] for answer in answers if answer.status == 200} == {shown["_id"]}


def test_a_user_is_found_by_any_of_its_addresses_in_any_spelling(api: Vibetrace) -> None:
    one, two = f"Sam+{address()}", address()
    user_id = neptune_user(api, one, two)
    for sent, shown in ((one, one), (two, two), (one.upper(), one)):
        assert api.get(sent) == {"_id": user_id, "email": shown}
    plain = api.call("GET", f"/v1/user/{one}")
    assert (plain.status, plain.json()["email"]) == (200, one)


def test_a_path_is_decoded_once(api: Vibetrace) -> None:
    email = address()
    api.user(f"a%2B{email}")
    assert api.get(f"a%2B{email}")["email"] == f"a%2B{email}"
    assert api.call("GET", f"/v1/user/a%2B{quote(email)}").status == 404


@pytest.mark.parametrize("safe", ["", "/"])
def test_an_address_with_a_slash_is_found_and_changed(api: Vibetrace, safe: str) -> None:
    user = api.user(f"sales/{address()}")
    path = f"/v1/user/{quote(user['email'], safe=safe)}"
    assert api.call("GET", path).json() == user
    assert api.call("PUT", path, {"city": "Paris"}).json()["object"] == {**user, "city": "Paris"}


def test_of_several_users_with_an_address_the_first_is_meant(api: Vibetrace) -> None:
    email = address()
    users = [neptune_user(api, email, n=number) for number in range(3)]
    for number, user_id in enumerate(users):
        assert api.get(email) == {"_id": user_id, "email": email, "n": number}
        neptune(api, "DELETE", f"/{user_id}")


def test_an_attribute_never_shadows_the_id_or_the_address(api: Vibetrace) -> None:
    email = address()
    user_id = neptune_user(api, email, _id="x", email="y", city="Paris")
    assert api.get(email) == {"_id": user_id, "email": email, "city": "Paris"}


@pytest.mark.parametrize("email", ["nobody@example.com", "no address", "x" * 300])
def test_an_unknown_user_is_not_found(api: Vibetrace, email: str) -> None:
    for method, body in (("GET", None), ("PUT", {"a": 1})):
        answer = api.call(method, f"/v1/user/{quote(email)}", body)
        assert (answer.status, answer.json()) == (404, vt.NO_USER)


def test_attributes_are_merged(api: Vibetrace) -> None:
    user = api.user(city="Paris", old=1, deep={"a": 1})
    body = {"email": "other@example.com", "_id": "x", "city": "Rome", "old": None, "deep": {"b": 2}}
    answer = api.call("PUT", f"/v1/user/{quote(user['email'].upper())}", body)
    assert answer.status == 200
    assert answer.json() == {
        "results": [{"message": "Successfully updated user.", "email": user["email"]}],
        "object": {"_id": user["_id"], "email": user["email"], "city": "Rome", "deep": {"b": 2}},
    }
    assert api.get(user["email"]) == answer.json()["object"]


def test_reserved_attributes_and_tags_are_as_in_events(api: Vibetrace) -> None:
    automatic: dict[str, Any] = {"numberOfPurchases": 5, "isCustomer": True, "lastVisitDate": "x"}
    user = api.user(**automatic, isSubscribed="yes", tags="Tag_One; MY Tag &#= IS Nice")
    assert user == {"_id": user["_id"], "email": user["email"], "tags": ["mytagisnice", "tag_one"]}
    answer = api.call("PUT", f"/v1/user/{user['email']}", {**automatic, "tags": ["-tag_one"], "isSubscribed": True})
    assert answer.json()["object"] == {
        "_id": user["_id"],
        "email": user["email"],
        "tags": ["mytagisnice"],
        "isSubscribed": True,
    }


@pytest.mark.parametrize("attributes", [{"": 1}, {"k" * 129: 1}, {"a": "x" * 65536}])
def test_attributes_beyond_the_limits_are_refused(api: Vibetrace, attributes: dict[str, Any]) -> None:
    email = address()
    refused = api.call("POST", "/v1/user", {"email": email, **attributes})
    assert (refused.status, refused.json()) == (400, vt.BAD_USER)
    assert api.call("GET", f"/v1/user/{email}").status == 404
    user = api.user(email)
    answer = api.call("PUT", f"/v1/user/{email}", attributes)
    assert (answer.status, answer.json()) == (400, vt.BAD_USER)
    assert api.get(email) == user


def test_all_attributes_together_are_limited(api: Vibetrace) -> None:
    user = api.user(**{"a": "x" * 40000, "k" * 128: "y"})
    answer = api.call("PUT", f"/v1/user/{user['email']}", {"b": "x" * 40000})
    assert (answer.status, answer.json()) == (400, vt.BAD_USER)


@pytest.mark.parametrize("value", ["true", "1"])
def test_an_upsert_creates_who_is_missing_and_can_be_repeated(api: Vibetrace, value: str) -> None:
    email = address()
    path = f"/v1/user/{email}?upsert={value}"
    first = api.call("PUT", path, {"city": "Paris", "tags": ["a"]})
    second = api.call("PUT", path, {"city": "Paris", "tags": ["a"]})
    assert (first.status, second.status) == (200, 200)
    assert first.json()["results"] == [{"message": "Successfully added new user.", "email": email}]
    assert second.json()["results"] == [{"message": "Successfully updated user.", "email": email}]
    assert first.json()["object"] == second.json()["object"] == api.get(email)


@pytest.mark.parametrize("query", ["", "?upsert=false", "?upsert=0", "?upsert=", "?upsert=TRUE", "?Upsert=true"])
def test_anything_else_is_no_upsert(api: Vibetrace, query: str) -> None:
    assert api.call("PUT", f"/v1/user/{address()}{query}", {}).status == 404


def test_an_upsert_of_a_malformed_address_is_refused(api: Vibetrace) -> None:
    answer = api.call("PUT", "/v1/user/nobody?upsert=true", {"a": 1})
    assert (answer.status, answer.json()) == (400, vt.BAD_USER)
