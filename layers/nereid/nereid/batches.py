"""In which order the records of a batch are handled, so that a bad one costs the others nothing.

A record that takes long is bounded, and a team whose records do comes after the others. A record whose function is
killed, for want of memory or time, takes its whole batch back to the queue with it, and nothing tells which of them it
was. So those that came back like that are handled apart: one of them a run, when all others are done and off the
queue. See docs/adr/0028-what-one-record-may-cost.md.
"""

import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, NamedTuple, Protocol

from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
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


#: Finishes what was begun of records; returns how each failed, None if it did not.
Finish = Callable[[Sequence[Sequence[Any]]], Sequence[Exception | None]]


class Rounds:
    """Records that are begun one by one, and finished some at a time.

    Parameters
    ----------
    begin
        Begins with a record.
    finish
        Finishes what was begun.
    """

    def __init__(self, begin: Callable[[SQSRecord], Begun | None], finish: Finish) -> None:
        self._begin = begin
        self._finish = finish
        self._begun: list[tuple[str, Begun]] = []
        self._failures: dict[str, Exception] = {}

    @property
    def is_full(self) -> bool:
        """Whether so much was begun that it is to be finished first."""
        return sum(len(begun.rest) for _, begun in self._begun) >= _MOST_BEGUN

    def begin(self, record: SQSRecord) -> None:
        """Begin with a record."""
        try:
            begun = self._begin(record) or _Nothing()
        except Exception as error:  # noqa: BLE001 - raised when it ends
            begun = _Nothing(failure=error)
        self._begun.append((record.message_id, begun))

    def finish(self) -> None:
        """Finish all that was begun."""
        failures = self._finish([begun.rest for _, begun in self._begun])
        for (name, begun), failure in zip(self._begun, failures, strict=True):
            first = begun.failure or failure
            if first is not None:
                self._failures[name] = first
        self._begun = []

    def end(self, record: SQSRecord) -> None:
        """Raise what a record failed by, if it did."""
        failure = self._failures.pop(record.message_id, None)
        if failure is not None:
            raise failure


class Batch(BatchProcessor):
    """A batch of a queue.

    Parameters
    ----------
    redelivery
        Puts records back; None leaves them where they are, and the order is all that is done.
    seconds
        How long the function may run.
    rounds
        What finishes records together; None if each is handled by itself.
    """

    def __init__(
        self, redelivery: Redelivery | None, clock: Clock, seconds: float, rounds: Rounds | None = None
    ) -> None:
        super().__init__(event_type=EventType.SQS, raise_on_entire_batch_failure=False)
        self._redelivery = redelivery
        self._clock = clock
        self._untouched_for = _UNTOUCHED_FOR * seconds
        self._rounds = rounds

    def process(self) -> list[tuple[Any, ...]]:
        """Handle all records; return what became of each."""
        suspects = [record for record in self.records if self._is_suspect(SQSRecord(record))]
        suspects.sort(key=lambda record: -_tries(SQSRecord(record)))
        done = self._in_turn([record for record in self.records if record not in suspects])
        if self._redelivery is not None and (done or len(suspects) > 1):
            done += self._put_apart(suspects[1:], self._redelivery)
            suspects = suspects[:1]
            if suspects:
                self._remove_done(self._redelivery)
        return done + self._in_turn(suspects)

    def _is_suspect(self, record: SQSRecord) -> bool:
        """Tell whether a record may be what its function was killed by."""
        if APART in (record.get("messageAttributes") or {}):
            return True
        first = record.attributes.get("ApproximateFirstReceiveTimestamp")
        again = _tries(record) - 1
        if again < 1 or first is None:
            return False
        return self._clock.now().timestamp() - int(first) / 1000 >= again * self._untouched_for

    def _in_turn(self, records: Sequence[dict[str, Any]]) -> list[tuple[Any, ...]]:
        """Handle records in their order, those of a team behind the others if its content took long lately."""
        waiting, begun, done = list(records), [], []
        while waiting:
            record = waiting.pop(min(range(len(waiting)), key=lambda index: _team(waiting[index]) in _slow_teams))
            before = seconds_spent()
            begun.append(record)
            if self._rounds is not None:
                self._rounds.begin(SQSRecord(record))
            if self._rounds is None or self._rounds.is_full or not waiting:
                done += self._end(begun)
                begun = []
            if seconds_spent() - before >= _SLOW_SECONDS:
                _slow_teams[_team(record)] = True
        return done

    def _end(self, records: Sequence[dict[str, Any]]) -> list[tuple[Any, ...]]:
        if self._rounds is not None:
            self._rounds.finish()
        return [self._process_record(record) for record in records]

    def _put_apart(self, records: Sequence[dict[str, Any]], redelivery: Redelivery) -> list[tuple[Any, ...]]:
        handler = self.handler
        self.handler = lambda record: redelivery.put_back(record.event_source_arn, record.body, apart=True)
        try:
            return [self._process_record(record) for record in records]
        finally:
            self.handler = handler

    def _remove_done(self, redelivery: Redelivery) -> None:
        """Take what is done off the queue, which Lambda does only after the last record."""
        done: list[Any] = self.success_messages
        if done:
            with suppress(Unavailable):
                redelivery.remove(done[0]["eventSourceARN"], [record["receiptHandle"] for record in done])


def _tries(record: SQSRecord) -> int:
    return int(record.attributes.approximate_receive_count)


def _team(record: dict[str, Any]) -> str:
    found = _TEAM.search(record["body"])
    return found[1] if found else ""
