"""Who gets copies of a mail."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from nereid.core.messaging.copies import without_suppressed
from nereid.models.delivery import Rendered
from nereid.models.suppression import Suppression

AT = datetime(2026, 1, 31, tzinfo=UTC)
LISTED: dict[str, Any] = {"bounced@example.com": "bounce", "left@example.com": "unsubscribe"}


def left(members: dict[str, Any], url: str | None = None) -> dict[str, Any]:
    """Return the members of a mail without the copies to those on the list; nobody else is looked up."""

    def get(team_id: str, email: str) -> Suppression | None:
        assert team_id == "t"
        reason = LISTED.get(email)
        return Suppression(email=email, reasons={reason: AT}) if reason else None

    suppressions: Any = SimpleNamespace(get=get)
    return without_suppressed(Rendered(members, [], url), suppressions, "t").members


def test_only_those_who_may_be_mailed_are_left() -> None:
    copies = ["A <bounced@example.com>", "B <b@example.com>", "left@example.com"]
    shown = left({"subject": "s", "cc": copies, "bcc": ["bounced@example.com"]})
    assert shown == {"subject": "s", "cc": copies[1:], "bcc": []}


def test_who_unsubscribed_gets_no_copy_of_a_subscription() -> None:
    assert left({"bcc": ["left@example.com", "b@example.com"]}, "https://u")["bcc"] == ["b@example.com"]


@pytest.mark.parametrize("members", [{}, {"cc": []}, {"subject": "bounced@example.com"}])
def test_a_mail_without_copies_stays_as_it_is(members: dict[str, Any]) -> None:
    assert left(members) is members
