"""Keep to the provider's rate: hand-overs of all sandboxes together take turns, so that the provider refuses few.

A single delivery is handed over at once and costs nothing more. Full batches mean that many are waiting, and a refusal
means that there are too many: then a batch books its turns in a schedule that all sandboxes share, by one write, and
waits for them inside the function. What waits is not received meanwhile, so the queue stays fair. A batch whose turn
would come after the end of the function, and everything while the provider is closed, goes back to the queue.
See docs/adr/0024-pace.md.
"""

import random
import time
from collections import deque
from collections.abc import Callable
from datetime import datetime, timedelta

from nereid.models.event_type import Priority
from nereid.ports.clock import Clock
from nereid.ports.messaging import Busy, Schedule

#: A batch of so many records is what the queue hands over if more are waiting.
FULL_BATCH = 10
#: How long a sandbox books its turns after a refusal.
CAREFUL = timedelta(minutes=1)
#: How long nothing is handed over once the provider has said that the day's quota is used up, or that the account may
#: not send. Source of the first: https://docs.aws.amazon.com/ses/latest/dg/manage-sending-quotas-errors.html
CLOSED_FOR = {"quota": timedelta(minutes=10), "account": timedelta(minutes=2)}


class Pace:
    """The turns of one sandbox.

    Parameters
    ----------
    reserve
        How many seconds of the function's time are left to the hand-over itself.
    """

    def __init__(self, schedule: Schedule, clock: Clock, reserve: float) -> None:
        self._schedule = schedule
        self._clock = clock
        self._reserve = reserve
        self._records = 0
        #: Until when batches are begun carefully, and whether this one is: it stays so to its end.
        self._careful_until: datetime | None = None
        self._careful = False
        self._turns: deque[datetime] = deque()
        self._closed: Busy | None = None

    def begin(self, records: int) -> None:
        """Begin a batch of so many records; turns that the last one left are forgotten."""
        self._records = records
        self._turns.clear()
        now = self._clock.now()
        if records >= FULL_BATCH:
            self._be_careful(now)
        self._careful = self._careful_until is not None and now < self._careful_until

    def turn(self, lane: Priority, seconds_left: Callable[[], float]) -> Busy | None:
        """Wait until the next hand-over may be made; return why it cannot be made by this run, or None.

        Parameters
        ----------
        seconds_left
            Returns how long the function may still run.

        Raises
        ------
        Unavailable
            If the schedule could not be read or written.
        """
        now = self._clock.now()
        if self._closed is not None and now < self._closed.until:
            return self._closed
        self._records -= 1
        if not self._careful:
            return None
        if not self._turns:
            busy = self._book(lane, seconds_left)
            if busy is not None:
                return busy
        turn = self._turns.popleft()
        # The provider's yes to this one may take its time, and so may the table's.
        if (turn - self._clock.now()).total_seconds() > seconds_left() - self._reserve:
            return Busy(turn, "rate")
        _sleep((turn - self._clock.now()).total_seconds())
        return None

    def refused(self, busy: Busy) -> None:
        """Learn that the provider did not take something, and until when it is likely not to."""
        if busy.stopped_by == "rate":
            self._be_careful(self._clock.now())
        elif busy.stopped_by in CLOSED_FOR:
            self._closed = busy
            self._schedule.close(busy)

    def _be_careful(self, now: datetime) -> None:
        self._careful_until = now + CAREFUL
        self._careful = True

    def _book(self, lane: Priority, seconds_left: Callable[[], float]) -> Busy | None:
        """Book turns for the rest of the batch; if there are none in time, try once more later."""
        busy = self._try_to_book(lane, seconds_left)
        if busy is not None and busy.stopped_by == "rate":
            # Of random length, so that those who wait for room do not all ask for it at once.
            _sleep(random.uniform(0, seconds_left() - self._reserve - 1))  # noqa: S311 - no secret
            busy = self._try_to_book(lane, seconds_left)
        return busy

    def _try_to_book(self, lane: Priority, seconds_left: Callable[[], float]) -> Busy | None:
        now = self._clock.now()
        rate = self._schedule.rate(lane, now)
        spare = max(0.0, seconds_left() - self._reserve)
        count = max(1, min(self._records + 1, int(spare * rate)))
        latest = now + timedelta(seconds=max(0.0, spare - count / rate))
        booked = self._schedule.book(lane, count, now, latest)
        if isinstance(booked, Busy):
            if booked.stopped_by != "rate":
                self._closed = booked
            return booked
        self._turns.extend(booked + timedelta(seconds=number / rate) for number in range(count))
        return None


def _sleep(duration: float) -> None:
    if duration > 0:
        time.sleep(duration)
