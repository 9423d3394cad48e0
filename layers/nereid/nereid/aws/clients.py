"""Clients of AWS services: made once, at first use.

In a function most are clients of `nereid.aws.http`, which a cold start and each call pay a fraction of boto3's time
for. All others are boto3's, and have the same methods.
"""

from functools import cached_property
from typing import Any

from nereid.aws.http import clients as http
from nereid.aws.http.environment import is_ordinary
from nereid.aws.http.limits import Limits

#: For stores and queues, whose writes are safe to repeat. Endpoints make several calls, and the first that gets no
#: answer ends the request: its two attempts and the pause between them take 7 s at most, which leaves an endpoint 3 s
#: of its 10 for the calls before it, and the caller is told. A call of theirs takes a few hundredths of a second; the
#: longest waits a second for a queue to have something.
_REPEATABLE = Limits(connect_seconds=1, read_seconds=2, attempts=2)
#: For providers. Never retried by a client: it would repeat a send whose answer was lost, which is how one
#: message becomes two. Whether to try again is decided by core/messaging/deliver. What is sent on a connection that is
#: gone has an unknown outcome, so an idle one is used for as long only as AWS's clients for Ruby and Java use it.
_ONCE = Limits(connect_seconds=2, read_seconds=10, attempts=1, idle_seconds=5)
#: For a model that writes. It takes its time; the caller waits no longer than its function may run.
_PATIENT = Limits(connect_seconds=2, read_seconds=20, attempts=1)


class Clients:
    """The clients that a function may use. A function pays for importing only those that it touches."""

    @cached_property
    def dynamodb(self) -> Any:
        return _client("dynamodb", _REPEATABLE)

    @cached_property
    def sqs(self) -> Any:
        return _client("sqs", _REPEATABLE)

    @cached_property
    def secrets(self) -> Any:
        """Secrets Manager."""
        return _client("secretsmanager", _REPEATABLE)

    @cached_property
    def ses(self) -> Any:
        """SES, API v2."""
        return _client("sesv2", _ONCE)

    @cached_property
    def sns(self) -> Any:
        return _client("sns", _ONCE)

    @cached_property
    def kms(self) -> Any:
        return _client("kms", _REPEATABLE)

    @cached_property
    def s3(self) -> Any:
        return _client("s3", _REPEATABLE)

    @cached_property
    def bedrock(self) -> Any:
        """Bedrock, to run models."""
        return _client("bedrock-runtime", _PATIENT)


def _client(service: str, limits: Limits) -> Any:
    made = http.client(service, limits) if is_ordinary() else None
    if made is None:
        from nereid.aws import sdk

        made = sdk.client(service, limits)
    return made
