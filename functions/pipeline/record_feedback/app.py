"""Feedback queue: record the reports of SES and SNS about mails and push notifications that they accepted."""

from collections import Counter
from typing import Any

from nereid import jsontext
from nereid.consumer import SecondsLeft, consume
from nereid.logs import logger
from nereid.runtime import runtime


def handler(event: dict[str, Any], context: Any) -> Any:
    """Handle a batch of the queue; return which records failed."""
    done: Counter[str] = Counter()

    def record(body: str, _seconds_left: SecondsLeft) -> None:
        message = jsontext.loads(body)
        result = runtime.feedback.record(message)
        done[result] += 1
        logger.debug("report", extra={"done": result, "event": message.get("id") or message.get("MessageId")})

    try:
        return consume(event, context, record, failure_noter=runtime.failure_noter, clock=runtime.clock)
    finally:
        if done:
            logger.info("feedback", extra={"done": done})
