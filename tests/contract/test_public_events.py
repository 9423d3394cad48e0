"""What a public key's event may cause, and what its data may not pose as; and why a notification made no delivery."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contract.client_api import Client, unique
from tests.contract.manage_client import INBOX, MAIL, PHONE, TEXT, Manage, mail
from tests.contract.test_public_message_ids import new_key
from tests.local_stack import Stack

IN_PROCESS = True

NAMES = ("unsubscribe_url", "contact", "user", "message")
#: What an attacker would have a mail say.
EVIL = "https://evil.example/"
#: A template that names all of them, at top level and below.
TEXT_OF_ALL = "|".join(f"{{{{ {name} }}}}{{{{ {name}.name }}}}" for name in NAMES)


@pytest.fixture(scope="module")
def manage(local_stack: Stack) -> Manage:
    return Manage(local_stack, local_stack.demo["api_token"]).in_environment(mock=True)


@pytest.fixture(scope="module")
def app(manage: Manage) -> Client:
    return Client(manage.stack, new_key(manage, "public"), manage.token, manage.environment)


@pytest.fixture(scope="module")
def server(manage: Manage) -> Client:
    return Client(manage.stack, new_key(manage, "secret"), manage.token, manage.environment)


@pytest.fixture(scope="module")
def clients(app: Client, server: Client) -> dict[str, Client]:
    return {"app": app, "server": server}


@pytest.fixture(scope="module")
def user(server: Client) -> str:
    """Return a user whom every channel reaches."""
    user = unique()
    server.accept("identify", {"external_id": user, "email": f"{user}@example.com", "phone": "+15550001", "data": {}})
    device = {"device_id": user, "os": "iOS", "model": "m", "app_build": "1", "app_version": "1", "token": user}
    server.accept("devices", {"external_id": user, **device})
    server.stack.wait_for(lambda: len(server.contacts(user)) == 3)
    return user


def sent(client: Client, event_type: str, user: str, data: dict[str, Any] | None = None) -> dict[str, Any]:
    """Send an event with a client key; return its message when its deliveries are final."""
    message_id = unique("m")
    client.accept("events", [{"external_id": user, "name": event_type, "message_id": message_id, "data": data}])
    return client.message(message_id)


class TestReservedNames:
    @pytest.mark.parametrize(
        "notification",
        [
            mail(TEXT_OF_ALL, TEXT_OF_ALL, html=TEXT_OF_ALL),
            {**TEXT, "template": {"text": TEXT_OF_ALL}},
            {**PHONE, "template": {"title": TEXT_OF_ALL, "body": TEXT_OF_ALL, "data": {"a": {"b": [TEXT_OF_ALL]}}}},
            {**INBOX, "template": {"title": TEXT_OF_ALL, "body": TEXT_OF_ALL, "data": {"a": TEXT_OF_ALL}}},
        ],
        ids=lambda notification: notification["channel"],
    )
    @pytest.mark.parametrize("value", [EVIL, {"name": EVIL}])
    def test_no_channel_takes_them_from_the_data_of_a_public_key(
        self, app: Client, manage: Manage, user: str, notification: dict[str, Any], value: Any
    ) -> None:
        shown = sent(app, manage.configure(notification), user, dict.fromkeys(NAMES, value))
        [delivery] = shown["deliveries"]
        assert delivery["status"] == "mocked"
        assert EVIL not in str(delivery["rendered"])

    @pytest.mark.parametrize("name", ["unsubscribe_url", "contact"])
    def test_these_are_never_a_servers_data_either(self, manage: Manage, name: str, user: str) -> None:
        push = {**PHONE, "template": {"title": "t", "body": f"[{{{{ {name} }}}}]"}}
        deliveries = manage.told(mail(text=f"[{{{{ {name} }}}}]"), push, user_id=user, data={name: EVIL})
        assert len(deliveries) == 2
        assert EVIL not in str([each["rendered"] for each in deliveries])

    @pytest.mark.parametrize("name", ["user", "message", "client", "otp"])
    def test_a_servers_data_come_before_the_others(self, server: Client, manage: Manage, user: str, name: str) -> None:
        event_type = manage.configure(mail(text=f"{{{{ {name} }}}}"))
        [delivery] = sent(server, event_type, user, {name: "given"})["deliveries"]
        assert delivery["rendered"]["text"] == "given"

    @pytest.mark.parametrize("who", ["app", "server"])
    @pytest.mark.parametrize("name", NAMES)
    def test_they_stay_under_data(
        self, clients: dict[str, Client], manage: Manage, user: str, who: str, name: str
    ) -> None:
        event_type = manage.configure(mail(text=f"{{{{ data.{name} }}}}"))
        [delivery] = sent(clients[who], event_type, user, {name: "given"})["deliveries"]
        assert delivery["rendered"]["text"] == "given"

    def test_what_a_public_key_sends_as_data_is_all_of_it(self, app: Client, manage: Manage, user: str) -> None:
        event_type = manage.configure(mail(text="{{ data.user }}|{{ data.data.x }}|{{ otp }}"))
        [delivery] = sent(app, event_type, user, {"user": "u", "data": {"x": "y"}, "otp": "1"})["deliveries"]
        assert delivery["rendered"]["text"] == "u|y|1"

    def test_they_have_their_own_meaning(self, app: Client, manage: Manage, user: str) -> None:
        text = "{{ user.user_id }} {{ message.event_type }} {{ contact.value }} {{ unsubscribe_url }}"
        event_type = manage.configure(mail(text=text))
        [delivery] = sent(app, event_type, user, dict.fromkeys(NAMES, EVIL))["deliveries"]
        own, type_, address, url = delivery["rendered"]["text"].split(" ")
        assert (own, type_, address) == (user, event_type, f"{user}@example.com")
        assert url.startswith(f"{manage.stack.base_url}/u/")

    @pytest.mark.parametrize(
        ("name", "when"),
        [
            ("user", 'user.plan == "pro"'),
            ("message", 'message.plan == "pro"'),
            ("contact", 'contact.plan == "pro"'),
            ("unsubscribe_url", 'unsubscribe_url.plan == "pro"'),
        ],
    )
    def test_they_decide_no_condition(
        self, app: Client, server: Client, manage: Manage, user: str, name: str, when: str
    ) -> None:
        event_type = manage.configure({**mail(), "when": when})
        assert sent(app, event_type, user, {name: {"plan": "pro"}})["deliveries"] == []
        of_server = sent(server, event_type, user, {name: {"plan": "pro"}})["deliveries"]
        assert len(of_server) == (name in ("user", "message"))


class TestPublic:
    def test_an_event_of_a_public_key_delivers_nothing_where_the_event_type_says_so(
        self, app: Client, manage: Manage, user: str
    ) -> None:
        event_type = private(manage, MAIL, TEXT, {**INBOX, "when": "false"})
        shown = sent(app, event_type, user, {"otp": 1})
        assert (shown["event_type"], shown["data"], shown["deliveries"]) == (event_type, {"otp": 1}, [])
        assert shown["skipped"] == [
            {"notification": name, "reason": "not public"} for name in ("mail", "text", "inbox")
        ]
        assert shown["reason"] is None

    def test_events_of_servers_are_delivered(self, server: Client, manage: Manage, user: str) -> None:
        event_type = private(manage, MAIL)
        assert len(sent(server, event_type, user, {"otp": 1})["deliveries"]) == 1
        assert len(manage.message(manage.ingest(event_type, user_id=user))["deliveries"]) == 1

    @pytest.mark.parametrize("members", [{}, {"public": True}, {"public": None}])
    def test_any_other_event_type_is_public(
        self, app: Client, manage: Manage, user: str, members: dict[str, Any]
    ) -> None:
        event_type = private(manage, MAIL, **members) if members else manage.configure(MAIL)
        assert len(sent(app, event_type, user, {"otp": 1})["deliveries"]) == 1

    def test_it_is_shown_as_it_was_given(self, manage: Manage) -> None:
        name = private(manage, MAIL)
        path = f"/{{env}}/event_types/{name}"
        assert manage.ok("GET", path)["public"] is False
        listed = {each["event_type"]: each for each in manage.ok("GET", "/{env}/event_types?limit=100")["data"]}
        assert listed[name]["public"] is False
        assert manage.ok("PUT", path, {"notifications": [MAIL], "public": True})["public"] is True
        assert "public" not in manage.ok("PUT", path, {"notifications": [MAIL]})
        assert "public" not in manage.ok("GET", path)

    @pytest.mark.parametrize("value", ["false", 0, 1, [], {}])
    def test_it_is_a_boolean(self, manage: Manage, value: Any) -> None:
        body = {"notifications": [MAIL], "public": value}
        assert set(manage.errors("PUT", f"/{{env}}/event_types/{unique()}", body)) == {"public"}

    def test_a_replay_delivers_nothing_either(self, app: Client, manage: Manage, user: str) -> None:
        event_type = private(manage, MAIL)
        shown = sent(app, event_type, user)
        manage.configure(MAIL, event_type=event_type)
        assert manage.ok("POST", "/{env}/replays", {"message_id": shown["message_id"]})["deliveries"] == []


def private(manage: Manage, *notifications: dict[str, Any], **members: Any) -> str:
    """Configure an event type that no public key may cause."""
    name = unique("event")
    manage.ok("PUT", f"/{{env}}/event_types/{name}", {"notifications": notifications, "public": False, **members})
    return name


class TestSkipped:
    def test_a_condition_that_does_not_hold_is_a_reason(self, manage: Manage, user: str) -> None:
        event_type = manage.configure(
            {**MAIL, "when": "data.n > 1"}, {**TEXT, "when": "data.n < 2"}, {**INBOX, "when": "data.n == 3"}
        )
        shown = manage.message(manage.ingest(event_type, user_id=user, data={"n": 1}))
        assert [each["notification"] for each in shown["deliveries"]] == ["text"]
        assert shown["skipped"] == [
            {"notification": name, "reason": "condition does not hold"} for name in ("mail", "inbox")
        ]

    def test_so_is_one_that_cannot_be_evaluated(self, manage: Manage, user: str) -> None:
        event_type = manage.configure({**MAIL, "when": "data.n > 1"}, {**TEXT, "when": "data.m"})
        shown = manage.message(manage.ingest(event_type, user_id=user, data={"n": "many"}))
        mailed, texted = shown["skipped"]
        assert mailed["notification"] == "mail"
        assert mailed["reason"].startswith("condition cannot be evaluated: ")
        assert texted == {"notification": "text", "reason": "condition does not hold"}

    def test_a_notification_without_a_recipient_has_a_delivery(self, manage: Manage) -> None:
        shown = manage.message(manage.ingest(manage.configure(MAIL)))
        assert [each["status"] for each in shown["deliveries"]] == ["no_contact"]
        assert (shown["skipped"], shown["reason"]) == ([], None)

    def test_a_message_says_that_nothing_is_configured_for_it(self, manage: Manage) -> None:
        unknown = manage.message(manage.ingest(unique("unknown")))
        empty = manage.message(manage.ingest(manage.configure()))
        assert (unknown["reason"], unknown["skipped"]) == ("event type is not configured", [])
        assert (empty["reason"], empty["skipped"]) == ("event type has no notifications", [])

    def test_a_list_says_it_too(self, manage: Manage) -> None:
        event_type = manage.configure({**MAIL, "when": "false"})
        manage.message(manage.ingest(event_type))
        [listed] = manage.ok("GET", f"/{{env}}/messages?event_type={event_type}")["data"]
        assert listed["skipped"] == [{"notification": "mail", "reason": "condition does not hold"}]
        assert listed["reason"] is None
