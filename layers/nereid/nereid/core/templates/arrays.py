"""Filters of arrays: what is in them may be of any kind."""

from collections.abc import Callable, Sequence
from itertools import islice
from typing import Any

import liquid
from liquid.filter import with_environment

from nereid.core.templates.arithmetic import add_up
from nereid.core.templates.comparisons import equal
from nereid.core.templates.rendering import Missing, current
from nereid.core.templates.signatures import Unfit
from nereid.core.templates.values import json_of, kind_of, number_of, text_of


def property_of(filter_name: str, item: Any, key: Any) -> Any:
    """Return a property of an item, or None; an item that can have none is noted."""
    match item:
        case dict():
            return item.get(key)
        case list() | tuple() if isinstance(key, int):
            return item[key] if -len(item) <= key < len(item) else None
        case None:
            return None
    current().note(f"{filter_name}: {kind_of(item)} has no properties")
    return None


@with_environment
def join(items: Sequence[Any], separator: str | None = None, *, environment: liquid.Environment) -> str:
    """Return the texts of all items with a separator between them."""
    if separator is None:
        # In HTML, a separator that the template writes is not escaped, and the items are.
        separator = liquid.Markup(" ") if environment.autoescape else " "
    return separator.join(text_of(item) for item in items)


def first(value: Any) -> Any:
    """Return the first item."""
    if isinstance(value, dict):
        value = list(islice(value.items(), 1))
    return value[0] if isinstance(value, list | tuple | range) and value else None


def last(value: Any) -> Any:
    """Return the last item."""
    return value[-1] if isinstance(value, list | tuple | range) and value else None


def size(value: Any) -> int:
    """Return the number of items or characters; 0 of what has none."""
    return len(value) if isinstance(value, str | list | tuple | range | dict) else 0


def concat(items: list[Any], others: list[Any]) -> list[Any]:
    """Return the items of two arrays."""
    return [*items, *others]


def reverse(items: list[Any]) -> list[Any]:
    """Return the items in reverse order."""
    return items[::-1]


def map_(items: list[Any], key: Any) -> list[Any]:
    """Return a property of each item."""
    return [property_of("map", item, key) for item in items]


def sort(items: list[Any], key: Any = None) -> list[Any]:
    """Return the items in order, null last: all numbers, or all texts."""
    values = [(item if key is None else property_of("sort", item, key), item) for item in items]
    given = [value for value, _ in values if value is not None]
    if all(isinstance(value, str) for value in given):
        order: Callable[[Any], Any] = str
    elif all(number_of(value) is not None for value in given):
        order = number_of
    else:
        raise Unfit("values of different kinds have no order")
    return _ordered(values, order)


def sort_natural(items: list[Any], key: Any = None) -> list[Any]:
    """Return the items in the order of their texts without regard to case, null last."""
    values = [(item if key is None else property_of("sort_natural", item, key), item) for item in items]
    return _ordered(values, lambda value: text_of(value).lower())


def _ordered(values: list[tuple[Any, Any]], order: Callable[[Any], Any]) -> list[Any]:
    given = sorted((pair for pair in values if pair[0] is not None), key=lambda pair: order(pair[0]))
    return [item for _, item in (*given, *(pair for pair in values if pair[0] is None))]


def _picked(filter_name: str, items: list[Any], key: Any, wanted: Any) -> list[bool]:
    """Tell of each item whether a property is the wanted value, or without one whether it is neither false nor null."""
    found = (property_of(filter_name, item, key) for item in items)
    if isinstance(wanted, Missing):
        wanted.use()
    if wanted is None or isinstance(wanted, liquid.Undefined):
        return [value is not None and value is not False for value in found]
    return [equal(value, wanted) for value in found]


def where(items: list[Any], key: Any, wanted: Any = None) -> list[Any]:
    """Return the items with a property of a value."""
    picked = _picked("where", items, key, wanted)
    return [item for item, is_picked in zip(items, picked, strict=True) if is_picked]


def reject(items: list[Any], key: Any, wanted: Any = None) -> list[Any]:
    """Return the items without a property of a value."""
    picked = _picked("reject", items, key, wanted)
    return [item for item, is_picked in zip(items, picked, strict=True) if not is_picked]


def find(items: list[Any], key: Any, wanted: Any = None) -> Any:
    """Return the first item with a property of a value."""
    picked = _picked("find", items, key, wanted)
    return next((item for item, is_picked in zip(items, picked, strict=True) if is_picked), None)


def find_index(items: list[Any], key: Any, wanted: Any = None) -> int | None:
    """Return where the first item with a property of a value is."""
    picked = _picked("find_index", items, key, wanted)
    return picked.index(True) if True in picked else None


def has(items: list[Any], key: Any, wanted: Any = None) -> bool:
    """Tell whether an item has a property of a value."""
    return any(_picked("has", items, key, wanted))


def uniq(items: list[Any], key: Any = None) -> list[Any]:
    """Return each item once, or the first with each value of a property."""
    values = (item if key is None else property_of("uniq", item, key) for item in items)
    first_of: dict[Any, Any] = {}
    for value, item in zip(values, items, strict=True):
        # 1, 1.0 and true are three values, and equal ones of Python.
        is_plain = value is None or isinstance(value, str | int | float)
        first_of.setdefault((type(value), value) if is_plain else json_of(value), item)
    return list(first_of.values())


def compact(items: list[Any], key: Any = None) -> list[Any]:
    """Return the items that are not null, or whose property is not."""
    return [item for item in items if (item if key is None else property_of("compact", item, key)) is not None]


def sum_(items: list[Any], key: Any = None) -> Any:
    """Return the sum of the items that are numbers, or of a property."""
    values = [item if key is None else property_of("sum", item, key) for item in items]
    numbers = [number_of(value) for value in values]
    for value, number in zip(values, numbers, strict=True):
        if number is None:
            current().note(f"sum: {kind_of(value)} is no number")
    return add_up([number for number in numbers if number is not None])
