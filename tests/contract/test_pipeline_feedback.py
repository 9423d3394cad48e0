"""What the e-mail service reports later, suppression, and unsubscribing."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.contract.manage_client import Manage, email_to, mail, outcomes, unique
from tests.local_stack import Answer

SUBSCRIPTION = mail("s", "Unsubscribe: {{ unsubscribe_url }}")


class Mailed:
    """A mail that was sent, and what becomes of it."""

    def __init__(self, manage: Manage, address: str | None = None, notification: dict[str, Any] | None = None) -> None:
        self.manage = manage
        self.address = address or f"{unique()}@example.com"
        event_type = manage.configure(notification or mail())
        self.message_id = manage.ingest(event_type, contact_infos=email_to(self.address))
        [self.sent] = manage.message(self.message_id)["deliveries"]

    def delivery(self) -> dict[str, Any]:
        [delivery] = self.manage.message(self.message_id)["deliveries"]
        found: dict[str, Any] = delivery
        return found

    def report(self, type_: str, **members: str) -> None:
        self.manage.report(self.sent["provider_message_id"], type_, **members)

    def types(self) -> list[str]:
        return [event["type"] for event in self.delivery().get("events", [])]

    def wait_for(self, *types: str) -> dict[str, Any]:
        """Wait until these and no other types are listed; reports may overtake each other."""
        self.manage.stack.wait_for(lambda: sorted(self.types()) == sorted(types))
        return self.delivery()


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
        link = {"link": members["link"]} if "link" in members else {}
        assert event == {"type": type_, "at": event["at"], **link}
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
                assert again.sent["to"] == address
        assert len(manage.stack.outbox(mailed.address)) == 1

    @pytest.mark.parametrize(
        ("type_", "members"), [("bounce", {"bounce_type": "Transient"}), ("open", {}), ("reject", {})]
    )
    def test_other_reports_suppress_nothing(self, manage: Manage, type_: str, members: dict[str, str]) -> None:
        mailed = Mailed(manage)
        mailed.report(type_, **members)
        mailed.wait_for(type_)
        assert outcomes([Mailed(manage, mailed.address).sent]) == [("success", None)]

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


class TestUnsubscribe:
    def link(self, manage: Manage, address: str) -> str:
        """Return the path of the link in a mail to an address."""
        Mailed(manage, address, SUBSCRIPTION)
        sent = manage.stack.outbox(address)[-1]
        url = sent["text"].removeprefix("Unsubscribe: ")
        assert url.startswith(manage.stack.base_url + "/u/")
        return str(url.removeprefix(manage.stack.base_url))

    def page(self, manage: Manage, method: str, path: str, body: bytes | None = None) -> Answer:
        answer = manage.stack.request(method, path, body)
        assert answer.headers["Content-Type"].startswith("text/html")
        return answer

    def test_a_get_shows_a_button_and_changes_nothing(self, manage: Manage) -> None:
        address = f"{unique()}@example.com"
        answer = self.page(manage, "GET", self.link(manage, address))
        assert answer.status == 200
        assert b'<form method="post">' in answer.body
        assert b"<button" in answer.body
        assert outcomes([Mailed(manage, address, SUBSCRIPTION).sent]) == [("success", None)]

    @pytest.mark.parametrize("body", [None, b"List-Unsubscribe=One-Click", b"{", b"\xff\x00", b"x" * 10_000])
    def test_a_post_of_anything_unsubscribes_and_can_be_repeated(self, manage: Manage, body: bytes | None) -> None:
        address = f"{unique()}@example.com"
        path = self.link(manage, address)
        for _ in range(2):
            assert self.page(manage, "POST", path, body).status == 200
        again = Mailed(manage, address.upper(), SUBSCRIPTION)
        assert outcomes([again.sent]) == [("failed", "suppressed: unsubscribe")]

    def test_only_subscription_mail_heeds_it(self, manage: Manage) -> None:
        address = f"{unique()}@example.com"
        self.page(manage, "POST", self.link(manage, address))
        assert outcomes([Mailed(manage, address, mail()).sent]) == [("success", None)]
        for members in (
            {"html": "<a href='{{ unsubscribe_url }}'>x</a>"},
            {"text": "{% if unsubscribe_url %}x{% endif %}"},
        ):
            again = Mailed(manage, address, mail(**members))
            assert outcomes([again.sent]) == [("failed", "suppressed: unsubscribe")]

    def test_it_holds_for_this_team_only(self, manage: Manage, team: Manage) -> None:
        address = f"{unique()}@example.com"
        self.page(manage, "POST", self.link(manage, address))
        assert outcomes([Mailed(team, address, SUBSCRIPTION).sent]) == [("success", None)]

    @pytest.mark.parametrize("token", ["x", "a.b.c", "x" * 3000, "%F0%9F%8E%89"])
    @pytest.mark.parametrize("method", ["GET", "POST"])
    def test_a_bad_link_is_not_found(self, manage: Manage, method: str, token: str) -> None:
        assert self.page(manage, method, f"/u/{token}").status == 404

    def test_an_api_token_is_no_link_and_a_link_no_api_token(self, manage: Manage) -> None:
        assert self.page(manage, "GET", f"/u/{manage.token}").status == 404
        link = self.link(manage, f"{unique()}@example.com").removeprefix("/u/")
        assert Manage(manage.stack, link).call("GET", "/environments")[0] == 401

    def test_a_link_that_was_changed_is_not_found(self, manage: Manage) -> None:
        path = self.link(manage, f"{unique()}@example.com")
        changed = path[:-4] + ("AAAA" if path[-4:] != "AAAA" else "BBBB")
        assert self.page(manage, "POST", changed).status == 404

    def test_subscription_mail_has_the_headers_and_no_other_has(self, manage: Manage) -> None:
        address = f"{unique()}@example.com"
        path = self.link(manage, address)
        [sent] = manage.stack.outbox(address)
        assert sent["headers"] == {
            "List-Unsubscribe": f"<{manage.stack.base_url}{path}>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        }
        assert manage.mailed(mail("unsubscribe_url"))["headers"] == {}


def test_health_is_good(manage: Manage) -> None:
    answer = manage.stack.request("GET", "/health")
    assert (answer.status, answer.json()) == (200, {"status": "ok"})


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
            "headers": {},
            "provider_message_id": None,
            "at": None,
        }
        assert manage.stack.outbox(sent["to"].upper()) == [sent]

    def test_a_text_and_a_push_are_listed_with_these_members(self, manage: Manage) -> None:
        number, token = f"+1555{int(unique()[2:], 16) % 10**7:07d}", unique("Token")
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
