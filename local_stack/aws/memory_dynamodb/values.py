"""Attribute values in DynamoDB's typed form: checked, compared, measured.

A value is a dict of one type and its content, as boto3's client takes it: `{"S": "text"}`. Stored values are
canonical (numbers written in one way, sets sorted), so that two values are equal if their dicts are; and nobody
changes a stored value, so that items can share them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Context, Decimal, InvalidOperation
from functools import lru_cache
from typing import Any

from local_stack.aws.memory_dynamodb.errors import invalid, not_sent, wrong_value
from local_stack.aws.memory_dynamodb.nodes import Path

Value = dict[str, Any]
Item = dict[str, Value]

TYPES = ("B", "NULL", "SS", "BOOL", "L", "BS", "N", "NS", "S", "M")
SETS = frozenset({"SS", "NS", "BS"})
_MAX_DEPTH = 32
#: Wide enough for every sum of two numbers that the service takes; more than 38 digits are refused afterwards.
_EXACT = Context(prec=320)


def checked_item(item: Any) -> Item:
    """Return a canonical copy of an item, or refuse it."""
    if not isinstance(item, Mapping):
        not_sent(f"an item is a dict, not {item!r}")
    return {_text(name): checked(value) for name, value in item.items()}


def checked(value: Any, depth: int = 1) -> Value:
    """Return a canonical copy of a value, or refuse it."""
    if not isinstance(value, Mapping):
        not_sent(f"a value is a dict of its type and content, not {value!r}")
    if len(value) != 1:
        how = "has more than one datatypes set" if value else "is empty"
        raise invalid(f"Supplied AttributeValue {how}, must contain exactly one of the supported datatypes")
    [(kind, content)] = value.items()
    match kind:
        case "S":
            return {"S": _text(content)}
        case "N":
            return {"N": number(_text(content))}
        case "B":
            return {"B": _bytes(content)}
        case "BOOL" if isinstance(content, bool):
            return {"BOOL": content}
        case "NULL" if isinstance(content, bool):
            # False is taken as well, and comes back as true.
            return {"NULL": True}
        case "M" | "L" if depth > _MAX_DEPTH:
            raise invalid("Nesting Levels have exceeded supported limits")
        case "M" if isinstance(content, Mapping):
            return {"M": {_text(name): checked(member, depth + 1) for name, member in content.items()}}
        case "L" if isinstance(content, list | tuple):
            return {"L": [checked(element, depth + 1) for element in content]}
        case "SS" | "NS" | "BS" if isinstance(content, list | tuple):
            return {kind: _checked_set(kind, content)}
    return not_sent(f"no value of a type that there is: {value!r}")


def _checked_set(kind: str, content: Sequence[Any]) -> list[Any]:
    if not content:
        name = {"SS": "An string set ", "NS": "An number set "}.get(kind)
        raise wrong_value(f"{name} may not be empty" if name else "Binary sets should not be empty")
    if kind == "NS":
        numbers = {number(_text(each)) for each in content}
        if len(numbers) < len(content):
            raise invalid("Input collection contains duplicates")
        return sorted(numbers, key=Decimal)
    members = [_text(each) if kind == "SS" else _bytes(each) for each in content]
    if "" in members:
        raise wrong_value("An string set may not have a empty string as a member")
    if b"" in members:
        raise wrong_value("Binary sets may not contain null or empty values")
    if len(set(members)) < len(members):
        raise wrong_value(f"Input collection [{', '.join(map(str, members))}] contains duplicates.")
    return sorted(members)


def _text(content: Any) -> str:
    if not isinstance(content, str):
        not_sent(f"not a string: {content!r}")
    return content


def _bytes(content: Any) -> bytes:
    if not isinstance(content, bytes | bytearray):
        not_sent(f"not bytes: {content!r}")
    return bytes(content)


@lru_cache(8192)
def number(text: str) -> str:
    """Return a number as the service writes it, or refuse it."""
    try:
        value = Decimal(text)
    except InvalidOperation:
        value = Decimal("NaN")
    if not value.is_finite():
        raise invalid(f"The parameter cannot be converted to a numeric value: {text}")
    if value == 0:
        return "0"
    value = value.normalize(_EXACT)
    if value.adjusted() > 125:
        raise invalid("Number overflow. Attempting to store a number with magnitude larger than supported range")
    if value.adjusted() < -130:
        raise invalid("Number underflow. Attempting to store a number with magnitude smaller than supported range")
    if len(value.as_tuple().digits) > 38:
        raise invalid("Attempting to store more than 38 significant digits in a Number")
    return format(value, "f")


def summed(left: str, right: str, sign: int = 1) -> str:
    """Return the sum of two numbers, or their difference."""
    first, second = Decimal(left), Decimal(right)
    return number(format(_EXACT.add(first, second) if sign > 0 else _EXACT.subtract(first, second), "f"))


def copied_item(item: Item) -> Item:
    """Return a copy that shares nothing with the item."""
    return {name: copied(value) for name, value in item.items()}


def copied(value: Value) -> Value:
    """Return a copy that shares nothing with the value."""
    if "M" in value:
        return {"M": {name: copied(member) for name, member in value["M"].items()}}
    if "L" in value:
        return {"L": [copied(element) for element in value["L"]]}
    [(kind, content)] = value.items()
    return {kind: list(content) if kind in SETS else content}


def kind_of(value: Value) -> str:
    """Return the type of a value."""
    return next(iter(value))


def compared(left: Value, right: Value) -> int | None:
    """Return a number below, at or above 0 as left is before, at or after right; None if they have no order."""
    kind = kind_of(left)
    if kind not in right or kind not in ("S", "N", "B"):
        return None
    first, second = left[kind], right[kind]
    if kind == "N":
        first, second = Decimal(first), Decimal(second)
    return int(first > second) - int(first < second)


def find(item: Item, path: Path) -> Value | None:
    """Return the value at a path."""
    value: Value | None = {"M": item}
    for step in path:
        if value is None:
            return None
        if isinstance(step, int):
            elements = value.get("L", ())
            value = elements[step] if step < len(elements) else None
        else:
            value = value.get("M", {}).get(step)
    return value


def projected(item: Item, paths: Sequence[Path]) -> Item:
    """Return the parts of an item that stand at paths, each where it stood; lists close up."""
    tree: dict[str | int, Any] = {}
    for path in paths:
        node = tree
        for step in path[:-1]:
            node = node.setdefault(step, {})
        node[path[-1]] = None
    picked = _picked({"M": item}, tree)
    return picked["M"] if picked else {}


def _picked(value: Value, tree: Mapping[str | int, Any] | None) -> Value | None:
    if tree is None:
        return value
    found: dict[str | int, Value] = {}
    for step in sorted(tree, key=lambda each: (isinstance(each, str), each)):
        below = find(value.get("M", {}), (step,)) if isinstance(step, str) else _element(value, step)
        picked = _picked(below, tree[step]) if below is not None else None
        if picked is not None:
            found[step] = picked
    if not found:
        return None
    return {"L": list(found.values())} if "L" in value else {"M": found}


def _element(value: Value, position: int) -> Value | None:
    elements = value.get("L", ())
    return elements[position] if position < len(elements) else None


def size_of_item(item: Item) -> int:
    """Return how many bytes an item counts: names and values."""
    return sum(_length(name) + size_of(value) for name, value in item.items())


def size_of(value: Value) -> int:
    """Return how many bytes a value counts."""
    [(kind, content)] = value.items()
    match kind:
        case "S":
            return _length(content)
        case "N":
            return _size_of_number(content)
        case "B":
            return len(content)
        case "SS":
            return sum(map(_length, content))
        case "NS":
            return sum(map(_size_of_number, content))
        case "BS":
            return sum(map(len, content))
        case "M":
            return 3 + sum(1 + _length(name) + size_of(member) for name, member in content.items())
        case "L":
            return 3 + sum(1 + size_of(element) for element in content)
    return 1


def _length(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode())


@lru_cache(8192)
def _size_of_number(text: str) -> int:
    """Two digits take one byte, before and behind the point apart; zeros at the ends take none."""
    whole, _, fraction = text.lstrip("-").partition(".")
    whole, fraction = whole.lstrip("0"), fraction.rstrip("0")
    if not fraction:
        whole = whole.rstrip("0")
    if not whole:
        fraction = fraction.lstrip("0")
    return 1 + (len(whole) + 1) // 2 + (len(fraction) + 1) // 2 + text.startswith("-")
