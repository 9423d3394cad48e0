"""When a delivery is over, and where the reports on it stand."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from nereid.aws.messaging.deliveries import _RELEASED, _is_final, all_facts, facts_of

NOW = datetime(2026, 1, 31, 9, 30, tzinfo=UTC)
REPORTED = {"reported": {"delivery"}}


@pytest.mark.parametrize(
    ("item", "final"),
    [
        ({"status": "success"}, True),
        ({"status": "pending"}, False),
        ({}, False),
        ({"claimed_until": _RELEASED}, False),
        ({**REPORTED, "claimed_until": _RELEASED}, True),
        ({**REPORTED, "claimed_until": "2026-01-31T09:29:59Z"}, True),
        ({**REPORTED, "claimed_until": "2026-01-31T09:30:00Z"}, False),
        ({**REPORTED, "claimed_until": "2026-01-31T09:30:01Z"}, False),
        ({"status": "failed", **REPORTED, "claimed_until": "2026-01-31T09:30:01Z"}, True),
    ],
)
def test_a_delivery_is_over_once_it_says_so_or_a_report_does_and_no_run_has_it(
    item: dict[str, Any],
    final: bool,  # noqa: FBT001
) -> None:
    assert _is_final(item, NOW) is final


def test_the_reports_on_earlier_sendings_stand_apart() -> None:
    assert [all_facts(current) for current in (1, 2, 3)] == [
        ["reported"],
        ["reported", "reported_1"],
        ["reported", "reported_1", "reported_2"],
    ]
    assert [facts_of({"sending": 2}, sending) for sending in (1, 2, 3)] == ["reported_1", "reported", "reported"]
    assert facts_of({}, 1) == "reported"
