"""Metrics: lines of the log that CloudWatch makes numbers of (its embedded metric format).

Such a line costs no call and needs no permission. Its dimensions are few and name no team, environment or person:
every combination of their values is a series of its own, and each is paid for.
"""

from collections import Counter

from nereid.logs import unexpected

#: The counter of each outcome of a delivery; any other outcome is a failure.
ENDINGS: dict[str, tuple[str, ...]] = {
    "success": ("DeliveriesSucceeded",),
    "provider": ("DeliveriesFailed",),
    "template": ("DeliveriesFailed", "TemplatesFailed"),
    "suppressed": ("DeliveriesSuppressed",),
    "limited": ("DeliveriesLimited",),
    "no_contact": ("DeliveriesWithoutContact",),
    "no_provider": ("DeliveriesWithoutProvider",),
    "mocked": ("DeliveriesMocked",),
}
#: Where one of them is written, the other is as well, even if 0: a rate divides by their sum.
_RATE = ("DeliveriesSucceeded", "DeliveriesFailed")


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
                _write(channel, counts)
        except Exception as error:  # noqa: BLE001 - no delivery fails because it was not counted
            unexpected(error, "metrics not written")


def write_sweep(oldest_pending_seconds: float, messages: int, deliveries_repaired: int, lag_seconds: float) -> None:
    """Write the metrics of a run of the sweeper."""
    from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit

    metrics = EphemeralMetrics()
    metrics.add_metric("OldestPendingSeconds", MetricUnit.Seconds, oldest_pending_seconds)
    metrics.add_metric("MessagesSwept", MetricUnit.Count, messages)
    metrics.add_metric("DeliveriesRepaired", MetricUnit.Count, deliveries_repaired)
    metrics.add_metric("SweepLagSeconds", MetricUnit.Seconds, lag_seconds)
    metrics.flush_metrics()


def write_expired(profiles: int) -> None:
    """Write how many profiles a run of the sweeper has deleted."""
    from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit

    metrics = EphemeralMetrics()
    metrics.add_metric("ProfilesExpired", MetricUnit.Count, profiles)
    metrics.flush_metrics()


def _write(channel: str, counts: Counter[str]) -> None:
    from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit

    names = [*_RATE, *counts] if counts.keys() & set(_RATE) else [*counts]
    metrics = EphemeralMetrics()
    metrics.add_dimension("channel", channel)
    for name in dict.fromkeys(names):
        metrics.add_metric(name, MetricUnit.Count, counts[name])
    metrics.flush_metrics()
