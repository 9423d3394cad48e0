"""What the contract tests share: the product, over HTTP or in this process, and clients of it."""

from __future__ import annotations

import sys
import uuid
from collections.abc import Callable, Iterator

import pytest

from tests import local_stack as stacks
from tests.contract.manage_client import Manage
from tests.contract.neptie_client import Neptie
from tests.contract.neptune_client import Neptune
from tests.support import in_process_stack
from tests.support.teams import Operator, OtherTeam
from tools import team as make_team


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Choose where each test has its product: see `local_stack`."""
    if "local_stack" in metafunc.fixturenames:
        over_http = metafunc.definition.get_closest_marker("over_http")
        where = "in_process" if getattr(metafunc.module, "IN_PROCESS", False) and not over_http else "over_http"
        metafunc.parametrize("local_stack", [where], indirect=True, ids=[pytest.HIDDEN_PARAM], scope="module")


@pytest.fixture(scope="session")
def over_http(tmp_path_factory: pytest.TempPathFactory) -> Iterator[stacks.LocalStack]:
    # All that functions log is printed, so that it can be looked through in the end.
    stack = stacks.start(tmp_path_factory.mktemp("nereid"), NEREID_VERBOSE="1")
    yield stack
    stack.end()


@pytest.fixture(scope="module")
def local_stack(request: pytest.FixtureRequest) -> Iterator[stacks.Stack]:
    """Return the product: over HTTP, or in this process in a module that says `IN_PROCESS = True`.

    What a route answers to which body is the same in both, and test_wiring.py asks every route over HTTP. Tests marked
    `over_http` need what goes on beside a request: others at the same time, or the outbox.
    """
    if request.param == "in_process":
        with in_process_stack.running() as stack:
            yield stack
    else:
        yield request.getfixturevalue("over_http")


@pytest.fixture(scope="module")
def operator(local_stack: stacks.Stack) -> Operator:
    return Operator(local_stack)


@pytest.fixture(scope="module")
def other_team(operator: Operator) -> OtherTeam:
    """Return a second team, with an environment `dev` too."""
    return operator.team()


@pytest.fixture(scope="module")
def new_environment(local_stack: stacks.Stack) -> Callable[..., str]:
    """Return a function that makes an environment of the demo's team and gives its identifier."""

    def make(*, mock: bool = False) -> str:
        identifier = f"e{uuid.uuid4().hex[:12]}"
        body = {"identifier": identifier, "mock": mock}
        answer = local_stack.request("POST", "/manage/environments", body, token=local_stack.demo["api_token"])
        assert answer.status == 200, answer.body
        return identifier

    return make


@pytest.fixture(scope="module")
def neptune(local_stack: stacks.Stack) -> Neptune:
    """Return the demo's team in its environment `dev`."""
    return Neptune(local_stack, local_stack.demo["api_token"])


@pytest.fixture
def fresh(neptune: Neptune, new_environment: Callable[..., str]) -> Neptune:
    """Return the demo's team in an environment that nothing has happened in."""
    return Neptune(neptune.stack, neptune.token, new_environment())


@pytest.fixture(scope="module")
def anybody(local_stack: stacks.Stack) -> Neptie:
    """Return a client of the Neptie API without a credential."""
    return Neptie(local_stack)


@pytest.fixture
def sales(anybody: Neptie) -> Neptie:
    """Return an account in a team that has nothing yet."""
    return anybody.newcomer()


@pytest.fixture(scope="module")
def manage(local_stack: stacks.Stack) -> Manage:
    """Return the demo's team in its environment `dev`."""
    return Manage(local_stack, local_stack.demo["api_token"])


@pytest.fixture
def team(local_stack: stacks.Stack, operator: Operator) -> Manage:
    """Return a team that nothing has happened to, with the environment `dev`."""
    return Manage(local_stack, operator.team().token)


@pytest.fixture
def make(
    local_stack: stacks.Stack, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., str]:
    """Return what runs `make team STAGE=local`, and gives what it prints."""
    assert isinstance(local_stack, stacks.LocalStack)
    monkeypatch.setenv("NEREID_STATE_DIR", str(local_stack.state_dir))

    def run(*arguments: str) -> str:
        monkeypatch.setattr(sys, "argv", ["team.py", "--stage", "local", *arguments])
        make_team.main()
        return capsys.readouterr().out

    return run
