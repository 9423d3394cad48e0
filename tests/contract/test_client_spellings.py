"""Paths, content types and bodies that the original takes: in any case, with a slash at the end, compressed."""

from __future__ import annotations

import gzip
import json
from typing import Any

import pytest

from tests.contract.app_client import DEVICE, App
from tests.contract.client_api import ACCEPTED, BAD_REQUEST, DENIED, LIMIT, NOT_ALLOWED, NOT_FOUND, seen, unique
from tests.contract.manage_client import INBOX, Manage

IN_PROCESS = True


@pytest.fixture(scope="module")
def app(manage: Manage) -> App:
    """Return an app that may read its users' inboxes."""
    return App(manage, inbox="open")


def ask(app: App, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, bytes]:
    """Make a request with the public key."""
    sent = {
        "Authorization": f"Bearer {app.public.key}",
        **{name.replace("_", "-"): text for name, text in headers.items()},
    }
    return seen(app.public.stack.request(method, path, body, sent))


class TestPaths:
    @pytest.mark.parametrize("path", ["/api/client/{}/", "/api/client/{up}", "/API/Client/{up}", "/Api/CLIENT/{}/"])
    @pytest.mark.parametrize("route", ["identify", "devices", "events", "track", "alias", "segment"])
    def test_a_slash_and_another_case_are_the_same_route(self, app: App, route: str, path: str) -> None:
        user = unique()
        body: Any = {
            "identify": {"external_id": user},
            "devices": {**DEVICE, "external_id": user},
            "events": [{"external_id": user, "name": "Opened"}],
            "track": {"external_id": user, "event": "Opened"},
            "alias": {"external_id": user, "anonymous_id": unique("a")},
            "segment": [{"type": "identify", "userId": user}],
        }[route]
        written = path.format(route, up=route.upper())
        assert ask(app, "POST", written, body) == ACCEPTED
        assert app.server.wait_for_user(user)["user_id"] == user
        assert ask(app, "GET", written) == NOT_ALLOWED
        assert ask(app, "POST", written, {"x": 1} if route != "identify" else [])[0] == 422
        assert seen(app.public.stack.request("POST", written, body, {}))[0] == 401

    @pytest.mark.parametrize("prefix", ["/api/client", "/API/client"])
    def test_the_inbox_too(self, app: App, prefix: str) -> None:
        user = app.manage.user()
        app.manage.message(app.manage.ingest(app.manage.configure(INBOX), user_id=user))
        status, body = ask(app, "GET", f"{prefix}/Notifications/?limit=5", x_external_id=user)
        assert status == 200
        [shown] = json.loads(body)["results"]
        assert ask(app, "PUT", f"{prefix}/NOTIFICATIONS/{shown['id']}/", {"external_id": user}) == ACCEPTED
        assert json.loads(ask(app, "GET", f"{prefix}/notifications/", x_external_id=user)[1])["results"] == []

    @pytest.mark.parametrize("path", ["/api/client/Users", "/API/client/journeys/1/"])
    def test_what_is_not_offered_is_not_in_another_case_either(self, app: App, path: str) -> None:
        assert ask(app, "GET", path) == DENIED

    @pytest.mark.parametrize("path", ["/api/client/events//", "/api/client/Nothing/", "/API/client/events/1"])
    def test_what_is_not_there_is_not_found(self, app: App, path: str) -> None:
        assert ask(app, "POST", path, []) == NOT_FOUND

    @pytest.mark.parametrize("path", ["/manage/Environments", "/Neptune/environments", "/api/Leads", "/api/leads/"])
    def test_the_other_apis_are_exact(self, app: App, path: str) -> None:
        assert app.public.ask("GET", path).status == 404


class TestBodies:
    @pytest.mark.parametrize(
        "kind", ["application/vnd.api+json", "application/json-patch+json; charset=utf-8", "A/b+JSON"]
    )
    def test_whatever_ends_in_json_is_json(self, app: App, kind: str) -> None:
        user = unique()
        assert (
            ask(app, "POST", "/api/client/events", [{"external_id": user, "name": "x"}], content_type=kind) == ACCEPTED
        )
        assert app.server.wait_for_user(user)

    def test_json_is_no_ending_of_a_parameter(self, app: App) -> None:
        assert ask(app, "POST", "/api/client/identify", b"{}", content_type="text/plain; x=+json")[0] == 422

    @pytest.mark.parametrize("path", ["/api/client/events", "/api/client/Events/"])
    @pytest.mark.over_http
    def test_a_compressed_body_is_inflated(self, app: App, path: str) -> None:
        user = unique()
        body = gzip.compress(json.dumps([{"external_id": user, "name": "Größe", "data": {"n": "ä" * 5000}}]).encode())
        for packed in (body, gzip.compress(b"[") + gzip.compress(gzip.decompress(body)[1:])):
            assert ask(app, "POST", path, packed, content_type="application/json", content_encoding="gzip") == ACCEPTED
        assert app.server.wait_for_user(user)
        app.server.stack.wait_for(lambda: len(app.server.messages(user_id=user)) == 2)
        assert app.server.messages(user_id=user)[0]["event_type"] == "Größe"

    @pytest.mark.parametrize("case", ["plain", "cut off", "not JSON", "too large"])
    def test_what_does_not_inflate_to_json_is_refused(self, app: App, case: str) -> None:
        body = {
            "plain": b"[]",
            "cut off": gzip.compress(b"[1, 2]")[:-9],
            "not JSON": gzip.compress(b"{"),
            "too large": gzip.compress(b" " * (LIMIT + 1)),
        }[case]
        sent = ask(app, "POST", "/api/client/events", body, content_type="application/json", content_encoding="gzip")
        assert sent == BAD_REQUEST

    def test_an_unknown_compression_is_refused(self, app: App) -> None:
        assert ask(app, "POST", "/api/client/events", b"[]", content_encoding="zip") == BAD_REQUEST

    @pytest.mark.parametrize(
        ("given", "kept"),
        [("europe/berlin", "Europe/Berlin"), ("utc", "UTC"), ("AMERICA/PORT-AU-PRINCE", "America/Port-au-Prince")],
    )
    @pytest.mark.parametrize("route", ["identify", "events", "segment"])
    def test_a_time_zone_is_stored_as_iana_spells_it(self, app: App, route: str, given: str, kept: str) -> None:
        user = unique()
        body: Any = {
            "identify": {"external_id": user, "timezone": given},
            "events": [{"external_id": user, "user": {"timezone": given}}],
            "segment": [{"type": "identify", "userId": user, "context": {"timezone": given}}],
        }[route]
        app.accept(route, body)
        app.server.stack.wait_for(lambda: (app.server.user(user) or {}).get("timezone") == kept)

    @pytest.mark.parametrize("zone", ["Europe/Atlantis", "europe berlin", "", " UTC"])
    def test_what_is_no_time_zone_is_refused(self, app: App, zone: str) -> None:
        assert ask(app, "POST", "/api/client/identify", {"external_id": "u", "timezone": zone})[0] == 422
