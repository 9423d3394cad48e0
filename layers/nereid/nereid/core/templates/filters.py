"""The filters: what each takes, and what it makes of it."""

from collections.abc import Mapping
from typing import Any

import liquid
from liquid.builtin.filters import extra, string

from nereid.core.templates import arithmetic, arrays, dates, locales
from nereid.core.templates.arithmetic import Number
from nereid.core.templates.rendering import current
from nereid.core.templates.signatures import Signature, Unfit
from nereid.core.templates.values import json_of, kind_of, number_of, text_of


def _default(value: Any, other: Any = "", *, allow_false: Any = False) -> Any:
    """Return a value, or another one for false, null, what is missing and what is empty."""
    if isinstance(value, bool):
        return value if value or allow_false is True else other
    is_nothing = value is None or isinstance(value, liquid.Undefined)
    return other if is_nothing or (isinstance(value, str | list | dict) and not value) else value


def _capitalize(value: Any) -> str:
    # True is not a word.
    return value.capitalize() if isinstance(value, str) else text_of(value)


def _json(value: Any) -> str:
    return json_of(value)


def _formatted(value: Any) -> Number:
    """Return the number that is to be shown; what is none is shown as it is."""
    number = number_of(value)
    if number is None:
        raise Unfit(f"{kind_of(value)} is no number")
    return number


def _number(value: Any, decimals: int | None = None) -> str:
    if isinstance(value, liquid.Undefined):
        return ""
    return locales.number_text(_formatted(value), current().locality.locale, decimals)


def _money(value: Any, currency: str) -> str:
    if isinstance(value, liquid.Undefined):
        return ""
    code = currency.strip().upper()
    if not is_currency(code):
        raise Unfit("the currency is not known")
    return locales.money_text(_formatted(value), code, current().locality.locale)


def is_currency(code: str) -> bool:
    """Tell whether a text has the form of a currency's code."""
    return len(code) == 3 and code.isascii() and code.isalpha()


def _replace(value: str, old: str, new: str | None = None) -> str:
    return value.replace(old, new or "")


def _replace_first(value: str, old: str, new: str | None = None) -> str:
    return value.replace(old, new or "", 1)


def _slice(value: Any, start: int, length: int | None = None) -> Any:
    items = value if isinstance(value, list | tuple | range) else text_of(value)
    return string.slice_(items, start, 1 if length is None else length)


def _truncate(value: str, length: int | None = None, end: str | None = None) -> Any:
    return string.truncate(value, 50 if length is None else length, "..." if end is None else end)


def _truncatewords(value: str, words: int | None = None, end: str | None = None) -> Any:
    return string.truncatewords(value, 15 if words is None else words, "..." if end is None else end)


_OF_TEXT = {
    name: Signature(getattr(string, name), "text")
    for name in (
        *("base64_decode", "base64_encode", "base64_url_safe_decode", "base64_url_safe_encode"),
        *("downcase", "escape", "escape_once", "lstrip", "newline_to_br", "rstrip", "squish", "strip", "strip_html"),
        *("strip_newlines", "upcase", "url_decode", "url_encode"),
    )
}
_OF_TEXT_AND_TEXT = {
    name: Signature(getattr(string, name), "text", ("text",), 1)
    for name in ("append", "prepend", "remove", "remove_first", "remove_last", "split")
}
_OF_NUMBER = {
    "abs": Signature(arithmetic.absolute, "number"),
    "ceil": Signature(arithmetic.ceil, "number"),
    "floor": Signature(arithmetic.floor, "number"),
    "round": Signature(arithmetic.round_, "number", ("whole",)),
}
_OF_NUMBERS = {
    name: Signature(getattr(arithmetic, name), "number", ("number",), 1, otherwise="nothing")
    for name in ("at_least", "at_most", "divided_by", "minus", "modulo", "plus", "times")
}
_OF_ARRAY = {
    "compact": Signature(arrays.compact, "array", ("property",)),
    "concat": Signature(arrays.concat, "array", ("array",), 1),
    "join": Signature(arrays.join, "array", ("text",)),
    "map": Signature(arrays.map_, "array", ("property",), 1),
    "reverse": Signature(arrays.reverse, "array"),
    "sort": Signature(arrays.sort, "array", ("property",)),
    "sort_natural": Signature(arrays.sort_natural, "array", ("property",)),
    "sum": Signature(arrays.sum_, "array", ("property",)),
    "uniq": Signature(arrays.uniq, "array", ("property",)),
}
_SEARCHING = {
    name: Signature(getattr(arrays, name), "array", ("property", "any"), 1)
    for name in ("find", "find_index", "has", "reject", "where")
}

#: Every filter by its name.
FILTERS: Mapping[str, Signature] = {
    **_OF_TEXT,
    **_OF_TEXT_AND_TEXT,
    **_OF_NUMBER,
    **_OF_NUMBERS,
    **_OF_ARRAY,
    **_SEARCHING,
    "capitalize": Signature(_capitalize),
    "date": Signature(dates.date_text, "any", ("form", "zone"), 1),
    "default": Signature(_default, "any", ("any",), named=("allow_false",)),
    "escapejs": Signature(extra.escapejs, "text"),
    "first": Signature(arrays.first),
    "json": Signature(_json),
    "last": Signature(arrays.last),
    "money": Signature(_money, "any", ("currency",), 1),
    "number": Signature(_number, "any", ("whole",)),
    "replace": Signature(_replace, "text", ("text", "text"), 1),
    "replace_first": Signature(_replace_first, "text", ("text", "text"), 1),
    "replace_last": Signature(string.replace_last, "text", ("text", "text"), 2),
    "safe": Signature(extra.safe, "text"),
    "size": Signature(arrays.size),
    "slice": Signature(_slice, "any", ("whole", "whole"), 1, otherwise="nothing"),
    "truncate": Signature(_truncate, "text", ("whole", "text")),
    "truncatewords": Signature(_truncatewords, "text", ("whole", "text")),
}
