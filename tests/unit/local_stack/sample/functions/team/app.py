"""Makes the team of the sample product."""

from typing import Any


def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    return {"team": {"id": "t", "name": event["name"]}, "api_token": "sample-token"}
