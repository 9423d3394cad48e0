"""JSON is read strictly and written losslessly."""

from __future__ import annotations

import time
from typing import Any

import pytest

from nereid import jsontext
from nereid.jsontext import MAX_DEPTH, NotJson


def nested(depth: int, opening: str = "[", closing: str = "]") -> str:
    return opening * depth + closing * depth


@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":[', "]}")])
def test_a_body_may_be_nested_a_hundred_deep(opening: str, closing: str) -> None:
    levels = opening.count("[") + opening.count("{")
    assert jsontext.loads(nested(MAX_DEPTH // levels, opening, closing))
    with pytest.raises(NotJson, match="deep"):
        jsontext.loads("[" + nested(MAX_DEPTH // levels, opening, closing) + "]")
    assert MAX_DEPTH == 100


@pytest.mark.parametrize(
    "text", ["", "{", "NaN", "[Infinity]", "1e999", '{"a": [-1e999]}', "{'a': 1}", '"\\ud800', b'"\xff"']
)
def test_what_is_no_json_or_cannot_be_kept_is_refused(text: str | bytes) -> None:
    with pytest.raises(NotJson):
        jsontext.loads(text)


@pytest.mark.parametrize("value", [None, True, 1.5, 10**20, "é😀", [], {"a": [1, {"b": None}]}])
def test_what_is_written_is_read_as_it_was(value: Any) -> None:
    assert jsontext.loads(jsontext.dumps(value)) == value


def test_it_is_written_without_spaces_and_a_number_that_json_lacks_is_not_written() -> None:
    assert jsontext.dumps({"a": [1, "é"]}) == '{"a":[1,"é"]}'
    with pytest.raises(ValueError, match="JSON"):
        jsontext.dumps(float("nan"))


def test_its_size_is_that_in_utf_8() -> None:
    assert jsontext.size("é") == 4


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (r'"cut \ud83c..."', "cut \ufffd..."),
        (r'"\ud83c"', "\ufffd"),
        (r'"\uDF55 tail"', "\ufffd tail"),
        (r'"\udf55\ud83c"', "\ufffd\ufffd"),
        (r'"\ud83c\ud83c\udf55"', "\ufffd\U0001f355"),
        (r'"\ud83c\udf55\ud83c"', "\U0001f355\ufffd"),
        (r'"\ud83cA\n\u0041"', "\ufffdA\nA"),
        (r'"\\ud83c \ud83c"', "\\ud83c \ufffd"),
        (r'"\\\ud83c"', "\\\ufffd"),
        (r'{"k\ud83c": ["v\udf55", {"\ud83c\udf55": null}]}', {"k\ufffd": ["v\ufffd", {"\U0001f355": None}]}),
        (b'"\xed\xa0\xbc"', "\ufffd"),
        (b'"\xed\xa0\xbc\xed\xbd\x95 \xf0\x9f\x8d\x95"', "\U0001f355 \U0001f355"),
        ('"\ud83c"', "\ufffd"),
        ('"\ud83c\udf55"', "\U0001f355"),
    ],
)
def test_half_a_character_is_replaced_and_both_halves_are_one(text: bytes | str, value: Any) -> None:
    assert jsontext.loads(text) == value
    if isinstance(text, str) and text.isascii():
        assert jsontext.loads(text.encode()) == value


@pytest.mark.parametrize("text", [r'{"a":"\ud83c",}', r'"\ud83c" x', r'["\ud83c", NaN]', r'["\ud83c", 1e999]'])
def test_half_a_character_hides_no_other_mistake(text: str) -> None:
    with pytest.raises(NotJson):
        jsontext.loads(text)


def test_many_halves_take_no_longer_than_their_number() -> None:
    started = time.process_time()
    assert jsontext.loads("[" + ",".join([r'"\ud83c\\"'] * 300_000) + "]") == ["\ufffd\\"] * 300_000
    assert time.process_time() - started < 5
