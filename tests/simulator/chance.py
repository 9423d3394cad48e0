"""Chance without a state: what is drawn depends on the seed and on the name of the decision, on nothing before it.

So a decision comes out the same whatever else is left out of a run, which is what makes a failing run shrinkable,
and whatever order Python puts sets and hashes in.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from typing import TypeVar
from uuid import UUID

_Choice = TypeVar("_Choice")
_UNIT = float(1 << 64)


class Chance:
    """Draws by name.

    Parameters
    ----------
    seed
        Of the run.
    """

    def __init__(self, seed: int) -> None:
        self._key = str(seed).encode()[:64]

    def bits(self, name: str) -> int:
        """Return 64 bits."""
        return int.from_bytes(blake2b(name.encode(), digest_size=8, key=self._key).digest(), "big")

    def unit(self, name: str) -> float:
        """Return a number from 0 up to 1."""
        return self.bits(name) / _UNIT

    def between(self, name: str, low: int, high: int) -> int:
        """Return a whole number, both ends included."""
        return low + self.bits(name) % (high - low + 1)

    def choice(self, name: str, choices: Sequence[_Choice]) -> _Choice:
        """Return one of some things."""
        return choices[self.bits(name) % len(choices)]

    def happens(self, name: str, probability: float) -> bool:
        """Tell whether something of this probability happens."""
        return self.unit(name) < probability

    def uuid(self, name: str) -> UUID:
        """Return an identifier."""
        return UUID(bytes=blake2b(name.encode(), digest_size=16, key=self._key).digest(), version=4)
