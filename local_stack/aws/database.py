"""Answers the calls of DynamoDB that read and write items, which are most of what functions ask of AWS.

Tables are made, described and deleted by moto, whose own hold nothing: moto needs some fifty times as long for an item,
and keeps fewer of the service's rules.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Mapping
from typing import Any

from botocore import xform_name
from botocore.exceptions import ClientError, ParamValidationError

from local_stack.aws.memory_dynamodb import MemoryDynamoDB
from local_stack.aws.memory_dynamodb.wire import decoded, encoded
from local_stack.aws.recorder import read_body
from local_stack.terminal import warn

_SERVICE = "DynamoDB_20120810"
_ITEMS = frozenset(
    {
        "BatchGetItem",
        "BatchWriteItem",
        "DeleteItem",
        "GetItem",
        "PutItem",
        "Query",
        "Scan",
        "TransactGetItems",
        "TransactWriteItems",
        "UpdateItem",
    }
)
# These would find moto's tables empty, or change them alone.
_MISSING = frozenset({"BatchExecuteStatement", "ExecuteStatement", "ExecuteTransaction", "UpdateTable"})
# What of a table decides how its items are kept.
_MEMBERS = (
    "AttributeDefinitions",
    "KeySchema",
    "GlobalSecondaryIndexes",
    "LocalSecondaryIndexes",
)
#: The path at which moto forgets everything.
_RESET = "/moto-api/reset"


class Database:
    """A WSGI middleware before moto.

    Parameters
    ----------
    app : WSGI application
        What answers everything else.
    """

    def __init__(self, app: Any) -> None:
        self._app = app
        self._memory = MemoryDynamoDB({})

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Answer a call about items, and pass on any other."""
        service, _, operation = environ.get("HTTP_X_AMZ_TARGET", "").partition(".")
        if service == _SERVICE:
            if operation in _ITEMS:
                return _told(start_response, *self._call(operation, read_body(environ)))
            if operation in _MISSING:
                return _told(start_response, *_lacking(operation))
            if operation in ("CreateTable", "DeleteTable"):
                return self._follow(operation, environ, start_response)
        elif environ["PATH_INFO"] == _RESET:
            self._memory = MemoryDynamoDB({})
        passed: Iterable[bytes] = self._app(environ, start_response)
        return passed

    def _call(self, operation: str, body: bytes) -> tuple[int, Mapping[str, Any]]:
        try:
            answer: dict[str, Any] = getattr(self._memory, xform_name(operation))(**decoded(json.loads(body)))
        except ClientError as error:
            response = dict(error.response)
            members = {name: response[name] for name in ("Item", "CancellationReasons") if name in response}
            return _refusal(response["Error"]["Code"], response["Error"]["Message"], members)
        except (ParamValidationError, ValueError) as error:
            return _refusal("SerializationException", str(error))
        except NotImplementedError as missing:
            return _lacking(str(missing))
        del answer["ResponseMetadata"]
        return 200, answer

    def _follow(self, operation: str, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Make or delete the table as soon as moto has done so."""
        request = json.loads(read_body(environ))
        begun: list[Any] = []
        answer = b"".join(self._app(environ, lambda *arguments: begun.append(arguments)))
        if str(begun[0][0]).startswith("2"):
            name = request["TableName"].rpartition("/")[2]
            if operation == "CreateTable":
                self._memory.add(name, {member: request[member] for member in _MEMBERS if request.get(member)})
            else:
                self._memory.remove(name)
        start_response(*begun[0])
        return [answer]


def _refusal(code: str, message: str, members: Mapping[str, Any] | None = None) -> tuple[int, Mapping[str, Any]]:
    kind = "com.amazon.coral.validate" if code == "ValidationException" else "com.amazonaws.dynamodb.v20120810"
    return 400, {"__type": f"{kind}#{code}", "message": message, **(members or {})}


def _lacking(what: str) -> tuple[int, Mapping[str, Any]]:
    # An exception on the way to the client would look like a fault of the network, and be tried again.
    warn(f"the local DynamoDB has no {what}")
    return _refusal("UnknownOperationException", f"The local DynamoDB has no {what}.")


def _told(start_response: Any, status: int, answer: Mapping[str, Any]) -> list[bytes]:
    body = json.dumps(answer, default=encoded, separators=(",", ":")).encode()
    headers = [("Content-Type", "application/x-amz-json-1.0"), ("Content-Length", str(len(body)))]
    start_response(
        "200 OK" if status == 200 else "400 Bad Request", [*headers, ("x-amzn-RequestId", str(uuid.uuid4()))]
    )
    return [body]
