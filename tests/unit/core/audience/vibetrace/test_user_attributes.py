from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nereid.core.audience.vibetrace.user_attributes import (
    AUTOMATIC,
    number,
    with_changes,
    with_open,
    with_purchase,
    with_tags,
    with_visit,
)
from nereid.errors import Invalid
from tests.unit.core.audience.vibetrace.vibetrace_fakes import START


@pytest.mark.parametrize(
    ("stored", "sent", "expected"),
    [
        (None, ["MY Tag &#= IS Nice"], ["mytagisnice"]),
        (None, "tag_one;TWO; three ;;", ["tag_one", "three", "two"]),
        (["a", "b"], ["-a", "c"], ["b", "c"]),
        (["a"], "-a", []),
        (["a"], ["-A "], []),
        (["a"], ["-"], ["a"]),
        (["a"], ["--a"], []),
        ([], ["a", "-a"], []),
        ([], ["-a", "a"], ["a"]),
        (["a"], [], ["a"]),
        (["b", 5, "a"], ["c", 5, None, {}], ["a", "b", "c"]),
        ("x", ["a", "a"], ["a"]),
        (None, ["é", "ß-x", "日本"], ["x"]),
    ],
)
def test_tags_are_cleaned_added_and_removed(stored: Any, sent: Any, expected: list[str]) -> None:
    assert with_tags(stored, sent) == expected


@given(st.lists(st.text()), st.lists(st.text()))
def test_tags_are_a_sorted_set_of_clean_words(stored: list[str], sent: list[str]) -> None:
    tags = with_tags(with_tags(None, stored), sent)
    assert tags == sorted(set(tags))
    assert all(tag and set(tag) <= set("abcdefghijklmnopqrstuvwxyz0123456789_") for tag in tags)
    assert with_tags(tags, [f"-{tag}" for tag in tags]) == []


def test_the_last_tag_leaves_an_empty_set_and_none_leave_no_attribute() -> None:
    assert with_changes({"tags": ["a"]}, {"tags": "-a"}) == {"tags": []}
    assert with_changes({}, {"tags": "-a"}) == {}


@pytest.mark.parametrize("tags", [None, 5, True, {"a": 1}])
def test_what_are_no_tags_change_none(tags: Any) -> None:
    assert with_changes({"tags": ["a"]}, {"tags": tags}) == {"tags": ["a"]}


def test_changes_are_shallow_and_a_null_removes() -> None:
    meta = {"a": {"x": 1}, "b": 1, "c": None}
    assert with_changes(meta, {"a": {"y": 2}, "b": None, "d": None, "e": 0}) == {"a": {"y": 2}, "c": None, "e": 0}
    assert meta == {"a": {"x": 1}, "b": 1, "c": None}


@pytest.mark.parametrize("name", sorted(AUTOMATIC))
@pytest.mark.parametrize("value", [None, 1, "2026-01-01", True])
def test_automatic_attributes_are_not_set_from_outside(name: str, value: Any) -> None:
    assert with_changes({name: "own"}, {name: value}) == {name: "own"}


@pytest.mark.parametrize("value", ["true", 1, 0, [], {}])
def test_a_wrong_subscription_is_ignored(value: Any) -> None:
    assert with_changes({"isSubscribed": True}, {"isSubscribed": value}) == {"isSubscribed": True}


def test_a_subscription_is_set_and_removed() -> None:
    assert with_changes({"isSubscribed": True}, {"isSubscribed": False}) == {"isSubscribed": False}
    assert with_changes({"isSubscribed": True}, {"isSubscribed": None}) == {}


@pytest.mark.parametrize("changes", [{"": 1}, {"k" * 129: 1}, {"k" * 129: None}, {"a": "x" * 65530}])
def test_limits_are_kept(changes: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        with_changes({}, changes)


def test_the_largest_attributes_are_taken() -> None:
    assert with_changes({}, {"k" * 128: 1})
    assert with_changes({}, {"a": "x" * (65536 - len('{"a":""}'))})


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (234.12, "234.12"),
        ("234.12", "234.12"),
        (" 5 ", "5"),
        ("-1.5", "-1.5"),
        ("1e2", "1E+2"),
        (".5", "0.5"),
        (0, "0"),
    ],
)
def test_numbers_and_text_that_is_one_are_numbers(value: Any, expected: str) -> None:
    assert number(value) == Decimal(expected)


@pytest.mark.parametrize(
    "value",
    [None, True, "", "1,5", "1_000", "0x1", "nan", "inf", "1e999", 1e300, 10**400, "9" * 50, "٣", [1], {}, "12 EUR"],
)
def test_anything_else_is_none(value: Any) -> None:
    assert number(value) is None


@pytest.mark.parametrize(
    ("totals", "expected"),
    [
        ([1.005], 1.01),
        (["0.005"], 0.01),
        ([0.1, 0.2], 0.3),
        (["10.10", 0.9], 11),
        ([None, None], 0),
        ([-1.005], -1.01),
    ],
)
def test_totals_are_summed_with_two_decimals(totals: list[Any], expected: float) -> None:
    meta: dict[str, Any] = {}
    for total in totals:
        meta = with_purchase(meta, number(total), START)
    assert meta["totalPurchasesValue"] == expected
    assert meta["numberOfPurchases"] == len(totals)


def test_a_large_sum_is_kept() -> None:
    meta: dict[str, Any] = {}
    for _ in range(3):
        meta = with_purchase(meta, Decimal(10**12), START)
    assert meta["totalPurchasesValue"] == 3 * 10**12


def test_what_was_written_by_other_means_is_counted_as_nothing() -> None:
    odd = {"numberOfPurchases": "many", "totalPurchasesValue": [], "lastPurchaseDate": "soon", "lastVisitDate": 5}
    assert with_purchase(odd, Decimal(1), START) == with_purchase({}, Decimal(1), START)


def test_a_purchase_without_a_total_keeps_the_last_value() -> None:
    meta = with_purchase(with_purchase({}, Decimal(5), START), None, START + timedelta(days=1))
    assert (meta["lastPurchaseValue"], meta["numberOfPurchases"]) == (5, 2)


def test_what_is_handled_late_does_not_turn_dates_back() -> None:
    early, late = START, START + timedelta(hours=1)
    assert with_visit(with_visit({}, late), early) == with_visit({}, late)
    assert with_open(with_open({}, late), early) == with_open({}, late)
    meta = with_purchase(with_purchase({}, Decimal(5), late), Decimal(7), early)
    assert meta["lastPurchaseDate"] == meta["lastVisitDate"] == "2026-01-31T10:30:00.000Z"
    assert (meta["lastPurchaseValue"], meta["totalPurchasesValue"]) == (5, 12)


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("0" * 39 + "1", 1),
        ("0" * 40 + "1", None),
        ("5", 5),
        (" -1.50 ", Decimal("-1.5")),
        ("12", 12),
        ("-12", -12),
        ("13", None),
        ("-13", None),
        ("5,0", None),
        (True, None),
        (None, None),
        (2.5, Decimal("2.5")),
    ],
)
def test_a_number_is_read_within_reason(text: Any, read: Any) -> None:
    assert number(text, Decimal(12)) == read
