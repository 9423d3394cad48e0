"""The frame around every queue consumer: each record on its own, and only the failed ones come again."""

import math
import random
from collections.abc import Callable
from typing import Any, TypeVar

from pydantic import BaseModel

from nereid.batches import Batch, Begun, Finish, Record, Rounds
from nereid.clock import SystemClock
from nereid.core.messaging.failure_notes import FailureNoter
from nereid.errors import TryAgain, Unavailable
from nereid.logs import identify, is_traced, logger, origin, unexpected
from nereid.metrics import DeliveryCounts
from nereid.ports.clock import Clock
from nereid.ports.messaging import Redelivery

#: Returns how many seconds the function may still run.
SecondsLeft = Callable[[], float]
#: What of a record is to be finished with others; None if it is done.
Unfinished = Begun | None
Model = TypeVar("Model", bound=BaseModel)


def consume(
    event: dict[str, Any],
    context: Any,
    handle: Callable[[str, SecondsLeft], Unfinished],
    redelivery: Redelivery | None = None,
    failure_noter: FailureNoter | None = None,
    *,
    seconds_per_record: int = 12,
    counts: DeliveryCounts | None = None,
    clock: Clock | None = None,
    finish: Finish | None = None,
) -> Any:
    """Handle the records of a queue's event; return which failed, as Lambda wants to know.

    Parameters
    ----------
    handle
        Handles one record's body, in the time that is left. An exception puts the record back on the queue, and
        in the end, after the queue's last try, on the dead-letter queue.
    redelivery
        Where to say how long a record that asks for it waits; None leaves it to the queue.
    failure_noter
        Notes why a record failed for the last time; None leaves that to the log.
    seconds_per_record
        How long one record may take. It is not begun with less time left, and goes back to its queue as if it was
        never handed over: being stopped in the middle is what leaves outcomes unknown.
    counts
        The counts of the records; written once, when all were handled.
    clock
        The time, by which records are told that came back because their function ended; None for the system's.
    finish
        Finishes what `handle` began of several records, in fewer calls than each by itself would take; it returns how
        each failed, and how many seconds its content took. None if `handle` does all.
    """
    identify(context)
    if is_traced():
        from nereid import spans

        handle = spans.record(handle)

    def seconds_left() -> float:
        return float(context.get_remaining_time_in_millis()) / 1000

    def begin(record: Record) -> Unfinished:
        logger.append_keys(record=record.id)
        if seconds_left() < seconds_per_record:
            _put_back(record, redelivery)
            return None
        return handle(record.body, seconds_left)

    rounds = Rounds(begin, finish) if finish is not None else None

    def handle_record(record: Record) -> None:
        logger.append_keys(record=record.id)
        try:
            if rounds is None:
                begin(record)
            else:
                rounds.end(record)
        except Exception as error:
            reason, pause = _judge(error, record.tries)
            if failure_noter is not None:
                failure_noter.failed(record.id, record.tries, reason)
            if redelivery is not None and pause is not None:
                redelivery.again_in(record.queue, record.handle, pause)
            raise

    records = [Record.of(given) for given in event["Records"]]
    batch = Batch(records, handle_record, redelivery, clock or SystemClock(), seconds_left(), rounds)
    try:
        return {"batchItemFailures": [{"itemIdentifier": name} for name in batch.process()]}
    finally:
        logger.remove_keys(["record"])
        if counts is not None:
            counts.write()


def read(model: type[Model], body: str) -> Model:
    """Return a record that one of our functions wrote to a queue.

    Raises
    ------
    pydantic.ValidationError
        For a member that the model lacks, too, at any depth. A newer release wrote it, of which this function is not
        yet, or not any more: without the member, work would be dropped. The record comes again instead.
    """
    return model.model_validate_json(body, extra="forbid")


def _judge(error: Exception, tries: int) -> tuple[str, int | None]:
    """Log a failure; return the reason in words and how long the record waits, None for the queue's own time-out."""
    match error:
        case TryAgain():
            return f"still pending: {error.reason}", error.seconds
        case Unavailable():
            logger.warning("store or queue unavailable", extra={"error": str(error)})
            return f"store or queue unavailable: {error}", _pause_seconds(tries)
    unexpected(error, "record failed")
    return f"failed: {origin(error)}", None


def _pause_seconds(tries: int) -> int:
    """Return how long a record waits for a store or queue: up to 10, 40, 160, 640 seconds, then a quarter of an hour.

    Each has a moment of its own: what a busy partition refused would be refused together again.
    """
    longest = min(900.0, 10.0 * 4.0 ** (tries - 1))
    return math.ceil(random.uniform(0.5, 1) * longest)  # noqa: S311 - no secret


def _put_back(record: Record, redelivery: Redelivery | None) -> None:
    if redelivery is None:
        raise TryAgain(1, "no time was left for it")
    redelivery.put_back(record.queue, record.body)
