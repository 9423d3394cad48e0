"""boto3's clients: of what `nereid.aws.http` does not speak, and for everybody outside of Lambda."""

from functools import cache
from typing import Any

import boto3
from botocore.config import Config

from nereid.aws.http.limits import Limits


def client(service: str, limits: Limits) -> Any:
    """Return boto3's client of a service."""
    return boto3.client(service, config=_config(service, limits))


@cache
def _config(service: str, limits: Limits) -> Config:
    # Objects' names are in the path: a name in the host is nothing that other endpoints answer to.
    more = {"s3": {"addressing_style": "path"}} if service == "s3" else {}
    return Config(
        connect_timeout=limits.connect_seconds,
        read_timeout=limits.read_seconds,
        retries={"mode": "standard", "total_max_attempts": limits.attempts},
        **more,
    )
