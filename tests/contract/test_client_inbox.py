"""The inbox as apps read it with their public key: numbers for ids, texts in `custom`, and what expires."""

from __future__ import annotations

import json
import time
from typing import Any
from urllib.parse import quote

import pytest

from tests.contract.app_client import App
from tests.contract.client_api import ACCEPTED, NOT_FOUND, refused, unique
from tests.contract.manage_client import Manage

IN_PROCESS = True
PLAIN = {"title": "Offer for you", "body": "Only today"}


@pytest.fixture(scope="module")
def app(manage: Manage) -> App:
    """Return an app that may read its users' inboxes."""
    return App(manage, inbox="open")


def told(app: App, user: str, template: dict[str, Any], **event: Any) -> dict[str, Any]:
    """Send a user a notification made of a template; return its delivery."""
    name = app.manage.configure({"name": "inbox", "channel": "app", "template": {**PLAIN, **template}})
    [delivery] = app.manage.message(app.manage.ingest(name, user_id=user, **event))["deliveries"]
    assert delivery["status"] == "success", delivery
    return dict(delivery)


def listed(app: App, user: str, key: str = "public", header: str = "x-external-id") -> list[dict[str, Any]]:
    """Return what a user's app shows."""
    status, body = getattr(app, key).call("GET", "notifications", None, {header: user})
    assert status == 200, body
    return list(json.loads(body)["results"])


def inbox_of(app: App, user: str, kind: str = "all") -> dict[str, Any]:
    """Return a user's inbox as Neptune shows it."""
    answer = app.public.ask("GET", f"/neptune/app_notifications/{{env}}?user_id={user}&type={kind}")
    assert answer.status == 200
    return dict(answer.json())


class TestObject:
    def test_ids_are_different_numbers_that_every_parser_reads_exactly(self, app: App) -> None:
        user = unique()
        for _ in range(3):
            told(app, user, {})
        ids = [each["id"] for each in listed(app, user)]
        assert len(set(ids)) == 3
        assert all(type(each) is int and 0 < each < 2**53 for each in ids)
        assert [each["id"] for each in listed(app, user, "server")] == ids

    def test_without_html_it_is_a_banner(self, app: App) -> None:
        user = unique()
        told(app, user, {})
        [shown] = listed(app, user)
        assert shown["content_type"] == "banner"
        assert shown["content"] == {"title": "Offer for you", "body": "Only today", "custom": {}}
        assert shown["expires_at"] is None

    def test_with_html_it_is_html_that_holds_no_markup_of_the_data(self, app: App) -> None:
        user = unique()
        html = {"html": "<b>{{ data.who }}</b>", "image": "https://x.example/{{ data.n }}.png", "read_on_show": True}
        told(app, user, html, data={"who": "<i>Zoë & Łukasz</i>", "n": 7})
        [shown] = listed(app, user)
        assert shown["content_type"] == "html"
        assert shown["content"]["html"] == "<b>&lt;i&gt;Zoë &amp; Łukasz&lt;/i&gt;</b>"
        assert shown["content"]["image"] == "https://x.example/7.png"
        assert shown["content"]["read_on_show"] is True

    def test_all_values_of_custom_are_texts(self, app: App) -> None:
        user = unique()
        data = {"text": "{{ data.n }}", "n": 5, "half": 0.5, "yes": True, "none": None, "list": [1, "ä"], "o": {"a": 1}}
        told(app, user, {"data": data}, data={"n": 9})
        [shown] = listed(app, user)
        wanted = {"text": "9", "n": "5", "half": "0.5", "yes": "true", "none": ""}
        assert {name: text for name, text in shown["content"]["custom"].items() if name in wanted} == wanted
        assert json.loads(shown["content"]["custom"]["list"]) == [1, "ä"]
        assert json.loads(shown["content"]["custom"]["o"]) == {"a": 1}

    def test_where_it_leads_is_in_custom_and_in_neptunes_inbox(self, app: App) -> None:
        user = unique()
        told(app, user, {"action_url": "shop://order/{{ data.id }}", "data": {"a": "b"}}, data={"id": 3})
        assert listed(app, user)[0]["content"]["custom"] == {"a": "b", "action_url": "shop://order/3"}
        assert inbox_of(app, user)["data"][0]["action_url"] == "shop://order/3"

    def test_it_never_leads_to_a_script_that_the_data_gave(self, app: App) -> None:
        user = unique()
        delivery = told(app, user, {"action_url": "{{ data.to }}"}, data={"to": "javascript:alert(1)"})
        assert delivery["template_notes"] == ["action_url: it must not begin with javascript:"]
        assert listed(app, user)[0]["content"]["custom"] == {}
        assert "action_url" not in inbox_of(app, user)["data"][0]

    @pytest.mark.parametrize(
        "template",
        [
            {"html": 5},
            {"html": ""},
            {"html": "{% if %}"},
            {"image": []},
            {"read_on_show": "yes"},
            {"expires_in": 0},
            {"expires_in": "60"},
            {"expires_in": 1.5},
            {"sound": "x"},
        ],
    )
    def test_a_template_that_breaks_a_rule_is_refused(self, app: App, template: dict[str, Any]) -> None:
        notification = {"name": "inbox", "channel": "app", "template": {**PLAIN, **template}}
        answer = app.public.ask("PUT", f"/manage/{{env}}/event_types/{unique()}", {"notifications": [notification]})
        assert answer.status == 422

    @pytest.mark.parametrize("member", ["html", "image", "read_on_show", "expires_in", "action_url"])
    def test_a_push_has_none_of_it(self, app: App, member: str) -> None:
        value = {"read_on_show": True, "expires_in": 60}.get(member, "x")
        notification = {"name": "push", "channel": "push", "template": {**PLAIN, member: value}}
        answer = app.public.ask("PUT", f"/manage/{{env}}/event_types/{unique()}", {"notifications": [notification]})
        assert answer.status == 422


class TestRead:
    @pytest.mark.parametrize("by", ["number", "uuid", "UUID"])
    def test_one_is_marked_by_either_id(self, app: App, by: str) -> None:
        user = unique()
        uuids = [told(app, user, {})["id"] for _ in range(3)]
        shown = listed(app, user)
        ids = {"number": shown[1]["id"], "uuid": uuids[1], "UUID": uuids[1].upper()}
        path = f"notifications/{ids[by]}"
        for _ in range(2):
            assert app.public.call("PUT", path, {"external_id": user}) == ACCEPTED
        assert [each["id"] for each in listed(app, user)] == [shown[0]["id"], shown[2]["id"]]
        assert inbox_of(app, user)["meta"] | {"page": 1, "per_page": 10} == inbox_of(app, user)["meta"]
        assert inbox_of(app, user)["meta"]["unread"] == 2

    def test_nobody_marks_anothers_by_its_number(self, app: App) -> None:
        user = unique()
        told(app, user, {})
        [shown] = listed(app, user)
        assert app.public.call("PUT", f"notifications/{shown['id']}", {"external_id": unique()}) == ACCEPTED
        assert listed(app, user) == [shown]

    @pytest.mark.parametrize("number", ["0", "42", "9007199254740993", "9" * 40, "-1", "1.5", "٣"])
    def test_a_number_of_nothing_is_no_error(self, app: App, number: str) -> None:
        assert app.public.call("PUT", f"notifications/{quote(number)}", {"external_id": "u"}) == ACCEPTED

    def test_what_an_anonymous_profile_got_moves_with_its_number(self, app: App) -> None:
        anonymous, user = unique("a"), unique()
        app.accept("identify", {"anonymous_id": anonymous})
        app.server.wait_for_user(f"anon:{anonymous}")
        told(app, f"anon:{anonymous}", {"expires_in": 3600})
        [shown] = listed(app, anonymous, header="x-anonymous-id")
        app.accept("alias", {"anonymous_id": anonymous, "external_id": user})
        assert app.server.stack.wait_for(lambda: listed(app, user)) == [shown]
        assert app.public.call("PUT", f"notifications/{shown['id']}", {"anonymous_id": anonymous}) == ACCEPTED
        assert listed(app, user) == []


class TestExpiry:
    def test_one_that_expired_is_nowhere_listed_or_counted(self, app: App) -> None:
        user = unique()
        told(app, user, {"title": "stays"})
        told(app, user, {"title": "goes", "expires_in": 2})
        told(app, user, {"title": "lasts", "expires_in": 3600})
        assert [each["content"]["title"] for each in listed(app, user)] == ["lasts", "goes", "stays"]
        assert listed(app, user)[0]["expires_at"] > listed(app, user)[1]["expires_at"]
        assert inbox_of(app, user)["meta"]["total"] == 3
        time.sleep(3.1)
        assert [each["content"]["title"] for each in listed(app, user)] == ["lasts", "stays"]
        for kind in ("all", "unread"):
            shown = inbox_of(app, user, kind)
            assert [each["title"] for each in shown["data"]] == ["lasts", "stays"]
            assert (shown["meta"]["total"], shown["meta"]["unread"]) == (2, 2)

    def test_read_ones_expire_as_well(self, app: App) -> None:
        user = unique()
        for template in ({"expires_in": 2}, {"expires_in": 3600}, {}):
            told(app, user, template)
        body = {"type": "user", "id": user}
        assert app.public.ask("POST", "/neptune/app_notifications/{env}/read", body).json()["updated"] == 3
        assert inbox_of(app, user, "read")["meta"]["total"] == 3
        time.sleep(3.1)
        assert inbox_of(app, user, "read")["meta"]["total"] == 2
        assert len(inbox_of(app, user, "read")["data"]) == 2

    def test_one_that_expires_is_marked_as_read_on_its_own(self, app: App) -> None:
        user = unique()
        delivery = told(app, user, {"expires_in": 3600})
        body = {"type": "notification", "id": delivery["id"]}
        for updated in (1, 0):
            answer = app.public.ask("POST", "/neptune/app_notifications/{env}/read", body)
            assert (answer.status, answer.json()["updated"]) == (200, updated)
        assert inbox_of(app, user, "read")["meta"]["total"] == 1


class TestNobodyStored:
    def test_a_notification_reaches_an_id_that_nobody_made_a_user_of(self, app: App) -> None:
        user = unique()
        assert app.public.call("GET", "notifications", None, {"x-external-id": user}) == NOT_FOUND
        delivery = told(app, user, {})
        assert inbox_of(app, user)["data"][0]["uuid"] == delivery["id"]
        [shown] = listed(app, user)
        assert app.server.user(user) is None
        body = {"type": "notification", "id": delivery["id"]}
        assert app.public.ask("POST", "/neptune/app_notifications/{env}/read", body).json()["updated"] == 1
        assert inbox_of(app, user)["meta"]["unread"] == 0
        assert app.public.call("PUT", f"notifications/{shown['id']}", {"external_id": user}) == ACCEPTED

    def test_it_is_the_users_once_somebody_makes_one(self, app: App) -> None:
        user = unique()
        told(app, user, {})
        app.accept("identify", {"external_id": user})
        app.server.wait_for_user(user)
        assert len(listed(app, user)) == 1

    def test_mails_still_need_a_contact(self, app: App) -> None:
        mail = {"name": "mail", "channel": "email", "template": {"subject": "s", "text": "t"}}
        name = app.manage.configure(mail)
        [delivery] = app.manage.message(app.manage.ingest(name, user_id=unique()))["deliveries"]
        assert (delivery["status"], delivery["reason"]) == ("no_contact", "no email contact")


def test_the_user_must_be_named(app: App) -> None:
    assert app.public.call("GET", "notifications") == refused("Must have required property 'anonymous_id'")
