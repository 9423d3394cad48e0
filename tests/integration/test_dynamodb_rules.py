"""The service's documented rules, asked of the in-memory DynamoDB and of moto.

A rule that moto does not keep is marked as such, and the mark has to be true: who relies on moto for one of these
relies on what the service does not do.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from local_stack.aws.memory_dynamodb import MemoryDynamoDB

_TABLE = "Things"
_DEFINITION: dict[str, Any] = {
    "BillingMode": "PAY_PER_REQUEST",
    "AttributeDefinitions": [
        {"AttributeName": name, "AttributeType": kind}
        for name, kind in (("pk", "S"), ("sk", "S"), ("place", "S"), ("sort", "S"), ("degree", "N"))
    ],
    "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
    "LocalSecondaryIndexes": [
        {
            "IndexName": "places",
            "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "place", "KeyType": "RANGE"}],
            "Projection": {"ProjectionType": "KEYS_ONLY"},
        }
    ],
    "GlobalSecondaryIndexes": [
        {
            "IndexName": "degrees",
            "KeySchema": [
                {"AttributeName": "sort", "KeyType": "HASH"},
                {"AttributeName": "degree", "KeyType": "RANGE"},
            ],
            "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["note"]},
        }
    ],
}
_KEY = {"pk": {"S": "p"}, "sk": {"S": "s"}}
_KB = 1024


class Rule(NamedTuple):
    """What the service answers to a call.

    Parameters
    ----------
    words
        The documentation's, or what they come to.
    items
        What is in the table.
    call
        Operation and parameters; the table is added.
    answer
        Members that the answer has, or the code of an error and words of its message.
    moto
        Whether moto answers so, too.
    """

    words: str
    items: list[dict[str, Any]]
    call: tuple[str, dict[str, Any]]
    answer: Mapping[str, Any] | tuple[str, str]
    moto: bool = True


def at(sk: str, pk: str = "p", **attributes: Any) -> dict[str, Any]:
    """Return an item."""
    return {"pk": {"S": pk}, "sk": {"S": sk}, **attributes}


def putting(condition: str | None = None, item: dict[str, Any] | None = None, **options: Any) -> Any:
    """Return a call that puts an item, if a condition holds."""
    return "put_item", {"Item": item or _KEY, **({"ConditionExpression": condition} if condition else {}), **options}


def updating(expression: str, values: dict[str, Any] | None = None, **options: Any) -> Any:
    """Return a call that updates an item, and returns what it is then unless told otherwise."""
    given = {"ExpressionAttributeValues": values} if values else {}
    return "update_item", {
        "Key": _KEY,
        "UpdateExpression": expression,
        "ReturnValues": "ALL_NEW",
        **given,
        **options,
    }


def querying(condition: str = "pk = :p", values: dict[str, Any] | None = None, **options: Any) -> Any:
    """Return a call that queries the partition `p`."""
    given = {":p": {"S": "p"}, **(values or {})}
    return "query", {"KeyConditionExpression": condition, "ExpressionAttributeValues": given, **options}


def transacting(*writes: tuple[str, dict[str, Any]]) -> Any:
    """Return a call that writes in a transaction."""
    return "transact_write_items", {"TransactItems": [{kind: {"TableName": _TABLE, **given}} for kind, given in writes]}


def nested(levels: int) -> dict[str, Any]:
    """Return a list in a list in a list."""
    value: dict[str, Any] = {"S": "x"}
    for _ in range(levels):
        value = {"L": [value]}
    return value


def text(size: int) -> dict[str, Any]:
    """Return a value of a size."""
    return {"S": "x" * size}


_INVALID = "ValidationException"
_FALSE = "ConditionalCheckFailedException"
_CANCELLED = "TransactionCanceledException"
_ONE = {":one": {"N": "1"}}

RULES = [
    # -- placeholders and names
    Rule(
        "a value that no expression uses is refused",
        [],
        putting("attribute_not_exists(pk)", ExpressionAttributeValues=_ONE),
        (_INVALID, "unused in expressions: keys: {:one}"),
        moto=False,
    ),
    Rule(
        "a name that no expression uses is refused",
        [],
        putting("attribute_not_exists(pk)", ExpressionAttributeNames={"#a": "a"}),
        (_INVALID, "unused in expressions: keys: {#a}"),
    ),
    Rule(
        "a value that no expression of a query uses is refused",
        [],
        querying(values={":unused": {"S": "x"}}),
        (_INVALID, "unused in expressions: keys: {:unused}"),
        moto=False,
    ),
    Rule("a value that is missing is refused", [], updating("SET a = :one"), (_INVALID, "is not defined")),
    Rule(
        "values without an expression are refused",
        [],
        putting(ExpressionAttributeValues=_ONE),
        (_INVALID, "can only be specified when using expressions"),
        moto=False,
    ),
    Rule("a reserved word is no name in an update", [], updating("SET status = :one", _ONE), (_INVALID, "reserved")),
    Rule(
        "a reserved word is no name in a condition",
        [],
        putting("attribute_not_exists(status)"),
        (_INVALID, "reserved"),
    ),
    Rule(
        "Size is a reserved word: Size = :myval causes an error",
        [],
        querying("Size = :p"),
        (_INVALID, "reserved"),
    ),
    Rule(
        "a reserved word is no name in a filter",
        [],
        querying(FilterExpression="status = :x", values={":x": {"S": "x"}}),
        (_INVALID, "reserved"),
    ),
    # -- conditions
    Rule(
        "what is missing is not NULL",
        [],
        putting("a = :null", ExpressionAttributeValues={":null": {"NULL": True}}),
        (_FALSE, ""),
        moto=False,
    ),
    Rule(
        "true is not 1",
        [at("s", a={"BOOL": True})],
        putting("a = :one", ExpressionAttributeValues=_ONE),
        (_FALSE, ""),
        moto=False,
    ),
    Rule("what is missing differs from everything", [], putting("a <> :one", ExpressionAttributeValues=_ONE), {}),
    Rule(
        "what is missing comes before nothing",
        [],
        putting("a < :one", ExpressionAttributeValues=_ONE),
        (_FALSE, ""),
    ),
    Rule(
        "values of two types have no order",
        [at("s", a={"S": "0"})],
        putting("a < :one", ExpressionAttributeValues=_ONE),
        (_FALSE, ""),
        moto=False,
    ),
    Rule(
        "numbers are compared as numbers",
        [at("s", a={"N": "9"})],
        putting("a < :ten", ExpressionAttributeValues={":ten": {"N": "10"}}),
        {},
    ),
    Rule(
        "numbers are equal however they are written",
        [at("s", a={"N": "1.0"})],
        putting("a = :one", ExpressionAttributeValues=_ONE),
        {},
    ),
    Rule(
        "the order of a set does not count",
        [at("s", a={"SS": ["y", "x"]})],
        putting("a = :set", ExpressionAttributeValues={":set": {"SS": ["x", "y"]}}),
        {},
    ),
    Rule(
        "AND binds closer than OR",
        [at("s", a={"N": "1"})],
        putting("a = :one OR a = :one AND attribute_exists(b)", ExpressionAttributeValues=_ONE),
        {},
    ),
    Rule(
        "NOT binds closer than AND",
        [at("s", a={"N": "1"})],
        putting("NOT attribute_exists(b) AND attribute_exists(b)"),
        (_FALSE, ""),
    ),
    Rule(
        "keywords may be written small",
        [at("s", a={"N": "1"})],
        putting("not attribute_exists(b) and a in (:one)", ExpressionAttributeValues=_ONE),
        {},
    ),
    Rule(
        "functions are case-sensitive",
        [],
        putting("Attribute_Not_Exists(pk)"),
        (_INVALID, "Invalid function name"),
        moto=False,
    ),
    Rule(
        "a condition may be in parentheses",
        [],
        putting("(attribute_not_exists(pk)) AND (NOT (a = :one))", ExpressionAttributeValues=_ONE),
        {},
    ),
    Rule(
        "parentheses around parentheses are redundant",
        [],
        putting("((attribute_not_exists(pk)))"),
        (_INVALID, "redundant parentheses"),
    ),
    Rule(
        "an operand may be in parentheses",
        [at("s", a={"N": "1"})],
        putting("(a) = (:one)", ExpressionAttributeValues=_ONE),
        {},
        moto=False,
    ),
    Rule(
        "BETWEEN requires upper bound to be greater than or equal to lower bound",
        [],
        putting("a BETWEEN :two AND :one", ExpressionAttributeValues={**_ONE, ":two": {"N": "2"}}),
        (_INVALID, "greater than or equal to lower bound"),
        moto=False,
    ),
    Rule(
        "BETWEEN requires the same type of both bounds",
        [],
        putting("a BETWEEN :one AND :two", ExpressionAttributeValues={**_ONE, ":two": {"S": "2"}}),
        (_INVALID, "same data type"),
        moto=False,
    ),
    Rule(
        "only strings, numbers and binaries have an order",
        [],
        putting("a < :yes", ExpressionAttributeValues={":yes": {"BOOL": True}}),
        (_INVALID, "Incorrect operand type"),
        moto=False,
    ),
    Rule(
        "begins_with takes strings and binaries",
        [],
        putting("begins_with(a, :one)", ExpressionAttributeValues=_ONE),
        (_INVALID, "Incorrect operand type"),
        moto=False,
    ),
    Rule(
        "the first operand must be distinct from the others",
        [],
        putting("contains(a, a)"),
        (_INVALID, "must be distinct"),
        moto=False,
    ),
    Rule(
        "size alone is no condition",
        [],
        putting("size(a)"),
        (_INVALID, "not allowed to be used this way"),
        moto=False,
    ),
    Rule(
        "the size of what is missing is less than nothing",
        [],
        putting("size(a) < :one", ExpressionAttributeValues=_ONE),
        (_FALSE, ""),
        moto=False,
    ),
    Rule(
        "the size of a string is that of its UTF-16",
        [at("s", a={"S": "é\U0001f600"})],
        putting("size(a) = :n", ExpressionAttributeValues={":n": {"N": "3"}}),
        {},
        moto=False,
    ),
    Rule(
        "a list contains its elements, a string its parts",
        [at("s", a={"L": [{"N": "1"}]}, b={"S": "abc"})],
        putting("contains(a, :one) AND contains(b, :b)", ExpressionAttributeValues={**_ONE, ":b": {"S": "bc"}}),
        {},
    ),
    Rule(
        "a refused condition brings the item along, if asked",
        [at("s", a={"N": "1"})],
        putting("attribute_not_exists(pk)", ReturnValuesOnConditionCheckFailure="ALL_OLD"),
        (_FALSE, "'a': {'N': '1'}"),
    ),
    # -- values
    Rule("an empty string is no key", [], putting(item=at("")), (_INVALID, "cannot contain an empty string value")),
    Rule(
        "an empty string is no key of an index",
        [],
        putting(item=at("s", place={"S": ""})),
        (_INVALID, "cannot contain an empty string value"),
    ),
    Rule(
        "an update makes no empty string the key of an index",
        [],
        updating("SET place = :none", {":none": {"S": ""}}),
        (_INVALID, "cannot contain an empty string value"),
    ),
    Rule("an empty string is a value", [], putting(item=at("s", a={"S": ""})), {}),
    Rule("a partition key has 2048 bytes at most", [], putting(item=at("s", pk="x" * 2049)), (_INVALID, "2048 bytes")),
    Rule("a sort key has 1024 bytes at most", [], putting(item=at("é" * 513)), (_INVALID, "1024 bytes")),
    Rule(
        "a sort key of an index has 1024 bytes at most",
        [],
        putting(item=at("s", place={"S": "x" * 1025})),
        (_INVALID, "1024 bytes"),
        moto=False,
    ),
    Rule(
        "a key is of its type",
        [],
        putting(item=at("s", degree={"S": "1"})),
        (_INVALID, "Type mismatch for Index Key"),
        moto=False,
    ),
    Rule("an empty set is refused", [], putting(item=at("s", a={"SS": []})), (_INVALID, "may not be empty")),
    Rule(
        "a set has no member twice",
        [],
        putting(item=at("s", a={"SS": ["x", "x"]})),
        (_INVALID, "contains duplicates"),
        moto=False,
    ),
    Rule(
        "a set has no number twice, however it is written",
        [],
        putting(item=at("s", a={"NS": ["1", "1.0"]})),
        (_INVALID, "contains duplicates"),
        moto=False,
    ),
    Rule(
        "numbers are trimmed and written out",
        [at("s", a={"N": "0042.1200"}, b={"N": "1E5"}, c={"N": "-0"})],
        ("get_item", {"Key": _KEY}),
        {"Item": at("s", a={"N": "42.12"}, b={"N": "100000"}, c={"N": "0"})},
        moto=False,
    ),
    Rule(
        "numbers can have up to 38 digits of precision",
        [],
        putting(item=at("s", a={"N": "1" * 39})),
        (_INVALID, "38 significant digits"),
        moto=False,
    ),
    Rule("a number is one", [], putting(item=at("s", a={"N": "one"})), (_INVALID, "numeric value")),
    Rule(
        "an item has 400 KB at most",
        [],
        putting(item=at("s", a=text(400 * _KB))),
        (_INVALID, "Item size has exceeded"),
    ),
    Rule("an item may have 400 KB", [], putting(item=at("s", a=text(400 * _KB - 7))), {}, moto=False),
    Rule(
        "an update makes no item larger than 400 KB",
        [at("s", a=text(300 * _KB))],
        updating("SET b = :b", {":b": text(100 * _KB)}),
        (_INVALID, "Item size to update has exceeded"),
    ),
    Rule(
        "a value is nested 32 levels deep at most",
        [],
        putting(item=at("s", a=nested(33))),
        (_INVALID, "Nesting Levels"),
        moto=False,
    ),
    Rule("a value may be nested 32 levels deep", [], putting(item=at("s", a=nested(32))), {}),
    # -- updates
    Rule(
        "every action is evaluated against the item as it was before the update",
        [at("s", a={"N": "1"}, b={"N": "2"})],
        updating("SET a = b, b = a"),
        {"Attributes": at("s", a={"N": "2"}, b={"N": "1"})},
    ),
    Rule(
        "an item that is updated is made if there is none",
        [],
        updating("ADD n :one", _ONE),
        {"Attributes": at("s", n={"N": "1"})},
    ),
    Rule(
        "UPDATED_NEW returns only the updated attributes",
        [],
        updating("SET a = :one", _ONE, ReturnValues="UPDATED_NEW"),
        {"Attributes": {"a": {"N": "1"}}},
        moto=False,
    ),
    Rule(
        "UPDATED_NEW returns what was set to what it was",
        [at("s", a={"N": "1"})],
        updating("SET a = :one", _ONE, ReturnValues="UPDATED_NEW"),
        {"Attributes": {"a": {"N": "1"}}},
        moto=False,
    ),
    Rule(
        "UPDATED_OLD returns what was updated as it was",
        [at("s", a={"N": "0"}, b={"N": "0"})],
        updating("SET a = :one", _ONE, ReturnValues="UPDATED_OLD"),
        {"Attributes": {"a": {"N": "0"}}},
    ),
    Rule(
        "UPDATED_NEW returns every path below one map",
        [at("s", a={"M": {"x": {"N": "0"}, "y": {"N": "0"}, "z": {"N": "0"}}})],
        updating("SET a.x = :one, a.y = :one", _ONE, ReturnValues="UPDATED_NEW"),
        {"Attributes": {"a": {"M": {"x": {"N": "1"}, "y": {"N": "1"}}}}},
    ),
    Rule(
        "an element beyond the end of a list is appended",
        [at("s", a={"L": [{"S": "x"}]})],
        updating("SET a[5] = :one", _ONE),
        {"Attributes": at("s", a={"L": [{"S": "x"}, {"N": "1"}]})},
    ),
    Rule(
        "elements are removed by where they were",
        [at("s", a={"L": [{"S": "x"}, {"S": "y"}, {"S": "z"}]})],
        updating("REMOVE a[0], a[1]"),
        {"Attributes": at("s", a={"L": [{"S": "z"}]})},
    ),
    Rule(
        "a set without members is no attribute",
        [at("s", a={"SS": ["x"]})],
        updating("DELETE a :x", {":x": {"SS": ["x"]}}),
        {"Attributes": at("s")},
    ),
    Rule(
        "a map that is not there holds nothing",
        [],
        updating("SET a.b = :one", _ONE),
        (_INVALID, "invalid for update"),
    ),
    Rule(
        "a number has no members",
        [at("s", a={"N": "1"})],
        updating("SET a.b = :one", _ONE),
        (_INVALID, "invalid for update"),
        moto=False,
    ),
    Rule(
        "what is not there cannot be copied",
        [],
        updating("SET a = b"),
        (_INVALID, "does not exist in the item"),
    ),
    Rule(
        "only numbers are added up",
        [at("s", a={"S": "x"})],
        updating("SET a = a + :one", _ONE),
        (_INVALID, "incorrect data type"),
    ),
    Rule(
        "ADD supports numbers and sets only",
        [],
        updating("ADD a :x", {":x": {"S": "x"}}),
        (_INVALID, "Incorrect operand type"),
    ),
    Rule(
        "a set of strings takes no numbers",
        [at("s", a={"SS": ["x"]})],
        updating("ADD a :x", {":x": {"NS": ["1"]}}),
        (_INVALID, "incorrect data type"),
    ),
    Rule(
        "sums are exact",
        [at("s", a={"N": "12345678901234567890123456789.1"})],
        updating("ADD a :x", {":x": {"N": "0.00000001"}}),
        {"Attributes": at("s", a={"N": "12345678901234567890123456789.10000001"})},
        moto=False,
    ),
    Rule(
        "sums are trimmed",
        [at("s", a={"N": "1.5"})],
        updating("ADD a :x", {":x": {"N": "1.5"}}),
        {"Attributes": at("s", a={"N": "3"})},
        moto=False,
    ),
    Rule("the key cannot be updated", [], updating("SET sk = :one", _ONE), (_INVALID, "part of the key")),
    Rule("a path is updated once", [], updating("SET a = :one REMOVE a.b", _ONE), (_INVALID, "overlap")),
    Rule("each section is used once", [], updating("SET a = :one SET b = :one", _ONE), (_INVALID, "only be used once")),
    # -- queries
    Rule(
        "a query that reaches its limit says where, even at the end",
        [at("1"), at("2")],
        querying(Limit=2),
        {"Count": 2, "LastEvaluatedKey": at("2")},
        moto=False,
    ),
    Rule(
        "the limit counts items before the filter",
        [at("1"), at("2", a={"N": "1"})],
        querying(FilterExpression="a = :one", Limit=1, values=_ONE),
        {"Count": 0, "ScannedCount": 1, "LastEvaluatedKey": at("1")},
    ),
    Rule(
        "a query reads 1 MB at most",
        [at(str(number), a=text(300 * _KB)) for number in range(5)],
        querying(ProjectionExpression="sk"),
        {"Count": 3, "LastEvaluatedKey": at("2")},
    ),
    Rule(
        "a filter cannot contain partition key or sort key attributes",
        [],
        querying(FilterExpression="sk = :x", values={":x": {"S": "x"}}),
        (_INVALID, "Primary key attribute: sk"),
        moto=False,
    ),
    Rule(
        "strings are ordered by their UTF-8 bytes",
        [at("b"), at("Z"), at("é"), at("a"), at("\U0001f600"), at("\uffff")],
        querying(ProjectionExpression="sk"),
        {"Items": [{"sk": {"S": each}} for each in ("Z", "a", "b", "é", "\uffff", "\U0001f600")]},
    ),
    Rule(
        "numbers are ordered by their values",
        [at("1", sort={"S": "p"}, degree={"N": "10"}), at("2", sort={"S": "p"}, degree={"N": "9"})],
        querying("sort = :p", IndexName="degrees", ProjectionExpression="degree"),
        {"Items": [{"degree": {"N": "9"}}, {"degree": {"N": "10"}}]},
    ),
    Rule(
        "an index holds what it projects",
        [at("1", sort={"S": "p"}, degree={"N": "1"}, note={"S": "n"}, extra={"S": "o"})],
        querying("sort = :p", IndexName="degrees"),
        {"Items": [at("1", sort={"S": "p"}, degree={"N": "1"}, note={"S": "n"})]},
    ),
    Rule(
        "an index holds items that have all of its key",
        [at("1", sort={"S": "p"}), at("2", degree={"N": "1"})],
        querying("sort = :p", IndexName="degrees"),
        {"Count": 0},
    ),
    Rule(
        "a global index cannot fetch attributes from the table",
        [],
        querying("sort = :p", IndexName="degrees", ProjectionExpression="extra"),
        (_INVALID, "does not project"),
        moto=False,
    ),
    Rule(
        "a filter of a global index sees what the index holds",
        [at("1", sort={"S": "p"}, degree={"N": "1"}, extra={"S": "p"})],
        querying("sort = :p", IndexName="degrees", FilterExpression="extra = :p"),
        {"Count": 0, "ScannedCount": 1},
    ),
    Rule(
        "a local index fetches from the table",
        [at("1", place={"S": "x"}, extra={"S": "o"})],
        querying(IndexName="places", Select="ALL_ATTRIBUTES"),
        {"Items": [at("1", place={"S": "x"}, extra={"S": "o"})]},
        moto=False,
    ),
    Rule(
        "a global index does not give all attributes",
        [],
        querying("sort = :p", IndexName="degrees", Select="ALL_ATTRIBUTES"),
        (_INVALID, "ALL_ATTRIBUTES is not supported"),
    ),
    Rule(
        "strongly consistent reads are not supported on global secondary indexes",
        [],
        querying("sort = :p", IndexName="degrees", ConsistentRead=True),
        (_INVALID, "Consistent reads are not supported"),
    ),
    Rule(
        "COUNT returns the number of items, not the items",
        [at("1")],
        querying(Select="COUNT"),
        {"Count": 1, "Items": None},
    ),
    Rule("a partition key is asked for by =", [], querying("pk > :p"), (_INVALID, "not supported")),
    Rule("a query names a partition", [], querying("sk = :p"), (_INVALID, "missed key schema element")),
    Rule(
        "a query asks for keys only",
        [],
        querying("pk = :p AND a = :p"),
        (_INVALID, "missed key schema element"),
    ),
    Rule(
        "a key may stand on the right",
        [at("1"), at("2")],
        querying("pk = :p AND :one < sk", values={":one": {"S": "1"}}, ProjectionExpression="sk"),
        {"Items": [{"sk": {"S": "2"}}]},
        moto=False,
    ),
    Rule(
        "a query asks for a key of its type",
        [],
        querying("pk = :p AND sk = :one", values=_ONE),
        (_INVALID, "does not match schema type"),
        moto=False,
    ),
    Rule(
        "a query goes on behind a key that is gone",
        [at("1"), at("3")],
        querying(ExclusiveStartKey=at("2")),
        {"Items": [at("3")]},
    ),
    # -- many items
    Rule(
        "of items of 300 KB a batch returns 52, so as not to exceed the 16 MB limit",
        [at("s", pk=f"{number:02}", a=text(300 * _KB - 8)) for number in range(60)],
        ("batch_get_item", {"RequestItems": {_TABLE: {"Keys": [at("s", pk=f"{number:02}") for number in range(60)]}}}),
        {"UnprocessedKeys": {_TABLE: {"Keys": [at("s", pk=f"{number:02}") for number in range(52, 60)]}}},
        moto=False,
    ),
    Rule(
        "a batch returns a partial result if more than 1 MB per partition is requested",
        [at(str(number), a=text(300 * _KB)) for number in range(5)],
        ("batch_get_item", {"RequestItems": {_TABLE: {"Keys": [at(str(number)) for number in range(5)]}}}),
        {"UnprocessedKeys": {_TABLE: {"Keys": [at("3"), at("4")]}}},
        moto=False,
    ),
    Rule(
        "a batch gets 100 items at most",
        [],
        ("batch_get_item", {"RequestItems": {_TABLE: {"Keys": [at(str(number)) for number in range(101)]}}}),
        (_INVALID, "Too many items"),
    ),
    Rule(
        "a batch results in a ValidationException if the same key is specified multiple times",
        [],
        ("batch_get_item", {"RequestItems": {_TABLE: {"Keys": [_KEY, _KEY]}}}),
        (_INVALID, "contains duplicates"),
    ),
    Rule(
        "a batch writes 25 items at most",
        [],
        ("batch_write_item", {"RequestItems": {_TABLE: [{"PutRequest": {"Item": at(str(n))}} for n in range(26)]}}),
        (_INVALID, "Too many items"),
        moto=False,
    ),
    Rule(
        "a batch cannot put and delete the same item",
        [],
        (
            "batch_write_item",
            {"RequestItems": {_TABLE: [{"PutRequest": {"Item": _KEY}}, {"DeleteRequest": {"Key": _KEY}}]}},
        ),
        (_INVALID, "contains duplicates"),
        moto=False,
    ),
    # -- transactions
    Rule(
        "no two actions of a transaction can target the same item",
        [],
        transacting(("Put", {"Item": _KEY}), ("Delete", {"Key": _KEY})),
        (_INVALID, "multiple operations on one item"),
    ),
    Rule(
        "a transaction has 100 actions at most",
        [],
        transacting(*(("Put", {"Item": at(str(number))}) for number in range(101))),
        (_INVALID, "less than or equal to 100"),
    ),
    Rule(
        "the aggregate size of the items in a transaction cannot exceed 4 MB",
        [],
        transacting(*(("Put", {"Item": at(str(number), a=text(390 * _KB))}) for number in range(11))),
        (_INVALID, "exceeded"),
        moto=False,
    ),
    Rule(
        "a transaction says why, action by action",
        [at("2", a={"N": "1"})],
        transacting(
            ("Put", {"Item": at("1")}),
            (
                "Put",
                {
                    "Item": at("2"),
                    "ConditionExpression": "attribute_not_exists(pk)",
                    "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
                },
            ),
        ),
        (_CANCELLED, "[{'Code': 'None'}, {'Code': 'ConditionalCheckFailed', 'Item': {'pk': {'S': 'p'}"),
    ),
    Rule(
        "an update that does not fit its item cancels the transaction",
        [at("s", a={"S": "x"})],
        transacting(
            ("Put", {"Item": at("1")}),
            ("Update", {"Key": _KEY, "UpdateExpression": "ADD a :one", "ExpressionAttributeValues": _ONE}),
        ),
        (_CANCELLED, "[{'Code': 'None'}, {'Code': 'ValidationError'"),
        moto=False,
    ),
    Rule(
        "an item that becomes too large cancels the transaction",
        [at("s", a=text(300 * _KB))],
        transacting(
            (
                "Update",
                {"Key": _KEY, "UpdateExpression": "SET b = :b", "ExpressionAttributeValues": {":b": text(200 * _KB)}},
            )
        ),
        (_CANCELLED, "'ValidationError'"),
        moto=False,
    ),
    Rule(
        "an expression that is wrong by itself is refused, not cancelled",
        [],
        transacting(("Put", {"Item": _KEY, "ConditionExpression": "attribute_not_exists(status)"})),
        (_INVALID, "reserved"),
    ),
    Rule(
        "a table that is not there is not found",
        [],
        ("get_item", {"TableName": "Nothing", "Key": _KEY}),
        ("ResourceNotFoundException", "not found"),
    ),
]


@pytest.fixture(scope="module")
def mocked() -> Iterator[Any]:
    with mock_aws():
        yield boto3.client("dynamodb", "us-east-1", aws_access_key_id="x", aws_secret_access_key="x")


@pytest.fixture
def moto(mocked: Any) -> Iterator[Any]:
    mocked.create_table(TableName=_TABLE, **_DEFINITION)
    yield mocked
    mocked.delete_table(TableName=_TABLE)


def check(client: Any, rule: Rule, *, to_the_word: bool = True) -> None:
    """Check that a client keeps a rule, and says so in the service's words."""
    for item in rule.items:
        client.put_item(TableName=_TABLE, Item=item)
    operation, parameters = rule.call
    named = {} if operation.startswith(("batch", "transact")) else {"TableName": _TABLE}
    if isinstance(rule.answer, Mapping):
        answer = getattr(client, operation)(**{**named, **parameters})
        assert {name: answer.get(name) for name in rule.answer} == rule.answer
        return
    code, words = rule.answer
    with pytest.raises(ClientError) as raised:
        getattr(client, operation)(**{**named, **parameters})
    answer = raised.value.response
    assert answer["Error"]["Code"] == code
    if to_the_word:
        reasons = [dict(sorted(each.items())) for each in answer.get("CancellationReasons", [])]
        assert words in f"{answer['Error']['Message']} {answer.get('Item')} {reasons}"


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.words)
def test_a_rule_is_kept(rule: Rule) -> None:
    check(MemoryDynamoDB({_TABLE: _DEFINITION}), rule)


@pytest.mark.parametrize("rule", [rule for rule in RULES if rule.moto], ids=lambda rule: rule.words)
def test_moto_keeps_a_rule(moto: Any, rule: Rule) -> None:
    check(moto, rule, to_the_word=False)


@pytest.mark.parametrize("rule", [rule for rule in RULES if not rule.moto], ids=lambda rule: rule.words)
def test_moto_does_not_keep_a_rule(moto: Any, rule: Rule) -> None:
    with pytest.raises((AssertionError, ClientError, ValueError, TypeError, pytest.fail.Exception)):
        check(moto, rule, to_the_word=False)
