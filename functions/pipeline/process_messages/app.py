"""Message queue: store each message with its plan, queue its deliveries, carry out clients' operations."""

from typing import Any

from nereid.consumer import SecondsLeft, consume, read
from nereid.errors import NotFound
from nereid.logs import logger
from nereid.models.message import EventBatch
from nereid.runtime import runtime

runtime.prepare("environments", "processor", "event_rules", "operations", models=[EventBatch])


def process(body: str, _seconds_left: SecondsLeft) -> None:
    """Process all messages of one request; repeating it repeats nothing that was done."""
    batch = read(EventBatch, body)
    try:
        environment = runtime.environments.get(batch.team_id, batch.environment)
    except NotFound:
        logger.info("environment was deleted", team_id=batch.team_id, environment=batch.environment)
        return
    runtime.processor.process_all(environment, batch.messages, runtime.event_rules.admits)
    if batch.replays:
        runtime.processor.replay_all(environment, batch.replays)
    if batch.operations:
        runtime.operations.process(environment, batch.operations)


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
    )
