"""Client keys: `pk_` may be shipped in an app, `sk_` may not; `ut_` signs user tokens, and opens nothing itself.

The store knows the hashes of the first two, and encrypted what signs.
"""

import hashlib
import re
import uuid

from nereid.models.team import ClientKeyScope

_PREFIX: dict[ClientKeyScope, str] = {"public": "pk_", "secret": "sk_", "user_token": "ut_"}
#: The prefixes of the keys that open the Client API; the rest is opaque to those who hold them.
PREFIXES = (_PREFIX["public"], _PREFIX["secret"])
_FORM = re.compile("[ps]k_[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def mint(scope: ClientKeyScope) -> str:
    """Return a new key with 122 random bits; with 244, if it signs."""
    random = f"{uuid.uuid4().hex}{uuid.uuid4().hex}" if scope == "user_token" else str(uuid.uuid4())
    return f"{_PREFIX[scope]}{random}"


def can_be_key(text: str) -> bool:
    """Tell whether `mint` can have made a text; what it cannot have made needs no look-up."""
    return _FORM.fullmatch(text) is not None


def hash_key(key: str) -> str:
    """Return the form in which a key is stored and looked up.

    A plain SHA-256, because a key is random: there is nothing to guess that a slow hash would protect.
    """
    return hashlib.sha256(key.encode()).hexdigest()
