"""In an environment that keeps content, deliveries show what they were made of, but for what is sent at most once."""

from __future__ import annotations

import pytest

from tests.contract.manage_client import INBOX, MAIL, PHONE, TEXT, Manage, email_to, outcomes

IN_PROCESS = True
CONTACTS = [
    *email_to("a@example.com"),
    {"type": "mobile_number", "value": "+4915112345678"},
    {"type": "firebase_token", "value": "push-token"},
]


@pytest.fixture(scope="module")
def keeping(manage: Manage) -> Manage:
    return manage.in_environment(keep_rendered=True)


def test_every_channel_shows_what_was_sent(keeping: Manage) -> None:
    user = keeping.user()
    found = keeping.told(MAIL, TEXT, PHONE, INBOX, user_id=user, contact_infos=CONTACTS, data={"otp": 1})
    assert outcomes(found) == [("success", None)] * 4
    assert [each["rendered"] for each in found] == [
        {"subject": "Code 1", "text": "1"},
        {"text": "1 is your code"},
        {"title": "Login", "body": "1"},
        {"title": "Login", "body": "1"},
    ]


def test_what_could_not_be_sent_shows_it_too(manage: Manage) -> None:
    unsent = manage.in_environment(keep_rendered=True, channels={"email": None})
    [delivery] = unsent.told(MAIL, contact_infos=email_to("a@example.com"), data={"otp": 1})
    assert (delivery["status"], delivery["rendered"]) == ("no_provider", {"subject": "Code 1", "text": "1"})


def test_what_is_sent_at_most_once_never_does(keeping: Manage) -> None:
    once = {**MAIL, "retry": "at_most_once"}
    [delivery] = keeping.told(once, contact_infos=email_to("a@example.com"), data={"otp": 1})
    assert delivery["status"] == "success"
    assert "rendered" not in delivery


def test_nothing_is_kept_once_the_environment_says_so(manage: Manage) -> None:
    changed = manage.in_environment(keep_rendered=True)
    changed.ok("PUT", "/environments/{env}", {"keep_rendered": False})
    [delivery] = changed.told(MAIL, contact_infos=email_to("a@example.com"), data={"otp": 1})
    assert "rendered" not in delivery
