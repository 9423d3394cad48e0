"""The grammar of updates.

::

    update = { SET set { "," set } | REMOVE path { "," path }
             | ADD path placeholder { "," path placeholder } | DELETE path placeholder { "," path placeholder } }
    set    = path "=" sum
    sum    = term [ ( "+" | "-" ) term ]
    term   = "(" sum ")" | path | placeholder | function
"""

from __future__ import annotations

from local_stack.aws.memory_dynamodb.nodes import Action, At, Operand, Sum
from local_stack.aws.memory_dynamodb.parsing import Parser

_SECTIONS = frozenset({"SET", "REMOVE", "ADD", "DELETE"})
_FUNCTIONS = {"if_not_exists": 2, "list_append": 2}
_WANTING_PATH = frozenset({"if_not_exists"})


class UpdateParser(Parser):
    """Reads an update."""

    def parsed(self) -> list[Action]:
        """Return the whole expression."""
        actions: list[Action] = []
        seen: set[str] = set()
        while self._next:
            section = self._next.upper()
            if section not in _SECTIONS:
                raise self._unexpected()
            if section in seen:
                raise self.refused(f'The "{section}" section can only be used once in an update expression;')
            seen.add(section)
            self._take()
            actions.append(self._action(section))
            while self._takes(","):
                actions.append(self._action(section))
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
        left = self._term()
        if self._next not in ("+", "-"):
            return left
        sign = 1 if self._take() == "+" else -1
        return Sum(left, self._term(), sign)

    def _term(self) -> Operand:
        if self._takes("("):
            operand = self._sum()
            self._expect(")")
            return operand
        if self._next.startswith(":"):
            return self._placeholder()
        if self._opens_call():
            return self._call(_FUNCTIONS, self._term, _WANTING_PATH)
        return At(self._path())
