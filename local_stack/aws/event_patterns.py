"""Matches events against patterns, as EventBridge rules and filters of event source mappings do."""

from __future__ import annotations

import fnmatch
import ipaddress
from collections.abc import Mapping
from typing import Any

_ABSENT = object()


def matches(pattern: Mapping[str, Any], event: Any) -> bool:
    """Tell whether an event fits a pattern.

    Parameters
    ----------
    pattern : mapping
        The pattern, parsed.
    event : Any
        The event, parsed.

    Returns
    -------
    bool
        True when each member of the pattern is met.
    """
    for key, wanted in pattern.items():
        if key == "$or":
            if not any(matches(alternative, event) for alternative in wanted):
                return False
            continue
        value = event.get(key, _ABSENT) if isinstance(event, Mapping) else _ABSENT
        if isinstance(wanted, Mapping):
            if not _nested(wanted, value):
                return False
        elif not any(_meets(condition, value) for condition in wanted):
            return False
    return True


def _nested(pattern: Mapping[str, Any], value: Any) -> bool:
    # Of an array of objects, any one may meet the pattern.
    if isinstance(value, list):
        return any(matches(pattern, item) for item in value)
    return matches(pattern, {} if value is _ABSENT else value)


def _meets(condition: Any, value: Any) -> bool:
    if isinstance(condition, Mapping):
        name, argument = next(iter(condition.items()))
        if name == "exists":
            return (value is not _ABSENT) == bool(argument)
        if name == "anything-but":
            return value is not _ABSENT and all(not _excluded(argument, item) for item in _each(value))
        test = _TESTS.get(name)
        return test is not None and any(test(argument, item) for item in _each(value))
    return any(_same(condition, item) for item in _each(value))


def _each(value: Any) -> list[Any]:
    if value is _ABSENT:
        return []
    return value if isinstance(value, list) else [value]


def _same(left: Any, right: Any) -> bool:
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    return bool(left == right)


def _excluded(argument: Any, value: Any) -> bool:
    if isinstance(argument, Mapping):
        return _meets(argument, value)
    return any(_same(item, value) for item in (argument if isinstance(argument, list) else [argument]))


def _prefix(argument: Any, value: Any) -> bool:
    if isinstance(argument, Mapping):
        return isinstance(value, str) and value.lower().startswith(str(argument["equals-ignore-case"]).lower())
    return isinstance(value, str) and value.startswith(tuple(argument) if isinstance(argument, list) else argument)


def _suffix(argument: Any, value: Any) -> bool:
    if isinstance(argument, Mapping):
        return isinstance(value, str) and value.lower().endswith(str(argument["equals-ignore-case"]).lower())
    return isinstance(value, str) and value.endswith(tuple(argument) if isinstance(argument, list) else argument)


def _ignore_case(argument: Any, value: Any) -> bool:
    wanted = argument if isinstance(argument, list) else [argument]
    return isinstance(value, str) and value.lower() in [str(item).lower() for item in wanted]


def _numeric(argument: Any, value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    compare = {
        "=": lambda bound: value == bound,
        "<": lambda bound: value < bound,
        "<=": lambda bound: value <= bound,
        ">": lambda bound: value > bound,
        ">=": lambda bound: value >= bound,
    }
    return all(compare[operator](bound) for operator, bound in zip(argument[::2], argument[1::2], strict=True))


def _wildcard(argument: Any, value: Any) -> bool:
    # Only the star is special in these patterns.
    wanted = argument if isinstance(argument, list) else [argument]
    plain = [item.replace("[", "[[]").replace("?", "[?]") for item in wanted]
    return isinstance(value, str) and any(fnmatch.fnmatchcase(value, item) for item in plain)


def _cidr(argument: Any, value: Any) -> bool:
    try:
        return ipaddress.ip_address(value) in ipaddress.ip_network(argument, strict=False)
    except ValueError:
        return False


_TESTS = {
    "prefix": _prefix,
    "suffix": _suffix,
    "equals-ignore-case": _ignore_case,
    "numeric": _numeric,
    "wildcard": _wildcard,
    "cidr": _cidr,
}
