"""Takes longer than it may."""

import time
from typing import Any


def handler(_event: dict[str, Any], _context: Any) -> str:
    time.sleep(30)
    return "too late"
