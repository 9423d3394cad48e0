"""What is stored and counted equals what happened: inboxes, campaigns, users, tokens."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from nereid.aws.attribute_values import unmarshal
from nereid.aws.audience.users import user_key
from nereid.aws.messaging.deliveries import delivery_key
from nereid.models.delivery import Delivery
from nereid.models.operation import Who
from nereid.models.team import Scope
from nereid.models.user import profile_id
from tests.simulator.clock import SECOND, START
from tests.simulator.journal import Journal, Report
from tests.simulator.outcome import Broken, Outcome, Stored

if TYPE_CHECKING:
    from tests.simulator.world import World

#: For how long an answer about a token is believed, with what two clocks may differ, in microseconds.
_CACHED = 80 * SECOND
#: The clocks of two sandboxes differ by no more, in microseconds, with what a call takes.
_ROUGHLY = 60 * SECOND
#: Reports that count for a campaign, and as what.
FACTS = {
    "Delivery": "delivered",
    "Open": "opened",
    "Click": "clicked",
    "Permanent": "bounced",
    "Complaint": "complained",
}


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
    dead = {
        planned.id
        for number, stored in outcome.messages.items()
        if outcome.is_dead(number)
        for planned in stored.planned.values()
    }
    for uuid, items in found.items():
        there = [delivery for delivery in outcome.deliveries.values() if delivery.id == uuid]
        # One that was put there by a run that never said so may have been given up since.
        if not there and uuid in dead:
            continue
        if not any(each.status == "pending" or each.reason == "provider: unknown outcome" for each in there):
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
    # It is seen from the moment that it is in the inbox, however long its record takes.
    shown_at = int((delivery.created_at - START).total_seconds() * SECOND) - _ROUGHLY
    # What came to the user from a profile came later than it was delivered.
    must = journal.marked.get(delivery.id, False) or (
        delivery.to == item["user_id"] and any(each.done and each.asked_at > delivered_at for each in asked)
    )
    may = delivery.id in journal.marked or any(each.answered_at >= shown_at for each in asked)
    if (must and not is_read) or (is_read and not may):
        text = f"{delivery.id} is {'read' if is_read else 'unread'}, and should not be"
        yield Broken("inboxes hold what was delivered", text, words)


class _Facts:
    """What a campaign has to count: what is sure, and what may be besides."""

    def __init__(self) -> None:
        self.sure: Counter[str] = Counter()
        self.unsure: Counter[str] = Counter()
        #: Leads that asked to be unsubscribed, and of those, who were told that they are: a lead counts once.
        self.unsubscribing: set[str] = set()
        self.unsubscribed: set[str] = set()

    def add(self, fact: str, *, sure: bool, possible: bool) -> None:
        """Count a fact that came about, or that may have."""
        if sure:
            self.sure[fact] += 1
        elif possible:
            self.unsure[fact] += 1


def campaigns_count_what_happened(outcome: Outcome) -> Iterator[Broken]:
    """Each campaign's numbers are those of the mails sent and of the reports handled, each counted once."""
    metrics = outcome.world.runtime().campaign_metrics
    for campaign, facts in _facts(outcome).items():
        counted: Counter[str] = Counter()
        for counts in metrics.counts(*campaign, START.date() - timedelta(days=1)).values():
            for (fact, _), number in counts.items():
                counted[fact] += number
        for name in ("sent", "unsubscribed", *FACTS.values()):
            if not facts.sure[name] <= counted[name] <= facts.sure[name] + facts.unsure[name]:
                text = f"campaign {campaign[1]}: {counted[name]} {name}, should be {facts.sure[name]}"
                yield Broken("campaigns count what happened", text, (campaign[1],))


def _facts(outcome: Outcome) -> dict[tuple[str, str], _Facts]:
    """Return what each campaign has to count."""
    journal = outcome.world.journal
    found: dict[tuple[str, str], _Facts] = defaultdict(_Facts)
    accepted = {hand_over.delivery for hand_over in journal.hand_overs}
    for stored in outcome.messages.values():
        if stored.message.outreach is None:
            continue
        facts = found[stored.scope.team_id, stored.message.outreach.campaign_id]
        [planned] = stored.planned.values()
        pk, _ = delivery_key(stored.scope, planned.id)
        delivery = outcome.deliveries.get(pk)
        reported = {kind for kind in FACTS if Report(planned.id, kind) in journal.reports}
        succeeded = delivery and (delivery.status == "success" or delivery.reason in ("bounced", "rejected"))
        # One that was accepted, though nobody knew, and was given up, may count or not.
        facts.add("sent", sure=bool(succeeded or reported), possible=pk in accepted)
        for kind, fact in FACTS.items():
            facts.add(fact, sure=kind in reported, possible=outcome.is_dead(planned.id))
        lead_id = stored.message.outreach.lead_id
        if planned.id in journal.unsubscribed:
            facts.unsubscribed.add(lead_id)
        if planned.id in journal.unsubscribing:
            facts.unsubscribing.add(lead_id)
    for facts in found.values():
        for lead_id in facts.unsubscribing:
            facts.add("unsubscribed", sure=lead_id in facts.unsubscribed, possible=True)
    return found


def users_are_what_was_said(outcome: Outcome) -> Iterator[Broken]:
    """Each thing that clients said about a user, and were told is taken, is there."""
    world = outcome.world
    runtime = world.runtime()
    for trait in world.journal.traits:
        who = Who(anonymous_id=trait.anonymous_id, external_id=trait.external_id)
        user = runtime.users.get(trait.scope, runtime.identities.named(trait.scope, who))
        if (user is None or trait.key not in user.meta) and not outcome.is_dead(trait.key):
            name = trait.external_id or f"visitor {trait.anonymous_id}"
            text = f"{trait.key} of {name} ({user.user_id if user else 'nobody'}) is lost"
            names = (trait.label + ".", str(trait.anonymous_id or trait.external_id), user.user_id if user else "")
            yield Broken("users are what was said", text, names)


def users_are_counted(outcome: Outcome) -> Iterator[Broken]:
    """Each environment's number of users is that of the records that there are."""
    there: Counter[str] = Counter()
    counted: Counter[str] = Counter()
    for raw in outcome.world.database.items("AudienceTable"):
        scope = "#".join(raw["pk"]["S"].split("#")[:2])
        if raw["sk"]["S"] == "user":
            there[scope] += 1
        elif raw["sk"]["S"] == "users":
            counted[scope] += int(raw["how_many"]["N"])
    for scope in there.keys() | counted.keys():
        if there[scope] != counted[scope]:
            text = f"{scope} has {there[scope]} users, and counts {counted[scope]}"
            yield Broken("users are counted", text, (scope,))


def attributes_count_what_happened(outcome: Outcome) -> Iterator[Broken]:
    """Each attribute that events alone set is that of the events that count."""
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
    """Each open that counts is 20 minutes from the next, but for what a client's repetition shifts."""
    ordered = sorted(opens, key=lambda each: each.message.received_at)
    for one, other in pairwise(ordered):
        if other.message.received_at - one.message.received_at < timedelta(minutes=15):
            text = f"{user_id}: {one.number} and {other.number} both count"
            yield Broken("attributes count what happened", text, (user_id, one.number, other.number))


def a_revoked_token_opens_nothing(outcome: Outcome) -> Iterator[Broken]:
    """Each token is taken until somebody revokes it, and not longer than the cache's time after that."""
    journal = outcome.world.journal
    for opened in journal.opened:
        revoked_at = journal.revoked.get(opened.token)
        if revoked_at is not None and opened.status == 200 and opened.asked_at > revoked_at + _CACHED:
            text = f"{opened.label}: a token that was revoked {(opened.asked_at - revoked_at) // SECOND} s ago is taken"
            yield Broken("a revoked token opens nothing", text, (f"{opened.label}.", opened.token[1]))
        if opened.status == 401 and opened.token not in journal.revoking:
            yield Broken("a revoked token opens nothing", f"{opened.label}: a valid token is refused", (opened.label,))
