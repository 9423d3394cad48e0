"""Clients of AWS services: made once, at first use, from one session."""

from functools import cached_property
from typing import Any

import boto3
from botocore.config import Config

#: For stores and queues, whose writes are safe to repeat. Endpoints make several calls, and the first that gets no
#: answer ends the request: its two attempts and the pause between them take 7 s at most, which leaves an endpoint 3 s
#: of its 10 for the calls before it, and the caller is told. A call of theirs takes a few hundredths of a second; the
#: longest waits a second for a queue to have something.
_REPEATABLE = Config(connect_timeout=1, read_timeout=2, retries={"mode": "standard", "total_max_attempts": 2})
#: The same for objects, whose names are in the path: a name in the host is nothing that other endpoints answer to.
_OBJECTS = _REPEATABLE.merge(Config(s3={"addressing_style": "path"}))
#: For providers. Never retried by the SDK: it would repeat a send whose answer was lost, which is how one
#: message becomes two. Whether to try again is decided by core/messaging/deliver.
_ONCE = Config(connect_timeout=2, read_timeout=10, retries={"mode": "standard", "total_max_attempts": 1})
#: For a model that writes. It takes its time; the caller waits no longer than its function may run.
_PATIENT = Config(connect_timeout=2, read_timeout=20, retries={"mode": "standard", "total_max_attempts": 1})


class Clients:
    """The clients that a function may use. A function pays for importing only those that it touches."""

    @cached_property
    def dynamodb(self) -> Any:
        return boto3.client("dynamodb", config=_REPEATABLE)

    @cached_property
    def sqs(self) -> Any:
        return boto3.client("sqs", config=_REPEATABLE)

    @cached_property
    def secrets(self) -> Any:
        """Secrets Manager."""
        return boto3.client("secretsmanager", config=_REPEATABLE)

    @cached_property
    def ses(self) -> Any:
        """SES, API v2."""
        return boto3.client("sesv2", config=_ONCE)

    @cached_property
    def sns(self) -> Any:
        return boto3.client("sns", config=_ONCE)

    @cached_property
    def kms(self) -> Any:
        return boto3.client("kms", config=_REPEATABLE)

    @cached_property
    def s3(self) -> Any:
        return boto3.client("s3", config=_OBJECTS)

    @cached_property
    def bedrock(self) -> Any:
        """Bedrock, to run models."""
        return boto3.client("bedrock-runtime", config=_PATIENT)
