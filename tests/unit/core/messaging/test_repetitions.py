"""When a message is the same once more."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from nereid.core.messaging.repetitions import conflict_mark, is_repetition
from nereid.models.message import Message

NOW = datetime(2026, 1, 31, 9, 30, tzinfo=UTC)


def message(**members: Any) -> Message:
    given = {"message_id": "m", "event_type": "e", "source": "neptune", "received_at": NOW, **members}
    return Message.model_validate(given)


@pytest.mark.parametrize(
    "value", [None, True, 0, 1.5, "x", [], {}, [1, [True, None]], {"a": {"b": [1, 2.0]}, "c": "\u00fc"}]
)
def test_the_same_content_is_a_repetition(value: Any) -> None:
    assert is_repetition(message(data={"x": value}), message(data={"x": value}))


def test_the_order_of_keys_and_the_spelling_of_a_number_say_nothing() -> None:
    assert is_repetition(
        message(data={"a": 1, "b": {"c": 2.0, "d": 3}}), message(data={"b": {"d": 3.0, "c": 2}, "a": 1})
    )


def test_nor_does_what_is_not_the_content() -> None:
    other = message(extra={"client": 1}, timestamp=5, contact_infos=[{"type": "email"}], received_at=NOW + timedelta(1))
    assert is_repetition(message(), other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (1, True),
        (0, False),
        (True, False),
        (None, False),
        (None, 0),
        ("1", 1),
        ([1], [1, 1]),
        ([1, 2], [2, 1]),
        ([], {}),
        ({"a": 1}, {"a": 1, "b": None}),
        ({"a": [1]}, {"a": [True]}),
    ],
)
def test_other_data_are_a_conflict(one: Any, other: Any) -> None:
    assert not is_repetition(message(data={"x": one}), message(data={"x": other}))
    assert not is_repetition(message(data={"x": other}), message(data={"x": one}))


@pytest.mark.parametrize("members", [{"event_type": "f"}, {"user_id": "u"}, {"data": {"x": 1}}])
def test_so_are_another_event_type_user_or_data(members: dict[str, Any]) -> None:
    assert not is_repetition(message(**members), message())
    assert not is_repetition(message(), message(**members))


def test_a_user_that_was_a_profile_is_the_same() -> None:
    assert is_repetition(message(user_id="u"), message(user_id="anon:a"), "anon:a")
    assert not is_repetition(message(user_id="u"), message(user_id="anon:b"), "anon:a")
    assert not is_repetition(message(user_id="u"), message(user_id=None))


def test_each_coming_has_a_mark_of_its_own_and_the_same_whenever_it_is_handed_over() -> None:
    comings = [
        message(),
        message(received_at=NOW + timedelta(milliseconds=1)),
        message(event_type="f"),
        message(data={"x": 1}),
    ]
    assert len({conflict_mark(each) for each in comings}) == 4
    assert conflict_mark(message(data={"x": [1]})) == conflict_mark(message(data={"x": [1]}))
