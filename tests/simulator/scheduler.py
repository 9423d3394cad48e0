"""Runs many tasks side by side in one thread, each until it waits, in an order that is the same every time.

Time only passes when every task waits: then it is set to the next moment at which something is due.
"""

from __future__ import annotations

from collections.abc import Callable
from heapq import heappop, heappush
from typing import Any

from greenlet import getcurrent, greenlet

from tests.simulator.clock import Time


class Stopped(BaseException):
    """Ends a task where it stands; nothing that the product catches."""


class Task:
    """Something that goes on until it waits.

    Parameters
    ----------
    scheduler
        Who wakes it.
    body
        What it does.
    owner
        Whoever looks for the task that runs now finds this one's owner.
    """

    def __init__(self, scheduler: Scheduler, body: Callable[[], None], owner: Any = None) -> None:
        self._greenlet = greenlet(body, scheduler.hub)
        self._greenlet.owner = owner
        self._scheduler = scheduler
        #: Changes with every wait, so that an alarm that was set for an earlier one wakes nobody.
        self._wait = 0

    def sleep(self, micros: int) -> None:
        """Wait for some time; called by the task itself."""
        self._scheduler.after(micros, self._alarm())
        self._scheduler.hub.switch()

    def wait(self) -> Callable[[], None]:
        """Return what ends the next :meth:`suspend`, at once or later."""
        return self._alarm()

    def suspend(self) -> None:
        """Wait until it is woken; called by the task itself."""
        self._scheduler.hub.switch()

    def stop(self) -> None:
        """End the task where it waits; what it does to tidy up may not wait."""
        self._wait += 1
        self._greenlet.throw(Stopped)

    def _alarm(self) -> Callable[[], None]:
        self._wait += 1
        wait = self._wait

        def wake() -> None:
            if wait == self._wait and not self._greenlet.dead:
                self._wait += 1
                self._greenlet.switch()

        return wake


class Scheduler:
    """Does what is due, in order of time, and of arrival where that is equal."""

    def __init__(self, time: Time) -> None:
        self.time = time
        self.hub: Any = getcurrent()
        self._due: list[tuple[int, int, Callable[[], None]]] = []
        self._arrivals = 0

    def at(self, moment: int, action: Callable[[], None]) -> None:
        """Do something at a moment."""
        self._arrivals += 1
        heappush(self._due, (max(moment, self.time.now), self._arrivals, action))

    def after(self, micros: int, action: Callable[[], None]) -> None:
        """Do something some time from now."""
        self.at(self.time.now + micros, action)

    def start(self, body: Callable[[], None], owner: Any = None) -> Task:
        """Start a task, at once."""
        task = Task(self, body, owner)
        self.after(0, task.wait())
        return task

    def run(self, until: Callable[[], bool]) -> None:
        """Go on until nothing is due any more, or until something is true."""
        self.hub = getcurrent()
        while self._due and not until():
            self.step()

    def step(self) -> None:
        """Do the next thing that is due."""
        moment, _, action = heappop(self._due)
        self.time.now = moment
        action()


def current() -> Any:
    """Return the owner of the task that runs now; None outside of tasks."""
    return getattr(getcurrent(), "owner", None)
