"""Fixtures of the suites that run the functions in this process: a cloud per module, a team per test."""

from collections.abc import Iterator

import pytest

from tests.support import cloud as clouds


@pytest.fixture(scope="module")
def shared_cloud(request: pytest.FixtureRequest) -> Iterator[clouds.Cloud]:
    """Run a cloud for a module, whose `IN_MEMORY` says whether DynamoDB is answered in memory or by moto."""
    with clouds.running(in_memory=getattr(request.module, "IN_MEMORY", False)) as running:
        yield running


@pytest.fixture
def cloud(shared_cloud: clouds.Cloud) -> clouds.Cloud:
    """Return the module's cloud with nothing called, waiting or failing."""
    shared_cloud.forget()
    return shared_cloud


@pytest.fixture
def world(cloud: clouds.Cloud) -> clouds.World:
    """Make a team with an environment of its own."""
    return clouds.World(cloud)
