"""What a table does with batches that DynamoDB does in part."""

from __future__ import annotations

from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest

from local_stack.aws.memory_dynamodb import MemoryDynamoDB
from nereid.aws.table import Table, can_be_key
from nereid.contention import TRIES
from nereid.errors import Unavailable
from tests.support.cloud import tables
from tests.support.virtual_time import VirtualTime


def table(client: Any) -> Table:
    clients: Any = SimpleNamespace(dynamodb=client)
    return Table(clients, "AudienceTable")


def test_many_large_items_of_one_partition_are_all_read() -> None:
    stored = table(MemoryDynamoDB(tables()))
    keys = [("p", f"{number:02}") for number in range(40)]
    for pk, sk in keys:
        stored.put({"pk": pk, "sk": sk, "text": "x" * 350_000})
    assert list(stored.get_many(keys)) == keys


def test_attributes_of_very_many_items_are_all_read() -> None:
    stored = table(MemoryDynamoDB(tables()))
    stored.put_many({"pk": f"p{number}", "sk": "s", "n": number, "text": "x"} for number in range(950))
    keys = [(f"p{number}", "s") for number in range(1000)]
    found = stored.get_attributes(keys, ["n", "missing"])
    assert sorted(item["n"] for item in found) == list(range(950))
    assert {tuple(item) for item in found} == {("n",)}


def test_a_batch_that_reads_nothing_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    time = VirtualTime(monkeypatch)

    class Throttled:
        calls = 0

        def batch_get_item(self, RequestItems: Any) -> Any:  # noqa: N803 - boto3's name
            self.calls += 1
            return {"Responses": {}, "UnprocessedKeys": RequestItems}

    client = Throttled()
    with pytest.raises(Unavailable):
        table(client).get_many([("p", "s")])
    assert client.calls == TRIES
    assert len(time.pauses) == TRIES - 1


class PartlyRead:
    """A client that reads one key of each batch."""

    def __init__(self, item_bytes: int = 10) -> None:
        self._bytes = item_bytes
        self.sizes: list[int] = []

    def batch_get_item(self, RequestItems: Any) -> Any:  # noqa: N803 - boto3's name
        [(name, request)] = RequestItems.items()
        keys = request["Keys"]
        self.sizes.append(len(keys))
        left = {name: {**request, "Keys": keys[1:]}} if keys[1:] else {}
        return {"Responses": {name: [{**keys[0], "text": {"S": "x" * self._bytes}}]}, "UnprocessedKeys": left}


def test_what_a_throttled_table_left_of_a_batch_is_read_after_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    time, client = VirtualTime(monkeypatch), PartlyRead()
    keys = [("p", "1"), ("p", "2"), ("p", "3")]
    assert list(table(client).get_many(keys)) == keys
    assert client.sizes == [3, 2, 1]
    assert len(time.pauses) == 2
    assert all(pause > 0 for pause in time.pauses)


def test_a_table_that_reads_one_key_at_a_time_is_given_up_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    time, client = VirtualTime(monkeypatch), PartlyRead()
    with pytest.raises(Unavailable):
        table(client).get_many([("p", str(number)) for number in range(25)])
    assert len(client.sizes) == TRIES
    assert time.now < 3


def test_what_a_batch_left_because_it_was_full_is_read_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    time, client = VirtualTime(monkeypatch), PartlyRead(600_000)
    keys = [("p", str(number)) for number in range(15)]
    assert list(table(client).get_many(keys)) == keys
    assert time.pauses == []


class PartlyDone:
    """A client that does one write of each batch."""

    def __init__(self) -> None:
        self.sizes: list[int] = []

    def batch_write_item(self, RequestItems: Any) -> Any:  # noqa: N803 - boto3's name
        [(name, requests)] = RequestItems.items()
        self.sizes.append(len(requests))
        return {"UnprocessedItems": {name: requests[1:]}} if requests[1:] else {}


def test_what_is_left_of_a_batch_is_written_after_a_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    time, client = VirtualTime(monkeypatch), PartlyDone()
    table(client).delete_many([("p", "1"), ("p", "2"), ("p", "3")])
    assert client.sizes == [3, 2, 1]
    assert len(time.pauses) == 2
    assert all(pause > 0 for pause in time.pauses)


def test_a_batch_that_is_never_done_is_given_up_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    time, client = VirtualTime(monkeypatch), PartlyDone()
    with pytest.raises(Unavailable):
        table(client).delete_many([("p", str(number)) for number in range(25)])
    assert len(client.sizes) == TRIES
    assert time.now < 3


def test_values_are_read_as_they_were_written() -> None:
    item = {"pk": "p", "sk": "s", "map": {"n": 1, "f": 1.5, "l": [2, "x"]}, "b": b"x", "none": True}
    stored = table(MemoryDynamoDB(tables()))
    stored.put({**item, "map": {"n": 1, "f": Decimal("1.5"), "l": [2, "x"]}, "left out": None})
    found = stored.get("p", "s")
    assert found == item
    assert found is not None
    assert [type(found["map"][name]) for name in ("n", "f")] == [int, float]


@pytest.mark.parametrize(
    ("pk", "sk", "possible"),
    [("é" * 1024, "é" * 512, True), ("é" * 1024 + "a", "a", False), ("a", "é" * 512 + "a", False)],
)
def test_a_key_has_so_many_bytes_and_no_more(pk: str, sk: str, possible: bool) -> None:  # noqa: FBT001
    assert can_be_key(pk, sk) is possible
