"""How far an e-mail has come."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from nereid.clock import to_iso
from nereid.core.outreach.show_email import standing
from nereid.models.delivery import Delivery
from nereid.models.lead_email import OutgoingEmail, Standing

TAKEN = datetime(2026, 1, 31, 9, 30, tzinfo=UTC)
SENT = TAKEN + timedelta(seconds=2)
EMAIL = OutgoingEmail(
    id="e", campaign_id="c", lead_id="l", subject="Hello", to="john@example.com", environment="dev", created_at=TAKEN
)


def after(status: Any, reason: str | None = None, *kinds: str) -> Standing:
    events = [{"type": kind, "at": to_iso(SENT + timedelta(minutes=number))} for number, kind in enumerate(kinds, 1)]
    delivery = Delivery(
        id="d",
        notification="email",
        channel="email",
        to="john@example.com",
        status=status,
        reason=reason,
        events=events or None,
        created_at=TAKEN,
        updated_at=SENT,
    )
    return standing(EMAIL, delivery)


def test_an_email_without_a_delivery_is_queued() -> None:
    assert standing(EMAIL, None) == Standing("queued", None, TAKEN)


@pytest.mark.parametrize(
    ("status", "reason", "kinds", "expected"),
    [
        ("pending", None, (), ("queued", None)),
        ("mocked", None, (), ("mocked", None)),
        ("success", None, (), ("sent", None)),
        ("success", None, ("delivery",), ("delivered", None)),
        ("success", None, ("open", "delivery"), ("opened", None)),
        ("success", None, ("click", "open", "delivery"), ("clicked", None)),
        ("success", None, ("delivery", "unsubscribe"), ("delivered", None)),
        ("success", None, ("bounce",), ("sent", None)),
        ("success", "complaint", ("delivery", "complaint"), ("complained", "complaint")),
        ("failed", "bounced", ("delivery", "open", "bounce"), ("bounced", "bounced")),
        ("failed", "bounced", ("complaint", "bounce"), ("complained", "bounced")),
        ("failed", "rejected", ("reject",), ("failed", "rejected")),
        ("failed", "suppressed: unsubscribe", (), ("failed", "suppressed: unsubscribe")),
        ("failed", "provider: reconnect s@example.com", (), ("failed", "provider: reconnect s@example.com")),
        ("no_provider", "no email provider", (), ("failed", "no email provider")),
    ],
)
def test_the_status_is_the_furthest_that_it_came(
    status: str, reason: str | None, kinds: tuple[str, ...], expected: tuple[str, str | None]
) -> None:
    assert after(status, reason, *kinds)[:2] == expected


def test_the_last_report_is_the_last_change() -> None:
    assert after("success", None, "delivery", "open").updated_at == SENT + timedelta(minutes=2)
