"""Message queue: store each message with its plan, queue its deliveries, carry out clients' operations."""

from typing import Any

from nereid.batches import Begun
from nereid.consumer import SecondsLeft, consume, read
from nereid.errors import NotFound
from nereid.logs import logger
from nereid.models.message import EventBatch
from nereid.runtime import runtime


def process(body: str, _seconds_left: SecondsLeft) -> Begun:
    """Decide on all messages of one request, carry out the rest of it; repeating it repeats nothing that was done."""
    batch = read(EventBatch, body)
    try:
        environment = runtime.environments.get(batch.team_id, batch.environment)
    except NotFound:
        logger.info("environment was deleted", team_id=batch.team_id, environment=batch.environment)
        return Begun()
    failure: Exception | None = None
    with runtime.processor.holding() as prepared:
        try:
            runtime.processor.process_all(environment, batch.messages, runtime.event_rules.admits)
            if batch.replays:
                runtime.processor.replay_all(environment, batch.replays)
            if batch.operations:
                runtime.operations.process(environment, batch.operations)
        except Exception as error:  # noqa: BLE001 - the messages that were decided on are stored first
            failure = error
    return Begun(prepared, failure)


def handler(event: dict[str, Any], context: Any) -> Any:
    """Handle a batch of the queue; return which records failed."""
    return consume(
        event,
        context,
        process,
        runtime.redelivery("message"),
        runtime.failure_noter,
        seconds_per_record=30,
        counts=runtime.delivery_counts,
        clock=runtime.clock,
        finish=runtime.processor.finish,
    )
