"""One DynamoDB table: items as plain dicts in, plain dicts out, errors translated."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from typing import Any

from botocore.exceptions import ClientError

from nereid import jsontext
from nereid.aws.attribute_values import marshal, unmarshal
from nereid.aws.clients import Clients
from nereid.aws.errors import ConditionFailed, Contended, failed_conditions, translated
from nereid.aws.parallel import all_at_once
from nereid.contention import until_uncontested
from nereid.models.team import Scope

Item = dict[str, Any]
#: How much one page of a list may hold, as :func:`bytes_in_answer` counts: a Lambda's answer ends at 6 MB. A page that
#: is full ends early.
MAX_PAGE_BYTES = 4_000_000
#: What a batch has read, about, when it ends for its size; with one more item of 400 KB it would be over 1 MB.
_FULL_BYTES = 500_000


def tenant(scope: Scope, *parts: str) -> str:
    """Return a partition key of one environment: team and environment first, so no query can leave them."""
    return "#".join([scope.team_id, scope.environment, *parts])


def bytes_in_answer(text: str) -> int:
    """Return the size of JSON in a function's answer, which holds it as a string of JSON: quotes take more there."""
    return len(jsontext.dumps(text).encode())


def can_be_key(pk: str, sk: str) -> bool:
    """Tell whether DynamoDB takes values as keys; an item with longer ones cannot exist."""
    return len(pk.encode()) <= 2048 and len(sk.encode()) <= 1024


def digest(text: str) -> str:
    """Return 128 bits of a text's SHA-256 in hex, which stands in a sort key for a value of any length."""
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def seconds(moment: datetime) -> int:
    """Return a moment as DynamoDB's TTL takes it."""
    return int(moment.timestamp())


def _texts(item: Mapping[str, Any]) -> Item:
    """Do as :func:`unmarshal` does with an item whose values are texts, in a tenth of the time."""
    return {name: value["S"] for name, value in item.items()}


def _bytes(items: Sequence[Mapping[str, Any]]) -> int:
    """Return about how large items are, as DynamoDB gives them: their texts and binary values."""
    return sum(
        len(content) for item in items for value in item.values() for content in value.values() if _sized(content)
    )


def _sized(content: Any) -> bool:
    return isinstance(content, str | bytes)


class _Unprocessed(Exception):
    """DynamoDB did not do all of a batch: a table is throttled."""


class Table:
    """A table with `pk` and `sk`."""

    def __init__(self, clients: Clients, name: str) -> None:
        self._clients = clients
        self.name = name

    @property
    def client(self) -> Any:
        """The DynamoDB client, for the calls that need more than this class offers."""
        return self._clients.dynamodb

    def get(self, pk: str, sk: str, *, consistent: bool = True) -> Item | None:
        """Return an item."""
        if not can_be_key(pk, sk):
            return None
        with translated():
            found = self.client.get_item(
                TableName=self.name, Key=marshal({"pk": pk, "sk": sk}), ConsistentRead=consistent
            ).get("Item")
        return unmarshal(found) if found else None

    def query(
        self,
        condition: str,
        values: Mapping[str, Any],
        *,
        index: str | None = None,
        consistent: bool = False,
        forward: bool = True,
        limit: int | None = None,
        filter_: str | None = None,
    ) -> Iterator[Item]:
        """Yield the items that a key condition selects, reading on as far as the caller does.

        Parameters
        ----------
        limit
            How many items to read per call; None for as many as fit in 1 MB.
        """
        options = _options(IndexName=index, Limit=limit, FilterExpression=filter_)
        start: Item | None = None
        while True:
            with translated():
                page = self.client.query(
                    TableName=self.name,
                    KeyConditionExpression=condition,
                    ExpressionAttributeValues=marshal(values),
                    ConsistentRead=consistent,
                    ScanIndexForward=forward,
                    **options,
                    **_options(ExclusiveStartKey=start),
                )
            yield from (unmarshal(item) for item in page["Items"])
            start = page.get("LastEvaluatedKey")
            if not start:
                return

    def first(
        self, condition: str, values: Mapping[str, Any], *, index: str, limit: int, attributes: Sequence[str]
    ) -> tuple[list[Item], bool]:
        """Return some attributes of the first items of an index, by one call, and whether there may be more.

        They are read eventually consistently, and are all texts.
        """
        with translated():
            page = self.client.query(
                TableName=self.name,
                IndexName=index,
                KeyConditionExpression=condition,
                ExpressionAttributeValues=marshal(values),
                Limit=limit,
                **_projection(attributes),
            )
        return list(map(_texts, page["Items"])), "LastEvaluatedKey" in page

    def page(
        self,
        condition: str,
        values: Mapping[str, Any],
        *,
        forward: bool,
        limit: int,
        attributes: Sequence[str],
        start: tuple[str, str] | None = None,
    ) -> tuple[list[Item], bool]:
        """Return some attributes of items that a key condition selects, by one call, and whether there may be more.

        They are read eventually consistently, and are all texts.

        Parameters
        ----------
        start
            The key of the item to go on after.
        """
        with translated():
            page = self.client.query(
                TableName=self.name,
                KeyConditionExpression=condition,
                ExpressionAttributeValues=marshal(values),
                ScanIndexForward=forward,
                Limit=limit,
                **_projection(attributes),
                **_options(ExclusiveStartKey=marshal({"pk": start[0], "sk": start[1]}) if start else None),
            )
        return list(map(_texts, page["Items"])), "LastEvaluatedKey" in page

    def count(
        self, condition: str, values: Mapping[str, Any], *, index: str | None = None, filter_: str | None = None
    ) -> int:
        """Return how many items a key condition selects, read consistently."""
        total = 0
        start: Item | None = None
        while True:
            with translated():
                page = self.client.query(
                    TableName=self.name,
                    KeyConditionExpression=condition,
                    ExpressionAttributeValues=marshal(values),
                    Select="COUNT",
                    ConsistentRead=True,
                    **_options(IndexName=index, FilterExpression=filter_, ExclusiveStartKey=start),
                )
            total += int(page["Count"])
            start = page.get("LastEvaluatedKey")
            if not start:
                return total

    def get_many(
        self, keys: Iterable[tuple[str, str]], *, consistent: bool = True, attributes: Sequence[str] = ()
    ) -> dict[tuple[str, str], Item]:
        """Return the items of these keys that exist, by key.

        Parameters
        ----------
        attributes
            The attributes to return of each besides its key; all unless given. It costs the same.
        """
        wanted = list(dict.fromkeys(keys))
        options = {"ConsistentRead": consistent, **(_projection(["pk", "sk", *attributes]) if attributes else {})}
        found = [
            unmarshal(item)
            for first in range(0, len(wanted), 100)
            for item in self._read_batch(wanted[first : first + 100], options)
        ]
        return {(item["pk"], item["sk"]): item for item in found}

    def get_attributes(self, keys: Sequence[tuple[str, str]], attributes: Sequence[str]) -> list[Item]:
        """Return some attributes of the items of these keys that exist, in no order: for very many items.

        They are read eventually consistently, several batches at a time.
        """
        options = {"ConsistentRead": False, **_projection(attributes)}
        batches = [keys[first : first + 100] for first in range(0, len(keys), 100)]
        found = all_at_once([partial(self._read_batch, batch, options) for batch in batches])
        return [unmarshal(item) for batch in found for item in batch]

    def _read_batch(self, keys: Sequence[tuple[str, str]], options: Item) -> list[Item]:
        """Return the items of up to 100 keys, as DynamoDB gives them."""
        left = [{"pk": {"S": pk}, "sk": {"S": sk}} for pk, sk in keys]
        found: list[Item] = []
        until_uncontested(self.name, partial(self._read_all, left, options, found), again=(_Unprocessed,))
        return found

    def _read_all(self, keys: list[Item], options: Item, found: list[Item]) -> None:
        """Add the items of up to 100 keys to those found, and take their keys away."""
        while keys:
            with translated():
                answer = self.client.batch_get_item(RequestItems={self.name: {"Keys": list(keys), **options}})
            found += answer["Responses"].get(self.name, [])
            keys[:] = answer.get("UnprocessedKeys", {}).get(self.name, {}).get("Keys", [])
            # One call reads no more than 1 MB of a partition, and the rest can be asked for at once. What a call leaves
            # that read less is left because the table is throttled.
            if keys and _bytes(answer["Responses"].get(self.name, [])) < _FULL_BYTES:
                raise _Unprocessed

    def put(
        self, item: Mapping[str, Any], condition: str | None = None, values: Mapping[str, Any] | None = None
    ) -> None:
        """Write an item; `ConditionFailed` if the condition does not hold."""
        with _writing():
            self.client.put_item(TableName=self.name, Item=marshal(item), **_condition(condition, values))

    def update(
        self,
        pk: str,
        sk: str,
        expression: str,
        values: Mapping[str, Any],
        *,
        names: Mapping[str, str] | None = None,
        condition: str | None = None,
    ) -> Item:
        """Change an item and return it as it is then; `ConditionFailed` if the condition does not hold."""
        with _writing():
            answer = self.client.update_item(
                TableName=self.name,
                Key=marshal({"pk": pk, "sk": sk}),
                UpdateExpression=expression,
                ReturnValues="ALL_NEW",
                **_condition(condition, values, names),
            )
        return unmarshal(answer["Attributes"])

    def delete(self, pk: str, sk: str, condition: str | None = None, values: Mapping[str, Any] | None = None) -> None:
        """Delete an item; `ConditionFailed` if the condition does not hold."""
        with _writing():
            self.client.delete_item(
                TableName=self.name, Key=marshal({"pk": pk, "sk": sk}), **_condition(condition, values)
            )

    def put_many(self, items: Iterable[Mapping[str, Any]]) -> None:
        """Write items without a condition."""
        self._write_many([{"PutRequest": {"Item": marshal(item)}} for item in items])

    def delete_many(self, keys: Iterable[tuple[str, str]]) -> None:
        """Delete the items of these keys."""
        self._write_many([{"DeleteRequest": {"Key": marshal({"pk": pk, "sk": sk})}} for pk, sk in keys])

    def _write_many(self, requests: Sequence[Item]) -> None:
        for first in range(0, len(requests), 25):
            chunk = list(requests[first : first + 25])
            until_uncontested(self.name, partial(self._write_all, chunk), again=(_Unprocessed,))

    def _write_all(self, requests: list[Item]) -> None:
        """Do up to 25 requests; those that were not done are left."""
        with translated():
            answer = self.client.batch_write_item(RequestItems={self.name: list(requests)})
        requests[:] = answer.get("UnprocessedItems", {}).get(self.name, [])
        if requests:
            raise _Unprocessed

    def transact(self, *writes: Mapping[str, Any]) -> None:
        """Do all writes or none, once other transactions on the same items let it.

        Parameters
        ----------
        writes
            As :meth:`writing`, :meth:`updating`, :meth:`deleting` and :meth:`requiring` make them.

        Raises
        ------
        ConditionFailed
            If a condition does not hold.
        """
        until_uncontested("item", lambda: self.transact_once(*writes), again=(Contended,))

    def transact_once(self, *writes: Mapping[str, Any]) -> None:
        """Do as :meth:`transact` does, without waiting: for callers that read again before they retry.

        Raises
        ------
        ConditionFailed
        Contended
            If another transaction was writing the same items.
        """
        with _writing():
            self.client.transact_write_items(TransactItems=list(writes))

    def writing(
        self, item: Mapping[str, Any], condition: str | None = None, values: Mapping[str, Any] | None = None
    ) -> Item:
        """Return the part of a transaction that puts an item."""
        return {"Put": {"TableName": self.name, "Item": marshal(item), **_in_transaction(condition, values)}}

    def updating(
        self,
        pk: str,
        sk: str,
        expression: str,
        values: Mapping[str, Any],
        *,
        names: Mapping[str, str] | None = None,
        condition: str | None = None,
    ) -> Item:
        """Return the part of a transaction that updates an item, if the condition holds."""
        return {
            "Update": {
                "TableName": self.name,
                "Key": marshal({"pk": pk, "sk": sk}),
                "UpdateExpression": expression,
                "ExpressionAttributeValues": marshal(values),
                **_options(ConditionExpression=condition, ExpressionAttributeNames=dict(names) if names else None),
            }
        }

    def deleting(
        self,
        pk: str,
        sk: str,
        condition: str | None = None,
        values: Mapping[str, Any] | None = None,
        *,
        names: Mapping[str, str] | None = None,
    ) -> Item:
        """Return the part of a transaction that deletes an item."""
        key = marshal({"pk": pk, "sk": sk})
        return {"Delete": {"TableName": self.name, "Key": key, **_in_transaction(condition, values, names)}}

    def requiring(
        self,
        pk: str,
        sk: str,
        condition: str,
        values: Mapping[str, Any] | None = None,
        *,
        names: Mapping[str, str] | None = None,
    ) -> Item:
        """Return the part of a transaction that only checks an item."""
        key = marshal({"pk": pk, "sk": sk})
        return {"ConditionCheck": {"TableName": self.name, "Key": key, **_in_transaction(condition, values, names)}}


@contextmanager
def _writing() -> Iterator[None]:
    """Turn a condition that does not hold into `ConditionFailed`, and errors that may pass into `Unavailable`."""
    try:
        with translated():
            yield
    except ClientError as error:
        which = failed_conditions(error)
        if not which:
            raise
        raise ConditionFailed(which, unmarshal(error.response.get("Item") or {})) from error


def _projection(attributes: Sequence[str]) -> dict[str, Any]:
    names = {f"#{name}": name for name in attributes}
    return {"ProjectionExpression": ", ".join(names), "ExpressionAttributeNames": names}


def _options(**options: Any) -> dict[str, Any]:
    return {name: value for name, value in options.items() if value is not None}


def _in_transaction(
    condition: str | None, values: Mapping[str, Any] | None, names: Mapping[str, str] | None = None
) -> dict[str, Any]:
    return _options(
        ConditionExpression=condition,
        ExpressionAttributeValues=marshal(values) if values and condition else None,
        ExpressionAttributeNames=dict(names) if names else None,
    )


def _condition(
    condition: str | None, values: Mapping[str, Any] | None, names: Mapping[str, str] | None = None
) -> dict[str, Any]:
    return _options(
        ConditionExpression=condition,
        ExpressionAttributeValues=marshal(values) if values else None,
        ExpressionAttributeNames=dict(names) if names else None,
        ReturnValuesOnConditionCheckFailure="ALL_OLD" if condition else None,
    )
