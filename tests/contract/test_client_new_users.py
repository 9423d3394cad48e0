"""What comes of a new user: `user_created`, once, and the anonymous visitor that he was before."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contract.app_client import DEVICE, TOKEN_REQUIRED, App
from tests.contract.client_api import ACCEPTED, Client, unique
from tests.contract.manage_client import MAIL, Manage

IN_PROCESS = True


@pytest.fixture(scope="module")
def app(manage: Manage) -> App:
    """Return an app in an environment of its own."""
    return App(manage)


def created(client: Client, user: str) -> list[dict[str, Any]]:
    """Return the messages that tell of a user."""
    return client.messages(event_type="user_created", user_id=user)


def told(client: Client, user: str) -> dict[str, Any]:
    """Wait for the message that tells of a user; return it."""
    [message] = client.stack.wait_for(lambda: created(client, user))
    return dict(message)


class TestUserCreated:
    def test_identify_of_an_unknown_user_tells_its_body(self, app: App) -> None:
        user = unique()
        body: dict[str, Any] = {"external_id": user, "anonymous_id": None, "email": f"{user}@example.com"}
        body |= {"timezone": "Asia/Tokyo", "phone": None, "data": {"first_name": "Zoë", "n": None}}
        app.accept("identify", body)
        message = told(app.server, user)
        assert message["data"] == body
        assert message["source"] == "client"
        app.accept("identify", {"external_id": user, "data": {"again": True}})
        app.server.settle()
        assert len(created(app.server, user)) == 1

    @pytest.mark.parametrize(
        ("route", "body"),
        [("events", [{"name": "Opened", "user": {"locale": "it"}}]), ("devices", DEVICE), ("track", {"event": "x"})],
    )
    @pytest.mark.parametrize("by", ["external_id", "anonymous_id"])
    def test_whatever_names_it_first_tells(self, app: App, route: str, body: Any, by: str) -> None:
        named = unique()
        user = named if by == "external_id" else f"anon:{named}"
        for _ in range(2):
            app.accept(route, [{**body[0], by: named}] if isinstance(body, list) else {**body, by: named})
        message = told(app.server, user)
        assert message["data"] == {by: named, **({"locale": "it"} if route == "events" else {})}
        app.server.settle()
        assert len(created(app.server, user)) == 1

    def test_a_profile_that_becomes_a_user_is_no_new_one(self, app: App) -> None:
        anonymous, user = unique("a"), unique()
        app.accept("identify", {"anonymous_id": anonymous})
        told(app.server, f"anon:{anonymous}")
        app.accept("alias", {"anonymous_id": anonymous, "external_id": user})
        app.server.wait_for_user(user)
        app.accept("identify", {"anonymous_id": anonymous, "external_id": user, "locale": "it"})
        app.server.settle()
        assert created(app.server, user) == []

    def test_alias_of_two_unknown_ids_makes_one(self, app: App) -> None:
        body = {"anonymous_id": unique("a"), "external_id": unique()}
        app.accept("alias", body)
        assert told(app.server, body["external_id"])["data"] == body

    def test_a_user_that_another_api_made_is_no_new_one(self, app: App) -> None:
        user = app.manage.user()
        app.accept("identify", {"external_id": user, "locale": "it"})
        app.server.settle()
        assert created(app.server, user) == []

    def test_its_mail_goes_to_the_address_that_identify_gives(self, manage: Manage) -> None:
        app, user = App(manage), unique()
        app.server.event_type("user_created", {**MAIL, "when": "data.data.name == 'Łukasz'"})
        app.accept("identify", {"external_id": user, "email": f"{user}@example.com", "data": {"name": "Łukasz"}})
        [delivery] = app.server.message(told(app.server, user)["message_id"])["deliveries"]
        assert (delivery["to"], delivery["status"]) == (f"{user}@example.com", "success")

    def test_of_a_public_key_it_delivers_nothing_where_servers_alone_send(self, manage: Manage) -> None:
        app = App(manage)
        path = "/manage/{env}/event_types/user_created"
        assert app.public.ask("PUT", path, {"notifications": [MAIL], "public": False}).status == 200
        for client, skipped in ((app.public, ["not public"]), (app.server, [])):
            user = unique()
            client.accept("identify", {"external_id": user, "email": f"{user}@example.com"})
            message = app.server.message(told(app.server, user)["message_id"])
            assert [each["reason"] for each in message["skipped"]] == skipped


class TestBothIds:
    def visitor(self, app: App) -> str:
        """Return the anonymous id of somebody with an address, data and a device."""
        anonymous = unique("a")
        app.accept("identify", {"anonymous_id": anonymous, "email": f"{anonymous}@example.com", "data": {"ref": "n"}})
        app.accept("devices", {**DEVICE, "anonymous_id": anonymous, "token": f"t-{anonymous}"})
        app.server.stack.wait_for(lambda: len(app.server.contacts(f"anon:{anonymous}")) == 2)
        return anonymous

    @pytest.mark.parametrize(
        ("route", "body"),
        [("identify", {"data": {"plan": "pro"}}), ("devices", DEVICE), ("events", {"name": "x"}), ("track", {})],
    )
    @pytest.mark.parametrize("user_is", ["known", "unknown"])
    def test_the_profile_becomes_the_user(self, app: App, route: str, body: Any, user_is: str) -> None:
        anonymous, user = self.visitor(app), unique()
        if user_is == "known":
            app.server.accept("identify", {"external_id": user, "data": {"own": 1}})
            app.server.wait_for_user(user)
        sent = {**body, "anonymous_id": anonymous, "external_id": user}
        app.accept(route, [sent] if route == "events" else sent)
        app.server.stack.wait_for(lambda: app.server.user(f"anon:{anonymous}") is None)
        wanted = {("email", f"{anonymous}@example.com"), ("firebase_token", f"t-{anonymous}")}
        app.server.stack.wait_for(lambda: wanted <= set(app.server.contacts(user)))
        shown = app.server.wait_for_user(user)
        assert shown["meta"]["ref"] == "n"
        assert shown["meta"].get("own") == (1 if user_is == "known" else None)
        app.accept("identify", {"anonymous_id": anonymous, "data": {"later": True}})
        app.server.stack.wait_for(lambda: (app.server.user(user) or {})["meta"].get("later"))

    def test_it_happens_once(self, app: App) -> None:
        anonymous, user, other = self.visitor(app), unique(), unique()
        app.accept("identify", {"anonymous_id": anonymous, "external_id": user})
        app.server.stack.wait_for(lambda: app.server.user(f"anon:{anonymous}") is None)
        app.accept("identify", {"anonymous_id": anonymous, "external_id": other, "locale": "it"})
        shown = app.server.wait_for_user(other)
        assert (shown["meta"], shown["contact_infos"]) == ({}, [])
        assert ("email", f"{anonymous}@example.com") in app.server.contacts(user)

    def test_where_tokens_are_asked_for_it_needs_the_users(self, manage: Manage) -> None:
        app = App(manage, identity="verified")
        anonymous, user = unique("a"), unique()
        app.accept("identify", {"anonymous_id": anonymous, "data": {"ref": "n"}})
        app.server.wait_for_user(f"anon:{anonymous}")
        body = {"anonymous_id": anonymous, "external_id": user}
        for token in (None, app.token(unique()), app.token(user, anonymous_id="other")):
            assert app.post("identify", body, token) == TOKEN_REQUIRED
        assert app.post("identify", body, app.token(user)) == ACCEPTED
        assert app.server.wait_for_user(user)["meta"] == {"ref": "n"}
