"""Letters of dead-letter queues, as they are shown."""

from datetime import datetime
from typing import Any, Literal, NamedTuple

Kind = Literal["events", "operations", "replay", "delivery", "feedback", "unknown"]


class Contents(NamedTuple):
    """The content of a record. The ids are those that could be found."""

    kind: Kind
    team_id: str | None
    environment: str | None
    event_types: list[str]
    message_ids: list[str]
    delivery_ids: list[str]
    #: The body as JSON, or as it is if it is none.
    body: Any


class Letter(NamedTuple):
    """A letter as it is shown."""

    id: str
    queue: str
    reason: str
    sent_at: datetime
    first_received_at: datetime
    receive_count: int
    contents: Contents
