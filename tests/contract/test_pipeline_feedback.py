"""What the e-mail service reports later, suppression, and unsubscribing."""

from __future__ import annotations

import re
from typing import Any, ClassVar

import pytest

from tests.contract.manage_client import Mailed, Manage, mail, outcomes, phone_number, unique

SUBSCRIPTION = mail("s", "Unsubscribe: {{ unsubscribe_url }}")


def known(type_: str, bounce_type: str = "Permanent", link: str | None = None) -> dict[str, str]:
    """Return what an event says besides its type and moment."""
    permanent = bounce_type == "Permanent"
    members = {
        "bounce": {
            "bounce_type": bounce_type,
            "sub_type": "General" if permanent else "MailboxFull",
            "code": "5.1.1" if permanent else "4.2.2",
        },
        "complaint": {"feedback_type": "abuse"},
        "delivery_delay": {"delay_type": "MailboxFull", "code": "4.2.2"},
        "click": {"link": str(link)},
    }
    return members.get(type_, {})


class TestFeedback:
    @pytest.mark.parametrize(
        ("type_", "members", "outcome"),
        [
            ("delivery", {}, ("success", None)),
            ("open", {}, ("success", None)),
            ("click", {"link": "https://example.com/x"}, ("success", None)),
            ("bounce", {"bounce_type": "Transient"}, ("success", None)),
            ("bounce", {"bounce_type": "Permanent"}, ("failed", "bounced")),
            ("bounce", {}, ("failed", "bounced")),
            ("reject", {}, ("failed", "rejected")),
            ("complaint", {}, ("success", "complaint")),
            ("rendering_failure", {}, ("failed", "rendering failure")),
            ("delivery_delay", {}, ("success", None)),
        ],
    )
    def test_a_report_changes_a_success_only_so(
        self, manage: Manage, type_: str, members: dict[str, str], outcome: tuple[str, str | None]
    ) -> None:
        mailed = Mailed(manage)
        assert "events" not in mailed.sent
        mailed.report(type_, **members)
        delivery = mailed.wait_for(type_)
        assert (delivery["status"], delivery["reason"]) == outcome
        assert delivery["provider_message_id"] == mailed.sent["provider_message_id"]
        [event] = delivery["events"]
        assert event == {"type": type_, "at": event["at"], **known(type_, **members)}
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", event["at"])

    def test_each_type_is_counted_once(self, manage: Manage) -> None:
        mailed = Mailed(manage)
        for type_ in ("open", "open", "click", "open", "click", "delivery", "delivery"):
            mailed.report(type_)
        mailed.report("bounce", bounce_type="Transient")
        mailed.wait_for("open", "click", "delivery", "bounce")
        mailed.report("bounce")
        delivery = mailed.wait_for("open", "click", "delivery", "bounce", "bounce")
        assert outcomes([delivery]) == [("failed", "bounced")]

    def test_a_bounce_stands_whatever_comes_after(self, manage: Manage) -> None:
        mailed = Mailed(manage)
        mailed.report("bounce")
        mailed.wait_for("bounce")
        for type_ in ("delivery", "complaint", "reject"):
            mailed.report(type_)
        delivery = mailed.wait_for("bounce", "delivery", "complaint", "reject")
        assert outcomes([delivery]) == [("failed", "bounced")]

    def test_feedback_needs_a_known_mail(self, manage: Manage) -> None:
        answer = manage.stack.request("POST", "/_local/feedback", {"provider_message_id": "x", "type": "open"})
        assert answer.status == 404

    @pytest.mark.parametrize("body", [{"provider_message_id": "x", "type": "nonsense"}, {"type": "open"}, {}])
    def test_feedback_needs_its_members(self, manage: Manage, body: dict[str, str]) -> None:
        answer = manage.stack.request("POST", "/_local/feedback", body)
        assert (answer.status, answer.json()["message"]) == (422, "Validation failed")
        assert {set(error) >= {"field", "message"} for error in answer.json()["errors"]} == {True}


class TestPush:
    PHONE: ClassVar = {"name": "phone", "channel": "push", "template": {"title": "t", "body": "b"}}

    def pushed(self, manage: Manage) -> tuple[str, dict[str, Any]]:
        """Push to a device; return the message's id and the delivery."""
        contacts = [{"type": "firebase_token", "value": unique("token")}]
        message_id = manage.ingest(manage.configure(self.PHONE), contact_infos=contacts)
        [delivery] = manage.message(message_id)["deliveries"]
        assert outcomes([delivery]) == [("success", None)]
        return message_id, delivery

    @pytest.mark.parametrize("members", [{}, {"failure_type": "InvalidNotification"}])
    def test_a_push_that_the_platform_did_not_take_has_failed(self, manage: Manage, members: dict[str, str]) -> None:
        message_id, sent = self.pushed(manage)
        for _ in range(2):
            manage.report(sent["provider_message_id"], "push_failure", **members)
        code = members.get("failure_type", "InvalidPlatformToken")

        def failed() -> dict[str, Any] | None:
            [delivery] = manage.message(message_id)["deliveries"]
            return delivery if delivery["status"] == "failed" else None

        delivery = manage.stack.wait_for(failed)
        [event] = delivery["events"]
        assert delivery["reason"] == f"provider: {code}"
        assert event == {"type": "push_failure", "at": event["at"], "code": code}

    def test_a_push_is_no_mail_and_a_mail_no_push(self, manage: Manage) -> None:
        _, sent = self.pushed(manage)
        mailed = Mailed(manage)
        for message_id, type_ in (
            (sent["provider_message_id"], "open"),
            (mailed.sent["provider_message_id"], "push_failure"),
        ):
            body = {"provider_message_id": message_id, "type": type_}
            assert manage.stack.request("POST", "/_local/feedback", body).status == 404


class TestSuppression:
    @pytest.mark.parametrize("reason", ["bounce", "complaint"])
    def test_an_address_that_bounced_or_complained_is_mailed_no_more(self, manage: Manage, reason: str) -> None:
        mailed = Mailed(manage)
        mailed.report(reason)
        mailed.wait_for(reason)
        for address in (mailed.address, mailed.address.upper()):
            for notification in (mail(), SUBSCRIPTION):
                again = Mailed(manage, address, notification)
                assert outcomes([again.sent]) == [("failed", f"suppressed: {reason}")]
                assert again.sent["to"].lower() == mailed.address
        assert len(manage.stack.outbox(mailed.address)) == 1

    @pytest.mark.parametrize(
        ("type_", "members"), [("bounce", {"bounce_type": "Transient"}), ("open", {}), ("reject", {})]
    )
    def test_other_reports_suppress_nothing(self, manage: Manage, type_: str, members: dict[str, str]) -> None:
        mailed = Mailed(manage)
        mailed.report(type_, **members)
        mailed.wait_for(type_)
        assert outcomes([Mailed(manage, mailed.address).sent]) == [("success", None)]

    @pytest.mark.parametrize("bounce_type", ["Transient", "Undetermined", "Permanent"])
    @pytest.mark.parametrize(
        "said", [{"status": "5.1.6"}, {"status": "", "diagnostic_code": "smtp; 550-5.2.1 La boîte est désactivée"}]
    )
    def test_an_address_that_is_not_there_is_suppressed_whatever_the_type(
        self, manage: Manage, bounce_type: str, said: dict[str, str]
    ) -> None:
        mailed = Mailed(manage)
        mailed.report("bounce", bounce_type=bounce_type, sub_type="General", **said)
        assert outcomes([mailed.wait_for("bounce")]) == [("failed", "bounced")]
        assert outcomes([Mailed(manage, mailed.address).sent]) == [("failed", "suppressed: bounce")]

    @pytest.mark.parametrize(
        "said",
        [
            {"bounce_type": "Permanent", "sub_type": "General", "status": "5.7.26"},
            {
                "bounce_type": "Permanent",
                "sub_type": "General",
                "status": "",
                "diagnostic_code": "smtp; 554 5.4.14 hop",
            },
            {"bounce_type": "Transient", "sub_type": "AttachmentRejected", "status": ""},
        ],
    )
    def test_what_is_wrong_with_our_mails_never_suppresses(self, manage: Manage, said: dict[str, str]) -> None:
        mailed = [Mailed(manage)]
        for _ in range(6):
            mailed.append(Mailed(manage, mailed[0].address))
        for each in mailed:
            each.report("bounce", **said)
        for each in mailed:
            each.wait_for("bounce")
        assert outcomes([Mailed(manage, mailed[0].address).sent]) == [("success", None)]

    @pytest.mark.parametrize("bounce_type", ["Transient", "Permanent"])
    def test_five_that_may_pass_suppress(self, manage: Manage, bounce_type: str) -> None:
        mailed = [Mailed(manage)]
        for _ in range(4):
            mailed.append(Mailed(manage, mailed[0].address))
        for each in mailed[:4]:
            each.report("bounce", bounce_type=bounce_type, sub_type="General", status="4.4.7")
            each.wait_for("bounce")
        assert outcomes([Mailed(manage, mailed[0].address).sent]) == [("success", None)]
        mailed[4].report("bounce", bounce_type="Transient", sub_type="MailboxFull", status="5.2.2")
        mailed[4].wait_for("bounce")
        assert outcomes([Mailed(manage, mailed[0].address).sent]) == [("failed", "suppressed: bounce")]

    def test_it_holds_in_every_environment_of_the_team_and_in_no_other_team(self, manage: Manage, team: Manage) -> None:
        mailed = Mailed(manage)
        mailed.report("bounce")
        mailed.wait_for("bounce")
        other = Mailed(manage.in_environment(), mailed.address)
        assert outcomes([other.sent]) == [("failed", "suppressed: bounce")]
        assert outcomes([Mailed(team, mailed.address).sent]) == [("success", None)]

    def test_other_channels_are_not_concerned(self, manage: Manage) -> None:
        mailed = Mailed(manage)
        mailed.report("complaint")
        mailed.wait_for("complaint")
        push = {"name": "phone", "channel": "push", "template": {"title": "t", "body": "b"}}
        found = manage.told(push, contact_infos=[{"type": "firebase_token", "value": mailed.address}])
        assert outcomes(found) == [("success", None)]


class TestOutbox:
    def test_an_e_mail_is_listed_with_these_members(self, manage: Manage) -> None:
        sent = manage.mailed(mail("s", "t", html="<p>h</p>"))
        assert {**sent, "to": None, "at": None, "provider_message_id": None} == {
            "channel": "email",
            "to": None,
            "from": "hello@example.com",
            "subject": "s",
            "text": "t",
            "html": "<p>h</p>",
            "title": None,
            "body": None,
            "data": None,
            "cc": [],
            "bcc": [],
            "reply_to": None,
            "attachments": [],
            "headers": {},
            "provider_message_id": None,
            "at": None,
        }
        assert manage.stack.outbox(sent["to"].upper()) == [sent]

    def test_a_text_and_a_push_are_listed_with_these_members(self, manage: Manage) -> None:
        number, token = phone_number(), unique("Token")
        contacts = [{"type": "mobile_number", "value": number}, {"type": "firebase_token", "value": token}]
        text = {"name": "text", "channel": "sms", "template": {"text": "x"}}
        push = {"name": "push", "channel": "push", "template": {"title": "t", "body": "b", "data": {"a": "1"}}}
        assert outcomes(manage.told(text, push, contact_infos=contacts)) == [("success", None)] * 2
        [sms], [device] = manage.stack.outbox(number), manage.stack.outbox(token)
        given = {name: value for name, value in sms.items() if value is not None}
        assert {**given, "at": None, "provider_message_id": None} == {
            "channel": "sms",
            "to": number,
            "text": "x",
            "at": None,
            "provider_message_id": None,
        }
        assert (device["channel"], device["title"], device["body"], device["data"]) == ("push", "t", "b", {"a": "1"})
        assert manage.stack.outbox(token.upper()) == []

    def test_nobody_has_an_empty_outbox(self, manage: Manage) -> None:
        answer = manage.stack.request("GET", f"/_local/outbox?to={unique()}")
        assert (answer.status, answer.json()) == (200, {"messages": []})

    def test_a_sender_beyond_ascii_is_shown_as_it_was_given(self, manage: Manage) -> None:
        sender = "Löwe & Söhne <loewe@example.com>"
        assert manage.mailed(mail(**{"from": sender}))["from"] == sender
