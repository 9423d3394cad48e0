"""The built functions in Lambda's own runtime: the real `sam local start-api`, with the local stack as their AWS."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parent.parent.parent
BUILD = ROOT / ".aws-sam" / "sam-local" / "build"
SAM = ROOT / ".venv-sam" / "bin" / "sam"
REGION = "us-east-1"
# The first start makes an image with the layers in it.
START_SECONDS = 180.0


@dataclass(frozen=True)
class Api:
    """An HTTP API that a test calls.

    Parameters
    ----------
    url : str
        Its base URL.
    token : str
        The API token for its header.
    """

    url: str
    token: str

    def call(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """Send a request with the token; return the status and the parsed answer."""
        request = urllib.request.Request(self.url + path, method=method)  # noqa: S310 - http, on this machine
        request.add_header("Authorization", f"Bearer {self.token}")
        if body is not None:
            request.add_header("Content-Type", "application/json")
            request.data = json.dumps(body).encode()
        try:
            with urllib.request.urlopen(request, timeout=60) as response:  # noqa: S310 - as above
                return response.status, json.loads(response.read())
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.loads(error.read())


@dataclass(frozen=True)
class LocalStack:
    """The running local stack.

    Parameters
    ----------
    demo : dict
        What it wrote into local.json.
    functions : dict
        The environment variables of each function.
    aws_port : int
        The port of its AWS endpoint.
    """

    demo: dict[str, Any]
    functions: dict[str, dict[str, str]]
    aws_port: int

    @property
    def api(self) -> Api:
        """The product as the local stack itself serves it."""
        return Api(self.demo["base_url"], self.demo["api_token"])


def free_port() -> int:
    """Return a port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def docker_host() -> str:
    """Return the address at which containers reach this machine."""
    docker = shutil.which("docker")
    if docker is None:
        pytest.fail("Docker is needed to run the functions in Lambda's own runtime.")
    form = "{{(index .IPAM.Config 0).Gateway}}"
    done = subprocess.run(
        [docker, "network", "inspect", "bridge", "-f", form], check=False, capture_output=True, text=True
    )
    if done.returncode:
        pytest.fail(f"Docker does not answer: {done.stderr}")
    return done.stdout.strip() or "172.17.0.1"


def wait_until(is_ready: Callable[[], bool], seconds: float) -> bool:
    """Ask until the answer is yes or the time is over."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if is_ready():
            return True
        time.sleep(0.2)
    return False


def answers(url: str) -> bool:
    """Return whether an HTTP server answers a URL with success."""
    try:
        with urllib.request.urlopen(url, timeout=60) as response:  # noqa: S310 - http, on this machine
            return bool(response.status == 200)
    except OSError:
        return False


@contextmanager
def running(command: list[str], environment: dict[str, str], log: Path, url: str, seconds: float) -> Iterator[None]:
    """Run a server for as long as the block lasts, from when it answers the URL."""
    with log.open("w") as output:
        process = start(command, environment, output)
        try:
            ready = wait_until(lambda: process.poll() is not None or answers(url), seconds)
            if not ready or process.poll() is not None:
                pytest.fail(f"{' '.join(command[:4])} ... did not start:\n{log.read_text()[-5000:]}")
            yield
        finally:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(60)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def start(command: list[str], environment: dict[str, str], output: IO[str]) -> subprocess.Popen[str]:
    """Start a program in the repository."""
    return subprocess.Popen(
        command, cwd=ROOT, env=os.environ | environment, stdout=output, stderr=subprocess.STDOUT, text=True
    )


@pytest.fixture(scope="session")
def local_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    """Start the local stack with an AWS endpoint that containers reach."""
    state = tmp_path_factory.mktemp("local")
    port, aws_port = free_port(), free_port()
    environment = {
        "PORT": str(port),
        "NEREID_STATE_DIR": str(state),
        "NEREID_AWS_HOST": "0.0.0.0",  # noqa: S104 - containers come from another network
        "NEREID_AWS_PORT": str(aws_port),
    }
    command = [sys.executable, "-m", "local_stack"]
    with running(command, environment, state / "log", f"http://127.0.0.1:{port}/health", 60):
        demo = json.loads((state / "local.json").read_text())
        functions = json.loads((state / "functions.json").read_text())
        yield LocalStack(demo, functions, aws_port)


def with_endpoint() -> Path:
    """Return the built template with two variables more: sam local sets none that a function does not declare.

    By the access key the local stack knows whose permissions count.
    """
    built = yaml.safe_load((BUILD / "template.yaml").read_text())
    for name, resource in built["Resources"].items():
        if resource["Type"] == "AWS::Serverless::Function":
            variables = resource["Properties"].setdefault("Environment", {}).setdefault("Variables", {})
            variables.update(AWS_ENDPOINT_URL="", AWS_ACCESS_KEY_ID=name)
    copy = BUILD / "template-with-endpoint.yaml"
    copy.write_text(yaml.safe_dump(built))
    return copy


@pytest.fixture(scope="session")
def sam_local(local_stack: LocalStack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """Start `sam local start-api` over the built template, its functions using the local stack's AWS endpoint."""
    folder = tmp_path_factory.mktemp("sam-local")
    endpoint = {"AWS_ENDPOINT_URL": f"http://{docker_host()}:{local_stack.aws_port}"}
    variables = folder / "variables.json"
    variables.write_text(json.dumps({name: own | endpoint for name, own in local_stack.functions.items()}))
    port = free_port()
    options = ["--template", str(with_endpoint()), "--env-vars", str(variables), "--port", str(port)]
    images = ["--skip-pull-image", "--warm-containers", "LAZY", "--region", REGION]
    parameters = ["--parameter-overrides", "Architecture=x86_64"]
    credentials = {"AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local", "SAM_CLI_TELEMETRY": "0"}
    command = [str(SAM), "local", "start-api", *options, *images, *parameters]
    with running(command, credentials, folder / "log", f"http://127.0.0.1:{port}/health", START_SECONDS):
        yield Api(f"http://127.0.0.1:{port}", local_stack.demo["api_token"])
