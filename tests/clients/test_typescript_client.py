"""A TypeScript client that is made of the description of a running stack: its types hold in a tour of all APIs."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.local_stack import LocalStack

HERE = Path(__file__).resolve().parent
#: What `tsc` compiles for, and as strictly as it can.
OPTIONS = ("--strict", "--noUncheckedIndexedAccess", "--skipLibCheck", "--module", "nodenext", "--target", "es2022")


def run(folder: Path, *command: str | Path) -> str:
    """Run a program; return what it prints, and fail with that if the program does."""
    done = subprocess.run(command, cwd=folder, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert done.returncode == 0, done.stdout
    return done.stdout


@pytest.fixture(scope="module")
def compiled(local_stack: LocalStack, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the client and the tour, checked and compiled."""
    npm = shutil.which("npm")
    if npm is None and not os.environ.get("CI"):
        pytest.skip("npm is not installed: the client in TypeScript is not tried")
    assert npm is not None, "npm is not installed"
    folder = tmp_path_factory.mktemp("typescript")
    for name in ("package.json", "package-lock.json", ".npmrc", "tour.ts"):
        shutil.copy(HERE / name, folder)
    run(folder, npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund")
    tools = folder / "node_modules" / ".bin"
    run(folder, tools / "openapi-typescript", f"{local_stack.base_url}/openapi.json", "--output", "nereid.d.ts")
    run(folder, tools / "tsc", *OPTIONS, "tour.ts")
    return folder


def test_a_tour_of_all_apis_is_answered_as_the_types_say(compiled: Path, local_stack: LocalStack) -> None:
    assert run(compiled, "node", "tour.js", json.dumps(local_stack.demo)).strip() == "20 answers"
