"""The ids that public keys give: among themselves, and never a server's."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest

from tests.contract.client_api import Client, unique
from tests.contract.manage_client import INBOX, MAIL, Manage, email_to
from tests.local_stack import Stack

IN_PROCESS = True

#: Ids that look like the marks with which keys are told apart, and others that are odd.
ODD = ["public", "pk:", "\x1fpk:", "\x1f", "\x1f\x1fpk:", "client:", "message#", "#", "a/b c"]


@pytest.fixture(scope="module")
def app(local_stack: Stack) -> Client:
    return Client(local_stack, local_stack.demo["public_key"], local_stack.demo["api_token"])


@pytest.fixture(scope="module")
def server(local_stack: Stack) -> Client:
    return Client(local_stack, local_stack.demo["secret_key"], local_stack.demo["api_token"])


@pytest.fixture(scope="module")
def clients(app: Client, server: Client) -> dict[str, Client]:
    return {"app": app, "server": server}


@pytest.fixture(scope="module")
def manage(local_stack: Stack) -> Manage:
    return Manage(local_stack, local_stack.demo["api_token"])


def track(client: Client, message_id: str, name: str, user: str = "u", **members: Any) -> None:
    client.accept("events", [{"external_id": user, "name": name, "message_id": message_id, **members}])


def stored(client: Client, name: str) -> list[dict[str, Any]]:
    client.settle()
    return client.messages(event_type=name)


def test_an_app_that_takes_a_servers_id_first_does_not_swallow_the_servers_message(app: Client, manage: Manage) -> None:
    message_id, address = unique("order"), f"{unique()}@example.com"
    otp = manage.configure(MAIL)
    track(app, message_id, unique("unknown"))
    app.message(message_id)
    manage.ingest(otp, message_id=message_id, contact_infos=email_to(address), data={"otp": 1})
    shown = app.stack.wait_for(lambda: (found := manage.message(message_id))["event_type"] == otp and found)
    assert shown["source"] == "neptune"
    assert [each["status"] for each in shown["deliveries"]] == ["success"]


def test_nor_does_one_that_takes_it_as_an_idempotency_key(app: Client, manage: Manage) -> None:
    key, address = unique("srv"), f"{unique()}@example.com"
    app.accept("events", [{"external_id": "u"}], {"Idempotency-Key": key})
    app.accept("track", {"external_id": "u", "event": "e"}, {"Idempotency-Key": key})
    app.message(key)
    manage.ingest(manage.configure(MAIL), message_id=key, contact_infos=email_to(address), data={"otp": 1})
    shown = app.stack.wait_for(lambda: (found := manage.message(key))["source"] == "neptune" and found)
    assert [each["status"] for each in shown["deliveries"]] == ["success"]


def test_an_app_is_not_kept_from_its_event_by_a_server(app: Client, server: Client) -> None:
    message_id, name = unique("m"), unique("e")
    track(server, message_id, unique("first"))
    server.message(message_id)
    track(app, message_id, name)
    assert [each["message_id"] for each in stored(app, name)] == [message_id]


def test_the_ids_of_secret_keys_are_those_of_servers(server: Client, manage: Manage) -> None:
    message_id, name = unique("m"), unique("e")
    manage.ingest(unique("first"), message_id=message_id)
    manage.message(message_id)
    track(server, message_id, name)
    assert stored(server, name) == []


def test_events_of_public_keys_with_one_id_count_once(app: Client, manage: Manage) -> None:
    other = Client(app.stack, new_key(manage, "public"), app.token)
    message_id, name = unique("m"), unique("e")
    for each in (app, app, other):
        track(each, message_id, name)
    assert len(stored(app, name)) == 1


def test_of_an_id_that_both_have_the_servers_is_shown(app: Client, manage: Manage) -> None:
    message_id = unique("m")
    manage.ingest(unique("server's"), message_id=message_id)
    manage.message(message_id)
    name = unique("app's")
    track(app, message_id, name)
    assert len(stored(app, name)) == 1
    assert manage.message(message_id)["source"] == "neptune"


@pytest.mark.parametrize("odd", ODD)
def test_an_apps_message_alone_is_found_under_its_own_id(app: Client, odd: str) -> None:
    message_id = f"{odd}{unique('m')}"
    track(app, message_id, unique("e"))
    assert app.message(message_id)["message_id"] == message_id


def test_whatever_an_app_chooses_it_meets_no_servers_id(app: Client, manage: Manage) -> None:
    name, same = unique("e"), unique("m")
    ids = {f"{odd}{other}{same}" for odd in ("", *ODD) for other in ("", *ODD)}
    app.accept("events", [{"external_id": "u", "name": name, "message_id": each} for each in sorted(ids)])
    for each in ids:
        manage.ingest(name, message_id=each)
    app.settle()
    found = [each["message_id"] for page in manage.pages("/{env}/messages", 100, event_type=name) for each in page]
    assert sorted(found) == sorted([*ids, *ids])


def test_the_deliveries_of_both_are_their_own(app: Client, server: Client, manage: Manage) -> None:
    message_id, user = unique("m"), unique()
    app.accept("identify", {"external_id": user, "email": f"{user}@example.com"})
    app.wait_for_user(user)
    name = manage.configure(MAIL, INBOX)
    track(app, message_id, name, user, data={"otp": 1})
    app.message(message_id)
    manage.ingest(name, message_id=message_id, user_id=user, data={"otp": 2})
    app.stack.wait_for(lambda: manage.message(message_id)["source"] == "neptune")
    app.settle()
    shown = [each["content"]["body"] for each in notifications(server, user)]
    assert sorted(shown) == ["1", "2"]


def notifications(client: Client, user: str) -> list[dict[str, Any]]:
    answer = client.stack.request(
        "GET", "/api/client/notifications", None, {"Authorization": f"Bearer {client.key}", "x-external-id": user}
    )
    found: list[dict[str, Any]] = answer.json()["results"]
    return found


def test_an_apps_message_is_replayed_by_its_id(app: Client, manage: Manage) -> None:
    message_id, user = unique("m"), unique()
    app.accept("identify", {"external_id": user, "email": f"{user}@example.com"})
    app.wait_for_user(user)
    track(app, message_id, manage.configure(MAIL), user, data={"otp": 1})
    [delivery] = app.message(message_id)["deliveries"]
    answer = manage.ok("POST", "/{env}/replays", {"message_id": message_id, "force": [delivery["id"]]})
    assert answer["message_id"] == message_id
    assert [(each["id"], each["effect"]) for each in answer["deliveries"]] == [(delivery["id"], "queued")]
    again = app.stack.wait_for(lambda: (found := app.message(message_id)["deliveries"][0]).get("earlier") and found)
    assert again["status"] == "success"


class TestConflicts:
    @pytest.mark.parametrize(
        "other",
        [
            {"name": "other"},
            {"user": "other"},
            {"data": {"n": 2}},
            {"data": {"n": "1"}},
            {"data": {"n": True}},
            {"data": {"n": 1, "m": None}},
            {"data": {}},
            {"data": {"n": [1]}},
        ],
    )
    @pytest.mark.parametrize("who", ["app", "server"])
    def test_an_id_that_comes_again_with_something_else_is_counted(
        self, clients: dict[str, Client], who: str, other: dict[str, Any]
    ) -> None:
        client = clients[who]
        message_id = unique("m")
        first: dict[str, Any] = {"name": "first", "user": "u", "data": {"n": 1}}
        track(client, message_id, **first)
        client.message(message_id)
        track(client, message_id, **{**first, **other})
        client.settle()
        shown = client.message(message_id)
        assert (shown["conflicts"], shown["event_type"], shown["data"]) == (1, "first", {"n": 1})

    def test_it_is_answered_as_before(self, manage: Manage) -> None:
        message_id, path = unique("m"), "/neptune/dev/events"
        answers = [
            manage.stack.request("POST", path, {"event_type": name, "message_id": message_id}, token=manage.token)
            for name in ("a", "b")
        ]
        assert [(each.status, each.json()) for each in answers] == [
            (200, {"message_id": message_id, "status": "accepted"})
        ] * 2
        manage.stack.wait_for(lambda: manage.message(message_id)["conflicts"] == 1)

    @pytest.mark.parametrize("who", ["app", "server"])
    def test_an_ordinary_retry_is_none(self, clients: dict[str, Client], who: str) -> None:
        client = clients[who]
        message_id = unique("m")
        for data in ({"a": 1, "b": {"c": [1.5, None]}}, {"b": {"c": [1.5, None]}, "a": 1}):
            track(client, message_id, "e", data=data)
        client.settle()
        assert client.message(message_id)["conflicts"] == 0

    def test_nor_is_one_whose_user_was_identified_in_between(self, app: Client) -> None:
        anonymous, user, message_id = unique("A"), unique(), unique("m")
        event = {"anonymous_id": anonymous, "name": "e", "message_id": message_id}
        app.accept("events", [event])
        assert app.message(message_id)["user_id"] == f"anon:{anonymous}"
        app.accept("alias", {"anonymous_id": anonymous, "external_id": user})
        app.wait_for_user(user)
        app.accept("events", [event])
        app.settle()
        assert app.message(message_id)["conflicts"] == 0
        app.accept("events", [{**event, "anonymous_id": None, "external_id": unique()}])
        app.settle()
        assert app.message(message_id)["conflicts"] == 1

    def test_each_coming_counts(self, manage: Manage) -> None:
        message_id = manage.ingest("first", message_id=unique("m"))
        manage.message(message_id)
        for name in ("second", "third", "first", "second"):
            manage.ingest(name, message_id=message_id)
        manage.stack.wait_for(lambda: manage.message(message_id)["conflicts"] == 3)

    def test_a_list_shows_them_too(self, manage: Manage) -> None:
        user = unique()
        message_id = manage.ingest("first", message_id=unique("m"), user_id=user)
        manage.message(message_id)
        manage.ingest("second", message_id=message_id, user_id=user)
        manage.stack.wait_for(lambda: manage.message(message_id)["conflicts"] == 1)
        [listed] = manage.ok("GET", f"/{{env}}/messages?user_id={quote(user)}")["data"]
        assert listed["conflicts"] == 1


def new_key(manage: Manage, scope: str) -> str:
    """Make a client key."""
    return str(manage.ok("POST", "/client_keys", {"environment": manage.environment, "scope": scope})["key"])
