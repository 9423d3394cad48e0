"""DynamoDB's values as they travel: bytes are base64 in JSON."""

from __future__ import annotations

import base64
from typing import Any


def decoded(value: Any) -> Any:
    """Return a value of a request with its binary parts as bytes."""
    if isinstance(value, list):
        return [decoded(each) for each in value]
    if not isinstance(value, dict):
        return value
    if len(value) == 1:
        # An attribute of one of these names would hold a dict.
        [(kind, content)] = value.items()
        if kind == "B" and isinstance(content, str):
            return {"B": base64.b64decode(content)}
        if kind == "BS" and isinstance(content, list):
            return {"BS": [base64.b64decode(each) for each in content]}
    return {name: decoded(member) for name, member in value.items()}


def encoded(value: Any) -> str:
    """Return what JSON has in place of something that it lacks: for `json.dumps`."""
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    raise TypeError(type(value).__name__)
