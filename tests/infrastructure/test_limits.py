"""docs/limits.md says what the code and the template say."""

from __future__ import annotations

import importlib
import re
from datetime import timedelta
from typing import Any, NamedTuple, get_args

import pytest

from tests.infrastructure import stack

PAGE = (stack.ROOT / "docs" / "limits.md").read_text(encoding="utf-8")
_SECONDS = {"s": 1, "minutes": 60, "hours": 3600, "days": 86400}


class Row(NamedTuple):
    """A limit as the page has it."""

    what: str
    limit: str
    sources: list[str]


def rows() -> list[Row]:
    """Give the rows that say where their limit stands: their last cell has nothing but names."""
    found = []
    for line in PAGE.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        sources = re.findall(r"`([\w.()]+)`", cells[-1])
        if line.startswith("|") and sources and ", ".join(f"`{name}`" for name in sources) == cells[-1]:
            found.append(Row(cells[0], cells[1], sources))
    return found


def bound(hint: Any) -> Any:
    """Return what is the most that a type or a field allows, if it says so."""
    for attribute in ("le", "max_length"):
        if getattr(hint, attribute, None) is not None:
            return getattr(hint, attribute)
    inner = [*getattr(hint, "metadata", ()), *get_args(getattr(hint, "annotation", hint))]
    # What the bound of an item says is not that of the list.
    return next((most for one in reversed(inner) if (most := bound(one)) is not None), None)


def stands(source: str) -> Any:
    """Return what a name of the page stands for: a parameter, a property of a resource, or something of the code."""
    first, *rest = source.split(".")
    if source in stack.written()["Parameters"]:
        return stack.written()["Parameters"][source]["Default"]
    if first in stack.written()["Resources"]:
        found = stack.written()["Resources"][first]["Properties"]
        for name in rest:
            found = found[name]
        return found
    return in_code(source.split("."))


def in_code(path: list[str]) -> Any:
    """Return a constant, or the most that a type, or a field of a model, allows."""
    module, length = None, 0
    for length in range(len(path), 0, -1):
        try:
            module = importlib.import_module("nereid." + ".".join(path[:length]))
        except ModuleNotFoundError:
            continue
        break
    assert module, path
    found: Any = module
    for name in path[length:]:
        if name.endswith("()"):
            # The model with its defaults.
            found = getattr(found, name.removesuffix("()"))()
        elif isinstance(found, type) and hasattr(found, "model_fields"):
            found = found.model_fields[name]
        else:
            found = getattr(found, name)
    return found if isinstance(found, int | float | timedelta) else bound(found)


def numbers(row: Row) -> set[float]:
    """Return the numbers of a row's limit, as they stand and in seconds."""
    shown = re.findall(r"(\d[\d,]*(?:\.\d+)?)(?: (s|minutes|hours|days)\b)?", re.sub(r"\(.*?\)", "", row.limit))
    found = {float(number.replace(",", "")) for number, _ in shown}
    return found | {float(number.replace(",", "")) * _SECONDS[unit] for number, unit in shown if unit}


def test_the_page_has_limits() -> None:
    assert len(rows()) > 90


@pytest.mark.parametrize("row", rows(), ids=lambda row: row.what)
def test_a_limit_is_what_it_says(row: Row) -> None:
    for source in row.sources:
        value = stands(source)
        seconds = value.total_seconds() if isinstance(value, timedelta) else value
        assert seconds is not None, source
        assert float(seconds) in numbers(row), (source, value)


#: What no caller meets: another name of one that is there, and bounds of work that another limit holds first.
INTERNAL = {
    "core.templates.render.MAX_OUTPUT",
    "dialects.manage.frame.MAX_SORT_KEY_BYTES",
    "core.templates.sandbox.MAX_HTML",
    "core.templates.sandbox.MAX_UNKNOWN",
}


def test_a_limit_of_the_code_is_on_the_page() -> None:
    sources = {source for row in rows() for source in row.sources}
    root = stack.ROOT / "layers/nereid/nereid"
    named = {
        ".".join([*path.relative_to(root).with_suffix("").parts, name])
        for path in root.rglob("*.py")
        for name in re.findall(r"^(MAX_\w+)\b[^(\n]* =", path.read_text(encoding="utf-8"), re.MULTILINE)
    }
    assert len(named) > 40
    assert named - sources - INTERNAL == set()


def test_a_parameter_with_a_number_is_on_the_page() -> None:
    sources = {source for row in rows() for source in row.sources}
    # How long alarms and logs are kept off, and bursts, are matters of their own pages.
    elsewhere = {"ApiBurstLimit", "AuthBurstLimit", "PublicBurstLimit", "FeedbackWindowSeconds"}
    numbered = {name for name, one in stack.written()["Parameters"].items() if one["Type"] == "Number"}
    assert numbered - sources - elsewhere == set()
