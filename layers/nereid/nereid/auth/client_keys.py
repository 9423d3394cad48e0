"""Client keys: `pk_` may be shipped in an app, `sk_` may not. The store knows their hashes."""

import hashlib
import uuid
from typing import Literal

_PREFIX = {"public": "pk_", "secret": "sk_"}
#: The prefixes of client keys; the rest is opaque.
PREFIXES = tuple(_PREFIX.values())


def mint(scope: Literal["public", "secret"]) -> str:
    """Return a new key with 122 random bits."""
    return f"{_PREFIX[scope]}{uuid.uuid4()}"


def hash_key(key: str) -> str:
    """Return the form in which a key is stored and looked up.

    A plain SHA-256, because a key is random: there is nothing to guess that a slow hash would protect.
    """
    return hashlib.sha256(key.encode()).hexdigest()
