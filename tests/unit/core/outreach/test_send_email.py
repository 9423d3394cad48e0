"""Which texts can be the id of a lead or campaign."""

from __future__ import annotations

import pytest

from nereid.core.outreach.send_email import _is_id


@pytest.mark.parametrize(
    ("text", "possible"), [("a" * 36, True), ("a" * 35, False), ("a" * 37, False), ("é" * 36, False), ("", False)]
)
def test_an_id_has_thirty_six_plain_characters(text: str, possible: bool) -> None:  # noqa: FBT001
    assert _is_id(text) is possible
