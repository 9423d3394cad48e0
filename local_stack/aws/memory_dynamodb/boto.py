"""boto3's own clients, answered by DynamoDB in memory: for code that makes its client itself."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from botocore import xform_name
from botocore.exceptions import ClientError

from local_stack.aws.memory_dynamodb.client import MemoryDynamoDB


def keep_parameters(params: dict[str, Any], context: dict[str, Any], **_more: Any) -> None:
    """Keep what a call was given: a handler of `before-parameter-build.dynamodb`, whose call `answered` answers."""
    context["parameters"] = params


def answered(memory: MemoryDynamoDB, operation: str, context: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
    """Return what a handler of `before-call` returns for the call to be answered and not sent.

    Parameters
    ----------
    operation
        The service's name of the call.
    context
        That of the call, with what `keep_parameters` kept.
    """
    try:
        answer = getattr(memory, xform_name(operation))(**context["parameters"])
    except ClientError as error:
        return SimpleNamespace(status_code=400), error.response
    return SimpleNamespace(status_code=200), answer
