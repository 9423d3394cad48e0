"""Values are turned into DynamoDB's and back as boto3's resources do it."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Any

import pytest
from boto3.dynamodb.types import Binary, TypeDeserializer, TypeSerializer
from hypothesis import given
from hypothesis import strategies as st

from nereid.aws.attribute_values import marshal, unmarshal

NUMBERS = (
    st.integers()
    | st.integers(-(10**39), 10**39)
    | st.decimals(allow_nan=False, allow_infinity=False)
    | st.integers(-100, 100)
)
SCALARS = st.none() | st.booleans() | NUMBERS | st.text() | st.binary() | st.floats()
SETS = (
    st.sets(st.text(max_size=3), min_size=1, max_size=3)
    | st.sets(NUMBERS, min_size=1, max_size=3)
    | st.sets(st.binary(max_size=3), min_size=1, max_size=3)
    | st.sets(st.text(max_size=2) | st.integers(), min_size=1, max_size=3)
)
VALUES = st.recursive(
    SCALARS | SETS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=4),
    max_leaves=8,
)


def outcome(function: Any, *given: Any) -> Any:
    """Return what a function returns, or that it refuses."""
    try:
        return function(*given)
    except (TypeError, ArithmeticError) as error:
        return type(error)


def plain(value: Any) -> Any:
    """Return what the product makes of what boto3 returns."""
    match value:
        case Decimal():
            return int(value) if value == value.to_integral_value() else float(value)
        case Binary():
            return bytes(value.value)
        case dict():
            return {key: plain(each) for key, each in value.items()}
        case list():
            return [plain(each) for each in value]
        case set():
            return {bytes(each.value) if isinstance(each, Binary) else each for each in value}
    return value


@given(VALUES)
def test_a_value_is_written_as_boto3_writes_it(value: Any) -> None:
    expected = outcome(TypeSerializer().serialize, value)
    found = outcome(lambda: marshal({"a": [value]})["a"]["L"][0])
    if isinstance(expected, dict) and not isinstance(found, dict):
        assert found == expected
    elif isinstance(expected, dict):
        assert ordered(found) == ordered(expected)
    else:
        assert found is expected


def ordered(value: Any) -> Any:
    """Return DynamoDB's value with its sets in one order."""
    if isinstance(value, dict):
        return {
            kind: sorted(content) if kind in {"SS", "NS", "BS"} and isinstance(content, list) else ordered(content)
            for kind, content in value.items()
        }
    return list(map(ordered, value)) if isinstance(value, list) else value


@given(VALUES)
def test_a_value_is_read_as_boto3_reads_it(value: Any) -> None:
    try:
        written = TypeSerializer().serialize(value)
    except (TypeError, ArithmeticError):
        return
    assert unmarshal({"a": written})["a"] == plain(TypeDeserializer().deserialize(written))


@pytest.mark.parametrize("text", ["0", "-0", "007", "1E+3", "1.0", "1.5", "-12", "1e-130", "9" * 38, "1E126"])
def test_a_number_is_read_as_boto3_reads_it(text: str) -> None:
    expected = outcome(lambda: plain(TypeDeserializer().deserialize({"N": text})))
    found = outcome(lambda: unmarshal({"a": {"N": text}})["a"])
    assert (type(found), found) == (type(expected), expected)


def test_members_that_are_none_are_left_out() -> None:
    assert marshal({"a": None, "b": [None]}) == {"b": {"L": [{"NULL": True}]}}


@pytest.mark.parametrize("value", [1.5, math.inf, Decimal("NaN"), Decimal("Infinity"), set(), object(), 10**38 + 1])
def test_what_dynamodb_cannot_hold_is_an_error(value: Any) -> None:
    with pytest.raises((TypeError, ArithmeticError)):
        marshal({"a": value})
