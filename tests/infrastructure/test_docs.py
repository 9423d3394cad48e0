"""What can be set or called is described."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess

import pytest
import typer

from nereid_cli import main
from tests.infrastructure import stack
from tests.support import guides
from tools import generate

DOCUMENTS = [*sorted(stack.ROOT.glob("*.md")), *sorted((stack.ROOT / "docs").rglob("*.md"))]
TEXT = {path: path.read_text(encoding="utf-8") for path in DOCUMENTS}
MAKEFILE = (stack.ROOT / "Makefile").read_text(encoding="utf-8")
TARGETS = re.findall(r"^([a-z-]+):.*## ", MAKEFILE, re.MULTILINE)
VARIABLES = {variable for function in stack.functions() for variable in stack.environment(function)}
LOCAL = {
    name
    for path in (stack.ROOT / "local_stack").rglob("*.py")
    for name in re.findall(r'"((?:NEREID|LOCAL)_[A-Z_]+|PORT)"', path.read_text(encoding="utf-8"))
}


def is_mentioned(name: str, *, generated: bool = True) -> bool:
    """Return whether the name stands in the documents as a word of its own."""
    pattern = re.compile(r"(?<![\w-])" + re.escape(name) + r"(?![\w/{-])")
    read = [
        text for path, text in TEXT.items() if generated or str(path.relative_to(stack.ROOT)) not in generate.GENERATED
    ]
    return any(pattern.search(text) for text in read)


def test_a_make_target_is_described() -> None:
    assert TARGETS
    assert [target for target in TARGETS if not is_mentioned(f"make {target}")] == []


def test_a_parameter_is_described() -> None:
    parameters = stack.written()["Parameters"]
    assert [name for name, one in parameters.items() if not one["Description"] or not is_mentioned(name)] == []


def test_an_environment_variable_is_described() -> None:
    assert [variable for variable in sorted(VARIABLES | LOCAL) if not is_mentioned(variable)] == []


def documented(function: str, path: str) -> str:
    """Return the path under which an endpoint is described: one of several that are the same."""
    return re.sub(r"^/v1/(api/)?", "/api/", path) if function.startswith("Neptie") else path


def test_a_route_is_described_by_somebody() -> None:
    routes = {path: function for (_, path), function in stack.routes().items() if function != "PublicNotFound"}
    paths = {documented(function, path) for path, function in routes.items()}
    assert [path for path in sorted(paths) if not is_mentioned(path.replace("+}", "}"), generated=False)] == []


def test_a_link_leads_somewhere() -> None:
    links = [(path, link) for path in DOCUMENTS for link in re.findall(r"\]\(([^)#\s]+)[^)]*\)", TEXT[path])]
    assert links
    assert [(path, link) for path, link in links if "://" not in link and not (path.parent / link).exists()] == []


#: Those whose blocks are commands for somebody to follow; tests/e2e/test_guides.py runs what needs no deployed stack.
GUIDES = ["README.md", *(f"docs/how-to/{path.name}" for path in sorted((stack.ROOT / "docs/how-to").glob("*.md")))]


@pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not installed")
@pytest.mark.parametrize("name", GUIDES)
def test_a_guides_commands_are_good_shell(name: str) -> None:
    script = "\n".join(block.text for block in guides.blocks(name) if block.language in ("sh", "bash"))
    assert script
    shell = shutil.which("bash") or "bash"
    checked = subprocess.run([shell, "-n"], input=script, capture_output=True, text=True, check=False)
    assert checked.stderr == ""


def test_guides_name_targets_and_commands_that_there_are() -> None:
    commands = typer.main.get_command(main.app).commands  # type: ignore[attr-defined]
    lines = [
        shlex.split(line, comments=True)
        for name in GUIDES
        for block in guides.blocks(name)
        if block.language in ("sh", "bash")
        for line in block.text.splitlines()
        if re.match(r"\s*(make|(\.venv/bin/)?nereid) ", line)
    ]
    assert lines
    for program, *words in lines:
        if program == "make":
            variables = {word.partition("=")[0] for word in words if "=" in word}
            assert set(words) - {word for word in words if "=" in word} <= set(TARGETS), words
            assert {name for name in variables if name not in MAKEFILE} == set(), words
        else:
            options = {one for parameter in commands[words[0]].params for one in parameter.opts}
            assert {word for word in words if word.startswith("--")} <= options, words


@pytest.mark.parametrize("name", generate.GENERATED)
def test_a_generated_file_is_up_to_date(name: str) -> None:
    text = (stack.ROOT / name).read_text(encoding="utf-8")
    assert text == generate.GENERATED[name](), "run `make generate`"
