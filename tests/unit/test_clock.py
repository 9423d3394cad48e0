"""Moments as the APIs show them, and as stores keep them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from nereid.clock import SystemClock, from_iso, to_exact_iso, to_iso

MOMENT = datetime(2026, 1, 31, 9, 30, 0, 123456, UTC)


def test_the_time_is_that_of_the_machine_in_utc() -> None:
    before = datetime.now(UTC)
    now = SystemClock().now()
    assert before <= now <= datetime.now(UTC)
    assert now.tzinfo is UTC


@pytest.mark.parametrize("zone", [UTC, timezone(timedelta(hours=5, minutes=30))])
def test_a_moment_is_shown_in_utc_with_milliseconds(zone: timezone) -> None:
    assert to_iso(MOMENT.astimezone(zone)) == "2026-01-31T09:30:00.123Z"


def test_a_moment_that_is_kept_with_all_its_digits_is_read_as_it_was() -> None:
    assert to_exact_iso(MOMENT) == "2026-01-31T09:30:00.123456+00:00"
    assert from_iso(to_exact_iso(MOMENT)) == MOMENT
    assert from_iso(to_iso(MOMENT)) == MOMENT.replace(microsecond=123000)
