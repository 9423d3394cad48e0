"""Every five minutes: find stuck messages and deliveries and queue them again."""

from typing import Any

from nereid.errors import Unavailable
from nereid.logs import identify
from nereid.metrics import write_sweep
from nereid.runtime import runtime

#: How much time a run leaves for the work that it has begun, in milliseconds.
_MARGIN = 40_000


def handler(_event: dict[str, Any], context: Any) -> None:
    """Sweep. The event holds nothing but the schedule, and is not read."""
    identify(context)
    done = runtime.sweeper.sweep(lambda: context.get_remaining_time_in_millis() > _MARGIN)
    write_sweep(done.oldest_pending.total_seconds(), done.messages, done.repaired, done.lag.total_seconds())
    if done.failed:
        raise Unavailable(f"{len(done.failed)} environments were not swept")
