"""Where AWS errors stop: what may pass becomes `Unavailable`; the rest is a bug and stays what it is."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

from botocore.exceptions import BotoCoreError, ClientError

from nereid.errors import Unavailable

#: What every service calls "too many requests" or "not now", beside a status of 429 or of 500 and more.
THROTTLED = frozenset(
    {
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestTimeout",
        "ServiceUnavailable",
        "Throttling",
        "ThrottlingException",
    }
)
#: What DynamoDB, SQS and Secrets Manager call it besides.
_PASSING = THROTTLED | {
    "InternalServerError",
    "InternalServiceError",
    "KmsThrottled",
    "LimitExceededException",
    "OverLimit",
    "ProvisionedThroughputExceededException",
    "TransactionConflictException",
    "TransactionInProgressException",
}


def code(error: ClientError) -> str:
    """Return the service's code of an error."""
    return str(error.response.get("Error", {}).get("Code", "Unknown"))


def status(error: ClientError) -> int:
    """Return the HTTP status of an error's answer, 0 if unknown."""
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


def old_item(error: ClientError) -> dict[str, Any] | None:
    """Return the item that made a condition fail, if the call asked for it."""
    return cast("dict[str, Any] | None", error.response.get("Item"))


def is_condition(error: ClientError) -> bool:
    """Tell whether a conditional write found its condition false."""
    return code(error) == "ConditionalCheckFailedException"


def cancellations(error: ClientError) -> list[str]:
    """Return the reason of each item of a cancelled transaction; empty for any other error."""
    return [str(reason.get("Code")) for reason in error.response.get("CancellationReasons", [])]


def is_contended(error: Unavailable) -> bool:
    """Tell whether a write gave way to a transaction that was writing the same item just then."""
    cause = error.__cause__
    if not isinstance(cause, ClientError):
        return False
    return code(cause) == "TransactionConflictException" or "TransactionConflict" in cancellations(cause)


@contextmanager
def translated() -> Iterator[None]:
    """Turn errors that may pass into `Unavailable`."""
    try:
        yield
    except ClientError as error:
        contended = any(reason in ("TransactionConflict", "ThrottlingError") for reason in cancellations(error))
        if contended or code(error) in _PASSING or status(error) >= 500:
            raise Unavailable(code(error)) from error
        raise
    except BotoCoreError as error:
        # No connection, no answer in time, no credentials just now.
        raise Unavailable(type(error).__name__) from error
