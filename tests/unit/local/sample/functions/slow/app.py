"""Takes longer than it may."""

import time
from typing import Any


def handler(event: dict[str, Any], context: Any) -> str:
    time.sleep(30)
    return "too late"
