"""Updates as functions from an item to the next: made once per text, run on each call."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from functools import lru_cache
from typing import Any, NamedTuple

from local_stack.aws.memory_dynamodb.conditions import Check, Values
from local_stack.aws.memory_dynamodb.errors import Unfit
from local_stack.aws.memory_dynamodb.nodes import Action, At, Call, Given, Operand, Path, Sum
from local_stack.aws.memory_dynamodb.parsing import Names, Parser
from local_stack.aws.memory_dynamodb.update_parser import UpdateParser
from local_stack.aws.memory_dynamodb.values import SETS, Item, Value, find, kind_of, summed

Getter = Callable[[Item, Values], Value]
_ORDER = ("SET", "ADD", "DELETE", "REMOVE")
_TYPE_NAMES = {
    "S": "STRING",
    "N": "NUMBER",
    "B": "BINARY",
    "NULL": "NULL",
    "BOOL": "BOOLEAN",
    "L": "LIST",
    "M": "MAP",
}


class Compiled(NamedTuple):
    """An update that can be applied to items."""

    apply: Callable[[Item, Values], Item]
    checks: tuple[Check, ...]
    names: frozenset[str]
    values: frozenset[str]
    #: What the update changes.
    paths: tuple[Path, ...]


@lru_cache(4096)
def compiled(parameter: str, text: str, names: Names) -> Compiled:
    """Return the update that a text says; the parameters are those of `conditions.compiled`."""
    parser = UpdateParser(parameter, text, dict(names))
    actions = parser.parsed()
    checks = tuple(check for action in actions for check in _checks(parser, action))
    # Removals come last and from the back, so that every position is that of the item as it was.
    ordered = sorted(actions, key=lambda action: _ORDER.index(action.section))
    removals = [action.path for action in ordered if action.section == "REMOVE"]
    changes = [(action, _getter(action.operand)) for action in ordered if action.operand is not None]

    def apply(item: Item, values: Values) -> Item:
        # All operands are of the item as it was, whatever the update changes.
        operands = [get(item, values) for _, get in changes]
        changed = dict(item)
        for (action, _), operand in zip(changes, operands, strict=True):
            _change(changed, action, find(item, action.path), operand)
        for path in sorted(removals, key=_back_to_front):
            _remove(changed, path)
        return changed

    return Compiled(
        apply,
        checks,
        frozenset(parser.used_names),
        frozenset(parser.used_values),
        tuple(action.path for action in actions),
    )


def _back_to_front(path: Path) -> tuple[Any, ...]:
    return tuple((0, -step, "") if isinstance(step, int) else (1, 0, step) for step in path)


def _change(item: Item, action: Action, before: Value | None, operand: Value) -> None:
    match action.section:
        case "SET":
            _put(item, action.path, operand)
        case "ADD":
            _put(item, action.path, _added(before, operand))
        case "DELETE" if before is None:
            _check_parent(item, action.path)
        case "DELETE":
            left = _without(before, operand)
            if left is None:
                _remove(item, action.path)
            else:
                _put(item, action.path, left)


def _added(before: Value | None, operand: Value) -> Value:
    if before is None:
        return operand
    kind = kind_of(operand)
    if kind not in before:
        raise Unfit("An operand in the update expression has an incorrect data type")
    if kind == "N":
        return {"N": summed(before["N"], operand["N"])}
    from_both = set(before[kind]) | set(operand[kind])
    return {kind: _sorted(kind, from_both)}


def _without(before: Value | None, operand: Value) -> Value | None:
    kind = kind_of(operand)
    if before is None or kind not in before:
        raise Unfit("An operand in the update expression has an incorrect data type")
    left = set(before[kind]) - set(operand[kind])
    return {kind: _sorted(kind, left)} if left else None


def _sorted(kind: str, members: set[Any]) -> list[Any]:
    return sorted(members, key=Decimal if kind == "NS" else None)


def _parent(item: Item, path: Path) -> Any:
    """Return the dict or list, made anew down to it, that the last step of a path leads out of."""
    parent: Any = item
    for step in path[:-1]:
        value = _member(parent, step)
        if value is None or not ("M" in value or "L" in value):
            raise _no_such_path()
        [(kind, content)] = value.items()
        fresh: Any = dict(content) if kind == "M" else list(content)
        parent[step] = {kind: fresh}
        parent = fresh
    if isinstance(parent, list) != isinstance(path[-1], int):
        raise _no_such_path()
    return parent


def _check_parent(item: Item, path: Path) -> None:
    _parent(dict(item), path)


def _member(parent: Any, step: str | int) -> Value | None:
    if isinstance(step, int):
        return parent[step] if isinstance(parent, list) and step < len(parent) else None
    return parent.get(step) if isinstance(parent, dict) else None


def _no_such_path() -> Exception:
    return Unfit("The document path provided in the update expression is invalid for update")


def _put(item: Item, path: Path, value: Value) -> None:
    if len(path) == 1:
        item[str(path[0])] = value
        return
    parent, last = _parent(item, path), path[-1]
    if isinstance(last, int) and last >= len(parent):
        parent.append(value)
    else:
        parent[last] = value


def _remove(item: Item, path: Path) -> None:
    parent, last = _parent(item, path), path[-1]
    if isinstance(last, int):
        del parent[last : last + 1]
    else:
        parent.pop(last, None)


def _getter(node: Operand) -> Getter:
    match node:
        case Given(placeholder):
            return lambda _item, values: values[placeholder]
        case At(path):
            return lambda item, _values: _existing(find(item, path))
        case Call("if_not_exists", (At(path), otherwise)):
            second = _getter(otherwise)
            return lambda item, values: found if (found := find(item, path)) is not None else second(item, values)
        case Call("list_append", (left, right)):
            first, second = _getter(left), _getter(right)
            return lambda item, values: {
                "L": _content(first(item, values), "L") + _content(second(item, values), "L"),
            }
        case Sum(left, right, sign):
            first, second = _getter(left), _getter(right)
            return lambda item, values: {
                "N": summed(_content(first(item, values), "N"), _content(second(item, values), "N"), sign),
            }
    raise NotImplementedError(f"operand {node}")


def _existing(value: Value | None) -> Value:
    if value is None:
        raise Unfit("The provided expression refers to an attribute that does not exist in the item")
    return value


def _content(value: Value, kind: str) -> Any:
    if kind not in value:
        raise Unfit("An operand in the update expression has an incorrect data type")
    return value[kind]


def _checks(parser: Parser, action: Action) -> list[Check]:
    if action.section in ("ADD", "DELETE"):
        allowed = SETS | {"N"} if action.section == "ADD" else SETS
        return [_typed(parser, f"operator: {action.section}", action.operand, allowed, _TYPE_NAMES)]
    return _operand_checks(parser, action.operand)


def _operand_checks(parser: Parser, operand: Operand | None) -> list[Check]:
    match operand:
        case Sum(left, right, sign):
            name, kind = "+" if sign > 0 else "-", "N"
        case Call("list_append", (left, right)):
            name, kind = "list_append", "L"
        case Call(_, (_, otherwise)):
            return _operand_checks(parser, otherwise)
        case _:
            return []
    checks = [_typed(parser, f"operator or function: {name}", each, {kind}, {}) for each in (left, right)]
    return [*checks, *_operand_checks(parser, left), *_operand_checks(parser, right)]


def _typed(
    parser: Parser, what: str, operand: Operand | None, allowed: frozenset[str] | set[str], type_names: dict[str, str]
) -> Check:
    def check(values: Values) -> None:
        if isinstance(operand, Given):
            kind = kind_of(values[operand.name])
            if kind not in allowed:
                raise parser.refused(
                    f"Incorrect operand type for operator or function; {what}, "
                    f"operand type: {type_names.get(kind, kind)}"
                )

    return check
