"""When a function's process looks for garbage."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from nereid import loading
from nereid.logs import identify


@pytest.fixture(autouse=True)
def _in_a_function(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "Any")
    yield
    gc.enable()
    gc.unfreeze()


def is_looking(**environment: str) -> bool:
    """Tell whether a process with these variables alone looks for garbage when it has loaded the layer's package."""
    code = "import gc, nereid; print(gc.isenabled())"
    given = {"PYTHONPATH": os.pathsep.join(sys.path), **environment}
    done = subprocess.run([sys.executable, "-c", code], env=given, check=True, capture_output=True, text=True)
    return done.stdout.strip() == "True"


def test_a_function_that_is_loaded_does_not_look_for_garbage() -> None:
    assert not is_looking(AWS_LAMBDA_FUNCTION_NAME="Any")


def test_any_other_process_looks_for_garbage_as_ever() -> None:
    assert is_looking()


def test_an_invocation_looks_for_garbage_but_not_in_what_was_loaded() -> None:
    loading.begin()
    identify(None)
    assert gc.isenabled()
    assert gc.get_freeze_count() > 0


def test_only_the_first_invocation_sets_apart_what_was_loaded() -> None:
    loading.begin()
    identify(None)
    before = gc.get_freeze_count()
    kept = [[each] for each in range(100)]
    identify(None)
    assert len(kept) == 100
    assert gc.get_freeze_count() <= before
