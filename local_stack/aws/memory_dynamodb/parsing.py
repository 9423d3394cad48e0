"""What all expressions have in common: tokens, paths, placeholders, functions.

`path = name { "." name | "[" number "]" }`, where a name that the service reserves has to stand behind a placeholder
(`#name`). Keywords may be written in small letters, functions may not.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cache, lru_cache
from importlib import resources
from typing import NamedTuple, TypeVar

from local_stack.aws.memory_dynamodb.errors import Refused, invalid
from local_stack.aws.memory_dynamodb.nodes import At, Call, Given, Operand, Path

#: What placeholders of names stand for, as something that parsed expressions can be kept under.
Names = tuple[tuple[str, str], ...]

_TOKEN = re.compile(r"\s*([#:]?[A-Za-z_0-9]+|<>|<=|>=|[=<>+\-(),.\[\]])")
_KEYWORDS = frozenset({"AND", "OR", "NOT", "BETWEEN", "IN", "SET", "REMOVE", "ADD", "DELETE"})
_MAX_BYTES = 4096
_Part = TypeVar("_Part")


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

    def _split(self, text: str) -> list[str]:
        text = text.rstrip()
        if not text:
            raise self.refused("The expression can not be empty;")
        if len(text.encode()) > _MAX_BYTES:
            raise self.refused("Expression size has exceeded the maximum allowed size;")
        tokens, position = [], 0
        while position < len(text):
            found = _TOKEN.match(text, position)
            if found is None:
                rest = text[position:].strip()
                raise self.refused(f'Syntax error; token: "{rest[0]}", near: "{rest[:2]}"')
            tokens.append(found[1])
            position = found.end()
        return tokens

    # -- tokens

    @property
    def _next(self) -> str:
        return self._tokens[self._position] if self._position < len(self._tokens) else ""

    def _opens_call(self) -> bool:
        following = self._tokens[self._position + 1 : self._position + 2]
        return following == ["("] and self._next[:1].isalpha() and self._next.upper() not in _KEYWORDS

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
        near = " ".join(self._tokens[max(0, self._position - (not self._next)) : self._position + 2])
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

    # -- operands

    def _call(self, known: Mapping[str, int], read: Callable[[], Operand], wanting_path: frozenset[str]) -> Call:
        """Read a function, each of whose operands is read as told, and check how many there are."""
        function = self._take()
        self._expect("(")
        if function not in known:
            raise self.refused(f"Invalid function name; function: {function}")
        operands = tuple(self._listed(read))
        self._expect(")")
        if len(operands) != known[function]:
            raise self.refused(
                "Incorrect number of operands for operator or function; "
                f"operator or function: {function}, number of operands: {len(operands)}"
            )
        if function in wanting_path and not isinstance(operands[0], At):
            message = "Operator or function requires a document path; operator or function: "
            raise self.refused(message + function)
        return Call(function, operands)

    def _placeholder(self) -> Given:
        if not self._next.startswith(":"):
            raise self._unexpected()
        name = self._take()
        self.used_values.add(name)
        return Given(name)

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
                        f"path one: {written(other)}, path two: {written(one)}"
                    )


class Projection(NamedTuple):
    """Which parts of an item a call wants, and the placeholders of names that say so."""

    paths: tuple[Path, ...]
    names: frozenset[str]


@lru_cache(4096)
def projection(text: str, names: Names) -> Projection:
    """Return what a projection says."""
    parser = _ProjectionParser("ProjectionExpression", text, dict(names))
    return Projection(tuple(parser.parsed()), frozenset(parser.used_names))


class _ProjectionParser(Parser):
    def parsed(self) -> list[Path]:
        paths = self._whole(lambda: self._listed(self._path))
        self._apart(paths)
        return paths


def written(path: Path) -> str:
    """Return a path as messages have it."""
    return f"[{', '.join(f'[{step}]' if isinstance(step, int) else step for step in path)}]"


@cache
def reserved() -> frozenset[str]:
    """Return the words that the service takes as names behind a placeholder only."""
    words = resources.files("moto.dynamodb.parsing").joinpath("reserved_keywords.txt").read_text(encoding="utf-8")
    return frozenset(words.split())
