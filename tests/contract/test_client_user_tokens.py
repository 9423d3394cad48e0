"""User tokens: where an environment asks for them, no app speaks for a user unless the app's server says so."""

from __future__ import annotations

import base64
import json
import time
from typing import Any

import jwt
import pytest

from tests.contract.app_client import DEVICE, TOKEN_REQUIRED, App
from tests.contract.client_api import ACCEPTED, UNKNOWN_KEY, Client, refused, unique
from tests.contract.manage_client import INBOX, MAIL, Manage

IN_PROCESS = True
SAFE = {"verified": True}


@pytest.fixture(scope="module")
def app(manage: Manage) -> App:
    """Return an app in an environment that asks for user tokens."""
    return App(manage, identity="verified")


def requests(user: Any) -> dict[str, Any]:
    """Return a good body for each route, by its path."""
    return {
        "identify": {"external_id": user},
        "devices": {**DEVICE, "external_id": user},
        "events": [{"external_id": user, "name": "Opened"}],
        "track": {"external_id": user, "event": "Opened"},
        "alias": {"external_id": user, "anonymous_id": unique("a")},
    }


def unsigned(claims: dict[str, Any]) -> str:
    """Return a token that says that it needs no signature."""
    parts = [{"alg": "none", "typ": "JWT"}, claims]
    return ".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts) + "."


ROUTES = list(requests(""))


@pytest.mark.parametrize("route", ROUTES)
class TestVerified:
    def test_a_token_of_the_user_is_taken(self, app: App, route: str) -> None:
        assert app.post(route, requests("2")[route], app.token("2")) == ACCEPTED

    def test_none_is_not(self, app: App, route: str) -> None:
        assert app.post(route, requests("2")[route]) == TOKEN_REQUIRED

    @pytest.mark.parametrize("user", ["3", "2 ", "02", "", None, 2, ["2"], {"2": "2"}])
    def test_a_token_of_somebody_else_is_not(self, app: App, route: str, user: Any) -> None:
        assert app.post(route, requests("2")[route], app.token(user)) == TOKEN_REQUIRED

    @pytest.mark.parametrize("hours", [-24, -1 / 3600, 24.1, 48, 10**9])
    def test_a_token_that_is_over_or_valid_for_more_than_a_day_is_not(self, app: App, route: str, hours: float) -> None:
        assert app.post(route, requests("2")[route], app.token("2", hours=hours)) == TOKEN_REQUIRED

    def test_a_token_is_valid_for_a_day(self, app: App, route: str) -> None:
        assert app.post(route, requests("2")[route], app.token("2", hours=24)) == ACCEPTED

    @pytest.mark.parametrize("scope", ["public", "secret", "user_token"])
    def test_a_token_signed_with_another_key_is_not(self, app: App, team: Manage, route: str, scope: str) -> None:
        key = {"public": app.public.key, "secret": app.server.key}.get(scope) or App(team).key
        assert app.post(route, requests("2")[route], app.token("2", key)) == TOKEN_REQUIRED

    def test_a_server_needs_none(self, app: App, route: str) -> None:
        assert app.server.post(route, requests("2")[route]) == ACCEPTED

    def test_a_body_that_breaks_a_rule_is_told_so_first(self, app: App, route: str) -> None:
        assert app.post(route, requests(5)[route])[0] == 422

    def test_a_key_that_is_none_is_told_so_first(self, app: App, route: str) -> None:
        stranger = Client(app.manage.stack, "pk_unknown", "")
        assert stranger.post(route, requests("2")[route]) == UNKNOWN_KEY


@pytest.mark.parametrize("route", [route for route in ROUTES if route != "alias"])
def test_an_anonymous_id_alone_needs_no_token(app: App, route: str) -> None:
    body = requests(None)[route]
    items = body if isinstance(body, list) else [body]
    for item in items:
        item["anonymous_id"] = unique("a")
    assert app.post(route, body) == ACCEPTED


@pytest.mark.parametrize(
    "token",
    [
        "x",
        "x.y.z",
        pytest.param(unsigned({"sub": "2", "exp": int(time.time()) + 60}), id="unsigned"),
        "é",
        "Bearer x",
        "a" * 4000,
    ],
)
def test_what_is_no_token_is_refused(app: App, token: str) -> None:
    assert app.post("identify", {"external_id": "2"}, token.encode().decode("latin-1")) == TOKEN_REQUIRED


@pytest.mark.parametrize("algorithm", ["HS384", "HS512"])
def test_another_algorithm_is_refused(app: App, algorithm: str) -> None:
    token = jwt.encode({"sub": "2", "exp": int(time.time()) + 60}, app.key * 2, algorithm=algorithm)
    assert app.post("identify", {"external_id": "2"}, token) == TOKEN_REQUIRED


@pytest.mark.parametrize("left_out", ["sub", "exp"])
def test_a_claim_that_is_needed_and_missing_is_refused(app: App, left_out: str) -> None:
    claims = {"sub": "2", "exp": int(time.time()) + 60}
    del claims[left_out]
    assert app.post("identify", {"external_id": "2"}, jwt.encode(claims, app.key)) == TOKEN_REQUIRED


@pytest.mark.parametrize(
    "claims",
    [
        *({"exp": "soon"}, {"exp": True}, {"exp": None}, {"email": 5}, {"phone": ["+1"]}, {"anonymous_id": {}}),
        *({"iat": time.time() + 600}, {"nbf": time.time() + 600}),
        *({"exp": 10**400}, {"exp": -(10**400)}, {"iat": 10**400}, {"nbf": 10**400}),
    ],
)
def test_a_claim_of_another_form_is_refused(app: App, claims: dict[str, Any]) -> None:
    body = {"sub": "2", "exp": int(time.time()) + 60, **claims}
    assert app.post("identify", {"external_id": "2"}, jwt.encode(body, app.key)) == TOKEN_REQUIRED


@pytest.mark.parametrize(
    "claims", [{"aud": "shop", "iss": "https://shop.example", "jti": 7}, {"role": "x"}, {"email": None}]
)
def test_claims_of_the_servers_own_are_no_matter(app: App, claims: dict[str, Any]) -> None:
    assert app.post("identify", {"external_id": "2"}, app.token("2", **claims)) == ACCEPTED


def test_one_event_of_somebody_else_refuses_the_whole_request(app: App) -> None:
    name = unique("Event ")
    events = [{"external_id": user, "name": name} for user in ("2", "2", "3")]
    assert app.post("events", events, app.token("2")) == TOKEN_REQUIRED
    app.server.settle()
    assert app.public.messages(event_type=name) == []


def test_a_refused_request_makes_no_user(app: App) -> None:
    user = unique()
    assert app.post("identify", {"external_id": user}, app.token("2")) == TOKEN_REQUIRED
    app.server.settle()
    assert app.public.user(user) is None


def test_a_token_that_names_an_anonymous_id_is_good_for_no_other_one(app: App) -> None:
    anonymous = unique("a")
    token = app.token("2", anonymous_id=anonymous)
    assert app.post("alias", {"external_id": "2", "anonymous_id": unique("a")}, token) == TOKEN_REQUIRED
    assert app.post("alias", {"external_id": "2", "anonymous_id": anonymous}, token) == ACCEPTED
    assert app.post("identify", {"external_id": "2"}, token) == ACCEPTED


def test_what_was_open_is_closed_once_the_environment_asks_for_tokens(team: Manage) -> None:
    app = App(team)
    assert app.post("identify", {"external_id": "2"}) == ACCEPTED
    app.manage.ok("PUT", "/environments/{env}", {"client_access": {"identity": "verified"}})
    assert app.post("identify", {"external_id": "2"}) == TOKEN_REQUIRED
    assert app.post("identify", {"external_id": "2"}, app.token("2")) == ACCEPTED


class TestKeys:
    def test_a_key_is_shown_once(self, app: App) -> None:
        made = app.make_key("user_token")
        assert (made["scope"], made["environment"]) == ("user_token", app.manage.environment)
        assert len(made["key"]) >= 32
        listed = {each["id"]: each for each in app.manage.ok("GET", "/client_keys?environment={env}&limit=100")["data"]}
        assert listed[made["id"]] == {**made, "key": made["key"][:8]}

    def test_tokens_of_each_of_several_keys_are_taken_until_it_is_deleted(self, app: App) -> None:
        old, new = app.make_key("user_token"), app.make_key("user_token")
        tokens = [app.token("2", key["key"]) for key in (old, new)]
        assert [app.post("identify", {"external_id": "2"}, token) for token in tokens] == [ACCEPTED, ACCEPTED]
        app.manage.ok("DELETE", f"/client_keys/{old['id']}")
        answers = [app.post("identify", {"external_id": "2"}, token) for token in tokens]
        assert answers == [TOKEN_REQUIRED, ACCEPTED]

    def test_it_opens_nothing_itself(self, app: App) -> None:
        signer = Client(app.manage.stack, app.key, app.manage.token)
        assert signer.post("identify", {"external_id": "2"})[0] == 401
        assert Manage(app.manage.stack, app.key).call("GET", "/environments")[0] == 401

    def test_another_environments_key_signs_nothing_here(self, app: App, team: Manage) -> None:
        other = App(team, identity="verified")
        assert app.post("identify", {"external_id": "2"}, other.token("2")) == TOKEN_REQUIRED

    def test_a_key_that_is_deleted_is_not_found(self, app: App) -> None:
        made = app.make_key("user_token")
        app.manage.ok("DELETE", f"/client_keys/{made['id']}")
        assert app.manage.call("DELETE", f"/client_keys/{made['id']}")[0] == 404

    def test_other_scopes_are_named(self, team: Manage) -> None:
        body = {"environment": "dev", "scope": "user"}
        assert team.errors("POST", "/client_keys", body) == {"scope": "must be one of public, secret, user_token"}


class TestOpen:
    @pytest.mark.parametrize("route", ROUTES)
    @pytest.mark.parametrize("user", ["2", "3"])
    def test_whatever_token_there_is_refuses_nothing(self, team: Manage, route: str, user: str) -> None:
        app = App(team)
        assert app.post(route, requests("2")[route], app.token(user)) == ACCEPTED
        assert app.post(route, requests("2")[route], "junk") == ACCEPTED

    def test_a_bad_body_is_refused_as_ever(self, team: Manage) -> None:
        expected = refused("Must have required property 'anonymous_id'")
        assert App(team).post("identify", {"email": "a@example.com"}, "junk") == expected


class TestInbox:
    """Whose app notifications an app may read, by what the environment says."""

    HIDDEN = (403, b'{"status":"error","error":"Access denied.","code":1007}')

    def notified(self, team: Manage, **access: Any) -> tuple[App, str]:
        """Return an app, and a user with an app notification."""
        app = App(team, **access)
        user = app.manage.user()
        app.manage.message(app.manage.ingest(app.manage.configure(INBOX), user_id=user))
        return app, user

    def read(self, app: App, user: str, token: str | None = None, header: str = "x-external-id") -> tuple[int, int]:
        """Ask for a user's app notifications; return the status and how many are shown."""
        status, body = app.public.call("GET", "notifications", None, self.headers(token) | {header: user})
        return status, len(json.loads(body)["results"]) if status == 200 else 0

    def headers(self, token: str | None) -> dict[str, str]:
        return {"X-User-Token": token} if token else {}

    def test_closed_it_shows_nothing_whatever_comes_along(self, team: Manage) -> None:
        app, user = self.notified(team)
        for headers in ({}, {"x-external-id": user}, {"x-external-id": user, "X-User-Token": app.token(user)}):
            assert app.public.call("GET", "notifications", None, headers) == self.HIDDEN

    def test_open_it_shows_those_of_the_user_that_is_named(self, team: Manage) -> None:
        app, user = self.notified(team, inbox="open")
        assert self.read(app, user) == (200, 1)
        assert self.read(app, unique()) == (404, 0)
        assert app.public.call("GET", "notifications")[0] == 422

    @pytest.mark.parametrize("access", [{"inbox": "verified"}, {"inbox": "open", "identity": "verified"}])
    def test_where_tokens_are_asked_for_it_shows_those_of_the_tokens_user(
        self, team: Manage, access: dict[str, str]
    ) -> None:
        app, user = self.notified(team, **access)
        assert self.read(app, user, app.token(user)) == (200, 1)
        for token in (None, "junk", app.token("other"), app.token(user, hours=-1)):
            assert self.read(app, user, token) == (401, 0)

    def test_an_anonymous_id_does_not_open_a_verified_inbox(self, team: Manage) -> None:
        app, user = self.notified(team, inbox="verified")
        anonymous = unique("a")
        app.accept("alias", {"anonymous_id": anonymous, "external_id": user})
        assert self.read(app, anonymous, None, "x-anonymous-id") == (401, 0)
        token = app.token(user, anonymous_id=anonymous)
        assert self.read(app, anonymous, token, "x-anonymous-id") == (200, 1)

    @pytest.mark.parametrize("access", [{"inbox": "verified"}, {"identity": "verified"}])
    def test_nothing_is_marked_as_read_for_somebody_else(self, team: Manage, access: dict[str, str]) -> None:
        app, user = self.notified(team, **access)
        shown = app.server.call("GET", "notifications", None, {"x-external-id": user})[1]
        path = f"notifications/{json.loads(shown)['results'][0]['id']}"
        assert app.public.call("PUT", path, {"external_id": user}) == TOKEN_REQUIRED
        other = self.headers(app.token("other"))
        assert app.public.call("PUT", path, {"external_id": user}, other) == TOKEN_REQUIRED
        assert app.server.call("GET", "notifications", None, {"x-external-id": user})[1] == shown
        assert app.public.call("PUT", path, {"external_id": user}, self.headers(app.token(user))) == ACCEPTED
        assert app.server.call("GET", "notifications", None, {"x-external-id": user})[1] != shown


@pytest.mark.over_http
def test_all_of_it_works_with_what_the_functions_are_allowed(team: Manage) -> None:
    app, user, anonymous = App(team, identity="verified", inbox="verified"), unique(), unique("a")
    token = app.token(user, email="sam@example.com")
    for route, body in requests(user).items():
        assert app.post(route, body) == TOKEN_REQUIRED
        assert app.post(route, body, token) == ACCEPTED
    app.accept("identify", {"external_id": user, "email": "sam@example.com", "phone": "+1"}, token)
    app.accept("alias", {"external_id": user, "anonymous_id": anonymous}, token)
    app.server.stack.wait_for(lambda: app.contacts(user) == {"sam@example.com": True, "+1": False})
    path = f"/neptune/{{env}}/users/{user}/contacts_info"
    for method, value in (("POST", "+1"), ("PUT", "sam@example.com")):
        body = {"type": "mobile_number" if value == "+1" else "email", "value": value}
        assert app.public.ask(method, path, body).status == 200
    assert app.contacts(user) == {"sam@example.com": True, "+1": True}
    message = app.manage.message(app.manage.ingest(app.manage.configure(INBOX, {**MAIL, "to": SAFE}), user_id=user))
    assert {each["to"] for each in message["deliveries"]} == {user, "sam@example.com"}
    headers = {"x-external-id": user, "X-User-Token": token}
    status, shown = app.public.call("GET", "notifications", None, headers)
    assert status == 200
    [notification] = json.loads(shown)["results"]
    marked = app.public.call("PUT", f"notifications/{notification['id']}", {"external_id": user}, headers)
    assert marked == ACCEPTED
    app.manage.ok("PUT", "/environments/{env}", {"name": "Other"})
