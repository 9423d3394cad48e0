"""The clients of functions get from the services what boto3's get: answers and errors of the same calls, in order."""

from __future__ import annotations

import urllib.request
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto.server import ThreadedMotoServer

from nereid.aws import sdk
from nereid.aws.http import clients
from nereid.aws.http.limits import Limits
from tests.support import lighter_moto
from tests.unit.aws.http.function import enter

LIMITS = Limits(5, 30, 1)
KEY = {"pk": {"S": "team#dev"}, "sk": {"S": "é"}}
OTHER = {"pk": {"S": "team#dev"}, "sk": {"S": "other"}}
ITEM = {
    **KEY,
    "number": {"N": "12.50"},
    "bytes": {"B": b"\x00\xff"},
    "set": {"SS": ["a", "b"]},
    "B": {"M": {"B": {"B": b"x"}, "list": {"L": [{"NULL": True}, {"BOOL": False}]}}},
}
ABSENT = {"ConditionExpression": "attribute_not_exists(pk)"}
BODY = {"Subject": {"Data": "x"}, "Body": {"Text": {"Data": "x"}}}
RAW = b"From: a@example.com\r\nTo: b@example.com\r\nSubject: x\r\n\r\nx"
#: What each call returns anew, and what only boto3's clients return.
_VARIES = {
    "ARN",
    "CiphertextBlob",
    "CreatedDate",
    "EndpointArn",
    "KeyId",
    "MessageId",
    "ReceiptHandle",
    "ResponseMetadata",
    "VersionId",
}

lighter_moto.install()
Call = Callable[..., Any]


def tables(call: Call) -> None:
    """Make the calls of DynamoDB that stores make."""
    call("dynamodb", "put_item", TableName="T", Item=ITEM)
    call("dynamodb", "put_item", TableName="T", Item=ITEM, **ABSENT, ReturnValuesOnConditionCheckFailure="ALL_OLD")
    call("dynamodb", "put_item", TableName="Nowhere", Item=ITEM)
    call("dynamodb", "put_item", TableName="T", Item={"pk": {"S": "no sort key"}})
    call("dynamodb", "get_item", TableName="T", Key=KEY, ConsistentRead=True)
    call("dynamodb", "get_item", TableName="T", Key=OTHER)
    call(
        "dynamodb",
        "update_item",
        TableName="T",
        Key=KEY,
        UpdateExpression="SET #a = :a",
        ExpressionAttributeNames={"#a": "bytes"},
        ExpressionAttributeValues={":a": {"B": b"new"}},
        ReturnValues="ALL_NEW",
    )
    query = {"KeyConditionExpression": "pk = :pk", "ExpressionAttributeValues": {":pk": KEY["pk"]}}
    call("dynamodb", "batch_write_item", RequestItems={"T": [{"PutRequest": {"Item": OTHER}}]})
    call("dynamodb", "query", TableName="T", **query)
    call("dynamodb", "query", TableName="T", **query, Limit=1)
    call("dynamodb", "query", TableName="T", **query, Select="COUNT")
    call("dynamodb", "query", TableName="T", KeyConditionExpression="nonsense")
    call("dynamodb", "batch_get_item", RequestItems={"T": {"Keys": [KEY, OTHER]}})
    put = {"Put": {"TableName": "T", "Item": OTHER, **ABSENT}}
    call("dynamodb", "transact_write_items", TransactItems=[{"Delete": {"TableName": "T", "Key": KEY}}, put])
    call("dynamodb", "delete_item", TableName="T", Key=OTHER)
    call("dynamodb", "transact_write_items", TransactItems=[put])


def queues(call: Call) -> None:
    """Make the calls of SQS that queues make."""
    url = boto3.client("sqs").get_queue_url(QueueName="Q")["QueueUrl"]
    attribute = {"X": {"DataType": "String", "StringValue": "yes"}}
    call("sqs", "send_message", QueueUrl=url, MessageBody="é\U0001f600", MessageAttributes=attribute, DelaySeconds=0)
    call("sqs", "send_message", QueueUrl=f"{url}-nowhere", MessageBody="x")
    call("sqs", "send_message", QueueUrl=url, MessageBody="\x00")
    entries = [{"Id": str(number), "MessageBody": "x"} for number in range(3)]
    call("sqs", "send_message_batch", QueueUrl=url, Entries=entries)
    call("sqs", "send_message_batch", QueueUrl=url, Entries=[*entries, entries[0]])
    call("sqs", "get_queue_attributes", QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"])
    received = call("sqs", "receive_message", QueueUrl=url, MaxNumberOfMessages=3)["Messages"]
    handles = [message["ReceiptHandle"] for message in received]
    call("sqs", "change_message_visibility", QueueUrl=url, ReceiptHandle=handles[0], VisibilityTimeout=0)
    call("sqs", "change_message_visibility", QueueUrl=url, ReceiptHandle="nonsense", VisibilityTimeout=0)
    batch = [{"Id": "0", "ReceiptHandle": handles[1]}]
    visible = [{**each, "VisibilityTimeout": 0} for each in batch]
    call("sqs", "change_message_visibility_batch", QueueUrl=url, Entries=visible)
    call("sqs", "delete_message_batch", QueueUrl=url, Entries=batch)


def secrets(call: Call) -> None:
    """Make the calls of Secrets Manager and KMS."""
    call("secretsmanager", "get_secret_value", SecretId="S")
    call("secretsmanager", "get_secret_value", SecretId="nowhere")
    key, context = boto3.client("kms").list_keys()["Keys"][0]["KeyId"], {"EncryptionContext": {"team": "é"}}
    sealed = call("kms", "encrypt", KeyId=key, Plaintext=b"\x00\xff", **context)["CiphertextBlob"]
    assert isinstance(sealed, bytes)
    # The answer names the key.
    assert call("kms", "decrypt", CiphertextBlob=sealed, **context)["Plaintext"] == b"\x00\xff"
    call("kms", "decrypt", CiphertextBlob=sealed, EncryptionContext={"team": "other"})


def providers(call: Call) -> None:
    """Make the calls of SES and SNS that channels make."""
    to = {"FromEmailAddress": "a@example.com", "Destination": {"ToAddresses": ["b@example.com"]}}
    call("sesv2", "send_email", **to, Content={"Simple": BODY})
    call("sesv2", "send_email", **to, Content={"Raw": {"Data": RAW}})
    call("sesv2", "send_email", **{**to, "FromEmailAddress": "a@unknown.example.com"}, Content={"Simple": BODY})
    application = boto3.client("sns").list_platform_applications()["PlatformApplications"][0]["PlatformApplicationArn"]
    made = call("sns", "create_platform_endpoint", PlatformApplicationArn=application, Token="a:b_c")
    endpoint, push = made["EndpointArn"], {"MessageStructure": "json", "Message": '{"default": "é & <x>"}'}
    call("sns", "create_platform_endpoint", PlatformApplicationArn="arn:aws:sns:eu-west-1:1:app/GCM/no", Token="x")
    call("sns", "publish", TargetArn=endpoint, **push)
    call("sns", "set_endpoint_attributes", EndpointArn=endpoint, Attributes={"Enabled": "false", "Token": "a:b_c"})
    call("sns", "publish", TargetArn=endpoint, **push)
    call("sns", "delete_endpoint", EndpointArn=endpoint)
    call("sns", "publish", TargetArn=endpoint, **push)
    attributes = {"AWS.SNS.SMS.SMSType": {"DataType": "String", "StringValue": "Transactional"}}
    call("sns", "publish", PhoneNumber="+4915112345678", Message="é & +", MessageAttributes=attributes)
    call("sns", "publish", PhoneNumber="nonsense", Message="x")


@pytest.fixture(scope="module")
def moto() -> Iterator[str]:
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


def begin(url: str) -> None:
    """Leave nothing in AWS but what calls are about."""
    urllib.request.urlopen(urllib.request.Request(f"{url}/moto-api/reset", method="POST")).close()  # noqa: S310
    keys = {"pk": "HASH", "sk": "RANGE"}
    boto3.client("dynamodb").create_table(
        TableName="T",
        KeySchema=[{"AttributeName": name, "KeyType": kind} for name, kind in keys.items()],
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in keys],
        BillingMode="PAY_PER_REQUEST",
    )
    boto3.client("sqs").create_queue(QueueName="Q")
    boto3.client("secretsmanager").create_secret(Name="S", SecretString="s\u00e9cret")
    boto3.client("kms").create_key()
    boto3.client("sesv2").create_email_identity(EmailIdentity="example.com")
    boto3.client("sns").create_platform_application(Name="A", Platform="GCM", Attributes={"PlatformCredential": "x"})


def outcomes(module: Any, calls: Callable[[Call], None]) -> list[Any]:
    """Make calls with a module's clients; return what came of each."""
    made: dict[str, Any] = {}
    found: list[Any] = []

    def call(service: str, operation: str, **parameters: Any) -> Any:
        if service not in made:
            made[service] = module.client(service, LIMITS)
        try:
            answer = getattr(made[service], operation)(**parameters)
        except ClientError as error:
            status = error.response["ResponseMetadata"]["HTTPStatusCode"]
            members = {name: error.response.get(name) for name in ("Item", "CancellationReasons")}
            said = error.response["Error"]["Code"], error.response["Error"]["Message"]
            found.append((operation, status, said, members))
            return None
        found.append((operation, _same(answer)))
        return answer

    try:
        calls(call)
    finally:
        for client in made.values():
            client.close()
    return found


def _same(value: Any) -> Any:
    """Return what two runs have in common."""
    if isinstance(value, dict):
        return {name: _same(each) for name, each in value.items() if name not in _VARIES}
    return [_same(each) for each in value] if isinstance(value, list) else value


@pytest.mark.parametrize("calls", [tables, queues, secrets, providers])
def test_calls_end_as_with_boto3(moto: str, monkeypatch: pytest.MonkeyPatch, calls: Callable[[Call], None]) -> None:
    enter(monkeypatch, AWS_ENDPOINT_URL=moto)
    found = []
    for module in (clients, sdk):
        begin(moto)
        found.append(outcomes(module, calls))
    for ours, theirs in zip(*found, strict=True):
        assert ours == theirs
