"""Always fails."""

from typing import Any


def handler(event: dict[str, Any], context: Any) -> None:
    raise ValueError("this sample is meant to fail")
