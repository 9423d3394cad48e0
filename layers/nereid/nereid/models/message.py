"""Messages: one occurrence of an event, as ingested."""

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel

from nereid.models.user import CONTACT_TYPES

Source = Literal["neptune", "client", "vibetrace", "neptie"]
#: What an event of the Vibetrace API does and is restricted by; see core/event_rules.
Rule = Literal["update", "login", "confirmation", "open"]


class EventContact(BaseModel):
    """A usable entry of a message's `contact_infos`: used for this message only, never saved."""

    type: str
    value: str
    filterable: str | None = None


class Message(BaseModel):
    """One ingested occurrence. The id is the caller's or was minted at ingest; it is unique per environment."""

    message_id: str
    event_type: str
    user_id: str | None = None
    source: Source
    data: dict[str, Any] = {}
    #: As sent.
    contact_infos: list[dict[str, Any]] = []
    ignore_user_contacts: bool = False
    #: Unix seconds of the occurrence, as the caller gave them.
    timestamp: int | None = None
    #: Every top-level key that has no meaning to Nereid.
    extra: dict[str, Any] = {}
    #: None for all that is accepted without restriction.
    rule: Rule | None = None
    received_at: datetime

    def contacts(self) -> list[EventContact]:
        """Return the entries of `contact_infos` that name an address; others are no error, only of no use."""
        return [
            EventContact(type=entry["type"], value=str(entry["value"]).strip(), filterable=entry.get("filterable"))
            for entry in self.contact_infos
            if entry.get("type") in CONTACT_TYPES and entry.get("value") is not None and str(entry["value"]).strip()
        ]


class EventBatch(BaseModel):
    """What travels on the message queue: all events of one request to one environment."""

    kind: Literal["events"] = "events"
    team_id: str
    environment: str
    messages: list[Message]
