"""Feedback queue: record the reports of SES and SNS about mails and push notifications that they accepted."""

from typing import Any

from nereid import jsontext
from nereid.consumer import SecondsLeft, consume
from nereid.logs import logger
from nereid.runtime import runtime


def record(body: str, _seconds_left: SecondsLeft) -> None:
    """Record one report."""
    message = jsontext.loads(body)
    done = runtime.feedback.record(message)
    logger.info("feedback", done=done, event=message.get("id") or message.get("MessageId"))


def handler(event: dict[str, Any], context: Any) -> Any:
    """Handle a batch of the queue; return which records failed."""
    return consume(event, context, record, failure_noter=runtime.failure_noter, clock=runtime.clock)
