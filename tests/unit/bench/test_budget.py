"""A budget is kept exactly in calls and units, and with a little room in bytes."""

from __future__ import annotations

from typing import Any

import pytest

from bench import budget

COUNTED: dict[str, Any] = {
    "calls": {"dynamodb:GetItem": 2},
    "read": 1.5,
    "written": 2.0,
    "indexed": 1.0,
    "sent": 1000,
    "log": 0,
}


def test_what_was_measured_keeps_its_budget() -> None:
    assert budget.over(budget.of(COUNTED), COUNTED) == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"calls": {"dynamodb:GetItem": 3}}, "dynamodb:GetItem: 3 calls, not 2"),
        ({"calls": {"dynamodb:GetItem": 1}}, "dynamodb:GetItem: 1 calls, not 2"),
        ({"calls": {"dynamodb:GetItem": 2, "sqs:SendMessage": 1}}, "sqs:SendMessage: 1 calls, not 0"),
        ({"read": 2.0}, "read: 2 units, not 1.5"),
        ({"indexed": 0.0}, "indexed: 0 units, not 1"),
        ({"sent": 1100}, "sent: 1100 bytes, at most 1070"),
        ({"log": 1}, "log: 1 bytes, at most 0"),
    ],
)
def test_what_differs_is_told(change: dict[str, Any], said: str) -> None:
    assert budget.over(budget.of(COUNTED), {**COUNTED, **change}) == [said]


def test_a_few_bytes_more_are_no_news() -> None:
    assert budget.over(budget.of(COUNTED), {**COUNTED, "sent": 1060}) == []
