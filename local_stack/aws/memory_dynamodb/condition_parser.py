"""The grammar that conditions, filters and key conditions share.

::

    condition   = conjunction { OR conjunction }
    conjunction = negation { AND negation }
    negation    = NOT negation | "(" condition ")" | test
    test        = operand comparator operand | operand BETWEEN operand AND operand
                | operand IN "(" operand { "," operand } ")" | function
    operand     = "(" operand ")" | path | placeholder | function
"""

from __future__ import annotations

from local_stack.aws.memory_dynamodb.errors import Refused
from local_stack.aws.memory_dynamodb.nodes import And, At, Between, Call, Comparison, Condition, In, Not, Operand, Or
from local_stack.aws.memory_dynamodb.parsing import Parser, written

_COMPARATORS = frozenset({"=", "<>", "<", "<=", ">", ">="})
#: How many operands each function takes.
_FUNCTIONS = {
    "attribute_exists": 1,
    "attribute_not_exists": 1,
    "attribute_type": 2,
    "begins_with": 2,
    "contains": 2,
    "size": 1,
}
_WANTING_PATH = frozenset({"attribute_exists", "attribute_not_exists"})
_MAX_IN = 100


class ConditionParser(Parser):
    """Reads a condition."""

    def parsed(self) -> Condition:
        """Return the whole expression."""
        self._check_parentheses()
        return self._whole(self._condition)

    def _condition(self) -> Condition:
        condition = self._conjunction()
        while self._takes("OR"):
            condition = Or(condition, self._conjunction())
        return condition

    def _conjunction(self) -> Condition:
        condition = self._negation()
        while self._takes("AND"):
            condition = And(condition, self._negation())
        return condition

    def _negation(self) -> Condition:
        if self._takes("NOT"):
            return Not(self._negation())
        if self._next != "(":
            return self._test()
        # Whether a parenthesis holds an operand or a condition shows only behind it.
        before = self._position
        try:
            return self._test()
        except Refused:
            self._position = before
        self._expect("(")
        condition = self._condition()
        self._expect(")")
        return condition

    def _test(self) -> Condition:
        operand = self._operand()
        if self._next in _COMPARATORS:
            comparator = self._take()
            left, right = self._value(operand), self._value()
            self._check_distinct(comparator, (left, right))
            return Comparison(comparator, left, right)
        if self._takes("BETWEEN"):
            low = self._value()
            self._expect("AND")
            return Between(self._value(operand), low, self._value())
        if self._takes("IN"):
            self._expect("(")
            choices = tuple(self._listed(self._value))
            self._expect(")")
            if len(choices) > _MAX_IN:
                raise self.refused(f"IN takes at most {_MAX_IN} operands; number of operands: {len(choices)}")
            return In(self._value(operand), choices)
        if not isinstance(operand, Call):
            raise self._unexpected()
        if operand.function == "size":
            raise self._misused(operand)
        return operand

    def _value(self, operand: Operand | None = None) -> Operand:
        """Read an operand that is a value, not the outcome of a test."""
        operand = operand or self._operand()
        if isinstance(operand, Call) and operand.function != "size":
            raise self._misused(operand)
        return operand

    def _operand(self) -> Operand:
        if self._takes("("):
            operand = self._operand()
            self._expect(")")
            return operand
        if self._next.startswith(":"):
            return self._placeholder()
        if self._opens_call():
            call = self._call(_FUNCTIONS, self._value, _WANTING_PATH)
            self._check_distinct(call.function, call.operands)
            return call
        return At(self._path())

    def _misused(self, call: Call) -> Refused:
        message = "The function is not allowed to be used this way in an expression; function: "
        return self.refused(message + call.function)

    def _check_distinct(self, operator: str, operands: tuple[Operand, ...]) -> None:
        first = operands[0]
        if isinstance(first, At) and first in operands[1:]:
            raise self.refused(
                "The first operand must be distinct from the remaining operands for this operator or function; "
                f"operator: {operator}, first operand: {written(first.path)}"
            )

    def _check_parentheses(self) -> None:
        """Refuse parentheses around nothing but parentheses; those of a function or a list are no such."""
        opened: list[int] = []
        closing: dict[int, int] = {}
        for position, symbol in enumerate(self._tokens):
            if symbol == "(":
                opened.append(position)
            elif symbol == ")" and opened:
                closing[opened.pop()] = position
        for start, end in closing.items():
            named = start > 0 and (self._tokens[start - 1] in _FUNCTIONS or self._tokens[start - 1].upper() == "IN")
            if not named and closing.get(start + 1) == end - 1:
                raise self.refused("The expression has redundant parentheses;")
