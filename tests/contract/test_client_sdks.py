"""The calls of the SDKs that apps carry already, as they make them, and the types of what they read.

What a strictly typed client would refuse to decode is a failure here, whatever its value.
"""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest

from tests.contract.app_client import App
from tests.contract.client_api import ACCEPTED, seen, unique
from tests.contract.manage_client import Manage

pytestmark = pytest.mark.over_http

HTML = {"title": "Hi", "body": "News", "html": "<p>{{ data.n }}</p>", "data": {"n": 5, "o": {"a": 1}}}


@pytest.fixture(scope="module")
def app(manage: Manage) -> App:
    """Return an app whose inbox its SDK may read."""
    return App(manage, inbox="open")


def ask(app: App, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, bytes]:
    """Make a request with the headers that the SDK sends."""
    sent = {"Authorization": f"Bearer {app.public.key}", "Accept": "application/json"}
    sent |= {name.replace("_", "-"): text for name, text in headers.items()}
    return seen(app.public.stack.request(method, f"/api/client/{path}", body, sent))


def assert_decodable(notification: dict[str, Any]) -> None:
    """Fail unless the strictest of the SDKs, which decode into typed members, can read a notification."""
    assert type(notification["id"]) is int
    assert notification["content_type"] in ("banner", "alert", "html")
    content = notification["content"]
    assert type(content["title"]) is str
    assert type(content["body"]) is str
    assert all(type(text) is str for pair in content["custom"].items() for text in pair)
    if notification["content_type"] == "html":
        assert type(content["html"]) is str
    assert type(content.get("read_on_show", False)) is bool
    for moment in ("read_at", "expires_at"):
        assert notification[moment] is None or notification[moment].endswith("Z")


def inbox_of(app: App, **headers: str) -> list[dict[str, Any]]:
    """Read the inbox as an SDK does at its start."""
    status, body = ask(app, "GET", "notifications", **headers)
    assert status in (200, 404)
    found = json.loads(body)["results"] if status == 200 else []
    for each in found:
        assert_decodable(each)
    return list(found)


def notify(app: App, user: str) -> None:
    """Send the user something in the app."""
    name = app.manage.configure({"name": "inbox", "channel": "app", "template": HTML})
    app.manage.message(app.manage.ingest(name, user_id=user))


def test_ios_starts_identifies_and_shows_what_is_unread(app: App) -> None:
    anonymous, user = str(uuid.uuid4()).upper(), unique()
    token = "6838d87a" * 8
    device = {"device_id": str(uuid.uuid4()), "os": "iOS", "os_version": "17.4", "model": "iPhone15,2"}
    device |= {"app_build": "1", "app_version": "1.0", "token": token}
    assert inbox_of(app, x_anonymous_id=anonymous) == []
    assert ask(app, "POST", "alias", {"anonymous_id": anonymous, "external_id": user}) == ACCEPTED
    identity = {"anonymous_id": anonymous, "external_id": user}
    body = {**identity, "email": f"{user}@example.com", "phone": None, "data": {"first_name": "Zoë"}}
    assert ask(app, "POST", "identify", body) == ACCEPTED
    assert ask(app, "POST", "devices", {**identity, **device}) == ACCEPTED
    assert ask(app, "POST", "events", [{**identity, "name": "Opened", "data": {"n": 1}}]) == ACCEPTED
    app.server.stack.wait_for(lambda: len(app.server.contacts(user)) == 2)
    notify(app, user)
    [shown] = inbox_of(app, x_anonymous_id=anonymous, x_external_id=user)
    assert shown["content_type"] == "html"
    assert shown["content"]["html"] == "<p></p>"
    assert ask(app, "PUT", f"notifications/{shown['id']}", identity) == ACCEPTED
    assert inbox_of(app, x_anonymous_id=anonymous, x_external_id=user) == []


def test_android_sends_nulls_and_properties(app: App) -> None:
    anonymous = str(uuid.uuid4())
    body = {"anonymous_id": anonymous, "external_id": None, "email": None, "phone": None, "data": {"plan": "free"}}
    assert ask(app, "POST", "identify", body) == ACCEPTED
    event = {
        "anonymous_id": anonymous,
        "external_id": None,
        "name": "Viewed",
        "properties": {"screen": "home", "n": None},
    }
    assert ask(app, "POST", "events", [event]) == ACCEPTED
    app.server.wait_for_user(f"anon:{anonymous}")
    app.server.stack.wait_for(lambda: app.server.messages(event_type="Viewed", user_id=f"anon:{anonymous}"))
    [message] = app.server.messages(event_type="Viewed", user_id=f"anon:{anonymous}")
    assert message["data"] == {"screen": "home", "n": None}
    notify(app, f"anon:{anonymous}")
    assert len(inbox_of(app, x_anonymous_id=anonymous)) == 1


def test_javascript_aliases_by_identify_and_tracks(app: App) -> None:
    anonymous, user = str(uuid.uuid4()), unique()
    origin = {"Origin": "https://shop.example", "Content_Type": "application/json"}
    body = {"anonymous_id": anonymous, "email": f"{anonymous}@example.com", "data": {"ref": "newsletter"}}
    assert ask(app, "POST", "identify", body, **origin) == ACCEPTED
    app.server.wait_for_user(f"anon:{anonymous}")
    assert ask(app, "POST", "identify", {"anonymous_id": anonymous, "external_id": user}, **origin) == ACCEPTED
    event = {"anonymous_id": anonymous, "external_id": user, "event": "Ordered", "data": {"total": 9.5}}
    assert ask(app, "POST", "track", event, **origin) == ACCEPTED
    app.server.stack.wait_for(lambda: app.server.messages(event_type="Ordered", user_id=user))
    assert ("email", f"{anonymous}@example.com") in app.server.contacts(user)
    assert (app.server.user(user) or {})["meta"] == {"ref": "newsletter"}
    assert app.server.user(f"anon:{anonymous}") is None


def test_react_native_reads_pages_until_there_is_no_cursor(app: App) -> None:
    user = unique()
    for _ in range(3):
        notify(app, user)
    status, body = ask(app, "GET", "notifications?limit=2", x_external_id=user)
    page = json.loads(body)
    assert (status, type(page["limit"]), type(page["nextCursor"])) == (200, int, str)
    status, body = ask(app, "GET", f"notifications?limit=2&cursor={page['nextCursor']}", x_external_id=user)
    rest = json.loads(body)
    assert "nextCursor" not in rest
    assert len({each["id"] for each in page["results"] + rest["results"]}) == 3
