"""Message queue: store each message with its plan, queue its deliveries, carry out clients' operations."""

from typing import Any

from nereid.consumer import SecondsLeft, Unfinished, consume, read
from nereid.models.message import EventBatch
from nereid.runtime import runtime

runtime.prepare("environments", "processor", "event_rules", "operations", models=[EventBatch])


def process(body: str, _seconds_left: SecondsLeft) -> Unfinished:
    """Decide on all messages of one request, and do the rest of it; repeating it repeats nothing that was done."""
    return runtime.intake.begin(read(EventBatch, body))


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
