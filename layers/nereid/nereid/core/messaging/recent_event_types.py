"""Event types as they were read lately: every message needs its event type, and all of a name need the same."""

from cachetools import TTLCache

from nereid.models.event_type import EventType
from nereid.models.team import Scope
from nereid.ports.clock import Clock
from nereid.ports.messaging import EventTypeReader

#: How much is kept, in bytes of JSON; an event type has 400 KB at most. What was not asked for longest goes first.
_KEPT_BYTES = 16_000_000
#: What an entry counts beside its text.
_ENTRY_BYTES = 1024
#: How long it is believed that there is no event type of a name, at most, and of how many names. Most events of many
#: tenants make no notification at all; and whoever makes an event type wants to see it work.
_ABSENT_SECONDS, _ABSENT_NAMES = 1.0, 4096


class RecentEventTypes:
    """Implements `nereid.ports.messaging.EventTypeReader`, keeping what it has read for a bounded time.

    Parameters
    ----------
    cache_seconds
        How long an answer of the store is believed, in seconds; 0 asks every time.
    """

    def __init__(self, event_types: EventTypeReader, clock: Clock, *, cache_seconds: float) -> None:
        self._event_types = event_types

        def now() -> float:
            return clock.now().timestamp()

        self._known: TTLCache[tuple[Scope, str], EventType] = TTLCache(_KEPT_BYTES, cache_seconds, now, _size)
        self._absent: TTLCache[tuple[Scope, str], bool] = TTLCache(
            _ABSENT_NAMES, min(cache_seconds, _ABSENT_SECONDS), now
        )

    def get(self, scope: Scope, event_type: str) -> EventType | None:
        """Return one event type as it was at most `cache_seconds` ago, or None if there was none a second ago."""
        key = (scope, event_type)
        known = self._known.get(key)
        if known is not None or key in self._absent:
            return known
        found = self._event_types.get(scope, event_type)
        if found is None:
            self._absent[key] = True
        else:
            self._known[key] = found
        return found


def _size(event_type: EventType) -> int:
    return _ENTRY_BYTES + len(event_type.model_dump_json())
