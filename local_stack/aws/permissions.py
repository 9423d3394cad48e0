"""Refuses what a function's own policy does not allow, as AWS would, so that a missing permission shows up here.

A function signs its requests with its logical id as access key. Who signs otherwise - the local stack itself, a
developer's client - may do everything. Managed policies count if they are in the template; those of AWS that SAM
attaches allow logs and traces, which nobody asks for here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from email.utils import parseaddr
from fnmatch import fnmatchcase
from typing import Any, NamedTuple
from urllib.parse import parse_qs
from xml.sax.saxutils import escape

from local_stack.aws.recorder import read_body
from local_stack.aws.used_actions import UsedActions
from local_stack.settings import ACCOUNT_ID
from local_stack.terminal import warn

Statement = Mapping[str, Any]

_CREDENTIAL = re.compile(r"Credential=([^/]+)/\d+/([^/]+)/([^/]+)/aws4_request")
_IN_TRANSACTION = {
    "Put": "PutItem",
    "Update": "UpdateItem",
    "Delete": "DeleteItem",
    "ConditionCheck": "ConditionCheckItem",
    "Get": "GetItem",
}
# IAM knows no actions of their own for these.
_BATCHES = {
    "SendMessageBatch": "SendMessage",
    "DeleteMessageBatch": "DeleteMessage",
    "ChangeMessageVisibilityBatch": "ChangeMessageVisibility",
    "PublishBatch": "Publish",
}
# SNS checks a call that names an endpoint against the endpoint's platform application: its own refusals name that one
# ("not authorized to perform: SNS:SetEndpointAttributes on resource: arn:...:app/GCM/..."), and IAM knows no endpoints.
# Source: https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsns.html
_ENDPOINT = re.compile(r":endpoint/([^/]+/[^/]+)/[^/]+$")
# What S3 is asked for with an object's path; functions ask for nothing else of it.
_S3 = {"GET": "GetObject", "HEAD": "GetObject", "PUT": "PutObject", "DELETE": "DeleteObject"}
# The services among those that functions use that answer in JSON; the others do in XML.
_JSON = {"dynamodb", "kms", "secretsmanager", "ses", "sqs"}


class Need(NamedTuple):
    """What a request needs to be allowed.

    Parameters
    ----------
    action : str
        As IAM names it.
    resource : str
        An ARN; for a text message the phone number.
    """

    action: str
    resource: str


class Permissions:
    """A WSGI middleware before the AWS endpoint.

    Parameters
    ----------
    app : WSGI application
        The endpoint.
    """

    def __init__(self, app: Any) -> None:
        self._app = app
        self._used = UsedActions()
        self.policies: Mapping[str, Iterable[Statement]] = {}

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Pass a request on, unless it is a function's and not allowed."""
        signed = _CREDENTIAL.search(environ.get("HTTP_AUTHORIZATION", ""))
        statements = self.policies.get(signed[1]) if signed else None
        if signed is None or statements is None:
            answer: Iterable[bytes] = self._app(environ, start_response)
            return answer
        function, region, service = signed.groups()
        for need in needs(service, region, environ, read_body(environ)):
            self._used.note(function, *need)
            if not any(allows(statement, need) for statement in statements):
                warn(
                    f"{function} may not {need.action} on {need.resource}: its policy in the template does not allow it"
                )
                return _refuse(service, f"{function} is not authorized to perform {need.action}", start_response)
        passed: Iterable[bytes] = self._app(environ, start_response)
        return passed


def allows(statement: Statement, need: Need) -> bool:
    """Tell whether a statement allows what a request needs.

    Parameters
    ----------
    statement : mapping
        Of an identity policy, resolved. One with a condition is taken to hold.
    need : Need
        What is asked for.

    Returns
    -------
    bool
        False too for a statement that denies.
    """
    if statement.get("Effect") != "Allow":
        return False
    if not any(fnmatchcase(need.action.lower(), action.lower()) for action in _listed(statement.get("Action"))):
        return False
    if "NotResource" in statement:
        return not any(fnmatchcase(need.resource, pattern) for pattern in _listed(statement["NotResource"]))
    return any(fnmatchcase(need.resource, pattern) for pattern in _listed(statement.get("Resource")))


def needs(service: str, region: str, environ: Mapping[str, Any], body: bytes) -> Iterator[Need]:
    """Work out what a request to AWS needs.

    Parameters
    ----------
    service, region : str
        From its signature.
    environ : mapping
        The WSGI request.
    body : bytes
        Its body.

    Yields
    ------
    Need
        All have to be allowed.
    """
    operation = str(environ.get("HTTP_X_AMZ_TARGET", "")).rpartition(".")[2]
    prefix = f"arn:aws:{service}:{region}:{ACCOUNT_ID}:"
    match service:
        case "dynamodb":
            yield from _dynamodb(operation, prefix, json.loads(body))
        case "sqs":
            queue = json.loads(body).get("QueueUrl", "").rpartition("/")[2]
            yield Need(f"sqs:{_BATCHES.get(operation, operation)}", prefix + queue)
        case "secretsmanager":
            yield Need(f"secretsmanager:{operation}", json.loads(body).get("SecretId", ""))
        case "kms":
            key = json.loads(body).get("KeyId", "")
            yield Need(f"kms:{operation}", key if key.startswith("arn:") else f"{prefix}key/{key}")
        case "sns":
            yield _sns({name: values[0] for name, values in parse_qs(body.decode()).items()})
        case "ses" if environ["PATH_INFO"] == "/v2/email/outbound-emails":
            email = json.loads(body)
            action = "ses:SendRawEmail" if "Raw" in email.get("Content", {}) else "ses:SendEmail"
            yield Need(action, f"{prefix}identity/{parseaddr(email.get('FromEmailAddress', ''))[1]}")
            if email.get("ConfigurationSetName"):
                yield Need(action, f"{prefix}configuration-set/{email['ConfigurationSetName']}")
        case "ses" if environ["PATH_INFO"] == "/v2/email/account":
            yield Need("ses:GetAccount", "*")
        case "s3":
            operation = operation or _S3.get(environ["REQUEST_METHOD"], environ["REQUEST_METHOD"])
            yield Need(f"s3:{operation}", f"arn:aws:s3:::{environ['PATH_INFO'].removeprefix('/')}")
        case _:
            yield Need(f"{service}:{operation or environ['PATH_INFO']}", prefix)


def _dynamodb(operation: str, prefix: str, request: Mapping[str, Any]) -> Iterator[Need]:
    def table(name: str, index: str | None = None) -> str:
        arn = name if name.startswith("arn:") else f"{prefix}table/{name}"
        return f"{arn}/index/{index}" if index else arn

    if operation in ("TransactWriteItems", "TransactGetItems"):
        for item in request["TransactItems"]:
            for kind, part in item.items():
                yield Need(f"dynamodb:{_IN_TRANSACTION[kind]}", table(part["TableName"]))
    elif "RequestItems" in request:
        for name in request["RequestItems"]:
            yield Need(f"dynamodb:{operation}", table(name))
    else:
        yield Need(f"dynamodb:{operation}", table(request.get("TableName", ""), request.get("IndexName")))


def _sns(request: Mapping[str, str]) -> Need:
    named = ("TargetArn", "TopicArn", "EndpointArn", "PlatformApplicationArn", "PhoneNumber")
    resource = next((request[name] for name in named if name in request), "")
    action = request.get("Action", "")
    return Need(f"sns:{_BATCHES.get(action, action)}", _ENDPOINT.sub(r":app/\1", resource))


def _refuse(service: str, message: str, start_response: Callable[..., Any]) -> list[bytes]:
    if service not in _JSON:
        error = f"<Error><Type>Sender</Type><Code>AuthorizationError</Code><Message>{escape(message)}</Message></Error>"
        content, kind = f"<ErrorResponse>{error}</ErrorResponse>".encode(), "text/xml"
    else:
        content = json.dumps({"__type": "AccessDeniedException", "message": message}).encode()
        kind = "application/json" if service == "ses" else "application/x-amz-json-1.0"
    # Services that take JSON by its target say 400, all others 403.
    status = "400 Bad Request" if service in _JSON and service != "ses" else "403 Forbidden"
    headers = [("Content-Type", kind), ("Content-Length", str(len(content)))]
    start_response(status, [*headers, ("x-amzn-ErrorType", "AccessDeniedException")])
    return [content]


def _listed(value: Any) -> list[str]:
    return value if isinstance(value, list) else [] if value is None else [value]
