"""Structured logs that carry ids and codes, never addresses, tokens or bodies."""

import hashlib
import logging
import os
import re
import time
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from aws_lambda_powertools import Logger

_PACKAGE = Path(__file__).parent
#: How many of the lines that a bug came through are logged.
_LINES = 8
#: An e-mail address or a phone number, in an id or as one.
_ADDRESS = re.compile(r"@|\+(?:[ ()./-]*\d){7}")

logger = Logger(service="nereid")
#: An answer to events that takes longer is slow, in seconds: twenty times what the call to the queue takes.
_SLOW_SECONDS = 1.0
#: When the invocation began, by the clock of `time.monotonic`, and whether it has taken events in.
_began, _has_ingested = 0.0, False
for _library in ("aws_lambda_powertools", "boto3", "botocore", "urllib3"):
    # Their debugging output holds requests with their errors, and so addresses and texts.
    logging.getLogger(_library).setLevel(logging.INFO)


def identify(context: Any, event: Mapping[str, Any] | None = None) -> None:
    """Let every line of this invocation carry Lambda's request id and, for an event of the API, the gateway's."""
    global _began, _has_ingested
    _began, _has_ingested = time.monotonic(), False
    request = (event or {}).get("requestContext") or {}
    logger.append_keys(
        function_request_id=getattr(context, "aws_request_id", None), api_request_id=request.get("requestId")
    )


def is_traced() -> bool:
    """Tell whether the stack's functions add to X-Ray's traces, which takes loading :mod:`nereid.spans`."""
    return os.environ.get("TRACING") == "Active"


def note_ingest() -> None:
    """Note that this invocation has taken events in."""
    global _has_ingested  # noqa: PLW0603 - a sandbox has one invocation at a time
    _has_ingested = True


def is_slow_ingest() -> bool:
    """Tell whether this invocation has taken events in and took long, the loading of its sandbox left out."""
    return _has_ingested and time.monotonic() - _began > _SLOW_SECONDS


def unexpected(error: BaseException, message: str, **ids: str | None) -> None:
    """Log a bug: its type and the lines it came through.

    Its text is left out, because libraries put the values at hand into it.
    """
    frames = traceback.extract_tb(error.__traceback__)
    where = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames[-_LINES:]]
    logger.error(message, extra={"error": type(error).__name__, "where": where, **ids})


def origin(error: BaseException) -> str:
    """Return an error's type and the last line of ours that it came through: `ValueError at clock.py:12`.

    Its text is left out here, too.
    """
    frames = [(Path(frame.filename), frame.lineno) for frame in traceback.extract_tb(error.__traceback__)]
    places = [(_place(path), line) for path, line in frames]
    own = [f" at {place}:{line}" for place, line in places if place is not None]
    return type(error).__name__ + "".join(own[-1:])


def _place(path: Path) -> str | None:
    """Return where a file of ours is, short; None for a file of others."""
    if path.is_relative_to(_PACKAGE):
        return str(path.relative_to(_PACKAGE))
    return f"{path.parent.name}/{path.name}" if path.name == "app.py" else None


def discarded(reason: str, **ids: str | None) -> None:
    """Count and log an event that was accepted and does not count.

    The metric `EventsDiscarded` has the reason as its dimension and no tenant, so that its series stay few; the log
    line has the ids.
    """
    # Loading metrics takes longer than most functions need them.
    from aws_lambda_powertools.metrics import MetricUnit, single_metric

    with single_metric(name="EventsDiscarded", unit=MetricUnit.Count, value=1) as metric:
        metric.add_dimension(name="reason", value=reason)
    logger.info("event discarded", extra={"reason": reason, **_shown(ids)})


def id_conflict(source: str, **ids: str | None) -> None:
    """Count and log that a message's id came again with another event type, user or data.

    The metric is `MessageIdConflicts`, with the API as its dimension; the log line has the ids.
    """
    from aws_lambda_powertools.metrics import MetricUnit, single_metric

    with single_metric(name="MessageIdConflicts", unit=MetricUnit.Count, value=1) as metric:
        metric.add_dimension(name="source", value=source)
    logger.warning("message id comes again with something else", extra={"source": source, **_shown(ids)})


def failed(reason: str, **ids: str | None) -> None:
    """Log a delivery that failed for good."""
    logger.info("delivery failed", extra={"reason": reason, **_shown(ids)})


def condition_failed(**ids: str | None) -> None:
    """Log a notification that is left out because its condition could not be evaluated."""
    logger.warning("condition failed", extra=_shown(ids))


def loggable(text: str | None) -> str | None:
    """Return an id that a caller chose as it may be logged: one that is somebody's address by its digest."""
    if text is None or not _ADDRESS.search(text):
        return text
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()[:16]}"


def _shown(ids: Mapping[str, str | None]) -> dict[str, str | None]:
    return {name: loggable(text) for name, text in ids.items()}
