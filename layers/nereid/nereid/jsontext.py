"""JSON as text: strict when reading requests, compact and lossless when writing stored data.

Bodies and free-form values are kept as JSON text, never as DynamoDB maps: text keeps every number as sent
and has no nesting limit of 32.
"""

import json
import math
import re
from typing import Any

import pydantic_core

#: Deepest nesting of a body that is accepted; below the limit of the parser and of every consumer.
MAX_DEPTH = 100
#: What stands in the place of half a character.
_REPLACEMENT = "\ufffd"
_HALF = re.compile("[\ud800-\udfff]")
#: Every escape, so that a backslash that is escaped itself begins none; the halves of pairs are not told apart from it.
_ESCAPE = re.compile(
    r"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(u[dD][89a-fA-F][0-9a-fA-F]{2})|.)", re.DOTALL
)


class NotJson(ValueError):
    """The text is not JSON as RFC 8259 has it, or cannot be kept (NaN, too deep)."""


def loads(text: bytes | str) -> Any:
    """Parse JSON strictly.

    Half a character (a lone surrogate, as of an emoji that was cut in the middle) becomes U+FFFD: no UTF-8 can hold
    it, and it does no harm.

    Raises
    ------
    NotJson
        For anything that RFC 8259 does not allow, NaN and Infinity among it; for numbers beyond a double's
        range and for nesting deeper than `MAX_DEPTH`.
    """
    try:
        value = pydantic_core.from_json(text, allow_inf_nan=False)
    except (ValueError, TypeError) as error:  # a string with halves of characters is a TypeError
        value = _of_whole_characters(text, error)
    _check(value, 0)
    return value


def whole_characters(text: str) -> str:
    """Return a text with halves of characters joined where they belong together, and replaced where they do not."""
    if _HALF.search(text) is None:
        return text
    return _HALF.sub(_REPLACEMENT, text.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass"))


def _of_whole_characters(text: bytes | str, refused: Exception) -> Any:
    """Parse again what was refused, if halves of characters may be the reason."""
    try:
        given = text.decode("utf-8", "surrogatepass") if isinstance(text, bytes) else text
        mended = whole_characters(_ESCAPE.sub(lambda found: _REPLACEMENT if found[1] else found[0], given))
        if mended != given:
            return pydantic_core.from_json(mended, allow_inf_nan=False)
    except ValueError as error:
        raise NotJson(str(error)) from error
    raise NotJson(str(refused)) from refused


def _check(value: Any, depth: int) -> None:
    if isinstance(value, float) and not math.isfinite(value):
        raise NotJson("number out of range")
    if isinstance(value, dict | list):
        if depth >= MAX_DEPTH:
            raise NotJson("nested too deeply")
        for item in value.values() if isinstance(value, dict) else value:
            _check(item, depth + 1)


def dumps(value: Any) -> str:
    """Write compact JSON; non-ASCII characters stay as they are (one to four bytes instead of six or twelve)."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def size(value: Any) -> int:
    """Return the number of bytes of a value as compact JSON in UTF-8."""
    return len(dumps(value).encode())
