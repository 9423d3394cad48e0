"""What the tests of the local stack share: a small product of their own, and places to run it."""

import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from local_stack.aws.recorder import Recorder
from local_stack.aws.resources import Cloud
from local_stack.aws.server import AwsServer, embedded
from local_stack.compute.functions import Zygote
from tests import local_stack as stacks

_HERE = Path(__file__).parent
SAMPLE = _HERE / "sample" / "template.yaml"


@pytest.fixture(scope="session")
def sample_template() -> Path:
    return SAMPLE


@pytest.fixture(scope="session")
def sample_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[stacks.LocalStack]:
    stack = stacks.start(tmp_path_factory.mktemp("sample"), NEREID_TEMPLATE=str(SAMPLE))
    yield stack
    stack.stop()


@pytest.fixture(scope="session")
def zygote() -> Iterator[Zygote]:
    process = Zygote(stacks.ROOT)
    yield process
    process.stop()


@pytest.fixture
def recorder() -> Recorder:
    return Recorder(embedded())


def reset(url: str) -> None:
    """Empty the embedded AWS, which a process has only one of."""
    with urllib.request.urlopen(f"{url}/moto-api/reset", b"", timeout=10):  # noqa: S310 - our own server
        pass


@pytest.fixture
def cloud(recorder: Recorder) -> Iterator[Cloud]:
    server = AwsServer(recorder, "127.0.0.1", 0)
    server.start()
    reset(server.url)
    made = Cloud(server.url, "us-east-1", "test")
    yield made
    made.close()
    server.stop()


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, str], Path]:
    """Write a file below the test's own folder."""

    def to(name: str, text: str) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    return to
