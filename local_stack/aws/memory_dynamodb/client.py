"""The calls of DynamoDB."""

# Parameters are named as the service names them.
# ruff: noqa: N803

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import wraps
from typing import Any

from local_stack.aws.memory_dynamodb import conditions
from local_stack.aws.memory_dynamodb.capacity import Meter
from local_stack.aws.memory_dynamodb.errors import Refused, Unfit, invalid, not_sent
from local_stack.aws.memory_dynamodb.parsing import Projection, projection
from local_stack.aws.memory_dynamodb.reading import (
    Page,
    Reading,
    after,
    check_filter,
    check_selection,
    page,
    selected,
    start_key,
    started,
)
from local_stack.aws.memory_dynamodb.requests import (
    called,
    check_names,
    check_one_of,
    check_parameters,
    names_of,
    values_of,
)
from local_stack.aws.memory_dynamodb.tables import Entry, Key, Row, Table
from local_stack.aws.memory_dynamodb.values import Item, copied_item, projected
from local_stack.aws.memory_dynamodb.writes import ConditionFalse, Planned, Tables, Write

Answer = dict[str, Any]
_MAX_GETS = 100
_MAX_PUTS = 25
_MAX_TRANSACTION = 100
_MAX_TRANSACTION_BYTES = 4 * 1024 * 1024
#: The service knows a token for ten minutes; there is no clock here.
_MAX_TOKENS = 10_000
#: Decimal megabytes, by the service's own example: of items of 300 KB it reads 52.
_MAX_BATCH_BYTES = 16_000_000
_MAX_BATCH_PARTITION_BYTES = 1024 * 1024
_SELECTIONS = ("SPECIFIC_ATTRIBUTES", "COUNT", "ALL_ATTRIBUTES", "ALL_PROJECTED_ATTRIBUTES")
_UPDATE_RETURNS = ("ALL_NEW", "UPDATED_OLD", "ALL_OLD", "NONE", "UPDATED_NEW")
#: Calls that answer how much capacity each of many tables took.
_OF_MANY_TABLES = frozenset({"BatchGetItem", "BatchWriteItem", "TransactGetItems", "TransactWriteItems"})
_Method = Callable[..., Answer]


def _operation(name: str) -> Callable[[_Method], _Method]:
    """Make a method a call: one at a time, refused as boto3 tells it, answered with a status."""

    def decorate(method: _Method) -> _Method:
        @wraps(method)
        def call(
            self: MemoryDynamoDB,
            *,
            ReturnConsumedCapacity: str = "NONE",
            ReturnItemCollectionMetrics: str = "NONE",
            **given: Any,
        ) -> Answer:
            if ReturnItemCollectionMetrics != "NONE":
                raise NotImplementedError(f"ReturnItemCollectionMetrics of {name}")
            with self._lock:
                try:
                    check_one_of("ReturnConsumedCapacity", ReturnConsumedCapacity, ("INDEXES", "TOTAL", "NONE"))
                    self._meter = Meter(ReturnConsumedCapacity)
                    check_parameters(method, given, name)
                    answer = method(self, **given)
                except Refused as refusal:
                    raise refusal.as_client_error(name) from None
                if ReturnConsumedCapacity != "NONE":
                    taken = self._meter.answer()
                    answer["ConsumedCapacity"] = taken if name in _OF_MANY_TABLES else taken[0]
            answer["ResponseMetadata"] = {"HTTPStatusCode": 200, "HTTPHeaders": {}, "RetryAttempts": 0}
            return answer

        return call

    return decorate


class MemoryDynamoDB:
    """DynamoDB in memory, called as boto3's client is.

    Parameters
    ----------
    tables
        The properties of each `AWS::DynamoDB::Table` by name, as the template has them.
    """

    def __init__(self, tables: Mapping[str, Mapping[str, Any]]) -> None:
        self._all: dict[str, Table] = {}
        self._tables = Tables(self._all)
        self._lock = threading.RLock()
        self._meter = Meter()
        #: What each transaction with a token of its own asked for.
        self._transactions: dict[str, str] = {}
        for name, definition in tables.items():
            self.add(name, definition)

    # -- one item

    @_operation("GetItem")
    def get_item(self, **given: Any) -> Answer:
        """Return an item."""
        item = called(self._read, given, "GetItem")
        return {} if item is None else {"Item": item}

    @_operation("PutItem")
    def put_item(self, *, ReturnValues: str = "NONE", **given: Any) -> Answer:
        """Store an item, if its condition holds."""
        write = called(self._tables.put, given, "PutItem")
        return self._write_one(write, ReturnValues, ("ALL_OLD", "NONE"))

    @_operation("DeleteItem")
    def delete_item(self, *, ReturnValues: str = "NONE", **given: Any) -> Answer:
        """Delete an item, if its condition holds."""
        write = called(self._tables.delete, given, "DeleteItem")
        return self._write_one(write, ReturnValues, ("ALL_OLD", "NONE"))

    @_operation("UpdateItem")
    def update_item(self, *, ReturnValues: str = "NONE", **given: Any) -> Answer:
        """Change an item, if its condition holds."""
        write = called(self._tables.update, given, "UpdateItem")
        return self._write_one(write, ReturnValues, _UPDATE_RETURNS)

    def _write_one(self, write: Write, return_values: str, allowed: Sequence[str]) -> Answer:
        check_one_of("ReturnValues", return_values, allowed)
        planned = write.planned()
        planned.do()
        self._meter.write(planned)
        row = planned.before if return_values.endswith("OLD") else planned.after
        if return_values == "NONE" or row is None:
            return {}
        item = projected(row.item, write.paths) if return_values.startswith("UPDATED") else row.item
        return {"Attributes": copied_item(item)} if item else {}

    # -- many items

    @_operation("Query")
    def query(self, **given: Any) -> Answer:
        """Return a page of the items of a partition, in the order of their sort keys."""
        return called(self._query, given, "Query")

    @_operation("Scan")
    def scan(self, **given: Any) -> Answer:
        """Return a page of all items, partition by partition."""
        return called(self._scan, given, "Scan")

    def items(self, table: str) -> Iterator[dict[str, Any]]:
        """Yield all items of a table, page by page; no call of the service's."""
        start: dict[str, Any] = {}
        while True:
            read = self.scan(TableName=table, **start)
            yield from read["Items"]
            if "LastEvaluatedKey" not in read:
                return
            start = {"ExclusiveStartKey": read["LastEvaluatedKey"]}

    @_operation("BatchGetItem")
    def batch_get_item(self, *, RequestItems: Mapping[str, Mapping[str, Any]]) -> Answer:
        """Return items of up to 100 keys, as far as they fit into the answer."""
        _check_counts(len(request["Keys"]) for request in RequestItems.values())
        if sum(len(request["Keys"]) for request in RequestItems.values()) > _MAX_GETS:
            raise invalid("Too many items requested for the BatchGetItem call")
        responses: dict[str, list[Item]] = {}
        unprocessed: dict[str, Answer] = {}
        batch = _Batch()
        for name, request in RequestItems.items():
            table = self._tables[name]
            options = {member: value for member, value in request.items() if member != "Keys"}
            keys = [table.key(key)[1] for key in request["Keys"]]
            if len(set(keys)) < len(keys):
                raise invalid("Provided list of item keys contains duplicates")
            responses[name] = []
            for given, key in zip(request["Keys"], keys, strict=True):
                if not batch.takes(name, key, table.get(key)):
                    unprocessed.setdefault(name, {**options, "Keys": []})["Keys"].append(given)
                    continue
                item = called(self._read, {"TableName": name, "Key": given, **options}, "BatchGetItem")
                if item is not None:
                    responses[name].append(item)
        return {"Responses": responses, "UnprocessedKeys": unprocessed}

    @_operation("BatchWriteItem")
    def batch_write_item(self, *, RequestItems: Mapping[str, Sequence[Mapping[str, Any]]]) -> Answer:
        """Store and delete up to 25 items."""
        _check_counts(len(requests) for requests in RequestItems.values())
        if sum(len(requests) for requests in RequestItems.values()) > _MAX_PUTS:
            raise invalid("Too many items requested for the BatchWriteItem call")
        writes = [self._in_batch(name, each) for name, requests in RequestItems.items() for each in requests]
        if len({(write.table.name, write.key) for write in writes}) < len(writes):
            raise invalid("Provided list of item keys contains duplicates")
        self._do([write.planned() for write in writes])
        return {"UnprocessedItems": {}}

    def _in_batch(self, name: str, request: Mapping[str, Any]) -> Write:
        if len(request) != 1:
            raise invalid("Supplied AttributeValue has more than one datatypes set, must contain exactly one")
        match dict(request):
            case {"PutRequest": {"Item": item}}:
                return self._tables.put(TableName=name, Item=item)
            case {"DeleteRequest": {"Key": key}}:
                return self._tables.delete(TableName=name, Key=key)
        return not_sent(f"no write of a batch: {request!r}")

    # -- transactions

    @_operation("TransactWriteItems")
    def transact_write_items(
        self, *, TransactItems: Sequence[Mapping[str, Mapping[str, Any]]], ClientRequestToken: str | None = None
    ) -> Answer:
        """Do up to 100 writes, or none; those of a token once, however often they are asked for."""
        _check_transaction(TransactItems)
        if ClientRequestToken is not None and ClientRequestToken in self._transactions:
            if self._transactions[ClientRequestToken] != repr(TransactItems):
                raise Refused("IdempotentParameterMismatchException", "The token stands for another transaction")
            return {}
        writes, reasons = self._checked_transaction(TransactItems)
        planned: list[Planned] = []
        for position, write in writes.items():
            try:
                planned.append(write.planned())
            except ConditionFalse as refusal:
                found = {"Code": "ConditionalCheckFailed", "Message": refusal.message, **refusal.members}
                reasons[position] = found
            except Unfit as refusal:
                reasons[position] = {"Code": "ValidationError", "Message": refusal.message}
        _check_reasons([reasons.get(position, {"Code": "None"}) for position in range(len(TransactItems))])
        if sum(max(_size(each.before), _size(each.after)) for each in planned) > _MAX_TRANSACTION_BYTES:
            raise invalid("Collection size of items in a transaction has exceeded the maximum allowed size")
        self._do(planned, times=2)
        if ClientRequestToken is not None:
            self._transactions[ClientRequestToken] = repr(TransactItems)
            if len(self._transactions) > _MAX_TOKENS:
                del self._transactions[next(iter(self._transactions))]
        return {}

    def _checked_transaction(
        self, items: Sequence[Mapping[str, Mapping[str, Any]]]
    ) -> tuple[dict[int, Write], dict[int, Answer]]:
        """Return the writes of a transaction by position, and the reasons of those that cannot be."""
        kinds: dict[str, Callable[..., Write]] = {
            "Put": self._tables.put,
            "Delete": self._tables.delete,
            "Update": self._tables.update,
            "ConditionCheck": self._tables.check,
        }
        writes: dict[int, Write] = {}
        reasons: dict[int, Answer] = {}
        for position, each in enumerate(items):
            if len(each) != 1:
                raise invalid("TransactItems can only contain one of Check, Put, Update or Delete")
            [(kind, request)] = each.items()
            if kind not in kinds:
                not_sent(f"no write of a transaction: {kind}")
            try:
                writes[position] = called(kinds[kind], request, f"TransactWriteItems.{kind}")
            except Unfit as refusal:
                reasons[position] = {"Code": "ValidationError", "Message": refusal.message}
        if len({(write.table.name, write.key) for write in writes.values()}) < len(writes):
            raise invalid("Transaction request cannot include multiple operations on one item")
        return writes, reasons

    @_operation("TransactGetItems")
    def transact_get_items(self, *, TransactItems: Sequence[Mapping[str, Mapping[str, Any]]]) -> Answer:
        """Return up to 100 items as they are at one moment."""
        _check_transaction(TransactItems)
        responses: list[Answer] = []
        for each in TransactItems:
            item = called(self._read, {"ConsistentRead": True, **each["Get"]}, "TransactGetItems")
            responses.append({} if item is None else {"Item": item})
        return {"Responses": responses}

    # -- behind the calls

    def add(self, name: str, definition: Mapping[str, Any]) -> None:
        """Make an empty table."""
        self._all[name] = Table(name, definition)

    def remove(self, name: str) -> None:
        """Forget a table with all that is in it."""
        del self._all[name]

    def names(self) -> list[str]:
        """Return the names of the tables."""
        return list(self._all)

    def delete_expired(self, now: float) -> int:
        """Delete what expired before a moment, as the service does within days, not at once; return how many."""
        gone = 0
        with self._lock:
            for table in self._all.values():
                for key, row in table.rows():
                    expires = row.item.get(table.expires_at or "", {}).get("N")
                    if expires is not None and float(expires) < now:
                        table.put(key, None)
                        gone += 1
        return gone

    def _read(
        self,
        *,
        TableName: str,
        Key: Mapping[str, Any],
        ConsistentRead: bool = False,
        ProjectionExpression: str | None = None,
        ExpressionAttributeNames: Mapping[str, str] | None = None,
    ) -> Item | None:
        table = self._tables[TableName]
        wanted = _projection(ProjectionExpression, ExpressionAttributeNames)
        check_names(ExpressionAttributeNames, [wanted.names] if wanted else [])
        row = table.get(table.key(Key)[1])
        self._meter.read(table, table.primary, _size(row), consistent=ConsistentRead)
        if row is None:
            return None
        return copied_item(projected(row.item, wanted.paths) if wanted else row.item)

    def _query(
        self,
        *,
        TableName: str,
        KeyConditionExpression: str | None = None,
        IndexName: str | None = None,
        FilterExpression: str | None = None,
        ProjectionExpression: str | None = None,
        ExpressionAttributeNames: Mapping[str, str] | None = None,
        ExpressionAttributeValues: Mapping[str, Any] | None = None,
        ExclusiveStartKey: Mapping[str, Any] | None = None,
        Limit: int | None = None,
        ConsistentRead: bool = False,
        ScanIndexForward: bool = True,
        Select: str | None = None,
    ) -> Answer:
        if KeyConditionExpression is None:
            message = "Either the KeyConditions or KeyConditionExpression parameter must be specified in the request."
            raise invalid(message)
        _check_reading(Limit, Select)
        table = self._tables[TableName]
        index = table.reading(IndexName, consistent=ConsistentRead)
        names = names_of(ExpressionAttributeNames)
        condition = conditions.compiled("KeyConditionExpression", KeyConditionExpression, names)
        filter_ = _filter(FilterExpression, ExpressionAttributeNames)
        wanted = _projection(ProjectionExpression, ExpressionAttributeNames)
        expressions = {"KeyConditionExpression": condition, "FilterExpression": filter_}
        values = values_of(ExpressionAttributeValues, expressions)
        used = [each.names for each in (condition, filter_, wanted) if each is not None]
        check_names(ExpressionAttributeNames, used)
        paths = wanted.paths if wanted else None
        check_selection(index, Select, paths)
        check_filter(index, filter_)
        partition, entries = selected(index, condition.tree, values)
        last = None if ExclusiveStartKey is None else started(table, index, ExclusiveStartKey, partition)
        reading = Reading(Limit, filter_, values, paths, Select == "ALL_ATTRIBUTES")
        read = page(table, index, after(entries, last, forward=ScanIndexForward), reading)
        self._meter.read(table, index, read.size, consistent=ConsistentRead)
        return _answered(read, Select)

    def _scan(
        self,
        *,
        TableName: str,
        IndexName: str | None = None,
        FilterExpression: str | None = None,
        ProjectionExpression: str | None = None,
        ExpressionAttributeNames: Mapping[str, str] | None = None,
        ExpressionAttributeValues: Mapping[str, Any] | None = None,
        ExclusiveStartKey: Mapping[str, Any] | None = None,
        Limit: int | None = None,
        ConsistentRead: bool = False,
        Select: str | None = None,
    ) -> Answer:
        _check_reading(Limit, Select)
        table = self._tables[TableName]
        index = table.reading(IndexName, consistent=ConsistentRead)
        filter_ = _filter(FilterExpression, ExpressionAttributeNames)
        wanted = _projection(ProjectionExpression, ExpressionAttributeNames)
        values = values_of(ExpressionAttributeValues, {"FilterExpression": filter_})
        check_names(ExpressionAttributeNames, [each.names for each in (filter_, wanted) if each is not None])
        paths = wanted.paths if wanted else None
        check_selection(index, Select, paths)
        entries: Iterable[tuple[Any, Entry]] = index.entries()
        if ExclusiveStartKey is not None:
            place = start_key(table, index, ExclusiveStartKey)
            entries = (each for each in entries if each > place)
        reading = Reading(Limit, filter_, values, paths, Select == "ALL_ATTRIBUTES")
        read = page(table, index, (entry for _, entry in entries), reading)
        self._meter.read(table, index, read.size, consistent=ConsistentRead)
        return _answered(read, Select)

    def _do(self, writes: Sequence[Planned], *, times: int = 1) -> None:
        for write in writes:
            write.do()
            self._meter.write(write, times=times)


class _Batch:
    """How much a batch has read: 16 MB in all and 1 MB of a partition are the most that the service reads."""

    def __init__(self) -> None:
        self._size = 0
        self._sizes: Counter[tuple[str, Any]] = Counter()

    def takes(self, name: str, key: Key, row: Row | None) -> bool:
        """Tell whether there is room for an item, and give it that."""
        size, partition = _size(row), (name, key[0])
        in_partition = self._sizes[partition]
        if self._size + size > _MAX_BATCH_BYTES or (in_partition and in_partition + size > _MAX_BATCH_PARTITION_BYTES):
            return False
        self._size += size
        self._sizes[partition] += size
        return True


def _filter(text: str | None, names: Mapping[str, str] | None) -> conditions.Compiled | None:
    return None if text is None else conditions.compiled("FilterExpression", text, names_of(names))


def _projection(text: str | None, names: Mapping[str, str] | None) -> Projection | None:
    return None if text is None else projection(text, names_of(names))


def _size(row: Row | None) -> int:
    return row.size if row else 0


def _check_reading(limit: int | None, select: str | None) -> None:
    check_one_of("Select", select, _SELECTIONS)
    if limit is not None and limit < 1:
        not_sent(f"Limit is at least 1, not {limit}")


def _check_counts(counts: Iterable[int]) -> None:
    counts = list(counts)
    if not counts or not all(counts):
        not_sent("a batch or transaction of nothing")


def _check_transaction(items: Sequence[Any]) -> None:
    _check_counts([len(items)])
    if len(items) > _MAX_TRANSACTION:
        raise invalid(
            "1 validation error detected: Value at 'transactItems' failed to satisfy constraint: Member must have "
            f"length less than or equal to {_MAX_TRANSACTION}"
        )


def _check_reasons(reasons: Sequence[Answer]) -> None:
    codes = [reason["Code"] for reason in reasons]
    if any(code != "None" for code in codes):
        message = "Transaction cancelled, please refer cancellation reasons for specific reasons "
        raise Refused("TransactionCanceledException", f"{message}[{', '.join(codes)}]", CancellationReasons=reasons)


def _answered(read: Page, select: str | None) -> Answer:
    answer: Answer = {"Count": len(read.items), "ScannedCount": read.scanned}
    if select != "COUNT":
        answer["Items"] = [copied_item(item) for item in read.items]
    if read.last_key is not None:
        answer["LastEvaluatedKey"] = copied_item(read.last_key)
    return answer
