"""What has to be true at the end of a run, when every queue is empty and nothing has gone wrong for long."""

from __future__ import annotations

from tests.simulator.counting_invariants import (
    a_revoked_token_opens_nothing,
    attributes_count_what_happened,
    campaigns_count_what_happened,
    inboxes_hold_what_was_delivered,
    users_are_counted,
    users_are_what_was_said,
)
from tests.simulator.outcome import Broken, Outcome
from tests.simulator.running_invariants import (
    logs_hold_nothing_private,
    nothing_unexpected_happens,
    poison_blocks_nothing,
)
from tests.simulator.sending_invariants import (
    a_success_was_accepted,
    every_delivery_ends,
    every_message_is_listed,
    nobody_is_mailed_against_their_will,
    nothing_is_lost,
    nothing_is_sent_twice,
    only_what_was_planned_is_sent,
    throttled_is_not_failed,
)
from tests.simulator.world import World

INVARIANTS = (
    nothing_is_lost,
    every_message_is_listed,
    every_delivery_ends,
    only_what_was_planned_is_sent,
    nothing_is_sent_twice,
    a_success_was_accepted,
    throttled_is_not_failed,
    nobody_is_mailed_against_their_will,
    inboxes_hold_what_was_delivered,
    campaigns_count_what_happened,
    users_are_what_was_said,
    users_are_counted,
    attributes_count_what_happened,
    a_revoked_token_opens_nothing,
    poison_blocks_nothing,
    nothing_unexpected_happens,
    logs_hold_nothing_private,
)


def check(world: World) -> list[Broken]:
    """Return every invariant that does not hold."""
    outcome = Outcome.of(world)
    return [broken for invariant in INVARIANTS for broken in invariant(outcome)]
