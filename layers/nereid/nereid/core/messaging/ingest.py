"""Take events in: put them on the queue, and promise nothing before they are there."""

from collections.abc import Mapping, Sequence
from typing import Any

from nereid import jsontext
from nereid.logs import note_ingest
from nereid.models.message import EventBatch, Message, Operation
from nereid.models.team import Environment, Scope
from nereid.ports.messaging import MessageQueue

#: Largest batch on the queue, in bytes: SQS takes 1 MiB.
MAX_BATCH_BYTES = 900_000
#: The characters of JSON that SQS does not take as they are, and how many bytes more each takes as an escape.
_ESCAPED, _ESCAPED_BYTES = ("\ufffe", "\uffff"), 3
#: Most operations in one queue message: processing ten such messages, as many as one run gets, takes half a minute
#: at 30 ms each, which is half the time that the run has.
MAX_BATCH_OPERATIONS = 100


def ingest(queue: MessageQueue, environment: Environment, messages: Sequence[Message]) -> None:
    """Queue the messages of one request, in as few queue messages as they fit in.

    Raises
    ------
    Unavailable
        If the queue did not take all of them. Some may have been taken, so the caller repeats the request with
        the same message ids; a message that is queued twice is processed once.
    """
    _send(queue, list(_batches(environment, messages)))


def ingest_operations(queue: MessageQueue, scope: Scope, operations: Sequence[Operation]) -> None:
    """Queue the operations of one request, in order, in as few queue messages as they fit in.

    Raises
    ------
    Unavailable
        As :func:`ingest`.
    """
    batches: list[list[Operation]] = [[]]
    room = MAX_BATCH_BYTES
    for operation in operations:
        size = _size(operation.model_dump(mode="json", exclude_unset=True))
        if batches[-1] and (size > room or len(batches[-1]) == MAX_BATCH_OPERATIONS):
            batches.append([])
            room = MAX_BATCH_BYTES
        batches[-1].append(operation)
        room -= size
    _send(
        queue,
        [EventBatch(team_id=scope.team_id, environment=scope.environment, operations=batch) for batch in batches],
    )


def _send(queue: MessageQueue, batches: list[EventBatch]) -> None:
    queue.send(batches)
    note_ingest()


def _batches(environment: Environment, messages: Sequence[Message]) -> list[EventBatch]:
    batches: list[list[Message]] = [[]]
    room = MAX_BATCH_BYTES
    for message in messages:
        size = _size(message.model_dump(mode="json"))
        if size > room and batches[-1]:
            batches.append([])
            room = MAX_BATCH_BYTES
        batches[-1].append(message)
        room -= size
    return [
        EventBatch(team_id=environment.team_id, environment=environment.identifier, messages=batch) for batch in batches
    ]


def _size(value: Mapping[str, Any]) -> int:
    """Return how many bytes of a record on the queue a value takes."""
    text = jsontext.dumps(value)
    return len(text.encode()) + _ESCAPED_BYTES * sum(map(text.count, _ESCAPED))
