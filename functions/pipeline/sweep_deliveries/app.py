"""Every five minutes: queue again what is stuck, count dead letters, go on with erasures, and expire profiles."""

from typing import Any

from nereid.errors import Unavailable
from nereid.logs import identify, logger
from nereid.metrics import write_expired, write_sweep
from nereid.runtime import runtime

#: How much time a run leaves for the work that it has begun, in milliseconds.
_MARGIN = 40_000


def handler(_event: dict[str, Any], context: Any) -> None:
    """Sweep. The event holds nothing but the schedule, and is not read."""
    identify(context)

    def has_time() -> bool:
        return bool(context.get_remaining_time_in_millis() > _MARGIN)

    letters: dict[str, int] | None = None
    try:
        letters = runtime.letter_counts.each()
    except Unavailable as error:
        logger.warning("store or queue unavailable", extra={"error": str(error)})
    done = runtime.sweeper.sweep(has_time)
    write_sweep(
        done.oldest_pending.total_seconds(), done.messages, done.repaired, done.lag.total_seconds(), letters or {}
    )
    erased = [*runtime.eraser.erase(has_time), *runtime.user_eraser.erase_all(has_time)]
    expired = runtime.profile_expirer.expire(has_time)
    write_expired(expired.profiles)
    failed = {*done.failed, *erased, *expired.failed}
    if failed:
        raise Unavailable(f"{len(failed)} environments were not swept, not erased, or keep expired profiles")
    if letters is None:
        raise Unavailable("the dead letters were not counted")
