"""Client keys: `pk_` may be shipped in an app, `sk_` may not. The store knows their hashes."""

import hashlib
import re
import uuid
from typing import Literal

_PREFIX = {"public": "pk_", "secret": "sk_"}
#: The prefixes of client keys; the rest is opaque to those who hold them.
PREFIXES = tuple(_PREFIX.values())
_FORM = re.compile("[ps]k_[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def mint(scope: Literal["public", "secret"]) -> str:
    """Return a new key with 122 random bits."""
    return f"{_PREFIX[scope]}{uuid.uuid4()}"


def can_be_key(text: str) -> bool:
    """Tell whether `mint` can have made a text; what it cannot have made needs no look-up."""
    return _FORM.fullmatch(text) is not None


def hash_key(key: str) -> str:
    """Return the form in which a key is stored and looked up.

    A plain SHA-256, because a key is random: there is nothing to guess that a slow hash would protect.
    """
    return hashlib.sha256(key.encode()).hexdigest()
