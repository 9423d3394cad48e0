"""The bounds of Liquid, to the character: what is still taken, and what is not."""

from __future__ import annotations

from typing import Any

import pytest
from liquid.exceptions import LiquidSyntaxError, ResourceLimitError

from nereid.core.templates import sandbox
from nereid.core.templates.sandbox import check_source


@pytest.mark.parametrize(
    "source",
    [
        "",
        "}} %}",
        "{{ a }}{{ b }}",
        "{{" + "x" * 4096 + "}}",
        "{%" + "x" * 4096 + "%}",
        "{% raw %}{% endraw %}{{ a }}",
        "{%- raw -%}{{ not closed {% endraw %}",
        "{% doc %}{{{% enddoc %}",
    ],
)
def test_a_template_in_which_everything_is_closed_is_taken(source: str) -> None:
    check_source(source)


def test_what_stands_in_tags_is_counted() -> None:
    assert check_source("text {{ a }} text {% if b %}c{% endif %}") == len("{{ a }}{% if b %}{% endif %}")


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("{{ a", "expected '}}', found end of file"),
        ("{{ a }}{{ b", "expected '}}', found end of file"),
        ("{{ a %}", "expected '}}', found end of file"),
        ("{% if a", "expected '%}', found end of file"),
        ("{% if a }}", "expected '%}', found end of file"),
        ("{{" + "x" * 4097 + "}}", "longer than 4096 characters"),
        ("x" * 9 + "{{" + "x" * 4097 + "}}", "longer than 4096 characters"),
        ("{% raw %}{% enddoc %}", "raw tag was never closed"),
        ("{% raw %}{% endraw %}{{ a", "expected '}}', found end of file"),
    ],
)
def test_a_template_that_leaves_something_open_or_has_a_long_tag_is_refused(source: str, text: str) -> None:
    with pytest.raises(LiquidSyntaxError) as refused:
        check_source(source)
    assert refused.value.message == text


@pytest.mark.parametrize(
    ("value", "taken"),
    [
        ("abc", 3),
        (2**63, 20),
        (2**63 - 1, 0),
        (2**13_999, 4360),
        (True, 0),
        (1.5, 0),
        (["abc", 1], 9),
        (("abc", ["d"]), 13),
        ({"a": "bc", "d": [1]}, 13),
        (range(5), 15),
    ],
)
def test_a_value_takes_as_much_room_as_it_has_characters_and_items(value: Any, taken: int) -> None:
    assert sandbox._room(value, 10_000) == 10_000 - taken
    assert sandbox._room(value, taken) == 0


@pytest.mark.parametrize("value", [2**14_000, ["abcd"], ["a"] * 3, {"a": "bcd"}, [[], [[], []], 1], {"abcde": []}])
def test_a_value_that_does_not_fit_leaves_less_than_none(value: Any) -> None:
    assert sandbox._room(value, 4) < 0


def test_a_filter_may_be_given_and_make_the_largest_value_and_nothing_larger() -> None:
    largest = sandbox._bounded(lambda size: "x" * size, sandbox._check_known)
    assert len(largest(500_000)) == 500_000
    with pytest.raises(ResourceLimitError):
        largest(500_001)
    same = sandbox._bounded(lambda value, *_, **__: value, sandbox._check_known)
    assert same("", "x" * 250_000, "x" * 249_991) == ""
    assert same("", "x" * 250_000, name="x" * 249_991) == ""
    with pytest.raises(ResourceLimitError):
        same("", "x" * 250_000, "x" * 249_992)


def test_a_filter_that_would_make_too_large_a_value_is_not_begun() -> None:
    begun: list[str] = []
    replaced = sandbox._bounded(lambda text, *_: begun.append(text), sandbox._check_replaced)
    replaced("a" * 5000, "a", "x" * 100)
    with pytest.raises(ResourceLimitError):
        replaced("a" * 5001, "a", "x" * 100)
    assert begun == ["a" * 5000]


def test_a_joined_list_is_foretold_with_what_its_items_take() -> None:
    sandbox._check_joined(["ab"] * 50_000, "12345")
    with pytest.raises(ResourceLimitError):
        sandbox._check_joined(["ab"] * 50_001, "12345")
    sandbox._check_joined(["ab"] * 83_333)
    with pytest.raises(ResourceLimitError):
        sandbox._check_joined(["ab"] * 83_334)


@pytest.mark.parametrize(("separator", "most"), [("", 125_000), (",", 200_000), (" ", 200_000), ("ab", 500_000)])
def test_the_pieces_of_a_text_are_foretold(separator: str, most: int) -> None:
    text = ("x" + (separator if len(separator) < 2 else "")) * 250_000
    sandbox._check_split(text[:most], separator)
    if most < len(text):
        with pytest.raises(ResourceLimitError):
            sandbox._check_split(text[: most + 2], separator)


@pytest.mark.parametrize(("stop", "fits"), [(100_000, True), (100_001, False)])
def test_a_range_may_be_as_long_as_a_loop(stop: int, *, fits: bool) -> None:
    literal: Any = sandbox._Range.__new__(sandbox._Range)
    literal.token = None
    if fits:
        assert len(literal._make_range(1, stop)) == 100_000
    else:
        with pytest.raises(ResourceLimitError):
            literal._make_range(1, stop)


@pytest.mark.parametrize("value", [["ab", "c"], {"a": "b"}, ("a", ["b"])])
def test_a_value_that_fills_the_room_leaves_none_and_a_larger_one_does_not_fit(value: Any) -> None:
    size = 100 - sandbox._room(value, 100)
    assert sandbox._room(value, size) == 0
    assert sandbox._room(value, size - 1) < 0
    assert sandbox._room([value, "x"], size + 6) < 0
    assert sandbox._room({"a": value, "b": ""}, size + 7) < 0


def test_a_number_has_room_up_to_its_bits() -> None:
    assert sandbox._room(2**sandbox._MAX_BITS - 1, 5000) > 0
    assert sandbox._room(2**sandbox._MAX_BITS, 5000) < 0
