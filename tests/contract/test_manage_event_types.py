"""Event types: what is taken, what is refused and where, and how they are listed."""

from __future__ import annotations

import time
from typing import Any
from urllib.parse import quote

import pytest

from tests.contract.manage_client import (
    DELETED,
    INBOX,
    LIMIT,
    MAIL,
    NOT_FOUND,
    PHONE,
    TEXT,
    Manage,
    invalid,
    mail,
    unique,
)

IN_PROCESS = True

FULL = [
    {
        "name": "mail",
        "channel": "email",
        "retry": "at_most_once",
        "template": {
            "subject": "Code {{ otp }}",
            "text": "Your code is {{ otp }}.",
            "html": "<p>Your code is <b>{{ otp }}</b>.</p>",
            "from": "Shop <shop@example.com>",
            "tracking": True,
        },
    },
    {"name": "text", "channel": "sms", "when": "data.urgent == true", "template": {"text": "{{ otp }} is your code"}},
    {
        "name": "phone",
        "channel": "push",
        "to": {"filterable": "ios"},
        "template": {"title": "Login", "body": "{{ otp }}", "data": {"otp": "{{ otp }}", "n": 1, "l": [{"x": None}]}},
    },
    {
        "name": "inbox",
        "channel": "app",
        "template": {"title": "Login", "body": "New login from {{ client.ip }}", "data": {}},
    },
]


def without(notification: dict[str, Any], *members: str, template: str = "") -> dict[str, Any]:
    """Return a notification that lacks members, or a member of its template."""
    copy = {name: value for name, value in notification.items() if name not in members}
    if template:
        copy["template"] = {name: value for name, value in copy["template"].items() if name != template}
    return copy


def with_template(notification: dict[str, Any], **members: Any) -> dict[str, Any]:
    return {**notification, "template": {**notification["template"], **members}}


class TestStored:
    def test_an_event_type_is_shown_as_it_was_put(self, manage: Manage) -> None:
        name = unique("login")
        put = manage.ok("PUT", f"/{{env}}/event_types/{name}", {"notifications": FULL})
        times = {member: put[member] for member in ("created_at", "updated_at")}
        assert put == {"event_type": name, "environment": "dev", "notifications": FULL, **times}
        assert manage.ok("GET", f"/{{env}}/event_types/{name}") == put

    def test_it_is_replaced_as_a_whole_and_stays_as_old_as_it_is(self, manage: Manage) -> None:
        path = f"/{{env}}/event_types/{unique()}"
        first = manage.ok("PUT", path, {"notifications": FULL})
        time.sleep(0.01)
        second = manage.ok("PUT", path, {"notifications": [MAIL]})
        assert second["notifications"] == [MAIL]
        assert second["created_at"] == first["created_at"]
        assert second["updated_at"] > first["updated_at"]

    def test_putting_it_again_changes_nothing_else(self, manage: Manage) -> None:
        path = f"/{{env}}/event_types/{unique()}"
        first, second = (manage.ok("PUT", path, {"notifications": FULL}) for _ in range(2))
        assert {**first, "updated_at": None} == {**second, "updated_at": None}

    def test_what_was_shown_can_be_put_again(self, manage: Manage) -> None:
        path = f"/{{env}}/event_types/{unique()}"
        shown = manage.ok("PUT", path, {"notifications": FULL})
        assert manage.ok("PUT", path, shown)["notifications"] == FULL

    def test_it_is_gone_when_deleted(self, manage: Manage) -> None:
        name = manage.configure(MAIL)
        assert manage.call("DELETE", f"/{{env}}/event_types/{name}") == DELETED
        assert manage.call("GET", f"/{{env}}/event_types/{name}") == NOT_FOUND
        assert manage.call("DELETE", f"/{{env}}/event_types/{name}") == NOT_FOUND

    def test_an_event_type_made_anew_is_young(self, manage: Manage) -> None:
        name = manage.configure(MAIL)
        path = f"/{{env}}/event_types/{name}"
        before = manage.ok("GET", path)["created_at"]
        manage.ok("DELETE", path)
        time.sleep(0.01)
        assert manage.ok("PUT", path, {"notifications": []})["created_at"] > before

    def test_each_environment_has_its_own(self, manage: Manage) -> None:
        other = manage.in_environment()
        name = manage.configure(MAIL)
        assert other.call("GET", f"/{{env}}/event_types/{name}") == NOT_FOUND
        assert other.call("DELETE", f"/{{env}}/event_types/{name}") == NOT_FOUND

    @pytest.mark.parametrize("name", ["x" * 257, "ä" * 257, "x" * 3000])
    def test_a_name_has_at_most_256_characters(self, manage: Manage, name: str) -> None:
        path = f"/{{env}}/event_types/{quote(name)}"
        assert list(manage.errors("PUT", path, {"notifications": []})) == ["event_type"]
        assert manage.call("GET", path) == NOT_FOUND
        assert manage.call("DELETE", path) == NOT_FOUND

    def test_a_name_of_256_characters_of_four_bytes_is_taken(self, manage: Manage) -> None:
        name = "🎉" * 256
        manage.configure(MAIL, event_type=name)
        assert manage.ok("GET", f"/{{env}}/event_types/{quote(name)}")["event_type"] == name

    def test_they_are_listed_in_order_page_by_page(self, team: Manage) -> None:
        names = ["b", "a", "c/d", "Z z", "ä", "_"]
        for name in names:
            team.configure(MAIL, event_type=name)
        pages = team.pages("/{env}/event_types", 4)
        assert [[each["event_type"] for each in page] for page in pages] == [["Z z", "_", "a", "b"], ["c/d", "ä"]]
        assert pages[0][0] == team.ok("GET", "/{env}/event_types/Z%20z")

    @pytest.mark.parametrize("limit", [1, 2, 3, 6, 7])
    def test_no_page_size_repeats_or_leaves_out_any(self, team: Manage, limit: int) -> None:
        names = [f"e{number}" for number in range(6)]
        for name in names:
            team.configure(event_type=name)
        found = [each["event_type"] for page in team.pages("/{env}/event_types", limit) for each in page]
        assert found == names

    def test_there_may_be_20_notifications(self, manage: Manage) -> None:
        many = [{**MAIL, "name": f"m{number}"} for number in range(21)]
        manage.configure(*many[:20])
        status, answer = manage.put_errors(*many)
        assert (status, [error["field"] for error in answer["errors"]]) == (422, ["notifications"])

    def test_none_is_taken_too(self, manage: Manage) -> None:
        assert manage.told(contact_infos=[]) == []

    @pytest.mark.parametrize(
        "members",
        [
            {"priority": "high"},
            {"priority": "normal", "retry": "at_most_once"},
            {"expires_in": 30},
            {"expires_in": 604_800, "priority": "high"},
        ],
    )
    @pytest.mark.parametrize("notification", [MAIL, TEXT, PHONE, INBOX], ids=lambda each: each["name"])
    def test_a_notification_says_how_urgent_it_is_and_for_how_long(
        self, manage: Manage, notification: dict[str, Any], members: dict[str, Any]
    ) -> None:
        urgent = {**notification, **members}
        name = manage.configure(urgent)
        assert manage.ok("GET", f"/{{env}}/event_types/{name}")["notifications"] == [urgent]

    @pytest.mark.parametrize("badge", [0, 3, "{{ unread }}"])
    def test_a_push_says_how_it_is_shown(self, manage: Manage, badge: Any) -> None:
        shown = {"sound": "ping.caf", "badge": badge, "channel": "orders", "collapse": "order-{{ order }}"}
        kept = {"priority": "normal", "time_to_live": 2_419_200}
        data = {"aps": {"category": "ORDER", "from": "x"}, "deep": {"from": "x"}, "From": "x"}
        push = with_template(PHONE, **shown, **kept, data=data)
        name = manage.configure(push)
        assert manage.ok("GET", f"/{{env}}/event_types/{name}")["notifications"] == [push]

    def test_names_that_are_reserved_in_a_push_are_free_in_the_app(self, manage: Manage) -> None:
        inbox = with_template(INBOX, data={"from": "x", "google": "y", "aps": "z"})
        name = manage.configure(inbox)
        assert manage.ok("GET", f"/{{env}}/event_types/{name}")["notifications"] == [inbox]

    @pytest.mark.parametrize("member", ["sound", "badge", "channel", "collapse"])
    def test_what_a_push_is_shown_with_is_parsed(self, manage: Manage, member: str) -> None:
        status, answer = manage.put_errors(with_template(PHONE, **{member: "a\n{{"}))
        assert (status, answer["errors"][0]["field"]) == (422, f"notifications[0].template.{member}")
        assert answer["errors"][0]["line"] == 2


class TestRefused:
    @pytest.mark.parametrize(
        ("notification", "field", "message"),
        [
            (without(MAIL, "name"), ".name", "is required"),
            ({**MAIL, "name": None}, ".name", None),
            ({**MAIL, "name": ""}, ".name", None),
            ({**MAIL, "name": "A"}, ".name", None),
            ({**MAIL, "name": "a b"}, ".name", None),
            ({**MAIL, "name": "a\n"}, ".name", None),
            ({**MAIL, "name": "x" * 65}, ".name", None),
            ({**MAIL, "name": 1}, ".name", None),
            (without(MAIL, "channel"), ".channel", "is required"),
            ({**MAIL, "channel": "fax"}, ".channel", "must be one of email, sms, push, app"),
            ({**MAIL, "channel": "EMAIL"}, ".channel", "must be one of email, sms, push, app"),
            ({**MAIL, "channel": None}, ".channel", None),
            ({**MAIL, "channel": 1}, ".channel", None),
            ({**MAIL, "channel": ["email"]}, ".channel", None),
            ({**MAIL, "more": 1}, ".more", "is not a known member"),
            ({**MAIL, "retry": "never"}, ".retry", "must be one of at_least_once, at_most_once"),
            ({**MAIL, "priority": "urgent"}, ".priority", "must be one of high, normal"),
            ({**MAIL, "priority": "HIGH"}, ".priority", "must be one of high, normal"),
            ({**MAIL, "priority": 1}, ".priority", None),
            ({**MAIL, "priority": True}, ".priority", None),
            *[
                ({**notification, "expires_in": seconds}, ".expires_in", None)
                for notification in (MAIL, TEXT, PHONE, INBOX)
                for seconds in (29, 604_801, 0, -30, "x", "60", True, 30.5, [60])
            ],
            ({**MAIL, "to": {"filterable": 1}}, ".to.filterable", "must be a string or an array of strings"),
            ({**MAIL, "to": {"filterable": ["a", 1]}}, ".to.filterable", "must be a string or an array of strings"),
            ({**MAIL, "to": {"filterable": {"a": 1}}}, ".to.filterable", "must be a string or an array of strings"),
            ({**MAIL, "to": {"all": True}}, ".to.all", "is not a known member"),
            ({**MAIL, "to": "ios"}, ".to", None),
            ({**INBOX, "to": {"filterable": "ios"}}, ".to", "is not a known member"),
            ({**INBOX, "to": {}}, ".to", "is not a known member"),
            ({**MAIL, "when": 1}, ".when", None),
            ({**MAIL, "when": ""}, ".when", None),
            (without(MAIL, "template"), ".template", "is required"),
            ({**MAIL, "template": "text"}, ".template", None),
            ({**MAIL, "template": None}, ".template", None),
            (without(MAIL, template="subject"), ".template.subject", "is required"),
            (without(MAIL, template="text"), ".template.text", "is required"),
            (with_template(MAIL, subject=""), ".template.subject", None),
            (with_template(MAIL, text=1), ".template.text", None),
            (with_template(MAIL, html=""), ".template.html", None),
            (with_template(MAIL, title="t"), ".template.title", "is not a known member"),
            (with_template(MAIL, from_="a@b.c"), ".template.from_", "is not a known member"),
            (with_template(MAIL, tracking="yes"), ".template.tracking", "input should be a valid boolean"),
            (with_template(MAIL, **{"from": "nobody"}), ".template.from", "must be an address or Name <address>"),
            (with_template(MAIL, **{"from": "a@b.c <"}), ".template.from", "must be an address or Name <address>"),
            (with_template(MAIL, **{"from": "{{ x }}"}), ".template.from", "must be an address or Name <address>"),
            (without(TEXT, template="text"), ".template.text", "is required"),
            (with_template(TEXT, subject="s"), ".template.subject", "is not a known member"),
            (without(PHONE, template="title"), ".template.title", "is required"),
            (without(PHONE, template="body"), ".template.body", "is required"),
            (with_template(PHONE, data=[]), ".template.data", None),
            (with_template(PHONE, data="x"), ".template.data", None),
            (with_template(PHONE, data={"a": [{"b": ""}]}), ".template.data.a[0].b", "must be 1 to 65536 characters"),
            (with_template(PHONE, data={"from": "x"}), ".template.data.from", "is a name that FCM reserves"),
            (with_template(PHONE, data={"a": "b", "message_type": 1}), ".template.data.message_type", None),
            (with_template(PHONE, data={"notification": {}}), ".template.data.notification", None),
            (with_template(PHONE, data={"google": "x"}), ".template.data.google", None),
            (with_template(PHONE, data={"google.c.a.e": "x"}), ".template.data.google.c.a.e", None),
            (with_template(PHONE, data={"gcm_id": "x"}), ".template.data.gcm_id", None),
            (with_template(PHONE, data={"aps": "x"}), ".template.data.aps", "must be an object"),
            (with_template(PHONE, data={"aps": None}), ".template.data.aps", "must be an object"),
            (with_template(PHONE, sound=""), ".template.sound", None),
            (with_template(PHONE, sound=True), ".template.sound", None),
            (with_template(PHONE, badge=-1), ".template.badge", None),
            (with_template(PHONE, badge=True), ".template.badge", None),
            (with_template(PHONE, badge=1.5), ".template.badge", None),
            (with_template(PHONE, badge=""), ".template.badge", None),
            (with_template(PHONE, badge=10**9), ".template.badge", None),
            (with_template(PHONE, channel=1), ".template.channel", None),
            (with_template(PHONE, collapse=[]), ".template.collapse", None),
            (with_template(PHONE, priority="urgent"), ".template.priority", "must be one of high, normal"),
            (with_template(PHONE, time_to_live=-1), ".template.time_to_live", None),
            (with_template(PHONE, time_to_live=2_419_201), ".template.time_to_live", None),
            (with_template(PHONE, time_to_live="60"), ".template.time_to_live", None),
            (with_template(PHONE, time_to_live=60.5), ".template.time_to_live", None),
            (with_template(PHONE, time_to_live=True), ".template.time_to_live", None),
            (with_template(PHONE, image="x"), ".template.image", "is not a known member"),
            (with_template(INBOX, sound="x"), ".template.sound", "is not a known member"),
            (without(INBOX, template="body"), ".template.body", "is required"),
            (with_template(INBOX, text="x"), ".template.text", "is not a known member"),
            (
                with_template(INBOX, action_url=" JavaScript:{{ x }}"),
                ".template.action_url",
                "must not begin with javascript:",
            ),
            (with_template(INBOX, action_url="data:,{% if x %}y{% endif %}"), ".template.action_url", None),
            (with_template(INBOX, data={"action_url": "data:,x"}), ".template.data.action_url", None),
            ("mail", "", None),
            (None, "", None),
            ([], "", None),
        ],
    )
    def test_what_is_wrong_is_named_by_its_path(
        self, manage: Manage, notification: Any, field: str, message: str | None
    ) -> None:
        status, answer = manage.put_errors({**TEXT, "name": "first"}, notification)
        assert status == 422
        [error] = answer["errors"]
        assert error["field"] == f"notifications[1]{field}"
        assert error["message"] == (message or error["message"])
        assert "pydantic" not in error["message"]

    @pytest.mark.parametrize("body", [{}, {"notifications": None}, {"notifications": {}}, {"notifications": "x"}])
    def test_notifications_is_a_required_array(self, manage: Manage, body: Any) -> None:
        assert list(manage.errors("PUT", f"/{{env}}/event_types/{unique()}", body)) == ["notifications"]

    def test_every_mistake_is_listed(self, manage: Manage) -> None:
        status, answer = manage.put_errors({**MAIL, "name": "A"}, {**TEXT, "channel": "fax"}, {**PHONE, "x": 1})
        fields = [error["field"] for error in answer["errors"]]
        assert (status, fields) == (422, ["notifications[0].name", "notifications[1].channel", "notifications[2].x"])

    def test_a_name_is_unique_in_the_event_type(self, manage: Manage) -> None:
        expected = {"field": "notifications[1].name", "message": "must be unique in the event type"}
        assert manage.put_errors(MAIL, {**TEXT, "name": "mail"}) == invalid(expected)

    def test_a_template_string_has_at_most_65536_characters(self, manage: Manage) -> None:
        manage.configure(mail(text="x" * 65536))
        for notification, field in (
            (mail(text="x" * 65537), "text"),
            (mail(html="x" * 65537), "html"),
            (with_template(PHONE, data={"a": "x" * 65537}), "data.a"),
        ):
            status, answer = manage.put_errors(notification)
            assert (status, [error["field"] for error in answer["errors"]]) == (
                422,
                [f"notifications[0].template.{field}"],
            )

    def test_an_event_type_that_fills_a_whole_body_is_stored(self, manage: Manage) -> None:
        text = "x" * 65536
        notification = mail(text, text, html="y" * 65536)
        parts = [notification, {**mail("z" * 998, "z" * (LIMIT - 3 * 65536 - 1600)), "name": "other"}]
        name = manage.configure(*parts)
        assert manage.ok("GET", f"/{{env}}/event_types/{name}")["notifications"] == parts

    def test_a_refused_body_changes_nothing(self, manage: Manage) -> None:
        name = manage.configure(MAIL)
        assert manage.call("PUT", f"/{{env}}/event_types/{name}", {"notifications": [mail("{{")]})[0] == 422
        assert manage.ok("GET", f"/{{env}}/event_types/{name}")["notifications"] == [MAIL]

    def test_a_template_is_looked_at_before_the_environment(self, manage: Manage) -> None:
        body = {"notifications": [mail("{{")]}
        assert manage.call("PUT", "/missing/event_types/x", body)[0] == 422
        assert manage.call("PUT", "/missing/event_types/x", {"notifications": []}) == NOT_FOUND


class TestTemplates:
    @pytest.mark.parametrize(
        ("notification", "field", "line", "message"),
        [
            (mail("{{ otp"), "template.subject", 1, "expected '}}', found end of file"),
            (mail(text="a\nb\n{% if %}"), "template.text", 3, "missing expression"),
            (mail(html="\n{% nonsense %}"), "template.html", 2, "unexpected tag 'nonsense'"),
            (mail(text="\n\n{{ a | nonsense }}"), "template.text", 3, "unknown filter 'nonsense'"),
            (mail(text="{% include 'a' %}"), "template.text", 1, "unexpected tag 'include'"),
            (mail(text="{% render 'a' %}"), "template.text", 1, "unexpected tag 'render'"),
            (mail(text="{% endif %}"), "template.text", 1, "unexpected tag 'endif'"),
            (with_template(TEXT, text="{{ }}"), "template.text", 1, None),
            (with_template(PHONE, title="{{"), "template.title", 1, None),
            (with_template(PHONE, body="{{"), "template.body", 1, None),
            (with_template(PHONE, data={"a": {"b": ["x", "{{"]}}), "template.data.a.b[1]", 1, None),
            (with_template(INBOX, body="{{"), "template.body", 1, None),
            ({**MAIL, "when": "a =="}, "when", 1, None),
            ({**MAIL, "when": " "}, "when", 1, None),
            ({**MAIL, "when": "a %}{% endif %}{% if b"}, "when", 1, "a condition only, without tags"),
            ({**MAIL, "when": "a | upcase == 'A'"}, "when", 1, None),
        ],
    )
    def test_what_does_not_parse_is_refused_with_its_line(
        self, manage: Manage, notification: dict[str, Any], field: str, line: int, message: str | None
    ) -> None:
        status, answer = manage.put_errors(notification)
        [error] = answer["errors"]
        assert (status, error["field"], error["line"]) == (422, f"notifications[0].{field}", line)
        assert error["message"].startswith("template does not parse: ")
        if message:
            assert error["message"] == f"template does not parse: {message}"

    @pytest.mark.parametrize("sender", ["a@b.c", "Shop <a@b.c>", "Löwe & Söhne <a@b.c>", "two\nlines <a@b.c>"])
    def test_a_sender_may_be(self, manage: Manage, sender: str) -> None:
        manage.configure(mail(**{"from": sender}))
