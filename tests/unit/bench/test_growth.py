"""Copies have names of their own, and how something grows is told in words."""

from __future__ import annotations

import json

import pytest

from bench.aws.database import Database
from bench.aws.tally import Tally
from bench.clones import Clones
from bench.growth import order
from tests.support.memory_dynamodb.values import Item, size_of_item

TEAM, OTHER = "11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"
#: A table by one key.
DEFINITION = {
    "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
    "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
}
ORIGINAL: dict[str, list[Item]] = {
    "Things": [
        {
            "pk": {"S": f"{TEAM}#grow-000003"},
            "id": {"S": OTHER},
            "in": {"L": [{"S": "grow-000003"}, {"M": {"id": {"S": OTHER}}}]},
        }
    ],
    "Others": [{"pk": {"S": f"{TEAM}#{OTHER}"}}, {"pk": {"S": "of all things"}}],
}


def copies(table: str, first: int, last: int) -> list[Item]:
    return [clone.item for clone in Clones([ORIGINAL], [TEAM]).of(table, first, last)]


def test_a_copy_has_names_of_its_own_that_its_items_share() -> None:
    [thing], [other, _] = copies("Things", 7, 8), copies("Others", 7, 8)
    assert thing["pk"]["S"] == f"{TEAM}#grow-000007"
    assert thing["id"]["S"] != OTHER
    assert other["pk"]["S"] == f"{TEAM}#{thing['id']['S']}"


def test_names_are_found_within_lists_and_maps() -> None:
    [thing] = copies("Things", 7, 8)
    assert thing["in"] == {"L": [{"S": "grow-000007"}, {"M": {"id": thing["id"]}}]}


def test_a_copy_is_as_large_as_its_original() -> None:
    [clone] = Clones([ORIGINAL], [TEAM]).of("Things", 7, 8)
    assert clone.size == size_of_item(clone.item) == size_of_item(ORIGINAL["Things"][0])


def test_no_two_copies_are_the_same() -> None:
    assert len({thing["id"]["S"] for thing in copies("Things", 0, 50)}) == 50


def test_what_a_database_was_filled_with_is_found_like_what_was_put() -> None:
    database = Database({"Things": DEFINITION, "Others": DEFINITION})
    database.grow([ORIGINAL], [TEAM], 0, 3)
    [thing] = copies("Things", 1, 2)
    _, got = database.call("GetItem", json.dumps({"TableName": "Things", "Key": {"pk": thing["pk"]}}).encode(), Tally())
    assert got["Item"] == thing


def test_what_all_copies_share_is_stored_once() -> None:
    database = Database({"Others": DEFINITION})
    for first in (0, 3):
        database.grow([ORIGINAL], [TEAM], first, first + 3)
    assert len(database.items("Others")) == 6 + 1


@pytest.mark.parametrize(
    ("values", "said"),
    [((3, 3, 3), "flat"), ((10, 100, 1000), "n^1.0"), ((1, 3, 10), "n^0.5"), ((0, 0, 0), "flat")],
)
def test_growth_is_told_as_a_power(values: tuple[float, ...], said: str) -> None:
    assert order((1_000, 10_000, 100_000), values) == said


def test_what_grows_fastest_is_told() -> None:
    assert order((1_000, 10_000), (4, 4), (10, 100)) == "n^1.0"
