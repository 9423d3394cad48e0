"""What the tests of the command line share: a stack in this process, and a terminal."""

from __future__ import annotations

import io
import json
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from nereid_cli import main
from tests.contract.manage_client import Manage
from tests.support import in_process_stack
from tests.support.in_process_stack import InProcessStack
from tests.support.teams import Operator


@pytest.fixture(scope="module")
def stack() -> Iterator[InProcessStack]:
    """Return the product, with nothing in it but the demo's team."""
    with in_process_stack.running() as made:
        yield made


@pytest.fixture(scope="module")
def operator(stack: InProcessStack) -> Operator:
    return Operator(stack)


@pytest.fixture(scope="module")
def demo(stack: InProcessStack) -> Manage:
    """Return the demo's team in its environment `dev`."""
    return Manage(stack, stack.demo["api_token"])


@pytest.fixture
def manage(demo: Manage) -> Manage:
    """Return the demo's team in an environment of its own, which sends nothing."""
    return demo.in_environment(mock=True)


@dataclass
class Result:
    """What a command printed, and its exit code."""

    code: int
    out: str
    err: str

    def json(self) -> Any:
        return json.loads(self.out)


@dataclass
class Wire:
    """What goes from the program to the stack: httpx hands its requests over here instead of to the network."""

    stack: InProcessStack
    #: What happens to the next requests instead: answers, or exceptions that are raised, the first one first.
    instead: list[httpx.Response | Exception] = field(default_factory=list)
    #: Exceptions that are raised after the stack has answered, one for each request.
    afterwards: list[Exception] = field(default_factory=list)
    #: The requests, as `METHOD /path`, and the whole of them.
    lines: list[str] = field(default_factory=list)
    requests: list[httpx.Request] = field(default_factory=list)

    def writes(self) -> list[str]:
        """Return the requests that change event types."""
        return [line for line in self.lines if line.startswith(("PUT", "DELETE"))]

    def handle(self, request: httpx.Request) -> httpx.Response:
        request.read()
        self.lines.append(f"{request.method} {request.url.raw_path.decode()}")
        self.requests.append(request)
        if self.instead:
            happens = self.instead.pop(0)
            if isinstance(happens, Exception):
                raise happens
            return happens
        headers = {name: value for name, value in request.headers.items() if name not in {"host", "accept-encoding"}}
        path = request.url.raw_path.decode()
        answer = self.stack.send(request.method, path, request.content or None, headers)
        with self.stack._turn, self.stack._logged("Pipeline"):
            self.stack.cloud.pump()
        if self.afterwards:
            raise self.afterwards.pop(0)
        return httpx.Response(answer.status, headers=answer.headers, content=answer.body)


@pytest.fixture
def wire(stack: InProcessStack, monkeypatch: pytest.MonkeyPatch) -> Wire:
    made = Wire(stack)
    monkeypatch.setattr(httpx.HTTPTransport, "handle_request", lambda _, request: made.handle(request))
    return made


class Terminal:
    """A terminal in an empty folder, of somebody who has nothing set."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], folder: Path) -> None:
        self.monkeypatch = monkeypatch
        self.folder = folder
        #: For how long the program slept.
        self.slept: list[float] = []
        #: Called with the seconds of each sleep.
        self.on_sleep: Callable[[float], None] = lambda _: None
        self._capsys = capsys
        for name in [name for name in os.environ if name.startswith("NEREID_") or name.lower().endswith("_proxy")]:
            monkeypatch.delenv(name)
        monkeypatch.setenv("XDG_CONFIG_HOME", str(folder / "config"))
        monkeypatch.chdir(folder)
        monkeypatch.setattr(time, "sleep", self._sleep)

    def _sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.on_sleep(seconds)

    def run(self, *arguments: str, stdin: str = "", tty: bool = False) -> Result:
        """Run a command."""
        given = io.StringIO(stdin)
        given.isatty = lambda: tty  # type: ignore[method-assign]
        self.monkeypatch.setattr("sys.stdin", given)
        self._capsys.readouterr()
        code = main.run(list(arguments))
        printed = self._capsys.readouterr()
        assert "Traceback" not in printed.err
        return Result(code, printed.out, printed.err)

    def file(self, name: str, content: Any) -> Path:
        """Write a file: text as it is, anything else as JSON."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content if isinstance(content, str) else json.dumps(content, indent=2), encoding="utf-8")
        return path


@pytest.fixture
def nobody(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Terminal:
    """Return a terminal that knows no stack."""
    return Terminal(monkeypatch, capsys, tmp_path)


@pytest.fixture
def terminal(nobody: Terminal, wire: Wire, stack: InProcessStack, manage: Manage) -> Terminal:
    """Return a terminal in whose folder the stack was started, and that works in an environment of its own."""
    nobody.file(".nereid/local.json", {"base_url": stack.base_url, "api_token": manage.token})
    nobody.monkeypatch.setenv("NEREID_ENVIRONMENT", manage.environment)
    return nobody
