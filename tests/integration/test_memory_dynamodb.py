"""The in-memory DynamoDB against moto: what the stores ask for, and what asks alike, is answered alike.

What is not asked here, since moto answers it in another way than the service does, is in test_dynamodb_rules.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from moto import mock_aws

from local_stack.aws.memory_dynamodb import MemoryDynamoDB
from tests.infrastructure import stack
from tests.support import moto_transactions

pytestmark = pytest.mark.slow

Call = tuple[str, dict[str, Any]]
#: An expression, and what its placeholders can stand for.
_Shape = tuple[str, dict[str, st.SearchStrategy[Any]]]

_MEMBERS = ("AttributeDefinitions", "KeySchema", "BillingMode", "GlobalSecondaryIndexes", "LocalSecondaryIndexes")
_DEFINITIONS = {
    name: stack.of_type("AWS::DynamoDB::Table")[name]["Properties"] for name in ("AudienceTable", "ActivityTable")
}
#: What moto answers unasked.
_UNASKED = ("ResponseMetadata", "ConsumedCapacity", "ItemCollectionMetrics")
_PARTITIONS = ["a", "b"]
_SORTS = ["inbox#1", "user", "user#contact#1"]

_text = st.sampled_from(["x", "y", "unread#1", "unread#2", "read#1", ""])
_word = st.sampled_from(["x", "y", "z"])
_position = st.sampled_from(["unread#1", "unread#2", "read#1"])
_number = st.sampled_from(["1", "2", "10", "1.5", "-1", "0", "12345678901234567890"])
_words = st.sets(_word, min_size=1).map(lambda words: {"SS": sorted(words)})
_scalar = st.one_of(
    _text.map(lambda text: {"S": text}),
    _number.map(lambda number: {"N": number}),
    st.binary(max_size=3).map(lambda data: {"B": data}),
)
_any = st.one_of(
    _scalar,
    _words,
    st.lists(_scalar, max_size=3).map(lambda elements: {"L": elements}),
    st.dictionaries(_word, _scalar, max_size=2).map(lambda members: {"M": members}),
)
#: What each attribute holds, as the stores use attributes of this kind.
_ATTRIBUTES = {
    "version": _number.map(lambda number: {"N": number}),
    "claim": _word.map(lambda word: {"S": word}),
    "closes": _text.map(lambda text: {"S": text}),
    "campaigns": _words,
    "content": _any,
    # Apart, since for moto yes is 1, and what is missing is NULL.
    "flag": st.booleans().map(lambda yes: {"BOOL": yes}),
    "nothing": st.just({"NULL": True}),
    "folder": st.dictionaries(_word, _scalar, max_size=2).map(lambda members: {"M": members}),
    "chain": st.lists(_scalar, max_size=3).map(lambda elements: {"L": elements}),
    "inbox": _position.map(lambda word: {"S": word}),
    "directory": st.just({"S": "all"}),
    "directory_sort": _word.map(lambda word: {"S": word}),
    "user_key": st.just({"S": "all"}),
    "received": _word.map(lambda word: {"S": word}),
    "event_type": _word.map(lambda word: {"S": word}),
}
_CLAIMABLE = (
    "attribute_not_exists(pk) OR claim = :claim OR (version = :version AND attribute_not_exists(campaigns)"
    " AND (closes = :released OR closes < :now))"
)
#: The shapes of the stores' conditions, and what gives their values.
_CONDITIONS: list[_Shape] = [
    ("attribute_not_exists(pk)", {}),
    ("attribute_exists(pk)", {}),
    ("version = :version", {":version": _ATTRIBUTES["version"]}),
    ("version = :version AND claim = :claim", {":version": _ATTRIBUTES["version"], ":claim": _ATTRIBUTES["claim"]}),
    ("attribute_not_exists(pk) OR claim <> :claim", {":claim": _ATTRIBUTES["claim"]}),
    ("attribute_not_exists(pk) OR version < :version", {":version": _ATTRIBUTES["version"]}),
    ("attribute_not_exists(pk) OR closes <= :now", {":now": _ATTRIBUTES["closes"]}),
    ("closes > :now AND version > :least", {":now": _ATTRIBUTES["closes"], ":least": _ATTRIBUTES["version"]}),
    ("attribute_exists(pk) AND attribute_not_exists(claim)", {}),
    ("attribute_exists(pk) AND NOT contains(campaigns, :one)", {":one": _ATTRIBUTES["claim"]}),
    ("contains(campaigns, :one)", {":one": _ATTRIBUTES["claim"]}),
    ("campaigns = :all", {":all": _words}),
    (
        _CLAIMABLE,
        {
            ":claim": _ATTRIBUTES["claim"],
            ":version": _ATTRIBUTES["version"],
            ":released": _ATTRIBUTES["closes"],
            ":now": _ATTRIBUTES["closes"],
        },
    ),
    # No store asks these yet.
    ("content = :any", {":any": _any}),
    ("content <> :any", {":any": _any}),
    ("NOT (content = :any OR attribute_exists(claim))", {":any": _any}),
    ("attribute_type(content, :type)", {":type": st.sampled_from(["S", "N", "SS", "M"]).map(lambda name: {"S": name})}),
    ("begins_with(inbox, :start)", {":start": st.just({"S": "un"})}),
    ("version BETWEEN :low AND :high", {":low": st.just({"N": "-1"}), ":high": _ATTRIBUTES["version"]}),
    ("claim IN (:one, :two)", {":one": _ATTRIBUTES["claim"], ":two": _ATTRIBUTES["claim"]}),
    ("attribute_exists(campaigns) AND size(campaigns) > :one", {":one": _ATTRIBUTES["version"]}),
    ("folder.x = :any", {":any": _scalar}),
    ("chain[1] = :any", {":any": _scalar}),
]
#: The shapes of the stores' updates.
_UPDATES: list[_Shape] = [
    ("SET claim = :claim", {":claim": _ATTRIBUTES["claim"]}),
    ("SET claim = :claim, inbox = :inbox", {":claim": _ATTRIBUTES["claim"], ":inbox": _ATTRIBUTES["inbox"]}),
    (
        "SET claim = if_not_exists(claim, :claim), version = if_not_exists(version, :zero) + :one",
        {":claim": _ATTRIBUTES["claim"], ":zero": st.just({"N": "0"}), ":one": _ATTRIBUTES["version"]},
    ),
    ("ADD version :one", {":one": _ATTRIBUTES["version"]}),
    (
        "ADD version :one SET closes = :closes",
        {":one": _ATTRIBUTES["version"], ":closes": _ATTRIBUTES["closes"]},
    ),
    (
        "SET events = list_append(if_not_exists(events, :none), :events) ADD campaigns :words",
        {":none": st.just({"L": []}), ":events": _scalar.map(lambda value: {"L": [value]}), ":words": _words},
    ),
    ("SET claim = :claim REMOVE inbox", {":claim": _ATTRIBUTES["claim"]}),
    ("REMOVE claim", {}),
    ("ADD campaigns :words", {":words": _words}),
    ("DELETE campaigns :words", {":words": _words}),
]
#: Updates that no store asks for. Items that they do not fit make moto refuse a transaction, the service cancel it.
_OTHER_UPDATES: list[_Shape] = [
    ("SET content = :any", {":any": _any}),
    ("SET folder.x = :any", {":any": _scalar}),
    ("SET chain[0] = :any", {":any": _scalar}),
    ("SET version = version - :one", {":one": _ATTRIBUTES["version"]}),
    ("SET content = claim", {}),
    ("REMOVE folder.x, inbox", {}),
    ("REMOVE chain[0]", {}),
    ("ADD content :one", {":one": _ATTRIBUTES["version"]}),
]
#: The shapes of the stores' queries, by table: index, condition and what gives the values of its sort key.
_BY_KEY: list[tuple[str | None, str, dict[str, st.SearchStrategy[str]]]] = [
    (None, "pk = :pk", {}),
    (None, "pk = :pk AND begins_with(sk, :start)", {":start": st.sampled_from(["user", "user#c"])}),
    (None, "pk = :pk AND sk BETWEEN :first AND :last", {":first": st.just("j"), ":last": st.sampled_from(_SORTS[1:])}),
    *(
        (None, f"pk = :pk AND sk {comparator} :after", {":after": st.sampled_from(_SORTS)})
        for comparator in ("=", "<", "<=", ">", ">=")
    ),
]
_QUERIES: dict[str, list[tuple[str | None, str, dict[str, st.SearchStrategy[str]]]]] = {
    "AudienceTable": [
        *_BY_KEY,
        ("inbox", "pk = :pk AND begins_with(inbox, :start)", {":start": st.just("unread#")}),
        (
            "inbox",
            "pk = :pk AND inbox BETWEEN :first AND :last",
            {":first": st.just("read#"), ":last": _position},
        ),
        ("users", "directory = :all", {}),
    ],
    "ActivityTable": [
        *_BY_KEY,
        ("by_user", "user_key = :all", {}),
        ("by_user", "user_key = :all AND received < :before", {":before": _word}),
    ],
}


@st.composite
def _places(draw: st.DrawFn) -> dict[str, Any]:
    return {"pk": {"S": draw(st.sampled_from(_PARTITIONS))}, "sk": {"S": draw(st.sampled_from(_SORTS))}}


@st.composite
def _items(draw: st.DrawFn) -> dict[str, Any]:
    return {**draw(_places()), **draw(st.fixed_dictionaries({}, optional=_ATTRIBUTES))}


def _expressions(draw: st.DrawFn, *shapes: tuple[str, _Shape | None]) -> dict[str, Any]:
    """Return the parameters that expressions make, each of its parameter and shape."""
    given_: dict[str, Any] = {}
    values: dict[str, Any] = {}
    for parameter, shape in shapes:
        if shape is not None:
            given_[parameter] = shape[0]
            values.update({name: draw(value) for name, value in shape[1].items()})
    return {**given_, "ExpressionAttributeValues": values} if values else given_


@st.composite
def _writes(draw: st.DrawFn, name: str, updates: list[_Shape]) -> tuple[str, dict[str, Any]]:
    """Draw a write: what it is called in a transaction, and its parameters."""
    kind = draw(st.sampled_from(["Put", "Update", "Update", "Delete"]))
    table = {"TableName": name}
    condition = draw(st.none() | st.sampled_from(_CONDITIONS))
    shows = {"ReturnValuesOnConditionCheckFailure": "ALL_OLD"} if condition and draw(st.booleans()) else {}
    if kind == "Put":
        return kind, {
            **table,
            "Item": draw(_items()),
            **_expressions(draw, ("ConditionExpression", condition)),
            **shows,
        }
    update = draw(st.sampled_from(updates)) if kind == "Update" else None
    expressions = _expressions(draw, ("ConditionExpression", condition), ("UpdateExpression", update))
    return kind, {**table, "Key": draw(_places()), **expressions, **shows}


@st.composite
def _call_lists(draw: st.DrawFn) -> list[Call]:
    """Draw calls that fill a table, and then what is done with it."""
    table = draw(st.sampled_from(sorted(_DEFINITIONS)))
    items = draw(st.lists(_items(), min_size=3, max_size=5))
    filling: list[Call] = [("put_item", {"TableName": table, "Item": item}) for item in items]
    return filling + draw(st.lists(_calls(table), min_size=10, max_size=25))


@st.composite
def _calls(draw: st.DrawFn, table: str) -> Call:
    kind = draw(st.sampled_from(["write", "write", "write", "get", "query", "batch get", "batch write", "transaction"]))
    keys = st.lists(_places(), min_size=1, max_size=4, unique_by=str)
    match kind:
        case "write":
            name, parameters = draw(_writes(table, _UPDATES + _OTHER_UPDATES))
            allowed = ["NONE", "ALL_OLD", "ALL_NEW"] if name == "Update" else ["NONE", "ALL_OLD"]
            returns = {"ReturnValues": draw(st.sampled_from(allowed))}
            return f"{name.lower()}_item", {**parameters, **returns}
        case "get":
            return "get_item", {"TableName": table, "Key": draw(_places()), "ConsistentRead": draw(st.booleans())}
        case "query":
            return draw(_query_calls(table))
        case "batch get":
            return "batch_get_item", {"RequestItems": {table: {"Keys": draw(keys), "ConsistentRead": True}}}
        case "batch write":
            requests = [
                {"DeleteRequest": {"Key": key}}
                if draw(st.booleans())
                else {"PutRequest": {"Item": draw(_items()) | key}}
                for key in draw(keys)
            ]
            return "batch_write_item", {"RequestItems": {table: requests}}
    writes = draw(st.lists(_writes(table, _UPDATES), min_size=1, max_size=4))
    return "transact_write_items", {"TransactItems": [{name: parameters} for name, parameters in writes]}


@st.composite
def _query_calls(draw: st.DrawFn, table: str) -> Call:
    index, condition, values = draw(st.sampled_from(_QUERIES[table]))
    options: dict[str, Any] = {"TableName": table, "KeyConditionExpression": condition}
    drawn = {name: {"S": draw(value)} for name, value in values.items()}
    if ":pk" in condition:
        drawn[":pk"] = {"S": draw(st.sampled_from(_PARTITIONS))}
    if ":all" in condition:
        drawn[":all"] = {"S": "all"}
    if index:
        options["IndexName"] = index
    if index == "by_user" and draw(st.booleans()):
        options["FilterExpression"] = "event_type = :event_type"
        drawn[":event_type"] = {"S": draw(_word)}
    if draw(st.booleans()):
        options["Limit"] = draw(st.integers(1, 4))
    if draw(st.booleans()):
        options["Select"] = "COUNT"
    options["ScanIndexForward"] = draw(st.booleans())
    return "query", {**options, "ExpressionAttributeValues": drawn}


def _answer(client: Any, call: Call) -> Any:
    """Return what a client answers, or how it refuses."""
    operation, parameters = call
    try:
        if operation == "query":
            return _pages(client, parameters)
        answer = getattr(client, operation)(**parameters)
    except ClientError as error:
        reasons = [
            (reason["Code"], _plain(reason.get("Item"))) for reason in error.response.get("CancellationReasons", [])
        ]
        return error.response["Error"]["Code"], _plain(error.response.get("Item")), reasons
    return {name: _plain(value) for name, value in answer.items() if name not in _UNASKED}


def _pages(client: Any, parameters: dict[str, Any]) -> list[Any]:
    """Return all that a query selects: whether there is an empty page at the end is the service's to choose."""
    found: list[Any] = []
    start: dict[str, Any] = {}
    for _ in range(20):
        page = client.query(**parameters, **start)
        assert len(page.get("Items", [])) in (0, page["Count"])
        if page["ScannedCount"]:
            found.append((page["Count"], page["ScannedCount"], _plain(page.get("Items"))))
        if "LastEvaluatedKey" not in page:
            return found
        start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}
    raise AssertionError("it never ends")


def _plain(value: Any) -> Any:
    """Return an answer with what has no order in an order, and numbers as such: moto does not trim them."""
    if isinstance(value, Mapping):
        return {name: _plain_content(name, content) for name, content in sorted(value.items())}
    if isinstance(value, list):
        return [_plain(each) for each in value]
    return value


def _plain_content(name: str, content: Any) -> Any:
    match name:
        case "N":
            return Decimal(content)
        case "SS" | "NS" | "BS":
            return sorted(content)
    return _plain(content)


def _contents(client: Any) -> dict[str, list[Any]]:
    return {
        name: sorted((_plain(item) for item in client.scan(TableName=name)["Items"]), key=str) for name in _DEFINITIONS
    }


@pytest.fixture(scope="module")
def moto() -> Iterator[Any]:
    with mock_aws():
        moto_transactions.install()
        client = boto3.client("dynamodb", "us-east-1", aws_access_key_id="x", aws_secret_access_key="x")
        for name, properties in _DEFINITIONS.items():
            client.create_table(
                TableName=name, **{member: properties[member] for member in _MEMBERS if member in properties}
            )
        yield client


def _empty(client: Any) -> Any:
    for name in _DEFINITIONS:
        for item in client.scan(TableName=name)["Items"]:
            client.delete_item(TableName=name, Key={"pk": item["pk"], "sk": item["sk"]})
    return client


# The same examples every time: a build does not fail for what moto alone does in a case that nobody has tried yet.
@settings(max_examples=50, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(calls=_call_lists())
def test_calls_are_answered_as_moto_answers_them(moto: Any, calls: list[Call]) -> None:
    memory = MemoryDynamoDB(_DEFINITIONS)
    _empty(moto)
    for call in calls:
        assert _answer(memory, call) == _answer(moto, call), call
    assert _contents(memory) == _contents(moto)
