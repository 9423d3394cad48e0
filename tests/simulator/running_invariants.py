"""How it ran: poison blocked nothing, nothing failed but by what was injected, and the logs keep quiet."""

from __future__ import annotations

from collections.abc import Iterator

from nereid.errors import Unavailable
from tests.simulator.outcome import Broken, Outcome


def poison_blocks_nothing(outcome: Outcome) -> Iterator[Broken]:
    """Each thing that nobody can handle is in a dead-letter queue, drags nothing along, and nothing waits any more."""
    for body in outcome.world.journal.poison:
        if body not in outcome.dead:
            yield Broken("poison blocks nothing", f"{body} is in no dead-letter queue", (body,))
    for label in outcome.world.journal.set_aside:
        yield Broken("poison blocks nothing", f"{label} was set aside, though nothing went wrong", (label,))
    for message in outcome.world.journal.given_back:
        if message.body not in outcome.world.journal.poison:
            yield Broken("poison blocks nothing", f"{message.label} failed for no reason of its own", (message.label,))
    for name, queue in outcome.world.queues.items():
        if queue.messages and not name.endswith("DeadLetterQueue"):
            yield Broken("poison blocks nothing", f"{len(queue.messages)} wait on {name}", tuple(queue.messages)[:1])
        for message in queue.messages.values():
            if message.body not in outcome.world.journal.poison:
                text = f"{message.label} is in {name}, though it was put back when nothing went wrong any more"
                yield Broken("poison blocks nothing", text, (message.label,))


def nothing_unexpected_happens(outcome: Outcome) -> Iterator[Broken]:
    """No function fails but by what was injected, and no endpoint says 500, or 503 without a reason."""
    journal = outcome.world.journal
    for invocation, error in journal.crashes:
        if invocation.faults and isinstance(error, Unavailable):
            continue
        text = f"{invocation.label} raised {type(error).__name__}: {error}"
        yield Broken("nothing unexpected happens", text, (invocation.label,))
    poisoned = journal.poisoned
    for origin, line in journal.errors:
        if origin is not None and origin.faults and line.get("error") == "Unavailable":
            continue
        if line.get("record", "").removesuffix("'") not in poisoned and line.get("record") not in poisoned:
            label = "?" if origin is None else origin.label
            text = f"{label} logged {line['message']}: {line.get('error')} at {line.get('where', [''])[-1]}"
            yield Broken("nothing unexpected happens", text, (label,))
    for route, invocation, status in journal.bad_answers:
        yield Broken(
            "nothing unexpected happens", f"{route} answered {status} ({invocation.label})", (invocation.label,)
        )
    for route, invocation, status, body in journal.refusals:
        text = f"{route} answered {status}: {body} ({invocation.label})"
        yield Broken("nothing unexpected happens", text, (invocation.label,))


def logs_hold_nothing_private(outcome: Outcome) -> Iterator[Broken]:
    """No address, token or text of a user is in a line of the log."""
    for line in outcome.world.journal.leaks:
        yield Broken("logs hold nothing private", line[:300], ())
