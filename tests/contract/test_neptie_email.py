"""Neptie's e-mail, over HTTP."""

from __future__ import annotations

import uuid
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.contract.neptie_client import (
    FORBIDDEN,
    NO_CAMPAIGN,
    NO_LEAD,
    NO_ROUTE,
    NOT_AN_OBJECT,
    NOT_JSON,
    PREFIXES,
    REQUIRED,
    TOO_LARGE,
    Neptie,
    email,
    invalid,
)
from tests.contract.outreach import NO_EMAIL, NOWHERE, Team
from tests.local_stack import Stack

SEND = "email/send"
ACCOUNTS = "email/accounts"
NEVER_CLOSED = "has a tag, comment or quote that is never closed"


@pytest.fixture(scope="module")
def team(local_stack: Stack) -> Team:
    return Team(Neptie(local_stack).newcomer())


@pytest.fixture
def fresh(local_stack: Stack) -> Team:
    return Team(Neptie(local_stack).newcomer())


@pytest.fixture(scope="module")
def campaign(team: Team) -> str:
    return team.campaign()


def body(lead: dict[str, Any], campaign: str, **fields: Any) -> dict[str, Any]:
    return {"lead_id": lead["id"], "campaign_id": campaign, "subject": "Hello", "content": "Dear John", **fields}


def limited(team: Team, scopes: list[str], environment: str = "dev") -> Neptie:
    """Return a client of the team whose token has these scopes alone."""
    wanted = {"name": "limited", "permissions": scopes, "default_environment": environment}
    answer = team.stack.request("POST", "/manage/api_tokens", wanted, token=team.neptie.token)
    assert answer.status == 200, answer.body
    return Neptie(team.stack, answer.json()["token"])


def test_a_mail_is_queued_and_sent_as_given(team: Team, campaign: str) -> None:
    lead = team.lead()
    status, answer = team.neptie.call("POST", SEND, body(lead, campaign, content="Dear {{ name }}", subject=" Hi "))
    assert (status, answer) == (202, {"email_id": answer["email_id"], "status": "queued"})
    assert str(uuid.UUID(answer["email_id"])) == answer["email_id"]
    mail = team.mail(lead)
    assert (mail["subject"], mail["html"], mail["from"]) == ("Hi", None, "hello@example.com")
    assert mail["text"].startswith("Dear {{ name }}\n\nUnsubscribe: http")


def test_html_gets_a_text_part_and_both_the_link(team: Team, campaign: str) -> None:
    lead = team.lead()
    team.send(lead, campaign, content="<p>Dear <b>John</b></p>")
    mail = team.mail(lead)
    link = mail["headers"]["List-Unsubscribe"].strip("<>")
    assert mail["text"] == f"Dear John\n\nUnsubscribe: {link}\n"
    assert mail["html"].startswith("<p>Dear <b>John</b></p>")
    assert f'href="{link}"' in mail["html"]
    assert mail["headers"]["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


def test_a_subject_adds_no_header(team: Team, campaign: str) -> None:
    lead = team.lead()
    email_id = team.send(lead, campaign, subject="Hi\r\nBcc: victim@example.org")
    mail = team.mail(lead)
    assert mail["subject"] == "Hi Bcc: victim@example.org"
    assert sorted(mail["headers"]) == ["List-Unsubscribe", "List-Unsubscribe-Post"]
    assert team.show(email_id)["subject"] == "Hi Bcc: victim@example.org"


def test_the_first_mail_moves_a_new_lead_and_no_other(team: Team, campaign: str) -> None:
    new, qualified = team.lead(), team.lead()
    team.neptie.ok("PUT", f"leads/{qualified['id']}", {"status": "qualified"})
    for lead in (new, qualified):
        team.send(lead, campaign)
    assert (team.status(new), team.status(qualified)) == ("contacted", "qualified")


def test_it_is_a_message_of_the_pipeline(team: Team, campaign: str) -> None:
    lead = team.lead()
    email_id = team.send(lead, campaign)
    team.wait(email_id, "sent")
    path = f"/manage/dev/messages/{email_id}"
    message = team.stack.request("GET", path, token=team.neptie.token).json()
    assert (message["event_type"], message["source"]) == ("neptie_email", "neptie")
    (delivery,) = message["deliveries"]
    assert (delivery["channel"], delivery["to"], delivery["status"]) == ("email", lead["email"], "success")


def test_both_parts_of_a_mail_have_its_lines_and_its_text(team: Team, campaign: str) -> None:
    lead = team.lead()
    team.send(lead, campaign, content="Salut Ioana,\n\nfolosește <b>acest</b> cod.\n\nPa")
    sent = team.mail(lead)
    assert sent["text"].startswith("Salut Ioana,\n\nfolosește acest cod.\n\nPa\n")
    assert sent["html"].startswith("Salut Ioana,<br>\n<br>\nfolosește <b>acest</b> cod.<br>\n<br>\nPa")
    lead = team.lead()
    team.send(lead, campaign, content="<html><head><meta name='x'><title>t</title><body><p>Dobrý deň</body></html>")
    assert team.mail(lead)["text"].startswith("Dobrý deň\n")


def test_a_key_makes_repetitions_one_mail(team: Team, campaign: str) -> None:
    lead = team.lead()
    key = {"Idempotency-Key": str(uuid.uuid4())}
    first = team.send(lead, campaign, key)
    assert team.send(lead, campaign, key) == first
    assert team.send({"id": lead["id"].upper()}, campaign.upper(), key, subject=" Hello\n") == first
    assert team.send(lead, campaign, {"Idempotency-Key": "k" * 256}) != first
    assert team.send(lead, campaign) != first
    team.stack.wait_for(lambda: len(team.stack.outbox(lead["email"])) == 3)


@pytest.mark.parametrize("other", ["lead_id", "campaign_id", "subject", "content", "from"])
def test_a_key_that_came_with_another_mail_is_refused(team: Team, campaign: str, other: str) -> None:
    lead = team.lead(full_name="Zoë Çelik")
    key = {"Idempotency-Key": str(uuid.uuid4())}
    first = team.send(lead, campaign, key, subject="Grüße", content="Guten Tag")
    changes: dict[str, Any] = {
        "lead_id": team.lead()["id"],
        "campaign_id": team.campaign(),
        "subject": "Grüsse",
        "content": "Guten  Tag",
        "from": "sales@example.com",
    }
    asked = {"lead_id": lead["id"], "campaign_id": campaign, "subject": "Grüße", "content": "Guten Tag"}
    answer = team.neptie.call("POST", SEND, {**asked, other: changes[other]}, key)
    assert answer == invalid(**{"Idempotency-Key": "was given with another e-mail before"})
    assert team.send(lead, campaign, key, subject="Grüße", content="Guten Tag") == first
    team.stack.wait_for(lambda: team.stack.outbox(lead["email"]))
    assert len(team.stack.outbox(lead["email"])) == 1


def test_a_key_is_a_teams_own(team: Team, fresh: Team, campaign: str) -> None:
    key = {"Idempotency-Key": str(uuid.uuid4())}
    first = team.send(team.lead(), campaign, key)
    assert fresh.send(fresh.lead(), fresh.campaign(), key) != first


def test_a_key_that_is_too_long_is_refused(team: Team, campaign: str) -> None:
    answer = team.neptie.call("POST", SEND, body(team.lead(), campaign), {"Idempotency-Key": "k" * 257})
    assert answer == invalid(**{"Idempotency-Key": "must be at most 256 characters"})


@pytest.mark.parametrize(
    ("fields", "errors"),
    [
        (
            {"lead_id": None, "campaign_id": "", "subject": " ", "content": None},
            {
                "campaign_id": "is required",
                "lead_id": "is required",
                "subject": "is required",
                "content": "is required",
            },
        ),
        ({"subject": 1}, {"subject": "must be a string"}),
        ({"content": ["x"]}, {"content": "must be a string"}),
        ({"subject": "x" * 999}, {"subject": "must be at most 998 characters"}),
        ({"content": "x" * 200_001}, {"content": "must be at most 200000 characters"}),
        ({"subject": "\x00"}, {"subject": "is required"}),
        ({"content": "<p>Hi" + "<a " * 66_000}, {"content": NEVER_CLOSED}),
        ({"content": "<p>Hi</p><!-- to be done"}, {"content": NEVER_CLOSED}),
        ({"content": '<p>Hi <a href="https://example.com>there</a></p>'}, {"content": NEVER_CLOSED}),
        ({"from": "nobody"}, {"from": "must be a valid email address"}),
        ({"from": 1}, {"from": "must be a string"}),
        ({"from": "nobody@example.com"}, {"from": "must be the email of a connected account"}),
    ],
)
def test_a_mail_that_cannot_be_sent_names_the_field(
    team: Team, campaign: str, fields: dict[str, Any], errors: dict[str, str]
) -> None:
    assert team.neptie.call("POST", SEND, body(team.lead(), campaign, **fields)) == invalid(**errors)


@pytest.mark.parametrize(
    "part", ["<![foo bar]>", "<![if !mso]>", "<a><br>", "&#" + "9" * 5000 + ";", "<?php ?>", "</>"]
)
def test_html_that_a_parser_stumbles_over_is_sent(team: Team, campaign: str, part: str) -> None:
    lead = team.lead()
    team.wait(team.send(lead, campaign, content=f"<p>Hi</p>{part}" + part * (150_000 // len(part))), "sent")
    assert team.mail(lead)["text"].startswith("Hi")


def test_the_longest_mail_is_sent(team: Team, campaign: str) -> None:
    lead = team.lead()
    team.wait(team.send(lead, campaign, subject="s" * 998, content="x" * 200_000), "sent")
    assert team.mail(lead)["text"].startswith("x" * 200_000)


def test_lead_and_campaign_have_to_be_there(team: Team, fresh: Team, campaign: str) -> None:
    lead = team.lead()
    assert team.neptie.call("POST", SEND, body(lead, NOWHERE)) == NO_CAMPAIGN
    assert team.neptie.call("POST", SEND, body(lead, "x" * 5000)) == NO_CAMPAIGN
    assert team.neptie.call("POST", SEND, body({"id": NOWHERE}, campaign)) == NO_LEAD
    assert team.neptie.call("POST", SEND, body({"id": "x" * 5000}, campaign)) == NO_LEAD
    assert fresh.neptie.call("POST", SEND, body(lead, campaign)) == NO_CAMPAIGN
    assert fresh.neptie.call("POST", SEND, body(lead, fresh.campaign())) == NO_LEAD


@pytest.mark.parametrize(
    ("kind", "status", "text", "reached"),
    [
        ("bounce", "bounced", "Lead email address bounced", "bounced"),
        ("complaint", "unsubscribed", "Lead has complained", "complained"),
    ],
)
def test_a_lead_that_bounced_or_complained_gets_nothing_more(
    team: Team, campaign: str, kind: str, status: str, text: str, reached: str
) -> None:
    lead = team.lead()
    email_id = team.send(lead, campaign)
    team.report(team.mail(lead), kind)
    assert team.wait(email_id, reached)["reason"] == reached.replace("complained", "complaint")
    team.stack.wait_for(lambda: team.status(lead) == status)
    refused = (400, {"message": text, "errors": [{"field": "lead_id", "message": text}]})
    assert team.neptie.call("POST", SEND, body(lead, campaign)) == refused
    # Another status does not bring the address back.
    team.neptie.ok("PUT", f"leads/{lead['id']}", {"status": "new"})
    assert team.neptie.call("POST", SEND, body(lead, campaign)) == refused


def test_a_lead_unsubscribes_with_one_click_and_without_login(team: Team, campaign: str) -> None:
    lead = team.lead()
    team.send(lead, campaign)
    path = urlsplit(team.mail(lead)["headers"]["List-Unsubscribe"].strip("<>")).path
    assert team.stack.request("GET", path).status == 200
    assert team.status(lead) == "contacted"
    for _ in range(2):
        assert team.stack.request("POST", path, b"List-Unsubscribe=One-Click").status == 200
    assert team.status(lead) == "unsubscribed"
    answer = team.neptie.call("POST", SEND, body(lead, campaign))
    assert (answer[0], answer[1]["message"]) == (400, "Lead has unsubscribed")


@pytest.mark.parametrize(
    ("removed", "left"), [("", "contacted"), ("?reason=bounce", "unsubscribed"), ("?reason=unsubscribe", "bounced")]
)
def test_a_lead_whose_address_is_taken_off_the_list_may_be_mailed_as_far_as_nothing_is_left(
    team: Team, campaign: str, removed: str, left: str
) -> None:
    lead = team.lead()
    for reason, status in (("unsubscribe", "unsubscribed"), ("bounce", "bounced")):
        given = {"email": lead["email"].upper(), "reason": reason}
        assert team.stack.request("POST", "/manage/suppressions", given, token=team.neptie.token).status == 200
        assert team.status(lead) == status
    assert team.neptie.call("POST", SEND, body(lead, campaign))[0] == 400
    path = f"/manage/suppressions/{lead['email']}{removed}"
    assert team.stack.request("DELETE", path, token=team.neptie.token).status == 200
    assert team.status(lead) == left
    if left == "contacted":
        team.wait(team.send(lead, campaign), "sent")
    else:
        assert team.neptie.call("POST", SEND, body(lead, campaign))[0] == 400


def test_a_lead_that_its_team_moved_on_stays_where_it_is(team: Team) -> None:
    lead = team.lead()
    given = {"email": lead["email"], "reason": "complaint"}
    assert team.stack.request("POST", "/manage/suppressions", given, token=team.neptie.token).status == 200
    team.neptie.ok("PUT", f"leads/{lead['id']}", {"status": "qualified"})
    path = f"/manage/suppressions/{lead['email']}"
    assert team.stack.request("DELETE", path, token=team.neptie.token).status == 200
    assert team.status(lead) == "qualified"


@pytest.mark.parametrize(
    ("kinds", "status"),
    [(["delivery"], "delivered"), (["open"], "opened"), (["delivery", "click", "open"], "clicked")],
)
def test_a_mail_shows_how_far_it_has_come(team: Team, campaign: str, kinds: list[str], status: str) -> None:
    lead = team.lead()
    email_id = team.send(lead, campaign)
    mail = team.mail(lead)
    for kind in kinds:
        team.report(mail, kind)
    shown = team.wait(email_id, status)
    assert shown == {
        "id": email_id,
        "campaign_id": campaign,
        "lead_id": lead["id"],
        "subject": "Hello",
        "status": status,
        "reason": None,
        "created_at": shown["created_at"],
        "updated_at": shown["updated_at"],
    }
    assert shown["updated_at"] > shown["created_at"]


def test_a_transient_bounce_decides_nothing(team: Team, campaign: str) -> None:
    lead = team.lead()
    email_id = team.send(lead, campaign)
    mail = team.mail(lead)
    team.report(mail, "bounce", bounce_type="Transient")
    team.report(mail, "delivery")
    team.wait(email_id, "delivered")
    assert team.status(lead) == "contacted"


def test_a_rejected_mail_failed(team: Team, campaign: str) -> None:
    lead = team.lead()
    email_id = team.send(lead, campaign)
    team.report(team.mail(lead), "reject")
    assert team.wait(email_id, "failed")["reason"] == "rejected"


def test_in_a_mock_environment_nothing_leaves(fresh: Team) -> None:
    answer = fresh.stack.request(
        "POST", "/manage/environments", {"identifier": "sandbox", "mock": True}, token=fresh.neptie.token
    )
    assert answer.status == 200
    mocked = Team(limited(fresh, ["admin:all"], "sandbox"))
    lead = mocked.lead()
    email_id = mocked.send(lead, mocked.campaign())
    mocked.wait(email_id, "mocked")
    # A mail is the team's, whatever environment the credential that reads it works in.
    assert fresh.show(email_id)["status"] == "mocked"
    assert fresh.stack.outbox(lead["email"]) == []


@pytest.mark.parametrize("email_id", [NOWHERE, "nothing", "1", "%00"])
def test_an_unknown_mail_is_not_found(team: Team, email_id: str) -> None:
    assert team.neptie.call("GET", f"email/{email_id}") == NO_EMAIL


def test_another_teams_mail_is_not_found(team: Team, fresh: Team, campaign: str) -> None:
    assert fresh.neptie.call("GET", f"email/{team.send(team.lead(), campaign)}") == NO_EMAIL


def test_a_mailbox_is_connected_and_its_token_never_shown(fresh: Team) -> None:
    token = f"ya29.{uuid.uuid4().hex}"
    address = email()
    status, made = fresh.neptie.call(
        "POST", ACCOUNTS, {"email": address.upper(), "provider": "gmail", "oauth_token": token}
    )
    assert (status, made) == (
        201,
        {
            "account": {
                "id": made["account"]["id"],
                "email": address,
                "provider": "gmail",
                "status": "connected",
                "created_at": made["account"]["created_at"],
            }
        },
    )
    assert fresh.neptie.ok("GET", ACCOUNTS) == {"accounts": [made["account"]]}
    assert token not in fresh.stack.printed()


def test_connecting_a_mailbox_again_replaces_provider_and_token(fresh: Team) -> None:
    wanted = {"email": email(), "provider": "gmail", "oauth_token": "one"}
    first = fresh.neptie.ok("POST", ACCOUNTS, wanted)["account"]
    again = fresh.neptie.ok("POST", ACCOUNTS, {**wanted, "provider": "outlook", "oauth_token": "two"})["account"]
    assert again == {**first, "provider": "outlook"}
    assert fresh.neptie.ok("GET", ACCOUNTS)["accounts"] == [again]


def test_mailboxes_are_listed_oldest_first_and_a_teams_own(team: Team, fresh: Team) -> None:
    addresses = [email() for _ in range(3)]
    for address in addresses:
        fresh.neptie.ok("POST", ACCOUNTS, {"email": address, "provider": "outlook", "oauth_token": "t" * 8192})
    listed = fresh.neptie.ok("GET", ACCOUNTS)["accounts"]
    assert [account["email"] for account in listed] == addresses
    assert not {account["email"] for account in team.neptie.ok("GET", ACCOUNTS)["accounts"]} & set(addresses)
    assert team.neptie.call("POST", SEND, body(team.lead(), team.campaign(), **{"from": addresses[0]}))[0] == 400


@pytest.mark.parametrize(
    ("fields", "errors"),
    [
        (
            {"email": None, "provider": None, "oauth_token": ""},
            {"email": "is required", "provider": "is required", "oauth_token": "is required"},
        ),
        ({"email": "nobody"}, {"email": "must be a valid email address"}),
        ({"email": "a@example.com\nBcc: b@example.com"}, {"email": "must be a valid email address"}),
        ({"provider": "yahoo"}, {"provider": "must be one of gmail, outlook"}),
        ({"provider": {}}, {"provider": "must be a string"}),
        ({"oauth_token": 5}, {"oauth_token": "must be a string"}),
        ({"oauth_token": "t" * 8193}, {"oauth_token": "must be at most 8192 characters"}),
        (
            {"oauth_token": "a\r\nX: b"},
            {"oauth_token": "must be an OAuth token: visible ASCII characters without spaces"},
        ),
    ],
)
def test_a_mailbox_that_cannot_be_connected_names_the_field(
    team: Team, fields: dict[str, Any], errors: dict[str, str]
) -> None:
    wanted = {"email": email(), "provider": "gmail", "oauth_token": "token", **fields}
    assert team.neptie.call("POST", ACCOUNTS, wanted) == invalid(**errors)


@pytest.mark.parametrize(
    ("method", "path", "limit"),
    [("POST", SEND, "500"), ("POST", ACCOUNTS, "1000"), ("GET", ACCOUNTS, "1000"), ("GET", f"email/{NOWHERE}", "1000")],
)
def test_email_is_under_all_three_prefixes_and_counts_in_its_bucket(
    fresh: Team, method: str, path: str, limit: str
) -> None:
    for number, prefix in enumerate(PREFIXES, 1):
        answer = fresh.neptie.request(method, f"{prefix}/{path}", {} if method == "POST" else None)
        assert answer.status in (200, 400, 404)
        assert answer.headers["X-RateLimit-Limit"] == limit
        assert answer.headers["X-RateLimit-Remaining"] == str(int(limit) - number)


@pytest.mark.parametrize("path", [SEND, ACCOUNTS])
def test_email_needs_a_credential_and_a_good_body(team: Team, local_stack: Stack, path: str) -> None:
    assert Neptie(local_stack).call("POST", path, {}) == REQUIRED
    assert team.neptie.call("POST", path, b"{") == NOT_JSON
    assert team.neptie.call("POST", path, b"[1]") == NOT_AN_OBJECT
    assert team.neptie.call("POST", path, b" " * 262145) == TOO_LARGE


@pytest.mark.parametrize(
    ("method", "path", "scope"),
    [
        ("POST", SEND, "read:campaigns"),
        ("POST", ACCOUNTS, "read:campaigns"),
        ("GET", ACCOUNTS, "write:campaigns"),
        ("GET", f"email/{NOWHERE}", "write:campaigns"),
    ],
)
def test_email_needs_its_scope(team: Team, method: str, path: str, scope: str) -> None:
    assert limited(team, [scope]).call(method, path, {} if method == "POST" else None) == FORBIDDEN


@pytest.mark.parametrize(("method", "path"), [("GET", SEND), ("DELETE", ACCOUNTS), ("PUT", f"email/{NOWHERE}")])
def test_another_method_is_not_found(team: Team, method: str, path: str) -> None:
    assert team.neptie.call(method, path) == NO_ROUTE
