"""Which messages the sweeper looks at besides those that it comes by."""

from datetime import UTC, datetime, timedelta

import pytest

from nereid.core.messaging.sweep_watches import PENDING_AFTER, watch_if_late, watch_queued
from nereid.models.message import Message

RECEIVED = datetime(2026, 1, 31, 9, 30, tzinfo=UTC)
LATE = timedelta(minutes=10)


def message() -> Message:
    return Message(message_id="m", event_type="login", source="neptune", received_at=RECEIVED)


@pytest.mark.parametrize("after", [timedelta(0), LATE - timedelta(microseconds=1)])
def test_a_message_that_is_stored_in_time_is_not_watched(after: timedelta) -> None:
    assert watch_if_late(message(), RECEIVED + after) is None


@pytest.mark.parametrize("after", [LATE, LATE + timedelta(days=1)])
def test_a_message_that_is_stored_late_is_looked_at_when_its_deliveries_should_be_final(after: timedelta) -> None:
    stored_at = RECEIVED + after
    watch = watch_if_late(message(), stored_at)
    assert watch is not None
    assert (watch.message_id, watch.due, watch.since) == ("m", stored_at + PENDING_AFTER, stored_at)


def test_a_message_whose_deliveries_are_queued_anew_is_watched_from_then_on() -> None:
    watch = watch_queued("m", RECEIVED)
    assert (watch.due, watch.since, watch.queued_at) == (RECEIVED + PENDING_AFTER, RECEIVED, RECEIVED)
