"""Queries of the Client API."""

from __future__ import annotations

import base64

import pytest

from nereid.dialects.client import bodies
from nereid.dialects.client.checks import Refused


def encoded(position: str) -> str:
    return base64.urlsafe_b64encode(position.encode()).decode().rstrip("=")


def test_a_cursor_names_a_position() -> None:
    position = "2026-01-31T09:30:00.000Z#191df352-5eb6-4e92-a0a2-912a485eb7c7"
    assert bodies.cursor({"cursor": encoded(position)}) == position
    assert bodies.cursor({}) is None


@pytest.mark.parametrize("cursor", ["a", encoded("x" * 257), encoded("é" * 129), encoded("x" * 2000)])
def test_what_can_be_no_position_is_refused(cursor: str) -> None:
    with pytest.raises(Refused):
        bodies.cursor({"cursor": cursor})
