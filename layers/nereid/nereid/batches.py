"""The records of a batch: in which order they are handled, so that a bad one costs no other, and which failed.

A record that takes long is bounded, and a team whose records do comes after the others. A record whose function is
killed, for want of memory or time, takes its whole batch back to the queue with it, and nothing tells which of them it
was. So those that came back like that are handled apart: one of them a run, when all others are done and off the
queue. See docs/adr/0028-what-one-record-may-cost.md.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any, NamedTuple, Protocol, Self

from cachetools import TTLCache

from nereid.core.time_limit import seconds_spent
from nereid.errors import Unavailable
from nereid.ports.clock import Clock
from nereid.ports.messaging import APART, Redelivery

#: A record that nobody gave back comes again after six times its function's time-out; any that somebody gave back does
#: much sooner.
_UNTOUCHED_FOR = 5
#: From how long on the content of a record is slow, and how long its team comes last after that, in seconds.
_SLOW_SECONDS, _LAST_FOR = 0.5, 600
#: Teams whose content took long lately, as far as this process knows.
_slow_teams: TTLCache[str, bool] = TTLCache(1000, _LAST_FOR)
#: How much is begun before it is finished: so much takes some seconds.
_MOST_BEGUN = 100
#: Our records begin with their team.
_TEAM = re.compile(r'"team_id"\s*:\s*"([^"]*)"')


class Record(NamedTuple):
    """A record of a queue, of what Lambda tells of it.

    Parameters
    ----------
    id
        What Lambda calls it.
    queue
        The queue's ARN.
    handle
        What the queue calls this receipt of it.
    tries
        How often it was received, this time included.
    first_tried
        When it was received first, in milliseconds since 1970; None if that is not told.
    is_apart
        Whether it is one that was put back to be handled alone.
    """

    id: str
    queue: str
    handle: str
    body: str
    tries: int
    first_tried: int | None
    is_apart: bool

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> Self:
        """Return a record of an event.

        Source: https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html
        """
        attributes = given["attributes"]
        first = attributes.get("ApproximateFirstReceiveTimestamp")
        return cls(
            given["messageId"],
            given["eventSourceARN"],
            given["receiptHandle"],
            given["body"],
            int(attributes["ApproximateReceiveCount"]),
            None if first is None else int(first),
            APART in (given.get("messageAttributes") or {}),
        )


class Begun(Protocol):
    """What was begun of a record, and is finished together with others."""

    @property
    def rest(self) -> Sequence[Any]:
        """What is to be finished."""
        ...

    @property
    def failure(self) -> Exception | None:
        """How a part of the record failed already."""
        ...


class _Nothing(NamedTuple):
    rest: Sequence[Any] = ()
    failure: Exception | None = None


#: Finishes what was begun of records; returns how each failed, None if it did not, and how many seconds its content
#: took.
Finish = Callable[[Sequence[Sequence[Any]]], Sequence[tuple[Exception | None, float]]]


class Rounds:
    """Records that are begun one by one, and finished some at a time.

    Parameters
    ----------
    begin
        Begins with a record.
    finish
        Finishes what was begun.
    """

    def __init__(self, begin: Callable[[Record], Begun | None], finish: Finish) -> None:
        self._begin = begin
        self._finish = finish
        self._begun: list[tuple[str, Begun]] = []
        self._failures: dict[str, Exception] = {}

    @property
    def is_full(self) -> bool:
        """Whether so much was begun that it is to be finished first."""
        return sum(len(begun.rest) for _, begun in self._begun) >= _MOST_BEGUN

    def begin(self, record: Record) -> None:
        """Begin with a record."""
        try:
            begun = self._begin(record) or _Nothing()
        except Exception as error:  # noqa: BLE001 - raised when it ends
            begun = _Nothing(failure=error)
        self._begun.append((record.id, begun))

    def finish(self) -> dict[str, float]:
        """Finish all that was begun; return how many seconds the content of each record took, by the records' ids."""
        finished = self._finish([begun.rest for _, begun in self._begun])
        seconds: dict[str, float] = {}
        for (name, begun), (failure, took) in zip(self._begun, finished, strict=True):
            first = begun.failure or failure
            if first is not None:
                self._failures[name] = first
            seconds[name] = took
        self._begun = []
        return seconds

    def end(self, record: Record) -> None:
        """Raise what a record failed by, if it did."""
        failure = self._failures.pop(record.id, None)
        if failure is not None:
            raise failure


class Batch:
    """A batch of a queue.

    Parameters
    ----------
    handle
        Handles a record; it raises what the record fails by.
    redelivery
        Puts records back; None leaves them where they are, and the order is all that is done.
    seconds
        How long the function may run.
    rounds
        What finishes records together; None if each is handled by itself.
    """

    def __init__(
        self,
        records: Sequence[Record],
        handle: Callable[[Record], None],
        redelivery: Redelivery | None,
        clock: Clock,
        seconds: float,
        rounds: Rounds | None = None,
    ) -> None:
        self.records = records
        self._handle = handle
        self._redelivery = redelivery
        self._clock = clock
        self._untouched_for = _UNTOUCHED_FOR * seconds
        self._rounds = rounds
        self._done: list[Record] = []
        self._failed: list[Record] = []

    def process(self) -> list[str]:
        """Handle all records; return the ids of those that failed."""
        suspects = [record for record in self.records if self._is_suspect(record)]
        suspects.sort(key=lambda record: -record.tries)
        self._in_turn([record for record in self.records if record not in suspects])
        if self._redelivery is not None and (len(self.records) > len(suspects) or len(suspects) > 1):
            self._put_apart(suspects[1:], self._redelivery)
            suspects = suspects[:1]
            if suspects:
                self._remove_done(self._redelivery)
        self._in_turn(suspects)
        return [record.id for record in self._failed]

    def _is_suspect(self, record: Record) -> bool:
        """Tell whether a record may be what its function was killed by."""
        if record.is_apart:
            return True
        again = record.tries - 1
        if again < 1 or record.first_tried is None:
            return False
        return self._clock.now().timestamp() - record.first_tried / 1000 >= again * self._untouched_for

    def _in_turn(self, records: Sequence[Record]) -> None:
        """Handle records in their order, those of a team behind the others if its content took long lately."""
        waiting, begun = list(records), dict[str, tuple[Record, float]]()
        while waiting:
            record = waiting.pop(min(range(len(waiting)), key=lambda index: _team(waiting[index]) in _slow_teams))
            before = seconds_spent()
            if self._rounds is None:
                self._try(self._handle, record)
                _note_time(record, seconds_spent() - before)
                continue
            self._rounds.begin(record)
            begun[record.id] = record, seconds_spent() - before
            if self._rounds.is_full or not waiting:
                self._end(self._rounds, begun)
                begun.clear()

    def _end(self, rounds: Rounds, begun: Mapping[str, tuple[Record, float]]) -> None:
        """End records that were begun, each given with how many seconds its content took so far."""
        seconds = rounds.finish()
        for name, (record, took) in begun.items():
            _note_time(record, took + seconds.get(name, 0.0))
            self._try(self._handle, record)

    def _try(self, handle: Callable[[Record], None], record: Record) -> None:
        """Handle a record, and keep whether it failed; how it failed is told where it is handled."""
        try:
            handle(record)
        except Exception:  # noqa: BLE001 - whatever it is, the other records are handled
            self._failed.append(record)
        else:
            self._done.append(record)

    def _put_apart(self, records: Sequence[Record], redelivery: Redelivery) -> None:
        for record in records:
            self._try(lambda one: redelivery.put_back(one.queue, one.body, apart=True), record)

    def _remove_done(self, redelivery: Redelivery) -> None:
        """Take what is done off the queue, which Lambda does only after the last record."""
        if self._done:
            with suppress(Unavailable):
                redelivery.remove(self._done[0].queue, [record.handle for record in self._done])


def _note_time(record: Record, seconds: float) -> None:
    if seconds >= _SLOW_SECONDS:
        _slow_teams[_team(record)] = True


def _team(record: Record) -> str:
    found = _TEAM.search(record.body)
    return found[1] if found else ""
