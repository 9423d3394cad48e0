"""The SDKs' calls from a web page of another site: what the page can read, and what comes of it.

`tests/contract/test_client_sdks.py` has the SDKs of phones, whose requests no browser looks at.
"""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.shop import ACCEPTED, Shop
from tests.browser.watch import Watch
from tests.contract.app_client import App
from tests.contract.client_api import unique
from tests.contract.manage_client import INBOX, PHONE, Manage, mail, phone_number
from tests.local_stack import LocalStack

DEVICE = {"device_id": "d-1", "os": "Android 15", "model": "Pixel 9", "app_build": "465", "app_version": "1.2.4"}


@pytest.fixture(scope="module")
def app(manage: Manage) -> App:
    """Return an app whose inbox its SDK may read."""
    return App(manage, inbox="open")


@pytest.fixture
def shop(page: Page, site: str, app: App) -> Shop:
    """Return the shop's page, with the public key in it and nobody known yet."""
    page.goto(f"{site}/shop.html")
    return Shop(page, app.public.stack.base_url, app.public.key)


def messages(app: App, event_type: str, user: str) -> list[dict[str, Any]]:
    """Wait until a user has caused messages of a type; return them."""
    return app.server.stack.wait_for(lambda: app.server.messages(event_type=event_type, user_id=user))


def notify(app: App, user: str, **template: Any) -> None:
    """Send the user something in the app."""
    name = app.manage.configure({**INBOX, "template": {"title": "Parcel", "body": "It is here.", **template}})
    app.manage.message(app.manage.ingest(name, user_id=user))


def test_a_browser_asks_first_and_is_answered(shop: Shop, local_stack: LocalStack, watch: Watch) -> None:
    watch.expect("Failed to load resource.*404")
    path = f"/api/client/{unique('path')}"
    assert shop.said("PUT", path, {}) == (404, "Not Found")
    asked = [line.split()[:3] for line in local_stack.printed().splitlines() if path in line]
    assert asked == [["OPTIONS", path, "204"], ["PUT", path, "404"]]


class TestParcelvoy:
    def test_a_visitor_is_merged_with_who_logs_in_and_is_mailed(self, app: App, shop: Shop) -> None:
        user, address = unique(), f"{unique()}@example.com"
        name = app.manage.configure(mail(text="{{ data.total }} {{ user.ref }} {{ user.plan }}"))
        anonymous = {"email": address, "traits": {"ref": "newsletter"}}
        assert shop.call("parcelvoy.identify", anonymous) == ACCEPTED
        app.server.wait_for_user(f"anon:{shop.anonymous}")
        known = {"externalId": user, "timezone": "Europe/Berlin", "locale": "de", "traits": {"plan": "pro"}}
        assert shop.call("parcelvoy.identify", known) == ACCEPTED
        # Nothing promises that what was sent first is done first.
        app.server.stack.wait_for(lambda: (app.server.user(user) or {}).get("meta", {}).get("plan"))
        assert shop.call("parcelvoy.track", {"event": name, "properties": {"total": 9.5}}) == ACCEPTED
        [sent] = app.server.stack.wait_for(lambda: app.server.stack.outbox(address))
        assert sent["text"].startswith("9.5 newsletter pro")
        shown = app.server.user(user) or {}
        assert shown["meta"] == {"ref": "newsletter", "plan": "pro"}
        assert (shown["timezone"], shown["locale"]) == ("Europe/Berlin", "de")
        assert app.contacts(user) == {address: False}
        app.server.stack.wait_for(lambda: app.server.user(f"anon:{shop.anonymous}") is None)

    def test_its_alias_by_identify_merges_as_well(self, app: App, shop: Shop) -> None:
        user = unique()
        assert shop.call("parcelvoy.identify", {"traits": {"ref": "advert"}}) == ACCEPTED
        app.server.wait_for_user(f"anon:{shop.anonymous}")
        both = {"anonymousId": shop.anonymous, "externalId": user}
        assert shop.call("parcelvoy.alias", both) == ACCEPTED
        assert app.server.wait_for_user(user)["meta"] == {"ref": "advert"}
        app.server.stack.wait_for(lambda: app.server.user(f"anon:{shop.anonymous}") is None)

    def test_several_events_at_once_are_a_message_each(self, app: App, shop: Shop) -> None:
        user, first, second = unique(), unique("e"), unique("e")
        assert shop.call("parcelvoy.identify", {"externalId": user, "traits": {}}) == ACCEPTED
        events = [{"name": first, "properties": {"emoji": "🎉", "n": None}}, {"name": second}]
        assert shop.call("parcelvoy.events", events) == ACCEPTED
        assert [each["data"] for each in messages(app, first, user)] == [{"emoji": "🎉", "n": None}]
        assert [each["data"] for each in messages(app, second, user)] == [{}]


class TestPostles:
    def test_a_visitor_tracks_logs_in_and_is_aliased(self, app: App, shop: Shop) -> None:
        user, number, before, after = unique(), phone_number(), unique("e"), unique("e")
        assert shop.call("postles.track", {"event": before, "properties": {"page": "/"}}) == ACCEPTED
        assert messages(app, before, f"anon:{shop.anonymous}")
        assert shop.call("postles.alias", {"externalId": user}) == ACCEPTED
        identity = {"externalId": user, "phone": number, "traits": {"name": "Zoë"}}
        assert shop.call("postles.identify", identity) == ACCEPTED
        assert shop.call("postles.track", {"event": after}) == ACCEPTED
        assert messages(app, after, user)
        app.server.stack.wait_for(lambda: app.server.contacts(user) == {("mobile_number", number): None})
        app.server.stack.wait_for(lambda: (app.server.user(user) or {})["meta"] == {"name": "Zoë"})
        app.server.stack.wait_for(lambda: app.server.user(f"anon:{shop.anonymous}") is None)

    def test_what_is_unread_is_shown_once_somebody_is_known_and_read_by_its_number(self, app: App, shop: Shop) -> None:
        user = unique()
        notify(app, user, title="Your parcel <3", action_url="https://shop.example/orders/{{ data.id }}")
        items = shop.show_messages()
        assert shop.call("postles.identify", {"externalId": user, "traits": {}}) == ACCEPTED
        expect(items).to_have_text(["Your parcel <3"])
        expect(items.locator("a")).to_have_attribute("href", "https://shop.example/orders/")
        [shown] = shop.call("postles.getNotifications")[1]["results"]
        assert shop.page.evaluate("id => Number.isSafeInteger(id)", shown["id"])
        assert shop.call("postles.consumeNotification", {"notificationId": shown["id"]}) == ACCEPTED
        assert shop.call("postles.getNotifications")[1]["results"] == []
        answer = app.public.ask("GET", f"/neptune/app_notifications/{{env}}?user_id={user}&type=all")
        assert answer.json()["data"][0]["read_at"] is not None

    def test_a_message_leads_to_no_script_that_the_data_gave(self, app: App, shop: Shop) -> None:
        user, name = unique(), unique("e")
        template = {"title": "Parcel", "body": "b", "action_url": "{{ data.to }}"}
        app.manage.configure({**INBOX, "template": template}, event_type=name)
        assert shop.call("postles.identify", {"externalId": user, "traits": {}}) == ACCEPTED
        event = {"event": name, "properties": {"to": "javascript:document.title='taken'"}}
        assert shop.call("postles.track", event) == ACCEPTED
        app.server.message(messages(app, name, user)[0]["message_id"])
        link = shop.show_messages().locator("a")
        shop.page.evaluate("postles.checkInbox()")
        link.click()
        expect(link).not_to_have_attribute("href", re.compile(""))
        assert shop.page.evaluate("document.title") == "A shop"

    def test_the_inbox_is_looked_at_again_when_the_page_comes_to_the_front(self, app: App, shop: Shop) -> None:
        user = unique()
        notify(app, user, title="first")
        items = shop.show_messages()
        assert shop.call("postles.identify", {"externalId": user, "traits": {}}) == ACCEPTED
        expect(items).to_have_text(["first"])
        notify(app, user, title="second")
        shop.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
        expect(items).to_have_text(["first", "second", "first"])

    def test_pages_follow_each_other_by_the_cursor(self, app: App, shop: Shop) -> None:
        user = unique()
        for number in range(3):
            notify(app, user, title=str(number))
        shop.page.evaluate("user => { postles.externalId = user }", user)
        status, first = shop.call("postles.getNotifications", {"limit": 2})
        assert (status, first["limit"]) == (200, 2)
        status, rest = shop.call("postles.getNotifications", {"limit": 2, "cursor": first["nextCursor"]})
        assert [each["content"]["title"] for each in first["results"] + rest["results"]] == ["2", "1", "0"]
        assert "nextCursor" not in rest

    def test_topics_are_refused_in_words_that_the_page_can_read(self, shop: Shop, watch: Watch) -> None:
        watch.expect("403 .*/api/client/subscriptions>")
        assert shop.call("postles.getTopics") == (403, {"status": "error", "error": "Access denied.", "code": 1007})


class TestInbox:
    def test_a_closed_one_is_an_error_that_the_sdk_is_told(
        self, manage: Manage, page: Page, site: str, watch: Watch
    ) -> None:
        closed = App(manage)
        watch.expect("403 .*/api/client/notifications>")
        page.goto(f"{site}/shop.html")
        shop = Shop(page, closed.public.stack.base_url, closed.public.key)
        shop.show_messages()
        assert shop.call("postles.identify", {"externalId": unique(), "traits": {}}) == ACCEPTED
        page.wait_for_function("postles.errors.length")
        [error] = page.evaluate("postles.errors")
        assert error == {"status": 403, "body": {"status": "error", "error": "Access denied.", "code": 1007}}

    def test_an_id_that_nobody_knows_is_a_404_that_the_page_can_read(self, shop: Shop, watch: Watch) -> None:
        watch.expect("404 .*/api/client/notifications>")
        assert shop.call("postles.getNotifications") == (404, "Not Found")

    def test_a_verified_one_wants_the_token_in_a_header_of_its_own(
        self, manage: Manage, page: Page, site: str, watch: Watch
    ) -> None:
        app, user = App(manage, identity="verified", inbox="verified"), unique()
        watch.expect("401 .*/api/client/identify>")
        page.goto(f"{site}/shop.html")
        shop = Shop(page, app.public.stack.base_url, app.public.key)
        refused = (401, {"status": "error", "error": "User token required.", "code": 1008})
        assert shop.call("parcelvoy.identify", {"externalId": user, "traits": {}}) == refused
        page.evaluate("token => { postles.headers['X-User-Token'] = token }", app.token(user, email="a@example.com"))
        assert shop.call("postles.identify", {"externalId": user, "email": "a@example.com", "traits": {}}) == ACCEPTED
        app.server.wait_for_user(user)
        app.server.stack.wait_for(lambda: app.contacts(user) == {"a@example.com": True})
        notify(app, user)
        items = shop.show_messages()
        page.evaluate("postles.checkInbox()")
        expect(items).to_have_text(["Parcel"])


class TestOtherCalls:
    def test_a_device_is_registered_and_pushed_to(self, app: App, shop: Shop) -> None:
        user, token = unique(), unique("token")
        body = {**DEVICE, "anonymous_id": shop.anonymous, "external_id": user, "token": token}
        assert shop.said("POST", "/api/client/devices", body) == ACCEPTED
        app.server.stack.wait_for(lambda: app.server.contacts(user))
        assert app.server.contacts(user) == {("firebase_token", token): "Android 15"}
        [delivery] = app.manage.told({**PHONE, "template": {"title": "Login", "body": "Hi"}}, user_id=user)
        assert delivery["status"] == "success"
        [push] = app.server.stack.outbox(token)
        assert (push["title"], push["body"]) == ("Login", "Hi")

    def test_a_batch_of_segment_does_what_each_call_says(self, app: App, shop: Shop) -> None:
        user, name = unique(), unique("e")
        calls = [
            {"type": "page", "anonymousId": shop.anonymous, "name": "Home"},
            {"type": "alias", "previousId": shop.anonymous, "userId": user},
            {"type": "identify", "userId": user, "traits": {"email": f"{user}@example.com"}},
            {"type": "track", "userId": user, "event": name, "properties": {"n": 1}, "messageId": unique("m")},
        ]
        for _ in range(2):
            assert shop.said("POST", "/api/client/segment", calls) == ACCEPTED
        assert [each["data"] for each in messages(app, name, user)] == [{"n": 1}]
        app.server.settle()
        assert len(messages(app, name, user)) == 1
        app.server.stack.wait_for(lambda: app.contacts(user) == {f"{user}@example.com": False})

    def test_what_a_page_sends_as_it_is_left_arrives(self, app: App, shop: Shop, site: str) -> None:
        user, name = unique(), unique("e")
        send = "caller.ask('POST', '/api/client/events', body, {keepalive: true})"
        event = {"external_id": user, "name": name, "data": {"left": True}}
        shop.page.evaluate(f"body => addEventListener('pagehide', () => {send})", [event])
        shop.page.goto(f"{site}/sandbox.html")
        assert [each["data"] for each in messages(app, name, user)] == [{"left": True}]

    def test_a_sandboxed_frame_whose_origin_is_null_may_do_the_same(
        self, app: App, page: Page, site: str, watch: Watch
    ) -> None:
        user = unique()
        page.goto(f"{site}/sandbox.html")
        frame = page.frame("widget")
        assert frame is not None
        frame.wait_for_load_state()
        widget = Shop(frame, app.public.stack.base_url, app.public.key)
        assert frame.evaluate("origin") == "null"
        assert widget.call("parcelvoy.identify", {"externalId": user, "traits": {"framed": True}}) == ACCEPTED
        app.server.stack.wait_for(lambda: (app.server.user(user) or {}).get("meta") == {"framed": True})
        watch.expect("422 .*/api/client/identify>")
        error = {"status": "error", "error": "Must have required property 'anonymous_id'"}
        assert widget.said("POST", "/api/client/identify", {}) == (422, error)


@pytest.mark.parametrize(
    ("path", "body", "key", "status", "error", "code"),
    [
        ("identify", "{", None, 400, "An error occurred with this request.", None),
        ("identify", {}, "x", 401, "Authorization error.", 1000),
        ("identify", {}, "pk_x", 404, "The requested project does not exist.", 6000),
        ("events", {}, None, 422, "The value of `` must be a array.", None),
        ("journeys", {}, None, 403, "Access denied.", 1007),
    ],
)
def test_a_page_reads_why_it_was_refused(
    shop: Shop, watch: Watch, path: str, body: Any, key: str | None, status: int, error: str, code: int | None
) -> None:
    watch.expect(rf"{status} .*/api/client/{path}>")
    answer = shop.ask("POST", f"/api/client/{path}", body, **({"Authorization": f"Bearer {key}"} if key else {}))
    assert (answer["status"], answer["json"]) == (status, True)
    assert answer["body"] == {"status": "error", "error": error, **({"code": code} if code else {})}
