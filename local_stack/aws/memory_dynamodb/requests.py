"""What calls have in common: which parameters they know, and their placeholders for names and values."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from typing import Any, Protocol, TypeVar

from local_stack.aws.memory_dynamodb.conditions import Check, Values
from local_stack.aws.memory_dynamodb.errors import invalid, not_sent
from local_stack.aws.memory_dynamodb.parsing import Names
from local_stack.aws.memory_dynamodb.values import checked

_PLACEHOLDER = re.compile(r"[#:][0-9a-zA-Z_]+")
_Result = TypeVar("_Result")


class Expression(Protocol):
    """What is known of a parsed expression: the placeholders that it uses, and what their values have to be."""

    @property
    def names(self) -> frozenset[str]:
        """Placeholders of names."""

    @property
    def values(self) -> frozenset[str]:
        """Placeholders of values."""

    @property
    def checks(self) -> tuple[Check, ...]:
        """What values have to be."""


def called(function: Callable[..., _Result], given: Mapping[str, Any], what: str) -> _Result:
    """Call a function with the parameters of a request, each of which it has to know.

    Parameters
    ----------
    what
        The name of the request, for messages.
    """
    check_parameters(function, given, what)
    return function(**given)


def check_parameters(function: Callable[..., Any], given: Mapping[str, Any], what: str) -> None:
    """Refuse parameters that a function does not know, and the lack of those that it needs; see `called`."""
    # Methods are kept as functions, so as not to keep what they are bound to.
    required, known = _parameters(getattr(function, "__func__", function))
    if known is not None and not given.keys() <= known:
        raise NotImplementedError(f"{', '.join(sorted(given.keys() - known))} of {what}")
    if not required <= given.keys():
        not_sent(f"{what} misses {', '.join(sorted(required - given.keys()))}")


@cache
def _parameters(function: Callable[..., Any]) -> tuple[frozenset[str], frozenset[str] | None]:
    """Return the parameters that a function needs, and all that it knows; None if it leaves that to another."""
    parameters = inspect.signature(function).parameters.values()
    named = [each for each in parameters if each.kind is each.KEYWORD_ONLY]
    required = frozenset(each.name for each in named if each.default is each.empty)
    if any(each.kind is each.VAR_KEYWORD for each in parameters):
        return required, None
    return required, frozenset(each.name for each in named)


def names_of(given: Mapping[str, str] | None) -> Names:
    """Return placeholders of names as what expressions are kept under."""
    return tuple(given.items()) if given else ()


def check_names(given: Mapping[str, str] | None, used: Sequence[frozenset[str]]) -> None:
    """Refuse placeholders of names that are none, or that no expression uses.

    Parameters
    ----------
    used
        Which placeholders each expression of the call uses.
    """
    if given is None:
        return
    if not used:
        raise invalid("ExpressionAttributeNames can only be specified when using expressions")
    _check_placeholders("ExpressionAttributeNames", "#", given)
    _check_used("ExpressionAttributeNames", given.keys() - frozenset().union(*used))


def values_of(given: Mapping[str, Any] | None, expressions: Mapping[str, Expression | None]) -> Values:
    """Return the values of a call's placeholders, each of which must be used, and each that is used be given.

    Parameters
    ----------
    expressions
        What the call can have expressions in, by the names of the parameters; None for those that it has not.
    """
    values: dict[str, Any] = {}
    present = {parameter: each for parameter, each in expressions.items() if each is not None}
    if given is not None:
        if not present:
            are = "are" if len(expressions) > 1 else "is"
            raise invalid(
                "ExpressionAttributeValues can only be specified when using expressions: "
                f"{' and '.join(expressions)} {are} null"
            )
        _check_placeholders("ExpressionAttributeValues", ":", given)
        values = {name: checked(value) for name, value in given.items()}
    unused = set(values)
    for parameter, expression in present.items():
        for name in expression.values - values.keys():
            raise invalid(
                f"Invalid {parameter}: An expression attribute value used in expression is not defined; "
                f"attribute value: {name}"
            )
        unused -= expression.values
    _check_used("ExpressionAttributeValues", unused)
    for expression in present.values():
        for check in expression.checks:
            check(values)
    return values


def _check_placeholders(parameter: str, sign: str, given: Iterable[str]) -> None:
    if not given:
        raise invalid(f"{parameter} must not be empty")
    for name in given:
        if not name.startswith(sign) or not _PLACEHOLDER.fullmatch(name):
            raise invalid(f'{parameter} contains invalid key: Syntax error; key: "{name}"')


def _check_used(parameter: str, unused: Iterable[str]) -> None:
    if unused:
        keys = ", ".join(sorted(unused))
        raise invalid(f"Value provided in {parameter} unused in expressions: keys: {{{keys}}}")


def check_one_of(parameter: str, value: str | None, allowed: Sequence[str]) -> None:
    """Refuse a value that a parameter cannot have."""
    if value is not None and value not in allowed:
        raise invalid(
            f"1 validation error detected: Value '{value}' at '{parameter[0].lower()}{parameter[1:]}' failed to "
            f"satisfy constraint: Member must satisfy enum value set: [{', '.join(allowed)}]"
        )
