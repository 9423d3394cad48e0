from __future__ import annotations

import struct
from pathlib import Path

import pytest

from tools import check_build

GOOD = struct.pack("<H2xI", check_build.MAGIC, check_build.UNCHECKED) + b"hash    code"


@pytest.fixture
def build(tmp_path: Path) -> Path:
    """Return a folder as `sam build` leaves it, with one module in each layer."""
    folder = tmp_path / "build"
    for layer in check_build.LAYERS:
        cache = folder / layer / "python" / "package" / "__pycache__"
        cache.mkdir(parents=True)
        (cache.parent / "module.py").write_text("")
        (cache / "module.cpython-313.pyc").write_bytes(GOOD)
    library(folder, "arm64")
    document(folder).parent.mkdir(parents=True)
    document(folder).write_text("{}")
    (tmp_path / "build.toml").write_text(
        '[layer_build_definitions.1]\nlayer_name = "DepsLayer"\narchitecture = "arm64"\n'
    )
    return folder


def library(build: Path, architecture: str) -> None:
    """Put a native library into the layer of packages."""
    header = b"\x7fELF" + bytes(14) + struct.pack("<H", check_build.MACHINES[architecture])
    (build / "DepsLayer" / "python" / "native.abi3.so").write_bytes(header)


def document(build: Path) -> Path:
    """Return the description of the APIs in our own layer."""
    return build / "NereidLayer/python/nereid/dialects/openapi.json"


def compiled(build: Path) -> Path:
    """Return the bytecode of our own layer's module."""
    return build / "NereidLayer/python/package/__pycache__/module.cpython-313.pyc"


def test_a_good_build_has_no_problems(build: Path) -> None:
    assert check_build.problems(build) == []


def test_a_module_without_bytecode_is_a_problem(build: Path) -> None:
    compiled(build).unlink()
    (problem,) = check_build.problems(build)
    assert problem.endswith("module.py: no bytecode")


def test_bytecode_of_another_python_is_a_problem(build: Path) -> None:
    compiled(build).write_bytes(struct.pack("<H2xI", 3495, check_build.UNCHECKED))
    (problem,) = check_build.problems(build)
    assert "another Python" in problem


@pytest.mark.parametrize("flags", [0, 0b11])
def test_bytecode_that_is_checked_against_its_source_is_a_problem(build: Path, flags: int) -> None:
    compiled(build).write_bytes(struct.pack("<H2xI", check_build.MAGIC, flags))
    (problem,) = check_build.problems(build)
    assert "check against the source" in problem


def test_a_library_for_another_machine_is_a_problem(build: Path) -> None:
    library(build, "x86_64")
    (problem,) = check_build.problems(build)
    assert problem.endswith("not built for arm64")


def test_a_layer_that_was_not_built_is_a_problem(build: Path) -> None:
    (build / "NereidLayer").rename(build / "Other")
    (problem,) = check_build.problems(build)
    assert problem.endswith("python: not there")


def test_a_layer_without_the_description_of_the_apis_is_a_problem(build: Path) -> None:
    document(build).unlink()
    (problem,) = check_build.problems(build)
    assert problem.endswith("openapi.json: not there")


def test_layers_that_are_too_large_are_a_problem(build: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(check_build, "LARGEST", 10)
    (problem,) = check_build.problems(build)
    assert problem.startswith("the layers have")
