"""The addresses that a team must not mail: listed, added, removed; and what that does to the next mail."""

from __future__ import annotations

import re
from functools import partial
from typing import Any
from urllib.parse import quote

import pytest

from tests.contract.manage_client import (
    BAD_CURSOR,
    DELETED,
    NOT_FOUND,
    Mailed,
    Manage,
    mail,
    outcomes,
    unique,
)

SUBSCRIPTION = mail("s", "Unsubscribe: {{ unsubscribe_url }}")
REASONS = ["bounce", "complaint", "unsubscribe"]
MUST_BE = "must be one of bounce, complaint, unsubscribe"


def address() -> str:
    return f"{unique()}@example.com"


def path(email: str, reason: str | None = None) -> str:
    return f"/suppressions/{quote(email, safe='')}" + (f"?reason={reason}" if reason else "")


def suppress(manage: Manage, email: str, reason: str) -> None:
    manage.ok("POST", "/suppressions", {"email": email, "reason": reason})


def found(manage: Manage, query: str) -> list[dict[str, Any]]:
    """Return what a listing shows."""
    listed: list[dict[str, Any]] = manage.ok("GET", query)["data"]
    return listed


def reasons(manage: Manage, email: str) -> list[str]:
    """Return the reasons for which an address is listed."""
    listed = found(manage, f"/suppressions?email={quote(email)}")
    return [each["reason"] for one in listed for each in one["reasons"]]


class TestAdding:
    @pytest.mark.parametrize("reason", [*REASONS, None])
    def test_an_address_is_added(self, manage: Manage, reason: str | None) -> None:
        email = address()
        added = manage.ok("POST", "/suppressions", {"email": email, **({"reason": reason} if reason else {})})
        at = added["reasons"][0]["at"]
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", at)
        given = {"reason": reason or "unsubscribe", "at": at, "detail": "management API"}
        assert added == {"email": email, "reasons": [given]}
        assert manage.ok("GET", f"/suppressions?email={quote(email)}") == {"data": [added], "next_cursor": None}

    def test_reasons_add_up_and_the_first_moment_of_each_stays(self, manage: Manage) -> None:
        email = address()
        first = manage.ok("POST", "/suppressions", {"email": email, "reason": "unsubscribe"})
        added = manage.ok("POST", "/suppressions", {"email": f" {email.upper()} ", "reason": "bounce"})
        assert [each["reason"] for each in added["reasons"]] == ["bounce", "unsubscribe"]
        again = manage.ok("POST", "/suppressions", {"email": email, "reason": "unsubscribe"})
        assert again == added
        assert again["reasons"][1] == first["reasons"][0]

    @pytest.mark.parametrize(
        ("body", "errors"),
        [
            ({}, {"email": "is required"}),
            ({"email": None}, {"email": "is required"}),
            ({"email": 5}, {"email": "input should be a valid string"}),
            ({"email": "nonsense"}, {"email": "must be a valid email address"}),
            ({"email": f"{'x' * 250}@example.com"}, {"email": "must be a valid email address"}),
            ({"email": "sam@example.com", "reason": "spam"}, {"reason": MUST_BE}),
            ({"email": "sam@example.com", "reason": None}, {"reason": MUST_BE}),
            ({"email": "x", "reason": 5}, {"email": "must be a valid email address", "reason": MUST_BE}),
        ],
    )
    def test_what_is_wrong_is_named(self, manage: Manage, body: object, errors: dict[str, str]) -> None:
        assert manage.errors("POST", "/suppressions", body) == errors


class TestEffect:
    @pytest.mark.parametrize("reason", ["bounce", "complaint"])
    def test_the_next_mail_is_not_sent(self, manage: Manage, reason: str) -> None:
        email = address()
        suppress(manage, email, reason)
        for notification in (mail(), SUBSCRIPTION):
            sent = Mailed(manage, email.upper(), notification).sent
            assert outcomes([sent]) == [("failed", f"suppressed: {reason}")]
        assert manage.stack.outbox(email) == []

    def test_an_unsubscribe_stops_only_what_can_be_unsubscribed_from(self, manage: Manage) -> None:
        email = address()
        suppress(manage, email, "unsubscribe")
        assert outcomes([Mailed(manage, email, SUBSCRIPTION).sent]) == [("failed", "suppressed: unsubscribe")]
        assert outcomes([Mailed(manage, email).sent]) == [("success", None)]

    def test_what_is_removed_is_mailed_again_until_it_bounces_again(self, manage: Manage) -> None:
        mailed = Mailed(manage)
        mailed.report("bounce")
        mailed.wait_for("bounce")
        assert manage.call("DELETE", path(mailed.address)) == DELETED
        again = Mailed(manage, mailed.address)
        assert outcomes([again.sent]) == [("success", None)]
        again.report("bounce")
        again.wait_for("bounce")
        assert outcomes([Mailed(manage, mailed.address).sent]) == [("failed", "suppressed: bounce")]

    @pytest.mark.slow
    def test_five_soft_bounces_in_a_row_suppress_the_address(self, manage: Manage) -> None:
        email = address()
        for kind in (*["bounce"] * 4, "delivery", *["bounce"] * 5):
            mailed = Mailed(manage, email)
            assert outcomes([mailed.sent]) == [("success", None)]
            mailed.report(kind, **({"bounce_type": "Transient"} if kind == "bounce" else {}))
            mailed.wait_for(kind)
        manage.stack.wait_for(lambda: reasons(manage, email) == ["bounce"])
        [listed] = manage.ok("GET", f"/suppressions?email={quote(email)}")["data"]
        assert listed["reasons"][0]["detail"] == "5 soft bounces in a row"
        assert outcomes([Mailed(manage, email).sent]) == [("failed", "suppressed: bounce")]


class TestListing:
    def test_what_was_reported_is_listed_with_what_is_known_of_it(self, team: Manage) -> None:
        for kind, detail in (("bounce", "General, 5.1.1"), ("complaint", "abuse")):
            mailed = Mailed(team)
            mailed.report(kind)
            mailed.wait_for(kind)
            query = f"/suppressions?email={quote(mailed.address.upper())}"
            [listed] = team.stack.wait_for(partial(found, team, query))
            [reason] = listed["reasons"]
            assert (listed["email"], reason["reason"], reason["detail"]) == (mailed.address, kind, detail)

    def test_an_unsubscribe_by_link_is_listed(self, team: Manage) -> None:
        sent = team.mailed(SUBSCRIPTION)
        link = sent["headers"]["List-Unsubscribe"].strip("<>")
        assert team.stack.request("POST", link[link.index("/u/") :]).status == 200
        [listed] = team.ok("GET", "/suppressions")["data"]
        assert [each["detail"] for each in listed["reasons"]] == ["unsubscribe link"]

    def test_pages_are_in_order_of_the_addresses(self, team: Manage) -> None:
        emails = sorted(address() for _ in range(5))
        for email in reversed(emails):
            suppress(team, email, "complaint")
        pages = team.pages("/suppressions", 2)
        assert [[each["email"] for each in page] for page in pages] == [emails[:2], emails[2:4], emails[4:]]

    def test_reason_and_address_select_and_combine(self, team: Manage) -> None:
        emails = {reason: address() for reason in REASONS}
        for reason, email in emails.items():
            suppress(team, email, reason)
        for reason, email in emails.items():
            [[selected]] = team.pages("/suppressions", 1, reason=reason)
            assert selected["email"] == email
            assert reasons(team, email) == [reason]
        query = f"/suppressions?email={quote(emails['bounce'])}&reason="
        assert len(team.ok("GET", query + "bounce")["data"]) == 1
        assert team.ok("GET", query + "complaint") == {"data": [], "next_cursor": None}
        assert team.ok("GET", f"/suppressions?email={quote(address())}")["data"] == []
        assert len(team.ok("GET", "/suppressions?email=")["data"]) == 3

    @pytest.mark.parametrize("query", ["reason=spam", "reason="])
    def test_an_unknown_reason_is_refused(self, manage: Manage, query: str) -> None:
        assert manage.errors("GET", f"/suppressions?{query}") == {"reason": MUST_BE}

    def test_another_team_has_a_list_of_its_own(self, manage: Manage, team: Manage) -> None:
        email = address()
        suppress(manage, email, "bounce")
        assert team.ok("GET", "/suppressions")["data"] == []
        assert reasons(team, email) == []
        assert team.call("DELETE", path(email)) == NOT_FOUND
        assert reasons(manage, email) == ["bounce"]


class TestRemoving:
    def test_all_reasons_are_removed_or_one(self, manage: Manage) -> None:
        email = address()
        for reason in REASONS:
            suppress(manage, email, reason)
        assert manage.call("DELETE", path(email, "complaint")) == DELETED
        assert reasons(manage, email) == ["bounce", "unsubscribe"]
        assert manage.call("DELETE", path(email, "complaint")) == NOT_FOUND
        assert manage.call("DELETE", path(email.upper())) == DELETED
        assert reasons(manage, email) == []
        assert manage.call("DELETE", path(email)) == NOT_FOUND

    @pytest.mark.parametrize("email", ["a/b@example.com", "a+b@example.com", "%@ä.example", "o'hara@example.com"])
    def test_the_address_is_percent_encoded(self, manage: Manage, email: str) -> None:
        own = f"{unique()}{email}"
        suppress(manage, own, "bounce")
        assert manage.call("DELETE", path(own)) == DELETED

    @pytest.mark.parametrize("email", ["nobody@example.com", "nonsense", "%20", "x" * 3000])
    def test_what_is_not_suppressed_is_not_found(self, manage: Manage, email: str) -> None:
        assert manage.call("DELETE", path(email)) == NOT_FOUND

    def test_an_unknown_reason_is_refused_before_the_address_is_looked_for(self, manage: Manage) -> None:
        assert manage.errors("DELETE", path("nobody@example.com", "spam")) == {"reason": MUST_BE}


def test_a_cursor_is_good_with_the_same_filter(team: Manage) -> None:
    for _ in range(2):
        suppress(team, address(), "bounce")
    first = team.ok("GET", "/suppressions?limit=1&reason=bounce")
    second = team.ok("GET", f"/suppressions?limit=1&reason=bounce&cursor={first['next_cursor']}")
    assert first["data"][0]["email"] < second["data"][0]["email"]
    assert second["next_cursor"] is None
    assert team.call("GET", "/suppressions?cursor=x") == BAD_CURSOR
