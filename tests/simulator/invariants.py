"""What has to be true at the end of a run, when every queue is empty and nothing has gone wrong for long."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

from nereid.aws.deliveries import delivery_key, to_delivery
from nereid.aws.table import unmarshal
from nereid.aws.users import user_key
from nereid.models.delivery import Delivery, Plan, Planned
from nereid.models.message import Message
from nereid.models.operation import Who
from nereid.models.team import Scope
from nereid.models.user import comparable, profile_id
from tests.simulator.clock import SECOND, START
from tests.simulator.journal import HandOver, Journal, Report

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
        return any(all(f'"{word}"' in body or f"[{word}|" in body for word in words) for body in self.dead)


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
        unknown = earlier.crashed_in_the_window() or earlier.was_on_its_way
        if not earlier.explains and not recorded and unknown:
            earlier.explains = True
            return True
    return False


def _must_not_be_repeated(outcome: Outcome, hand_over: HandOver) -> bool:
    found = _planned(outcome, hand_over)
    return not isinstance(found, str) and found[1].notification.startswith("once")


def a_success_was_accepted(outcome: Outcome) -> Iterator[Broken]:
    """What counts as sent was taken by a provider; and what nothing went wrong with is sent."""
    accepted = {each.delivery for each in outcome.world.journal.hand_overs}
    for pk, delivery in outcome.deliveries.items():
        name = pk.rpartition("#")[2]
        touchers = outcome.world.journal.touchers.get(pk, [])
        is_sent = delivery.status == "success" or delivery.reason in ("bounced", "rejected")
        if delivery.channel != "app" and is_sent and pk not in accepted:
            yield Broken("a success was accepted", f"{name} counts as sent, and no provider took it", (name,))
        reason = delivery.reason or ""
        went_wrong = any(each.faults for each in touchers)
        if reason.startswith("provider:") and reason != "provider: unregistered" and not went_wrong:
            yield Broken("a success was accepted", f"{name}: {reason}, though nothing went wrong", (name,))


def nobody_is_mailed_against_their_will(outcome: Outcome) -> Iterator[Broken]:
    """No mail is handed over whose function asked about the address after it had been suppressed for sure.

    For sure: the unsubscribe was answered, or the report of the bounce or complaint was handled. A function that
    asked before that may still hand its mail over.
    """
    journal = outcome.world.journal
    for hand_over in journal.hand_overs:
        accepted = hand_over.accepted
        assert accepted is not None
        if accepted.channel != "email":
            continue
        asked_at = accepted.at if hand_over.suppression_read_at is None else hand_over.suppression_read_at
        for at, reason in journal.suppressed.get((accepted.tags["team_id"], accepted.to.lower()), ()):
            if at < asked_at and (reason != "unsubscribe" or _can_be_unsubscribed(accepted.text)):
                name = accepted.tags["delivery_id"]
                text = f"{name} was mailed to {accepted.to} after its {reason}"
                yield Broken("nobody is mailed against their will", text, (name, accepted.to))
                break


def _can_be_unsubscribed(text: str) -> bool:
    return "/u/" in text


def inboxes_hold_what_was_delivered(outcome: Outcome) -> Iterator[Broken]:
    """Each app notification that was delivered is in one inbox, its user's, once; and is read if somebody said so."""
    world, journal = outcome.world, outcome.world.journal
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    links: dict[tuple[str, str], str] = {}
    for raw in world.database.items("AudienceTable"):
        if raw["sk"]["S"].startswith("inbox#"):
            item = unmarshal(raw)
            found[item["uuid"]].append(item)
        elif raw["sk"]["S"] == "link":
            item = unmarshal(raw)
            scope, _, anonymous_id = item["pk"].partition("#anonymous#")
            links[scope, profile_id(anonymous_id)] = item["user_id"]
    delivered = {
        pk: delivery
        for pk, delivery in outcome.deliveries.items()
        if delivery.channel == "app" and delivery.status == "success"
    }
    for pk, delivery in delivered.items():
        items = found.pop(delivery.id, [])
        scope = pk.partition("#delivery#")[0]
        user = links.get((scope, str(delivery.to)), str(delivery.to))
        wanted = user_key(Scope(*scope.split("#")), user)
        words = (delivery.id, str(delivery.to), user)
        if [item["pk"] for item in items] != [wanted]:
            text = f"notification {delivery.id} of {user} is in {[item['pk'] for item in items]}"
            yield Broken("inboxes hold what was delivered", text, words)
            continue
        yield from _read_as_said(journal, delivery, items[0], words)
    for uuid, items in found.items():
        pks = [pk for pk, delivery in outcome.deliveries.items() if delivery.id == uuid]
        if not pks or outcome.deliveries[pks[0]].status not in ("pending",):
            yield Broken("inboxes hold what was delivered", f"{uuid} is in {items[0]['pk']} undelivered", (uuid,))


def _read_as_said(
    journal: Journal, delivery: Delivery, item: dict[str, Any], words: tuple[str, ...]
) -> Iterator[Broken]:
    is_read, is_listed_as = "read_at" in item, item["inbox"].partition("#")[0]
    if is_listed_as != ("read" if is_read else "unread"):
        yield Broken("inboxes hold what was delivered", f"{delivery.id} is listed as {is_listed_as}", words)
    team_id, environment = item["pk"].split("#")[:2]
    asked = [
        each for each in journal.marked_all if each.scope == (team_id, environment) and each.user == item["user_id"]
    ]
    # Before it was there and after it was marked nobody can say what a request meant.
    delivered_at = int((delivery.updated_at - START).total_seconds() * SECOND) + _ROUGHLY
    # What came to the user from a profile came later than it was delivered.
    must = journal.marked.get(delivery.id, False) or (
        delivery.to == item["user_id"] and any(each.done and each.asked_at > delivered_at for each in asked)
    )
    may = delivery.id in journal.marked or any(each.answered_at >= delivered_at - 2 * _ROUGHLY for each in asked)
    if (must and not is_read) or (is_read and not may):
        text = f"{delivery.id} is {'read' if is_read else 'unread'}, and should not be"
        yield Broken("inboxes hold what was delivered", text, words)


def campaigns_count_what_happened(outcome: Outcome) -> Iterator[Broken]:
    """A campaign's numbers are those of the mails sent and of the reports handled, each counted once."""
    journal, runtime = outcome.world.journal, outcome.world.runtime()
    sent: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    unsure: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    accepted = {hand_over.delivery for hand_over in journal.hand_overs}
    for stored in outcome.messages.values():
        if stored.message.outreach is None:
            continue
        campaign = stored.scope.team_id, stored.message.outreach.campaign_id
        [planned] = stored.planned.values()
        delivery = outcome.deliveries.get(delivery_key(stored.scope, planned.id)[0])
        reported = {kind for kind in FACTS if Report(planned.id, kind) in journal.reports}
        succeeded = delivery is not None and (delivery.status == "success" or delivery.reason in ("bounced", "rejected"))
        if succeeded or reported:
            sent[campaign]["sent"] += 1
        elif delivery_key(stored.scope, planned.id)[0] in accepted:
            unsure[campaign]["sent"] += 1  # nobody knew, and it was given up
        for kind, fact in FACTS.items():
            if kind in reported:
                sent[campaign][fact] += 1
            elif outcome.is_dead(planned.id):
                unsure[campaign][fact] += 1
        if planned.id in journal.unsubscribed:
            sent[campaign]["unsubscribed"] += 1
        elif planned.id in journal.unsubscribing:
            unsure[campaign]["unsubscribed"] += 1
    for campaign, facts in sent.items():
        counted: Counter[str] = Counter()
        for counts in runtime.campaign_metrics.counts(*campaign, START.date() - timedelta(days=1)).values():
            for (fact, _), number in counts.items():
                counted[fact] += number
        for fact in ("sent", "unsubscribed", *FACTS.values()):
            if not facts[fact] <= counted[fact] <= facts[fact] + unsure[campaign][fact]:
                text = f"campaign {campaign[1]}: {counted[fact]} {fact}, should be {facts[fact]}"
                yield Broken("campaigns count what happened", text, (campaign[1],))


#: Reports that count for a campaign, and as what.
FACTS = {
    "Delivery": "delivered",
    "Open": "opened",
    "Click": "clicked",
    "Permanent": "bounced",
    "Complaint": "complained",
}


def users_are_what_was_said(outcome: Outcome) -> Iterator[Broken]:
    """What clients said about a user, and were told is taken, is there."""
    world = outcome.world
    runtime = world.runtime()
    for trait in world.journal.traits:
        user = runtime.identities.find(
            trait.scope, Who(anonymous_id=trait.anonymous_id, external_id=trait.external_id)
        )
        if (user is None or trait.key not in user.meta) and not outcome.is_dead(trait.key):
            who = trait.external_id or f"visitor {trait.anonymous_id}"
            text = f"{trait.key} of {who} ({user.user_id if user else 'nobody'}) is lost"
            names = (trait.label + ".", str(trait.anonymous_id or trait.external_id), user.user_id if user else "")
            yield Broken("users are what was said", text, names)


def attributes_count_what_happened(outcome: Outcome) -> Iterator[Broken]:
    """The attributes that events alone set are those of the events that count."""
    world = outcome.world
    runtime, by_user = world.runtime(), defaultdict(list)
    for stored in outcome.messages.values():
        if stored.message.rule in ("confirmation", "open") and stored.message.user_id:
            by_user[stored.scope, stored.message.user_id].append(stored)
    orders: dict[tuple[Scope, str], list[str]] = defaultdict(list)
    for number, sent in world.journal.sent.items():
        if sent.rule == "confirmation" and sent.order_id and sent.taken:
            orders[Scope(sent.team_id, sent.environment), sent.order_id].append(number)
    stored_orders: dict[tuple[Scope, str], list[str]] = defaultdict(list)
    for stored in outcome.messages.values():
        if stored.message.rule == "confirmation" and stored.message.data.get("orderId"):
            stored_orders[stored.scope, str(stored.message.data["orderId"])].append(stored.number)
    for (scope, order_id), numbers in orders.items():
        counted = stored_orders[scope, order_id]
        dead = any(outcome.is_dead(number) for number in numbers)
        if len(counted) != 1 and not (dead and not counted):
            text = f"{order_id} counts as {counted}, was sent as {numbers}"
            yield Broken("attributes count what happened", text, (*numbers, *counted))
    for (scope, user_id), all_stored in by_user.items():
        user = runtime.users.get(scope, user_id)
        purchases = [each for each in all_stored if each.message.rule == "confirmation"]
        unsure = any(
            sent.user == user_id and (sent.team_id, sent.environment) == scope and outcome.is_dead(sent.number)
            for sent in world.journal.sent.values()
            if sent.rule == "confirmation"
        )
        if user is None or unsure:
            continue
        wanted = len(purchases), sum(int(each.message.data["total"]) for each in purchases)
        found = user.meta.get("numberOfPurchases", 0), user.meta.get("totalPurchasesValue", 0)
        if found != wanted:
            text = f"{user_id} has {found[0]} purchases of {found[1]}, should have {wanted[0]} of {wanted[1]}"
            yield Broken("attributes count what happened", text, (user_id, *(each.number for each in purchases)))
        yield from _opens(world, user_id, [each for each in all_stored if each.message.rule == "open"])


def _opens(world: World, user_id: str, opens: list[Stored]) -> Iterator[Broken]:
    """Opens that count are 20 minutes apart, but for what a client's repetition shifts."""
    ordered = sorted(opens, key=lambda each: each.message.received_at)
    for one, other in pairwise(ordered):
        if other.message.received_at - one.message.received_at < timedelta(minutes=15):
            text = f"{user_id}: {one.number} and {other.number} both count"
            yield Broken("attributes count what happened", text, (user_id, one.number, other.number))


def a_revoked_token_opens_nothing(outcome: Outcome) -> Iterator[Broken]:
    """A token is taken until somebody revokes it, and not longer than the cache's time after that."""
    journal = outcome.world.journal
    for opened in journal.opened:
        revoked_at = journal.revoked.get(opened.token)
        if revoked_at is not None and opened.status == 200 and opened.asked_at > revoked_at + _CACHED:
            text = f"{opened.label}: a token that was revoked {(opened.asked_at - revoked_at) // SECOND} s ago is taken"
            yield Broken("a revoked token opens nothing", text, (f"{opened.label}.", opened.token[1]))
        if opened.status == 401 and opened.token not in journal.revoking:
            yield Broken("a revoked token opens nothing", f"{opened.label}: a valid token is refused", (opened.label,))


def poison_blocks_nothing(outcome: Outcome) -> Iterator[Broken]:
    """What nobody can handle is in a dead-letter queue, and nothing waits any more."""
    for body in outcome.world.journal.poison:
        if body not in outcome.dead:
            yield Broken("poison blocks nothing", f"{body} is in no dead-letter queue", (body,))
    for name, queue in outcome.world.queues.items():
        if queue.messages and not name.endswith("DeadLetterQueue"):
            yield Broken("poison blocks nothing", f"{len(queue.messages)} wait on {name}", tuple(queue.messages)[:1])
        for message in queue.messages.values():
            if message.body not in outcome.world.journal.poison and not any(message.faults):
                text = f"{message.label} is in {name}, though nothing went wrong"
                yield Broken("poison blocks nothing", text, (message.label,))


def nothing_unexpected_happens(outcome: Outcome) -> Iterator[Broken]:
    """No function fails but by what was injected, and no endpoint says 500, or 503 without a reason."""
    journal = outcome.world.journal
    for invocation, error in journal.crashes:
        text = f"{invocation.label} raised {type(error).__name__}: {error}"
        yield Broken("nothing unexpected happens", text, (invocation.label,))
    poisoned = {message.label for queue in outcome.world.queues.values() for message in queue.messages.values()
                if message.body in journal.poison}
    for invocation, line in journal.errors:
        if line.get("record", "").removesuffix("'") not in poisoned and line.get("record") not in poisoned:
            label = invocation.label if invocation else "?"
            text = f"{label} logged {line['message']}: {line.get('error')} at {line.get('where', [''])[-1]}"
            yield Broken("nothing unexpected happens", text, (label,))
    for route, invocation, status in journal.bad_answers:
        yield Broken("nothing unexpected happens", f"{route} answered {status} ({invocation.label})", (invocation.label,))
    for route, invocation, status, body in journal.refusals:
        text = f"{route} answered {status}: {body} ({invocation.label})"
        yield Broken("nothing unexpected happens", text, (invocation.label,))


def logs_hold_nothing_private(outcome: Outcome) -> Iterator[Broken]:
    """No address, token or text of a user is in a line of the log."""
    for line in outcome.world.journal.leaks:
        yield Broken("logs hold nothing private", line[:300], ())


INVARIANTS = (
    nothing_is_lost,
    every_delivery_ends,
    only_what_was_planned_is_sent,
    nothing_is_sent_twice,
    a_success_was_accepted,
    nobody_is_mailed_against_their_will,
    inboxes_hold_what_was_delivered,
    campaigns_count_what_happened,
    users_are_what_was_said,
    attributes_count_what_happened,
    a_revoked_token_opens_nothing,
    poison_blocks_nothing,
    nothing_unexpected_happens,
    logs_hold_nothing_private,
)
#: For how long an answer about a token is believed, with what two clocks may differ, in microseconds.
_CACHED = 80 * SECOND
#: The clocks of two sandboxes differ by no more, in microseconds, with what a call takes.
_ROUGHLY = 60 * SECOND
