"""Runs what the template schedules: rate(...), cron(...) and at(...)."""

from __future__ import annotations

import calendar
import re
import threading
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from local_stack.template.deployment import RuleSpec
from local_stack.terminal import warn

_UNITS = {"minute": 60, "hour": 3600, "day": 86400}
_MONTHS = {
    name: number
    for number, name in enumerate(
        ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"), 1
    )
}
_DAYS = {"SUN": 1, "MON": 2, "TUE": 3, "WED": 4, "THU": 5, "FRI": 6, "SAT": 7}
_SATURDAY = 7
_CRON_FIELDS = 6
_YEARS_AHEAD = 5


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
        When the expression cannot be read.
    """
    match = re.fullmatch(r"(rate|cron|at)\((.*)\)", expression.strip())
    if not match:
        raise ScheduleError(f"{expression!r} is no schedule")
    kind, argument = match.group(1), match.group(2).strip()
    try:
        if kind == "rate":
            count, unit = argument.split()
            return after + timedelta(seconds=int(count) * _UNITS[unit.removesuffix("s")])
        if kind == "at":
            moment = datetime.fromisoformat(argument).replace(tzinfo=after.tzinfo)
            return moment if moment > after else None
        return _next_cron(argument.upper().split(), after)
    except (ValueError, KeyError) as error:
        raise ScheduleError(f"{expression!r} cannot be read: {error}") from error


def _next_cron(fields: list[str], after: datetime) -> datetime | None:
    if len(fields) != _CRON_FIELDS:
        raise ValueError("it needs six fields")
    minutes = _values(fields[0], 0, 59, {})
    hours = _values(fields[1], 0, 23, {})
    months = _values(fields[3], 1, 12, _MONTHS)
    years = _values(fields[5], 1970, 2199, {})
    moment = (after + timedelta(minutes=1)).replace(second=0, microsecond=0)
    day = moment.replace(hour=0, minute=0)
    limit = day + timedelta(days=366 * _YEARS_AHEAD)
    while day < limit:
        if day.year in years and day.month in months and _day_fits(day, fields[2], fields[4]):
            for hour in sorted(hours):
                for minute in sorted(minutes):
                    candidate = day.replace(hour=hour, minute=minute)
                    if candidate >= moment:
                        return candidate
        day += timedelta(days=1)
    return None


def _values(field: str, low: int, high: int, names: dict[str, int]) -> set[int]:
    found: set[int] = set()
    for part in field.split(","):
        span, _, step = part.partition("/")
        if span in ("*", "?"):
            first, last = low, high
        elif "-" in span:
            first, last = (_number(end, names) for end in span.split("-"))
        else:
            first = _number(span, names)
            last = high if step else first
        found.update(range(first, last + 1, int(step or 1)))
    if not found <= set(range(low, high + 1)):
        raise ValueError(f"{field} is out of range")
    return found


def _number(text: str, names: dict[str, int]) -> int:
    return names[text] if text in names else int(text)


def _day_fits(day: datetime, of_month: str, of_week: str) -> bool:
    if of_week == "?" or (of_week == "*" and of_month != "?"):
        return _fits_month(day, of_month)
    # AWS counts Sunday as 1.
    weekday = day.isoweekday() % 7 + 1
    length = calendar.monthrange(day.year, day.month)[1]
    if "#" in of_week:
        name, _, nth = of_week.partition("#")
        return weekday == _number(name, _DAYS) and (day.day - 1) // 7 + 1 == int(nth)
    if of_week.endswith("L"):
        wanted = _number(of_week[:-1], _DAYS) if len(of_week) > 1 else _SATURDAY
        return weekday == wanted and (len(of_week) == 1 or day.day + 7 > length)
    return weekday in _values(of_week, 1, 7, _DAYS)


def _fits_month(day: datetime, field: str) -> bool:
    length = calendar.monthrange(day.year, day.month)[1]
    if field == "L":
        return day.day == length
    if field.endswith("W"):
        return day.day == _nearest_weekday(day, int(field[:-1]), length)
    return day.day in _values(field, 1, 31, {})


def _nearest_weekday(day: datetime, wanted: int, length: int) -> int:
    date = day.replace(day=min(wanted, length))
    if date.isoweekday() == 6:
        return date.day - 1 if date.day > 1 else date.day + 2
    if date.isoweekday() == 7:
        return date.day + 1 if date.day < length else date.day - 2
    return date.day


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
