"""JSON as text: strict when reading requests, compact and lossless when writing stored data.

Bodies and free-form values are kept as JSON text, never as DynamoDB maps: text keeps every number as sent
and has no nesting limit of 32.
"""

import json
import math
from typing import Any

import pydantic_core

#: Deepest nesting of a body that is accepted; below the limit of the parser and of every consumer.
MAX_DEPTH = 100


class NotJson(ValueError):
    """The text is not JSON as RFC 8259 has it, or cannot be kept (NaN, lone surrogates, too deep)."""


def loads(text: bytes | str) -> Any:
    """Parse JSON strictly.

    Raises
    ------
    NotJson
        For anything that RFC 8259 does not allow, NaN and Infinity among it; for numbers beyond a double's
        range, for lone surrogates (no UTF-8 can hold them) and for nesting deeper than `MAX_DEPTH`.
    """
    try:
        value = pydantic_core.from_json(text, allow_inf_nan=False)
    except ValueError as error:
        raise NotJson(str(error)) from error
    _check(value, 0)
    return value


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
