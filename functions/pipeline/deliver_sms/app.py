"""SMS queue: hand each delivery over, once."""

from typing import Any

from nereid.consumer import consume
from nereid.models.delivery import DeliveryJob
from nereid.runtime import runtime


def deliver(body: str) -> None:
    """Deliver one job; repeating it sends nothing twice."""
    runtime.sms_deliverer.deliver(DeliveryJob.model_validate_json(body))


def handler(event: dict[str, Any], context: Any) -> Any:
    """Handle a batch of the queue; return which records failed."""
    visibility = runtime.visibility("sms")
    return consume(event, context, deliver, visibility, runtime.last_try, counts=runtime.delivery_counts)
