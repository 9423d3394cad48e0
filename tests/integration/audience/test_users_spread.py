"""New users of one environment are written to many partitions, and still listed and counted as one list."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from nereid.aws.audience.users import DynamoUserStore
from nereid.aws.table import Table
from nereid.core.audience.users import new_user
from nereid.models.team import Scope
from tests.support.cloud import tables
from tests.support.metered_dynamodb import MeteredDynamoDB

START = datetime(2026, 1, 31, 9, 30, tzinfo=UTC)
SCOPE = Scope("team", "dev")
USERS = 800


class Clients:
    def __init__(self) -> None:
        self.dynamodb = MeteredDynamoDB(tables())


@pytest.fixture(scope="module")
def clients() -> Clients:
    """Make users, several in each moment."""
    made: Any = Clients()
    users = DynamoUserStore(Table(made, "AudienceTable"))
    for number in range(USERS):
        users.create(SCOPE, new_user(f"u{number}", START + timedelta(seconds=number // 3), {}))
    return made


@pytest.fixture
def users(clients: Any) -> DynamoUserStore:
    return DynamoUserStore(Table(clients, "AudienceTable"))


def hottest(clients: Clients, index: str | None, part: str) -> float:
    """Return the largest share of the new users that one partition key took, in write units per user."""
    written = clients.dynamodb.written
    return (
        max(units for place, units in written.items() if place.index_name == index and f"#{part}" in place.partition)
        / USERS
    )


def test_no_key_of_the_count_takes_more_than_a_part_of_the_writes(clients: Clients) -> None:
    assert hottest(clients, None, "counts") < 0.15
