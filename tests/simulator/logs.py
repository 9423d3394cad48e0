"""Takes what the functions log: what must not stand there, and what says that something is wrong."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from tests.simulator.scheduler import current

if TYPE_CHECKING:
    from tests.simulator.journal import Journal

#: Addresses, phone numbers, push tokens, JSON web tokens, keys, and the texts that users are sent.
PRIVATE = re.compile(r"@[a-z0-9-]+\.example|\+1555\d{6}|push-token-|eyJ[A-Za-z0-9_-]{10,}|\b[ps]k_[0-9a-f]|\[n\d+\|")


class Sink:
    """A stream that keeps what matters of what is written to it."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    def write(self, text: str) -> int:
        """Look at a line."""
        if PRIVATE.search(text):
            self._journal.leaks.append(text.strip())
        if '"level":"ERROR"' in text:
            self._journal.errors.append((current(), json.loads(text)))
        elif "event discarded" in text:
            self._discarded(json.loads(text))
        return len(text)

    def _discarded(self, line: dict[str, Any]) -> None:
        place = line["team_id"], line["environment"], line["message_id"]
        self._journal.discarded.setdefault(place, set()).add(line["reason"])

    def flush(self) -> None:
        """Do nothing: nothing is held back."""
