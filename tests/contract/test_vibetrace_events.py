"""POST /v1/event: what it takes, what it refuses, what becomes of it."""

from __future__ import annotations

import time
import uuid
from typing import Any

import pytest

from tests.contract import vibetrace_client as vt
from tests.contract.vibetrace_client import Vibetrace, address
from tests.local_stack import Stack

IN_PROCESS = True

BOT = {"User-Agent": "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"}


@pytest.fixture(scope="module")
def api(local_stack: Stack) -> Vibetrace:
    return Vibetrace(local_stack, local_stack.demo["event_api_key"])


@pytest.fixture
def user(api: Vibetrace) -> dict[str, Any]:
    return api.user()


@pytest.mark.parametrize("path", ["/v1/event", "/v1/event/"])
def test_an_event_is_taken_and_becomes_a_message(api: Vibetrace, user: dict[str, Any], path: str) -> None:
    body = {"user": {"email": user["email"]}, "event": {"addtocart": {"id": "M-1", "quantity": 2}}}
    answer = api.call("POST", path, body)
    assert (answer.status, answer.body) == (200, vt.CREATED)
    (message,) = api.settled(user)
    assert message["event_type"] == "addtocart"
    assert message["user_id"] == user["_id"]
    assert message["source"] == "vibetrace"
    assert message["data"] == {"id": "M-1", "quantity": 2}
    assert (message["contact_infos"], message["extra"], message["timestamp"]) == ([], {}, None)


@pytest.mark.parametrize("event", [None, {}, [], "update", 5, {"ua": "Mozilla"}, [{"update": {}}]])
@pytest.mark.parametrize("given", [True, False])
def test_an_event_is_missed(api: Vibetrace, event: Any, given: bool) -> None:  # noqa: FBT001
    body = {"event": event, **({"user": {"email": address()}} if given else {})}
    answer = api.call("POST", "/v1/event", body)
    assert (answer.status, answer.json()) == (400, vt.MISSING_EVENT)


def test_of_a_body_without_both_the_event_is_missed(api: Vibetrace) -> None:
    assert api.call("POST", "/v1/event", {"x": 1}).json() == vt.MISSING_EVENT


@pytest.mark.parametrize(
    "user", [None, {}, [], "sam@example.com", 5, {"email": ""}, {"email": " "}, {"_id": None}, {"name": "Sam"}]
)
def test_a_user_is_missed(api: Vibetrace, user: Any) -> None:
    answer = api.call("POST", "/v1/event", {"user": user, "event": {"update": {}}})
    assert (answer.status, answer.json()) == (400, vt.MISSING_USER)


@pytest.mark.parametrize(
    "event",
    [
        {"update": "x"},
        {"update": 1},
        {"update": True},
        {"update": [1]},
        {"": {}},
        {"x" * 257: {}},
        {"generic": {"firstname": "a"}},
        {"generic": {"generic": {"event_name": ""}}},
        {"generic": {"event_name": 5}},
        {"generic": {"event_name": "x" * 257}},
        {"event": {}},
        {f"type{number}": {} for number in range(21)},
        {"addtocart": {}, "viewitem": "x"},
    ],
)
def test_an_event_of_a_wrong_form_is_refused_with_all_others(api: Vibetrace, user: dict[str, Any], event: Any) -> None:
    answer = api.call("POST", "/v1/event", {"user": {"_id": user["_id"]}, "event": event})
    assert (answer.status, answer.json()) == (400, vt.BAD_EVENT)
    assert api.settled(user) == []


@pytest.mark.parametrize("user", [{"email": 5}, {"_id": 1.5}, {"_id": True}, {"_id": {}}, {"email": ["a@example.com"]}])
def test_a_user_of_another_type_is_refused(api: Vibetrace, user: Any) -> None:
    answer = api.call("POST", "/v1/event", {"user": user, "event": {"update": {}}})
    assert (answer.status, answer.json()) == (400, vt.BAD_EVENT)


@pytest.mark.parametrize("user", [{"email": "nobody@example.com"}, {"_id": "nobody"}, {"_id": 0}, {"_id": "x" * 300}])
def test_an_unknown_user_is_neither_found_nor_made(api: Vibetrace, user: Any) -> None:
    for _ in range(2):
        answer = api.call("POST", "/v1/event", {"user": user, "event": {"update": {"a": 1}}})
        assert (answer.status, answer.json()) == (404, vt.NO_USER)


def test_of_an_id_and_an_address_the_id_counts(api: Vibetrace, user: dict[str, Any]) -> None:
    other = api.user()
    body = {"user": {"_id": user["_id"], "email": other["email"]}, "event": {"viewitem": {}}}
    assert api.call("POST", "/v1/event", body).status == 200
    assert len(api.settled(user)) == 1
    assert api.settled(other) == []
    unknown = {"user": {"_id": "nobody", "email": other["email"]}, "event": {"viewitem": {}}}
    assert api.call("POST", "/v1/event", unknown).status == 404


def test_an_id_may_be_an_integer(api: Vibetrace) -> None:
    number = uuid.uuid4().int % 10**12
    made = api.stack.request("POST", "/neptune/dev/users", {"user_id": number}, token=api.token)
    assert made.status == 200
    body = {"user": {"_id": number}, "event": {"viewitem": {}}}
    assert api.call("POST", "/v1/event", body).status == 200
    assert len(api.settled({"_id": str(number)})) == 1


def test_an_address_is_trimmed_and_compared_without_regard_to_case(api: Vibetrace, user: dict[str, Any]) -> None:
    body = {"user": {"email": f"  {user['email'].upper()} "}, "event": {"viewitem": {}}}
    assert api.call("POST", "/v1/event", body).status == 200
    assert len(api.settled(user)) == 1


def test_each_of_several_keys_is_an_event(api: Vibetrace, user: dict[str, Any]) -> None:
    api.send(user, {f"type{number}": {"n": number} for number in range(20)} | {"ua": "Mozilla"})
    found = {message["event_type"]: message["data"] for message in api.settled(user)}
    assert found == {f"type{number}": {"n": number} for number in range(20)}


@pytest.mark.parametrize("fields", [None, [], {}])
def test_fields_may_be_left_out(api: Vibetrace, user: dict[str, Any], fields: Any) -> None:
    api.send(user, {"viewitem": fields})
    (message,) = api.settled(user)
    assert message["data"] == {}


@pytest.mark.parametrize(
    "event",
    [
        {"generic": {"generic": {"event_name": "my_event", "firstname": "alexandru"}}},
        {"generic": {"event_name": "my_event", "firstname": "alexandru"}},
        {"event": {"event_name": "my_event", "firstname": "alexandru"}},
    ],
)
def test_a_generic_event_is_named_by_its_event_name(api: Vibetrace, user: dict[str, Any], event: Any) -> None:
    api.send(user, event)
    (message,) = api.settled(user)
    assert (message["event_type"], message["data"]) == ("my_event", {"firstname": "alexandru"})


@pytest.mark.parametrize("name", ["confirmation", "open", "update"])
def test_a_generic_event_of_a_reserved_name_is_not_restricted(api: Vibetrace, user: dict[str, Any], name: str) -> None:
    for _ in range(2):
        api.send(user, {"generic": {"event_name": name, "orderId": user["_id"], "total": 1, "city": "Paris"}})
    assert [message["event_type"] for message in api.settled(user)] == [name, name]
    assert api.get(user["email"]) == user


def test_what_is_nested_in_generic_is_read_as_if_flat_and_flat_wins(api: Vibetrace, user: dict[str, Any]) -> None:
    api.send(user, {"addtocart": {"generic": {"a": 1, "b": 1}, "b": 2}})
    (message,) = api.settled(user)
    assert message["data"] == {"a": 1, "b": 2}


def test_the_same_idempotency_key_is_one_message(api: Vibetrace, user: dict[str, Any]) -> None:
    key = uuid.uuid4().hex
    for number in range(3):
        api.send(user, {"viewitem": {"n": number}}, {"Idempotency-Key": key})
    (message,) = api.settled(user)
    assert (message["message_id"], message["data"]) == (key, {"n": 0})


def test_of_several_events_each_has_the_key_with_its_type(api: Vibetrace, user: dict[str, Any]) -> None:
    key = uuid.uuid4().hex
    for _ in range(2):
        api.send(user, {"viewitem": {}, "search": {}}, {"Idempotency-Key": key})
    assert {message["message_id"] for message in api.settled(user)} == {f"{key}:viewitem", f"{key}:search"}


def test_without_a_key_every_event_is_another(api: Vibetrace, user: dict[str, Any]) -> None:
    for _ in range(2):
        api.send(user, {"viewitem": {}})
    assert len({message["message_id"] for message in api.settled(user)}) == 2


@pytest.mark.parametrize(
    ("headers", "event"),
    [
        (BOT, {"viewitem": {}}),
        ({"User-Agent": "SomeSpider/1.0"}, {"viewitem": {}}),
        ({}, {"viewitem": {}, "ua": "facebookexternalhit/1.1"}),
        ({}, {"viewitem": {"ua": "HeadlessChrome"}}),
        ({}, {"viewitem": {"generic": {"ua": "Mediapartners-Google"}}}),
    ],
)
def test_an_event_of_a_bot_is_accepted_and_discarded(
    api: Vibetrace, user: dict[str, Any], headers: dict[str, str], event: Any
) -> None:
    api.send(user, event, headers)
    assert api.settled(user) == []


@pytest.mark.parametrize("agent", ["python-requests/2.31", "curl/8.0", "Mozilla/5.0 (X11) Firefox/130.0"])
def test_a_library_or_a_browser_is_no_bot(api: Vibetrace, user: dict[str, Any], agent: str) -> None:
    api.send(user, {"viewitem": {}}, {"User-Agent": agent})
    assert len(api.settled(user)) == 1


def test_only_the_events_of_the_bot_are_discarded(api: Vibetrace, user: dict[str, Any]) -> None:
    api.send(user, {"viewitem": {"ua": "Googlebot"}, "search": {"ua": "Firefox"}})
    assert [message["event_type"] for message in api.settled(user)] == ["search"]


def test_a_bad_request_of_a_bot_is_refused_as_anybodys(api: Vibetrace) -> None:
    assert api.call("POST", "/v1/event", {}, BOT).status == 400
    body = {"user": {"email": address()}, "event": {"viewitem": {}}}
    assert api.call("POST", "/v1/event", body, BOT).status == 404


@pytest.mark.over_http
def test_an_event_fires_the_notifications_of_its_type(api: Vibetrace, user: dict[str, Any]) -> None:
    name = f"type_{uuid.uuid4().hex}"
    template = {"subject": "Order {{ orderId }}", "text": "Thank you, {{ user.firstname }}."}
    body = {"notifications": [{"name": "mail", "channel": "email", "template": template}]}
    path = f"/manage/dev/event_types/{name}"
    assert api.stack.request("PUT", path, body, token=api.token).status == 200
    assert api.call("PUT", f"/v1/user/{user['email']}", {"firstname": "Alexandru"}).status == 200
    api.send(user, {"generic": {"event_name": name, "orderId": 7}})
    (mail,) = api.stack.wait_for(lambda: api.stack.outbox(user["email"]))
    assert (mail["subject"], mail["text"].strip()) == ("Order 7", "Thank you, Alexandru.")
    (message,) = api.settled(user)
    shown = api.stack.request("GET", f"/manage/dev/messages/{message['message_id']}", token=api.token).json()
    assert (shown["source"], shown["user_id"]) == ("vibetrace", user["_id"])
    assert [(each["channel"], each["to"]) for each in shown["deliveries"]] == [("email", user["email"])]


def test_an_event_is_answered_within_the_time_of_a_page_view(api: Vibetrace, user: dict[str, Any]) -> None:
    api.send(user, {"viewitem": {}})
    began = time.monotonic()
    api.send(user, {"viewitem": {}})
    assert time.monotonic() - began < 2
