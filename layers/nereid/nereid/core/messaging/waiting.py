"""Deliveries that their provider does not take now: how long they wait, what is said of it, and when it is enough."""

import math
import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from nereid.core.messaging.pace import CLOSED_FOR, Pace
from nereid.errors import ProviderBusy
from nereid.models.delivery import DeliveryJob
from nereid.ports.clock import Clock
from nereid.ports.messaging import Busy, DeliveryQueues, Outcome

#: The longest time until the next try: as long as SQS delays a job.
LONGEST_PAUSE = timedelta(minutes=15)
#: How much longer a used-up quota is waited out than any other refusal.
_QUOTA_PERIOD = timedelta(days=1)
#: What waits for a closed provider comes again in the course of this time after it opens, and not all at once.
_SPREAD = timedelta(minutes=1)
#: The shortest time until it is looked again whether a stopped team goes on.
_SHORTEST_STOP = timedelta(seconds=5)
#: What a pending delivery waits for, where no refusal says it: its job is in a queue, or in somebody's hands.
QUEUED = "waiting: queued"


class Wait(NamedTuple):
    """A delivery that is tried again later."""

    #: As it goes back to the queue.
    job: DeliveryJob
    seconds: int
    next_try_at: datetime
    #: What it waits for, in words.
    reason: str


@dataclass(frozen=True)
class Waiting:
    """How the deliveries of one channel wait.

    Parameters
    ----------
    patience
        How long a delivery is tried again after the provider refused it first.
    """

    pace: Pace
    queues: DeliveryQueues
    clock: Clock
    patience: timedelta

    def begin(self, records: int) -> None:
        """Begin a batch of so many jobs."""
        self.pace.begin(records)

    def turn(self, job: DeliveryJob, seconds_left: Callable[[], float]) -> Busy | None:
        """Wait for a job's turn; return why it does not come in the function's time, if it does not."""
        return self.pace.turn(job.notification.lane, seconds_left)

    def stopped(self, since: datetime) -> Busy:
        """Return until when a team's deliveries wait at first that is stopped: the longer, the longer it has been."""
        now = self.clock.now()
        return Busy(now + min(LONGEST_PAUSE, max(_SHORTEST_STOP, (now - since) / 4)), "team")

    def refused(self, job: DeliveryJob, error: ProviderBusy) -> Busy:
        """Learn that the provider did not take a job; return until when it is likely not to."""
        pause = CLOSED_FOR.get(error.stopped_by) or _pause(job.refusals + 1)
        busy = Busy(self.clock.now() + pause, error.stopped_by, error.code)
        self.pace.refused(busy)
        return busy

    def plan(self, job: DeliveryJob, busy: Busy) -> Wait | None:
        """Return how a job waits; None if it has waited for long enough."""
        now = self.clock.now()
        if busy.stopped_by == "team":  # what the provider said before it is over by the time that it is asked again
            job = job.model_copy(update={"refusals": 0, "refused_since": None, "refused_by": None})
        if busy.code is not None:  # waiting for a turn, with nothing said by the provider, is no refusal
            # What waited for the next day has been refused for nothing else yet.
            is_over = job.refused_by == "quota" and busy.stopped_by != "quota"
            since = now if job.refused_since is None or is_over else job.refused_since
            refused = {"refusals": job.refusals + 1, "refused_since": since, "refused_by": busy.stopped_by}
            job = job.model_copy(update=refused)
            patience = self.patience + (_QUOTA_PERIOD if busy.stopped_by == "quota" else timedelta())
            if now - since >= patience:
                return None
        until = _some_time_about(now, busy)
        if job.expires_at is not None:  # then it is ended, which somebody may be waiting for
            until = min(until, job.expires_at)
        seconds = max(1, math.ceil(min(until - now, LONGEST_PAUSE).total_seconds()))
        return Wait(job, seconds, now + timedelta(seconds=seconds), waiting_for(busy))

    def put_back(self, wait: Wait) -> None:
        """Have a job handed over again when it has waited."""
        self.queues.put_back(wait.job, wait.seconds)


def waiting_for(busy: Busy) -> str:
    """Return what a pending delivery waits for, in words."""
    if busy.stopped_by == "team":
        return "waiting: team is stopped"
    if busy.stopped_by in ("rate", "quota"):
        return f"waiting: provider {busy.stopped_by}"
    return f"waiting: provider: {busy.code}"


def gave_up(busy: Busy) -> Outcome:
    """Return how a delivery ends that has waited for long enough."""
    return Outcome("failed", f"gave up: provider: {busy.code}")


def _pause(refusals: int) -> timedelta:
    """Return how long a delivery waits after so many refusals, from 1: 1, 2, 4 ... seconds, and 15 minutes at most."""
    return min(LONGEST_PAUSE, timedelta(seconds=2 ** min(refusals - 1, 10)))


def _some_time_about(now: datetime, busy: Busy) -> datetime:
    """Return a moment of its own for each of many jobs that are told to wait until the same one."""
    chance = random.random()  # noqa: S311 - no secret
    if busy.stopped_by in CLOSED_FOR:
        return busy.until + chance * _SPREAD
    # Before the booked turns are over, so that there is always somebody to take the next.
    return now + (0.4 + 0.6 * chance) * (busy.until - now)
