"""What a table does with batches that DynamoDB does in part."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from nereid.aws.table import Table
from nereid.errors import Unavailable
from tests.support.cloud import tables
from tests.support.memory_dynamodb import MemoryDynamoDB


def table(client: Any) -> Table:
    clients: Any = SimpleNamespace(dynamodb=client)
    return Table(clients, "AudienceTable")


def test_many_large_items_of_one_partition_are_all_read() -> None:
    stored = table(MemoryDynamoDB(tables()))
    keys = [("p", f"{number:02}") for number in range(40)]
    for pk, sk in keys:
        stored.put({"pk": pk, "sk": sk, "text": "x" * 350_000})
    assert list(stored.get_many(keys)) == keys


def test_a_batch_that_reads_nothing_is_given_up() -> None:
    class Throttled:
        calls = 0

        def batch_get_item(self, RequestItems: Any) -> Any:  # noqa: N803 - boto3's name
            self.calls += 1
            return {"Responses": {}, "UnprocessedKeys": RequestItems}

    client = Throttled()
    with pytest.raises(Unavailable):
        table(client).get_many([("p", "s")])
    assert client.calls == 5
