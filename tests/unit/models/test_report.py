"""What reports make of a delivery."""

from itertools import permutations
from typing import Any

import pytest

from nereid.models.report import outcome, shown


def reports(*kinds: str) -> list[dict[str, Any]]:
    return [{"type": kind, "at": "2026-01-31T09:30:00.000Z", "code": "Throttled"} for kind in kinds]


def test_nothing_reported_decides_nothing() -> None:
    assert outcome([]) is None


@pytest.mark.parametrize(
    ("kinds", "expected"),
    [
        (["delivery"], ("success", None)),
        (["open", "click"], ("success", None)),
        (["transient_bounce"], ("success", None)),
        (["delivery", "complaint"], ("success", "complaint")),
        (["delivery", "bounce", "complaint"], ("failed", "bounced")),
        (["bounce", "reject"], ("failed", "bounced")),
        (["reject", "rendering_failure"], ("failed", "rejected")),
        (["rendering_failure", "known_complaint"], ("failed", "rendering failure")),
        (["known_complaint", "delivery"], ("failed", "suppressed: complaint")),
        (["push_failure"], ("failed", "provider: Throttled")),
    ],
)
def test_the_gravest_report_decides_in_whatever_order_they_come(kinds: list[str], expected: tuple[str, Any]) -> None:
    assert {outcome(reports(*order)) for order in permutations(kinds)} == {expected}


@pytest.mark.parametrize(
    ("kind", "expected"),
    [("transient_bounce", "bounce"), ("known_complaint", "complaint"), ("delivery", "delivery")],
)
def test_reports_that_are_told_apart_inside_are_shown_under_one_name(kind: str, expected: str) -> None:
    [event] = reports(kind)
    assert shown(event) == {**event, "type": expected}
