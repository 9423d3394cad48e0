"""What expressions say, as trees."""

from __future__ import annotations

from typing import NamedTuple

#: The steps to a value in a document: names of attributes and members, positions in lists.
Path = tuple[str | int, ...]


class At(NamedTuple):
    """The value at a path of the item."""

    path: Path


class Given(NamedTuple):
    """A value that the call gives: the placeholder's name with its colon."""

    name: str


class Call(NamedTuple):
    """A function and its operands."""

    function: str
    operands: tuple[Operand, ...]


class Sum(NamedTuple):
    """The sum of two operands, or their difference if the sign is -1."""

    left: Operand
    right: Operand
    sign: int


class Comparison(NamedTuple):
    """Two operands with a comparator between them."""

    comparator: str
    left: Operand
    right: Operand


class Between(NamedTuple):
    """An operand and the bounds of where it has to be."""

    operand: Operand
    low: Operand
    high: Operand


class In(NamedTuple):
    """An operand and what it has to be one of."""

    operand: Operand
    choices: tuple[Operand, ...]


class Not(NamedTuple):
    """What must not hold."""

    condition: Condition


class And(NamedTuple):
    """What must hold both."""

    left: Condition
    right: Condition


class Or(NamedTuple):
    """What of which one must hold."""

    left: Condition
    right: Condition


class Action(NamedTuple):
    """One change of an update; the operand is missing where a value is removed."""

    section: str
    path: Path
    operand: Operand | None


Operand = At | Given | Call | Sum
Condition = Comparison | Between | In | Call | Not | And | Or
