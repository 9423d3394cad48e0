"""A function's environment, and the calls that functions make."""

from __future__ import annotations

import os
import re
from typing import Any

import pytest

REGION = "eu-west-1"
ENVIRONMENT = {
    "AWS_LAMBDA_FUNCTION_NAME": "f",
    "AWS_DEFAULT_REGION": REGION,
    "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "secret/with+signs",
    "AWS_SESSION_TOKEN": "token==",
    "_X_AMZN_TRACE_ID": "Root=1-2-3;Parent=4;Sampled=1;Lineage=a:0",
}
_KEY = {"pk": {"S": "team#dev#é\u2028"}, "sk": {"S": "\U0001f600"}}
_QUEUE = "https://sqs.eu-west-1.amazonaws.com/123456789012/MessageQueue"
_ITEM = {
    **_KEY,
    "number": {"N": "-12.5"},
    "bytes": {"B": b"\x00\xff"},
    "sets": {"BS": [b"a", b"b"]},
    "map": {"M": {"list": {"L": [{"NULL": True}, {"BOOL": False}]}}},
}
_RAW = {"Raw": {"Data": b"Subject: x\r\n\r\n\xff"}}
_SIMPLE = {"Simple": {"Subject": {"Data": "Zoë", "Charset": "UTF-8"}, "Body": {"Text": {"Data": "x"}}}}
_PUSH = {"MessageStructure": "json", "Message": '{"default": "a&b=c +~*é\\n"}'}
_ATTRIBUTES = {
    "AWS.SNS.SMS.SMSType": {"DataType": "String", "StringValue": "Transactional"},
    "AWS.SNS.SMS.MaxPrice": {"DataType": "Number", "StringValue": "0.5"},
}
#: Service, operation and parameters of each call that stores, queues and channels make.
CALLS: list[tuple[str, str, dict[str, Any]]] = [
    ("dynamodb", "get_item", {"TableName": "T", "Key": _KEY, "ConsistentRead": True}),
    ("dynamodb", "put_item", {"TableName": "T", "Item": _ITEM, "ConditionExpression": "attribute_not_exists(pk)"}),
    ("dynamodb", "update_item", {"TableName": "T", "Key": _KEY, "UpdateExpression": "SET a = b"}),
    ("dynamodb", "delete_item", {"TableName": "T", "Key": _KEY}),
    ("dynamodb", "query", {"TableName": "T", "KeyConditionExpression": "pk = :pk", "Limit": 3}),
    ("dynamodb", "batch_get_item", {"RequestItems": {"T": {"Keys": [_KEY]}}}),
    ("dynamodb", "batch_write_item", {"RequestItems": {"T": [{"PutRequest": {"Item": _ITEM}}]}}),
    ("dynamodb", "transact_write_items", {"TransactItems": [{"Put": {"TableName": "T", "Item": _ITEM}}]}),
    ("sqs", "send_message", {"QueueUrl": _QUEUE, "MessageBody": "é", "MessageGroupId": "t", "DelaySeconds": 1}),
    ("sqs", "send_message_batch", {"QueueUrl": _QUEUE, "Entries": [{"Id": "0", "MessageBody": "x"}]}),
    ("sqs", "receive_message", {"QueueUrl": _QUEUE, "WaitTimeSeconds": 1}),
    ("sqs", "delete_message_batch", {"QueueUrl": _QUEUE, "Entries": [{"Id": "0", "ReceiptHandle": "x"}]}),
    ("sqs", "change_message_visibility", {"QueueUrl": _QUEUE, "ReceiptHandle": "x", "VisibilityTimeout": 3}),
    (
        "sqs",
        "change_message_visibility_batch",
        {"QueueUrl": _QUEUE, "Entries": [{"Id": "0", "ReceiptHandle": "x", "VisibilityTimeout": 3}]},
    ),
    ("sqs", "get_queue_attributes", {"QueueUrl": _QUEUE, "AttributeNames": ["All"]}),
    ("secretsmanager", "get_secret_value", {"SecretId": "arn:aws:secretsmanager:eu-west-1:1:secret:x"}),
    ("kms", "encrypt", {"KeyId": "k", "Plaintext": b"\x00p", "EncryptionContext": {"a": "é"}}),
    ("kms", "decrypt", {"KeyId": "k", "CiphertextBlob": b"\xffc", "EncryptionContext": {"a": "é"}}),
    ("sesv2", "send_email", {"FromEmailAddress": "Zoë <a@example.com>", "Content": _RAW}),
    ("sesv2", "send_email", {"FromEmailAddress": "a@example.com", "Content": _SIMPLE}),
    ("sesv2", "get_account", {}),
    ("sns", "publish", {"PhoneNumber": "+4915112345678", "Message": "hé", "MessageAttributes": _ATTRIBUTES}),
    ("sns", "publish", {"TargetArn": "arn:aws:sns:x:1:endpoint/GCM/a/b", **_PUSH}),
    ("sns", "create_platform_endpoint", {"PlatformApplicationArn": "arn:app", "Token": "a:b_c-d"}),
    ("sns", "set_endpoint_attributes", {"EndpointArn": "e", "Attributes": {"Enabled": "true", "Token": "t"}}),
    ("sns", "delete_endpoint", {"EndpointArn": "e"}),
]


def named(calls: list[tuple[str, str, dict[str, Any]]]) -> list[Any]:
    """Return calls as parameters of a test."""
    return [pytest.param(*call, id=f"{call[0]}-{call[1]}-{number}") for number, call in enumerate(calls)]


def enter(monkeypatch: pytest.MonkeyPatch, **more: str) -> None:
    """Put a test into a function's environment, which has nothing else of AWS."""
    for name in [name for name in os.environ if re.search("^AWS_|_PROXY$|_CA_BUNDLE$", name.upper())]:
        monkeypatch.delenv(name)
    for name, value in {**ENVIRONMENT, **more}.items():
        monkeypatch.setenv(name, value)
