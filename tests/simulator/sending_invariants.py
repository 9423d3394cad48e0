"""What was sent: everything that was taken, once, to those planned, and to nobody against their will."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator

from nereid.aws.messaging.deliveries import delivery_key
from nereid.clock import to_iso
from nereid.core.messaging.sweep import GAVE_UP
from nereid.models.team import Scope
from nereid.ports.messaging import MessageFilter
from tests.simulator.journal import HandOver
from tests.simulator.outcome import MARK, Broken, Outcome, planned_for


def nothing_is_lost(outcome: Outcome) -> Iterator[Broken]:
    """Each event that was taken is stored, in a dead-letter queue, or discarded for a reason that is recorded."""
    journal = outcome.world.journal
    for sent in journal.sent.values():
        if not sent.taken or sent.number in outcome.messages or outcome.is_dead(sent.number):
            continue
        if sent.message_id and (sent.team_id, sent.environment, sent.message_id) in journal.discarded:
            continue
        yield Broken("nothing is lost", f"{sent.number} was taken and is nowhere", (sent.number, sent.message_id or ""))


def every_message_is_listed(outcome: Outcome) -> Iterator[Broken]:
    """Each stored message is in the list of its environment, once, and the list has them in the order of arrival."""
    wanted: dict[Scope, dict[str, str]] = defaultdict(dict)
    for number, stored in outcome.messages.items():
        wanted[stored.scope][stored.message.key] = number
    messages = outcome.world.runtime().messages
    for scope, numbers in wanted.items():
        listed, before = [], None
        while True:
            page, before = messages.page(scope, MessageFilter(), before, 100)
            listed += [each.message for each in page]
            if before is None:
                break
        found = Counter(each.key for each in listed)
        for key, number in numbers.items():
            if found[key] != 1:
                yield Broken("every message is listed", f"{number} is listed {found[key]} times", (number,))
        times = [to_iso(each.received_at) for each in listed]
        if times != sorted(times, reverse=True):
            yield Broken("every message is listed", f"the list of {scope} is in no order", ())


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
    """Each thing that a provider took is a planned delivery, with its address and the content that was stored."""
    for hand_over in outcome.world.journal.hand_overs:
        found = planned_for(outcome, hand_over)
        assert hand_over.accepted is not None
        if isinstance(found, str):
            mark = MARK.search(hand_over.accepted.text)
            words = (mark[1] if mark else "", hand_over.delivery, hand_over.accepted.id)
            yield Broken("only what was planned is sent", f"{hand_over.accepted.text[:60]!r}: {found}", words)


def nothing_is_sent_twice(outcome: Outcome) -> Iterator[Broken]:
    """Each delivery that a provider took twice is one whose function failed between its yes and our record.

    Each such failure explains one repetition, unless the outcome was recorded before the repetition was claimed;
    for a delivery that must not be repeated none does.
    """
    taken = defaultdict(list)
    for hand_over in outcome.world.journal.hand_overs:
        assert hand_over.accepted is not None
        taken[hand_over.delivery].append(hand_over)
    for pk, hand_overs in taken.items():
        wanted = outcome.world.journal.forced.get(pk.rpartition("#")[2], 0)
        for position, repetition in enumerate(hand_overs[1:], start=1):
            if wanted:
                wanted -= 1
                continue
            if _is_explained(hand_overs[:position], repetition) and not _must_not_be_repeated(outcome, repetition):
                outcome.world.journal.repeated += 1
                continue
            text = f"{pk.rpartition('#')[2]} was sent {len(hand_overs)} times"
            mark = MARK.search(repetition.accepted.text) if repetition.accepted else None
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
    found = planned_for(outcome, hand_over)
    return not isinstance(found, str) and found[1].notification.startswith("once")


def a_success_was_accepted(outcome: Outcome) -> Iterator[Broken]:
    """Each delivery that counts as sent was taken by a provider; each that nothing went wrong with is sent."""
    accepted = {each.delivery for each in outcome.world.journal.hand_overs}
    for pk, delivery in outcome.deliveries.items():
        name = pk.rpartition("#")[2]
        touchers = outcome.world.journal.touchers.get(pk, [])
        is_sent = delivery.status == "success" or delivery.reason in ("bounced", "rejected")
        if delivery.channel != "app" and is_sent and pk not in accepted:
            yield Broken("a success was accepted", f"{name} counts as sent, and no provider took it", (name,))
        reason = delivery.reason or ""
        went_wrong = any(each.faults for each in touchers)
        # What SNS says of itself, and what was reported later, is no fault of the hand-over.
        expected = reason == "provider: unregistered" or any(
            event["type"] == "push_failure" for event in delivery.events or ()
        )
        if reason.startswith("provider:") and not expected and not went_wrong:
            yield Broken("a success was accepted", f"{name}: {reason}, though nothing went wrong", (name,))


def throttled_is_not_failed(outcome: Outcome) -> Iterator[Broken]:
    """No delivery has failed for want of the provider's rate, of its quota, or of patience."""
    for pk, delivery in outcome.deliveries.items():
        reason = delivery.reason or ""
        if delivery.status == "failed" and ("TooMany" in reason or "hrottl" in reason or reason.startswith("gave up:")):
            name = pk.rpartition("#")[2]
            if reason != GAVE_UP:
                yield Broken("throttled is not failed", f"{name}: {reason}", (name,))


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
        team_id, address = accepted.tags["team_id"], accepted.to.lower()
        # By the address: those of its copies are asked about later.
        asked_at = hand_over.suppressions_read.get(f"{team_id}#suppression#{address}", accepted.at)
        for at, reason in journal.suppressed.get((team_id, address), ()):
            if at < asked_at and (reason != "unsubscribe" or _can_be_unsubscribed(accepted.text)):
                name = accepted.tags["delivery_id"]
                text = f"{name} was mailed to {accepted.to} after its {reason}"
                yield Broken("nobody is mailed against their will", text, (name, accepted.to))
                break


def _can_be_unsubscribed(text: str) -> bool:
    return "/u/" in text
