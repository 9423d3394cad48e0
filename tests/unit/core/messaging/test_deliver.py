"""What is logged, counted and kept of a delivery, and how long another run waits for it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from nereid.core.messaging.deliver import CLAIM_SECONDS, Deliverer, _code, _cut, _ending, _seconds_until
from nereid.ports.messaging import Outcome


@pytest.mark.parametrize(
    ("reason", "logged"),
    [
        ("provider: MessageRejected", "provider: MessageRejected"),
        ("provider: unknown outcome", "provider: unknown outcome"),
        ("provider: too large", "provider: too large"),
        ("provider: reconnect sales@example.com", "provider: reconnect"),
        ("template: sam@example.com is no number", "template"),
        ("gave up: provider: MessageRejected", "gave up: provider: MessageRejected"),
        ("expired", "expired"),
    ],
)
def test_a_reason_is_logged_without_addresses_and_texts(reason: str, logged: str) -> None:
    assert _code(Outcome("failed", reason)) == logged


@pytest.mark.parametrize(
    ("outcome", "ending"),
    [
        (Outcome("success"), "success"),
        (Outcome("mocked"), "mocked"),
        (Outcome("no_provider", "no push provider"), "no_provider"),
        (Outcome("failed", "suppressed: bounce"), "suppressed"),
        (Outcome("failed", "provider: unknown outcome"), "provider"),
        (Outcome("failed", "template: x"), "template"),
        (Outcome("failed", "gave up: provider: x"), "gave up"),
        (Outcome("failed", "expired"), "expired"),
    ],
)
def test_an_outcome_is_counted_by_its_status_or_the_cause_of_its_failure(outcome: Outcome, ending: str) -> None:
    assert _ending(outcome) == ending


def test_what_is_kept_of_a_delivery_has_its_texts_cut_and_all_else_as_it_is() -> None:
    assert _cut({"a": "abc", "b": ["abc", 5, None], "c": {"d": True}}, 2) == {
        "a": "ab",
        "b": ["ab", 5, None],
        "c": {"d": True},
    }


@pytest.mark.parametrize(("left", "seconds"), [(5, 6), (5.9, 6), (0, 1), (-5, 1)])
def test_who_finds_a_delivery_in_hand_comes_again_when_it_no_longer_is(left: float, seconds: int) -> None:
    now = datetime(2026, 1, 31, tzinfo=UTC)
    assert _seconds_until(now + timedelta(seconds=left), now) == seconds
    assert _seconds_until(None, now) == CLAIM_SECONDS


@pytest.mark.parametrize(
    ("status", "events", "followed_up"),
    [("success", None, True), ("failed", [{"type": "bounce"}], True), ("failed", None, False), (None, None, False)],
)
def test_only_what_was_sent_is_followed_up_when_the_run_that_recorded_it_died(
    status: str | None, events: Any, *, followed_up: bool
) -> None:
    followed: list[Any] = []
    delivery = SimpleNamespace(status=status, events=events, updated_at="then") if status else None
    world: Any = SimpleNamespace(
        content=SimpleNamespace(is_followed_up=lambda _: True, follow_up=lambda _job, at: followed.append(at)),
        deliveries=SimpleNamespace(get_many=lambda *_: {"d": delivery} if delivery else {}),
    )
    job: Any = SimpleNamespace(scope="s", delivery_id="d")
    Deliverer._follow_up_earlier(world, job)
    assert followed == (["then"] if followed_up else [])
