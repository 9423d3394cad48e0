"""Test sends: notifications to one address, through the ordinary pipeline."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contract.manage_client import (
    INBOX,
    MAIL,
    NOT_FOUND,
    PHONE,
    TEXT,
    Manage,
    email_to,
    mail,
    phone_number,
    unique,
)

IN_PROCESS = True
PATH = "/{env}/test_sends"


def sent(manage: Manage, to: str, **members: Any) -> dict[str, Any]:
    """Send a test; return its message when all of it is final."""
    answer = manage.ok("POST", PATH, {"to": to, **members})
    assert list(answer) == ["message_id"]
    return manage.message(answer["message_id"])


def address() -> str:
    return f"{unique()}@example.com"


class TestDelivered:
    @pytest.mark.over_http
    def test_a_mail_arrives_as_it_was_given_and_its_message_says_that_it_is_a_test(self, manage: Manage) -> None:
        to = address()
        message = sent(manage, to, notification=MAIL, data={"otp": 7})
        assert (message["test"], message["data"], message["source"]) == (True, {"otp": 7}, "manage")
        [delivery] = message["deliveries"]
        assert (delivery["notification"], delivery["to"], delivery["status"]) == ("mail", to, "success")
        [mailed] = manage.stack.outbox(to)
        assert (mailed["subject"], mailed["text"]) == ("Code 7", "7")

    def test_ordinary_messages_do_not_say_so(self, manage: Manage) -> None:
        assert "test" not in manage.message(manage.ingest(manage.configure()))

    def test_each_notification_of_an_event_type_goes_to_the_address_once(self, manage: Manage) -> None:
        event_type = manage.configure(MAIL, {**mail("Two"), "name": "two"})
        message = sent(manage, to := address(), event_type=event_type)
        assert message["event_type"] == event_type
        assert [(each["notification"], each["to"]) for each in message["deliveries"]] == [("mail", to), ("two", to)]

    def test_or_the_named_one_alone(self, manage: Manage) -> None:
        event_type = manage.configure(MAIL, {**mail("Two"), "name": "two"})
        message = sent(manage, address(), event_type=event_type, name="two")
        assert [each["notification"] for each in message["deliveries"]] == ["two"]

    def test_conditions_and_filterables_keep_nothing_back(self, manage: Manage) -> None:
        picky = {**MAIL, "when": "data.urgent", "to": {"filterable": "work", "verified": True}}
        assert [each["status"] for each in sent(manage, address(), notification=picky)["deliveries"]] == ["success"]

    @pytest.mark.over_http
    def test_the_users_own_addresses_get_nothing(self, manage: Manage) -> None:
        own = address()
        user_id = manage.user(*email_to(own), plan="gold")
        to = address()
        sent(manage, to, notification=mail("{{ user.plan }}"), user_id=user_id)
        assert [each["subject"] for each in manage.stack.outbox(to)] == ["gold"]
        assert manage.stack.outbox(own) == []

    @pytest.mark.over_http
    def test_it_is_sent_as_it_was_when_it_was_asked_for(self, manage: Manage) -> None:
        event_type = manage.configure(MAIL)
        to = address()
        message_id = manage.ok("POST", PATH, {"to": to, "event_type": event_type, "data": {"otp": 1}})["message_id"]
        manage.configure(mail("Other"), event_type=event_type)
        manage.message(message_id)
        assert [each["subject"] for each in manage.stack.outbox(to)] == ["Code 1"]

    def test_a_suppressed_address_is_not_mailed_in_a_test_either(self, manage: Manage) -> None:
        to = address()
        manage.ok("POST", "/suppressions", {"email": to, "reason": "bounce"})
        [delivery] = sent(manage, to, notification=MAIL)["deliveries"]
        assert (delivery["status"], delivery["reason"]) == ("failed", "suppressed: bounce")

    def test_in_a_mock_environment_nothing_leaves(self, manage: Manage) -> None:
        [delivery] = sent(manage.in_environment(mock=True), address(), notification=MAIL)["deliveries"]
        assert delivery["status"] == "mocked"


class TestAddresses:
    @pytest.mark.parametrize(
        ("to", "notifications"),
        [
            ("sam@example.com", ["mail"]),
            ("+49 (0)151 12345678", ["text"]),
            ("some-push-token", ["phone"]),
        ],
    )
    def test_the_form_of_the_address_says_which_channel_it_is_of(
        self, manage: Manage, to: str, notifications: list[str]
    ) -> None:
        event_type = manage.configure(MAIL, TEXT, PHONE, INBOX)
        message = sent(manage, to, event_type=event_type, data={"otp": 1})
        assert [each["notification"] for each in message["deliveries"]] == notifications

    def test_a_stored_users_id_is_its_inbox(self, manage: Manage) -> None:
        user_id = manage.user(plan="gold")
        event_type = manage.configure(MAIL, PHONE, INBOX)
        message = sent(manage, user_id, event_type=event_type)
        assert [(each["notification"], each["to"]) for each in message["deliveries"]] == [("inbox", user_id)]
        assert message["user_id"] == user_id

    def test_a_notification_in_the_app_goes_to_any_id_even_one_like_an_address(self, manage: Manage) -> None:
        to = address()
        [delivery] = sent(manage, to, notification=INBOX, data={"otp": 3})["deliveries"]
        assert (delivery["channel"], delivery["to"], delivery["status"]) == ("app", to, "success")
        listed = manage.stack.request("GET", f"/neptune/app_notifications/dev?user_id={to}", token=manage.token)
        assert [each["body"] for each in listed.json()["data"]] == ["3"]

    @pytest.mark.parametrize(
        ("to", "notification"),
        [("sam@example.com", TEXT), (phone_number(), MAIL), ("no address", MAIL), ("no number", TEXT)],
        ids=["mail-to-sms", "phone-to-mail", "text-to-mail", "text-to-sms"],
    )
    def test_an_address_that_no_notification_can_go_to_is_refused(
        self, manage: Manage, to: str, notification: dict[str, Any]
    ) -> None:
        assert list(manage.errors("POST", PATH, {"to": to, "notification": notification})) == ["to"]


class TestRefused:
    @pytest.mark.parametrize(
        ("body", "field"),
        [
            ({"notification": MAIL}, "to"),
            ({"notification": MAIL, "to": ""}, "to"),
            ({"to": "sam@example.com"}, "notification"),
            ({"to": "sam@example.com", "notification": MAIL, "user": {}}, "user"),
            ({"to": "sam@example.com", "notification": mail("{{ a | shout }}")}, "notification.template.subject"),
        ],
    )
    def test_a_body_that_breaks_a_rule_is_refused_by_name(
        self, manage: Manage, body: dict[str, Any], field: str
    ) -> None:
        assert list(manage.errors("POST", PATH, body)) == [field]

    def test_an_unknown_event_type_is_not_found(self, manage: Manage) -> None:
        assert manage.call("POST", PATH, {"event_type": unique(), "to": address()}) == NOT_FOUND

    def test_the_sixty_first_of_an_hour_is_refused_until_the_hour_is_over(self, team: Manage) -> None:
        mocked = team.in_environment(mock=True)
        for _ in range(60):
            mocked.ok("POST", PATH, {"notification": MAIL, "to": "sam@example.com"})
        # All tokens of a team share the hour.
        other = mocked.with_permissions("manage_templates")
        answer = other.request("POST", PATH, {"notification": MAIL, "to": "sam@example.com"})
        assert (answer.status, answer.json()) == (429, {"message": "Too many requests"})
        assert 1 <= int(answer.headers["Retry-After"]) <= 3600
