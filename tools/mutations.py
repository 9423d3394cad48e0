"""The small changes that break a module: one operator, number, condition or statement, all else as it was.

Left alone is what no behaviour follows from: annotations, decorators, assertions, protocols, the lines that go to the
log, the words of an error, the JSON writer's choice of escapes, `zip`'s check that its parts are of one length, and the
numbers of a module's private constants. Such a constant (`_LONGEST_PAUSE`) says how the module does its work; one that
a module promises something with is public.
"""

from __future__ import annotations

import ast
import itertools
import re
from collections.abc import Iterator
from typing import NamedTuple

from tools import guards

# Every kind of operator as it is written, and what stands in its place.
_OPERATORS: dict[type[ast.AST], tuple[str, str]] = {
    kind: (old, new)
    for first, one, second, other in [
        (ast.Lt, "<", ast.LtE, "<="),
        (ast.Gt, ">", ast.GtE, ">="),
        (ast.Eq, "==", ast.NotEq, "!="),
        (ast.Is, "is", ast.IsNot, "is not"),
        (ast.In, "in", ast.NotIn, "not in"),
        (ast.And, "and", ast.Or, "or"),
        (ast.Add, "+", ast.Sub, "-"),
        (ast.Mult, "*", ast.Div, "/"),
    ]
    for kind, old, new in [(first, one, other), (second, other, one)]
}


class Mutant(NamedTuple):
    """A change of one place in a module."""

    module: str
    #: The class and function that it is in; empty for the module itself.
    function: str
    start: int
    end: int
    line: int
    before: str
    after: str

    @property
    def key(self) -> str:
        """What names the change for good: the place and its source, with what stands there instead."""
        place = " ".join(filter(None, [self.module, self.function]))
        return f"{place}: {' '.join(self.before.split())} => {' '.join(self.after.split())}"


class Source:
    """A module, and every mutant of it."""

    def __init__(self, module: str) -> None:
        self.module = module
        self.text = guards.source(module).read_bytes()
        #: Where each line begins.
        self.starts = [0, *itertools.accumulate(len(line) for line in self.text.splitlines(keepends=True))]

    def mutants(self) -> list[Mutant]:
        """Return all mutants, in the order of the source."""
        tree = ast.parse(self.text)
        left_out = {id(node) for each in ast.walk(tree) for part in _left_out(each) for node in ast.walk(part)}
        found = [
            mutant._replace(function=function)
            for function, node in _within("", tree)
            if id(node) not in left_out
            for mutant in self._of(node)
        ]
        return sorted(found, key=lambda mutant: (mutant.start, mutant.end, mutant.after))

    def _span(self, node: ast.expr | ast.stmt) -> tuple[int, int]:
        assert node.end_lineno is not None
        assert node.end_col_offset is not None
        return self.starts[node.lineno - 1] + node.col_offset, self.starts[node.end_lineno - 1] + node.end_col_offset

    def _change(self, start: int, end: int, after: str) -> Mutant:
        """Return the mutant with something else between two offsets, told by the whole lines that it changes."""
        first, last = self.text.rfind(b"\n", 0, start) + 1, self.text.find(b"\n", end)
        before = self.text[first:last]
        changed = self.text[first:start] + after.encode() + self.text[end:last]
        line = self.text.count(b"\n", 0, start) + 1
        return Mutant(self.module, "", first, last, line, before.decode(), changed.decode())

    def _between(self, left: ast.expr, right: ast.expr, operator: ast.AST) -> Iterator[Mutant]:
        if type(operator) in _OPERATORS:
            old, new = _OPERATORS[type(operator)]
            start, end = self._span(left)[1], self._span(right)[0]
            pattern = rb"\s+".join(re.escape(word).encode() for word in old.split())
            place = re.search(rb"(?<![\w<>=!*/])" + pattern + rb"(?![\w<>=*/])", self.text[start:end])
            assert place is not None, (self.module, self.text[start:end], old)
            yield self._change(start + place.start(), start + place.end(), new)

    def _of(self, node: ast.AST) -> Iterator[Mutant]:  # noqa: PLR0912 - a kind of change for each
        match node:
            case ast.Compare():
                for left, operator, right in zip(
                    [node.left, *node.comparators], node.ops, node.comparators, strict=False
                ):
                    yield from self._between(left, right, operator)
            case ast.BoolOp():
                for left, right in itertools.pairwise(node.values):
                    yield from self._between(left, right, node.op)
            case ast.BinOp() if not isinstance(node.left, ast.Constant) or not isinstance(node.left.value, str):
                yield from self._between(node.left, node.right, node.op)
            case ast.Constant(value=bool()):
                yield self._change(*self._span(node), str(not node.value))
            case ast.Constant(value=int() | float() as number):
                yield self._change(*self._span(node), str(number + 1))
            case ast.UnaryOp(op=ast.Not()):
                start = self._span(node)[0]
                yield self._change(start, start + len("not "), "")
            case ast.If(test=test) | ast.While(test=test) | ast.IfExp(test=test) if not _is_turned(test):
                start, end = self._span(test)
                yield self._change(start, end, f"not ({self.text[start:end].decode()})")
            case ast.Raise() | ast.Expr(value=ast.Call() | ast.Yield() | ast.YieldFrom()) | ast.AugAssign():
                yield self._change(*self._span(node), "pass")
            case ast.Return(value=ast.expr()) if not isinstance(node.value, ast.Constant):
                yield self._change(*self._span(node), "return None")
            case ast.Continue():
                yield self._change(*self._span(node), "break")
            case ast.Break():
                yield self._change(*self._span(node), "continue")


def _is_turned(test: ast.expr) -> bool:
    """Tell whether a condition is turned round by a change of its own operator."""
    return isinstance(test, ast.UnaryOp) or (isinstance(test, ast.Compare) and len(test.ops) == 1)


def _within(function: str, node: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    """Yield all nodes below one, each with the names of the class and function that it is in."""
    for child in ast.iter_child_nodes(node):
        yield function, child
        inner = f"{function}.{child.name}".lstrip(".") if isinstance(child, _NAMED) else function
        yield from _within(inner, child)


_NAMED = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


def _is_number(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and type(node.value) in {int, float}


def _is_private_constant(statement: ast.stmt) -> bool:
    match statement:
        case ast.Assign(targets=[ast.Name() | ast.Tuple() as target]) | ast.AnnAssign(target=ast.Name() as target):
            names = target.elts if isinstance(target, ast.Tuple) else [target]
            return all(isinstance(name, ast.Name) and re.fullmatch("_[A-Z_]+", name.id) for name in names)
    return False


def _left_out(node: ast.AST) -> list[ast.AST]:
    """Return the parts of a node that no behaviour follows from."""
    match node:
        case ast.Module():
            constants = [statement for statement in node.body if _is_private_constant(statement)]
            return [part for each in constants for part in ast.walk(each) if _is_number(part)]
        case ast.Raise():
            return [part for part in ast.walk(node) if isinstance(part, ast.JoinedStr)]
        case ast.keyword(arg="ensure_ascii" | "strict"):
            return [node]
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            return [*node.decorator_list, *([node.returns] if node.returns else [])]
        case ast.ClassDef():
            protocol = any(isinstance(base, ast.Name) and base.id == "Protocol" for base in node.bases)
            return [node] if protocol else [*node.decorator_list]
        case ast.arg(annotation=ast.expr() as annotation) | ast.AnnAssign(annotation=annotation):
            return [annotation]
        case ast.Assert() | ast.Import() | ast.ImportFrom():
            return [node]
        case ast.Expr(value=ast.Call(func=ast.Attribute(value=ast.Name(id="logger")))):
            return [node]
        case ast.If(test=ast.Name(id="TYPE_CHECKING")):
            return [node]
    return []
