"""What happens for every event, and how much of it at once: the operations that are timed, counted and priced."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bench.world import Event, World

PROCESS = "pipeline/process_messages"


@dataclass(frozen=True)
class Operation:
    """One way to call a function.

    Parameters
    ----------
    name
        What is done, such as `process e-mail`.
    function
        By what.
    records
        Requests or records of an invocation.
    per_record
        Events of each of them.
    make
        Returns so many invocations' events, none of which was handled before.
    """

    name: str
    function: str
    records: int
    per_record: int
    make: Callable[[World, int], list[Event]]

    @property
    def key(self) -> str:
        """Its name with its batch: `process e-mail 10x1`."""
        return f"{self.name} {self.records}x{self.per_record}"

    @property
    def events(self) -> int:
        """How many events an invocation handles."""
        return self.records * self.per_record


def _accept_neptune(world: World, count: int) -> list[Event]:
    return [world.ingest("mail") for _ in range(count)]


def _accept_client(events: int) -> Callable[[World, int], list[Event]]:
    return lambda world, count: [world.client_events(events) for _ in range(count)]


def _sample(function: str) -> Callable[[World, int], list[Event]]:
    return lambda world, count: [world.sample(function)] * count


def _consume(function: str, event_type: str, records: int, per_record: int) -> Callable[[World, int], list[Event]]:
    def make(world: World, count: int) -> list[Event]:
        bodies = world.work(function, event_type, records * count, per_record)
        return [world.records(function, bodies[first : first + records]) for first in range(0, len(bodies), records)]

    return make


def _reports(records: int) -> Callable[[World, int], list[Event]]:
    def make(world: World, count: int) -> list[Event]:
        every = world.reports(records * count)["Records"]
        return [{"Records": every[first : first + records]} for first in range(0, len(every), records)]

    return make


def _consumers() -> list[Operation]:
    found = []
    for name, function, event_type, batches in (
        ("process e-mail", PROCESS, "mail", ((1, 1), (10, 1), (1, 10), (1, 100))),
        ("process in-app", PROCESS, "inbox", ((1, 1), (10, 1), (1, 10), (1, 100))),
        ("process four channels", PROCESS, "all", ((1, 1), (10, 1))),
        ("process nothing configured", PROCESS, "unknown", ((1, 1), (10, 1))),
        ("process identify", PROCESS, "identify", ((1, 1), (10, 1))),
        ("deliver e-mail", "pipeline/deliver_email", "mail", ((1, 1), (10, 1))),
        ("deliver SMS", "pipeline/deliver_sms", "text", ((1, 1), (10, 1))),
        ("deliver push", "pipeline/deliver_push", "phone", ((1, 1), (10, 1))),
    ):
        found += [
            Operation(name, function, records, per_record, _consume(function, event_type, records, per_record))
            for records, per_record in batches
        ]
    return found


OPERATIONS: tuple[Operation, ...] = (
    Operation("accept Neptune", "neptune/ingest_event", 1, 1, _accept_neptune),
    *(
        Operation("accept client", "client/post_events", 1, count, _accept_client(count))
        for count in (1, 10, 100, 1000)
    ),
    Operation("accept identify", "client/identify_user", 1, 1, _sample("client/identify_user")),
    Operation("accept Vibetrace", "vibetrace/post_event", 1, 1, _sample("vibetrace/post_event")),
    *_consumers(),
    Operation("record feedback", "pipeline/record_feedback", 1, 1, _reports(1)),
    Operation("record feedback", "pipeline/record_feedback", 10, 1, _reports(10)),
)
#: Those that take so little time, even on a slow machine, that what they have cached does not expire meanwhile.
QUICK: tuple[Operation, ...] = tuple(one for one in OPERATIONS if one.function != PROCESS or one.events <= 10)
