"""Runs what the template schedules with rate(...) or at(...). AWS knows cron(...) as well, the local stack does not."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from local_stack.template.deployment import RuleSpec
from local_stack.terminal import warn

_UNITS = {"minute": 60, "hour": 3600, "day": 86400}


class ScheduleError(Exception):
    """Raised when a schedule's expression cannot be read."""


def next_time(expression: str, after: datetime) -> datetime | None:
    """Find when a schedule is due next.

    Parameters
    ----------
    expression : str
        As in the template.
    after : datetime
        The moment to start from, in the schedule's time zone.

    Returns
    -------
    datetime or None
        None when it is never due again.

    Raises
    ------
    ScheduleError
        When the expression cannot be read, or is a cron expression.
    """
    if expression.startswith("cron("):
        raise ScheduleError(f"{expression} works in AWS only; the local stack knows rate(...) and at(...)")
    match = re.fullmatch(r"(rate|at)\((.*)\)", expression.strip())
    if not match:
        raise ScheduleError(f"{expression!r} is no schedule")
    kind, argument = match.group(1), match.group(2).strip()
    try:
        if kind == "rate":
            count, unit = argument.split()
            return after + timedelta(seconds=int(count) * _UNITS[unit.removesuffix("s")])
        moment = datetime.fromisoformat(argument).replace(tzinfo=after.tzinfo)
        return moment if moment > after else None
    except (ValueError, KeyError) as error:
        raise ScheduleError(f"{expression!r} cannot be read: {error}") from error


class Scheduler:
    """Triggers rules when their time comes.

    Parameters
    ----------
    rules : iterable of RuleSpec
        Those without a schedule are left alone.
    tick : callable
        Called with the rule that is due.
    """

    def __init__(self, rules: Iterable[RuleSpec], tick: Callable[[RuleSpec], None]) -> None:
        self._tick = tick
        self._stopping = threading.Event()
        self._due: dict[str, datetime] = {}
        self._rules = {rule.logical_id: rule for rule in rules if rule.schedule}
        for rule in self._rules.values():
            self._plan(rule)
        self._thread = threading.Thread(target=self._run, daemon=True, name="schedules")

    def start(self) -> None:
        """Begin to watch the clock, if there is anything to do."""
        if self._due:
            self._thread.start()

    def stop(self) -> None:
        """Trigger no more."""
        self._stopping.set()

    def _plan(self, rule: RuleSpec) -> None:
        self._due.pop(rule.logical_id, None)
        try:
            moment = next_time(rule.schedule or "", datetime.now(ZoneInfo(rule.timezone)))
        except (ScheduleError, KeyError, OSError) as error:
            warn(f"{rule.logical_id} is not run: {error}")
            return
        if moment:
            self._due[rule.logical_id] = moment.astimezone(UTC)

    def _run(self) -> None:
        while self._due:
            name = min(self._due, key=self._due.__getitem__)
            left = (self._due[name] - datetime.now(UTC)).total_seconds()
            # The clock may be set or the machine may sleep: look again now and then.
            if self._stopping.wait(max(0.0, min(left, 30.0))):
                return
            if left <= 0:
                rule = self._rules[name]
                self._plan(rule)
                try:
                    self._tick(rule)
                except Exception as error:  # noqa: BLE001 - the next tick may succeed
                    warn(f"{name}: {type(error).__name__}: {error}")
