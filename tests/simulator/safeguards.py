"""Which seed notices which safeguard when it is missing; run as a module, it looks for seeds and prints the table."""

from __future__ import annotations

import sys
from functools import cache
from typing import NamedTuple

from tests.simulator.mutations import MUTATIONS, broken
from tests.simulator.run import Plan, run

#: Rarely happens what some safeguards are for, so these runs have more faults than usual.
INTENSITY = 4.0
_SEEDS = range(1, 7)


class Noticed(NamedTuple):
    """A run that noticed, by an invariant that was broken."""

    seed: int
    events: int
    invariant: str


class Expected(NamedTuple):
    """What notices: a run of so many events, by one of these invariants; and the seed that is tried first."""

    events: int
    invariants: tuple[str, ...]
    seed: int = 1


EXPECTED: dict[str, Expected] = {
    "a claim that is held is taken all the same": Expected(150, ("nothing is sent twice",)),
    "deliveries are queued before the message is stored": Expected(150, ("only what was planned is sent",)),
    "messages are stored without an entry in the journal": Expected(150, ("every message is listed",)),
    "failed records of a batch are not reported": Expected(
        150, ("nothing is lost", "every delivery ends", "poison blocks nothing")
    ),
    "one failed record fails its whole batch": Expected(300, ("poison blocks nothing",), seed=2),
    "suppressions are not read at the send": Expected(150, ("nobody is mailed against their will",), seed=3),
    "suppressions are cached": Expected(300, ("nobody is mailed against their will",), seed=2),
    "a claim is released when there was no answer": Expected(150, ("nothing is sent twice",), seed=2),
    "what is throttled fails": Expected(150, ("throttled is not failed",)),
    "a success is recorded before the send": Expected(150, ("a success was accepted",)),
    "at_most_once is repeated": Expected(300, ("nothing is sent twice",)),
    "a lapsed claim is used": Expected(150, ("nothing is sent twice",), seed=5),
    "feedback counts twice": Expected(150, ("campaigns count what happened",)),
    "a message is put without its condition": Expected(150, ("only what was planned is sent",)),
    "SendMessageBatch's Failed is ignored": Expected(150, ("nothing is lost", "every delivery ends")),
    "an endpoint answers before the queue did": Expected(600, ("nothing is lost",), seed=3),
    "an app notification is named anew at each try": Expected(150, ("inboxes hold what was delivered",), seed=2),
    "users are written without their version": Expected(
        600, ("users are what was said", "attributes count what happened")
    ),
    "Vibetrace events are settled without a claim": Expected(150, ("attributes count what happened",)),
    "credentials are cached for ever": Expected(300, ("a revoked token opens nothing",)),
    "a client of AWS repeats sends": Expected(300, ("nothing is sent twice",), seed=4),
    "addresses are logged": Expected(150, ("logs hold nothing private",)),
}


def notices(name: str, seed: int, events: int) -> Noticed | None:
    """Return how a run notices that a safeguard is missing, None if it does not."""
    with broken(name):
        found = {each.invariant for each in run(Plan(seed, events, intensity=INTENSITY)).broken}
    named = next((invariant for invariant in EXPECTED[name].invariants if invariant in found), None)
    return Noticed(seed, events, named) if named else None


def search(name: str) -> Noticed | None:
    """Return the smallest of some runs that notices, and that passes while the safeguard is there."""
    expected = EXPECTED[name]
    seeds = dict.fromkeys([expected.seed, *_SEEDS])
    for events in (expected.events, 2 * expected.events):
        for seed in seeds:
            found = notices(name, seed, events)
            if found is not None and found.invariant not in _broken_anyway(seed, events):
                return found
    return None


@cache
def _broken_anyway(seed: int, events: int) -> set[str]:
    """Return the invariants that a run breaks while all safeguards are there."""
    return {each.invariant for each in run(Plan(seed, events, intensity=INTENSITY)).broken}


def main() -> None:
    """Print the table; arguments are words that a safeguard's name has to hold."""
    print("| safeguard taken out | seed | events | invariant |\n|---|---|---|---|", flush=True)
    for name in MUTATIONS:
        if not all(word in name for word in sys.argv[1:]):
            continue
        found = search(name)
        row = f"{found.seed} | {found.events} | {found.invariant}" if found else "- | - | not noticed"
        print(f"| {name} | {row} |", flush=True)


if __name__ == "__main__":
    main()
