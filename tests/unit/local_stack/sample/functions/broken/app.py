"""Always fails."""

from typing import Any


def handler(_event: dict[str, Any], _context: Any) -> None:
    raise ValueError("this sample is meant to fail")
