"""What the template tells the functions is what the code asks for."""

from __future__ import annotations

from nereid.settings import Settings
from tests.infrastructure import stack

# Read by libraries, or by our logs as they read theirs, rather than by what works with settings.
LIBRARIES = {"LOG_LEVEL", "POWERTOOLS_SERVICE_NAME", "POWERTOOLS_METRICS_NAMESPACE", "TRACING"}

ASKED = {name.upper() for name in Settings.model_fields}
TOLD = {variable for function in stack.functions() for variable in stack.environment(function)}


def test_the_template_tells_nothing_that_nobody_asks_for() -> None:
    assert TOLD - LIBRARIES <= ASKED


def test_the_code_asks_for_nothing_that_the_template_does_not_tell() -> None:
    assert ASKED <= TOLD


def test_every_function_is_told_what_libraries_read() -> None:
    for function in stack.functions():
        assert stack.environment(function).keys() >= LIBRARIES


def test_every_setting_says_what_it_is_for() -> None:
    assert [name for name, field in Settings.model_fields.items() if not field.description] == []
