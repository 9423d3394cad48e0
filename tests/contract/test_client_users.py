"""What the Client API's requests make of users, seen through the other APIs."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contract.client_api import ACCEPTED, DENIED, NO_ID, NOT_FOUND, UNAUTHORIZED, Client, refused, unique
from tests.local_stack import Stack

IN_PROCESS = True

DEVICE = {"device_id": "d", "os": "iOS 16.3", "model": "iPhone15,2", "app_build": "465", "app_version": "1.2.4"}
INBOX = {"name": "inbox", "channel": "app", "template": {"title": "T {{ n }}", "body": "B", "data": {"n": "{{ n }}"}}}


@pytest.fixture(scope="module")
def client(local_stack: Stack) -> Client:
    return Client(local_stack, local_stack.demo["public_key"], local_stack.demo["api_token"])


@pytest.fixture(scope="module")
def secret(local_stack: Stack) -> Client:
    return Client(local_stack, local_stack.demo["secret_key"], local_stack.demo["api_token"])


@pytest.fixture(scope="module")
def inbox(client: Client) -> str:
    """Return the name of an event that makes an app notification."""
    name = unique("Inbox ")
    client.event_type(name, INBOX)
    return name


def wait(client: Client, user: str, **expected: Any) -> dict[str, Any]:
    """Wait until a user is as expected."""

    def look() -> dict[str, Any] | None:
        shown = client.user(user)
        return shown if shown and all(shown.get(name) == value for name, value in expected.items()) else None

    return client.stack.wait_for(look)


def wait_for_contacts(client: Client, user: str, *expected: tuple[str, str]) -> None:
    client.stack.wait_for(lambda: set(client.contacts(user)) == set(expected))


class TestIdentify:
    def test_it_makes_a_user_with_contact_infos(self, client: Client) -> None:
        user = unique()
        body = {
            "external_id": user,
            "email": f"{user}@example.com",
            "phone": "+123",
            "timezone": "America/Chicago",
            "locale": "en",
            "data": {"first_name": "John", "last_name": "Smith", "has_completed_onboarding": True},
        }
        client.accept("identify", body)
        wait(client, user, meta=body["data"], timezone="America/Chicago", locale="en")
        wait_for_contacts(client, user, ("email", f"{user}@example.com"), ("mobile_number", "+123"))

    def test_an_email_is_not_checked(self, client: Client) -> None:
        user = unique()
        client.accept("identify", {"external_id": user, "email": "notanemail"})
        client.wait_for_user(user)
        wait_for_contacts(client, user, ("email", "notanemail"))

    def test_an_anonymous_profile_has_the_id_of_its_anonymous_id(self, client: Client) -> None:
        anonymous = unique("a")
        client.accept("identify", {"anonymous_id": anonymous, "external_id": None, "data": {"a": None}})
        assert wait(client, f"anon:{anonymous}", meta={"a": None})

    def test_null_removes_what_identify_said(self, client: Client) -> None:
        user = unique()
        client.accept("identify", {"external_id": user, "email": "a@example.com", "timezone": "Europe/Rome"})
        wait(client, user, timezone="Europe/Rome")
        client.accept("identify", {"external_id": user, "email": None, "timezone": None, "data": None})
        client.stack.wait_for(lambda: "timezone" not in (client.user(user) or {"timezone": 1}))
        wait_for_contacts(client, user)

    def test_the_javascript_sdk_aliases_by_identify(self, client: Client) -> None:
        user, anonymous = unique(), unique("a")
        client.accept("identify", {"anonymous_id": anonymous, "external_id": user})
        client.wait_for_user(user)
        client.accept("identify", {"anonymous_id": anonymous, "data": {"later": 1}})
        wait(client, user, meta={"later": 1})
        assert client.user(f"anon:{anonymous}") is None


class TestAlias:
    def test_a_profile_and_a_user_become_one(self, client: Client, secret: Client, inbox: str) -> None:
        user, anonymous, message = unique(), unique("a"), unique("m")
        client.accept("identify", {"anonymous_id": anonymous, "email": f"{anonymous}@example.com", "data": {"a": 1}})
        client.accept("devices", {"anonymous_id": anonymous, **DEVICE, "token": f"token-{anonymous}"})
        event = {"anonymous_id": anonymous, "name": inbox, "message_id": message, "data": {"n": 1}}
        client.accept("events", [event])
        client.message(message)
        wait(client, f"anon:{anonymous}", meta={"a": 1})
        both = {("email", f"{anonymous}@example.com"), ("firebase_token", f"token-{anonymous}")}
        wait_for_contacts(client, f"anon:{anonymous}", *both)
        client.accept("identify", {"external_id": user, "phone": "+1", "data": {"u": 1}})
        wait(client, user, meta={"u": 1})
        client.accept("alias", {"anonymous_id": anonymous, "external_id": user})
        wait(client, user, meta={"u": 1, "a": 1})
        wait_for_contacts(client, user, *both, ("mobile_number", "+1"))
        client.stack.wait_for(lambda: len(notifications(secret, {"x-external-id": user})) == 1)
        assert client.user(f"anon:{anonymous}") is None
        assert client.message(message)["user_id"] == f"anon:{anonymous}"

    def test_a_profile_becomes_a_user_who_was_unknown(self, client: Client) -> None:
        user, anonymous = unique(), unique("a")
        client.accept("identify", {"anonymous_id": anonymous, "data": {"a": 1}})
        profile = wait(client, f"anon:{anonymous}", meta={"a": 1})
        client.accept("alias", {"anonymous_id": anonymous, "external_id": user})
        assert wait(client, user, meta={"a": 1})["created_at"] == profile["created_at"]
        assert client.user(f"anon:{anonymous}") is None

    def test_an_unknown_anonymous_id_makes_an_empty_user_and_reaches_it(self, client: Client) -> None:
        user, anonymous, message = unique(), unique("a"), unique("m")
        client.accept("alias", {"anonymous_id": anonymous, "external_id": user})
        wait(client, user, meta={})
        client.accept("events", [{"anonymous_id": anonymous, "name": "Opened", "message_id": message}])
        assert client.message(message)["user_id"] == user

    def test_a_second_alias_to_another_user_changes_nothing(self, client: Client) -> None:
        user, other, anonymous = unique(), unique(), unique("a")
        client.accept("alias", {"anonymous_id": anonymous, "external_id": user})
        client.wait_for_user(user)
        client.accept("alias", {"anonymous_id": anonymous, "external_id": other})
        client.accept("identify", {"anonymous_id": anonymous, "data": {"a": 1}})
        wait(client, user, meta={"a": 1})
        assert client.user(other) is None


class TestDevices:
    def test_a_token_becomes_a_contact_info(self, client: Client) -> None:
        user = unique()
        client.accept("devices", {"external_id": user, "anonymous_id": None, **DEVICE, "token": user, "sdk_version": 3})
        wait_for_contacts(client, user, ("firebase_token", user))
        assert client.contacts(user) == {("firebase_token", user): "iOS 16.3"}

    def test_a_token_that_another_user_has_moves(self, client: Client) -> None:
        first, second, token = unique(), unique(), unique("token")
        client.accept("devices", {"external_id": first, **DEVICE, "token": token})
        wait_for_contacts(client, first, ("firebase_token", token))
        client.accept("devices", {"external_id": second, **DEVICE, "token": token})
        wait_for_contacts(client, second, ("firebase_token", token))
        assert client.contacts(first) == {}

    def test_a_new_token_replaces_the_old_one(self, client: Client) -> None:
        user = unique()
        client.accept("devices", {"external_id": user, **DEVICE, "token": f"{user}-1"})
        wait_for_contacts(client, user, ("firebase_token", f"{user}-1"))
        client.accept("devices", {"external_id": user, **DEVICE, "token": f"{user}-2"})
        wait_for_contacts(client, user, ("firebase_token", f"{user}-2"))

    def test_a_notification_reaches_the_devices_of_an_os(self, client: Client) -> None:
        user, name, message = unique(), unique("Push "), unique("m")
        template = {"title": "T", "body": "B"}
        client.event_type(name, {"name": "phone", "channel": "push", "to": {"filterable": "ios"}, "template": template})
        client.accept("devices", {"external_id": user, **DEVICE, "token": f"{user}-ios"})
        client.accept(
            "devices",
            {"external_id": user, **DEVICE, "device_id": "d2", "os": "Android 14", "token": f"{user}-android"},
        )
        wait_for_contacts(client, user, ("firebase_token", f"{user}-ios"), ("firebase_token", f"{user}-android"))
        client.accept("events", [{"external_id": user, "name": name, "message_id": message}])
        deliveries = client.message(message)["deliveries"]
        assert [(each["to"], each["status"]) for each in deliveries] == [(f"{user}-ios", "success")]


class TestEvents:
    @pytest.mark.over_http
    def test_an_event_runs_through_the_pipeline(self, client: Client) -> None:
        user, name = unique(), unique("Product Purchased ")
        template = {"subject": "Thanks", "text": "You bought {{ quantity }} of {{ product_id }}."}
        client.event_type(name, {"name": "mail", "channel": "email", "template": template})
        event = {
            "external_id": user,
            "name": name,
            "data": {"product_id": 12345, "price": 49.99, "quantity": 4},
            "user": {"email": f"{user}@example.com", "data": {"vip": True}, "other": 1},
            "created_at": "2020-01-01",
        }
        client.accept("events", [event])
        [mail] = client.stack.wait_for(lambda: client.stack.outbox(f"{user}@example.com"))
        assert mail["text"] == "You bought 4 of 12345."
        [message] = client.messages(user_id=user)
        assert (message["source"], message["event_type"], message["data"]) == ("client", name, event["data"])
        assert message["extra"] == {"created_at": "2020-01-01"}
        assert (client.user(user) or {})["meta"] == {"vip": True}

    def test_the_android_sdks_properties_are_data(self, client: Client) -> None:
        anonymous, message = unique("A"), unique("m")
        event = {"anonymous_id": anonymous, "external_id": None, "name": "Opened", "properties": {"screen": "home"}}
        client.accept("events", [{**event, "message_id": message}])
        shown = client.message(message)
        assert shown["data"] == {"screen": "home"}
        assert shown["user_id"] == f"anon:{anonymous}"

    @pytest.mark.parametrize("more", [{}, {"name": None}, {"name": ""}, {"data": None}])
    def test_an_event_without_a_name_is_unnamed(self, client: Client, more: dict[str, Any]) -> None:
        user = unique()
        client.accept("events", [{"external_id": user, **more}])
        [message] = client.stack.wait_for(lambda: client.messages(user_id=user))
        assert (message["event_type"], message["data"]) == ("unnamed", {})

    def test_a_repetition_with_message_ids_is_no_new_event(self, client: Client, secret: Client, inbox: str) -> None:
        user = unique()
        events = [{"external_id": user, "name": inbox, "message_id": unique("m"), "data": {"n": n}} for n in range(3)]
        for _ in range(2):
            client.accept("events", events)
        client.stack.wait_for(lambda: len(client.messages(user_id=user)) == 3)
        client.settle()
        client.stack.wait_for(lambda: len(notifications(secret, {"x-external-id": user})) == 3)
        assert len(client.messages(user_id=user)) == 3

    def test_an_idempotency_key_names_the_events(self, client: Client) -> None:
        user, key = unique(), unique("key")
        for _ in range(2):
            client.accept("events", [{"external_id": user}, {"external_id": user}], {"Idempotency-Key": key})
            client.accept("track", {"external_id": user, "event": "E"}, {"Idempotency-Key": f"{key}-one"})
        client.stack.wait_for(lambda: len(client.messages(user_id=user)) == 3)
        client.settle()
        ids = sorted(message["message_id"] for message in client.messages(user_id=user))
        assert ids == sorted([f"{key}:0", f"{key}:1", f"{key}-one"])

    def test_without_an_id_every_call_is_new(self, client: Client) -> None:
        user = unique()
        for _ in range(2):
            client.accept("events", [{"external_id": user, "name": "Opened"}])
        client.stack.wait_for(lambda: len(client.messages(user_id=user)) == 2)

    def test_a_hundred_events_are_all_processed(self, client: Client) -> None:
        user = unique()
        client.accept("events", [{"external_id": user, "name": "Many", "data": {"n": n}} for n in range(100)])
        client.stack.wait_for(lambda: len(client.messages(user_id=user, event_type="Many")) == 100, 60)
        assert {message["data"]["n"] for message in client.messages(user_id=user, event_type="Many")} == set(range(100))

    @pytest.mark.parametrize("body", [{"event": "Tracked"}, {"name": "Tracked"}, {"event": "Tracked", "name": "no"}])
    def test_track_takes_one_event(self, client: Client, body: dict[str, Any]) -> None:
        user = unique()
        client.accept("track", {"external_id": user, **body, "data": {"a": 1}})
        [message] = client.stack.wait_for(lambda: client.messages(user_id=user))
        assert (message["event_type"], message["data"]) == ("Tracked", {"a": 1})

    def test_track_takes_an_array_as_events_does(self, client: Client) -> None:
        user = unique()
        client.accept("track", [{"external_id": user, "name": "One"}, {"external_id": user, "name": "Two"}])
        client.stack.wait_for(lambda: len(client.messages(user_id=user)) == 2)


def notifications(client: Client, headers: dict[str, str], query: str = "") -> list[dict[str, Any]]:
    """Return a page of unread notifications."""
    sent = {"Authorization": f"Bearer {client.key}", **headers}
    answer = client.stack.request("GET", f"/api/client/notifications{query}", None, sent)
    assert answer.status == 200, answer.body
    found: list[dict[str, Any]] = answer.json()["results"]
    return found


class TestNotifications:
    @pytest.fixture
    def user(self, client: Client, inbox: str) -> str:
        """Return a user with three unread notifications."""
        user = unique()
        for number in range(3):
            message = unique("m")
            event = {"external_id": user, "anonymous_id": f"a-{user}", "name": inbox, "data": {"n": number}}
            client.accept("events", [{**event, "message_id": message}])
            client.message(message)
        return user

    def test_they_are_listed_newest_first(self, secret: Client, user: str) -> None:
        found = notifications(secret, {"x-external-id": user})
        assert [each["content"]["title"] for each in found] == ["T 2", "T 1", "T 0"]
        assert set(found[0]) == {"id", "content_type", "content", "read_at", "expires_at"}
        assert found[0]["content"] == {"title": "T 2", "body": "B", "custom": {"n": "2"}}
        assert (found[0]["content_type"], found[0]["read_at"], found[0]["expires_at"]) == ("banner", None, None)

    def test_an_anonymous_id_finds_them_too_and_the_external_one_wins(self, secret: Client, user: str) -> None:
        assert len(notifications(secret, {"x-anonymous-id": f"a-{user}"})) == 3
        assert len(notifications(secret, {"x-anonymous-id": "nobody", "x-external-id": user})) == 3

    def test_they_come_by_page(self, secret: Client, user: str) -> None:
        headers = {"Authorization": f"Bearer {secret.key}", "x-external-id": user}
        first = secret.stack.request("GET", "/api/client/notifications?limit=2", None, headers).json()
        assert (len(first["results"]), first["limit"]) == (2, 2)
        path = f"/api/client/notifications?limit=2&cursor={first['nextCursor']}"
        second = secret.stack.request("GET", path, None, headers).json()
        assert [each["content"]["title"] for each in second["results"]] == ["T 0"]
        assert "nextCursor" not in second

    @pytest.mark.parametrize("limit", ["0", "101", "x", "-1"])
    def test_a_wrong_limit_is_refused(self, secret: Client, limit: str) -> None:
        answer = secret.call("GET", f"notifications?limit={limit}", None, {"x-external-id": "u"})
        assert answer == refused("The value of `limit` must be a integer from 1 to 100.")

    def test_a_wrong_cursor_is_refused(self, secret: Client) -> None:
        answer = secret.call("GET", "notifications?cursor=a", None, {"x-external-id": "u"})
        assert answer == refused("The value of `cursor` must be a cursor.")

    def test_a_public_key_may_not_list_them(self, client: Client, user: str) -> None:
        assert client.call("GET", "notifications", None, {"x-external-id": user}) == DENIED

    def test_no_key_may_not_list_them(self, client: Client) -> None:
        assert Client(client.stack, "", "").call("GET", "notifications") == UNAUTHORIZED

    def test_nobody_named_is_refused(self, secret: Client) -> None:
        assert secret.call("GET", "notifications") == refused(NO_ID)

    def test_an_unknown_user_is_not_found(self, secret: Client) -> None:
        assert secret.call("GET", "notifications", None, {"x-external-id": unique()}) == NOT_FOUND
        assert secret.call("GET", "notifications", None, {"x-anonymous-id": unique()}) == NOT_FOUND

    @pytest.mark.parametrize("by", ["external_id", "anonymous_id"])
    def test_the_user_marks_one_as_read(self, client: Client, secret: Client, user: str, by: str) -> None:
        newest = notifications(secret, {"x-external-id": user})[0]["id"]
        body = {by: user if by == "external_id" else f"a-{user}"}
        for _ in range(2):
            assert client.call("PUT", f"notifications/{newest}", body) == ACCEPTED
        titles = [each["content"]["title"] for each in notifications(secret, {"x-external-id": user})]
        assert titles == ["T 1", "T 0"]

    def test_nobody_marks_anothers(self, client: Client, secret: Client, user: str) -> None:
        newest = notifications(secret, {"x-external-id": user})[0]["id"]
        assert client.call("PUT", f"notifications/{newest}", {"external_id": unique()}) == ACCEPTED
        assert len(notifications(secret, {"x-external-id": user})) == 3

    def test_an_unknown_one_is_no_error(self, client: Client) -> None:
        assert client.call("PUT", "notifications/unknown", {"external_id": "u"}) == ACCEPTED
        assert client.call("PUT", "notifications/unknown", {"external_id": "u"}) == ACCEPTED

    def test_whose_it_is_must_be_said(self, client: Client) -> None:
        assert client.call("PUT", "notifications/1", {}) == refused(NO_ID)
        assert client.call("PUT", "notifications/1", []) == refused("The value of `` must be a object.")

    def test_marking_needs_a_key(self, client: Client) -> None:
        assert Client(client.stack, "", "").call("PUT", "notifications/1", {"external_id": "u"}) == UNAUTHORIZED
