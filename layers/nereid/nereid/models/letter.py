"""Letters of dead-letter queues, as they are shown."""

from datetime import datetime
from typing import Any, Literal, NamedTuple

from nereid.models.message_keys import id_of

Kind = Literal["events", "operations", "replay", "delivery", "feedback", "unknown"]


class Contents(NamedTuple):
    """The content of a record. The keys and ids are those that could be found."""

    kind: Kind
    team_id: str | None
    environment: str | None
    event_types: list[str]
    message_keys: list[str]
    delivery_ids: list[str]
    #: The body as JSON, or as it is if it is none.
    body: Any

    @property
    def message_ids(self) -> list[str]:
        """The ids of its messages, as they were given."""
        return list(dict.fromkeys(map(id_of, self.message_keys)))


class Letter(NamedTuple):
    """A letter as it is shown."""

    id: str
    queue: str
    reason: str
    sent_at: datetime
    first_received_at: datetime
    receive_count: int
    contents: Contents
