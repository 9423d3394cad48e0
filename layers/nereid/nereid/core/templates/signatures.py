"""What filters take: the kinds of their values and arguments, for the check of templates and for filling them in.

A template's author may be wrong about the data, and then something is made all the same, as Liquid does. About what
stands in the template itself its author is told when it is configured.
"""

from collections.abc import Callable
from typing import Any, Literal, NamedTuple

import liquid
from liquid.exceptions import ResourceLimitError
from liquid.filter import flatten

from nereid.core.templates.rendering import Missing, current
from nereid.core.templates.values import kind_of, leading_number, number_of, text_of
from nereid.errors import TemplateFailed

Value = Literal["any", "text", "number", "array"]
Argument = Literal["any", "text", "form", "zone", "currency", "property", "number", "whole", "array"]


class Unfit(Exception):
    """What is at hand does not fit the filter; the message says why, without a value."""


class Signature(NamedTuple):
    """What a filter takes.

    Parameters
    ----------
    value
        The kind of what it is applied to.
    arguments
        The kinds of its arguments.
    needed
        How many of them it needs.
    named
        Arguments that are given by their names.
    otherwise
        What is made of a value that does not fit: itself, or nothing.
    """

    function: Callable[..., Any]
    value: Value = "any"
    arguments: tuple[Argument, ...] = ()
    needed: int = 0
    named: tuple[str, ...] = ()
    otherwise: Literal["value", "nothing"] = "value"

    def apply(self, name: str, value: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Return what the filter makes of a value, as far as it can make anything of it.

        Parameters
        ----------
        kwargs
            What was given by name, and what the library hands over.
        """
        if isinstance(value, Missing) and name != "default":
            value.use()
        try:
            return self.function(
                _fit_value(name, self.value, value), *self._fit(name, args), **self._named(name, kwargs)
            )
        except Unfit as error:
            current().note(f"{name}: {error}")
        except (ResourceLimitError, TemplateFailed, MemoryError, RecursionError):
            raise
        except Exception:  # noqa: BLE001 - a filter must not keep its delivery from being sent
            current().note(f"{name}: {kind_of(value)} does not fit")
        return value if self.otherwise == "value" and not isinstance(value, liquid.Undefined) else None

    def _fit(self, name: str, args: tuple[Any, ...]) -> list[Any]:
        # Templates that an earlier release took may have more or less.
        if len(args) < self.needed:
            raise Unfit("an argument is missing")
        if len(args) > len(self.arguments):
            current().note(f"{name}: it takes no such argument")
        given = zip(self.arguments, args, strict=False)
        return [_fit_argument(name, kind, each, needed=index < self.needed) for index, (kind, each) in enumerate(given)]

    def _named(self, name: str, kwargs: dict[str, Any]) -> dict[str, Any]:
        taken = {key: each for key, each in kwargs.items() if key in (*self.named, "environment")}
        if len(taken) < len(kwargs):
            current().note(f"{name}: it takes no such argument")
        return taken


def _fit_value(name: str, kind: Value, value: Any) -> Any:
    match kind:
        case "text":
            return "" if isinstance(value, liquid.Undefined) else text_of(value)
        case "number":
            return 0 if isinstance(value, liquid.Undefined) else _number(name, value)
        case "array":
            return _items(value)
    return value


def _fit_argument(name: str, kind: Argument, value: Any, *, needed: bool) -> Any:
    """Return an argument as the filter takes it; None is as good as none where it is not needed."""
    if kind == "any":
        return value
    if isinstance(value, Missing):
        value.use()
    is_missing = isinstance(value, liquid.Undefined)
    if not needed and (is_missing or value is None):
        return None
    if is_missing:
        return 0 if kind == "number" else _fitting(name, kind, None)
    return _fitting(name, kind, value)


def _fitting(name: str, kind: Argument, value: Any) -> Any:
    match kind:
        case "number":
            return _number(name, value)
        case "property" if isinstance(value, int) and not isinstance(value, bool):
            return value
        case "whole":
            number = number_of(value)
            if number is None:
                raise Unfit(f"{kind_of(value)} is no whole number")
            return int(number)
        case "array":
            if not isinstance(value, list | tuple | range):
                raise Unfit(f"{kind_of(value)} is no array")
            return list(value)
    return text_of(value)


def _number(name: str, value: Any) -> Any:
    number = number_of(value)
    if number is None:
        current().note(f"{name}: {kind_of(value)} is no number")
        return leading_number(value)
    return number


def _items(value: Any) -> list[Any]:
    match value:
        case None | liquid.Undefined():
            return []
        case range():
            return list(value)
        case list() | tuple():
            return flatten(value)
    return [value]
