"""JSON is read strictly and written losslessly."""

from __future__ import annotations

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


@pytest.mark.parametrize("text", ["", "{", "NaN", "[Infinity]", "1e999", '{"a": [-1e999]}', '"\\ud800"', "{'a': 1}"])
def test_what_is_no_json_or_cannot_be_kept_is_refused(text: str) -> None:
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
