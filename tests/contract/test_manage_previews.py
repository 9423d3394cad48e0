"""Previews: what notifications would be with data at hand, of every channel, and that nothing comes of it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contract.manage_client import INBOX, MAIL, NOT_FOUND, PHONE, TEXT, Manage, invalid, mail, unique
from tests.support.teams import Operator

IN_PROCESS = True
PATH = "/{env}/previews"


def preview(manage: Manage, notification: dict[str, Any], **members: Any) -> dict[str, Any]:
    """Return the preview of one notification."""
    [shown] = manage.ok("POST", PATH, {"notification": notification, **members})["previews"]
    return shown  # type: ignore[no-any-return]


class TestShown:
    def test_a_mail_is_shown_as_it_would_be(self, manage: Manage) -> None:
        assert manage.ok("POST", PATH, {"notification": MAIL, "data": {"otp": 12}}) == {
            "previews": [
                {
                    "notification": "mail",
                    "channel": "email",
                    "rendered": {"subject": "Code 12", "text": "12"},
                    "missing_variables": [],
                    "when": True,
                }
            ]
        }

    @pytest.mark.parametrize("notification", [TEXT, PHONE, INBOX], ids=["sms", "push", "app"])
    def test_so_is_every_other_channel(self, manage: Manage, notification: dict[str, Any]) -> None:
        [delivery] = manage.in_environment(mock=True).told(
            notification,
            user_id="sam",
            data={"otp": "1234"},
            contact_infos=[
                {"type": "mobile_number", "value": "+4915112345678"},
                {"type": "firebase_token", "value": "t"},
            ],
        )
        assert preview(manage, notification, data={"otp": "1234"})["rendered"] == delivery["rendered"]

    def test_an_event_type_shows_all_of_its_notifications_in_their_order(self, manage: Manage) -> None:
        event_type = manage.configure(MAIL, TEXT, INBOX)
        shown = manage.ok("POST", PATH, {"event_type": event_type, "data": {"otp": 1}})["previews"]
        assert [(each["notification"], each["channel"]) for each in shown] == [
            ("mail", "email"),
            ("text", "sms"),
            ("inbox", "app"),
        ]

    def test_or_the_one_that_is_named(self, manage: Manage) -> None:
        event_type = manage.configure(MAIL, TEXT)
        [shown] = manage.ok("POST", PATH, {"event_type": event_type, "name": "text"})["previews"]
        assert shown["notification"] == "text"

    def test_the_message_is_of_the_event_type(self, manage: Manage) -> None:
        event_type = manage.configure(mail("{{ message.event_type }}"))
        [shown] = manage.ok("POST", PATH, {"event_type": event_type})["previews"]
        assert shown["rendered"]["subject"] == event_type

    def test_what_nobody_gave_is_listed(self, manage: Manage) -> None:
        shown = preview(manage, mail("{{ order.total }}{{ plan | default: 'free' }}"))
        assert (shown["rendered"]["subject"], shown["missing_variables"]) == ("free", ["order"])

    def test_what_does_not_fit_is_noted(self, manage: Manage) -> None:
        shown = preview(manage, mail("{{ total | number }}"), data={"total": "many"})
        assert shown["rendered"]["subject"] == "many"
        assert len(shown["template_notes"]) == 1

    def test_a_variable_that_must_not_be_missing_is_the_reason_why_nothing_is_shown(self, manage: Manage) -> None:
        shown = preview(manage, {**mail("{{ otp }}"), "missing": "fail"})
        assert (shown["rendered"], shown["missing_variables"]) == ({}, ["otp"])
        assert shown["reason"] == "template: missing: otp"

    def test_the_unsubscribe_link_of_a_preview_unsubscribes_nobody(self, manage: Manage) -> None:
        url = preview(manage, mail("s", "{{ unsubscribe_url }}"))["rendered"]["text"]
        assert url.endswith("/u/preview")
        assert manage.stack.request("POST", "/u/preview").status == 404

    def test_an_answer_to_very_much_is_cut_as_far_as_it_takes(self, manage: Manage) -> None:
        quotes = {**mail("s", "{% for each in (1..4) %}{{ text }}{% endfor %}"), "name": "n"}
        many = [{**quotes, "name": f"n{number}"} for number in range(20)]
        event_type = manage.configure(*many)
        answer = manage.request("POST", PATH, {"event_type": event_type, "data": {"text": '"' * 60_000}})
        assert answer.status == 200
        assert {len(each["rendered"]["text"]) for each in answer.json()["previews"]} == {32_768}


class TestConditions:
    @pytest.mark.parametrize(("data", "when"), [({"urgent": True}, True), ({"urgent": False}, False), ({}, False)])
    def test_it_says_whether_the_condition_holds_and_shows_the_content_anyway(
        self, manage: Manage, data: dict[str, Any], *, when: bool
    ) -> None:
        shown = preview(manage, {**MAIL, "when": "data.urgent == true"}, data=data)
        assert shown["when"] is when
        assert "subject" in shown["rendered"]

    def test_a_condition_that_cannot_be_evaluated_does_not_hold_and_says_why(self, manage: Manage) -> None:
        shown = preview(manage, {**MAIL, "when": "amount > 5"}, data={"amount": "many", "otp": 1})
        assert shown["when"] is False
        assert shown["reason"].startswith("condition cannot be evaluated: ")


class TestReaders:
    def test_dates_and_numbers_are_those_of_the_users_language_and_time_zone(self, manage: Manage) -> None:
        subject = "{{ at | date: '%H:%M %A' }} {{ 1234.5 | number }}"
        user = {"locale": "de", "timezone": "Europe/Berlin", "name": "Sam"}
        shown = preview(manage, mail(subject, "{{ user.name }}"), data={"at": "2026-01-31T09:30:00Z"}, user=user)
        assert shown["rendered"] == {"subject": "10:30 Samstag 1.234,5", "text": "Sam"}

    def test_a_stored_user_is_read(self, manage: Manage) -> None:
        user_id = manage.user({"type": "email", "value": "sam@example.com"}, plan="gold")
        shown = preview(manage, mail("{{ user.plan }}", "{{ contact.value }}"), user_id=user_id)
        assert shown["rendered"] == {"subject": "gold", "text": "sam@example.com"}

    def test_an_id_that_nobody_made_a_user_of_is_all_that_is_known_of_its_user(self, manage: Manage) -> None:
        shown = preview(manage, mail("{{ user.user_id }}{{ user.plan }}"), user_id="nobody")
        assert (shown["rendered"]["subject"], shown["missing_variables"]) == ("nobody", ["user.plan"])

    def test_the_contact_that_is_given_is_the_one_that_templates_see(self, manage: Manage) -> None:
        contact = {"type": "email", "value": "kim@example.com", "filterable": "work"}
        shown = preview(manage, mail("{{ contact.value }} {{ contact.filterable }}"), contact=contact)
        assert shown["rendered"]["subject"] == "kim@example.com work"


class TestRefused:
    @pytest.mark.parametrize(
        ("body", "field"),
        [
            ({}, "notification"),
            ({"notification": MAIL, "event_type": "x"}, "event_type"),
            ({"notification": MAIL, "name": "mail"}, "name"),
            ({"notification": MAIL, "to": "sam@example.com"}, "to"),
            ({"notification": {**MAIL, "colour": "red"}}, "notification.colour"),
            ({"notification": MAIL, "user": {}, "user_id": "1"}, "user"),
            ({"notification": MAIL, "contact": {"type": "fax", "value": "1"}}, "contact.type"),
            ({"notification": MAIL, "data": []}, "-"),
            ({"notification": MAIL, "data": "x"}, "data"),
        ],
    )
    def test_a_body_that_breaks_a_rule_is_refused_by_name(
        self, manage: Manage, body: dict[str, Any], field: str
    ) -> None:
        if field == "-":  # as PHP writes an empty object
            assert manage.call("POST", PATH, body)[0] == 200
        else:
            assert list(manage.errors("POST", PATH, body)) == [field]

    def test_a_template_that_does_not_parse_is_refused_with_field_and_line(self, manage: Manage) -> None:
        status, answer = manage.call("POST", PATH, {"notification": mail("s", "a\nb\n{{ otp }")})
        [error] = answer["errors"]
        assert (status, error["field"], error["line"]) == (422, "notification.template.text", 3)

    def test_so_is_a_filter_that_nobody_knows(self, manage: Manage) -> None:
        assert list(manage.errors("POST", PATH, {"notification": mail("{{ otp | shout }}")})) == [
            "notification.template.subject"
        ]

    def test_and_a_condition_with_tags(self, manage: Manage) -> None:
        assert list(manage.errors("POST", PATH, {"notification": {**MAIL, "when": "{% if a %}"}})) == [
            "notification.when"
        ]

    def test_an_unknown_event_type_or_notification_is_not_found(self, manage: Manage) -> None:
        assert manage.call("POST", PATH, {"event_type": unique()}) == NOT_FOUND
        assert manage.call("POST", PATH, {"event_type": manage.configure(MAIL), "name": "text"}) == NOT_FOUND

    def test_a_sender_that_the_team_may_not_use_is_refused(self, manage: Manage, operator: Operator) -> None:
        plain = Manage(manage.stack, operator.team(senders=()).token)
        body = {"notification": mail(**{"from": "other@elsewhere.example"})}
        assert plain.call("POST", PATH, body) == invalid(
            {"field": "notification.template.from", "message": "is not among the senders of the team"}
        )


def test_a_preview_leaves_nothing_behind(manage: Manage) -> None:
    fresh = manage.in_environment()
    preview(fresh, INBOX, user_id="sam", data={"otp": 1})
    assert fresh.ok("GET", "/{env}/messages")["data"] == []
    listed = fresh.stack.request(
        "GET", f"/neptune/app_notifications/{fresh.environment}?user_id=sam", token=fresh.token
    )
    assert listed.json()["data"] == []


def test_a_member_without_a_name_is_named_as_such(manage: Manage) -> None:
    status, answer = manage.call("POST", PATH, {"notification": MAIL, "": None})
    assert (status, answer["errors"]) == (422, [{"field": '""', "message": "is not a known member"}])
