"""A world without faults, in which every service has its limits."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tests.simulator.clock import seconds
from tests.simulator.database import Database
from tests.simulator.load.limits import LimitedDatabase, maximum_concurrency
from tests.simulator.load.queues import FairQueue
from tests.simulator.providers import Accepted, Ses
from tests.simulator.sandboxes import Function, Invocation
from tests.simulator.sqs import Queue
from tests.simulator.world import World

#: How long one way of a call takes, in seconds: half of the waiting, and of the time that the function computes for it
#: with 512 MB.
WAYS = {"dynamodb": 0.0035, "sqs": 0.0055, "sesv2": 0.035, "sns": 0.02, "secretsmanager": 0.01, "kms": 0.005}
#: How long a function takes to begin that has no sandbox.
COLD_START = 0.8


@dataclass(frozen=True)
class Load:
    """What is asked of the product, and of what it has."""

    events: int
    rate: float
    ses: float
    quota: int | None = None
    #: Of each team: what is written about one of them is of one partition.
    users: int = 2000
    teams: int = 2
    concurrency: int = 1000
    #: How much longer everything takes than was measured.
    slow: float = 1.0
    #: Only so small a part happens, with as small a part of every limit.
    scale: float = 1.0
    #: In kilobytes.
    template: float = 1.0
    #: `email` or `app`: events of the Neptune API that send a mail, or put something into an inbox; `client`: events of
    #: the Client API, a hundred in a request.
    kind: str = "email"


class LoadWorld(World):
    """One run's AWS.

    Parameters
    ----------
    load
        Its limits.
    """

    def __init__(self, load: Load) -> None:
        self.load = load
        #: While it is made, nothing is limited.
        self.is_warm = True
        self.running = 0
        self.most_running = 0
        self.refused: Counter[str] = Counter()
        super().__init__(1)

    def make_database(self) -> Database:
        """Make DynamoDB with the limits of its partitions."""
        self.limited_database = LimitedDatabase(self)
        return self.limited_database

    def make_queue(self, name: str) -> Queue:
        """Make a fair queue."""
        return FairQueue(self, name)

    def make_ses(self) -> Ses:
        """Make SES with its rate and quota."""
        self.ses = Ses(self, self.limits(self.load.ses, self.load.quota))
        return self.ses

    def takes(self, service: str) -> tuple[int, int]:
        """Return how long each way of a call takes."""
        way = WAYS.get(service, 0.02) * self.load.slow
        return seconds(way * 0.8), seconds(way * 1.2)

    def scaled(self, number: float) -> int:
        """Return what a limit is in this run."""
        return max(1, round(number * self.load.scale))

    def most_sandboxes(self, mapping: Mapping[str, Any]) -> int:
        """Return how many sandboxes a mapping feeds at most."""
        return self.scaled(maximum_concurrency(mapping))

    def has_room(self) -> bool:
        """Tell whether the account's concurrent executions have room for one more."""
        return self.running < self.scaled(self.load.concurrency)

    def invoke(self, function: Function, label: str, given: dict[str, Any], done: Callable[[Any], None]) -> Invocation:
        """Run a function; its sandbox is one of the account's concurrent executions."""
        self.running += 1
        self.most_running = max(self.most_running, self.running)
        return super().invoke(function, label, given, done)

    def invocation_ended(self, invocation: Invocation) -> None:  # noqa: ARG002 - it is the same for all
        """Note that a run of a function is over."""
        self.running -= 1

    def note(self, actor: str, text: str) -> None:
        """Note nothing: there are too many steps."""

    def accepted(self, accepted: Accepted) -> None:
        """Tell those who want to know."""
        for listener in self.on_accepted:
            listener(accepted)
