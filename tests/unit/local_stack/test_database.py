import urllib.request
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local_stack.aws.resources import Cloud

KEY = {"pk": {"S": "1"}}


@pytest.fixture
def table(cloud: Cloud) -> Any:
    client = cloud.client("dynamodb")
    client.create_table(
        TableName="t",
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
    )
    return client


def test_an_item_comes_back_as_it_was_put(table: Any) -> None:
    item = {**KEY, "bytes": {"B": b"\x00\xff"}, "set": {"BS": [b"a"]}, "text": {"S": "ä"}}
    table.put_item(TableName="t", Item=item)
    assert table.get_item(TableName="t", Key=KEY)["Item"] == item


def test_a_condition_that_fails_is_told_as_the_service_tells_it(table: Any) -> None:
    table.put_item(TableName="t", Item=KEY)
    condition = {"ConditionExpression": "attribute_not_exists(pk)", "ReturnValuesOnConditionCheckFailure": "ALL_OLD"}
    with pytest.raises(table.exceptions.ConditionalCheckFailedException) as refused:
        table.put_item(TableName="t", Item=KEY, **condition)
    assert refused.value.response["Item"] == KEY


def test_a_cancelled_transaction_tells_the_reason_of_each_part(table: Any) -> None:
    check = {"TableName": "t", "Key": KEY, "ConditionExpression": "attribute_exists(pk)"}
    put = {"TableName": "t", "Item": {"pk": {"S": "2"}}}
    with pytest.raises(table.exceptions.TransactionCanceledException) as cancelled:
        table.transact_write_items(TransactItems=[{"ConditionCheck": check}, {"Put": put}])
    assert [each["Code"] for each in cancelled.value.response["CancellationReasons"]] == [
        "ConditionalCheckFailed",
        "None",
    ]


def test_a_table_made_anew_is_empty(table: Any) -> None:
    table.put_item(TableName="t", Item=KEY)
    described = table.describe_table(TableName="t")["Table"]
    table.delete_table(TableName="t")
    with pytest.raises(table.exceptions.ResourceNotFoundException):
        table.get_item(TableName="t", Key=KEY)
    made = {name: described[name] for name in ("TableName", "AttributeDefinitions", "KeySchema")}
    table.create_table(BillingMode="PAY_PER_REQUEST", **made)
    assert "Item" not in table.get_item(TableName="t", Key=KEY)


def test_a_table_that_cannot_be_made_leaves_the_one_of_its_name(table: Any) -> None:
    table.put_item(TableName="t", Item=KEY)
    described = table.describe_table(TableName="t")["Table"]
    made = {name: described[name] for name in ("TableName", "AttributeDefinitions", "KeySchema")}
    with pytest.raises(table.exceptions.ResourceInUseException):
        table.create_table(BillingMode="PAY_PER_REQUEST", **made)
    assert table.get_item(TableName="t", Key=KEY)["Item"] == KEY


def test_a_reset_forgets_the_items(table: Any, cloud: Cloud) -> None:
    table.put_item(TableName="t", Item=KEY)
    url = f"{table.meta.endpoint_url}/moto-api/reset"
    with urllib.request.urlopen(url, b"", timeout=10):  # noqa: S310 - our own server
        pass
    with pytest.raises(table.exceptions.ResourceNotFoundException):
        table.get_item(TableName="t", Key=KEY)


@pytest.mark.parametrize(
    ("call", "parameters", "what"),
    [
        ("execute_statement", {"Statement": "SELECT * FROM t"}, "ExecuteStatement"),
        ("get_item", {"TableName": "t", "Key": KEY, "AttributesToGet": ["pk"]}, "AttributesToGet of GetItem"),
    ],
    ids=["statement", "parameter"],
)
def test_what_is_missing_is_said_and_not_answered_wrongly(
    table: Any, call: str, parameters: dict[str, Any], what: str
) -> None:
    with pytest.raises(ClientError, match=f"UnknownOperationException.*has no {what}"):
        getattr(table, call)(**parameters)
