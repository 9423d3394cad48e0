"""Every five minutes: set messages and deliveries going again that got stuck."""

from typing import Any

from nereid.errors import Unavailable
from nereid.logs import identify
from nereid.metrics import write_sweep
from nereid.runtime import runtime

#: How much time a run leaves for what it has begun, in milliseconds.
_MARGIN = 60_000


def handler(_event: dict[str, Any], context: Any) -> None:
    """Sweep; whatever the event says, the schedule is all that it means."""
    identify(context)
    done = runtime.sweeper.sweep(lambda: context.get_remaining_time_in_millis() > _MARGIN)
    write_sweep(done.oldest_pending.total_seconds(), done.messages, done.repaired)
    if done.failed:
        raise Unavailable(f"{len(done.failed)} environments were not swept")
