"""The AWS of the bench counts as AWS would."""

from __future__ import annotations

import json
from collections.abc import Iterator
from threading import Thread
from typing import Any

import boto3
import pytest
from botocore.client import Config
from botocore.exceptions import ClientError

from bench.aws.database import OVERHEAD, Database
from bench.aws.server import Aws, Server
from bench.aws.services import Queues
from bench.aws.tally import Tally

TABLES = {
    "Things": {
        "AttributeDefinitions": [{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk", "kind")],
        "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        "GlobalSecondaryIndexes": [
            {
                "IndexName": "kinds",
                "KeySchema": [
                    {"AttributeName": "kind", "KeyType": "HASH"},
                    {"AttributeName": "sk", "KeyType": "RANGE"},
                ],
                "Projection": {"ProjectionType": "KEYS_ONLY"},
            }
        ],
        "BillingMode": "PAY_PER_REQUEST",
    }
}
KEY = {"pk": {"S": "p"}, "sk": {"S": "s"}}


@pytest.fixture
def database() -> Database:
    return Database(TABLES)


def call(database: Database, operation: str, **given: Any) -> tuple[int, Tally]:
    tally = Tally()
    status, _ = database.call(operation, json.dumps({"TableName": "Things", **given}).encode(), tally)
    return status, tally


def units(tally: Tally) -> tuple[float, float, float]:
    return tally.read, tally.written, tally.indexed


def test_an_item_of_a_kilobyte_and_more_takes_two_units_and_one_of_its_index(database: Database) -> None:
    item = {**KEY, "kind": {"S": "k"}, "text": {"S": "x" * 1100}}
    assert units(call(database, "PutItem", Item=item)[1]) == (0, 2, 1)


def test_a_change_that_an_index_does_not_hold_takes_none_of_it(database: Database) -> None:
    call(database, "PutItem", Item={**KEY, "kind": {"S": "k"}})
    update = {"UpdateExpression": "SET a = :a", "ExpressionAttributeValues": {":a": {"N": "1"}}}
    assert units(call(database, "UpdateItem", Key=KEY, **update)[1]) == (0, 1, 0)


def test_a_read_takes_half_a_unit_and_a_consistent_one_a_whole(database: Database) -> None:
    assert units(call(database, "GetItem", Key=KEY)[1]) == (0.5, 0, 0)
    assert units(call(database, "GetItem", Key=KEY, ConsistentRead=True)[1]) == (1, 0, 0)


def test_a_write_that_its_condition_refuses_is_billed_all_the_same(database: Database) -> None:
    call(database, "PutItem", Item=KEY)
    status, tally = call(database, "PutItem", Item=KEY, ConditionExpression="attribute_not_exists(pk)")
    assert (status, units(tally)) == (400, (0, 1, 0))


def test_a_transaction_takes_twice_as_much_even_if_it_is_cancelled(database: Database) -> None:
    put = {"Put": {"TableName": "Things", "Item": KEY, "ConditionExpression": "attribute_not_exists(pk)"}}
    tallies = []
    for _ in range(2):
        tallies.append(Tally())
        database.call("TransactWriteItems", json.dumps({"TransactItems": [put]}).encode(), tallies[-1])
    assert [units(tally) for tally in tallies] == [(0, 2, 0), (0, 2, 0)]


def test_what_is_stored_counts_a_hundred_bytes_more_for_each_item_and_entry(database: Database) -> None:
    call(database, "PutItem", Item={**KEY, "kind": {"S": "k"}})
    stored = database.stored()
    assert stored["Things"] == {"items": 1, "bytes": len("pkpsskskindk") - 1 + OVERHEAD}
    assert stored["Things/kinds"]["items"] == 1


def test_restoring_forgets_what_was_stored_since(database: Database) -> None:
    call(database, "PutItem", Item=KEY)
    database.keep()
    call(database, "PutItem", Item={**KEY, "sk": {"S": "later"}})
    database.restore()
    assert [item["sk"]["S"] for item in database.items("Things")] == ["s"]


@pytest.mark.parametrize(("size", "chunks"), [(1, 1), (64 * 1024, 1), (64 * 1024 + 1, 2)])
def test_a_message_is_a_request_for_each_64_kilobytes(size: int, chunks: int) -> None:
    tally = Tally()
    Queues().call("SendMessage", json.dumps({"QueueUrl": "http://x/1/Q", "MessageBody": "x" * size}).encode(), tally)
    assert tally.chunks == chunks


@pytest.fixture
def served() -> Iterator[tuple[Server, Aws]]:
    server = Server(TABLES)
    thread = Thread(target=server.serve_forever)
    thread.start()
    handler: Any = server.RequestHandlerClass
    yield server, handler.aws
    server.shutdown()
    thread.join()
    server.server_close()


def client(server: Server, service: str) -> Any:
    return boto3.client(
        service,
        region_name="us-east-1",
        endpoint_url=f"http://127.0.0.1:{server.server_port}",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(retries={"total_max_attempts": 1}, proxies={}),
    )


def tally_of(aws: Aws) -> Tally:
    _, _, body = aws.answer("POST", "/_bench", {}, b'{"do": "tally"}')
    return Tally.of(json.loads(body))


def test_boto3_gets_its_bytes_back(served: tuple[Server, Aws]) -> None:
    server, aws = served
    dynamodb = client(server, "dynamodb")
    dynamodb.put_item(TableName="Things", Item={**KEY, "B": {"B": b"\x00\xff"}})
    assert dynamodb.get_item(TableName="Things", Key=KEY)["Item"]["B"] == {"B": b"\x00\xff"}
    assert tally_of(aws).calls == {"dynamodb:PutItem": 1, "dynamodb:GetItem": 1}
    dynamodb.close()


def test_boto3_sends_to_every_service_that_functions_call(served: tuple[Server, Aws]) -> None:
    server, aws = served
    made = {name: client(server, name) for name in ("sqs", "sesv2", "sns", "secretsmanager", "kms")}
    made["sqs"].send_message(QueueUrl="http://x/1/Q", MessageBody="x")
    content = {"Simple": {"Subject": {"Data": "s"}, "Body": {"Text": {"Data": "t"}}}}
    made["sesv2"].send_email(FromEmailAddress="a@example.com", Destination={}, Content=content)
    made["sns"].publish(PhoneNumber="+15550001", Message="x")
    made["secretsmanager"].get_secret_value(SecretId="s")
    sealed = made["kms"].encrypt(KeyId="k", Plaintext=b"text")["CiphertextBlob"]
    assert made["kms"].decrypt(CiphertextBlob=sealed)["Plaintext"] == b"text"
    assert set(tally_of(aws).calls) == {
        "sqs:SendMessage",
        "ses:SendEmail",
        "sns:Publish",
        "secretsmanager:GetSecretValue",
        "kms:Encrypt",
        "kms:Decrypt",
    }
    for each in made.values():
        each.close()


def test_a_call_that_it_does_not_know_is_refused_aloud(
    served: tuple[Server, Aws], capfd: pytest.CaptureFixture[str]
) -> None:
    sqs = client(served[0], "sqs")
    with pytest.raises(ClientError):
        sqs.create_queue(QueueName="Q")
    assert "sqs:CreateQueue" in capfd.readouterr().err
    sqs.close()
