"""What becomes of a delivery: every status, what decides it, and in which order."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from tests.contract.manage_client import (
    INBOX,
    MAIL,
    PHONE,
    TEXT,
    Manage,
    email_to,
    mail,
    outcomes,
    phone_number,
    unique,
)

BROKEN = mail("{{ (1..1000000) }}")
NO_PROVIDER = {"email": None, "sms": None, "push": None}
ONE_OF_EACH = [MAIL, TEXT, PHONE, INBOX]


def one_of_each() -> tuple[list[dict[str, str]], dict[str, str]]:
    """Return a contact info per type, unknown so far, and by type its value."""
    name = unique()
    values = {"email": f"{name}@example.com", "mobile_number": phone_number(), "firebase_token": name}
    return [{"type": type_, "value": value} for type_, value in values.items()], values


@pytest.fixture(scope="module")
def without_provider(manage: Manage) -> Manage:
    return manage.in_environment(channels=NO_PROVIDER)


@pytest.fixture(scope="module")
def mock(manage: Manage) -> Manage:
    return manage.in_environment(mock=True, channels=NO_PROVIDER)


class TestStatuses:
    def test_what_the_provider_takes_is_a_success(self, manage: Manage) -> None:
        contacts, values = one_of_each()
        user = manage.user()
        found = manage.told(*ONE_OF_EACH, user_id=user, contact_infos=contacts, data={"otp": 1})
        assert outcomes(found) == [("success", None)] * 4
        assert [each["to"] for each in found] == [*values.values(), user]
        for delivery in found[:3]:
            [sent] = manage.stack.outbox(delivery["to"])
            assert (sent["channel"], sent["provider_message_id"]) == (
                delivery["channel"],
                delivery["provider_message_id"],
            )
        assert found[3]["provider_message_id"] is None

    def test_nobody_to_reach_is_one_no_contact_per_notification(self, manage: Manage) -> None:
        found = manage.told(*ONE_OF_EACH)
        assert [(each["status"], each["reason"], each["to"], each["provider_message_id"]) for each in found] == [
            ("no_contact", f"no {channel} contact", None, None) for channel in ("email", "sms", "push", "app")
        ]

    def test_a_user_that_nobody_made_has_an_inbox(self, manage: Manage) -> None:
        assert outcomes(manage.told(INBOX, user_id=unique("nobody"))) == [("success", None)]

    def test_a_profile_that_is_not_there_has_none(self, manage: Manage) -> None:
        assert outcomes(manage.told(INBOX, user_id=f"anon:{unique()}")) == [("no_contact", "no app contact")]

    def test_a_channel_without_provider(self, without_provider: Manage) -> None:
        contacts, values = one_of_each()
        user = without_provider.user()
        found = without_provider.told(*ONE_OF_EACH, user_id=user, contact_infos=contacts)
        assert outcomes(found) == [
            *(("no_provider", f"no {channel} provider") for channel in ("email", "sms", "push")),
            ("success", None),
        ]
        assert [each["to"] for each in found] == [*values.values(), user]
        assert [each["provider_message_id"] for each in found] == [None] * 4

    def test_a_channel_of_its_own(self, manage: Manage) -> None:
        channels = {"email": {"from": "Live <live@example.com>"}, "sms": {"sender_id": "LIVE"}}
        client = manage.in_environment(channels=channels)
        contacts, values = one_of_each()
        assert outcomes(client.told(*ONE_OF_EACH[:3], contact_infos=contacts)) == [("success", None)] * 3
        [sent] = manage.stack.outbox(values["email"])
        assert sent["from"] == "Live <live@example.com>"
        [sent] = manage.stack.outbox(values["mobile_number"])
        assert sent["from"] == "LIVE"

    def test_push_through_the_application_of_the_devices_platform(self, manage: Manage) -> None:
        all_ = manage.ok("GET", "/environments")["data"][0]["channels"]["push"]["application_arn"]
        client = manage.in_environment(channels={"push": {"fcm": all_, "apns": all_.replace(":app/GCM", ":app/APNS")}})
        apple, google = uuid.uuid4().hex * 2, unique("token")
        push = {
            **PHONE,
            "template": {"title": "t", "body": "b", "badge": 1, "data": {"aps": {"category": "c"}, "n": 1}},
        }
        contacts = [{"type": "firebase_token", "value": token} for token in (apple, google)]
        assert outcomes(client.told(push, contact_infos=contacts)) == [("success", None)] * 2
        # APNs takes numbers, FCM texts.
        for token, data in ((apple, {"n": 1}), (google, {"n": "1"})):
            [sent] = manage.stack.outbox(token)
            assert (sent["title"], sent["body"], sent["data"]) == ("t", "b", data)

    @pytest.mark.parametrize(
        ("token", "filterable"), [("0a" * 32, None), ("token", "iOS 16.3"), ("token", "iPadOS 17")]
    )
    def test_push_to_a_platform_without_an_application(
        self, manage: Manage, token: str, filterable: str | None
    ) -> None:
        arn = "arn:aws:sns:us-east-1:123456789012:app/GCM/shop"
        client = manage.in_environment(channels={"push": {"fcm": arn}})
        contact = {"type": "firebase_token", "value": token, "filterable": filterable}
        assert outcomes(client.told(PHONE, contact_infos=[contact])) == [("no_provider", "no push provider")]

    def test_a_push_as_it_would_be_shown(self, mock: Manage) -> None:
        shown = {"badge": "{{ n }}", "collapse": "c-{{ n }}", "priority": "high", "time_to_live": 60}
        push = {**PHONE, "template": {"title": "t", "body": "b", **shown}}
        [delivery] = mock.told(push, contact_infos=[{"type": "firebase_token", "value": "t"}], data={"n": 2})
        assert delivery["rendered"] == {"title": "t", "body": "b", **shown, "badge": 2, "collapse": "c-2"}

    def test_a_push_that_is_too_large(self, manage: Manage) -> None:
        push = {**PHONE, "template": {"title": "t", "body": "{{ n }}"}}
        contacts = [{"type": "firebase_token", "value": unique("token")}]
        found = manage.told(push, contact_infos=contacts, data={"n": "x" * 5000})
        assert outcomes(found) == [("failed", "provider: too large")]

    def test_a_template_that_fails(self, manage: Manage) -> None:
        [delivery] = manage.told(BROKEN, contact_infos=email_to("a@example.com"))
        assert delivery["status"] == "failed"
        assert delivery["reason"] == "template: range is too long"
        assert (delivery["to"], delivery["provider_message_id"]) == ("a@example.com", None)

    def test_a_text_to_what_is_no_phone_number(self, manage: Manage) -> None:
        [delivery] = manage.told(TEXT, contact_infos=[{"type": "mobile_number", "value": "no number"}])
        assert outcomes([delivery]) == [("failed", "unreachable: not a phone number")]
        assert (delivery["to"], delivery["provider_message_id"]) == ("no number", None)

    def test_addresses_and_notifications_fail_independently(self, manage: Manage) -> None:
        addresses = [f"{unique()}@example.com" for _ in range(2)]
        notifications = [mail("{{ (1..contact.filterable) }}"), {**MAIL, "name": "other"}]
        contacts = email_to(*addresses)
        contacts[0]["filterable"] = "1000000"
        contacts[1]["filterable"] = "1"
        found = manage.told(*notifications, contact_infos=contacts)
        assert [each["status"] for each in found] == ["failed", "success", "success", "success"]


class TestOrder:
    """What decides, where several could."""

    def test_no_contact_wins_over_all(self, mock: Manage) -> None:
        assert outcomes(mock.told(BROKEN)) == [("no_contact", "no email contact")]

    def test_a_template_error_wins_over_mocked(self, mock: Manage) -> None:
        [(status, reason)] = outcomes(mock.told(BROKEN, contact_infos=email_to("a@example.com")))
        assert (status, str(reason)[:9]) == ("failed", "template:")

    def test_mocked_wins_over_suppressed_and_no_provider(self, manage: Manage, mock: Manage) -> None:
        address = suppressed(manage)
        assert outcomes(mock.told(MAIL, contact_infos=email_to(address))) == [("mocked", None)]

    def test_suppressed_wins_over_no_provider(self, manage: Manage, without_provider: Manage) -> None:
        address = suppressed(manage)
        found = without_provider.told(MAIL, contact_infos=email_to(address))
        assert outcomes(found) == [("failed", "suppressed: bounce")]

    def test_a_template_error_wins_over_suppressed(self, manage: Manage) -> None:
        address = suppressed(manage)
        [(_, reason)] = outcomes(manage.told(BROKEN, contact_infos=email_to(address)))
        assert str(reason).startswith("template: ")


def suppressed(manage: Manage) -> str:
    """Return an address that bounced for good."""
    address = f"{unique()}@example.com"
    [delivery] = manage.told(mail(), contact_infos=email_to(address))
    manage.report(delivery["provider_message_id"], "bounce")
    event_type = manage.configure(mail())

    def is_suppressed() -> bool:
        message = manage.message(manage.ingest(event_type, contact_infos=email_to(address)))
        return outcomes(message["deliveries"]) == [("failed", "suppressed: bounce")]

    manage.stack.wait_for(is_suppressed)
    return address


class TestMock:
    def test_everything_is_rendered_and_nothing_leaves(self, mock: Manage) -> None:
        contacts, values = one_of_each()
        user = mock.user()
        notifications = [mail("Code {{ otp }}", "{{ otp }}", html="<b>{{ otp }}</b>"), TEXT, PHONE, INBOX]
        found = mock.told(*notifications, user_id=user, contact_infos=contacts, data={"otp": "<1>"})
        assert outcomes(found) == [("mocked", None)] * 4
        assert [each["to"] for each in found] == [*values.values(), user]
        assert [each["rendered"] for each in found] == [
            {"subject": "Code <1>", "text": "<1>", "html": "<b>&lt;1&gt;</b>"},
            {"text": "<1> is your code"},
            {"title": "Login", "body": "<1>"},
            {"title": "Login", "body": "<1>"},
        ]
        for value in values.values():
            assert mock.stack.outbox(value) == []
        path = f"/neptune/app_notifications/{mock.environment}?type=all&user_id={user}"
        assert mock.stack.request("GET", path, token=mock.token).json()["data"] == []

    def test_rendered_has_the_members_that_the_template_has(self, mock: Manage) -> None:
        data = {"a": "{{ otp }}", "n": 1, "deep": [{"b": "{{ otp }}"}]}
        push = {**PHONE, "template": {"title": "t", "body": "b", "data": data}}
        contacts = [*email_to("a@example.com"), {"type": "firebase_token", "value": "t"}]
        found = mock.told(mail(**{"from": "Shop\n<a@b.c>"}), push, contact_infos=contacts, data={"otp": 1})
        assert [each["rendered"] for each in found] == [
            {"subject": "s", "text": "t", "from": "Shop <a@b.c>"},
            {"title": "t", "body": "b", "data": {"a": "1", "n": 1, "deep": [{"b": "1"}]}},
        ]

    def test_each_rendered_member_is_cut_at_65536_characters(self, mock: Manage) -> None:
        big = mail(text="{{ x }}{{ x }}")
        [delivery] = mock.told(big, contact_infos=email_to("a@example.com"), data={"x": "y" * 40_000})
        assert delivery["rendered"]["text"] == "y" * 65536

    def test_only_mocked_deliveries_are_shown_as_rendered(self, manage: Manage, mock: Manage) -> None:
        found = [
            *mock.told(BROKEN, INBOX, contact_infos=email_to("a@example.com")),
            *manage.told(MAIL, INBOX, contact_infos=email_to("a@example.com")),
        ]
        assert [each["status"] for each in found] == ["failed", "no_contact", "success", "no_contact"]
        assert not [each for each in found if "rendered" in each]

    def test_messages_and_filters_work_as_elsewhere(self, mock: Manage) -> None:
        contacts: list[dict[str, Any]] = [
            {"type": "firebase_token", "value": "a", "filterable": "ios"},
            {"type": "firebase_token", "value": "b"},
        ]
        found = mock.told({**PHONE, "to": {"filterable": "iOS"}}, contact_infos=contacts)
        assert [(each["to"], each["status"]) for each in found] == [("a", "mocked")]


class TestRecipients:
    @pytest.mark.parametrize(
        ("wanted", "reached"),
        [
            ("ios", ["iOS 16.3", "IOS"]),
            ("iOS 16.3", ["iOS 16.3"]),
            (["android", "IOS"], ["iOS 16.3", "IOS", "Android"]),
            ("ios 16", []),
            ("i", []),
            (None, ["iOS 16.3", "IOS", "Android", "iosx", None]),
            ([], ["iOS 16.3", "IOS", "Android", "iosx", None]),
        ],
    )
    def test_filterable_narrows(self, mock: Manage, wanted: Any, reached: list[str | None]) -> None:
        kinds = ["iOS 16.3", "IOS", "Android", "iosx", None]
        contacts = [
            {"type": "firebase_token", "value": f"{number}", "filterable": kind} for number, kind in enumerate(kinds)
        ]
        found = mock.told({**PHONE, "to": {"filterable": wanted}}, contact_infos=contacts)
        expected = [str(kinds.index(kind)) for kind in reached]
        assert [each["to"] for each in found if each["to"]] == expected

    def test_filterable_narrows_every_channel_with_addresses(self, mock: Manage) -> None:
        contacts = [*email_to("a@example.com"), {"type": "email", "value": "b@example.com", "filterable": "work"}]
        found = mock.told({**MAIL, "to": {"filterable": "WORK"}}, contact_infos=contacts)
        assert [each["to"] for each in found] == ["b@example.com"]

    def test_the_users_and_the_events_contacts_are_merged(self, mock: Manage) -> None:
        user = mock.user({"type": "email", "value": "Sam@example.com", "filterable": "home"})
        contacts = email_to("sam@EXAMPLE.com", "kim@example.com")
        found = mock.told(
            {**MAIL, "to": {"filterable": "home"}}, MAIL | {"name": "all"}, user_id=user, contact_infos=contacts
        )
        assert [each["to"] for each in found] == ["Sam@example.com", "Sam@example.com", "kim@example.com"]

    def test_the_users_contacts_can_be_ignored(self, mock: Manage) -> None:
        user = mock.user(*email_to("sam@example.com"))
        found = mock.told(
            MAIL, INBOX, user_id=user, contact_infos=email_to("kim@example.com"), ignore_user_contacts="true"
        )
        assert [each["to"] for each in found] == ["kim@example.com", user]

    def test_copies_are_ordinary_recipients(self, manage: Manage) -> None:
        addresses = [f"{unique()}@example.com" for _ in range(3)]
        contacts = email_to(*addresses)
        contacts[1]["cc"] = True  # type: ignore[assignment]
        contacts[2]["copy"] = "bcc"
        assert outcomes(manage.told(MAIL, contact_infos=contacts)) == [("success", None)] * 3
        for address in addresses:
            assert len(manage.stack.outbox(address)) == 1

    @pytest.mark.parametrize(
        ("when", "holds"),
        [
            ("data.urgent == true", True),
            ("data.urgent == false", False),
            ("urgent", True),
            ("nothing", False),
            ("nothing == true", False),
            ("user.plan == 'pro'", True),
            ("user.plan == 'pro' and amount > 10", True),
            ("amount > 'x'", False),
            ("tags contains 'a'", True),
            ("message.event_type contains 'event'", True),
            ("client.ip == '192.0.2.1'", True),
            ("contact", False),
            ("self == 1", True),
        ],
    )
    def test_when_decides_whether_there_is_a_delivery(self, mock: Manage, when: str, *, holds: bool) -> None:
        user = mock.user(plan="pro")
        data = {"urgent": True, "amount": 20, "tags": ["a", "b"], "self": 1}
        found = mock.told(
            {**MAIL, "when": when}, INBOX, user_id=user, data=data, client={"ip": "192.0.2.1"}, contact_infos=[]
        )
        assert [each["notification"] for each in found] == (["mail", "inbox"] if holds else ["inbox"])

    def test_configuration_counts_when_a_message_is_processed(self, mock: Manage) -> None:
        event_type = mock.configure(mail("before"))
        contacts = email_to("a@example.com")
        first = mock.message(mock.ingest(event_type, contact_infos=contacts))
        mock.configure(mail("after"), event_type=event_type)
        second = mock.message(mock.ingest(event_type, contact_infos=contacts))
        again = mock.message(mock.ingest(event_type, message_id=first["message_id"], contact_infos=contacts))
        assert [each["deliveries"][0]["rendered"]["subject"] for each in (first, second, again)] == [
            "before",
            "after",
            "before",
        ]

    def test_a_deleted_event_type_tells_nobody(self, mock: Manage) -> None:
        event_type = mock.configure(MAIL)
        mock.ok("DELETE", f"/{{env}}/event_types/{event_type}")
        assert mock.message(mock.ingest(event_type, contact_infos=email_to("a@b.c")))["deliveries"] == []
