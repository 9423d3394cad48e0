"""What the integration tests share."""

from typing import Any

import pytest

from local_stack.aws.memory_dynamodb import MemoryDynamoDB
from nereid.aws.clients import Clients
from tests.support import cloud as clouds
from tests.support.cloud_fixtures import cloud, shared_cloud, world

__all__ = ["cloud", "dynamodb", "memory", "shared_cloud", "world"]


@pytest.fixture(scope="module")
def dynamodb(shared_cloud: clouds.Cloud) -> Any:
    """Return a client as the functions have one; its calls are counted and can be made to fail."""
    shared_cloud.forget()
    return Clients().dynamodb


@pytest.fixture(scope="module")
def memory() -> MemoryDynamoDB:
    """Return DynamoDB in memory: for tests that make so many calls that moto takes seconds."""
    return MemoryDynamoDB(clouds.tables())
