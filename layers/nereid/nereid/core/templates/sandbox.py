"""Liquid within bounds, for any template and any data.

A signal stops a template that takes too long, but only between two steps of Python: a call of a filter, or of a
regular expression, has to end by itself. So no value may grow so large, and no template be written in such a way,
that one step takes long. See docs/adr/0015-bounded-templates.md.
"""

import functools
import re
from collections.abc import Callable, Mapping
from typing import Any

import liquid
from liquid.builtin.expressions import primitive
from liquid.exceptions import LiquidSyntaxError, ResourceLimitError

#: Longest output of one template string, in characters.
MAX_OUTPUT = 262144
#: Most iterations of all loops around one another, and longest range.
MAX_ITERATIONS = 100_000
#: Largest value that a filter may make: characters of all its texts, plus its items. Callers' data are smaller.
MAX_VALUE = 500_000
#: Longest tag or output, in characters.
MAX_TAG = 4096
#: Most bits of a whole number: more digits than Python writes.
_MAX_BITS = 14_000
_OPENING = re.compile(r"\{[{%]")
#: Tags in which nothing is read until they end.
_VERBATIM = re.compile(r"-?\s*(raw|doc)\s*-?")


class Environment(liquid.Environment):
    """The library's environment with every limit that it offers, and with filters that keep ours."""

    # The library counts bytes; the exact count of characters is checked after.
    output_stream_limit = MAX_OUTPUT * 4
    loop_iteration_limit = MAX_ITERATIONS
    local_namespace_limit = 10_000_000

    def __init__(self, undefined: type[liquid.Undefined], *, autoescape: bool = False) -> None:
        super().__init__(undefined=undefined, autoescape=autoescape)
        for tag in ("include", "render"):  # there are no files to include
            del self.tags[tag]
        for name, function in self.filters.items():
            self.filters[name] = _bounded(function, _PREDICTED.get(name))


class _Range(primitive.RangeLiteral):
    """A range that is not longer than a loop may be: filters and operators go through all of it."""

    __slots__ = ()

    def _make_range(self, start: Any, stop: Any) -> range:
        made = super()._make_range(start, stop)
        if made.stop - made.start > MAX_ITERATIONS:
            raise ResourceLimitError("range is too long", token=self.token)
        return made


# Expressions are made by functions that know this class by its name, and by no environment.
primitive.RangeLiteral = _Range  # type: ignore[misc]


def check_source(source: str) -> None:
    """Refuse a template that the library's regular expressions would take long to read.

    They look from each opening to the end of the template for what closes it. So everything has to be closed, and
    no tag be long.

    Raises
    ------
    LiquidSyntaxError
    """
    position = 0
    while opening := _OPENING.search(source, position):
        is_tag = opening[0] == "{%"
        end = source.find("%}" if is_tag else "}}", opening.end())
        if end < 0:
            raise _unfinished(source, opening.start(), f"expected '{'%}' if is_tag else '}}'}', found end of file")
        if end - opening.end() > MAX_TAG:
            raise _unfinished(source, opening.start(), f"longer than {MAX_TAG} characters")
        position = end + 2
        verbatim = _VERBATIM.fullmatch(source[opening.end() : end]) if is_tag else None
        if verbatim:
            closing = re.compile(rf"\{{%-?\s*end{verbatim[1]}\s*-?%\}}").search(source, position)
            if closing is None:
                raise _unfinished(source, opening.start(), f"{verbatim[1]} tag was never closed")
            position = closing.end()


def _unfinished(source: str, position: int, text: str) -> LiquidSyntaxError:
    token = liquid.Token("tag", source[position : position + 2], position, source)
    return LiquidSyntaxError(text, token=token)


def _bounded(function: Callable[..., Any], predict: Callable[..., float] | None) -> Callable[..., Any]:
    """Return a filter that refuses to make too large a value; if that can be predicted, it does not even begin."""

    @functools.wraps(function)
    def bounded(value: Any, *args: Any, **kwargs: Any) -> Any:
        if predict is not None and predict(value, *args) > MAX_VALUE:
            raise ResourceLimitError("value is too large", token=None)
        made = function(value, *args, **kwargs)
        if _room(made, MAX_VALUE) < 0:
            raise ResourceLimitError("value is too large", token=None)
        return made

    return bounded


def _room(value: Any, room: int) -> int:
    """Return how much of a room a value leaves, less than 0 if it does not fit; it is looked at no further then."""
    match value:
        case str():
            return room - len(value)
        case int():
            return room if value.bit_length() <= _MAX_BITS else -1
        case list() | tuple():
            for item in value:
                room = _room(item, room - 1)
                if room < 0:
                    break
        case Mapping():
            for key in value:
                room = _room(value[key], _room(key, room - 1))
                if room < 0:
                    break
    return room


def _replaced(value: Any, old: Any = "", new: Any = "", *_: Any) -> float:
    text, old, new = str(value), str(old), str(new)
    return len(text) + text.count(old) * (len(new) - len(old))


def _joined(value: Any, separator: Any = " ", *_: Any) -> float:
    if not isinstance(value, list | tuple):
        return 0
    return MAX_VALUE - _room(value, MAX_VALUE) + len(value) * len(str(separator))


#: The size of these filters' outputs: they alone can make more than a few times their input.
_PREDICTED: Mapping[str, Callable[..., float]] = {"replace": _replaced, "join": _joined}
