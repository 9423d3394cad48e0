"""How long a failure of a push waits for the record of the push."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from nereid.core.messaging.record_feedback import FeedbackRecorder
from nereid.errors import TryAgain

NOW = datetime(2026, 1, 31, 9, 30, tzinfo=UTC)


def waits(age: timedelta) -> str:
    recorder: Any = SimpleNamespace(clock=SimpleNamespace(now=lambda: NOW))
    return FeedbackRecorder._wait(recorder, NOW - age)


def test_a_push_that_is_not_recorded_after_five_minutes_is_none_of_ours() -> None:
    with pytest.raises(TryAgain):
        waits(timedelta(minutes=5) - timedelta(microseconds=1))
    assert waits(timedelta(minutes=5)).startswith("ignored")
