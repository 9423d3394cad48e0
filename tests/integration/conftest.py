"""What the integration tests share: the functions over moto, with a team of its own for each test."""

from collections.abc import Iterator
from typing import Any

import pytest

from nereid.aws.clients import Clients
from tests.support import cloud as clouds
from tests.support.memory_dynamodb import MemoryDynamoDB


@pytest.fixture(scope="module")
def shared_cloud(request: pytest.FixtureRequest) -> Iterator[clouds.Cloud]:
    """Run a cloud for a module, whose `IN_MEMORY` says whether DynamoDB is answered in memory or by moto."""
    with clouds.running(in_memory=getattr(request.module, "IN_MEMORY", False)) as running:
        yield running


@pytest.fixture
def cloud(shared_cloud: clouds.Cloud) -> clouds.Cloud:
    shared_cloud.forget()
    return shared_cloud


@pytest.fixture
def world(cloud: clouds.Cloud) -> clouds.World:
    return clouds.World(cloud)


@pytest.fixture(scope="module")
def dynamodb(shared_cloud: clouds.Cloud) -> Any:
    """Return a client as the functions have one; its calls are counted and can be made to fail."""
    shared_cloud.forget()
    return Clients().dynamodb


@pytest.fixture(scope="module")
def memory() -> MemoryDynamoDB:
    """Return DynamoDB in memory: for tests that make so many calls that moto takes seconds."""
    return MemoryDynamoDB(clouds.tables())
