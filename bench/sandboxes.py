"""Starts functions, cold in processes of their own or at once in children of one, and hands them events."""

from __future__ import annotations

import array
import json
import os
import socket
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Self

from bench.aws.client import LocalAws
from bench.places import BUILD, LAMBDA_PYTHON, OPT, ROOT
from bench.stack import REGION, Function, Stack

#: What every time is compared with: boto3, one client of SQS, and calls of it.
FLOOR = Function("floor", "Floor", {}, 10, 512)
CHILD = Path(__file__).with_name("child.py")


@dataclass(frozen=True)
class Code:
    """Which code runs, and on which Python.

    Parameters
    ----------
    python
        The interpreter.
    paths
        The folders before Python's own library.
    functions
        Where the functions' code is, by logical id if `built`, else by API and name.
    """

    python: Path
    paths: tuple[Path, ...]
    functions: Path
    built: bool = False

    def of(self, function: Function) -> Path:
        """Return the folder of a function's code."""
        return self.functions / (function.logical_id if self.built else function.name)


#: What Lambda would get.
BUILT = Code(LAMBDA_PYTHON, (OPT,), BUILD, built=True)
#: What is in the repository, with the packages of this environment: the same calls, but not the same speed.
SOURCE = Code(
    Path(sys.executable),
    (ROOT / "layers" / "nereid", Path(sysconfig.get_path("purelib"))),
    ROOT / "functions",
)


@dataclass
class Told:
    """What an invocation was like.

    Parameters
    ----------
    answer
        What the function returned.
    cpu
        Seconds of the invocations.
    log, lines
        Bytes and lines that it wrote to its log.
    imported
        Seconds of the import before the first event; 0 later.
    modules
        How many modules are loaded after the first event, beside those of a bare Python.
    """

    answer: Any
    cpu: float
    log: int
    lines: int = 0
    imported: float = 0.0
    imported_modules: int = 0
    modules: int = 0
    loaded: list[str] = field(default_factory=list)
    rss: int = 0


class Failed(Exception):
    """Raised when a function ended without an answer."""


class Sandbox:
    """A function that runs until it is closed.

    Parameters
    ----------
    connection
        To its process.
    process
        Its process, if it is one of ours.
    """

    def __init__(self, name: str, connection: socket.socket, process: subprocess.Popen[bytes] | None) -> None:
        self._name = name
        self._connection = connection
        self._lines = connection.makefile("r", encoding="utf-8")
        self._process = process

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End it."""
        self._lines.close()
        self._connection.close()
        if self._process is not None:
            self._process.wait(10)

    def invoke(self, event: Any) -> Told:
        """Hand it an event."""
        return self._ask(event, several=False)

    def invoke_all(self, events: Sequence[Any]) -> Told:
        """Hand it events, one after the other; the CPU is that of all, the answer that to the last."""
        return self._ask(list(events), several=True)

    def _ask(self, event: Any, *, several: bool) -> Told:
        self._connection.sendall(json.dumps([event, several]).encode() + b"\n")
        line = self._lines.readline()
        if not line:
            raise Failed(f"{self._name} ended without an answer")
        return Told(**json.loads(line))


class Sandboxes:
    """Starts sandboxes.

    Parameters
    ----------
    aws
        What the functions call.
    code
        What runs.
    ahead
        By how many seconds the functions' clock is put forward, of those that only count.
    """

    def __init__(self, aws: LocalAws, code: Code = BUILT, ahead: float = 0) -> None:
        self.aws = aws
        self._ahead = ahead
        self.stack = Stack(aws.queue_url)
        self._code = code
        self._folder = tempfile.TemporaryDirectory()
        if aws.bundle is not None:
            self._code = replace(code, paths=(_trusting(aws.bundle, code, Path(self._folder.name)), *code.paths))
        self._parent: tuple[socket.socket, subprocess.Popen[bytes]] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._parent is not None:
            control, process = self._parent
            control.close()
            process.wait(10)
        self._folder.cleanup()

    def cold(self, name: str | None) -> Sandbox:
        """Start a function in a process of its own; None is the floor, one call of SQS with boto3."""
        ours, process = self._process()
        return self._started(name, ours, process)

    def quick(self, name: str) -> Sandbox:
        """Start a function in a child of a process that has loaded what all need: for what is counted, not timed."""
        if self._parent is None:
            self._parent = self._process(*map(str, self._code.paths))
        ours, theirs = socket.socketpair()
        control, _ = self._parent
        descriptors = array.array("i", [theirs.fileno()])
        control.sendmsg([b"x"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, descriptors)])
        theirs.close()
        return self._started(name, ours, None)

    def _process(self, *arguments: str) -> tuple[socket.socket, subprocess.Popen[bytes]]:
        ours, theirs = socket.socketpair()
        # Isolated, without site-packages, and writing no bytecode: a layer is read-only.
        command = [str(self._code.python), "-I", "-S", "-B", str(CHILD), str(theirs.fileno()), *arguments]
        process = subprocess.Popen(
            command, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL, env=self._environment(FLOOR)
        )
        theirs.close()
        return ours, process

    def _started(self, name: str | None, connection: socket.socket, process: subprocess.Popen[bytes] | None) -> Sandbox:
        function = self.stack.functions[name] if name else FLOOR
        job = {
            "name": function.logical_id,
            "code": str(self._code.of(function)) if name else None,
            "paths": [str(path) for path in self._code.paths],
            "environment": {**function.environment, **self._environment(function)},
            "timeout": function.timeout,
            "memory": function.memory,
            "ahead": self._ahead,
        }
        connection.sendall(json.dumps(job).encode() + b"\n")
        return Sandbox(name or "the floor", connection, process)

    def _environment(self, function: Function) -> dict[str, str]:
        """Return what Lambda sets besides."""
        return {
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_SESSION_TOKEN": "t" * 400,
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_EXECUTION_ENV": "AWS_Lambda_python3.13",
            "AWS_LAMBDA_FUNCTION_NAME": function.logical_id,
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory),
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_ENDPOINT_URL": self.aws.url,
            "LANG": "en_US.UTF-8",
            "TZ": ":UTC",
            "PATH": os.defpath,
        }


def _trusting(bundle: str, code: Code, folder: Path) -> Path:
    """Return a folder with the botocore of the code, which trusts these authorities.

    A variable that says where they are would say that this is no ordinary function, which calls AWS with boto3.
    """
    own = folder / "botocore"
    own.mkdir()
    original = next(path / "botocore" for path in code.paths if (path / "botocore").is_dir())
    for each in original.iterdir():
        (own / each.name).symlink_to(bundle if each.name == "cacert.pem" else each)
    return folder
