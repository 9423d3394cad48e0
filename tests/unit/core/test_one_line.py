"""Texts of one line."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nereid.core.one_line import one_line


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("Aufträge\r\nheute", "Aufträge heute"),
        ("a\0\x1b\x7fb", "a b"),
        ("a\x85\u2028\u2029b", "a b"),
        ("a  b", "a  b"),
        (" \n東京\t", "東京"),
        ("\0", ""),
    ],
)
def test_control_characters_are_one_blank(text: str, line: str) -> None:
    assert one_line(text) == line


@given(st.text(max_size=100))
def test_any_text_becomes_one_line(text: str) -> None:
    assert len(one_line(text).splitlines()) <= 1
