"""The time, as the core asks for it."""

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """The time."""

    def now(self) -> datetime:
        """Return the current time, aware, in UTC."""
        ...
