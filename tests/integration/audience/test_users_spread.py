"""New users of one environment are written to many partitions, and still listed and counted as one list."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from nereid.aws.audience.users import DynamoUserStore
from nereid.aws.table import Table
from nereid.core.audience.users import new_user
from nereid.models.team import Scope
from tests.support.cloud import tables
from tests.support.metered_dynamodb import MeteredDynamoDB, Place

START = datetime(2026, 1, 31, 9, 30, tzinfo=UTC)
SCOPE = Scope("team", "dev")
USERS = 800


class Clients:
    def __init__(self) -> None:
        self.dynamodb = MeteredDynamoDB(tables())
        #: What the creation of the users wrote.
        self.written: Counter[Place] = Counter()


@pytest.fixture(scope="module")
def clients() -> Clients:
    """Make users, several in each moment."""
    made = Clients()
    clients: Any = made
    users = DynamoUserStore(Table(clients, "AudienceTable"))
    for number in range(USERS):
        users.create(SCOPE, new_user(f"u{number}", START + timedelta(seconds=number // 3), {}))
    made.written = made.dynamodb.written.copy()
    return made


@pytest.fixture
def users(clients: Any) -> DynamoUserStore:
    return DynamoUserStore(Table(clients, "AudienceTable"))


def hottest(clients: Clients, index: str | None, part: str) -> float:
    """Return the largest share of the new users that one partition key took, in write units per user."""
    written = clients.written
    return (
        max(units for place, units in written.items() if place.index_name == index and f"#{part}" in place.partition)
        / USERS
    )


def test_no_key_of_the_count_takes_more_than_a_part_of_the_writes(clients: Clients) -> None:
    assert hottest(clients, None, "counts") < 0.15


def test_no_key_of_the_listing_takes_more_than_a_part_of_the_writes(clients: Clients) -> None:
    assert hottest(clients, "users", "users") < 0.2


def test_the_pages_of_all_keys_make_one_list(users: DynamoUserStore) -> None:
    pages = [users.page(SCOPE, page, 30) for page in range(1, USERS // 30 + 3)]
    listed = [user for page, _ in pages for user in page]
    assert {total for _, total in pages} == {USERS}
    assert sorted(user.user_id for user in listed) == sorted(f"u{number}" for number in range(USERS))
    moments = [user.created_at for user in listed]
    assert moments == sorted(moments, reverse=True)


@pytest.mark.parametrize(("page", "most"), [(1, 30), (20, 60)])
def test_a_page_reads_no_more_than_it_shows_and_what_stands_before_it(
    clients: Any, users: DynamoUserStore, page: int, most: float
) -> None:
    spent = clients.dynamodb.cost(lambda: users.page(SCOPE, page, 10))
    assert 16 + 4 + 10 <= spent.read <= most
