"""Whom a team may send as."""

from datetime import UTC, datetime
from typing import Any

import pytest

from nereid.models.senders import Senders, is_entry, sms_senders
from nereid.models.senders import named as names
from nereid.models.team import Channels, SmsProvider, Team

APPLICATIONS = "arn:aws:sns:us-east-1:123456789012:app/"
OURS = f"{APPLICATIONS}GCM/nereid"
STACK = Channels.model_validate(
    {"email": {"from": "Hello@example.com"}, "sms": {"sender_id": "NEREID"}, "push": {"fcm": OURS}}
)


def senders(*listed: str, stack: Channels = STACK, **members: Any) -> Senders:
    """Return the senders of a team with a list."""
    team = Team(id="t", name="t", created_at=datetime.now(UTC), **{"senders": list(listed), **members})
    return Senders.of(team, stack, APPLICATIONS)


@pytest.mark.parametrize(
    "text",
    [
        "*",
        "billing@example.com",
        "@example.org",
        "@süß.example",
        "sms:ACME",
        "sms:+12065550100",
        "sms:24273",
        "sms:Acme Inc.",
        OURS,
    ],
)
def test_a_list_has_addresses_domains_sender_ids_applications_and_the_star(text: str) -> None:
    assert is_entry(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "**",
        "@",
        "example.com",
        "@*",
        "*@example.com",
        "Sam <sam@example.com>",
        "a@b.c,d@e.f",
        "sms:",
        "sms:123456789012",
        "sms: ACME",
        "sms:ACME ",
        "sms: ",
        "arn:aws:sns:us-east-1:123456789012:topic",
        " sam@example.com",
        "@example.com\n",
    ],
)
def test_a_list_has_nothing_else(text: str) -> None:
    assert not is_entry(text)


@pytest.mark.parametrize("sender", ["hello@example.com", "Us <HELLO@example.com>", "sms:NEREID", "sms:", OURS])
def test_a_team_without_a_list_of_its_own_has_the_stacks_senders(sender: str) -> None:
    assert senders().allow(sender)


@pytest.mark.parametrize(
    "sender", ["other@example.com", "sms:BANK", f"{APPLICATIONS}GCM/other", "hello@example.com.evil"]
)
def test_a_team_without_a_list_has_no_others(sender: str) -> None:
    assert not senders().allow(sender)


def test_a_listed_address_is_compared_without_case() -> None:
    assert senders("Billing@Example.com").allow("Bill <billing@example.COM>")
    assert not senders("billing@example.com").allow("ceo@example.com")


@pytest.mark.parametrize(
    ("sender", "may"), [("any@example.org", True), ("any@sub.example.org", False), ("@example.org", False)]
)
def test_a_listed_domain_is_that_of_any_address_and_no_other_domain(sender: str, *, may: bool) -> None:
    assert senders("@example.org").allow(sender) == may


@pytest.mark.parametrize(
    "sender",
    [
        "victim@bank.example, <me@example.org>, x@y.example",
        "<victim@bank.example> me@example.org",
        "victim@bank.example,me@example.org",
        "victim@bank.example\r\nSender: <é@example.org>",
        "a@b@example.org",
        "victim@bank.example, <é@example.org>",
        "me@example.org.",
    ],
)
def test_what_a_provider_may_take_for_somebody_else_is_not_allowed(sender: str) -> None:
    assert not senders("@example.org").allow(sender)


def test_a_listed_sender_id_is_that_one_alone() -> None:
    own = senders("sms:ACME", stack=Channels())
    assert (own.allow("sms:ACME"), own.allow("sms:acme"), own.allow("sms:")) == (True, False, True)


@pytest.mark.parametrize(
    ("listed", "named"),
    [
        (["sms:ACME"], {"sms.sender_id": True, "sms.origination_number": False}),
        (["sms:+12065550100"], {"sms.sender_id": False, "sms.origination_number": True}),
        (["sms:ACME", "sms:+12065550100"], {"sms.sender_id": True, "sms.origination_number": True}),
        (["*"], {"sms.sender_id": True, "sms.origination_number": True}),
    ],
)
def test_a_number_of_the_account_is_a_sender_of_its_own(listed: list[str], named: dict[str, bool]) -> None:
    provider = SmsProvider(sender_id="ACME", origination_number="+12065550100")
    own = senders(*listed, stack=Channels())
    found = names(Channels(sms=provider))
    assert {member: own.allow(sender) for member, sender in found.items()} == named
    assert sms_senders(provider) == list(found.values())


def test_a_team_without_sms_of_the_stack_or_of_its_own_sends_none() -> None:
    assert not senders("a@example.com", stack=Channels()).allow("sms:")


def test_everything_is_allowed_by_the_star_but_applications_of_others() -> None:
    everything = senders("*")
    assert all(map(everything.allow, ("x@y.example", "sms:BANK", "sms:", f"{APPLICATIONS}APNS/other")))
    assert not everything.allow("arn:aws:sns:us-east-1:999999999999:app/GCM/other")
    assert not everything.allow("arn:aws:sns:eu-west-1:123456789012:app/GCM/other")


def test_a_team_that_is_older_than_lists_goes_on_as_before() -> None:
    assert senders(senders=None).allow("anybody@example.net")


def test_a_team_that_registered_itself_as_open_has_nothing_of_the_stack() -> None:
    stranger = senders(registered="open")
    assert stranger.defaults == Channels(email=None, sms=None, push=None)
    assert not any(map(stranger.allow, ("hello@example.com", "sms:NEREID", "sms:", OURS)))


def test_it_has_what_of_the_stack_an_operator_gave_it() -> None:
    granted = senders("hello@example.com", registered="open")
    assert granted.defaults == Channels(email=STACK.email, sms=None, push=None)
    assert senders("*", registered="open").defaults == STACK


def test_a_trusted_team_has_the_stacks_senders_alone() -> None:
    trusted = senders(registered="trusted")
    assert trusted.defaults == STACK
    assert not trusted.allow("other@example.com")
