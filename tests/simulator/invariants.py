"""What has to be true at the end of a run, when every queue is empty and nothing has gone wrong for long."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from nereid.aws.deliveries import delivery_key, to_delivery
from nereid.aws.table import unmarshal
from nereid.models.delivery import Delivery, Plan, Planned
from nereid.models.message import Message
from nereid.models.team import Scope
from nereid.models.user import comparable
from tests.simulator.journal import HandOver

if TYPE_CHECKING:
    from tests.simulator.world import World

_MARK = re.compile(r"\[(n[\dx]+)\|(\w*)\|(\w+)\]")
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
        found = _MARK.search(self.message.outreach.subject) if self.message.outreach else None
        return found[1] if found else str(self.message.data.get("n"))

    @property
    def value(self) -> str:
        """The version of its content."""
        found = _MARK.search(self.message.outreach.subject) if self.message.outreach else None
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
                    outcome._add(Scope(team_id, environment), *store._read(item))
                case "delivery" if "id" in raw:
                    item = unmarshal(raw)
                    outcome.deliveries[item["pk"]] = to_delivery(item)
        for name, queue in world.queues.items():
            if name.endswith("DeadLetterQueue"):
                outcome.dead += [message.body for message in queue.messages.values()]
        return outcome

    def _add(self, scope: Scope, message: Message, plan: Plan) -> None:
        planned = {
            (each.notification, each.channel, comparable(each.recipient.type, each.recipient.value))
            if each.recipient
            else (each.notification, each.channel, None): each
            for each in plan.deliveries(scope, message.message_id)
        }
        stored = Stored(scope, message, plan, planned)
        self.messages[stored.number] = stored
        self.by_id[scope, message.message_id] = stored

    def is_dead(self, *words: str) -> bool:
        """Tell whether a dead letter holds all of some words."""
        return any(all(f'"{word}"' in body for word in words) for body in self.dead)


def check(world: World) -> list[Broken]:
    """Return every invariant that does not hold."""
    outcome = Outcome.of(world)
    return [broken for invariant in INVARIANTS for broken in invariant(outcome)]


def nothing_is_lost(outcome: Outcome) -> Iterator[Broken]:
    """Each event that was taken is stored, in a dead-letter queue, or discarded for a reason that is recorded."""
    journal = outcome.world.journal
    for sent in journal.sent.values():
        if not sent.taken or sent.number in outcome.messages or outcome.is_dead(sent.number):
            continue
        if sent.message_id and (sent.team_id, sent.environment, sent.message_id) in journal.discarded:
            continue
        yield Broken("nothing is lost", f"{sent.number} was taken and is nowhere", (sent.number, sent.message_id or ""))


def every_delivery_ends(outcome: Outcome) -> Iterator[Broken]:
    """Each delivery of a stored message has ended, or is in a dead-letter queue, or its message is."""
    for number, stored in outcome.messages.items():
        for planned in stored.planned.values():
            if planned.recipient is None:
                continue
            pk, _ = delivery_key(stored.scope, planned.id)
            delivery = outcome.deliveries.get(pk)
            if delivery is not None and delivery.status != "pending":
                continue
            if outcome.is_dead(planned.id) or outcome.is_dead(number):
                continue
            text = f"{number}: {planned.notification} to {planned.recipient.value} never ended"
            yield Broken("every delivery ends", text, (number, stored.message.message_id, planned.id))


def only_what_was_planned_is_sent(outcome: Outcome) -> Iterator[Broken]:
    """What a provider took is a planned delivery, with its address and the content that was stored."""
    for hand_over in outcome.world.journal.hand_overs:
        found = _planned(outcome, hand_over)
        assert hand_over.accepted is not None
        if isinstance(found, str):
            mark = _MARK.search(hand_over.accepted.text)
            words = (mark[1] if mark else "", hand_over.delivery, hand_over.accepted.id)
            yield Broken("only what was planned is sent", f"{hand_over.accepted.text[:60]!r}: {found}", words)


def _planned(outcome: Outcome, hand_over: HandOver) -> tuple[Stored, Planned] | str:
    accepted = hand_over.accepted
    assert accepted is not None
    marks = set(_MARK.findall(accepted.text))
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


def nothing_is_sent_twice(outcome: Outcome) -> Iterator[Broken]:
    """A delivery that a provider took twice is one whose function failed between its yes and our record.

    Each such failure explains one repetition, unless the outcome was recorded before the repetition was claimed;
    for a delivery that must not be repeated none does.
    """
    taken = defaultdict(list)
    for hand_over in outcome.world.journal.hand_overs:
        assert hand_over.accepted is not None
        taken[hand_over.delivery].append(hand_over)
    for pk, hand_overs in taken.items():
        for position, repetition in enumerate(hand_overs[1:], start=1):
            if _is_explained(hand_overs[:position], repetition) and not _must_not_be_repeated(outcome, repetition):
                outcome.world.journal.repeated += 1
                continue
            text = f"{pk.rpartition('#')[2]} was sent {len(hand_overs)} times"
            mark = _MARK.search(repetition.accepted.text) if repetition.accepted else None
            yield Broken("nothing is sent twice", text, (pk, mark[1] if mark else ""))
            break


def _is_explained(before: list[HandOver], repetition: HandOver) -> bool:
    if repetition.was_on_its_way:
        return True
    for earlier in before:
        recorded = earlier.recorded_at is not None and earlier.recorded_at < repetition.claimed_at
        if not earlier.explains and not recorded and earlier.crashed_in_the_window():
            earlier.explains = True
            return True
    return False


def _must_not_be_repeated(outcome: Outcome, hand_over: HandOver) -> bool:
    found = _planned(outcome, hand_over)
    return not isinstance(found, str) and found[1].notification in ONCE


#: Notifications that are sent at most once.
ONCE: set[str] = set()

INVARIANTS = (nothing_is_lost, every_delivery_ends, only_what_was_planned_is_sent, nothing_is_sent_twice)
