"""Metrics: lines of the log that CloudWatch makes numbers of (its embedded metric format).

Such a line costs no call and needs no permission. Its dimensions are few and name no team, environment or person:
every combination of their values is a series of its own, and each is paid for, in the hours that it has data in. So
what is 0 as long as all is well is not written then.
"""

from collections import Counter
from collections.abc import Mapping

from nereid.logs import logger, unexpected

#: The counter of each outcome of a delivery; any other outcome is a failure.
ENDINGS: dict[str, tuple[str, ...]] = {
    "success": ("DeliveriesSucceeded",),
    "provider": ("DeliveriesFailed",),
    "template": ("DeliveriesFailed",),
    "suppressed": ("DeliveriesSuppressed",),
    "limited": ("DeliveriesLimited",),
    "no_contact": ("DeliveriesWithoutContact",),
    "no_provider": ("DeliveriesWithoutProvider",),
    "mocked": ("DeliveriesMocked",),
}


class DeliveryCounts:
    """Counts how deliveries end, per channel, until they are written out together."""

    def __init__(self) -> None:
        self._channels: dict[str, Counter[str]] = {}

    def add(self, channel: str, ending: str) -> None:
        """Count a delivery that ended in one of the `ENDINGS`."""
        self._channels.setdefault(channel, Counter()).update(ENDINGS.get(ending, ("DeliveriesFailed",)))

    def write(self) -> None:
        """Write one line per channel with anything counted, and begin anew. Never raises: only numbers are lost."""
        channels, self._channels = self._channels, {}
        try:
            for channel, counts in channels.items():
                _write(counts, {"channel": channel})
        except Exception as error:  # noqa: BLE001 - no delivery fails because it was not counted
            unexpected(error, "metrics not written")


def write_sweep(
    oldest_pending_seconds: float,
    messages: int,
    deliveries_repaired: int,
    lag_seconds: float,
    dead_letters: Mapping[str, int],
) -> None:
    """Log a run of the sweeper, and write the metrics of what is wrong.

    Parameters
    ----------
    dead_letters
        How many letters each queue's dead-letter queue has.
    """
    logger.info(
        "swept",
        extra={
            "oldest_pending_seconds": round(oldest_pending_seconds),
            "messages": messages,
            "deliveries_repaired": deliveries_repaired,
            "lag_seconds": round(lag_seconds),
            "dead_letters": {queue: count for queue, count in dead_letters.items() if count},
        },
    )
    wrong = {
        "OldestPendingSeconds": oldest_pending_seconds,
        "DeliveriesRepaired": deliveries_repaired,
        "SweepLagSeconds": lag_seconds,
        "DeadLetters": sum(dead_letters.values()),
    }
    _write({name: value for name, value in wrong.items() if value}, {})


def write_expired(profiles: int) -> None:
    """Write how many profiles a run of the sweeper has deleted, if any."""
    if profiles:
        _write({"ProfilesExpired": profiles}, {})


def write_slow_ingest() -> None:
    """Count an answer to events that took long. Never raises: the events are on the queue."""
    try:
        _write({"SlowIngests": 1}, {})
    except Exception as error:  # noqa: BLE001 - no answer fails because it was not counted
        unexpected(error, "metrics not written")


def _write(values: Mapping[str, float], dimensions: Mapping[str, str]) -> None:
    if not values:
        return
    # Loading metrics takes longer than most functions need them.
    from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit

    metrics = EphemeralMetrics()
    for name, text in dimensions.items():
        metrics.add_dimension(name, text)
    for name, value in values.items():
        metrics.add_metric(name, MetricUnit.Seconds if name.endswith("Seconds") else MetricUnit.Count, value)
    metrics.flush_metrics()
