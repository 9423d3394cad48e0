"""Addresses that only a public key gave: marked, never in the place of a verified one, and left out where asked for."""

from __future__ import annotations

from typing import Any

import pytest

from nereid.core.audience import contact_infos, identify_user, register_device
from tests.contract.app_client import DEVICE, App
from tests.contract.client_api import unique
from tests.contract.manage_client import MAIL, PHONE, TEXT, Manage

IN_PROCESS = True
SAFE = {"verified": True}


@pytest.fixture(scope="module")
def app(manage: Manage) -> App:
    """Return an app in an environment that asks for no user tokens."""
    return App(manage)


@pytest.fixture(scope="module")
def strict(manage: Manage) -> App:
    """Return an app in an environment that asks for user tokens."""
    return App(manage, identity="verified")


def reached(app: App, user: str | None, *notifications: Any, **event: Any) -> set[str]:
    """Return the addresses that a message of the server's to a user goes to."""
    name = app.manage.configure(*notifications)
    message = app.manage.message(app.manage.ingest(name, user_id=user, **event))
    return {each["to"] for each in message["deliveries"]}


class TestMarks:
    def test_what_a_public_key_gives_is_not_verified(self, app: App) -> None:
        user = unique()
        app.accept("identify", {"external_id": user, "email": "a@example.com", "phone": "+1"})
        app.accept("events", [{"external_id": user, "name": "x", "user": {"email": "b@example.com"}}])
        app.register(user, unique("token-of-"))
        contacts = app.contacts(user)
        assert len(contacts) == 3
        assert set(contacts.values()) == {False}

    def test_what_a_server_gives_is_verified(self, app: App) -> None:
        user, push = unique(), unique("push")
        app.server.accept("identify", {"external_id": user, "email": "a@example.com"})
        app.server.accept("events", [{"external_id": user, "name": "x", "user": {"phone": "+1"}}])
        app.server.accept("devices", {**DEVICE, "external_id": user, "token": push})
        app.server.settle()
        assert app.contacts(user) == {"a@example.com": True, "+1": True, push: True}

    def test_what_an_api_token_gives_is_verified(self, app: App) -> None:
        user = app.manage.user({"type": "email", "value": "a@example.com"})
        assert app.contacts(user) == {"a@example.com": True}

    def test_a_contact_shows_the_mark_only_if_it_is_not_verified(self, app: App) -> None:
        user = app.manage.user({"type": "mobile_number", "value": "+11"})
        app.accept("identify", {"external_id": user, "email": "a@example.com"})
        shown = app.public.user(user)
        assert shown
        assert [each.get("verified") for each in shown["contact_infos"]] == [None, False]

    @pytest.mark.parametrize("identity", ["open", "verified"])
    def test_a_user_token_verifies_the_addresses_that_it_names(self, team: Manage, identity: str) -> None:
        app, user = App(team, identity=identity), unique()
        token = app.token(user, email="A@example.com", phone="+1")
        app.accept("identify", {"external_id": user, "email": "a@example.com", "phone": "+2"}, token)
        assert app.contacts(user) == {"a@example.com": True, "+2": False}

    @pytest.mark.parametrize(
        ("given", "named"),
        [
            ("0151 12345678", "+49 151 12345678"),
            ("+4915112345678", "0151/12345678"),
            ("015112345678", "(0151) 12345678"),
        ],
    )
    def test_a_phone_is_the_one_that_the_token_names_however_both_are_written(
        self, team: Manage, given: str, named: str
    ) -> None:
        app, user = App(team, identity="verified"), unique()
        app.manage.ok("PUT", "/environments/{env}", {"default_country": "DE"})
        app.accept("identify", {"external_id": user, "phone": given}, app.token(user, phone=named))
        assert app.contacts(user) == {"+4915112345678": True}

    @pytest.mark.parametrize("identity", ["open", "verified"])
    def test_a_user_token_verifies_the_device(self, team: Manage, identity: str) -> None:
        app, user, push = App(team, identity=identity), unique(), unique("push")
        app.register(user, push, app.token(user))
        assert app.contacts(user) == {push: True}

    def test_anothers_token_verifies_nothing(self, app: App) -> None:
        user = unique()
        app.accept("identify", {"external_id": user, "email": "a@example.com"}, app.token("x", email="a@example.com"))
        assert app.contacts(user) == {"a@example.com": False}

    def test_a_token_verifies_the_events_of_its_user_alone(self, app: App) -> None:
        users = [unique(), unique()]
        events = [{"external_id": user, "name": "x", "user": {"email": "a@example.com"}} for user in users]
        app.accept("events", events, app.token(users[0], email="a@example.com"))
        assert [app.contacts(user) for user in users] == [{"a@example.com": True}, {"a@example.com": False}]

    def test_a_token_verifies_what_the_anonymous_profile_gives_that_it_names(self, strict: App) -> None:
        anonymous = unique("a")
        token = strict.token("2", anonymous_id=anonymous, email="a@example.com")
        strict.accept("identify", {"anonymous_id": anonymous, "email": "a@example.com"}, token)
        assert strict.contacts(f"anon:{anonymous}") == {"a@example.com": True}


class TestBecomingVerified:
    @pytest.mark.parametrize("method", ["POST", "PUT"])
    def test_by_an_api_token(self, app: App, method: str) -> None:
        user = unique()
        app.accept("identify", {"external_id": user, "email": "a@example.com"})
        path = f"/neptune/{{env}}/users/{user}/contacts_info"
        body = {"type": "email", "value": "A@example.com", "filterable": "work"}
        assert app.public.ask(method, path, body).status == 200
        assert app.contacts(user) == {"a@example.com": True}
        assert app.public.ask("POST", path, body).status == 422

    def test_by_a_secret_key(self, app: App) -> None:
        user = unique()
        for client in (app.public, app.server):
            client.accept("identify", {"external_id": user, "email": "a@example.com"})
        app.server.settle()
        assert app.contacts(user) == {"a@example.com": True}

    def test_by_a_user_token(self, app: App) -> None:
        user, push = unique(), unique("push")
        for token in (None, app.token(user, email="a@example.com")):
            app.accept("identify", {"external_id": user, "email": "a@example.com"}, token)
            app.register(user, push, token)
        assert app.contacts(user) == {"a@example.com": True, push: True}

    def test_and_never_the_other_way(self, app: App) -> None:
        user, push = unique(), unique("push")
        for token in (app.token(user, email="a@example.com"), None):
            app.accept("identify", {"external_id": user, "email": "a@example.com"}, token)
            app.register(user, push, token)
        assert app.contacts(user) == {"a@example.com": True, push: True}


class TestReplacing:
    def test_an_app_replaces_no_address_of_a_servers(self, app: App) -> None:
        user = unique()
        app.server.accept("identify", {"external_id": user, "email": "fay@example.org", "phone": "+1"})
        app.accept("identify", {"external_id": user, "email": "evil@example.com", "phone": None})
        assert app.contacts(user) == {"fay@example.org": True, "evil@example.com": False, "+1": True}

    def test_an_app_replaces_what_it_gave_itself(self, app: App) -> None:
        user = unique()
        app.accept("identify", {"external_id": user, "email": "old@example.com"})
        app.accept("identify", {"external_id": user, "email": "new@example.com"})
        assert app.contacts(user) == {"new@example.com": False}
        app.accept("identify", {"external_id": user, "email": None})
        assert app.contacts(user) == {}

    def test_a_server_replaces_both(self, app: App) -> None:
        user = unique()
        app.server.accept("identify", {"external_id": user, "email": "fay@example.org"})
        app.accept("identify", {"external_id": user, "email": "evil@example.com"})
        app.server.accept("identify", {"external_id": user, "email": "new@example.org"})
        app.server.settle()
        assert app.contacts(user) == {"new@example.org": True}

    def test_a_user_token_replaces_only_by_what_it_names(self, strict: App) -> None:
        user = unique()
        token = strict.token(user, email="fay@example.org")
        strict.accept("identify", {"external_id": user, "email": "fay@example.org"}, token)
        strict.accept("identify", {"external_id": user, "email": "other@example.org"}, token)
        assert strict.contacts(user) == {"fay@example.org": True, "other@example.org": False}
        named = strict.token(user, email="new@example.org")
        strict.accept("identify", {"external_id": user, "email": "new@example.org"}, named)
        assert strict.contacts(user) == {"new@example.org": True}


class TestAlias:
    def test_contacts_move_with_their_marks(self, app: App) -> None:
        user = app.manage.user({"type": "email", "value": "sam@example.com"})
        anonymous = app.anonymous(email="evil@example.com")
        app.accept("alias", {"anonymous_id": anonymous, "external_id": user})
        assert app.contacts(user) == {"sam@example.com": True, "evil@example.com": False}

    def test_a_profile_that_becomes_a_user_keeps_its_marks(self, app: App) -> None:
        user, anonymous = unique(), app.anonymous(email="evil@example.com")
        app.accept("alias", {"anonymous_id": anonymous, "external_id": user})
        assert app.contacts(user) == {"evil@example.com": False}

    def test_an_address_that_both_have_is_verified_if_one_of_them_is(self, app: App) -> None:
        user, anonymous = unique(), unique("a")
        app.accept("identify", {"external_id": user, "email": "sam@example.com"})
        app.server.accept("identify", {"anonymous_id": anonymous, "email": "sam@example.com"})
        app.accept("alias", {"anonymous_id": anonymous, "external_id": user})
        app.accept("identify", {"anonymous_id": anonymous})
        assert app.contacts(user) == {"sam@example.com": True}


class TestRecipients:
    def test_only_verified_contacts_get_what_says_so(self, app: App) -> None:
        user, push = app.manage.user({"type": "email", "value": "sam@example.com"}), unique("push")
        app.accept("identify", {"external_id": user, "email": "evil@example.com", "phone": "+1"})
        app.register(user, push)
        notifications = [{**each, "to": SAFE} for each in (MAIL, TEXT, PHONE)]
        assert reached(app, user, *notifications) == {"sam@example.com", None}
        assert reached(app, user, MAIL, TEXT, PHONE) == {"sam@example.com", "evil@example.com", "+1", push}

    def test_a_channel_without_a_verified_contact_has_no_contact(self, app: App) -> None:
        user = unique()
        app.accept("identify", {"external_id": user, "email": "evil@example.com"})
        name = app.manage.configure({**MAIL, "to": SAFE})
        [delivery] = app.manage.message(app.manage.ingest(name, user_id=user))["deliveries"]
        assert (delivery["status"], delivery["reason"]) == ("no_contact", "no email contact")

    def test_false_is_as_if_it_was_not_there(self, app: App) -> None:
        user = unique()
        app.accept("identify", {"external_id": user, "email": "a@example.com"})
        assert reached(app, user, {**MAIL, "to": {"verified": False}}) == {"a@example.com"}

    def test_both_a_filterable_and_a_mark_have_to_hold(self, app: App) -> None:
        user = unique()
        pushes = [unique("push") for _ in range(3)]
        for push, os, token in zip(pushes, ("iOS 16", "iOS 16", "Android 14"), (None, "user", "user"), strict=True):
            app.register(user, push, token and app.token(user), os=os, device_id=push)
        to = {"filterable": "ios", "verified": True}
        assert reached(app, user, {**PHONE, "to": to}) == {pushes[1]}

    def test_contacts_that_a_servers_event_gives_are_verified(self, app: App) -> None:
        given = [{"type": "email", "value": "sam@example.com"}]
        assert reached(app, None, {**MAIL, "to": SAFE}, contact_infos=given) == {"sam@example.com"}

    def test_also_those_that_are_stored_unverified(self, app: App) -> None:
        user = unique()
        app.accept("identify", {"external_id": user, "email": "a@example.com"})
        given = [{"type": "email", "value": "A@example.com"}]
        assert reached(app, user, {**MAIL, "to": SAFE}, contact_infos=given) == {"a@example.com"}
        assert app.contacts(user) == {"a@example.com": False}

    def test_an_event_of_an_app_reaches_only_verified_contacts(self, app: App) -> None:
        user, name = (
            app.manage.user({"type": "email", "value": "sam@example.com"}),
            app.manage.configure({**MAIL, "to": SAFE}),
        )
        message_id = unique("m")
        contacts = {"contact_infos": [{"type": "email", "value": "evil@example.com"}]}
        event = {"external_id": user, "name": name, "message_id": message_id, "user": {"email": "evil@example.com"}}
        app.accept("events", [{**event, **contacts}])
        assert [each["to"] for each in app.public.message(message_id)["deliveries"]] == ["sam@example.com"]

    def test_an_event_type_shows_it_as_it_was_given(self, app: App) -> None:
        to = {"filterable": "ios", "verified": True}
        name = app.manage.configure({**PHONE, "to": to})
        assert app.manage.ok("GET", f"/{{env}}/event_types/{name}")["notifications"][0]["to"] == to

    @pytest.mark.parametrize("value", [None, "true", 1, [True]])
    def test_it_is_true_or_false(self, app: App, value: Any) -> None:
        status, answer = app.manage.put_errors({**MAIL, "to": {"verified": value}})
        assert (status, answer["errors"][0]["field"]) == (422, "notifications[0].to.verified")


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> int:
    """Let a user have four devices and as many contact infos; return how many."""
    monkeypatch.setattr(register_device, "MAX_DEVICES", 4)
    for module in (register_device, contact_infos, identify_user):
        monkeypatch.setattr(module, "MAX_CONTACT_INFOS", 4)
    return 4


def junk(app: App, user: str, how_many: int, **members: Any) -> None:
    """Register devices of nobody's with the public key."""
    for number in range(how_many):
        body = {**DEVICE, "external_id": user, "device_id": f"junk-{number}", **members}
        app.public.accept("devices", {**body, "token": unique("junk")} if "token" not in members else body)
    app.server.settle()


class TestDevices:
    def test_junk_does_not_keep_a_phone_out(self, app: App, few: int) -> None:
        user, push = unique(), unique("push")
        junk(app, user, few, token=None)
        app.register(user, push)
        assert list(app.contacts(user)) == [push]

    @pytest.mark.parametrize("others", [0, 2])
    def test_of_too_many_phones_the_one_that_was_not_seen_for_the_longest_time_goes(
        self, app: App, few: int, others: int
    ) -> None:
        user = app.manage.user(*({"type": "mobile_number", "value": f"+49{number}"} for number in range(others)))
        pushes = [unique("push") for _ in range(few - others + 1)]
        for push in [*pushes[:-1], pushes[0], pushes[-1]]:
            app.register(user, push, device_id=push)
        assert {each for each in app.contacts(user) if each.startswith("push")} == set(pushes) - {pushes[1]}

    def test_a_phone_without_a_token_takes_the_room_of_none_that_has_one(self, app: App, few: int) -> None:
        user, pushes = unique(), [unique("push") for _ in range(few)]
        for push in [*pushes, None]:
            app.register(user, push, device_id=str(push))
        assert set(app.contacts(user)) == set(pushes)

    def test_junk_pushes_no_verified_phone_out(self, app: App, few: int) -> None:
        user, push = unique(), unique("push")
        app.register(user, push, app.token(user))
        junk(app, user, few + 1)
        contacts = app.contacts(user)
        assert (contacts[push], len(contacts)) == (True, few)

    def test_a_verified_phone_finds_room_among_junk(self, app: App, few: int) -> None:
        user, push = unique(), unique("push")
        junk(app, user, few)
        app.register(user, push, app.token(user))
        assert app.contacts(user)[push] is True

    def test_a_user_whose_contacts_are_all_of_another_kind_has_no_room_for_a_token(self, app: App, few: int) -> None:
        user = app.manage.user(*({"type": "mobile_number", "value": f"+49{number}"} for number in range(few)))
        app.register(user, unique("push"))
        assert len(app.contacts(user)) == few

    def test_junk_keeps_no_address_of_a_servers_out(self, app: App, few: int) -> None:
        user = unique()
        junk(app, user, few)
        app.server.accept("identify", {"external_id": user, "email": "sam@example.com"})
        app.server.settle()
        for method, value in (("POST", "+11"), ("PUT", "+12")):
            body = {"type": "mobile_number", "value": value}
            assert app.public.ask(method, f"/neptune/{{env}}/users/{user}/contacts_info", body).status == 200
        contacts = app.contacts(user)
        assert {value for value, verified in contacts.items() if verified} == {"sam@example.com", "+11", "+12"}
        assert len(contacts) == few

    def test_an_address_of_a_public_keys_is_one_too_many(self, app: App, few: int) -> None:
        user = unique()
        junk(app, user, few)
        app.accept("identify", {"external_id": user, "email": "a@example.com"})
        assert "a@example.com" not in app.contacts(user)

    def test_a_phone_that_changes_hands_takes_its_token_along(self, app: App) -> None:
        first, second, push = unique(), unique(), unique("push")
        app.register(first, push)
        app.register(second, push)
        assert (app.contacts(first), app.contacts(second)) == ({}, {push: False})

    def test_with_a_user_token_it_does_where_those_are_asked_for(self, strict: App) -> None:
        first, second, push = unique(), unique(), unique("push")
        for user in (first, second):
            strict.register(user, push, strict.token(user))
        assert (strict.contacts(first), strict.contacts(second)) == ({}, {push: True})

    def test_without_one_a_token_stays_with_its_owner(self, strict: App) -> None:
        user, push, anonymous = unique(), unique("push"), unique("a")
        strict.register(user, push, strict.token(user))
        strict.accept("devices", {**DEVICE, "anonymous_id": anonymous, "token": push})
        assert (strict.contacts(user), strict.contacts(f"anon:{anonymous}")) == ({push: True}, {})

    def test_between_two_of_whom_nobody_vouches_for_either_the_later_one_has_it(self, strict: App) -> None:
        ids, push = [unique("a"), unique("a")], unique("push")
        for anonymous in ids:
            strict.accept("devices", {**DEVICE, "anonymous_id": anonymous, "token": push})
        assert [strict.contacts(f"anon:{each}") for each in ids] == [{}, {push: False}]

    def test_an_anonymous_id_alone_replaces_no_verified_token_of_its_user(self, strict: App) -> None:
        user, anonymous, push, other = unique(), unique("a"), unique("push"), unique("push")
        token = strict.token(user)
        strict.accept("alias", {"anonymous_id": anonymous, "external_id": user}, token)
        strict.register(user, push, token)
        strict.accept("devices", {**DEVICE, "anonymous_id": anonymous, "token": other})
        assert strict.contacts(user) == {push: True, other: False}
