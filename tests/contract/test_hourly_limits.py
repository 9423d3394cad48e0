"""What public keys' messages may send within an hour, and what is not held to that."""

from __future__ import annotations

import time
from functools import cache
from typing import Any

import pytest

from tests.contract.client_api import Client, unique
from tests.contract.manage_client import INBOX, PHONE, TEXT, Manage, email_to, mail, phone_number
from tests.contract.test_public_message_ids import new_key
from tests.local_stack import Stack

IN_PROCESS = True

Outcome = tuple[str, str | None]
LIMITED: Outcome = ("failed", "limited")
SENT: Outcome = ("success", None)
MAIL = mail()
DEFAULTS = {"sms_per_address": 5, "emails_per_address": 20, "sms_per_key": 100}


def in_the_middle_of_an_hour() -> None:
    """Wait for the next hour if this one is over soon: counts begin anew with it."""
    left = 3600 - time.time() % 3600
    if left < 20:
        time.sleep(left)


@pytest.fixture(autouse=True)
def _hour() -> None:
    in_the_middle_of_an_hour()


@pytest.fixture(scope="module")
def demo(local_stack: Stack) -> Manage:
    return Manage(local_stack, local_stack.demo["api_token"])


@cache
def shared(demo: Manage) -> Manage:
    """Return the environment of all tests that say what its limits are; a team has few."""
    return demo.in_environment(channels={"push": None})


class App:
    """An app with a key of its own.

    Parameters
    ----------
    manage
        Its environment, as it is; the shared one unless given.
    hourly
        The limits of the shared environment that are not the defaults.
    """

    def __init__(self, demo: Manage, scope: str = "public", manage: Manage | None = None, **hourly: int) -> None:
        self.manage = manage or shared(demo)
        if manage is None:
            demo.ok("PUT", f"/environments/{self.manage.environment}", {"client_access": {"hourly": DEFAULTS | hourly}})
        self.client = Client(demo.stack, new_key(self.manage, scope), demo.token, self.manage.environment)

    def send(self, event_type: str, *addresses: dict[str, Any]) -> list[list[Outcome]]:
        """Let an event happen to a new user with each of some addresses; return what became of it, sorted."""
        ids = [unique("m") for _ in addresses]
        self.client.accept(
            "events",
            [
                {"external_id": unique(), "name": event_type, "message_id": each, "user": address}
                for each, address in zip(ids, addresses, strict=True)
            ],
        )
        shown = [self.client.message(each) for each in ids]
        return sorted([(each["status"], each["reason"]) for each in message["deliveries"]] for message in shown)


def sent(count: int, limited: int = 0) -> list[list[Outcome]]:
    """Return what becomes of messages with one delivery each, sorted."""
    return [[LIMITED]] * limited + [[SENT]] * count


@pytest.fixture(scope="module")
def untouched(demo: Manage) -> Manage:
    """Return an environment whose limits nobody set."""
    return demo.in_environment()


class TestDefaults:
    def test_an_address_gets_twenty_mails(self, demo: Manage, untouched: Manage) -> None:
        app = App(demo, manage=untouched)
        event_type, address = app.manage.configure(MAIL), f"{unique()}@example.com"
        assert app.send(event_type, *[{"email": address}] * 23) == sent(20, 3)
        assert app.send(event_type, {"email": f"{unique()}@example.com"}) == sent(1)

    def test_a_phone_gets_five_texts(self, demo: Manage, untouched: Manage) -> None:
        app = App(demo, manage=untouched)
        event_type, number = app.manage.configure(TEXT), phone_number()
        assert app.send(event_type, *[{"phone": number}] * 7) == sent(5, 2)
        assert app.send(event_type, {"phone": phone_number()}) == sent(1)

    def test_a_key_sends_a_hundred_texts(self, demo: Manage, untouched: Manage) -> None:
        app = App(demo, manage=untouched)
        event_type = app.manage.configure(TEXT)
        assert app.send(event_type, *({"phone": phone_number()} for _ in range(103))) == sent(100, 3)
        other = App(demo, manage=app.manage)
        assert other.send(event_type, {"phone": phone_number()}) == sent(1)


class TestLimits:
    def test_they_are_the_environments(self, demo: Manage) -> None:
        app = App(demo, emails_per_address=2)
        event_type, address = app.manage.configure(MAIL), f"{unique()}@example.com"
        assert app.send(event_type, *[{"email": address}] * 3) == sent(2, 1)
        path = f"/environments/{app.manage.environment}"
        demo.ok("PUT", path, {"client_access": {"hourly": {"emails_per_address": 4}}})
        assert app.send(event_type, *[{"email": address}] * 3) == sent(2, 1)

    def test_none_at_all_can_be_allowed(self, demo: Manage) -> None:
        app = App(demo, emails_per_address=0, sms_per_key=0)
        event_type = app.manage.configure(MAIL, TEXT)
        contact = {"email": f"{unique()}@example.com", "phone": phone_number()}
        assert app.send(event_type, contact) == [[LIMITED, LIMITED]]

    def test_each_environment_counts_by_itself(self, demo: Manage) -> None:
        second = App(demo, manage=demo.in_environment(client_access={"hourly": {"emails_per_address": 1}}))
        first = App(demo, emails_per_address=1)
        address = {"email": f"{unique()}@example.com"}
        assert first.send(first.manage.configure(MAIL), address, address) == sent(1, 1)
        assert second.send(second.manage.configure(MAIL), address, address) == sent(1, 1)

    def test_all_public_keys_of_an_environment_count_for_an_address(self, demo: Manage) -> None:
        app = App(demo, emails_per_address=1, sms_per_address=1)
        other = App(demo, manage=app.manage)
        event_type = app.manage.configure(MAIL)
        address = {"email": f"{unique()}@example.com"}
        assert app.send(event_type, address) == sent(1)
        assert other.send(event_type, address) == sent(0, 1)

    def test_what_is_over_one_limit_counts_for_no_other(self, demo: Manage) -> None:
        app = App(demo, sms_per_address=1, sms_per_key=2)
        event_type, number = app.manage.configure(TEXT), phone_number()
        assert app.send(event_type, *[{"phone": number}] * 5) == sent(1, 4)
        assert app.send(event_type, {"phone": phone_number()}) == sent(1)
        assert app.send(event_type, {"phone": phone_number()}) == sent(0, 1)

    @pytest.mark.parametrize(
        "spellings",
        [
            ["{0}@example.com", "{0}@EXAMPLE.com", " {0}@example.com ", "\u200b{0}@example.com"],
            ["{0}@o\u0308.example", "{0}@\u00d6.example", "{0}@xn--nda.example"],
        ],
    )
    def test_a_mailbox_is_one_however_it_is_written(self, demo: Manage, spellings: list[str]) -> None:
        app = App(demo, emails_per_address=1)
        event_type, name = app.manage.configure(MAIL), unique()
        outcomes = app.send(event_type, *({"email": each.format(name)} for each in spellings))
        assert outcomes.count([LIMITED]) == len(spellings) - 1

    @pytest.mark.parametrize(
        "how", ["+1 555 {0}", "+1-555-{0}", "+1 (555) {0}", "001555{0}", "+1.555.{0}", "+1(0)555{0}"]
    )
    def test_a_phone_is_one_however_it_is_written(self, demo: Manage, how: str) -> None:
        app = App(demo, sms_per_address=1)
        event_type, digits = app.manage.configure(TEXT), phone_number()[5:]
        assert app.send(event_type, {"phone": f"+1555{digits}"}) == sent(1)
        assert app.send(event_type, {"phone": how.format(digits)}) == sent(0, 1)

    def test_a_number_that_looks_like_another_is_another(self, demo: Manage) -> None:
        app = App(demo, sms_per_address=1)
        event_type, number = app.manage.configure(TEXT), phone_number()
        assert app.send(event_type, {"phone": number}, {"phone": f"{number}0"}) == sent(2)


class TestExempt:
    def test_a_secret_key_is(self, demo: Manage) -> None:
        server = App(demo, "secret", emails_per_address=1, sms_per_address=1, sms_per_key=1)
        contact = {"email": f"{unique()}@example.com", "phone": phone_number()}
        assert server.send(server.manage.configure(MAIL, TEXT), *[contact] * 3) == [[SENT, SENT]] * 3

    def test_so_are_the_other_apis_and_they_use_nothing_up(self, demo: Manage) -> None:
        app = App(demo, emails_per_address=1)
        event_type, address = app.manage.configure(MAIL), f"{unique()}@example.com"
        for _ in range(3):
            [delivery] = app.manage.message(app.manage.ingest(event_type, contact_infos=email_to(address)))[
                "deliveries"
            ]
            assert delivery["status"] == "success"
        assert app.send(event_type, {"email": address}, {"email": address}) == sent(1, 1)

    def test_a_mock_environment_is(self, demo: Manage) -> None:
        mock = demo.in_environment(mock=True, client_access={"hourly": {"emails_per_address": 0}})
        app = App(demo, manage=mock)
        assert app.send(mock.configure(MAIL), {"email": f"{unique()}@example.com"}) == [[("mocked", None)]]

    def test_push_and_inbox_are(self, demo: Manage) -> None:
        app = App(demo, emails_per_address=0, sms_per_address=0, sms_per_key=0)
        outcomes = app.send(app.manage.configure(INBOX, PHONE), {"locale": "en"})
        assert outcomes == [[("success", None), ("no_contact", "no push contact")]]


class TestWhatCounts:
    def test_what_is_not_handed_over_does_not(self, demo: Manage) -> None:
        app = App(demo, emails_per_address=1)
        address = f"{unique()}@example.com"
        broken = app.manage.configure(mail(text="{{ (1..1000000) }}"))
        assert [status for [(status, _)] in app.send(broken, {"email": address})] == ["failed"]
        demo.ok("POST", "/suppressions", {"email": address, "reason": "bounce"})
        event_type = app.manage.configure(MAIL)
        assert app.send(event_type, {"email": address}) == [[("failed", "suppressed: bounce")]]
        demo.ok("DELETE", f"/suppressions/{address}")
        assert app.send(event_type, {"email": address}, {"email": address}) == sent(1, 1)

    def test_a_message_that_is_sent_twice_is_counted_once(self, demo: Manage) -> None:
        app = App(demo, emails_per_address=2)
        event_type, address = app.manage.configure(MAIL), f"{unique()}@example.com"
        message_id = unique("m")
        event = {"external_id": unique(), "name": event_type, "message_id": message_id, "user": {"email": address}}
        for _ in range(3):
            app.client.accept("events", [event])
        app.client.message(message_id)
        assert app.send(event_type, {"email": address}, {"email": address}) == sent(1, 1)

    def test_what_is_sent_again_by_force_counts_again(self, demo: Manage) -> None:
        app = App(demo, emails_per_address=1)
        event_type, address, message_id = app.manage.configure(MAIL), f"{unique()}@example.com", unique("m")
        event = {"external_id": unique(), "name": event_type, "message_id": message_id, "user": {"email": address}}
        app.client.accept("events", [event])
        [delivery] = app.client.message(message_id)["deliveries"]
        app.manage.ok("POST", "/{env}/replays", {"message_id": message_id, "force": [delivery["id"]]})
        again = app.client.stack.wait_for(
            lambda: (found := app.client.message(message_id)["deliveries"][0]).get("earlier") and found
        )
        assert (again["status"], again["reason"]) == LIMITED
