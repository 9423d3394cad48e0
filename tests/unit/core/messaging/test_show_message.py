"""What a pending delivery is shown to wait for, and when it is tried next."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from nereid.core.messaging.show_message import with_waits
from nereid.errors import Unavailable
from nereid.models.delivery import Delivery
from nereid.ports.messaging import Busy

NOW = datetime(2026, 1, 31, 9, 30, tzinfo=UTC)
LATER, EARLIER = NOW + timedelta(minutes=5), NOW - timedelta(minutes=5)
OPENS = NOW + timedelta(minutes=10)


class Closures:
    """Tells which channels' providers are closed, and keeps what it was asked."""

    def __init__(self, **closed: Busy) -> None:
        self._closed = closed
        self.asked: list[str] = []

    def closed(self, channel: str, now: datetime) -> Busy | None:
        assert now == NOW
        self.asked.append(channel)
        return self._closed.get(channel)


def delivery(status: str = "pending", channel: str = "email", **members: Any) -> Delivery:
    return Delivery.model_validate(
        {
            "id": "d",
            "notification": "n",
            "channel": channel,
            "to": "sam@example.com",
            "status": status,
            "created_at": EARLIER,
            "updated_at": EARLIER,
            **members,
        }
    )


def waits(closures: Closures, *deliveries: Delivery) -> list[tuple[str | None, datetime | None]]:
    return [(each.reason, each.next_try_at) for each in with_waits(deliveries, closures, NOW)]


def test_what_nobody_has_begun_is_queued() -> None:
    assert waits(Closures(), delivery()) == [("waiting: queued", None)]


def test_what_is_to_be_tried_later_says_what_stopped_it_and_when_it_is_tried() -> None:
    closures = Closures(email=Busy(OPENS, "quota", "TooMany"))
    told = delivery(reason="waiting: provider rate", next_try_at=LATER)
    assert waits(closures, told) == [("waiting: provider rate", LATER)]
    assert closures.asked == []


@pytest.mark.parametrize("next_try_at", [EARLIER, NOW])
def test_what_has_waited_for_long_enough_is_queued(next_try_at: datetime) -> None:
    told = delivery(reason="waiting: provider rate", next_try_at=next_try_at)
    assert waits(Closures(), told) == [("waiting: queued", None)]


@pytest.mark.parametrize(
    ("busy", "reason"),
    [
        (Busy(OPENS, "quota", "TooMany"), "waiting: provider quota"),
        (Busy(OPENS, "account", "SendingPausedException"), "waiting: provider: SendingPausedException"),
    ],
)
def test_what_is_queued_for_a_closed_provider_waits_until_it_opens(busy: Busy, reason: str) -> None:
    assert waits(Closures(email=busy), delivery(), delivery(next_try_at=EARLIER)) == [(reason, OPENS)] * 2


def test_a_channel_is_asked_about_once_and_the_others_not_at_all() -> None:
    closures = Closures(email=Busy(OPENS, "quota", "TooMany"))
    shown = waits(closures, delivery(), delivery(channel="sms"), delivery(), delivery("success", "push"))
    assert closures.asked == ["email", "sms"]
    assert [reason for reason, _ in shown] == [
        "waiting: provider quota",
        "waiting: queued",
        "waiting: provider quota",
        None,
    ]


@pytest.mark.parametrize(
    ("status", "reason"),
    [("success", None), ("failed", "expired"), ("mocked", None), ("no_contact", "no email contact")],
)
def test_a_final_delivery_is_shown_as_it_ended(status: str, reason: str | None) -> None:
    closures = Closures(email=Busy(OPENS, "quota", "TooMany"))
    assert waits(closures, delivery(status, reason=reason)) == [(reason, None)]
    assert closures.asked == []


def test_closures_that_cannot_be_read_are_not_guessed() -> None:
    class Broken(Closures):
        def closed(self, channel: str, now: datetime) -> Busy | None:
            raise Unavailable(f"{channel} at {now}")

    with pytest.raises(Unavailable):
        with_waits([delivery()], Broken(), NOW)
