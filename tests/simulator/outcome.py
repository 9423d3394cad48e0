"""The world at its end, as the checks read it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from nereid.aws.attribute_values import unmarshal
from nereid.aws.messaging.deliveries import delivery_key, to_delivery
from nereid.models.addresses import comparable
from nereid.models.delivery import Delivery, Plan, Planned
from nereid.models.message import Message
from nereid.models.team import Scope
from tests.simulator.journal import HandOver

if TYPE_CHECKING:
    from tests.simulator.world import World

#: The event's number, the version of its content and the notification, in everything that is sent.
MARK = re.compile(r"\[(n[\dx]+)\|(\w*)\|(\w+)\]")
_CONTACT = {"email": "email", "sms": "mobile_number", "push": "firebase_token"}


class Broken(NamedTuple):
    """An invariant that does not hold."""

    invariant: str
    text: str
    #: Names of what it is about, to find it in a trace.
    words: tuple[str, ...]


@dataclass
class Stored:
    """A message in the store."""

    scope: Scope
    message: Message
    plan: Plan
    planned: dict[tuple[str, str, str | None], Planned]

    @property
    def number(self) -> str:
        """The number that the client gave it."""
        found = MARK.search(self.message.outreach.subject) if self.message.outreach else None
        return found[1] if found else str(self.message.data.get("n"))

    @property
    def value(self) -> str:
        """The version of its content."""
        found = MARK.search(self.message.outreach.subject) if self.message.outreach else None
        return found[2] if found else str(self.message.data.get("v"))


@dataclass
class Outcome:
    """The world at its end, as the checks read it."""

    world: World
    messages: dict[str, Stored] = field(default_factory=dict)
    by_id: dict[tuple[Scope, str], Stored] = field(default_factory=dict)
    #: By partition key.
    deliveries: dict[str, Delivery] = field(default_factory=dict)
    dead: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, world: World) -> Outcome:
        """Read everything."""
        outcome = cls(world)
        store = world.runtime().messages
        for raw in world.database.items("ActivityTable"):
            match raw["sk"]["S"]:
                case "message":
                    item = unmarshal(raw)
                    team_id, environment = item["pk"].split("#")[:2]
                    stored = store._read(item)
                    assert stored is not None
                    outcome._add(Scope(team_id, environment), stored.message, stored.plan)
                case "delivery" if "id" in raw:
                    item = unmarshal(raw)
                    outcome.deliveries[item["pk"]] = to_delivery(item)
        for name, queue in world.queues.items():
            if name.endswith("DeadLetterQueue"):
                outcome.dead += [message.body for message in queue.messages.values()]
        return outcome

    def _add(self, scope: Scope, message: Message, plan: Plan) -> None:
        planned: dict[tuple[str, str, str | None], Planned] = {
            (each.notification, each.channel, comparable(each.recipient.type, each.recipient.value))
            if each.recipient
            else (each.notification, each.channel, None): each
            for each in plan.deliveries(scope, message.key)
        }
        stored = Stored(scope, message, plan, planned)
        self.messages[stored.number] = stored
        self.by_id[scope, message.message_id] = stored

    def is_dead(self, *words: str) -> bool:
        """Tell whether a dead letter holds all of some words."""
        return any(all(f'"{word}"' in body or f"[{word}|" in body for word in words) for body in self.dead)


def planned_for(outcome: Outcome, hand_over: HandOver) -> tuple[Stored, Planned] | str:
    accepted = hand_over.accepted
    assert accepted is not None
    marks = set(MARK.findall(accepted.text))
    if len(marks) != 1:
        return "it has not the content of one event"
    [(number, value, name)] = marks
    stored = outcome.messages.get(number)
    if stored is None:
        return "its message is not stored"
    if value != stored.value:
        return f"sent version {value}, stored {stored.value}"
    planned = stored.planned.get((name, accepted.channel, comparable(_CONTACT[accepted.channel], accepted.to)))
    if planned is None:
        return f"{name} to {accepted.to} is not planned"
    if delivery_key(stored.scope, planned.id)[0] != hand_over.delivery:
        return f"the claim is on another delivery than {planned.id}"
    return stored, planned
