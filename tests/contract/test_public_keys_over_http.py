"""What somebody with an app's key tried, and what he gets: with requests at the same time, and the outbox."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contract.client_api import Client, unique
from tests.contract.manage_client import MAIL, TEXT, Manage, email_to, mail, phone_number
from tests.contract.test_hourly_limits import in_the_middle_of_an_hour
from tests.contract.test_public_message_ids import new_key
from tests.local_stack import Stack


@pytest.fixture(scope="module")
def manage(local_stack: Stack) -> Manage:
    return Manage(local_stack, local_stack.demo["api_token"]).in_environment()


@pytest.fixture(autouse=True)
def _hour() -> None:
    in_the_middle_of_an_hour()


@pytest.fixture
def attacker(manage: Manage) -> Client:
    """Return somebody with a public key of his own."""
    return Client(manage.stack, new_key(manage, "public"), manage.token, manage.environment)


def test_a_public_key_cannot_bomb_an_address_with_mails(manage: Manage, attacker: Client) -> None:
    event_type, address = manage.configure(mail()), f"{unique()}@example.com"
    ids = [unique("m") for _ in range(25)]
    events = [{"external_id": unique(), "name": event_type, "message_id": each} for each in ids]
    attacker.accept("events", [{**event, "user": {"email": address}} for event in events])
    outcomes = [manage.message(each)["deliveries"][0] for each in ids]
    assert len(manage.stack.outbox(address)) == 20
    assert [each["reason"] for each in outcomes].count("limited") == 5


def test_a_public_key_cannot_pump_texts(manage: Manage, attacker: Client) -> None:
    path = f"/environments/{manage.environment}"
    manage.ok("PUT", path, {"client_access": {"hourly": {"sms_per_key": 8}}})
    event_type, numbers = manage.configure(TEXT), [phone_number() for _ in range(12)]
    ids = [unique("m") for _ in numbers]
    events = [{"external_id": unique(), "name": event_type, "message_id": each} for each in ids]
    attacker.accept(
        "events", [{**event, "user": {"phone": number}} for event, number in zip(events, numbers, strict=True)]
    )
    for each in ids:
        manage.message(each)
    assert sum(len(manage.stack.outbox(number)) for number in numbers) == 8


def test_a_public_key_cannot_take_a_servers_message_id(manage: Manage, attacker: Client) -> None:
    message_id, address = unique("order"), f"{unique()}@example.com"
    attacker.accept("events", [{"external_id": "nobody", "name": "unknown", "message_id": message_id}])
    attacker.message(message_id)
    manage.ingest(manage.configure(MAIL), message_id=message_id, contact_infos=email_to(address), data={"otp": 1})
    [sent] = manage.stack.wait_for(lambda: manage.stack.outbox(address))
    assert sent["subject"] == "Code 1"
    assert (manage.message(message_id)["source"], manage.message(message_id)["conflicts"]) == ("neptune", 0)


def test_a_public_key_cannot_put_its_link_into_a_genuine_mail(manage: Manage, attacker: Client) -> None:
    user = unique()
    address = f"{user}@example.com"
    template = mail("Hello", "Hello {{ user.name }} {{ user.iban }}, code {{ otp }}. Stop: {{ unsubscribe_url }}")
    event: dict[str, Any] = {
        "external_id": user,
        "name": manage.configure(template),
        "user": {"email": address, "data": {"name": "Sam"}},
        "data": {
            "otp": "1",
            "user": {"name": "X", "iban": "http://evil.example"},
            "unsubscribe_url": "http://evil.example",
        },
    }
    attacker.accept("events", [event])
    [sent] = manage.stack.wait_for(lambda: manage.stack.outbox(address))
    assert sent["text"].startswith(f"Hello Sam , code 1. Stop: {manage.stack.base_url}/u/")
    assert "evil" not in str(sent)


def test_a_conflict_is_counted(manage: Manage, attacker: Client) -> None:
    message_id = unique("m")
    for data in ({"n": 1}, {"n": 2}):
        attacker.accept("events", [{"external_id": "u", "message_id": message_id, "data": data}])
        attacker.message(message_id)
    manage.stack.wait_for(lambda: manage.message(message_id)["conflicts"] == 1)
