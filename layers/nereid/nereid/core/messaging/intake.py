"""What a record of the message queue asks for: some is done at once, messages are decided on first and stored later."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from nereid.core.messaging.process_message import Prepared, Processor
from nereid.core.messaging.process_operations import Operations
from nereid.errors import NotFound
from nereid.logs import logger
from nereid.models.message import EventBatch, Message
from nereid.models.team import Environment, Scope


class Begun(NamedTuple):
    """What was begun of a record."""

    #: Messages that were decided on, to be stored.
    rest: Sequence[Prepared] = ()
    #: How another part of it failed.
    failure: Exception | None = None


@dataclass(frozen=True)
class Intake:
    """Begins with records of the message queue.

    Parameters
    ----------
    environment
        Returns an environment; `NotFound` if there is none.
    admits
        Tells whether a message that comes under a rule counts.
    """

    environment: Callable[[str, str], Environment]
    processor: Processor
    operations: Operations
    admits: Callable[[Scope, Message], bool]

    def begin(self, batch: EventBatch) -> Begun:
        """Decide on the messages of a record and do the rest of it; repeating it repeats nothing that was done."""
        try:
            environment = self.environment(batch.team_id, batch.environment)
        except NotFound:
            logger.info("environment was deleted", team_id=batch.team_id, environment=batch.environment)
            return Begun()
        failure: Exception | None = None
        with self.processor.holding() as prepared:
            try:
                self._do(environment, batch)
            except Exception as error:  # noqa: BLE001 - raised when those that were decided on are stored
                failure = error
        return Begun(prepared, failure)

    def _do(self, environment: Environment, batch: EventBatch) -> None:
        self.processor.process_all(environment, batch.messages, self.admits)
        if batch.replays:
            self.processor.replay_all(environment, batch.replays)
        if batch.operations:
            self.operations.process(environment, batch.operations)
