"""What is logged of a failure's reason names nobody."""

from __future__ import annotations

import pytest

from nereid.core.messaging.deliver import _code, _cut, _ending
from nereid.ports.messaging import Outcome


@pytest.mark.parametrize(
    ("reason", "logged"),
    [
        ("provider: MessageRejected", "provider: MessageRejected"),
        ("provider: unknown outcome", "provider: unknown outcome"),
        ("provider: too large", "provider: too large"),
        ("provider: reconnect sales@example.com", "provider: reconnect"),
        ("template: sam@example.com is no number", "template"),
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
