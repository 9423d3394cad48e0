"""Reads the logs of a local stack for what must not be in them: addresses, what opens something, texts of bodies."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

#: Lines that a function wrote; what it raised follows on lines of their own, which begin with a blank or a name.
_FUNCTION = re.compile(r"^\[[A-Z]\w+\] ")
#: Lines of the local stack itself, on the terminal of a developer: requests with their paths, warnings, the welcome.
_OWN = re.compile(r"^(?:[A-Z]+ \S+ \d{3} \d+ ms|local: |Nereid is ready|  [A-Z]|curl |Say what|Stopped)")
_PATTERNS = {
    "an e-mail address": re.compile(r"[\w.+'-]+@[\w-]+\.[\w.-]+"),
    "a phone number": re.compile(r"\+\d{7,15}\b"),
    "a token": re.compile(r"\beyJ[\w-]{8,}\.[\w-]*"),
    "a client key": re.compile(r"\b[ps]k_[\w-]{20,}"),
    "a refresh token": re.compile(r"\brt_[\w-]{20,}"),
    "a hash of a password": re.compile(r"\$argon2"),
    "an authorization": re.compile(r"\b(?:Bearer|Basic) [\w.=-]{8,}"),
}
#: Members of bodies that are ids or words of the product; all other texts are somebody's own.
_IDS = frozenset(
    {
        *("user_id", "message_id", "event_type", "environment", "external_id", "anonymous_id", "event", "id"),
        *("type", "channel", "lead_id", "lead_ids", "campaign_id", "identifier", "default_environment", "scope", "_id"),
        *(
            "permissions",
            "event_name",
            "status",
            "provider",
            "timezone",
            "locale",
            "tone",
            "when",
            "retry",
            "bounce_type",
        ),
        *("provider_message_id", "os", "ua", "filterable", "reason", "queue", "failure_type", "feedback_type"),
    }
)
#: Shortest text that is looked for: shorter ones stand in log lines by chance.
_SHORTEST = 8


def texts_of(body: Any) -> Iterator[str]:
    """Yield the texts of a body that no log may hold."""
    if isinstance(body, bytes):
        try:
            body = json.loads(body)
        except (ValueError, RecursionError):  # no JSON, or deeper than anything that is taken
            return
    if isinstance(body, dict):
        for name, value in body.items():
            if name not in _IDS or isinstance(value, dict):
                yield from texts_of(value)
    elif isinstance(body, list):
        for value in body:
            yield from texts_of(value)
    elif isinstance(body, str) and len(body) >= _SHORTEST:
        yield body


def of_functions(printed: str) -> list[str]:
    """Return the lines that functions wrote."""
    found = []
    inside = False
    for line in printed.splitlines():
        inside = bool(_FUNCTION.match(line)) or (inside and not _OWN.match(line))
        if inside:
            found.append(line)
    return found


def leaks(printed: str, texts: Iterable[str]) -> list[str]:
    """Return what stands in the functions' lines and must not, each with its line."""
    lines = of_functions(printed)
    found = [f"{what}: {line}" for line in lines for what, pattern in _PATTERNS.items() if pattern.search(line)]
    whole = "\n".join(lines)
    return found + [f"a text of a body: {text!r}" for text in texts if text in whole]
