"""JSON and YAML files, and where in them a member stands."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from nereid_cli.errors import Mistake

JSON, YAML = ".json", ".yaml"
SUFFIXES = (JSON, YAML, ".yml")


class _Loader(yaml.SafeLoader):
    """YAML with JSON's plain values: `no` and `12:30` are text, as in YAML 1.2, and so is `0123`, as a code may be."""

    yaml_implicit_resolvers: dict[Any, Any] = {}


class _Dumper(yaml.SafeDumper):
    """Writes what both versions of YAML read alike, with texts of several lines as blocks."""


_PLAIN = {
    "tag:yaml.org,2002:bool": (r"true|True|TRUE|false|False|FALSE", "tTfF"),
    "tag:yaml.org,2002:null": (r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    "tag:yaml.org,2002:int": (r"[-+]?(?:0|[1-9][0-9]*)", "-+0123456789"),
    "tag:yaml.org,2002:float": (
        r"[-+]?(?:\.[0-9]+|(?:0|[1-9][0-9]*)(?:\.[0-9]*|(?=[eE])))(?:[eE][-+]?[0-9]+)?",
        "-+.0123456789",
    ),
    "tag:yaml.org,2002:merge": (r"<<", "<"),
}
for _tag, (_pattern, _first) in _PLAIN.items():
    for _class in (_Loader, _Dumper):
        _class.add_implicit_resolver(_tag, re.compile(f"^(?:{_pattern})$"), list(_first))


#: What YAML takes for ends of lines beside a line feed, and reads as a blank or drops, unless it is escaped.
_FOLDED = re.compile("[\x85\u2028\u2029]")


def _text(dumper: _Dumper, text: str) -> yaml.ScalarNode:
    style = '"' if _FOLDED.search(text) else "|" if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)


@dataclass
class Document:
    """A file's value.

    Parameters
    ----------
    path : Path
        The file.
    value : Any
        What it holds: JSON.
    lines : dict
        For each member, by its path as `notifications[0].name`: its line, and whether its text begins on the next one.
    """

    path: Path
    value: Any
    lines: dict[str, tuple[int, bool]] = field(default_factory=dict)

    def place(self, member: str, line: int | None = None) -> str:
        """Return the file and the line of a member, or of the nearest one that holds it.

        Parameters
        ----------
        member : str
            Its path.
        line : int, optional
            The line inside its text, from 1.
        """
        while member and member not in self.lines:
            member = re.sub(r"(?:^|\.)[^.\[]*$|\[\d+\]$", "", member, count=1)
            line = None
        found = self.lines.get(member)
        if found is None:
            return str(self.path)
        first, block = found
        inside = (line or 1) - 1
        return f"{self.path}:{first + inside + (1 if block and line else 0)}"


def read(path: Path) -> Document:
    """Read a file.

    Raises
    ------
    Mistake
        If it cannot be read, or is not what its name says; with the line.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise Mistake(f"{path}: cannot be read: {error}") from error
    if path.suffix == JSON:
        try:
            value = json.loads(text, object_pairs_hook=lambda pairs: _members(path, pairs), parse_constant=_no_number)
        except json.JSONDecodeError as error:
            raise Mistake(f"{path}:{error.lineno}: is no JSON: {error.msg}") from error
        except (ValueError, RecursionError) as error:
            raise Mistake(f"{path}: is no JSON: {error}") from error
        try:
            # Nearly all JSON is YAML as well. What is not, for its tabs, has no lines.
            return Document(path, value, _lines(yaml.compose(text, _Loader)))
        except (yaml.YAMLError, RecursionError):
            return Document(path, value)
    return _read_yaml(path, text)


def _read_yaml(path: Path, text: str) -> Document:
    try:
        node = yaml.compose(text, _Loader)
        _check_members(path, node, set())
        value = yaml.load(text, _Loader)  # noqa: S506 - a SafeLoader
        json.dumps(value, allow_nan=False)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = f":{mark.line + 1}" if mark else ""
        raise Mistake(f"{path}{line}: is no YAML: {error.problem or error.context}") from error
    except (yaml.YAMLError, TypeError, ValueError, RecursionError) as error:
        raise Mistake(f"{path}: holds what JSON has not: {error}") from error
    return Document(path, value, _lines(node))


def as_yaml(value: Any) -> str:
    """Return a value as YAML, in its own order."""
    text: str = yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=10**9)
    return text


def as_json(value: Any) -> str:
    """Return a value as JSON, in its own order."""
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def _no_number(name: str) -> Any:
    raise ValueError(f"{name} is no number")


def _members(path: Path, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise Mistake(f"{path}: has {twice!r} twice in one object")
    return found


def _check_members(path: Path, node: yaml.Node | None, above: set[int]) -> None:
    """Refuse mappings with a member twice, of which YAML takes the last in silence, and with keys that are no text."""
    if node is None or id(node) in above:
        return
    above = above | {id(node)}
    if isinstance(node, yaml.SequenceNode):
        for each in node.value:
            _check_members(path, each, above)
    if isinstance(node, yaml.MappingNode):
        seen = set()
        for key, value in node.value:
            place = f"{path}:{key.start_mark.line + 1}"
            if key.tag == "tag:yaml.org,2002:merge":
                _check_members(path, value, above)
                continue
            if key.tag != "tag:yaml.org,2002:str":
                raise Mistake(f"{place}: the name of a member must be text: put it in quotes")
            if key.value in seen:
                raise Mistake(f"{place}: has {key.value!r} twice in one object")
            seen.add(key.value)
            _check_members(path, value, above)


def _lines(node: yaml.Node | None) -> dict[str, tuple[int, bool]]:
    found: dict[str, tuple[int, bool]] = {}

    def note(node: yaml.Node, member: str, line: int, depth: int) -> None:
        block = isinstance(node, yaml.ScalarNode) and node.style in ("|", ">")
        found[member] = (line, block)
        if depth > 50:  # An alias may hold itself.
            return
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                if isinstance(key, yaml.ScalarNode):
                    name = f"{member}.{key.value}" if member else str(key.value)
                    note(value, name, key.start_mark.line + 1, depth + 1)
        elif isinstance(node, yaml.SequenceNode):
            for index, value in enumerate(node.value):
                note(value, f"{member}[{index}]", value.start_mark.line + 1, depth + 1)

    if node is not None:
        note(node, "", node.start_mark.line + 1, 0)
    return found
