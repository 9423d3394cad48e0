"""Mistakes that a template shows before it has any data: filters and tags that are not given what they take."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import liquid
from liquid import TokenStream
from liquid.ast import Node
from liquid.builtin.expressions import (
    FilteredExpression,
    KeywordArgument,
    LoopExpression,
    Nil,
    StringLiteral,
    parse_primitive,
    tokenize,
)
from liquid.builtin.expressions.filtered import Filter
from liquid.builtin.expressions.primitive import Blank, Empty, Literal, RangeLiteral
from liquid.builtin.tags.for_tag import BreakNode, ContinueNode
from liquid.expression import Expression

from nereid.core.templates.dates import is_form, zone_of
from nereid.core.templates.filters import FILTERS, is_currency
from nereid.core.templates.signatures import Argument, Signature
from nereid.core.templates.values import number_of


class Mistake(NamedTuple):
    """A mistake, and the position of the character where it is."""

    position: int
    text: str


#: What each kind of argument has to be, in words.
_MUST_BE: dict[str, str] = {
    "text": "must be a text",
    "form": "must be the form of a date, such as '%d %B %Y'",
    "zone": "must be a time zone, such as 'Europe/Berlin'",
    "currency": "must be the code of a currency, such as 'EUR'",
    "property": "must be a name",
    "number": "must be a number",
    "whole": "must be a whole number",
    "array": "must be an array",
}
_LOOPS = ("for", "tablerow")
_NAMING = ("assign", "capture", "decrement", "increment")


def first_mistake(template: liquid.BoundTemplate, source: str) -> Mistake | None:
    """Return the first mistake in a template that parses; None if there is none."""
    context = template.context_class(template)
    found = [*_in_nodes(template.nodes, context, in_loop=False), *_left_over(template.env, source)]
    return min(found, default=None)


def _in_nodes(nodes: Any, context: liquid.RenderContext, *, in_loop: bool) -> Iterator[Mistake]:
    for node in nodes:
        tag = node.token.value if isinstance(node, Node) else ""
        if isinstance(node, BreakNode | ContinueNode) and not in_loop:
            word = "break" if isinstance(node, BreakNode) else "continue"
            yield Mistake(max(node.token.start_index, 0), f"'{word}' stands in no loop")
        if tag in _NAMING and str(getattr(node, "name", "")).isdigit():
            yield Mistake(node.token.start_index, f"'{tag}': a number is no name")
        for expression in node.expressions():
            yield from _in_expression(expression)
        yield from _in_nodes(node.children(context), context, in_loop=in_loop or tag in _LOOPS)


def _in_expression(expression: Expression) -> Iterator[Mistake]:
    match expression:
        case FilteredExpression():
            for each in expression.filters or ():
                yield from _in_filter(each)
        case LoopExpression():
            yield from _in_loop(expression)
        case RangeLiteral():
            for end in (expression.start, expression.stop):
                if not _fits("whole", end):
                    yield Mistake(end.token.start_index, f"an end of a range {_MUST_BE['whole']}")
    for child in expression.children():
        yield from _in_expression(child)


def _in_filter(used: Filter) -> Iterator[Mistake]:
    signature = FILTERS.get(used.name)
    if signature is None:
        yield Mistake(used.token.start_index, f"unknown filter '{used.name}'")
        return
    positional = [each for each in used.args if not isinstance(each, KeywordArgument)]
    if not signature.needed <= len(positional) <= len(signature.arguments):
        text = f"'{used.name}' takes {_number_taken(signature)}, and is given {len(positional)}"
        yield Mistake(used.token.start_index, text)
        return
    for kind, argument in zip(signature.arguments, positional, strict=False):
        if not _fits(kind, argument.value):
            yield Mistake(argument.token.start_index, f"'{used.name}': an argument {_MUST_BE[kind]}")
    for named in used.args:
        if isinstance(named, KeywordArgument):
            yield from _in_named(used, signature, named)


def _in_named(used: Filter, signature: Signature, named: KeywordArgument) -> Iterator[Mistake]:
    if named.name not in signature.named:
        yield Mistake(named.token.start_index, f"'{used.name}' takes no argument '{named.name}'")
    elif isinstance(named.value, Literal) and not isinstance(named.value.value, bool):
        yield Mistake(named.token.start_index, f"'{used.name}': '{named.name}' must be true or false")


def _number_taken(signature: Signature) -> str:
    least, most = signature.needed, len(signature.arguments)
    if not most:
        return "no argument"
    number = str(most) if least == most else f"{least} {'to' if most - least > 1 else 'or'} {most}"
    return f"{number} argument{'s' if most > 1 else ''}"


def _in_loop(expression: LoopExpression) -> Iterator[Mistake]:
    looped = expression.iterable
    is_number = isinstance(looped, Literal) and not isinstance(looped.value, str)
    if is_number or isinstance(looped, Nil | Empty | Blank):
        yield Mistake(looped.token.start_index, f"what a loop goes through {_MUST_BE['array']}")
    if expression.identifier.isdigit():
        yield Mistake(expression.token.start_index, "a number is no name")
    for name in ("limit", "offset", "cols"):
        given = getattr(expression, name)
        is_continued = name == "offset" and isinstance(given, StringLiteral) and given.value == "continue"
        if given is not None and not is_continued and not _fits("whole", given):
            yield Mistake(given.token.start_index, f"'{name}' {_MUST_BE['whole']}")


def _fits(kind: Argument, expression: Expression) -> bool:
    """Tell whether an argument may be of the kind that is taken; of a variable nothing is known."""
    if isinstance(expression, Nil | Empty | Blank):
        return kind == "any"
    if isinstance(expression, RangeLiteral):
        return kind in ("any", "array")
    if not isinstance(expression, Literal):
        return True
    value = expression.value
    match kind:
        case "array":
            return False
        case "form":
            return isinstance(value, str) and is_form(value)
        case "zone":
            return zone_of(value) is not None
        case "currency":
            return isinstance(value, str) and is_currency(value.strip().upper())
        case "property":
            return isinstance(value, str | int) and not isinstance(value, bool)
        case "number":
            return number_of(value) is not None
        case "whole":
            number = number_of(value)
            return number is not None and number == int(number)
    return True


def _left_over(environment: liquid.Environment, source: str) -> Iterator[Mistake]:
    """Find arguments of tags that the library's parser passes over."""
    tag, in_comment = "", False
    for token in environment.tokenizer()(source):
        if token.kind == "tag":
            tag = token.value
            in_comment = tag == "comment" or (in_comment and tag != "endcomment")
        elif token.kind == "expression" and not in_comment:
            if tag == "else":
                yield Mistake(token.start_index, "'else' takes no argument")
            elif tag in ("increment", "decrement") and len(token.value.split()) > 1:
                yield Mistake(token.start_index, f"'{tag}' takes 1 argument")
            elif tag == "when" and not _is_list(environment, token):
                yield Mistake(token.start_index, "'when' takes values with commas between them")
            tag = ""


def _is_list(environment: liquid.Environment, token: liquid.Token) -> bool:
    tokens = TokenStream(tokenize(token.value, token))
    try:
        parse_primitive(environment, tokens)
        while tokens.current.kind in ("comma", "or"):
            next(tokens)
            parse_primitive(environment, tokens)
        tokens.expect_eos()
    except liquid.exceptions.LiquidSyntaxError:
        return False
    return True
