"""How much the messages of public keys send within an hour: whoever has the app could send any number of them.

A delivery is counted once, just before it is handed over, in the transaction that notes on its record that it is
counted. So neither a job that comes again nor a run at the same time counts it twice, and none is refused for its own
count. See docs/adr/0033-public-keys.md.
"""

from dataclasses import dataclass

from nereid.models.addresses import comparable
from nereid.models.delivery import DeliveryJob
from nereid.ports.clock import Clock
from nereid.ports.messaging import HourlyCounts, HourlyLimit

#: The reason of a delivery that is over a limit.
LIMITED = "limited"


@dataclass(frozen=True)
class HourlyLimiter:
    """Holds the deliveries of public keys' messages to the limits of their environment."""

    counts: HourlyCounts
    clock: Clock

    def is_reached(self, job: DeliveryJob) -> bool:
        """Tell whether a limit of a job is known to be used up; where there is none, no store is asked."""
        limits = limits_of(job)
        return bool(limits) and self.counts.are_used_up(job.scope, limits, self.clock.now())

    def takes(self, job: DeliveryJob, token: str) -> bool:
        """Count a claimed delivery; False if a limit is used up.

        Raises
        ------
        TryAgain
            If another run has claimed it meanwhile.
        Unavailable
            If the store failed.
        """
        limits = limits_of(job)
        return not limits or self.counts.count(job, token, limits, self.clock.now())


def limits_of(job: DeliveryJob) -> list[HourlyLimit]:
    """Return the limits that a delivery is held to."""
    if job.limits is None or job.mock:  # in a mock environment nothing is handed over
        return []
    hourly, channel = job.limits.hourly, job.notification.channel
    address = comparable(job.recipient.type, job.recipient.value)
    match channel:
        case "email":
            return [HourlyLimit("email_address", address, hourly.emails_per_address)]
        case "sms":
            return [
                HourlyLimit("sms_address", address, hourly.sms_per_address),
                HourlyLimit("sms_key", job.limits.key_id, hourly.sms_per_key),
            ]
    return []
