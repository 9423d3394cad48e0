from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from local_stack.aws.permissions import Need, Permissions, allows
from local_stack.aws.server import AwsServer, embedded
from local_stack.settings import ACCOUNT_ID

REGION = "us-east-1"
TABLE = f"arn:aws:dynamodb:{REGION}:{ACCOUNT_ID}:table/users"
QUEUE = f"arn:aws:sqs:{REGION}:{ACCOUNT_ID}:work"
KEY = {"pk": {"S": "a"}}


class Aws:
    """The AWS endpoint behind the permissions of one function."""

    def __init__(self) -> None:
        self.permissions = Permissions(embedded())
        self.server = AwsServer(self.permissions, "127.0.0.1", 0)
        self.server.start()

    def client(self, service: str, key: str = "Function") -> Any:
        return boto3.client(
            service,
            endpoint_url=self.server.url,
            region_name=REGION,
            aws_access_key_id=key,
            aws_secret_access_key="secret",
        )

    def allow(self, *statements: Mapping[str, Any]) -> None:
        self.permissions.policies = {"Function": statements}


@pytest.fixture(scope="module")
def endpoint() -> Iterator[Aws]:
    """Serve the endpoint with a table and a queue."""
    aws = Aws()
    aws.client("dynamodb", "root").create_table(
        TableName="users",
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "name")],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        GlobalSecondaryIndexes=[
            {
                "IndexName": "by_name",
                "KeySchema": [{"AttributeName": "name", "KeyType": "HASH"}],
                "Projection": {"ProjectionType": "ALL"},
            }
        ],
    )
    aws.client("sqs", "root").create_queue(QueueName="work")
    yield aws
    aws.server.stop()


@pytest.fixture
def aws(endpoint: Aws) -> Aws:
    """Return the endpoint with a function that may do nothing."""
    endpoint.allow()
    return endpoint


def statement(action: str | list[str], resource: str | list[str]) -> dict[str, Any]:
    """Return a statement that allows."""
    return {"Effect": "Allow", "Action": action, "Resource": resource}


def refused(error: pytest.ExceptionInfo[ClientError]) -> str:
    """Return the code of an error of AWS."""
    return str(error.value.response["Error"]["Code"])


def test_a_function_may_do_what_its_policy_allows(aws: Aws) -> None:
    aws.allow(statement("dynamodb:GetItem", TABLE))
    assert "Item" not in aws.client("dynamodb").get_item(TableName="users", Key=KEY)


def test_a_function_may_do_nothing_else(aws: Aws) -> None:
    aws.allow(statement("dynamodb:GetItem", TABLE))
    with pytest.raises(ClientError) as error:
        aws.client("dynamodb").put_item(TableName="users", Item=KEY)
    assert refused(error) == "AccessDeniedException"


def test_who_is_no_function_may_do_everything(aws: Aws) -> None:
    aws.client("dynamodb", "root").put_item(TableName="users", Item=KEY)


def test_a_function_without_a_known_policy_may_do_everything(aws: Aws) -> None:
    aws.client("dynamodb", "Another").put_item(TableName="users", Item=KEY)


def test_an_index_needs_a_permission_of_its_own(aws: Aws) -> None:
    aws.allow(statement("dynamodb:Query", TABLE))
    query = {
        "TableName": "users",
        "IndexName": "by_name",
        "KeyConditionExpression": "#name = :name",
        "ExpressionAttributeNames": {"#name": "name"},
        "ExpressionAttributeValues": {":name": {"S": "a"}},
    }
    with pytest.raises(ClientError) as error:
        aws.client("dynamodb").query(**query)
    assert refused(error) == "AccessDeniedException"
    aws.allow(statement("dynamodb:Query", f"{TABLE}/index/by_name"))
    assert aws.client("dynamodb").query(**query)["Count"] == 0


def test_a_transaction_needs_the_permission_of_each_part(aws: Aws) -> None:
    parts = [
        {"Put": {"TableName": "users", "Item": {"pk": {"S": "b"}}}},
        {
            "ConditionCheck": {
                "TableName": "users",
                "Key": {"pk": {"S": "none"}},
                "ConditionExpression": "attribute_not_exists(pk)",
            }
        },
    ]
    aws.allow(statement("dynamodb:PutItem", TABLE))
    with pytest.raises(ClientError) as error:
        aws.client("dynamodb").transact_write_items(TransactItems=parts)
    assert refused(error) == "AccessDeniedException"
    aws.allow(statement(["dynamodb:PutItem", "dynamodb:ConditionCheckItem"], TABLE))
    aws.client("dynamodb").transact_write_items(TransactItems=parts)


def test_a_batch_of_items_needs_the_permission_of_each_table(aws: Aws) -> None:
    request = {"users": {"Keys": [KEY]}}
    with pytest.raises(ClientError) as error:
        aws.client("dynamodb").batch_get_item(RequestItems=request)
    assert refused(error) == "AccessDeniedException"
    aws.allow(statement("dynamodb:BatchGetItem", TABLE))
    aws.client("dynamodb").batch_get_item(RequestItems=request)


def test_a_batch_of_messages_needs_the_permission_to_send(aws: Aws) -> None:
    url = aws.client("sqs", "root").get_queue_url(QueueName="work")["QueueUrl"]
    entries = [{"Id": "1", "MessageBody": "x"}]
    with pytest.raises(ClientError) as error:
        aws.client("sqs").send_message_batch(QueueUrl=url, Entries=entries)
    assert refused(error) == "AccessDeniedException"
    aws.allow(statement("sqs:SendMessage", QUEUE))
    assert aws.client("sqs").send_message_batch(QueueUrl=url, Entries=entries)["Successful"]


def test_a_secret_needs_the_permission_to_read_it(aws: Aws) -> None:
    arn = aws.client("secretsmanager", "root").create_secret(Name="signing", SecretString="s")["ARN"]
    with pytest.raises(ClientError) as error:
        aws.client("secretsmanager").get_secret_value(SecretId=arn)
    assert refused(error) == "AccessDeniedException"
    aws.allow(statement("secretsmanager:GetSecretValue", arn))
    assert aws.client("secretsmanager").get_secret_value(SecretId=arn)["SecretString"] == "s"


def test_an_email_needs_the_permission_of_its_sender_and_of_its_configuration_set(aws: Aws) -> None:
    email: dict[str, Any] = {
        "FromEmailAddress": "Nereid <hello@example.com>",
        "Destination": {"ToAddresses": ["sam@example.com"]},
        "Content": {"Simple": {"Subject": {"Data": "s"}, "Body": {"Text": {"Data": "t"}}}},
        "ConfigurationSetName": "set",
    }
    aws.client("sesv2", "root").create_email_identity(EmailIdentity="hello@example.com")
    identity, configuration = (
        f"arn:aws:ses:{REGION}:{ACCOUNT_ID}:{kind}" for kind in ("identity/*", "configuration-set/set")
    )
    aws.allow(statement("ses:SendEmail", identity))
    with pytest.raises(ClientError) as error:
        aws.client("sesv2").send_email(**email)
    assert refused(error) == "AccessDeniedException"
    aws.allow(statement("ses:SendEmail", [identity, configuration]))
    assert aws.client("sesv2").send_email(**email)["MessageId"]


def test_a_phone_number_is_allowed_by_what_it_is_not(aws: Aws) -> None:
    topic = aws.client("sns", "root").create_topic(Name="topic")["TopicArn"]
    aws.allow({"Effect": "Allow", "Action": "sns:Publish", "NotResource": "arn:aws:sns:*:*:*"})
    assert aws.client("sns").publish(PhoneNumber="+4912345", Message="hi")["MessageId"]
    with pytest.raises(ClientError) as error:
        aws.client("sns").publish(TopicArn=topic, Message="hi")
    assert refused(error) == "AuthorizationError"


ON_AN_ENDPOINT: dict[str, Callable[[Any, str], Any]] = {
    "sns:Publish": lambda sns, endpoint: sns.publish(TargetArn=endpoint, Message="hi"),
    "sns:SetEndpointAttributes": lambda sns, endpoint: sns.set_endpoint_attributes(
        EndpointArn=endpoint, Attributes={"Enabled": "true"}
    ),
    "sns:DeleteEndpoint": lambda sns, endpoint: sns.delete_endpoint(EndpointArn=endpoint),
}


@pytest.mark.parametrize("action", ON_AN_ENDPOINT)
def test_what_is_done_to_an_endpoint_is_checked_against_its_application(aws: Aws, action: str) -> None:
    sns = aws.client("sns", "root")
    application = sns.create_platform_application(Name="app", Platform="GCM", Attributes={"PlatformCredential": "x"})
    arn = application["PlatformApplicationArn"]
    endpoint = sns.create_platform_endpoint(PlatformApplicationArn=arn, Token="t")["EndpointArn"]
    aws.allow(
        {"Effect": "Allow", "Action": "sns:*", "Resource": [endpoint, arn.replace(":app/GCM/app", ":endpoint/*")]}
    )
    with pytest.raises(ClientError) as error:
        ON_AN_ENDPOINT[action](aws.client("sns"), endpoint)
    assert refused(error) == "AuthorizationError"
    aws.allow({"Effect": "Allow", "Action": action, "Resource": arn})
    ON_AN_ENDPOINT[action](aws.client("sns"), endpoint)


def test_a_service_that_no_function_uses_is_refused(aws: Aws) -> None:
    with pytest.raises(ClientError) as error:
        aws.client("sts").get_caller_identity()
    assert refused(error) == "AuthorizationError"


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ({"Effect": "Allow", "Action": "sqs:*", "Resource": "*"}, True),
        ({"Effect": "Allow", "Action": ["sqs:Send*"], "Resource": [QUEUE]}, True),
        ({"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": f"{QUEUE}-2"}, False),
        ({"Effect": "Deny", "Action": "sqs:SendMessage", "Resource": QUEUE}, False),
    ],
)
def test_a_statement_is_read_as_iam_reads_it(statement: dict[str, Any], *, expected: bool) -> None:
    assert allows(statement, Need("sqs:SendMessage", QUEUE)) is expected


def test_a_key_is_allowed_by_its_arn(aws: Aws) -> None:
    key = aws.client("kms", "root").create_key()["KeyMetadata"]
    with pytest.raises(ClientError) as error:
        aws.client("kms").encrypt(KeyId=key["KeyId"], Plaintext=b"text")
    assert refused(error) == "AccessDeniedException"
    aws.allow(statement("kms:Encrypt", key["Arn"]))
    aws.client("kms").encrypt(KeyId=key["KeyId"], Plaintext=b"text")
