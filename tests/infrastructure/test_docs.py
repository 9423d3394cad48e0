"""What can be set or called is described."""

from __future__ import annotations

import re

import pytest

from tests.infrastructure import stack
from tools import generate

DOCUMENTS = [stack.ROOT / "README.md", *sorted((stack.ROOT / "docs").glob("*.md"))]
TEXT = "\n".join(path.read_text(encoding="utf-8") for path in DOCUMENTS)
TARGETS = re.findall(r"^([a-z-]+):.*## ", (stack.ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
VARIABLES = {variable for function in stack.functions() for variable in stack.environment(function)}
LOCAL = {
    name
    for path in (stack.ROOT / "local").rglob("*.py")
    for name in re.findall(r'"(NEREID_[A-Z_]+|PORT)"', path.read_text(encoding="utf-8"))
}


def is_mentioned(name: str) -> bool:
    """Return whether the name stands in the documents as a word of its own."""
    return re.search(r"(?<![\w-])" + re.escape(name) + r"(?![\w/{-])", TEXT) is not None


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


@pytest.mark.parametrize("path", sorted({path for _, path in stack.routes() if path != "$default"}))
def test_a_route_is_described(path: str) -> None:
    assert is_mentioned(path)


@pytest.mark.parametrize("file", sorted(generate.GENERATED))
def test_a_generated_file_is_up_to_date(file: str) -> None:
    assert (stack.ROOT / file).read_text(encoding="utf-8") == generate.GENERATED[file](), "run `make generate`"
