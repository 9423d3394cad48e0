"""What the contract tests share: one local stack, and clients of it."""

from __future__ import annotations

import os
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests import local_stack as stacks
from tests.contract.manage_client import Manage
from tests.contract.neptie_client import Neptie
from tests.contract.neptune_client import Neptune
from tests.support.teams import Operator, OtherTeam

_HERE = Path(__file__).parent


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not config.pluginmanager.hasplugin("xdist"):
        return
    # A part to each worker, with a stack of its own. A file stays whole, and each goes where there is least so far.
    own = [item for item in items if item.path.is_relative_to(_HERE)]
    parts = Counter(dict.fromkeys(range(int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))), 0))
    part_of = {}
    for path, tests in Counter(item.path for item in own).most_common():
        part_of[path] = min(parts, key=parts.__getitem__)
        parts[part_of[path]] += tests
    for item in own:
        item.add_marker(pytest.mark.xdist_group(f"contract-{part_of[item.path]}"))


@pytest.fixture(scope="session")
def local_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[stacks.LocalStack]:
    # All that functions log is printed, so that it can be looked through in the end.
    stack = stacks.start(tmp_path_factory.mktemp("nereid"), NEREID_VERBOSE="1")
    yield stack
    stack.end()


@pytest.fixture(scope="session")
def operator(local_stack: stacks.LocalStack) -> Operator:
    return Operator(local_stack)


@pytest.fixture(scope="session")
def other_team(operator: Operator) -> OtherTeam:
    """Return a second team, with an environment `dev` too."""
    return operator.team()


@pytest.fixture(scope="session")
def new_environment(local_stack: stacks.LocalStack) -> Callable[..., str]:
    """Return a function that makes an environment of the demo's team and gives its identifier."""

    def make(*, mock: bool = False) -> str:
        identifier = f"e{uuid.uuid4().hex[:12]}"
        body = {"identifier": identifier, "mock": mock}
        answer = local_stack.request("POST", "/manage/environments", body, token=local_stack.demo["api_token"])
        assert answer.status == 200, answer.body
        return identifier

    return make


@pytest.fixture(scope="session")
def neptune(local_stack: stacks.LocalStack) -> Neptune:
    """Return the demo's team in its environment `dev`."""
    return Neptune(local_stack, local_stack.demo["api_token"])


@pytest.fixture
def fresh(neptune: Neptune, new_environment: Callable[..., str]) -> Neptune:
    """Return the demo's team in an environment that nothing has happened in."""
    return Neptune(neptune.stack, neptune.token, new_environment())


@pytest.fixture(scope="session")
def anybody(local_stack: stacks.LocalStack) -> Neptie:
    """Return a client of the Neptie API without a credential."""
    return Neptie(local_stack)


@pytest.fixture
def sales(anybody: Neptie) -> Neptie:
    """Return an account in a team that has nothing yet."""
    return anybody.newcomer()


@pytest.fixture(scope="session")
def manage(local_stack: stacks.LocalStack) -> Manage:
    """Return the demo's team in its environment `dev`."""
    return Manage(local_stack, local_stack.demo["api_token"])


@pytest.fixture
def team(local_stack: stacks.LocalStack, operator: Operator) -> Manage:
    """Return a team that nothing has happened to, with the environment `dev`."""
    return Manage(local_stack, operator.team().token)
