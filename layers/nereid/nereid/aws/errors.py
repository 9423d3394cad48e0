"""Where AWS errors stop: temporary ones become `Unavailable`; the rest are bugs and stay as they are.

A condition that does not hold is neither. It becomes `ConditionFailed`, which adapters handle and nothing else
raises: an adapter that expects one cannot take another error for it.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from nereid.errors import Unavailable

#: Every service's codes for "too many requests" or "not now", beside a status of 429 or of 500 and more.
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
#: Further codes for it of DynamoDB, SQS and Secrets Manager.
_PASSING = THROTTLED | {
    "InternalServerError",
    "InternalServiceError",
    # A collection shrinks again as its items expire.
    "ItemCollectionSizeLimitExceededException",
    "KmsThrottled",
    "LimitExceededException",
    "OverLimit",
    "ProvisionedThroughputExceededException",
    "ReplicatedWriteConflictException",
    "TransactionInProgressException",
}
#: Why DynamoDB cancels a transaction that may pass when it is sent again.
#: Source: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html
#: The code of a replica's conflict is not among those that it lists; it is taken in both of the forms that codes have.
_PASSING_REASONS = frozenset(
    {
        "ItemCollectionSizeLimitExceeded",
        "ProvisionedThroughputExceeded",
        "ReplicatedWriteConflict",
        "ReplicatedWriteConflictException",
        "ThrottlingError",
    }
)
_NO_REASON = "None"
_CONDITION = "ConditionalCheckFailed"


class ConditionFailed(Exception):
    """The condition of a write does not hold, and nothing was written. Adapters handle it; it never leaves them.

    Parameters
    ----------
    which
        The positions of the parts of a transaction whose conditions do not hold; 0 alone for a single write.
    old
        The item that the condition was about as it is, in plain values; empty if there is none, and of a transaction.
    """

    def __init__(self, which: Sequence[int] = (0,), old: Mapping[str, Any] | None = None) -> None:
        super().__init__(f"conditions {list(which)}")
        self.which = tuple(which)
        self.old = dict(old or {})


class Contended(Unavailable):
    """A write gave way to a transaction that was writing the same item just then."""


def code(error: ClientError) -> str:
    """Return the service's code of an error."""
    return str(error.response.get("Error", {}).get("Code", "Unknown"))


def status(error: ClientError) -> int:
    """Return the HTTP status of an error's answer, 0 if unknown."""
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


def failed_conditions(error: ClientError) -> list[int]:
    """Return the positions of the writes whose conditions do not hold; none if there is any other reason."""
    if code(error) == "ConditionalCheckFailedException":
        return [0]
    reasons = _cancellations(error)
    if set(reasons) <= {_NO_REASON, _CONDITION}:
        return [position for position, reason in enumerate(reasons) if reason == _CONDITION]
    return []


def _cancellations(error: ClientError) -> list[str]:
    """Return the reason of each item of a cancelled transaction; empty for any other error."""
    return [str(reason.get("Code")) for reason in error.response.get("CancellationReasons", [])]


@contextmanager
def translated() -> Iterator[None]:
    """Turn errors that may pass into `Unavailable`.

    Of a transaction's reasons a temporary one wins: the others show when it is sent again.
    """
    try:
        yield
    except ClientError as error:
        reasons = _cancellations(error)
        if code(error) == "TransactionConflictException" or "TransactionConflict" in reasons:
            raise Contended(code(error)) from error
        passes = status(error) == 429 or status(error) >= 500
        if passes or code(error) in _PASSING or not _PASSING_REASONS.isdisjoint(reasons):
            raise Unavailable(code(error)) from error
        raise
    except BotoCoreError as error:
        # No connection, no answer in time, no credentials just now.
        raise Unavailable(type(error).__name__) from error
