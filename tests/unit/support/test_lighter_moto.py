"""moto answers what it answered, and looks at no more than it has to."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from tests.support import lighter_moto

USERS, ORDERS = 30, 4


@pytest.fixture(scope="module")
def dynamodb() -> Iterator[Any]:
    lighter_moto.install()
    with mock_aws():
        client = boto3.Session("test", "test", "test", "us-east-1").client("dynamodb")
        texts = ("pk", "sk", "local", "shop")
        client.create_table(
            TableName="orders",
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[
                *({"AttributeName": name, "AttributeType": "S"} for name in texts),
                {"AttributeName": "total", "AttributeType": "N"},
            ],
            KeySchema=key("pk", "sk"),
            LocalSecondaryIndexes=[index("by_local", "pk", "local")],
            GlobalSecondaryIndexes=[index("by_shop", "shop", "total")],
        )
        for user in range(USERS):
            for order in range(ORDERS):
                client.put_item(TableName="orders", Item=item(user, order))
        client.create_table(
            TableName="plain",
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
            KeySchema=key("pk"),
        )
        client.put_item(TableName="plain", Item={"pk": {"S": "a"}})
        client.put_item(TableName="plain", Item={"pk": {"S": "b"}})
        yield client


def key(*names: str) -> list[dict[str, str]]:
    """Return a key schema."""
    return [{"AttributeName": name, "KeyType": kind} for name, kind in zip(names, ("HASH", "RANGE"), strict=False)]


def index(name: str, *names: str) -> dict[str, Any]:
    """Return an index with everything in it."""
    return {"IndexName": name, "KeySchema": key(*names), "Projection": {"ProjectionType": "ALL"}}


def item(user: int, order: int) -> dict[str, Any]:
    """Return an order; some lack what an index asks for, and some are equal in it."""
    members: dict[str, Any] = {"pk": {"S": f"user-{user}"}, "sk": {"S": f"order-{order}"}}
    if order:
        members["local"] = {"S": f"local-{order % 2}"}
    if (user + order) % 3:
        members |= {"shop": {"S": f"shop-{user % 2}"}, "total": {"N": str(order * 10)}}
    return members


QUESTIONS: dict[str, dict[str, Any]] = {
    "partition": {"KeyConditionExpression": "pk = :p", "ExpressionAttributeValues": {":p": {"S": "user-3"}}},
    "backwards": {
        "KeyConditionExpression": "pk = :p",
        "ExpressionAttributeValues": {":p": {"S": "user-3"}},
        "ScanIndexForward": False,
    },
    "prefix": {
        "KeyConditionExpression": "pk = :p AND begins_with(sk, :s)",
        "ExpressionAttributeValues": {":p": {"S": "user-4"}, ":s": {"S": "order-"}},
        "Limit": 2,
    },
    "filter": {
        "KeyConditionExpression": "pk = :p",
        "FilterExpression": "attribute_exists(shop)",
        "ExpressionAttributeValues": {":p": {"S": "user-4"}},
    },
    "nobody": {"KeyConditionExpression": "pk = :p", "ExpressionAttributeValues": {":p": {"S": "nobody"}}},
    "local index": {
        "IndexName": "by_local",
        "KeyConditionExpression": "pk = :p AND #l = :l",
        "ExpressionAttributeNames": {"#l": "local"},
        "ExpressionAttributeValues": {":p": {"S": "user-5"}, ":l": {"S": "local-1"}},
    },
    "global index": {
        "IndexName": "by_shop",
        "KeyConditionExpression": "shop = :s AND #t BETWEEN :a AND :b",
        "ExpressionAttributeNames": {"#t": "total"},
        "ExpressionAttributeValues": {":s": {"S": "shop-1"}, ":a": {"N": "10"}, ":b": {"N": "20.0"}},
        "ScanIndexForward": False,
    },
}


def pages(client: Any, table: str, question: dict[str, Any]) -> list[Any]:
    """Return what a query finds, page by page."""
    found, more = [], dict(question)
    while True:
        answer = client.query(TableName=table, **more)
        found.append((answer["Items"], answer["ScannedCount"], answer.get("LastEvaluatedKey")))
        if "LastEvaluatedKey" not in answer:
            return found
        more["ExclusiveStartKey"] = answer["LastEvaluatedKey"]


@pytest.mark.parametrize("name", QUESTIONS)
def test_a_query_finds_what_moto_finds_by_itself(dynamodb: Any, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    found = pages(dynamodb, "orders", QUESTIONS[name])
    table: Any = importlib.import_module("moto.dynamodb.models.table").Table
    monkeypatch.setattr(table, "query", table.query.__wrapped__)
    assert found == pages(dynamodb, "orders", QUESTIONS[name])
    assert any(items for items, *_ in found) == (name != "nobody")


def test_a_table_without_a_sort_key_can_be_queried(dynamodb: Any) -> None:
    question = {"KeyConditionExpression": "pk = :p", "ExpressionAttributeValues": {":p": {"S": "b"}}}
    ((items, *_),) = pages(dynamodb, "plain", question)
    assert items == [{"pk": {"S": "b"}}]


@pytest.mark.parametrize(("name", "seen"), [("partition", ORDERS), ("local index", ORDERS), ("nobody", 0)])
def test_a_query_looks_at_its_partition_only(
    dynamodb: Any, name: str, seen: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[Any] = []
    order = lighter_moto._order

    def look(each: Any) -> tuple[Any, Any]:
        looked.append(each)
        return order(each)

    monkeypatch.setattr(lighter_moto, "_order", look)
    dynamodb.query(TableName="orders", **QUESTIONS[name])
    assert len(looked) == seen


VALUES: dict[str, Any] = {
    "text": {"S": "ä"},
    "empty text": {"S": ""},
    "number": {"N": "1.50"},
    "bytes": {"B": b"\x00\xff"},
    "yes": {"BOOL": True},
    "no": {"BOOL": False},
    "nothing": {"NULL": True},
    "texts": {"SS": ["a", "b"]},
    "numbers": {"NS": ["1", "2.5"]},
    "list": {"L": [{"S": "a"}, {"M": {"x": {"BOOL": False}}}, {"L": []}]},
    "map": {"M": {"M": {"M": {}}, "S": {"S": "S"}}},
}


def test_values_of_every_type_are_answered(dynamodb: Any) -> None:
    stored = {"pk": {"S": "values"}, "sk": {"S": "all"}, **VALUES}
    dynamodb.put_item(TableName="orders", Item=stored)
    key = {name: stored[name] for name in ("pk", "sk")}
    assert dynamodb.get_item(TableName="orders", Key=key)["Item"] == stored
    assert dynamodb.delete_item(TableName="orders", Key=key, ReturnValues="ALL_OLD")["Attributes"] == stored


def test_a_scan_still_sees_everything(dynamodb: Any) -> None:
    dynamodb.query(TableName="orders", **QUESTIONS["partition"])
    assert dynamodb.scan(TableName="orders")["Count"] == USERS * ORDERS


def test_it_is_installed_once() -> None:
    table: Any = importlib.import_module("moto.dynamodb.models.table").Table
    before = table.query
    lighter_moto.install()
    assert table.query is before
