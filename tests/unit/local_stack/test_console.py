import json

import pytest

from local_stack.terminal import function_line


def line(**entry: object) -> str:
    return json.dumps({"timestamp": "t", "service": "s", "location": "f:1", **entry})


def test_a_warning_is_shown_with_its_details() -> None:
    text = function_line("F", line(level="WARNING", message="slow", seconds=3), verbose=False)
    assert text == "[F] WARNING slow seconds=3"


def test_an_exception_keeps_its_trace() -> None:
    text = function_line("F", line(level="ERROR", message="no", exception="Traceback\n  line"), verbose=False)
    assert text == "[F] ERROR no\nTraceback\n  line"


@pytest.mark.parametrize("text", [line(level="INFO", message="fine"), '{"_aws": {}}', "[INFO] fine", "  "])
def test_what_nobody_needs_is_hidden(text: str) -> None:
    assert function_line("F", text, verbose=False) is None


def test_everything_is_shown_on_demand() -> None:
    assert function_line("F", line(level="INFO", message="fine"), verbose=True) == "[F] INFO fine"


def test_plain_output_is_shown() -> None:
    assert function_line("F", "hello {\n", verbose=False) == "[F] hello {"
