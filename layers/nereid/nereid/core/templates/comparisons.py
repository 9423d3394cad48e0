"""Comparisons between any two values: those that mean nothing are false, and noted.

The library's expressions call its own functions by their names in its modules, so ours take their places there.
"""

import operator
from collections.abc import Callable
from typing import Any

import liquid
from liquid.builtin.expressions import logical
from liquid.builtin.expressions.primitive import Blank, Empty
from liquid.builtin.tags import case_tag

from nereid.core.templates.rendering import Missing, current
from nereid.core.templates.values import kind_of, number_of, text_of

_library_equal = logical._eq  # noqa: SLF001 - see above
_library_is_true = logical.is_truthy


def equal(left: Any, right: Any) -> bool:
    """Tell whether two values are the same. A text is no number here, and null is what nobody gave."""
    for value, other in ((left, right), (right, left)):
        if isinstance(value, Missing):
            # To compare with nothing is to ask whether it is there.
            if other is None or isinstance(other, Empty | Blank | liquid.Undefined):
                value.ask()
            else:
                value.use()
    return _library_equal(left, right)


def is_true(value: Any) -> bool:
    """Tell whether a value is neither false nor null nor missing."""
    if isinstance(value, Missing):
        value.ask()
        return False
    return _library_is_true(value)


def less(token: Any, left: Any, right: Any) -> bool:  # noqa: ARG001 - as the library calls it
    """Tell whether a value is less than another."""
    return _ordered(left, right, operator.lt)


def less_or_equal(left: Any, right: Any) -> bool:
    """Tell whether a value is another, or less."""
    return _ordered(left, right, operator.le)


def _ordered(left: Any, right: Any, compare: Callable[[Any, Any], bool]) -> bool:
    given = (left, right)
    for value in given:
        if isinstance(value, Missing):
            value.use()
    if any(value is None or isinstance(value, liquid.Undefined) for value in given):
        return False
    if isinstance(left, str) and isinstance(right, str):
        return compare(left, right)
    numbers = [number_of(value) for value in given]
    if None in numbers:
        kinds = " and ".join(sorted(map(kind_of, given)))
        current().note(f"comparison: {kinds} cannot be compared")
        return False
    return compare(*numbers)


def contains(token: Any, left: Any, right: Any) -> bool:  # noqa: ARG001 - as the library calls it
    """Tell whether a text, an array or an object's keys hold a value."""
    for value in (left, right):
        if isinstance(value, Missing):
            value.use()
    if not _library_is_true(left) or not _library_is_true(right):
        return False
    match left:
        case str():
            return text_of(right) in left
        case dict():
            return isinstance(right, str) and right in left
        case range():
            return isinstance(right, int) and not isinstance(right, bool) and right in left
        case list() | tuple():
            return any(_library_equal(item, right) for item in left)
    current().note(f"contains: {kind_of(left)} holds nothing")
    return False


def install() -> None:
    """Make the library compare so."""
    ours = {"_eq": equal, "_lt": less, "_le": less_or_equal, "_contains": contains, "is_truthy": is_true}
    for name, function in ours.items():
        setattr(logical, name, function)
    setattr(case_tag, "_eq", equal)  # noqa: B010 - it is not exported
