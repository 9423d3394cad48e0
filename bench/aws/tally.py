"""What the calls of an operation add up to."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass
class Tally:
    """What was asked of AWS.

    Parameters
    ----------
    calls
        How often each operation was called, such as `dynamodb:GetItem`.
    read, written, indexed
        Capacity units: read, written to tables, written to indexes.
    sent
        Bytes of the requests' bodies.
    chunks
        Requests that SQS bills for what was sent: one for each 64 KiB of a call.
    """

    calls: Counter[str] = field(default_factory=Counter)
    read: float = 0.0
    written: float = 0.0
    indexed: float = 0.0
    sent: int = 0
    chunks: int = 0

    @classmethod
    def of(cls, values: dict[str, Any]) -> Tally:
        """Return a tally that travelled as JSON."""
        return cls(**{**values, "calls": Counter(values["calls"])})

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON holds it."""
        return {**asdict(self), "calls": dict(sorted(self.calls.items()))}

    def of_service(self, *services: str) -> int:
        """Return how many calls services got."""
        return sum(count for name, count in self.calls.items() if name.partition(":")[0] in services)

    @property
    def total(self) -> int:
        """All calls."""
        return sum(self.calls.values())
