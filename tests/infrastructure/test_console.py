"""The console's source: what it calls, what it is made of, and how much of it there is."""

from __future__ import annotations

import json
import re

from nereid.dialects.console import Files
from tests.infrastructure import stack

FOLDER = stack.ROOT / "functions" / "public" / "show_console" / "console"
SOURCES = {path.relative_to(FOLDER).as_posix(): path.read_text(encoding="utf-8") for path in FOLDER.rglob("*.*")}
MODULES = {name: text for name, text in SOURCES.items() if name.endswith(".js")}
DOCUMENT = json.loads((stack.ROOT / "docs" / "openapi.json").read_text(encoding="utf-8"))
OPERATIONS = {f"{method.upper()} {path}" for path, operations in DOCUMENT["paths"].items() for method in operations}
#: Of what the console has altogether, in bytes; what is served has no bound of its own.
LARGEST = 300_000


def called() -> dict[str, set[str]]:
    """Return the operations that are written in each module, but for those that the local stack alone has."""
    pattern = re.compile(r"[\"'`]((?:GET|POST|PUT|DELETE|PATCH|HEAD) [^\"'`$]*)")
    return {
        name: {operation for operation in pattern.findall(text) if not operation.split(" ")[1].startswith("/_local/")}
        for name, text in MODULES.items()
    }


def test_each_call_of_the_console_is_an_operation_of_the_api() -> None:
    assert set().union(*called().values())
    unknown = {name: operations - OPERATIONS for name, operations in called().items()}
    assert {name: operations for name, operations in unknown.items() if operations} == {}


def test_a_call_is_written_out_where_it_is_made() -> None:
    # Else the test above would not see it.
    calls = {
        name: re.findall(r"(?<![\w.])(?:call|local)\((?!operation\b)([^,)]*)", text) for name, text in MODULES.items()
    }
    odd = {
        name: [each for each in found if each.strip() and each.strip()[0] not in '"`'] for name, found in calls.items()
    }
    assert {name: found for name, found in odd.items() if found} == {}
    assert [
        name for name, text in MODULES.items() if "fetch(" in text and name not in ("js/api.js", "js/local.js")
    ] == []


def test_every_module_is_part_of_the_console() -> None:
    script = Files(FOLDER).contents["console.js"]
    assert [name for name in MODULES if f"// {name}\n" not in script] == []


def test_it_is_small() -> None:
    assert sum(len(text.encode()) for text in SOURCES.values()) <= LARGEST


def test_it_makes_markup_of_no_text_and_keeps_nothing_beyond_the_tab() -> None:
    forbidden = re.compile(
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|localStorage|cookie"
    )
    assert {name: forbidden.findall(text) for name, text in MODULES.items() if forbidden.search(text)} == {}


def test_it_asks_nobody_else() -> None:
    addresses = re.compile(r"https?://(?!www\.w3\.org/)[^\s\"'`)]+")
    found = {name: addresses.findall(text) for name, text in SOURCES.items()}
    assert {name: each for name, each in found.items() if each} == {}


def test_nothing_in_it_has_a_style_or_a_script_of_its_own() -> None:
    # The policy would refuse them.
    for name in ("index.html", "mail.html"):
        assert not re.search(r"<style|\bstyle=|\son\w+=|<script(?! type=\"module\" src=)", SOURCES[name]), name
    assert [name for name, text in MODULES.items() if re.search(r"[{,]\s*style:", text)] == []
