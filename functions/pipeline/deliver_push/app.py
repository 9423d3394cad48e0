"""Push queue: send each delivery once."""

from typing import Any

from nereid.consumer import SecondsLeft, consume, read
from nereid.core.messaging.deliver import DELIVERY_SECONDS
from nereid.models.delivery import DeliveryJob
from nereid.runtime import runtime

runtime.prepare("push_deliverer", models=[DeliveryJob])


def deliver(body: str, seconds_left: SecondsLeft) -> None:
    """Deliver one job; repeating it sends nothing twice."""
    runtime.push_deliverer.deliver(read(DeliveryJob, body), seconds_left)


def handler(event: dict[str, Any], context: Any) -> Any:
    """Handle a batch of the queue; return which records failed."""
    runtime.push_deliverer.begin(len(event["Records"]))
    return consume(
        event,
        context,
        deliver,
        runtime.redelivery("push", "push_high"),
        runtime.failure_noter,
        seconds_per_record=DELIVERY_SECONDS,
        counts=runtime.delivery_counts,
        clock=runtime.clock,
    )
