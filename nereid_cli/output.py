"""What commands print: for people, in colour on a terminal; or JSON for programs."""

from __future__ import annotations

import json
import sys
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

_STYLES = {
    "success": "green",
    "mocked": "green",
    "ok": "green",
    "created": "green",
    "pending": "yellow",
    "changed": "yellow",
    "unknown": "yellow",
    "failed": "red",
    "missing": "red",
    "deleted": "red",
    "no_contact": "red",
    "no_provider": "red",
}


def plain(text: str) -> str:
    """Return a text with its control characters made visible: what others sent cannot steer the terminal.

    Lines and tabs stay.
    """
    return "".join(each if each in "\n\t" or each.isprintable() else _visible(each) for each in text)


def _visible(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")


def out() -> Console:
    """Return what prints results."""
    return Console(file=sys.stdout, highlight=False, markup=False, emoji=False, soft_wrap=True)


def err() -> Console:
    """Return what prints what goes on beside the results."""
    return Console(file=sys.stderr, highlight=False, markup=False, emoji=False, soft_wrap=True)


def say(text: str, style: str = "") -> None:
    """Print a line of the result."""
    out().print(Text(plain(text), style))


def tell(text: str, style: str = "") -> None:
    """Print a line beside the result."""
    err().print(Text(plain(text), style))


def status(word: str) -> Text:
    """Return a status in its colour."""
    return Text(plain(word), _STYLES.get(word, ""))


def as_json(value: Any) -> None:
    """Print a value as JSON in several lines."""
    print(json.dumps(value, indent=2, ensure_ascii=False))


def as_line(value: Any) -> None:
    """Print a value as JSON in one line, at once."""
    print(json.dumps(value, ensure_ascii=False), flush=True)


def table(columns: list[str], rows: list[list[Any]]) -> None:
    """Print rows in columns; on a terminal, long cells are wrapped.

    Parameters
    ----------
    columns : list of str
        The heads.
    rows : list of list
        The cells: styled, or anything that is printed as its text; None is nothing.
    """
    drawn = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        drawn.add_column(column, overflow="fold")
    for row in rows:
        drawn.add_row(
            *(cell if isinstance(cell, Text) else Text("" if cell is None else plain(str(cell))) for cell in row)
        )
    console = Console(highlight=False, markup=False, emoji=False)
    if not console.is_terminal:
        # Nobody looks at a file through a window, so nothing is wrapped in it.
        console = Console(highlight=False, markup=False, emoji=False, width=1000)
    console.print(drawn)


def diff(lines: list[str]) -> None:
    """Print the lines of a unified diff."""
    styles = {"+": "green", "-": "red", "@": "cyan"}
    for line in lines:
        head = line.startswith(("+++", "---"))
        say(line, "bold" if head else styles.get(line[:1], ""))


def count(number: int, thing: str) -> str:
    """Return a number of things in words, as `1 event` and `1,200 events`."""
    return f"{number:,} {thing}" + ("" if number == 1 else "s")
