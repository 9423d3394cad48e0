"""Liquid within bounds, for any template and any data.

A signal stops a template that takes too long, but only between two steps of Python: a call of a filter, or of a
regular expression, has to end by itself. So no value may grow so large, and no template be written in such a way,
that one step takes long, or much memory on its way to a small result. See docs/adr/0015-bounded-templates.md and
docs/adr/0028-what-one-record-may-cost.md.
"""

import functools
import re
import sys
from collections.abc import Callable, Mapping
from typing import Any, TextIO

import liquid
from liquid.builtin.expressions import primitive
from liquid.builtin.tags.cycle_tag import CycleNode, CycleTag
from liquid.exceptions import LiquidSyntaxError, LocalNamespaceLimitError, ResourceLimitError

from nereid.core.templates import comparisons, dates, expressions
from nereid.core.templates.expressions import LenientTablerowTag
from nereid.core.templates.filters import FILTERS
from nereid.core.templates.rendering import current
from nereid.core.templates.signatures import Signature
from nereid.core.templates.values import kind_of, number_of

#: Longest output of one template string, in characters.
MAX_OUTPUT = 262144
#: The same in bytes, which the library counts; the exact count of characters is checked after.
_MAX_WRITTEN = 4 * MAX_OUTPUT
#: Most iterations of all loops around one another, and longest range.
MAX_ITERATIONS = 100_000
#: Largest value that a filter may make, and most that it may be given: characters of all texts, and three for each
#: item. Callers' data are smaller.
MAX_VALUE = 500_000
#: Most that a filter may be given whose ways are not known here.
MAX_UNKNOWN = 65_536
#: Most that all variables of a template may take, in bytes.
MAX_VARIABLES = 12_000_000
#: Longest text whose tags are stripped, in characters: an attribute of a tag takes many times what it is written with.
MAX_HTML = MAX_OUTPUT
#: Longest tag or output, in characters.
MAX_TAG = 4096
#: Most bits of a whole number: more digits than Python writes.
_MAX_BITS = 14_000
_OPENING = re.compile(r"\{[{%]")
#: What an item of a list counts beside its own characters: it takes up to twenty times the memory of one.
_ITEM = 3
#: What stands for all cycles among the variables: no name of one.
_CYCLES = "cycle:"
#: Tags in which nothing is read until they end.
_VERBATIM = re.compile(r"-?\s*(raw|doc)\s*-?")


class _Context(liquid.RenderContext):
    """What a template has while it is filled in. Its variables count with all that they hold."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._sizes: dict[str, int] = {}

    def assign(self, key: str, val: Any) -> None:
        self._take(key, _size(val, MAX_VARIABLES))
        self.locals[key] = val

    def cycle(self, key: object, length: int) -> int:
        # Each other text is a cycle of its own, and kept.
        if key not in self.tag_namespace["cycles"]:
            self._take(_CYCLES, self._sizes.get(_CYCLES, 0) + sys.getsizeof(key))
        return super().cycle(key, length)

    def _take(self, key: str, size: int) -> None:
        self._sizes[key] = size
        if sum(self._sizes.values()) > MAX_VARIABLES:
            raise LocalNamespaceLimitError("variables are too large", token=None)


class _Template(liquid.BoundTemplate):
    context_class = _Context


class _CycleNode(CycleNode):
    """A cycle whose texts are written one after the other as its name."""

    __slots__ = ()

    def render_to_output(self, context: liquid.RenderContext, buffer: TextIO) -> int:
        given = [each.evaluate(context) for each in self.args]
        _require_room(given)
        return super().render_to_output(context, buffer)


class _CycleTag(CycleTag):
    node_class = _CycleNode


class Environment(liquid.Environment):
    """The library's environment with every limit that it offers, and with filters and tags that keep ours."""

    template_class = _Template
    output_stream_limit = _MAX_WRITTEN
    loop_iteration_limit = MAX_ITERATIONS

    def __init__(self, undefined: type[liquid.Undefined], *, autoescape: bool = False) -> None:
        super().__init__(undefined=undefined, autoescape=autoescape)
        for tag in ("include", "render"):  # there are no files to include
            del self.tags[tag]
        self.add_tag(_CycleTag)
        self.add_tag(LenientTablerowTag)
        for name, signature in FILTERS.items():
            self.filters[name] = _fitted(name, signature)

    def add_filter(self, name: str, func: Callable[..., Any]) -> None:
        """Add a filter, with the bounds of its name."""
        super().add_filter(name, _bounded(func, CHECKS.get(name, _check_unknown)))


class _Range(primitive.RangeLiteral):
    """A range that is not longer than a loop may be: filters and operators go through all of it."""

    __slots__ = ()

    def _make_range(self, start: Any, stop: Any) -> range:
        for end in (start, stop):
            if not isinstance(end, liquid.Undefined) and number_of(end) is None:
                current().note(f"range: {kind_of(end)} is no number")
        made = super()._make_range(start, stop)
        if made.stop - made.start > MAX_ITERATIONS:
            raise ResourceLimitError("range is too long", token=self.token)
        return made


# Expressions are made by functions that know this class by its name, and by no environment.
primitive.RangeLiteral = _Range  # type: ignore[misc]
comparisons.install()
expressions.install()


def check_source(source: str) -> int:
    """Refuse a template that the library's regular expressions would take long to read.

    They look from each opening to the end of the template for what closes it. So everything has to be closed, and
    no tag be long.

    Returns
    -------
    int
        How many characters stand in tags: parsed, each takes up to 130 bytes, and others one.

    Raises
    ------
    LiquidSyntaxError
    """
    position = in_tags = 0
    while opening := _OPENING.search(source, position):
        is_tag = opening[0] == "{%"
        end = source.find("%}" if is_tag else "}}", opening.end())
        if end < 0:
            raise _unfinished(source, opening.start(), f"expected '{'%}' if is_tag else '}}'}', found end of file")
        if end - opening.end() > MAX_TAG:
            raise _unfinished(source, opening.start(), f"longer than {MAX_TAG} characters")
        position = end + 2
        in_tags += position - opening.start()
        verbatim = _VERBATIM.fullmatch(source[opening.end() : end]) if is_tag else None
        if verbatim:
            closing = re.compile(rf"\{{%-?\s*end{verbatim[1]}\s*-?%\}}").search(source, position)
            if closing is None:
                raise _unfinished(source, opening.start(), f"{verbatim[1]} tag was never closed")
            position = closing.end()
    return in_tags


def _unfinished(source: str, position: int, text: str) -> LiquidSyntaxError:
    token = liquid.Token("tag", source[position : position + 2], position, source)
    return LiquidSyntaxError(text, token=token)


def _bounded(function: Callable[..., Any], check: Callable[..., None]) -> Callable[..., Any]:
    """Return a filter that is given, and makes, no more than is allowed; what it would do is checked before."""

    @functools.wraps(function)
    def bounded(value: Any, *args: Any, **kwargs: Any) -> Any:
        _require_room([value, *args, *kwargs.values()])
        check(value, *args)
        made = function(value, *args, **kwargs)
        _require_room(made)
        return made

    return bounded


def _fitted(name: str, signature: Signature) -> Callable[..., Any]:
    """Return a filter within its bounds, which makes something of any value."""
    function = signature.function
    bounded = signature._replace(function=_bounded(function, CHECKS.get(name, _check_unknown)))

    def fitted(value: Any, *args: Any, **kwargs: Any) -> Any:
        _require_room([value, *args, *kwargs.values()])
        return bounded.apply(name, value, args, kwargs)

    fitted.with_environment = getattr(function, "with_environment", False)  # type: ignore[attr-defined]
    return fitted


def _require_room(value: Any, most: int = MAX_VALUE) -> None:
    if _room(value, most) < 0:
        raise _too_large()


def _too_large(what: str = "value") -> ResourceLimitError:
    return ResourceLimitError(f"{what} is too large", token=None)


def _room(value: Any, room: int) -> int:
    """Return how much of a room a value leaves, less than 0 if it does not fit; it is looked at no further then."""
    match value:
        case str():
            return room - len(value)
        case int():
            # What is no wider than an item counts as the item.
            return room - value.bit_length() // 64 * 20 if value.bit_length() <= _MAX_BITS else -1
        case range():
            return room - _ITEM * len(value)
        case list() | tuple():
            for item in value:
                room = _room(item, room - _ITEM)
                if room < 0:
                    break
        case dict():
            for key in value:
                room = _room(value[key], _room(key, room - _ITEM))
                if room < 0:
                    break
    return room


def _size(value: Any, most: int) -> int:
    """Return how many bytes a value takes with all that it holds, or a number above the most."""
    size = sys.getsizeof(value)
    match value:
        case list() | tuple():
            for item in value:
                size += _size(item, most)
                if size > most:
                    break
        case dict():
            for key, item in value.items():
                size += _size(key, most) + _size(item, most)
                if size > most:
                    break
    return size


def _check_known(*_: Any) -> None:
    """Check nothing more: the filter takes a few times what it is given."""


def _check_unknown(*given: Any) -> None:
    _require_room(given, MAX_UNKNOWN)


def _check_replaced(text: str, old: str, new: str | None = None) -> None:
    new = new or ""
    if len(text) + text.count(old) * (len(new) - len(old)) > MAX_VALUE:
        raise _too_large()


def _check_joined(items: list[Any], separator: str | None = None) -> None:
    _require_room(items, MAX_VALUE - len(items) * len(" " if separator is None else separator))


def _check_split(text: str, separator: str) -> None:
    pieces = len(text) // 2 if separator == " " else text.count(separator) if separator else len(text)
    if len(text) + _ITEM * pieces > MAX_VALUE:
        raise _too_large()


def _check_date(_value: Any, form: str, *_: Any) -> None:
    if not dates.is_form(form):
        raise _too_large("date format")


def _check_html(text: str) -> None:
    if len(text) > MAX_HTML:
        raise _too_large()


#: What is checked before a filter begins. A filter that is not named here is given little.
CHECKS: Mapping[str, Callable[..., None]] = {
    **dict.fromkeys(
        (
            *("abs", "append", "at_least", "at_most", "base64_decode", "base64_encode", "base64_url_safe_decode"),
            *("base64_url_safe_encode", "capitalize", "ceil", "compact", "concat", "default", "divided_by", "downcase"),
            *("escape", "escape_once", "escapejs", "find", "find_index", "first", "floor", "has", "last", "lstrip"),
            *("map", "minus", "modulo", "newline_to_br", "plus", "prepend", "reject", "remove", "remove_first"),
            *("remove_last", "replace_first", "replace_last", "reverse", "round", "rstrip", "safe", "size", "slice"),
            *("sort", "sort_natural", "squish", "strip", "strip_newlines", "sum", "times", "truncate"),
            *("truncatewords", "uniq", "upcase", "url_decode", "url_encode", "where", "json", "money", "number"),
        ),
        _check_known,
    ),
    "date": _check_date,
    "join": _check_joined,
    "replace": _check_replaced,
    "split": _check_split,
    "strip_html": _check_html,
}
