import pytest

from tools import bots


@pytest.mark.parametrize(
    ("pattern", "tags", "expected"),
    [
        ("Chrome-Lighthouse", ["monitoring"], ["chrome-lighthouse"]),
        (r"Example\/1\.0", ["search-engine"], ["example/1.0"]),
        ("libexample", ["search-engine", "http-library"], []),
        ("Feed-Example", ["feed-reader"], []),
        ("Examplebot", ["search-engine"], []),
        ("Short", ["search-engine"], []),
        ("[eE]xample-Engine", ["search-engine"], []),
    ],
)
def test_a_name_is_plain_text_of_a_bot_that_uses_pages_and_is_no_library(
    pattern: str, tags: list[str], expected: list[str]
) -> None:
    assert bots.names([{"pattern": pattern, "tags": tags}]) == expected


def test_the_module_keeps_the_notice_of_its_source() -> None:
    assert "# Copyright (c) 2017 Martin Monperrus" in bots.module()
