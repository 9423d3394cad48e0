"""Which failures are worth another attempt, as boto3's standard mode has it."""

import random
import threading

from botocore.exceptions import ClientError

#: Source: botocore.retries.standard
_THROTTLED = frozenset(
    {
        "BandwidthLimitExceeded",
        "EC2ThrottledException",
        "LimitExceededException",
        "PriorRequestNotComplete",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "SlowDown",
        "Throttling",
        "ThrottledException",
        "ThrottlingException",
        "TooManyRequestsException",
        "TransactionInProgressException",
    }
)
#: The last is one that DynamoDB's description marks.
_TRANSIENT = frozenset({"RequestTimeout", "RequestTimeoutException", "ReplicatedWriteConflictException"})
_STATUSES = frozenset({500, 502, 503, 504})
#: What a service says of a request whose time is not now, or of no longer, or of one whose time it cannot tell.
_SKEWED = frozenset(
    {
        "InvalidSignatureException",
        "RequestExpired",
        "RequestInTheFuture",
        "RequestTimeTooSkewed",
        "SignatureDoesNotMatch",
    }
)


def is_throttled(error: Exception) -> bool:
    """Tell whether a service said that this is too much."""
    return isinstance(error, ClientError) and (code(error) in _THROTTLED or status(error) == 429)


def may_pass(error: Exception) -> bool:
    """Tell whether the same call may succeed when it is sent again; without an answer it may."""
    if not isinstance(error, ClientError):
        return True
    return is_throttled(error) or code(error) in _TRANSIENT or status(error) in _STATUSES


def may_be_skewed(error: ClientError) -> bool:
    """Tell whether a refusal may be for the clock's sake; nothing was carried out."""
    return code(error) in _SKEWED


def pause(error: Exception, scale: float) -> float:
    """Return how long to wait before the second attempt, in seconds: each caller another time.

    Parameters
    ----------
    scale
        The longest wait after a failure that is not for throttling.
    """
    return random.random() * (1 if is_throttled(error) else scale)  # noqa: S311 - no secret


def code(error: ClientError) -> str:
    """Return the service's code."""
    return str(error.response["Error"]["Code"])


def status(error: ClientError) -> int:
    """Return the answer's status."""
    return int(error.response["ResponseMetadata"]["HTTPStatusCode"])


class Allowance:
    """What a client may spend on further attempts, so that a service that fails for all is not asked twice as often.

    Source: botocore.retries.quota
    """

    _MOST = 500

    def __init__(self) -> None:
        self._left = self._MOST
        self._lock = threading.Lock()

    def spend(self, error: Exception) -> int:
        """Pay for an attempt after a failure; return what it costs, 0 if there is not enough left."""
        cost = 5 if is_throttled(error) else 14
        with self._lock:
            if cost > self._left:
                return 0
            self._left -= cost
            return cost

    def earn(self, spent: int) -> None:
        """Get back what a call has spent that succeeded in the end, or a little for one that succeeded at once."""
        if self._left < self._MOST:
            with self._lock:
                self._left = min(self._MOST, self._left + (spent or 1))
