"""What can be set or called is described."""

from __future__ import annotations

import re

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


@pytest.mark.parametrize("name", generate.GENERATED)
def test_a_generated_file_is_up_to_date(name: str) -> None:
    text = (stack.ROOT / name).read_text(encoding="utf-8")
    assert text == generate.GENERATED[name](), "run `make generate`"
