"""Take events in: put them on the queue, and promise nothing before they are there."""

import uuid
from collections.abc import Sequence

from nereid import jsontext
from nereid.models.message import EventBatch, Message
from nereid.models.team import Environment
from nereid.ports import MessageQueue

#: Largest batch on the queue, in bytes of JSON: SQS takes 1 MiB, less what its characters may grow by.
MAX_BATCH_BYTES = 900_000


def ingest(queue: MessageQueue, environment: Environment, messages: Sequence[Message]) -> None:
    """Queue the messages of one request, in as few queue messages as they fit in.

    Raises
    ------
    Unavailable
        If the queue did not take all of them. Some may have been taken, so the caller repeats the request with
        the same message ids; what was taken twice is processed once.
    """
    queue.send(list(_batches(environment, messages)))


def mint_message_id() -> str:
    """Return an id for a message whose sender gave none."""
    return str(uuid.uuid4())


def _batches(environment: Environment, messages: Sequence[Message]) -> list[EventBatch]:
    batches: list[list[Message]] = [[]]
    room = MAX_BATCH_BYTES
    for message in messages:
        size = jsontext.size(message.model_dump(mode="json"))
        if size > room and batches[-1]:
            batches.append([])
            room = MAX_BATCH_BYTES
        batches[-1].append(message)
        room -= size
    return [
        EventBatch(team_id=environment.team_id, environment=environment.identifier, messages=batch) for batch in batches
    ]
