"""The process that functions are forked from, and the loop that each of them runs in.

A fork of a process that has imported the heavy packages already starts in milliseconds, where a fresh
interpreter needs most of a second. Each fork becomes a sandbox, as Lambda calls it: one function, its own
environment, one invocation at a time, warm between them.
"""

from __future__ import annotations

import array
import contextlib
import gc
import importlib
import json
import logging
import os
import signal
import socket
import struct
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

_LENGTH = struct.Struct(">I")
_PID = struct.Struct(">i")

# Imported once, before any fork. Those that are not installed are skipped, and none is needed here.
_HEAVY = (
    "boto3",
    "botocore.args",
    "botocore.client",
    "botocore.auth",
    "botocore.retries.standard",
    "botocore.httpsession",
    "botocore.parsers",
    "botocore.serialize",
    "botocore.validate",
    "boto3.dynamodb.types",
    "pydantic",
    "pydantic.main",
    "pydantic.type_adapter",
    "aws_lambda_powertools",
    "aws_lambda_powertools.event_handler",
    "aws_lambda_powertools.logging",
    "aws_lambda_powertools.metrics",
    "aws_lambda_powertools.utilities.parameters",
    "aws_lambda_powertools.utilities.typing",
    "liquid",
    "jwt",
    "jwt.algorithms",
    "argon2",
    "email.message",
    "email.policy",
    "zoneinfo",
)


def send(connection: socket.socket, message: Any) -> None:
    """Send one message.

    Parameters
    ----------
    connection : socket
        To the other process.
    message : Any
        Anything that JSON holds.
    """
    data = json.dumps(message).encode()
    connection.sendall(_LENGTH.pack(len(data)) + data)


def receive(connection: socket.socket) -> Any:
    """Receive one message.

    Parameters
    ----------
    connection : socket
        From the other process; its timeout counts for each piece.

    Returns
    -------
    Any
        What was sent.

    Raises
    ------
    EOFError
        When the other side is gone.
    """
    (length,) = _LENGTH.unpack(_exactly(connection, _LENGTH.size))
    return json.loads(_exactly(connection, length))


def _exactly(connection: socket.socket, length: int) -> bytes:
    pieces = bytearray()
    while len(pieces) < length:
        piece = connection.recv(min(length - len(pieces), 1 << 20))
        if not piece:
            raise EOFError
        pieces += piece
    return bytes(pieces)


@dataclass
class Context:
    """Lambda's context of an invocation."""

    function_name: str
    memory_limit_in_mb: str
    invoked_function_arn: str
    aws_request_id: str
    deadline: float
    function_version: str = "$LATEST"
    identity: Any = None
    client_context: Any = None

    @property
    def log_group_name(self) -> str:
        """Name of the log group."""
        return f"/aws/lambda/{self.function_name}"

    @property
    def log_stream_name(self) -> str:
        """Name of the log stream."""
        return f"local/[{self.function_version}]{os.getpid()}"

    def get_remaining_time_in_millis(self) -> int:
        """Tell how long the invocation may still take.

        Returns
        -------
        int
            Milliseconds, never below zero.
        """
        return max(0, int((self.deadline - time.time()) * 1000))


def _failure(kind: str, message: str, trace: list[str] | None = None) -> dict[str, Any]:
    return {"error": {"errorType": kind, "errorMessage": message, "stackTrace": trace or []}}


def _caught(error: BaseException) -> dict[str, Any]:
    # The frames of this file and of Python's import say nothing about the function.
    ours = (__file__, str(importlib.__file__), "<frozen importlib")
    told = traceback.TracebackException.from_exception(error)
    link: traceback.TracebackException | None = told
    while link:
        kept = [frame for frame in link.stack if not frame.filename.startswith(ours)]
        link.stack = traceback.StackSummary.from_list(kept)
        link = link.__cause__ or link.__context__
    print("".join(told.format()).rstrip(), file=sys.stderr, flush=True)
    return _failure(type(error).__name__, str(error), told.stack.format())


def _set_up(job: dict[str, Any]) -> None:
    os.environ.clear()
    os.environ.update(job["environment"])
    time.tzset()
    sys.path[:0] = job["paths"]
    sys.pycache_prefix = job["pycache"]
    os.chdir(job["code"])
    importlib.invalidate_caches()
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(logging.Formatter("[%(levelname)s] %(name)s: %(message)s"))
    logging.getLogger().addHandler(handler)


def _load(job: dict[str, Any]) -> Callable[[Any, Context], Any]:
    module, _, name = job["handler"].rpartition(".")
    handler: Callable[[Any, Context], Any] = getattr(importlib.import_module(module.replace("/", ".")), name)
    return handler


def _invoke(handler: Callable[[Any, Context], Any], job: dict[str, Any], request: dict[str, Any]) -> dict[str, Any]:
    context = Context(
        function_name=job["name"],
        memory_limit_in_mb=str(job["memory"]),
        invoked_function_arn=job["arn"],
        aws_request_id=request["request_id"],
        deadline=request["deadline"],
    )
    try:
        result = handler(request["event"], context)
    except SystemExit as error:
        return _failure("Runtime.ExitError", f"the handler called exit({error.code})")
    except BaseException as error:  # noqa: BLE001 - any exception of a handler is the function's error
        return _caught(error)
    try:
        return {"result": json.dumps(result)}
    except (TypeError, ValueError) as error:
        return _failure("Runtime.MarshalError", f"Unable to marshal response: {error}")


def run_worker(connection: socket.socket) -> None:
    """Be the sandbox of one function until the other side hangs up.

    Parameters
    ----------
    connection : socket
        First the function is told through it, then each invocation.
    """
    job = receive(connection)
    try:
        _set_up(job)
        handler = _load(job)
    except BaseException as error:  # noqa: BLE001 - an import may raise anything
        answer = _caught(error)
        if isinstance(error, ImportError):
            answer["error"]["errorType"] = "Runtime.ImportModuleError"
        elif isinstance(error, AttributeError) and not answer["error"]["stackTrace"]:
            answer["error"]["errorType"] = "Runtime.HandlerNotFound"
        send(connection, answer)
        return
    send(connection, {"ready": True})
    while True:
        request = receive(connection)
        answer = _invoke(handler, job, request)
        sys.stdout.flush()
        sys.stderr.flush()
        send(connection, answer)


def _become_worker(connection: socket.socket, output: int) -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.close(null)
    os.close(output)
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    with contextlib.suppress(EOFError, ConnectionError):
        run_worker(connection)


def _receive_descriptors(control: socket.socket) -> list[int]:
    descriptors = array.array("i")
    data, ancillary, _, _ = control.recvmsg(1, socket.CMSG_SPACE(2 * descriptors.itemsize))
    if not data:
        return []
    for level, kind, content in ancillary:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            descriptors.frombytes(content[: len(content) - len(content) % descriptors.itemsize])
    return list(descriptors)


def main(descriptor: int) -> None:
    """Fork workers on demand until the local stack is gone.

    Parameters
    ----------
    descriptor : int
        Socket on which each request brings a worker's socket and its output.
    """
    # Ctrl-C reaches the whole group; the local stack decides when its children end.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    control = socket.socket(fileno=descriptor)
    for name in _HEAVY:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    gc.collect()
    gc.freeze()
    children: set[int] = set()
    while True:
        descriptors = _receive_descriptors(control)
        if len(descriptors) < 2:
            break
        _reap(children)
        pid = os.fork()
        if pid == 0:
            control.close()
            try:
                _become_worker(socket.socket(fileno=descriptors[0]), descriptors[1])
            finally:
                os._exit(0)
        children.add(pid)
        for inherited in descriptors:
            os.close(inherited)
        control.sendall(_PID.pack(pid))
    for pid in children:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def _reap(children: set[int]) -> None:
    while True:
        try:
            pid, _ = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            return
        children.discard(pid)


if __name__ == "__main__":
    main(int(sys.argv[1]))
