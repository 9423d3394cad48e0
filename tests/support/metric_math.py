"""Works out the expressions of CloudWatch's metric math for one moment, as its documentation describes them.

Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

_NAME = re.compile(r"\b[a-z][a-z0-9_]*\b")


@dataclass(frozen=True)
class Point:
    """The value of a series at the moment; None if it has none there."""

    value: float | None

    def _with(self, other: object, calculate: Callable[[float, float], float]) -> Point:
        right = other.value if isinstance(other, Point) else float(str(other))
        if self.value is None and right is None:
            return Point(None)
        # What is missing counts as 0; a division by it has no value.
        try:
            return Point(calculate(self.value or 0, right or 0))
        except ZeroDivisionError:
            return Point(None)

    def __add__(self, other: object) -> Point:
        return self._with(other, operator.add)

    def __mul__(self, other: object) -> Point:
        return self._with(other, operator.mul)

    __rmul__ = __mul__

    def __truediv__(self, other: object) -> Point:
        return self._with(other, operator.truediv)

    def __ge__(self, other: object) -> Point:
        return Point(None) if self.value is None else self._with(other, operator.ge)


def _if(condition: Point, true: Point, false: float) -> Point:
    if condition.value is None:
        return condition
    return Point(true.value or 0) if condition.value else Point(false)


def _fill(point: Point, value: float) -> Point:
    return Point(value) if point.value is None else point


def _max(points: Sequence[Point]) -> Point:
    return Point(max((point.value for point in points if point.value is not None), default=None))


_FUNCTIONS = {"IF": _if, "FILL": _fill, "MAX": _max}


def names(expression: str) -> set[str]:
    """Return the metrics and expressions that an expression refers to."""
    return set(_NAME.findall(expression))


def evaluate(expressions: Mapping[str, str], wanted: str, metrics: Mapping[str, float | None]) -> float | None:
    """Return the value of an expression.

    Parameters
    ----------
    expressions
        All expressions by id.
    wanted
        The id of the one to work out.
    metrics
        The values of metrics by id; one that is left out or None has no value.
    """

    def point(name: str) -> Point:
        if name not in expressions:
            return Point(metrics.get(name))
        known = {used: point(used) for used in names(expressions[name])}
        result = eval(expressions[name], {"__builtins__": {}, **_FUNCTIONS}, known)  # noqa: S307 - the template's own
        assert isinstance(result, Point)
        return result

    return point(wanted).value
