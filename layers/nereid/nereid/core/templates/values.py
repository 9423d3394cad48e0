"""What JSON's values are in templates: their kinds, their text, and the numbers that texts hold."""

import re
from decimal import Decimal
from typing import Any

import liquid

from nereid import jsontext

#: Longest text that is read as a number, in characters: as many digits as Python reads.
MAX_DIGITS = 4300
#: Largest power of ten that a double holds.
_MAX_EXPONENT = 308
_NUMBER = re.compile(r"[+-]?(?:[0-9]+(\.[0-9]*)?|(\.[0-9]+))([eE][+-]?[0-9]{1,4})?")
_LEADING = re.compile(r"\s*[+-]?[0-9]{1,4000}")


def kind_of(value: Any) -> str:
    """Return the name of a value's kind, with its article."""
    match value:
        case None | liquid.Undefined():
            return "null"
        case bool():
            return "a boolean"
        case int() | float() | Decimal():
            return "a number"
        case str():
            return "a text"
        case list() | tuple() | range():
            return "an array"
    return "an object"


def text_of(value: Any) -> str:
    """Return the text of a value as output has it: that of JSON, but null is nothing, and a text is itself."""
    match value:
        case str():
            return value
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case list() | tuple() | dict() | float():
            return json_of(value)
        case range():
            return f"{value.start}..{value.stop - 1}"
    return str(value)


def json_of(value: Any) -> str:
    """Return a value as JSON."""
    try:
        return jsontext.dumps(value)
    except (TypeError, ValueError):  # what templates make besides: ranges, moments, variables that nobody gave
        return jsontext.dumps(_plain(value))


def _plain(value: Any) -> Any:
    match value:
        case None | bool() | int() | str():
            return value
        case float():
            return value if abs(value) < float("inf") else None
        case dict():
            return {text_of(key): _plain(item) for key, item in value.items()}
        case list() | tuple() | range():
            return [_plain(item) for item in value]
        case liquid.Undefined():
            # Asked for its text, which is nothing, it notes that it is missing.
            return str(value) or None
    return str(value)


def number_of(value: Any) -> int | Decimal | None:
    """Return a number, or the one that a text is; None if it is none."""
    match value:
        case bool():
            return None
        case int() | Decimal():
            return value
        case float():
            return Decimal(repr(value)) if abs(value) < float("inf") else None
        case str():
            return _number_in(value)
    return None


def _number_in(text: str) -> int | Decimal | None:
    if len(text) > MAX_DIGITS:
        return None
    found = _NUMBER.fullmatch(text.strip())
    if found is None:
        return None
    if not any(found.groups()):
        return int(found[0])
    number = Decimal(found[0])
    return number if not number or abs(number.adjusted()) <= _MAX_EXPONENT else None


def leading_number(value: Any) -> int:
    """Return the whole number that a text begins with, 0 for anything else: what Liquid takes for a number."""
    found = _LEADING.match(value) if isinstance(value, str) else None
    return int(found[0]) if found else 0
