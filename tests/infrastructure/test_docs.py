"""What can be set or called is described."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.infrastructure import stack
from tools import generate

DOCUMENTS = [*sorted(stack.ROOT.glob("*.md")), *sorted((stack.ROOT / "docs").rglob("*.md"))]
TEXT = {path: path.read_text(encoding="utf-8") for path in DOCUMENTS}
TARGETS = re.findall(r"^([a-z-]+):.*## ", (stack.ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
VARIABLES = {variable for function in stack.functions() for variable in stack.environment(function)}
LOCAL = {
    name
    for path in (stack.ROOT / "local_stack").rglob("*.py")
    for name in re.findall(r'"(NEREID_[A-Z_]+|PORT)"', path.read_text(encoding="utf-8"))
}


def is_mentioned(name: str, *, generated: bool = True) -> bool:
    """Return whether the name stands in the documents as a word of its own."""
    pattern = re.compile(r"(?<![\w-])" + re.escape(name) + r"(?![\w/{-])")
    read = [
        text for path, text in TEXT.items() if generated or str(path.relative_to(stack.ROOT)) not in generate.GENERATED
    ]
    return any(pattern.search(text) for text in read)


@pytest.mark.parametrize("target", TARGETS)
def test_a_make_target_is_described(target: str) -> None:
    assert is_mentioned(f"make {target}")


@pytest.mark.parametrize("parameter", sorted(stack.written()["Parameters"]))
def test_a_parameter_is_described(parameter: str) -> None:
    assert stack.written()["Parameters"][parameter]["Description"]
    assert is_mentioned(parameter)


@pytest.mark.parametrize("variable", sorted(VARIABLES | LOCAL))
def test_an_environment_variable_is_described(variable: str) -> None:
    assert is_mentioned(variable)


def documented(function: str, path: str) -> str:
    """Return the path under which an endpoint is described: one of several that are the same."""
    return re.sub(r"^/v1/(api/)?", "/api/", path) if function.startswith("Neptie") else path


PATHS = {documented(function, path) for (_, path), function in stack.routes().items() if path != "$default"}


@pytest.mark.parametrize("path", sorted(PATHS))
def test_a_route_is_described_by_somebody(path: str) -> None:
    assert is_mentioned(path.replace("+}", "}"), generated=False)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(stack.ROOT)))
def test_a_link_leads_somewhere(document: Path) -> None:
    for link in re.findall(r"\]\(([^)#\s]+)[^)]*\)", TEXT[document]):
        assert "://" in link or (document.parent / link).exists(), link


@pytest.mark.parametrize("file", sorted(generate.GENERATED))
def test_a_generated_file_is_up_to_date(file: str) -> None:
    assert (stack.ROOT / file).read_text(encoding="utf-8") == generate.GENERATED[file](), "run `make generate`"
