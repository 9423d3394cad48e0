"""Feedback queue: record what SES reports about mails that it accepted."""

from typing import Any

from nereid import jsontext
from nereid.consumer import consume
from nereid.logs import logger
from nereid.runtime import runtime


def record(body: str) -> None:
    """Record one report; EventBridge wraps it in an event whose `detail` it is."""
    event = jsontext.loads(body)
    done = runtime.feedback.record(event.get("detail", event))
    logger.info("feedback", done=done, event=event.get("id"))


def handler(event: dict[str, Any], context: Any) -> Any:
    """Handle a batch of the queue; return which records failed."""
    return consume(event, context, record, last_try=runtime.last_try)
