"""Passwords, as argon2id hashes. The library is imported at the first use: few functions know passwords."""

from functools import cache
from typing import TYPE_CHECKING
from unicodedata import normalize

if TYPE_CHECKING:
    from argon2 import PasswordHasher

#: The hash of a password that nobody has, made with the parameters below: verifying against it takes as long.
_NOBODY = "$argon2id$v=19$m=19456,t=2,p=1$mLmE0neNHxUoeyuPp3aD7w$tObOw9PU8U/AWGF0qVlzLD/oXwmnvmJSI6WwRiDnB0k"


@cache
def hasher() -> "PasswordHasher":
    """Return the hasher: argon2id with 19 MiB, two passes and one lane, as OWASP recommends at least."""
    from argon2 import PasswordHasher

    return PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1)


def hash_password(password: str) -> str:
    """Return the hash of a password that is stored: in NFC, since keyboards differ in how they write an accent."""
    return hasher().hash(normalize("NFC", password))


def verify_password(password: str, stored: str | None) -> bool:
    """Tell whether a password is the stored one; None, for nobody's, takes as long and is never it."""
    forms = dict.fromkeys([normalize("NFC", password), password])  # hashes of former versions are of what was typed
    return any(_is(form, stored or _NOBODY) for form in forms) and stored is not None


def _is(password: str, stored: str) -> bool:
    from argon2.exceptions import VerifyMismatchError

    try:
        return hasher().verify(stored, password)
    except VerifyMismatchError:
        return False
