"""What the events of the Vibetrace API change, and when they do not count."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any

import pytest

from tests.contract.vibetrace_client import BAD_EVENT, Vibetrace, address
from tests.local_stack import Stack

IN_PROCESS = True


@pytest.fixture(scope="module")
def api(local_stack: Stack) -> Vibetrace:
    return Vibetrace(local_stack, local_stack.demo["event_api_key"])


@pytest.fixture
def user(api: Vibetrace) -> dict[str, Any]:
    return api.user()


def is_moment(text: str) -> bool:
    return text.endswith("Z") and datetime.fromisoformat(text).tzinfo is not None


def changed(api: Vibetrace, user: dict[str, Any]) -> dict[str, Any]:
    """Return what events have set of a user, once all of them are processed."""
    api.settled(user)
    return {key: value for key, value in api.get(user["email"]).items() if key not in ("_id", "email")}


@pytest.mark.parametrize("name", ["update", "login"])
def test_attributes_are_set_and_removed_and_the_visit_is_noted(api: Vibetrace, user: dict[str, Any], name: str) -> None:
    api.call("PUT", f"/v1/user/{user['email']}", {"old": 1, "city": "Rome"})
    event = {
        name: {"firstname": "alexandru", "city": "Paris", "old": None, "_id": "x", "ua": "y", "nested": {"a": [1]}}
    }
    api.send(user, event)
    state = changed(api, user)
    assert is_moment(state.pop("lastVisitDate"))
    assert state == {"firstname": "alexandru", "city": "Paris", "nested": {"a": [1]}}
    assert api.get(user["email"])["_id"] == user["_id"]


def test_an_update_never_changes_the_address(api: Vibetrace, user: dict[str, Any]) -> None:
    other = address()
    api.send(user, {"update": {"email": other}})
    api.settled(user)
    assert api.get(user["email"])["email"] == user["email"]
    assert api.call("GET", f"/v1/user/{other}").status == 404


def neptune_user(api: Vibetrace) -> dict[str, Any]:
    made = api.stack.request("POST", "/neptune/dev/users", {"user_id": uuid.uuid4().hex}, token=api.token)
    return {"_id": made.json()["user_id"]}


def test_a_login_gives_an_address_to_who_has_none(api: Vibetrace) -> None:
    user, email = neptune_user(api), address()
    api.send(user, {"login": {"email": f" {email} ", "city": "Paris"}})
    api.settled(user)
    shown = api.get(email)
    assert (shown["_id"], shown["email"], shown["city"]) == (user["_id"], email, "Paris")


def test_a_second_address_never_replaces_the_first(api: Vibetrace, user: dict[str, Any]) -> None:
    other = address()
    api.send(user, {"login": {"email": other, "city": "Paris"}})
    api.settled(user)
    assert api.get(user["email"])["city"] == "Paris"
    assert api.call("GET", f"/v1/user/{other}").status == 404


def test_a_taken_or_malformed_address_is_ignored(api: Vibetrace, user: dict[str, Any]) -> None:
    for email in (user["email"].upper(), "no address", "", 5):
        loser = neptune_user(api)
        api.send(loser, {"login": {"email": email, "city": "Paris"}})
        api.settled(loser)
        path = f"/neptune/dev/users/{loser['_id']}?includes=contact_infos"
        shown = api.stack.request("GET", path, token=api.token).json()
        assert shown["contact_infos"] == []
        assert shown["meta"]["city"] == "Paris"
    assert api.get(user["email"])["_id"] == user["_id"]


def test_automatic_attributes_and_wrong_values_are_ignored(api: Vibetrace, user: dict[str, Any]) -> None:
    automatic = {
        "lastPurchaseDate": "x",
        "lastPurchaseValue": 1,
        "numberOfPurchases": 99,
        "totalPurchasesValue": 1,
        "isCustomer": True,
        "lastEmailOpenDate": "x",
    }
    api.send(user, {"update": {**automatic, "isSubscribed": "yes", "tags": 5, "kept": 1}})
    state = changed(api, user)
    assert is_moment(state.pop("lastVisitDate"))
    assert state == {"kept": 1}
    api.send(user, {"update": {"isSubscribed": False}})
    assert changed(api, user)["isSubscribed"] is False


def test_attributes_beyond_the_limits_change_nothing(api: Vibetrace, user: dict[str, Any]) -> None:
    for fields in ({"k" * 129: 1, "a": 1}, {"": 1, "a": 1}, {"a": "x" * 65536}):
        api.send(user, {"update": fields})
    assert len(api.settled(user)) == 3
    assert api.get(user["email"]) == user


@pytest.mark.parametrize("name", ["update", "login"])
def test_tags_are_a_set_that_events_add_to_and_remove_from(api: Vibetrace, user: dict[str, Any], name: str) -> None:
    api.send(user, {name: {"tags": ["Tag_One", "MY Tag &#= IS Nice", "", "&"]}})
    assert changed(api, user)["tags"] == ["mytagisnice", "tag_one"]
    api.send(user, {name: {"tags": "-tag_one; b ;b;"}})
    assert changed(api, user)["tags"] == ["b", "mytagisnice"]
    api.send(user, {name: {"tags": None}})
    assert changed(api, user)["tags"] == ["b", "mytagisnice"]


def test_tags_of_other_events_are_plain_data(api: Vibetrace, user: dict[str, Any]) -> None:
    api.send(user, {"addtocart": {"tags": "A; B"}})
    (message,) = api.settled(user)
    assert message["data"] == {"tags": "A; B"}
    assert "tags" not in api.get(user["email"])


@pytest.mark.parametrize("nested", [False, True])
def test_a_confirmation_notes_the_purchase(api: Vibetrace, user: dict[str, Any], nested: bool) -> None:  # noqa: FBT001
    fields = {"orderId": uuid.uuid4().hex, "total": "234.12", "email": "sam@example.com"}
    api.send(user, {"confirmation": {"items": [], **({"generic": fields} if nested else fields)}})
    state = changed(api, user)
    assert is_moment(state.pop("lastPurchaseDate"))
    assert is_moment(state.pop("lastVisitDate"))
    assert state == {
        "lastPurchaseValue": 234.12,
        "numberOfPurchases": 1,
        "totalPurchasesValue": 234.12,
        "isCustomer": True,
    }
    (message,) = api.settled(user)
    assert message["data"] == {"items": [], **fields}


def test_totals_are_summed_and_rounded_half_up(api: Vibetrace, user: dict[str, Any]) -> None:
    for total in (0.1, "0.2", 1.005, None):
        api.send(user, {"confirmation": {"total": total}})
        api.settled(user)
    state = changed(api, user)
    assert (state["numberOfPurchases"], state["totalPurchasesValue"]) == (4, 1.31)
    assert state["lastPurchaseValue"] == 1.005


def test_totals_are_read_as_shops_write_them(api: Vibetrace, user: dict[str, Any]) -> None:
    for total in ("99,95", "2.500,05 lei", "USD 1,000.10", "¥1,500"):
        api.send(user, {"confirmation": {"generic": {"total": total}}})
        api.settled(user)
    state = changed(api, user)
    assert (state["numberOfPurchases"], state["totalPurchasesValue"]) == (4, 5100.1)
    assert state["lastPurchaseValue"] == 1500


@pytest.mark.parametrize("total", ["no number", "1,234", "12,34,56", "", True, [1], {"value": 1}, 1e13])
@pytest.mark.parametrize("nested", [False, True])
def test_a_total_that_cannot_be_read_is_refused(
    api: Vibetrace,
    user: dict[str, Any],
    total: Any,
    nested: bool,  # noqa: FBT001
) -> None:
    fields = {"generic": {"total": total}} if nested else {"total": total}
    body = {"user": {"_id": user["_id"]}, "event": {"confirmation": fields, "viewitem": {}}}
    answer = api.call("POST", "/v1/event", body)
    assert (answer.status, answer.json()) == (400, BAD_EVENT)
    assert "numberOfPurchases" not in api.get(user["email"])
    api.send(user, {"viewitem": fields})


def test_an_order_is_confirmed_once_whoever_it_is_of(api: Vibetrace, user: dict[str, Any]) -> None:
    order = uuid.uuid4().int % 10**9
    other = api.user()
    api.send(user, {"confirmation": {"orderId": order, "total": 5}})
    assert len(api.settled(user)) == 1
    api.send(user, {"confirmation": {"orderId": f" {order} ", "total": 7}})
    api.send(other, {"confirmation": {"generic": {"orderId": str(order), "total": 7}}})
    assert len(api.settled(user)) == 1
    assert api.settled(other) == []
    assert changed(api, user)["totalPurchasesValue"] == 5
    assert "isCustomer" not in api.get(other["email"])


@pytest.mark.parametrize("order", [{}, {"orderId": None}, {"orderId": ""}, {"orderId": " "}])
def test_without_an_order_id_every_confirmation_counts(
    api: Vibetrace, user: dict[str, Any], order: dict[str, Any]
) -> None:
    for _ in range(3):
        api.send(user, {"confirmation": {"total": 1, **order}})
    assert len(api.settled(user)) == 3
    assert changed(api, user)["numberOfPurchases"] == 3


@pytest.mark.slow
@pytest.mark.over_http
@pytest.mark.slow
def test_fifty_parallel_confirmations_of_an_order_count_once(api: Vibetrace) -> None:
    users = [api.user() for _ in range(5)]
    order = uuid.uuid4().hex

    def confirm(number: int) -> None:
        api.send(users[number % 5], {"confirmation": {"orderId": order, "total": 10}})

    with ThreadPoolExecutor(50) as pool:
        list(pool.map(confirm, range(50)))
    api.stack.wait_for(lambda: any(api.messages(user) for user in users), 30)
    assert sum(len(api.settled(user)) for user in users) == 1
    assert sum(api.get(user["email"]).get("numberOfPurchases", 0) for user in users) == 1
    assert sum(api.get(user["email"]).get("totalPurchasesValue", 0) for user in users) == 10


@pytest.mark.slow
@pytest.mark.over_http
@pytest.mark.slow
def test_parallel_confirmations_of_different_orders_all_count(api: Vibetrace, user: dict[str, Any]) -> None:
    with ThreadPoolExecutor(12) as pool:
        list(pool.map(lambda _: api.send(user, {"confirmation": {"orderId": uuid.uuid4().hex, "total": 1}}), range(24)))
    api.stack.wait_for(lambda: len(api.messages(user)) == 24, 30)
    state = changed(api, user)
    assert (state["numberOfPurchases"], state["totalPurchasesValue"]) == (24, 24)


def test_a_repeated_request_with_a_key_counts_once(api: Vibetrace, user: dict[str, Any]) -> None:
    key = uuid.uuid4().hex
    for order in ("", uuid.uuid4().hex):
        api.send(user, {"confirmation": {"total": 1, "orderId": order}}, {"Idempotency-Key": key})
    assert len(api.settled(user)) == 1
    assert changed(api, user)["numberOfPurchases"] == 1


def test_of_opens_under_any_name_one_counts_in_twenty_minutes(api: Vibetrace, user: dict[str, Any]) -> None:
    api.send(user, {"email_open": {"campaign": "c"}})
    (first,) = api.settled(user)
    for name in ("open", "email_open", "emailopen", "open"):
        api.send(user, {name: {}})
    (message,) = api.settled(user)
    assert (message["event_type"], message["data"]) == ("email_open", {"campaign": "c"})
    assert changed(api, user) == {"lastEmailOpenDate": first["received_at"]}


def test_opens_are_limited_per_user(api: Vibetrace, user: dict[str, Any]) -> None:
    other = api.user()
    for each in (user, other):
        api.send(each, {"open": {}})
        assert len(api.settled(each)) == 1


@pytest.mark.slow
@pytest.mark.over_http
@pytest.mark.slow
def test_of_fifty_parallel_opens_one_counts(api: Vibetrace, user: dict[str, Any]) -> None:
    with ThreadPoolExecutor(25) as pool:
        list(pool.map(lambda _: api.send(user, {"open": {}}), range(50)))
    api.stack.wait_for(lambda: api.messages(user), 30)
    assert len(api.settled(user)) == 1
