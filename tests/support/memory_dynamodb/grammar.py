"""DynamoDB's expressions, from text to a tree.

Conditions, filters and key conditions share one grammar::

    condition  = conjunction { OR conjunction }
    conjunction = negation { AND negation }
    negation   = NOT negation | "(" condition ")" | test
    test       = operand comparator operand | operand BETWEEN operand AND operand
               | operand IN "(" operand { "," operand } ")" | function
    operand    = "(" operand ")" | path | placeholder | function

    update     = { SET set { "," set } | REMOVE path { "," path } | ADD|DELETE path placeholder { "," … } }
    set        = path "=" term [ ("+"|"-") term ]
    projection = path { "," path }
    path       = name { "." name | "[" number "]" }

Keywords may be written in small letters, functions may not. A name that the service reserves has to stand behind a
placeholder (`#name`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cache
from importlib import resources
from typing import NamedTuple, TypeVar

from tests.support.memory_dynamodb.errors import Refused, invalid
from tests.support.memory_dynamodb.values import Path

_TOKEN = re.compile(r"\s*(?:([#:]?[A-Za-z_0-9]+)|(<>|<=|>=|[=<>+\-(),.\[\]]))")
_COMPARATORS = frozenset({"=", "<>", "<", "<=", ">", ">="})
_KEYWORDS = frozenset({"AND", "OR", "NOT", "BETWEEN", "IN"})
_SECTIONS = ("SET", "REMOVE", "ADD", "DELETE")
_TESTS = {"attribute_exists": 1, "attribute_not_exists": 1, "attribute_type": 2, "begins_with": 2, "contains": 2}
_MAX_BYTES = 4096
_MAX_IN = 100
_Part = TypeVar("_Part")


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
    """The sum of two operands, or their difference."""

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


class Parser:
    """Reads one expression.

    Parameters
    ----------
    parameter
        The parameter that the expression came in, for messages.
    text
        The expression.
    names
        What placeholders of names stand for.
    """

    def __init__(self, parameter: str, text: str, names: Mapping[str, str]) -> None:
        self._parameter = parameter
        self._names = names
        self._tokens = self._split(text)
        self._position = 0
        self.used_names: set[str] = set()
        self.used_values: set[str] = set()
        #: Every path that the expression names.
        self.paths: list[Path] = []

    def refused(self, message: str) -> Refused:
        """Return the refusal of the expression."""
        return invalid(f"Invalid {self._parameter}: {message}")

    def condition(self) -> Condition:
        """Read a condition."""
        return self._whole(self._condition)

    def update(self) -> list[Action]:
        """Read an update."""
        return self._whole(self._update)

    def projection(self) -> list[Path]:
        """Read a list of paths."""
        paths = self._whole(lambda: self._listed(self._path))
        self._apart(paths)
        return paths

    def _split(self, text: str) -> list[str]:
        if not text.strip():
            raise self.refused("The expression can not be empty;")
        if len(text.encode()) > _MAX_BYTES:
            raise self.refused(f"Expression size has exceeded the maximum allowed size; expression size: {len(text)}")
        tokens, position, text = [], 0, text.rstrip()
        while position < len(text):
            found = _TOKEN.match(text, position)
            if found is None:
                raise self.refused(f'Syntax error; token: "{text[position:].strip()[:1]}", near: "{text[position:]}"')
            tokens.append(found[0].strip())
            position = found.end()
        return tokens

    # -- tokens

    @property
    def _next(self) -> str:
        return self._tokens[self._position] if self._position < len(self._tokens) else ""

    def _take(self) -> str:
        token = self._next
        self._position += 1
        return token

    def _takes(self, *words: str) -> bool:
        if self._next.upper() not in words:
            return False
        self._position += 1
        return True

    def _expect(self, word: str) -> None:
        if not self._takes(word):
            raise self._unexpected()

    def _unexpected(self) -> Refused:
        near = " ".join(self._tokens[max(0, self._position - 1) : self._position + 2])
        return self.refused(f'Syntax error; token: "{self._next or "<EOF>"}", near: "{near}"')

    def _whole(self, read: Callable[[], _Part]) -> _Part:
        part = read()
        if self._next:
            raise self._unexpected()
        return part

    def _listed(self, read: Callable[[], _Part]) -> list[_Part]:
        parts = [read()]
        while self._takes(","):
            parts.append(read())
        return parts

    # -- conditions

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
        # What a parenthesis opens, a condition or an operand, shows behind it only.
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
            return self._distinct(comparator, Comparison(comparator, self._value(operand), self._value()))
        if self._takes("BETWEEN"):
            low = self._value()
            self._expect("AND")
            return Between(self._value(operand), low, self._value())
        if self._takes("IN"):
            self._expect("(")
            choices = tuple(self._listed(self._value))
            self._expect(")")
            if len(choices) > _MAX_IN:
                raise self.refused(f"IN operator takes at most {_MAX_IN} operands; operands: {len(choices)}")
            return In(self._value(operand), choices)
        if not isinstance(operand, Call):
            raise self._unexpected()
        if operand.function == "size":
            raise self._misused(operand)
        return operand

    def _distinct(self, operator: str, comparison: Comparison) -> Comparison:
        if isinstance(comparison.left, At) and comparison.left == comparison.right:
            raise self.refused(
                "The first operand must be distinct from the remaining operands for this operator or function; "
                f"operator: {operator}, first operand: {_written(comparison.left.path)}"
            )
        return comparison

    def _value(self, operand: Operand | None = None) -> Operand:
        """Read an operand that is a value, not the outcome of a test."""
        operand = operand or self._operand()
        if isinstance(operand, Call) and operand.function != "size":
            raise self._misused(operand)
        return operand

    def _misused(self, call: Call) -> Refused:
        message = "The function is not allowed to be used this way in an expression; function: "
        return self.refused(message + call.function)

    def _operand(self) -> Operand:
        if self._takes("("):
            operand = self._operand()
            self._expect(")")
            return operand
        if self._next.startswith(":"):
            return self._placeholder()
        following = self._tokens[self._position + 1 : self._position + 2]
        if following == ["("] and self._next.upper() not in _KEYWORDS:
            return self._call({**_TESTS, "size": 1}, path_first=("attribute_exists", "attribute_not_exists"))
        return At(self._path())

    def _call(self, known: Mapping[str, int], path_first: tuple[str, ...]) -> Call:
        function = self._take()
        self._expect("(")
        if function not in known:
            raise self.refused(f"Invalid function name; function: {function}")
        operands = tuple(self._listed(self._operand))
        self._expect(")")
        if len(operands) != known[function]:
            raise self.refused(
                "Incorrect number of operands for operator or function; "
                f"operator or function: {function}, number of operands: {len(operands)}"
            )
        if function in path_first and not isinstance(operands[0], At):
            message = "Operator or function requires a document path; operator or function: "
            raise self.refused(message + function)
        return Call(function, operands)

    def _placeholder(self) -> Given:
        name = self._take()
        if not name.startswith(":"):
            self._position -= 1
            raise self._unexpected()
        self.used_values.add(name)
        return Given(name)

    # -- paths

    def _path(self) -> Path:
        steps: list[str | int] = [self._name()]
        while self._next in (".", "["):
            if self._take() == ".":
                steps.append(self._name())
                continue
            if not self._next.isdecimal():
                raise self._unexpected()
            steps.append(int(self._take()))
            self._expect("]")
        path = tuple(steps)
        self.paths.append(path)
        return path

    def _name(self) -> str:
        token = self._next
        if token.startswith("#"):
            if token not in self._names:
                raise self.refused(
                    "An expression attribute name used in the document path is not defined; attribute name: " + token
                )
            self.used_names.add(token)
            self._position += 1
            return self._names[token]
        if not token[:1].isalpha() or token.upper() in _KEYWORDS:
            raise self._unexpected()
        if token.upper() in reserved():
            raise self.refused(f"Attribute name is a reserved keyword; reserved keyword: {token}")
        self._position += 1
        return token

    def _apart(self, paths: list[Path]) -> None:
        """Refuse paths of which one is another or leads through it."""
        for number, one in enumerate(paths):
            for other in paths[:number]:
                shorter = min(len(one), len(other))
                if one[:shorter] == other[:shorter]:
                    raise self.refused(
                        "Two document paths overlap with each other; must remove or rewrite one of these paths; "
                        f"path one: {_written(other)}, path two: {_written(one)}"
                    )

    # -- updates

    def _update(self) -> list[Action]:
        actions: list[Action] = []
        seen = set()
        while self._next:
            section = self._take().upper()
            if section not in _SECTIONS:
                self._position -= 1
                raise self._unexpected()
            if section in seen:
                raise self.refused(f'The "{section}" section can only be used once in an update expression;')
            seen.add(section)
            actions += self._listed(lambda section=section: self._action(section))  # type: ignore[misc]
        self._apart([action.path for action in actions])
        return actions

    def _action(self, section: str) -> Action:
        path = self._path()
        if section == "REMOVE":
            return Action(section, path, None)
        if section in ("ADD", "DELETE"):
            return Action(section, path, self._placeholder())
        self._expect("=")
        return Action(section, path, self._sum())

    def _sum(self) -> Operand:
        # The service allows parentheses around the whole and around each term.
        if self._next == "(":
            before = self._position
            self._take()
            operand = self._sum()
            self._expect(")")
            if self._next not in ("+", "-"):
                return operand
            self._position = before
        left = self._term()
        if self._next in ("+", "-"):
            sign = 1 if self._take() == "+" else -1
            return Sum(left, self._term(), sign)
        return left

    def _term(self) -> Operand:
        if self._takes("("):
            operand = self._term()
            self._expect(")")
            return operand
        if self._next.startswith(":"):
            return self._placeholder()
        if self._tokens[self._position + 1 : self._position + 2] == ["("]:
            return self._setting_call()
        return At(self._path())

    def _setting_call(self) -> Call:
        function = self._take()
        self._expect("(")
        if function not in ("if_not_exists", "list_append"):
            raise self.refused(f"Invalid function name; function: {function}")
        operands = tuple(self._listed(self._term))
        self._expect(")")
        if len(operands) != 2:
            raise self.refused(
                "Incorrect number of operands for operator or function; "
                f"operator or function: {function}, number of operands: {len(operands)}"
            )
        if function == "if_not_exists" and not isinstance(operands[0], At):
            message = "Operator or function requires a document path; operator or function: "
            raise self.refused(message + function)
        return Call(function, operands)


def _written(path: Path) -> str:
    return f"[{', '.join(f'[{step}]' if isinstance(step, int) else step for step in path)}]"


@cache
def reserved() -> frozenset[str]:
    """Return the words that the service takes as names behind a placeholder only."""
    words = resources.files("moto.dynamodb.parsing").joinpath("reserved_keywords.txt").read_text(encoding="utf-8")
    return frozenset(words.split())
