"""The calls of DynamoDB."""

# Parameters are named as the service names them.
# ruff: noqa: N803

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache, wraps
from typing import Any, NamedTuple, TypeVar

from tests.support.memory_dynamodb import conditions, updates
from tests.support.memory_dynamodb.conditions import Values, undefined
from tests.support.memory_dynamodb.errors import Refused, invalid, not_sent
from tests.support.memory_dynamodb.grammar import Parser
from tests.support.memory_dynamodb.reading import (
    Page,
    Reading,
    after,
    check_filter,
    check_selection,
    names_of,
    page,
    selected,
    start_key,
    started,
)
from tests.support.memory_dynamodb.tables import Key, Row, Table
from tests.support.memory_dynamodb.values import Item, Path, checked, copied_item, projected

Answer = dict[str, Any]
_MAX_GETS = 100
_MAX_PUTS = 25
_MAX_TRANSACTION = 100
_MAX_TRANSACTION_BYTES = 4 * 1024 * 1024
_MAX_BATCH_BYTES = 16 * 1024 * 1024
_TOO_LARGE_UPDATE = "Item size to update has exceeded the maximum allowed size"
_NO_EFFECT = {"ReturnConsumedCapacity": "NONE", "ReturnItemCollectionMetrics": "NONE"}
_Method = TypeVar("_Method", bound=Callable[..., Answer])


class Planned(NamedTuple):
    """A write whose condition holds, before it is done."""

    table: Table
    key: Key
    before: Row | None
    after: Row | None
    #: What an update changes.
    paths: Sequence[Path] = ()


class ConditionFalse(Refused):
    """A write whose condition does not hold.

    Parameters
    ----------
    found
        The item that the condition was asked of, if the call wants to know it.
    """

    def __init__(self, found: Item | None) -> None:
        members = {"Item": copied_item(found)} if found else {}
        super().__init__("ConditionalCheckFailedException", "The conditional request failed", **members)


@lru_cache(4096)
def _projection(text: str, names: tuple[tuple[str, str], ...]) -> tuple[tuple[Path, ...], frozenset[str]]:
    parser = Parser("ProjectionExpression", text, dict(names))
    return tuple(parser.projection()), frozenset(parser.used_names)


def _operation(name: str) -> Callable[[_Method], _Method]:
    """Make a method a call: one at a time, refused as boto3 tells it, answered with a status."""

    def decorate(method: _Method) -> _Method:
        @wraps(method)
        def call(self: MemoryDynamoDB, **given: Any) -> Answer:
            for parameter, without_effect in _NO_EFFECT.items():
                if given.pop(parameter, without_effect) != without_effect:
                    raise NotImplementedError(parameter)
            with self._lock:
                try:
                    answer = method(self, **given)
                except Refused as refusal:
                    raise refusal.as_client_error(name) from None
                except TypeError as error:
                    if error.__traceback__ is not None and error.__traceback__.tb_next is None:
                        raise NotImplementedError(f"{name}: {error}") from error
                    raise
            answer["ResponseMetadata"] = {"HTTPStatusCode": 200, "HTTPHeaders": {}, "RetryAttempts": 0}
            return answer

        return call  # type: ignore[return-value]

    return decorate


class MemoryDynamoDB:
    """DynamoDB in memory, called as boto3's client is.

    Parameters
    ----------
    tables
        The properties of each `AWS::DynamoDB::Table` by name, as the template has them.
    """

    def __init__(self, tables: Mapping[str, Mapping[str, Any]]) -> None:
        self._tables = {name: Table(name, definition) for name, definition in tables.items()}
        self._lock = threading.RLock()

    # -- one item

    @_operation("GetItem")
    def get_item(
        self,
        *,
        TableName: str,
        Key: Mapping[str, Any],
        ConsistentRead: bool = False,  # noqa: ARG002 - every read of a table is consistent
        ProjectionExpression: str | None = None,
        ExpressionAttributeNames: Mapping[str, str] | None = None,
    ) -> Answer:
        """Return an item."""
        item = self._read(TableName, Key, ProjectionExpression, ExpressionAttributeNames)
        return {} if item is None else {"Item": item}

    @_operation("PutItem")
    def put_item(self, *, ReturnValues: str = "NONE", **given: Any) -> Answer:
        """Store an item, if its condition holds."""
        _check_return_values(ReturnValues, "NONE", "ALL_OLD")
        write = self._planned_put(**given)
        self._do([write])
        return _old(write) if ReturnValues == "ALL_OLD" else {}

    @_operation("DeleteItem")
    def delete_item(self, *, ReturnValues: str = "NONE", **given: Any) -> Answer:
        """Delete an item, if its condition holds."""
        _check_return_values(ReturnValues, "NONE", "ALL_OLD")
        write = self._planned_delete(**given)
        self._do([write])
        return _old(write) if ReturnValues == "ALL_OLD" else {}

    @_operation("UpdateItem")
    def update_item(self, *, ReturnValues: str = "NONE", **given: Any) -> Answer:
        """Change an item, if its condition holds."""
        _check_return_values(ReturnValues, "NONE", "ALL_OLD", "ALL_NEW", "UPDATED_OLD", "UPDATED_NEW")
        write = self._planned_update(**given)
        self._do([write])
        assert write.after is not None
        match ReturnValues:
            case "ALL_OLD":
                return _old(write)
            case "ALL_NEW":
                return {"Attributes": copied_item(write.after.item)}
            case "UPDATED_OLD" | "UPDATED_NEW":
                row = write.before if ReturnValues == "UPDATED_OLD" else write.after
                changed = projected(row.item, write.paths) if row else {}
                return {"Attributes": copied_item(changed)} if changed else {}
        return {}

    # -- many items

    @_operation("Query")
    def query(
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
        """Return a page of the items of a partition, in the order of their sort keys."""
        if KeyConditionExpression is None:
            message = "Either the KeyConditions or KeyConditionExpression parameter must be specified in the request."
            raise invalid(message)
        table = self._table(TableName)
        index = table.reading(IndexName, consistent=ConsistentRead)
        names = names_of(ExpressionAttributeNames)
        condition = conditions.compiled("KeyConditionExpression", KeyConditionExpression, names)
        filter_ = conditions.compiled("FilterExpression", FilterExpression, names) if FilterExpression else None
        paths, path_names = _projection(ProjectionExpression, names) if ProjectionExpression else (None, frozenset())
        expressions = (condition, filter_) if filter_ else (condition,)
        values = _values(ExpressionAttributeValues, ("KeyConditionExpression", "FilterExpression"), expressions)
        _check_names(ExpressionAttributeNames, [path_names, *(each.names for each in expressions)])
        check_selection(table, index, Select, paths)
        check_filter(index, filter_)
        partition, entries = selected(index, condition.tree, values)
        last = None if ExclusiveStartKey is None else started(table, index, ExclusiveStartKey, partition)
        _check_limit(Limit)
        wanted = Reading(Limit, ScanIndexForward, filter_, values, paths, Select == "ALL_ATTRIBUTES")
        return _answered(page(table, index, after(entries, last, forward=ScanIndexForward), wanted), Select)

    @_operation("Scan")
    def scan(
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
        """Return a page of all items, partition by partition."""
        table = self._table(TableName)
        index = table.reading(IndexName, consistent=ConsistentRead)
        names = names_of(ExpressionAttributeNames)
        filter_ = conditions.compiled("FilterExpression", FilterExpression, names) if FilterExpression else None
        paths, path_names = _projection(ProjectionExpression, names) if ProjectionExpression else (None, frozenset())
        expressions = (filter_,) if filter_ else ()
        values = _values(ExpressionAttributeValues, ("FilterExpression",), expressions)
        _check_names(ExpressionAttributeNames, [path_names, *(each.names for each in expressions)])
        check_selection(table, index, Select, paths)
        _check_limit(Limit)
        entries: Iterable[Any] = index.entries()
        if ExclusiveStartKey is not None:
            entries = index.entries_after(start_key(table, index, ExclusiveStartKey))
        wanted = Reading(Limit, True, filter_, values, paths, Select == "ALL_ATTRIBUTES")  # noqa: FBT003
        return _answered(page(table, index, entries, wanted), Select)

    @_operation("BatchGetItem")
    def batch_get_item(self, *, RequestItems: Mapping[str, Mapping[str, Any]]) -> Answer:
        """Return items of up to 100 keys."""
        count = sum(len(request["Keys"]) for request in RequestItems.values())
        if not RequestItems or not all(request["Keys"] for request in RequestItems.values()):
            raise invalid("1 validation error detected: the list of keys must have length greater than or equal to 1")
        if count > _MAX_GETS:
            raise invalid("Too many items requested for the BatchGetItem call")
        responses: dict[str, list[Item]] = {}
        unprocessed: dict[str, dict[str, Any]] = {}
        size = 0
        for name, request in RequestItems.items():
            table = self._table(name)
            options = {member: value for member, value in request.items() if member not in ("Keys", "ConsistentRead")}
            responses[name] = []
            keys = [table.key(given)[1] for given in request["Keys"]]
            if len(set(keys)) < len(keys):
                raise invalid("Provided list of item keys contains duplicates")
            for given, key in zip(request["Keys"], keys, strict=True):
                row = table.get(key)
                size += row.size if row else 0
                if size > _MAX_BATCH_BYTES:
                    unprocessed.setdefault(name, {**request, "Keys": []})["Keys"].append(given)
                    continue
                item = self._read(name, given, **_read_options(options))
                if item is not None:
                    responses[name].append(item)
        return {"Responses": responses, "UnprocessedKeys": unprocessed}

    @_operation("BatchWriteItem")
    def batch_write_item(self, *, RequestItems: Mapping[str, Sequence[Mapping[str, Any]]]) -> Answer:
        """Store and delete up to 25 items."""
        count = sum(len(requests) for requests in RequestItems.values())
        if not RequestItems or not all(RequestItems.values()):
            raise invalid("1 validation error detected: a list of writes must have length greater than or equal to 1")
        if count > _MAX_PUTS:
            raise invalid("Too many items requested for the BatchWriteItem call")
        writes = [self._planned_in_batch(name, each) for name, requests in RequestItems.items() for each in requests]
        if len({(write.table.name, write.key) for write in writes}) < len(writes):
            raise invalid("Provided list of item keys contains duplicates")
        self._do(writes)
        return {"UnprocessedItems": {}}

    def _planned_in_batch(self, name: str, request: Mapping[str, Any]) -> Planned:
        match dict(request):
            case {"PutRequest": {"Item": item, **rest}, **others} if not rest and not others:
                return self._planned_put(TableName=name, Item=item)
            case {"DeleteRequest": {"Key": key, **rest}, **others} if not rest and not others:
                return self._planned_delete(TableName=name, Key=key)
        raise invalid("Supplied WriteRequest must contain exactly one of PutRequest or DeleteRequest")

    # -- transactions

    @_operation("TransactWriteItems")
    def transact_write_items(self, *, TransactItems: Sequence[Mapping[str, Mapping[str, Any]]]) -> Answer:
        """Do up to 100 writes, or none."""
        _check_count(TransactItems)
        plan: dict[str, Callable[..., Planned]] = {
            "Put": self._planned_put,
            "Delete": self._planned_delete,
            "Update": self._planned_update,
            "ConditionCheck": self._planned_check,
        }
        places = set()
        for each in TransactItems:
            if len(each) != 1:
                raise invalid("TransactItems can only contain one of Check, Put, Update or Delete")
            [(kind, request)] = each.items()
            if kind not in plan:
                not_sent(f"unknown member of TransactItems: {kind}")
            place = self._place(request)
            if place in places:
                raise invalid("Transaction request cannot include multiple operations on one item")
            places.add(place)
        writes: list[Planned] = []
        reasons: list[Answer] = []
        for each in TransactItems:
            [(kind, request)] = each.items()
            try:
                writes.append(plan[kind](**request))
                reasons.append({"Code": "None"})
            except ConditionFalse as refusal:
                reasons.append({"Code": "ConditionalCheckFailed", "Message": refusal.message, **refusal.members})
            except RefusedByItem as refusal:
                reasons.append({"Code": "ValidationError", "Message": refusal.message})
        _check_reasons(reasons)
        if sum(max(_size(write.before), _size(write.after)) for write in writes) > _MAX_TRANSACTION_BYTES:
            raise invalid("Collection size of items in a transaction has exceeded the maximum allowed size")
        self._do(writes)
        return {}

    @_operation("TransactGetItems")
    def transact_get_items(self, *, TransactItems: Sequence[Mapping[str, Mapping[str, Any]]]) -> Answer:
        """Return up to 100 items as they are at one moment."""
        _check_count(TransactItems)
        responses: list[Answer] = []
        for each in TransactItems:
            request = dict(each["Get"])
            item = self._read(request.pop("TableName"), request.pop("Key"), **_read_options(request))
            responses.append({} if item is None else {"Item": item})
        return {"Responses": responses}

    # -- what is behind the calls

    def delete_expired(self, now: float) -> int:
        """Do what the service does within days, not at once: delete what expired before a moment; return how many."""
        gone = 0
        with self._lock:
            for table in self._tables.values():
                for key, row in table.rows():
                    expires = row.item.get(table.expires_at or "", {}).get("N")
                    if expires is not None and float(expires) < now:
                        table.put(key, None)
                        gone += 1
        return gone

    def _table(self, name: str) -> Table:
        if name not in self._tables:
            raise Refused("ResourceNotFoundException", "Requested resource not found")
        return self._tables[name]

    def _read(
        self, name: str, key: Mapping[str, Any], projection: str | None, names: Mapping[str, str] | None
    ) -> Item | None:
        table = self._table(name)
        paths, used = _projection(projection, names_of(names)) if projection is not None else (None, frozenset())
        _check_names(names, [used], has_expressions=projection is not None)
        row = table.get(table.key(key)[1])
        if row is None:
            return None
        return copied_item(row.item if paths is None else projected(row.item, paths))

    def _place(self, request: Mapping[str, Any]) -> tuple[str, Key]:
        table = self._table(request["TableName"])
        _, key = table.checked(request["Item"]) if "Item" in request else table.key(request["Key"])
        return table.name, key

    def _planned_put(self, *, TableName: str, Item: Mapping[str, Any], **condition: Any) -> Planned:
        table = self._table(TableName)
        item, key = table.checked(Item)
        row = table.measured(item)
        before = _checked_condition(table, key, **condition)
        return Planned(table, key, before, row)

    def _planned_delete(self, *, TableName: str, Key: Mapping[str, Any], **condition: Any) -> Planned:
        table = self._table(TableName)
        _, key = table.key(Key)
        return Planned(table, key, _checked_condition(table, key, **condition), None)

    def _planned_check(
        self, *, TableName: str, Key: Mapping[str, Any], ConditionExpression: str, **condition: Any
    ) -> Planned:
        table = self._table(TableName)
        _, key = table.key(Key)
        before = _checked_condition(table, key, ConditionExpression=ConditionExpression, **condition)
        return Planned(table, key, before, before)

    def _planned_update(
        self,
        *,
        TableName: str,
        Key: Mapping[str, Any],
        UpdateExpression: str | None = None,
        ConditionExpression: str | None = None,
        ExpressionAttributeNames: Mapping[str, str] | None = None,
        ExpressionAttributeValues: Mapping[str, Any] | None = None,
        ReturnValuesOnConditionCheckFailure: str = "NONE",
    ) -> Planned:
        table = self._table(TableName)
        attributes, key = table.key(Key)
        names = names_of(ExpressionAttributeNames)
        update = None if UpdateExpression is None else updates.compiled("UpdateExpression", UpdateExpression, names)
        condition = _condition(ConditionExpression, names)
        expressions = [each for each in (update, condition) if each is not None]
        values = _values(ExpressionAttributeValues, ("UpdateExpression", "ConditionExpression"), expressions)
        _check_names(ExpressionAttributeNames, [each.names for each in expressions], has_expressions=bool(expressions))
        for path in update.paths if update else ():
            if path[0] in table.primary.attributes:
                raise invalid(
                    f"One or more parameter values were invalid: Cannot update attribute {path[0]}. "
                    "This attribute is part of the key"
                )
        before = _met(table, key, condition, values, ReturnValuesOnConditionCheckFailure)
        item = before.item if before else attributes
        try:
            if update:
                item = update.apply(item, values)
            table.check_update(item)
            return Planned(table, key, before, table.measured(item, _TOO_LARGE_UPDATE), update.paths if update else ())
        except Refused as refusal:
            raise RefusedByItem(refusal.code, refusal.message) from None

    def _do(self, writes: Iterable[Planned]) -> None:
        for write in writes:
            if write.after is not write.before:
                write.table.put(write.key, write.after)


class RefusedByItem(Refused):
    """An update that is right by itself but cannot be done to the item that it met."""


def _checked_condition(
    table: Table,
    key: Key,
    *,
    ConditionExpression: str | None = None,
    ExpressionAttributeNames: Mapping[str, str] | None = None,
    ExpressionAttributeValues: Mapping[str, Any] | None = None,
    ReturnValuesOnConditionCheckFailure: str = "NONE",
) -> Row | None:
    """Return the item of a key, which a condition must hold for."""
    condition = _condition(ConditionExpression, names_of(ExpressionAttributeNames))
    expressions = (condition,) if condition else ()
    values = _values(ExpressionAttributeValues, ("ConditionExpression",), expressions)
    _check_names(ExpressionAttributeNames, [each.names for each in expressions], has_expressions=bool(expressions))
    return _met(table, key, condition, values, ReturnValuesOnConditionCheckFailure)


def _condition(text: str | None, names: tuple[tuple[str, str], ...]) -> conditions.Compiled | None:
    return None if text is None else conditions.compiled("ConditionExpression", text, names)


def _met(
    table: Table, key: Key, condition: conditions.Compiled | None, values: Values, return_values: str
) -> Row | None:
    _check_return_values(return_values, "NONE", "ALL_OLD")
    row = table.get(key)
    if condition is not None and not condition.test(row.item if row else {}, values):
        raise ConditionFalse(row.item if row and return_values == "ALL_OLD" else None)
    return row


def _values(
    given: Mapping[str, Any] | None,
    parameters: Sequence[str],
    expressions: Sequence[conditions.Compiled | updates.Compiled],
) -> Values:
    """Return the values that a call gives for placeholders, each of which must be used, and each used be given."""
    if given is None:
        values: Values = {}
    elif not expressions:
        are = "are" if len(parameters) > 1 else "is"
        raise invalid(
            "ExpressionAttributeValues can only be specified when using expressions: "
            f"{' and '.join(parameters)} {are} null"
        )
    elif not given:
        raise invalid("ExpressionAttributeValues must not be empty")
    else:
        values = {name: checked(value) for name, value in given.items()}
    used: set[str] = set()
    for expression in expressions:
        for name in expression.values - values.keys():
            raise undefined(parameters[0], name)
        used |= expression.values
    unused = values.keys() - used
    if unused:
        raise invalid(f"Value unused in ExpressionAttributeValues: keys: {{{', '.join(sorted(unused))}}}")
    for expression in expressions:
        for check in expression.checks:
            check(values)
    return values


def _check_names(
    given: Mapping[str, str] | None, used: Sequence[frozenset[str]], *, has_expressions: bool = True
) -> None:
    """Refuse placeholders of names that no expression uses."""
    if given is None:
        return
    if not has_expressions:
        raise invalid("ExpressionAttributeNames can only be specified when using expressions")
    if not given:
        raise invalid("ExpressionAttributeNames must not be empty")
    unused = given.keys() - frozenset().union(*used)
    if unused:
        raise invalid(
            f"Value provided in ExpressionAttributeNames unused in expressions: keys: {{{', '.join(sorted(unused))}}}"
        )


def _check_return_values(value: str, *allowed: str) -> None:
    if value not in allowed:
        raise invalid(f"Return values set to invalid value: {value}; allowed: {', '.join(allowed)}")


def _check_limit(limit: int | None) -> None:
    if limit is not None and limit < 1:
        raise invalid(
            f"1 validation error detected: Value '{limit}' at 'limit' failed to satisfy constraint: Member must have "
            "value greater than or equal to 1"
        )


def _check_count(items: Sequence[Any]) -> None:
    if not 1 <= len(items) <= _MAX_TRANSACTION:
        bound = "less than or equal to 100" if items else "greater than or equal to 1"
        raise invalid(
            "1 validation error detected: Value at 'transactItems' failed to satisfy constraint: Member must have "
            f"length {bound}"
        )


def _check_reasons(reasons: list[Answer]) -> None:
    codes = [reason["Code"] for reason in reasons]
    if any(code != "None" for code in codes):
        message = "Transaction cancelled, please refer cancellation reasons for specific reasons "
        raise Refused("TransactionCanceledException", f"{message}[{', '.join(codes)}]", CancellationReasons=reasons)


def _read_options(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options of one read of many; there is no other."""
    options = dict(given)
    read = {
        "projection": options.pop("ProjectionExpression", None),
        "names": options.pop("ExpressionAttributeNames", None),
    }
    if options:
        raise NotImplementedError(f"{', '.join(options)} of a read")
    return read


def _old(write: Planned) -> Answer:
    return {"Attributes": copied_item(write.before.item)} if write.before else {}


def _size(row: Row | None) -> int:
    return row.size if row else 0


def _answered(read: Page, select: str | None) -> Answer:
    answer: Answer = {"Count": len(read.items), "ScannedCount": read.scanned}
    if select != "COUNT":
        answer["Items"] = [copied_item(item) for item in read.items]
    if read.last_key is not None:
        answer["LastEvaluatedKey"] = copied_item(read.last_key)
    return answer
