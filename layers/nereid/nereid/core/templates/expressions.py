"""The library's expressions and tags where data may not fit: they make what Liquid makes of it, and note it.

The library makes expressions in functions that know their classes by their names in its modules, so ours take their
places there.
"""

from collections.abc import Iterator
from typing import Any

import liquid
from liquid import stream
from liquid.builtin import output
from liquid.builtin.expressions import FilteredExpression, LoopExpression, StringLiteral, filtered, loop
from liquid.builtin.tags import cycle_tag
from liquid.builtin.tags.tablerow_tag import TablerowNode, TablerowTag

from nereid.core.templates.rendering import Missing, current
from nereid.core.templates.values import kind_of, number_of, text_of


class _Filtered(FilteredExpression):
    """A value with filters. One that nobody gave and that has a default is not missing."""

    __slots__ = ()

    def evaluate(self, context: liquid.RenderContext) -> object:
        value = self.left.evaluate(context)
        filters = self.filters or ()
        if isinstance(value, Missing) and any(each.name == "default" for each in filters):
            value = liquid.Undefined(value.name)
        for each in filters:
            value = each.evaluate(value, context)
        return value


class _Loop(LoopExpression):
    """What a loop goes through. Limits and offsets that are no numbers are left out."""

    __slots__ = ()

    def evaluate(self, context: liquid.RenderContext) -> tuple[Iterator[object], int]:
        looped = self.iterable.evaluate(context)
        if isinstance(looped, bool | int | float):
            current().note(f"for: {kind_of(looped)} is no array")
        it, length = self._to_iter(looped, context)
        limit = _whole("limit", self.limit, context)
        if limit is not None and limit <= 0:
            return iter(()), 0
        is_continued = isinstance(self.offset, StringLiteral) and self.offset.value == "continue"
        offset = "continue" if is_continued else _whole("offset", self.offset, context)
        return self._slice(it, length, context, limit=limit, offset=offset)


class _TablerowNode(TablerowNode):
    """A table, with as many columns as it has items if their number is none."""

    __slots__ = ()

    def _int_or_zero(self, arg: object) -> int:
        return _number("cols", arg) or 0


class LenientTablerowTag(TablerowTag):
    """The tag of such a table."""

    node_class = _TablerowNode


def _whole(name: str, expression: Any, context: liquid.RenderContext) -> int | None:
    return None if expression is None else _number(name, expression.evaluate(context))


def _number(name: str, value: Any) -> int | None:
    if isinstance(value, Missing):
        value.use()
    if value is None or isinstance(value, liquid.Undefined):
        return None
    number = number_of(value)
    if number is None:
        current().note(f"{name}: {kind_of(value)} is no number")
    return None if number is None else int(number)


def shown(value: Any, autoescape: bool) -> str:  # noqa: FBT001 - the library calls it so
    """Return a value as output has it."""
    text = text_of(value)
    return liquid.escape(text) if autoescape else text


def _end(tokens: stream.TokenStream) -> liquid.Token:
    """Return what stands behind the last token, in its place, so that a mistake there has a line."""
    if not tokens.tokens:
        return _NOTHING
    last = tokens.tokens[-1]
    return liquid.Token(_NOTHING.kind, _NOTHING.value, last.start_index, last.source)


_NOTHING = stream.TokenStream.eof


def install() -> None:
    """Make the library use them."""
    filtered.FilteredExpression = _Filtered  # type: ignore[misc]
    loop.LoopExpression = _Loop  # type: ignore[misc]
    stream.TokenStream.eof = property(_end)  # type: ignore[assignment]
    output.to_liquid_string = cycle_tag.to_liquid_string = shown  # type: ignore[attr-defined,assignment]
