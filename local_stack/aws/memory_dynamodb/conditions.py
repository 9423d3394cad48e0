"""Conditions as functions of an item: made once per text, run on each call."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import NamedTuple

from local_stack.aws.memory_dynamodb.condition_parser import ConditionParser
from local_stack.aws.memory_dynamodb.errors import Refused
from local_stack.aws.memory_dynamodb.nodes import (
    And,
    At,
    Between,
    Call,
    Comparison,
    Condition,
    Given,
    In,
    Not,
    Operand,
    Or,
    Path,
    Sum,
)
from local_stack.aws.memory_dynamodb.parsing import Names, Parser
from local_stack.aws.memory_dynamodb.values import SETS, TYPES, Item, Value, compared, find, kind_of

#: What a call gives for placeholders.
Values = Mapping[str, Value]
Getter = Callable[[Item, Values], Value | None]
Test = Callable[[Item, Values], bool]
#: Looks at the values of a call alone, and refuses what no item could make right.
Check = Callable[[Values], None]

_IN_ORDER = ("S", "N", "B")
_ORDERS: dict[str, Callable[[int], bool]] = {
    "<": lambda order: order < 0,
    "<=": lambda order: order <= 0,
    ">": lambda order: order > 0,
    ">=": lambda order: order >= 0,
}


class Compiled(NamedTuple):
    """A condition that can be asked of items."""

    tree: Condition
    test: Test
    checks: tuple[Check, ...]
    names: frozenset[str]
    values: frozenset[str]
    paths: tuple[Path, ...]


@lru_cache(4096)
def compiled(parameter: str, text: str, names: Names) -> Compiled:
    """Return the condition that a text says.

    Parameters
    ----------
    parameter
        Where the text came in, for messages.
    names
        What placeholders of names stand for.
    """
    parser = ConditionParser(parameter, text, dict(names))
    tree = parser.parsed()
    checks: list[Check] = []
    test = _test(tree, parser, checks)
    return Compiled(
        tree,
        test,
        tuple(checks),
        frozenset(parser.used_names),
        frozenset(parser.used_values),
        tuple(parser.paths),
    )


def _test(node: Condition, parser: Parser, checks: list[Check]) -> Test:
    match node:
        case And(left, right):
            first, second = _test(left, parser, checks), _test(right, parser, checks)
            return lambda item, values: first(item, values) and second(item, values)
        case Or(left, right):
            first, second = _test(left, parser, checks), _test(right, parser, checks)
            return lambda item, values: first(item, values) or second(item, values)
        case Not(condition):
            inner = _test(condition, parser, checks)
            return lambda item, values: not inner(item, values)
        case Comparison():
            return _comparison(node, parser, checks)
        case Between(operand, low, high):
            checks += [_ordered(parser, "BETWEEN", each) for each in node]
            checks.append(_same_kind_in_order(parser, low, high))
            return _between(*(_getter(each, parser, checks) for each in (operand, low, high)))
        case In(operand, choices):
            return _one_of(_getter(operand, parser, checks), [_getter(each, parser, checks) for each in choices])
        case Call():
            return _function(node, parser, checks)


def _comparison(node: Comparison, parser: Parser, checks: list[Check]) -> Test:
    left, right = _getter(node.left, parser, checks), _getter(node.right, parser, checks)
    if node.comparator == "=":
        return lambda item, values: (found := left(item, values)) is not None and found == right(item, values)
    if node.comparator == "<>":
        # What is missing equals nothing, not even what is missing as well.
        return lambda item, values: (found := left(item, values)) is None or found != right(item, values)
    fits = _ORDERS[node.comparator]
    checks += [_ordered(parser, node.comparator, operand) for operand in (node.left, node.right)]

    def test(item: Item, values: Values) -> bool:
        first, second = left(item, values), right(item, values)
        order = None if first is None or second is None else compared(first, second)
        return order is not None and fits(order)

    return test


def _between(operand: Getter, low: Getter, high: Getter) -> Test:
    def test(item: Item, values: Values) -> bool:
        value, lowest, highest = operand(item, values), low(item, values), high(item, values)
        if value is None or lowest is None or highest is None:
            return False
        above, below = compared(value, lowest), compared(value, highest)
        return above is not None and below is not None and above >= 0 and below <= 0

    return test


def _one_of(operand: Getter, choices: list[Getter]) -> Test:
    def test(item: Item, values: Values) -> bool:
        value = operand(item, values)
        return value is not None and any(choice(item, values) == value for choice in choices)

    return test


def _function(node: Call, parser: Parser, checks: list[Check]) -> Test:
    operands = [_getter(each, parser, checks) for each in node.operands]
    first, second = operands[0], operands[-1]
    match node.function:
        case "attribute_exists":
            return lambda item, values: first(item, values) is not None
        case "attribute_not_exists":
            return lambda item, values: first(item, values) is None
        case "attribute_type":
            checks.append(_names_a_type(parser, node))
            return lambda item, values: _has_type(first(item, values), second(item, values))
        case "begins_with":
            checks += [_kind_of_operand(parser, node.function, operand, ("S", "B")) for operand in node.operands]
            return lambda item, values: _begins_with(first(item, values), second(item, values))
        case "contains":
            return lambda item, values: _contains(first(item, values), second(item, values))
    raise NotImplementedError(f"function {node.function}")


def _getter(node: Operand, parser: Parser, checks: list[Check]) -> Getter:
    match node:
        case At((str() as name,)):
            return lambda item, _values: item.get(name)
        case At(path):
            return lambda item, _values: find(item, path)
        case Given(placeholder):
            return lambda _item, values: values[placeholder]
        case Call("size", (operand,)):
            checks.append(_kind_of_operand(parser, "size", operand, ("S", "B", "L", "M", *SETS)))
            measured = _getter(operand, parser, checks)
            return lambda item, values: _length(measured(item, values))
        case Call() | Sum():
            raise NotImplementedError(f"operand {node}")


def _has_type(value: Value | None, name: Value | None) -> bool:
    return value is not None and name is not None and name.get("S") in value


def _begins_with(value: Value | None, prefix: Value | None) -> bool:
    if value is None or prefix is None:
        return False
    kind = kind_of(value)
    return kind in ("S", "B") and kind in prefix and value[kind].startswith(prefix[kind])


def _contains(value: Value | None, sought: Value | None) -> bool:
    if value is None or sought is None:
        return False
    kind, of = kind_of(value), kind_of(sought)
    if kind == "L":
        return sought in value["L"]
    if kind in ("S", "B"):
        return of == kind and sought[of] in value[kind]
    return kind == of + "S" and sought[of] in value[kind]


def _length(value: Value | None) -> Value | None:
    if value is None:
        return None
    kind = kind_of(value)
    if kind in ("N", "BOOL", "NULL"):
        return None
    # The service counts a string's UTF-16 code units.
    return {"N": str(len(value["S"].encode("utf-16-le")) // 2 if kind == "S" else len(value[kind]))}


def _kind(operand: Operand, values: Values) -> str | None:
    """Return the type of an operand as far as the call alone tells it."""
    match operand:
        case Given(name):
            return kind_of(values[name])
        case Call("size"):
            return "N"
    return None


def _wrong_kind(parser: Parser, what: str, kind: str) -> Refused:
    return parser.refused(f"Incorrect operand type for operator or function; {what}, operand type: {kind}")


def _kind_of_operand(parser: Parser, function: str, operand: Operand, kinds: tuple[str, ...]) -> Check:
    def check(values: Values) -> None:
        kind = _kind(operand, values)
        if kind is not None and kind not in kinds:
            raise _wrong_kind(parser, f"operator or function: {function}", kind)

    return check


def _ordered(parser: Parser, comparator: str, operand: Operand) -> Check:
    def check(values: Values) -> None:
        kind = _kind(operand, values)
        if kind is not None and kind not in _IN_ORDER:
            raise _wrong_kind(parser, f"operator: {comparator}", kind)

    return check


def _names_a_type(parser: Parser, node: Call) -> Check:
    def check(values: Values) -> None:
        name = node.operands[1]
        kind = _kind(name, values)
        if not isinstance(name, Given) or kind != "S":
            raise _wrong_kind(parser, "operator or function: attribute_type", kind or "{NS,SS,L,BS,N,M,B,BOOL,NULL,S}")
        type_ = values[name.name]["S"]
        if type_ not in TYPES:
            raise parser.refused(
                f"Invalid attribute type name found; type: {type_}, valid types: {{{','.join(TYPES)}}}"
            )

    return check


def _same_kind_in_order(parser: Parser, low: Operand, high: Operand) -> Check:
    def check(values: Values) -> None:
        if not isinstance(low, Given) or not isinstance(high, Given):
            return
        lowest, highest = values[low.name], values[high.name]
        message = None
        if kind_of(lowest) != kind_of(highest):
            message = "requires same data type for lower and upper bounds"
        elif (compared(lowest, highest) or 0) > 0:
            message = "requires upper bound to be greater than or equal to lower bound"
        if message:
            raise parser.refused(
                f"The BETWEEN operator {message}; lower bound operand: AttributeValue: {lowest}, "
                f"upper bound operand: AttributeValue: {highest}"
            )

    return check
