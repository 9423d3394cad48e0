"""HTML taken apart."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from nereid.core import markup


@given(st.text("<>ab \n\r='\"!-/", max_size=200))
def test_breaks_are_all_that_is_added(text: str) -> None:
    added = markup.with_breaks(text)
    assert added.replace("<br>\n", "").replace("\r", "").replace("\n", "") == text.replace("\r", "").replace("\n", "")
