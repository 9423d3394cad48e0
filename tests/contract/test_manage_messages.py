"""Messages: what is shown of them, and how they are listed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

import pytest

from tests.contract.manage_client import INBOX, MAIL, NOT_FOUND, PHONE, TEXT, Manage, email_to, unique

IN_PROCESS = True


def test_a_message_is_shown_with_all_that_was_sent(manage: Manage) -> None:
    event_type = manage.configure()
    message_id = unique("m")
    contacts = [*email_to("sam@example.com"), {"type": "pigeon", "value": "coo", "cc": True}]
    manage.ingest(
        event_type,
        message_id=message_id,
        user_id=2,
        data={"otp": 1, "price": 1.10, "nested": {"list": [1, None, True]}},
        contact_infos=contacts,
        ignore_user_contacts="true",
        timestamp="1644999639",
        version="1",
        tags=[],
        client={"ip": "192.0.2.1"},
    )
    shown = manage.message(message_id)
    assert shown == {
        "message_id": message_id,
        "environment": "dev",
        "event_type": event_type,
        "user_id": "2",
        "source": "neptune",
        "data": {"otp": 1, "price": 1.10, "nested": {"list": [1, None, True]}},
        "contact_infos": contacts,
        "ignore_user_contacts": True,
        "timestamp": 1644999639,
        "extra": {"version": "1", "tags": [], "client": {"ip": "192.0.2.1"}},
        "received_at": shown["received_at"],
        "conflicts": 0,
        "reason": "event type has no notifications",
        "skipped": [],
        "deliveries": [],
    }


def test_what_is_absent_is_null_or_empty(manage: Manage) -> None:
    shown = manage.message(manage.ingest(unique("unconfigured")))
    assert (shown["user_id"], shown["timestamp"], shown["data"], shown["contact_infos"]) == (None, None, {}, [])
    assert (shown["ignore_user_contacts"], shown["extra"], shown["deliveries"]) == (False, {}, [])


def test_deliveries_are_in_order_of_the_notifications_then_of_the_contacts(manage: Manage) -> None:
    user = manage.user(
        *email_to("stored-1@example.com", "stored-2@example.com"), {"type": "mobile_number", "value": "+11"}
    )
    contacts = email_to("event@example.com", "STORED-1@example.com", "event@EXAMPLE.com")
    found = manage.told(TEXT, INBOX, {**MAIL, "name": "z"}, {**MAIL, "name": "a"}, user_id=user, contact_infos=contacts)
    addresses = ["stored-1@example.com", "stored-2@example.com", "event@example.com"]
    assert [(each["notification"], each["to"]) for each in found] == [
        ("text", "+11"),
        ("inbox", user),
        *(("z", address) for address in addresses),
        *(("a", address) for address in addresses),
    ]


def test_a_delivery_has_these_members(manage: Manage) -> None:
    [delivery] = manage.told(MAIL, contact_infos=email_to(f"{unique()}@example.com"), data={"otp": 1})
    assert list(delivery) == [
        "id",
        "notification",
        "channel",
        "to",
        "status",
        "reason",
        "provider_message_id",
        "created_at",
        "updated_at",
    ]
    assert delivery["updated_at"] >= delivery["created_at"]


@pytest.mark.parametrize("message_id", ["unknown", "x" * 3000, "a/b", "%00"])
def test_an_unknown_message_is_not_found(manage: Manage, message_id: str) -> None:
    assert manage.call("GET", f"/{{env}}/messages/{message_id}") == NOT_FOUND


@pytest.mark.parametrize("message_id", ["a/b c", "🎉" * 256, "m#1?x=%"])
def test_a_message_is_found_by_any_id(team: Manage, message_id: str) -> None:
    team.ingest("x", message_id=message_id)
    assert team.message(message_id)["message_id"] == message_id


def test_a_message_of_another_environment_is_not_found(manage: Manage) -> None:
    message_id = manage.ingest("x")
    manage.message(message_id)
    other = manage.in_environment()
    assert other.call("GET", f"/{{env}}/messages/{message_id}") == NOT_FOUND
    assert other.ok("GET", "/{env}/messages")["data"] == []


@pytest.fixture(scope="module")
def listed(manage: Manage) -> Manage:
    """Return an environment with 12 messages, of two types and two users and nobody."""
    client = manage.in_environment()
    for number in range(12):
        user = {"user_id": f"u{number % 3}"} if number % 3 else {}
        client.ingest(f"t{number % 2}", message_id=f"m{number:02d}", data={"n": number}, **user)
    for number in range(12):
        client.message(f"m{number:02d}")
    return client


class TestLists:
    @pytest.mark.parametrize("limit", [1, 2, 5, 12, 100])
    def test_they_are_listed_newest_first_without_gap_or_repeat(self, listed: Manage, limit: int) -> None:
        pages = listed.pages("/{env}/messages", limit)
        found = [each["message_id"] for page in pages for each in page]
        assert found == [f"m{number:02d}" for number in reversed(range(12))]
        assert len(pages) == -(-12 // limit)

    @pytest.mark.parametrize("limit", [1, 2, 100])
    @pytest.mark.parametrize(
        ("filters", "expected"),
        [
            ({"event_type": "t0"}, [10, 8, 6, 4, 2, 0]),
            ({"event_type": "t1"}, [11, 9, 7, 5, 3, 1]),
            ({"user_id": "u1"}, [10, 7, 4, 1]),
            ({"event_type": "t0", "user_id": "u1"}, [10, 4]),
            ({"event_type": "t1", "user_id": "u2"}, [11, 5]),
            ({"event_type": "t"}, []),
            ({"event_type": "T0"}, []),
            ({"user_id": "u"}, []),
            ({"event_type": "", "user_id": ""}, list(reversed(range(12)))),
        ],
    )
    def test_filters_are_exact_and_combine(
        self, listed: Manage, filters: dict[str, str], expected: list[int], limit: int
    ) -> None:
        found = [each["message_id"] for page in listed.pages("/{env}/messages", limit, **filters) for each in page]
        assert found == [f"m{number:02d}" for number in expected]

    def test_items_are_messages_without_deliveries(self, listed: Manage) -> None:
        [item] = listed.ok("GET", "/{env}/messages?limit=1")["data"]
        shown = listed.message("m11")
        del shown["deliveries"]
        assert item == shown

    @pytest.mark.parametrize("name", ["event_type", "user_id"])
    def test_a_filter_longer_than_any_value_is_refused(self, listed: Manage, name: str) -> None:
        assert list(listed.errors("GET", f"/{{env}}/messages?{name}={'x' * 257}")) == [name]

    def test_what_comes_in_later_moves_no_page(self, manage: Manage) -> None:
        client = manage.in_environment()
        for number in range(3):
            client.message(client.ingest("t", message_id=f"m{number}"))
        first = client.ok("GET", "/{env}/messages?limit=2")
        client.message(client.ingest("t", message_id="m3"))
        rest = client.ok("GET", f"/{{env}}/messages?limit=2&cursor={first['next_cursor']}")
        assert [each["message_id"] for each in first["data"] + rest["data"]] == ["m2", "m1", "m0"]
        assert rest["next_cursor"] is None


def test_push_reaches_every_device(manage: Manage) -> None:
    tokens = [{"type": "firebase_token", "value": unique("token")} for _ in range(2)]
    found = manage.told(PHONE, contact_infos=tokens, data={"otp": 1})
    assert [(each["to"], each["status"]) for each in found] == [(each["value"], "success") for each in tokens]


@pytest.fixture(scope="module")
def sent(manage: Manage) -> Manage:
    """Return an environment with messages to two addresses, one of which is suppressed, to a phone, and to an inbox."""
    client = manage.in_environment()
    client.configure(MAIL, event_type="mail")
    client.configure(TEXT, {**MAIL, "to": {"filterable": "work"}}, event_type="text")
    client.configure(INBOX, event_type="inbox")
    client.ok("POST", "/suppressions", {"email": f"kim-{client.environment}@example.com", "reason": "complaint"})
    kim = f"KIM-{client.environment}@example.com"
    client.ingest("mail", message_id="to-sam", contact_infos=email_to("Sam@Example.com"), data={"otp": 1})
    client.ingest("mail", message_id="to-kim", contact_infos=email_to(kim), data={"otp": 1})
    client.ingest("mail", message_id="to-both", contact_infos=email_to("sam@example.com", kim), data={"otp": 1})
    phone = [{"type": "mobile_number", "value": "+49 151 1234-5678"}]
    client.ingest("text", message_id="to-phone", contact_infos=phone, data={"otp": 1})
    client.ingest("inbox", message_id="to-inbox", user_id="7")
    client.ingest("nothing", message_id="to-nobody", contact_infos=email_to("sam@example.com"), user_id="7")
    for name in ("to-sam", "to-kim", "to-both", "to-phone", "to-inbox", "to-nobody"):
        client.message(name)
    return client


class TestFind:
    @pytest.mark.parametrize("limit", [1, 2, 100])
    @pytest.mark.parametrize(
        ("filters", "expected"),
        [
            ({"address": "sam@example.com"}, ["to-both", "to-sam"]),
            ({"address": " SAM@EXAMPLE.com"}, ["to-both", "to-sam"]),
            ({"address": "somebody@example.com"}, []),
            ({"address": "example.com"}, []),
            ({"address": "+4915112345678"}, ["to-phone"]),
            ({"address": "0049 151 12345678"}, ["to-phone"]),
            ({"address": "7"}, ["to-inbox"]),
            ({"status": "failed"}, ["to-both", "to-kim"]),
            ({"status": "no_contact"}, ["to-phone"]),
            ({"status": "success"}, ["to-inbox", "to-phone", "to-both", "to-sam"]),
            ({"status": "mocked"}, []),
            ({"status": "success", "address": "sam@example.com"}, ["to-both", "to-sam"]),
            # Of the same delivery.
            ({"status": "failed", "address": "sam@example.com"}, []),
            ({"status": "no_contact", "address": "+4915112345678"}, []),
            ({"status": "success", "event_type": "mail"}, ["to-both", "to-sam"]),
            ({"status": "success", "user_id": "7"}, ["to-inbox"]),
            ({"user_id": "7"}, ["to-nobody", "to-inbox"]),
            ({"address": "sam@example.com", "user_id": "7"}, []),
            ({"address": "", "status": "", "from": "", "to": "", "event_type": "inbox"}, ["to-inbox"]),
        ],
    )
    def test_they_are_found_by_what_became_of_them(
        self, sent: Manage, filters: dict[str, str], expected: list[str], limit: int
    ) -> None:
        found = [each["message_id"] for page in sent.pages("/{env}/messages", limit, **filters) for each in page]
        assert found == expected

    def test_they_are_found_by_when_they_came(self, listed: Manage) -> None:
        times = {each["message_id"]: each["received_at"] for each in listed.pages("/{env}/messages", 100)[0]}
        first, last = times["m03"], times["m07"]

        def found(**window: str) -> list[str]:
            pages = listed.pages("/{env}/messages", 2, **window)
            return [each["message_id"] for page in pages for each in page]

        wanted = sorted((name for name, at in times.items() if first <= at < last), reverse=True)
        assert found(**{"from": first, "to": last}) == wanted
        with_offset = first.replace("Z", "+00:00")
        assert found(**{"from": with_offset, "to": last, "user_id": "u1"}) == [
            name for name in wanted if int(name[1:]) % 3 == 1
        ]

    @pytest.mark.parametrize("other", [{}, {"user_id": "u1"}, {"event_type": "login"}, {"status": "success"}])
    def test_there_are_none_between_a_time_and_an_earlier_one(self, listed: Manage, other: dict[str, str]) -> None:
        for earlier in ("2026-01-30T09:30:00Z", "2026-01-31T09:29:59.999Z"):
            query = urlencode({"from": "2026-01-31T09:30:00Z", "to": earlier, **other})
            assert listed.ok("GET", f"/{{env}}/messages?{query}") == {"data": [], "next_cursor": None}

    @pytest.mark.parametrize("filters", [{}, {"user_id": "u1"}, {"event_type": "b"}, {"address": "a@example.com"}])
    @pytest.mark.parametrize("seconds", [1, 60, 61, 86400 * 365])
    def test_a_window_that_ends_before_it_begins_holds_nothing(
        self, listed: Manage, filters: dict[str, str], seconds: int
    ) -> None:
        until = datetime.now(UTC)
        window = {"from": (until + timedelta(seconds=seconds)).isoformat(), "to": until.isoformat()}
        assert listed.pages("/{env}/messages", 100, **filters, **window) == [[]]

    def test_a_page_before_the_window_holds_nothing(self, listed: Manage) -> None:
        page = listed.ok("GET", "/{env}/messages?limit=1")
        window = {"from": (datetime.now(UTC) + timedelta(days=1)).isoformat(), "cursor": page["next_cursor"]}
        answer = listed.ok("GET", f"/{{env}}/messages?{urlencode(window)}")
        assert answer == {"data": [], "next_cursor": None}

    @pytest.mark.parametrize("name", ["from", "to"])
    @pytest.mark.parametrize(
        "value",
        [
            "yesterday",
            "2026-01-31",
            "2026-01-31T09:30:00",
            "1769851800",
            "2026-13-31T09:30:00Z",
            "20260131T093000Z",
            "2026-W05-6T09:30:00Z",
            "2026-01-31 09:30:00Z",
            "0001-01-01T00:00:00+23:59",
            "9999-12-31T23:59:59.999999Z",
        ],
    )
    def test_another_form_of_time_is_refused(self, listed: Manage, name: str, value: str) -> None:
        answer = listed.errors("GET", f"/{{env}}/messages?{urlencode({name: value})}")
        assert answer == {name: "must be a time, as 2026-01-31T09:30:00Z"}

    @pytest.mark.parametrize("status", ["sent", "SUCCESS", "success,failed"])
    def test_an_unknown_status_is_refused(self, listed: Manage, status: str) -> None:
        answer = listed.errors("GET", f"/{{env}}/messages?status={status}")
        assert answer == {"status": "must be one of mocked, no_contact, no_provider, pending, success, failed"}

    def test_what_comes_in_later_moves_no_page(self, manage: Manage) -> None:
        client = manage.in_environment()
        client.configure(MAIL, event_type="mail")
        for number in range(4):
            client.message(client.ingest("mail", message_id=f"m{number}", contact_infos=email_to("sam@example.com")))
        first = client.ok("GET", "/{env}/messages?limit=2&address=sam@example.com&status=success")
        client.message(client.ingest("mail", message_id="m4", contact_infos=email_to("sam@example.com")))
        cursor = first["next_cursor"]
        rest = client.ok("GET", f"/{{env}}/messages?limit=2&address=sam@example.com&status=success&cursor={cursor}")
        assert [each["message_id"] for each in first["data"] + rest["data"]] == ["m3", "m2", "m1", "m0"]
