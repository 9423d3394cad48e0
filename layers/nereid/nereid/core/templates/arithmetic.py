"""Numbers in templates: decimal as people count, and half up.

Numbers of data are doubles or whole numbers, and so are the results; what is between is exact, so 0.1 + 0.2 is 0.3.
"""

import math
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import Any

from nereid.core.templates.signatures import Unfit

Number = int | Decimal

#: More digits than a product of two texts has that are read as numbers.
_EXACT = Context(prec=20_000, rounding=ROUND_HALF_UP)
_DIVISION = Context(prec=40, rounding=ROUND_HALF_UP)
#: Most decimals that rounding looks at; a double has fewer.
_MAX_DECIMALS = 400


def _made(number: Number) -> Any:
    """Return a result as a value of JSON."""
    if isinstance(number, int):
        return number
    made = float(number)
    return made + 0.0 if math.isfinite(made) else int(number)


def absolute(value: Number) -> Any:
    """Return a number without its sign."""
    return _made(abs(value) if isinstance(value, int) else value.copy_abs())


def at_least(value: Number, other: Number) -> Any:
    """Return the larger of two numbers."""
    return _made(max(value, other))


def at_most(value: Number, other: Number) -> Any:
    """Return the smaller of two numbers."""
    return _made(min(value, other))


def ceil(value: Number) -> int:
    """Return the next whole number that is not less."""
    return math.ceil(value)


def floor(value: Number) -> int:
    """Return the next whole number that is not more."""
    return math.floor(value)


def plus(value: Number, other: Number) -> Any:
    """Return the sum of two numbers."""
    return _made(total([value, other]))


def total(numbers: list[Number]) -> Number:
    """Return the sum of numbers."""
    made: Number = 0
    for number in numbers:
        both_whole = isinstance(made, int) and isinstance(number, int)
        made = made + number if both_whole else _EXACT.add(Decimal(made), Decimal(number))
    return made


def add_up(numbers: list[Number]) -> Any:
    """Return the sum of numbers as a value."""
    return _made(total(numbers))


def minus(value: Number, other: Number) -> Any:
    """Return the difference of two numbers."""
    if isinstance(value, int) and isinstance(other, int):
        return value - other
    return _made(_EXACT.subtract(Decimal(value), Decimal(other)))


def times(value: Number, other: Number) -> Any:
    """Return the product of two numbers."""
    if isinstance(value, int) and isinstance(other, int):
        return value * other
    return _made(_EXACT.multiply(Decimal(value), Decimal(other)))


def divided_by(value: Number, other: Number) -> Any:
    """Return a quotient; of whole numbers it is the whole one below."""
    if not other:
        raise Unfit("cannot divide by 0")
    if isinstance(value, int) and isinstance(other, int):
        return value // other
    return _made(_DIVISION.divide(Decimal(value), Decimal(other)))


def modulo(value: Number, other: Number) -> Any:
    """Return what remains of a division, with the sign of the divisor."""
    if not other:
        raise Unfit("cannot divide by 0")
    if isinstance(value, int) and isinstance(other, int):
        return value % other
    rest = _EXACT.remainder(Decimal(value), Decimal(other))
    return _made(_EXACT.add(rest, Decimal(other)) if rest and (rest < 0) != (other < 0) else rest)


def rounded(value: Number, decimals: int) -> Decimal:
    """Return a number with so many decimals, half up; what is rounded to 0 has no sign."""
    decimals = max(-_MAX_DECIMALS, min(decimals, _MAX_DECIMALS))
    made = _EXACT.quantize(Decimal(value), Decimal((0, (1,), -decimals)))
    return made or made.copy_abs()


def round_(value: Number, decimals: int | None = None) -> Any:
    """Return a number with so many decimals, half up; without any, a whole one."""
    decimals = decimals or 0
    if isinstance(value, int) and decimals >= 0:
        return value
    made = rounded(value, decimals)
    return _made(made) if decimals > 0 else int(made)
