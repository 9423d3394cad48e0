"""Runs functions as Lambda would: own environment, one invocation per sandbox, timeouts, fresh code after an edit."""

from __future__ import annotations

import array
import contextlib
import os
import shutil
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from local_stack import terminal
from local_stack.compute.zygote import receive, send

if TYPE_CHECKING:
    # Its module brings boto3 along, which would hold up the start of the zygote.
    from local_stack.template.deployment import FunctionSpec

# Lambda gives the import of a handler ten seconds of its own; a laptop may need a little more.
_INIT_SECONDS = 20.0
_MAX_SANDBOXES = 4
_MAX_RESPONSE = 6 * 1024 * 1024
_PID = struct.Struct(">i")
# For how long code is taken to be as it was last seen: looking at a layer costs as much as a small invocation does,
# and nobody edits and calls faster.
_SEEN_SECONDS = 0.2


@dataclass(frozen=True)
class Outcome:
    """The result of an invocation.

    Parameters
    ----------
    result : str or None
        What the handler returned, as JSON.
    error : dict or None
        errorType, errorMessage and stackTrace, when it failed.
    """

    result: str | None = None
    error: Mapping[str, Any] | None = None


def _failed(kind: str, message: str) -> Outcome:
    return Outcome(error={"errorType": kind, "errorMessage": message, "stackTrace": []})


class Zygote:
    """The process that sandboxes are forked from.

    Parameters
    ----------
    root : Path
        The folder that holds the package `local`.
    """

    def __init__(self, root: Path) -> None:
        self._lock = threading.Lock()
        self._control, theirs = socket.socketpair()
        environment = {
            name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG", "LD_LIBRARY_PATH")
        }
        environment["PYTHONPATH"] = str(root)
        self._process = subprocess.Popen(  # noqa: S603 - our own module
            [sys.executable, "-m", "local_stack.compute.zygote", str(theirs.fileno())],
            pass_fds=[theirs.fileno()],
            env=environment,
            stdin=subprocess.DEVNULL,
        )
        theirs.close()

    def fork(self) -> tuple[int, socket.socket, int]:
        """Start a sandbox.

        Returns
        -------
        tuple
            Its process id, the socket to it, and the descriptor that its output is read from.

        Raises
        ------
        RuntimeError
            When the process is gone.
        """
        ours, theirs = socket.socketpair()
        readable, writable = os.pipe()
        try:
            with self._lock:
                descriptors = array.array("i", [theirs.fileno(), writable])
                self._control.sendmsg([b"F"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, descriptors)])
                answer = self._control.recv(_PID.size)
            if len(answer) != _PID.size:
                raise RuntimeError("the process that functions are started from is gone")
        except OSError as error:
            raise RuntimeError("the process that functions are started from is gone") from error
        finally:
            theirs.close()
            os.close(writable)
        return _PID.unpack(answer)[0], ours, readable

    def stop(self) -> None:
        """End the process and its forks."""
        self._control.close()
        try:
            self._process.wait(1)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


class Sandbox:
    """One forked process that serves one function.

    Parameters
    ----------
    zygote : Zygote
        Where it comes from.
    job : dict
        The function's settings for the sandbox.
    logical_id : str
        The function, for its log lines.
    version : int
        The state of the code that it will import.
    verbose : bool
        Print all that it logs.
    """

    def __init__(self, zygote: Zygote, job: Mapping[str, Any], logical_id: str, version: int, *, verbose: bool) -> None:
        self.version = version
        self._logical_id = logical_id
        self._verbose = verbose
        self._started = False
        self._pid, self._socket, output = zygote.fork()
        threading.Thread(target=self._show, args=(output,), daemon=True, name=f"log-{logical_id}").start()
        send(self._socket, job)

    def _show(self, output: int) -> None:
        with os.fdopen(output, encoding="utf-8", errors="replace") as lines:
            for line in lines:
                text = terminal.function_line(self._logical_id, line, verbose=self._verbose)
                if text:
                    terminal.say(text)

    def warm(self) -> Mapping[str, Any] | None:
        """Wait until the handler is imported.

        Returns
        -------
        dict or None
            The error, when it could not be.
        """
        if self._started:
            return None
        try:
            self._socket.settimeout(_INIT_SECONDS)
            answer = receive(self._socket)
        except (EOFError, OSError):
            return {"errorType": "Runtime.ExitError", "errorMessage": "the function ended while it was imported"}
        if "error" in answer:
            error: Mapping[str, Any] = answer["error"]
            return error
        self._started = True
        return None

    def invoke(self, event: Any, timeout: float) -> Outcome:
        """Run the handler once.

        Parameters
        ----------
        event : Any
            What it is given.
        timeout : float
            Seconds after which it is given up.

        Returns
        -------
        Outcome
            Its result or error; after a timeout or an exit the sandbox is of no further use.
        """
        request_id = str(uuid.uuid4())
        deadline = time.time() + timeout
        self._socket.settimeout(timeout)
        try:
            send(self._socket, {"event": event, "request_id": request_id, "deadline": deadline})
            answer = receive(self._socket)
        except TimeoutError:
            self.kill()
            return _failed(
                "Sandbox.Timedout", f"RequestId: {request_id} Error: Task timed out after {timeout:.2f} seconds"
            )
        except (EOFError, OSError):
            self.kill()
            return _failed(
                "Runtime.ExitError", f"RequestId: {request_id} Error: Runtime exited without providing a reason"
            )
        if "error" in answer:
            return Outcome(error=answer["error"])
        if len(answer["result"]) > _MAX_RESPONSE:
            return _failed(
                "Function.ResponseSizeTooLarge", "Response payload size exceeded maximum allowed payload size"
            )
        return Outcome(result=answer["result"])

    @property
    def usable(self) -> bool:
        """Whether it can serve another invocation."""
        return self._socket.fileno() >= 0

    def kill(self) -> None:
        """End it at once."""
        if self._socket.fileno() < 0:
            return
        self._socket.close()
        with contextlib.suppress(ProcessLookupError):
            os.kill(self._pid, signal.SIGKILL)


class Code:
    """The state of the code in folders that functions share."""

    def __init__(self) -> None:
        self._seen: dict[Path, tuple[float, int]] = {}

    def version(self, folders: tuple[Path, ...]) -> int:
        """Sum up the state of folders, as it was a moment ago at the earliest.

        Parameters
        ----------
        folders : tuple of Path
            With everything in them.

        Returns
        -------
        int
            Another one after an edit.
        """
        total = 0
        for folder in folders:
            looked, version = self._seen.get(folder, (float("-inf"), 0))
            if time.monotonic() - looked > _SEEN_SECONDS:
                version = _version(folder)
                self._seen[folder] = time.monotonic(), version
            total ^= version
        return total


class Function:
    """A function with its sandboxes.

    Parameters
    ----------
    spec : FunctionSpec
        What the template says of it.
    zygote : Zygote
        Where sandboxes come from.
    code : Code
        Tells whether it was edited.
    common : mapping of str to str
        Variables that Lambda gives every function.
    pycache : Path
        Where compiled code is kept, so that the working tree stays clean.
    verbose : bool
        Print all that it logs.
    """

    def __init__(
        self, spec: FunctionSpec, zygote: Zygote, code: Code, common: Mapping[str, str], pycache: Path, *, verbose: bool
    ) -> None:
        self.spec = spec
        self._zygote = zygote
        self._code = code
        self._pycache = pycache
        self._verbose = verbose
        self._folders = (spec.code, *spec.layers)
        self._idle: list[Sandbox] = []
        self._all: set[Sandbox] = set()
        self._lock = threading.Lock()
        self._places = threading.BoundedSemaphore(_MAX_SANDBOXES)
        self._version = code.version(self._folders)
        self._closed = False
        self._job = {
            "name": spec.name,
            "arn": spec.arn,
            "memory": spec.memory,
            "handler": spec.handler,
            "code": str(spec.code),
            "paths": _paths(spec),
            "pycache": str(pycache),
            "environment": {
                **common,
                "AWS_LAMBDA_FUNCTION_NAME": spec.name,
                "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(spec.memory),
                "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{spec.name}",
                "AWS_LAMBDA_LOG_STREAM_NAME": "local",
                "LAMBDA_TASK_ROOT": str(spec.code),
                "_HANDLER": spec.handler,
                **spec.environment,
            },
        }

    @property
    def environment(self) -> dict[str, str]:
        """The variables that its sandboxes have."""
        variables: dict[str, str] = dict(self._job["environment"])  # type: ignore[call-overload]
        return variables

    def invoke(self, event: Any) -> Outcome:
        """Run the function once; waits while all its sandboxes are busy.

        Parameters
        ----------
        event : Any
            What the handler is given.

        Returns
        -------
        Outcome
            Its result or error.
        """
        with self._places:
            sandbox = self._take()
            error = sandbox.warm()
            if error:
                self._drop(sandbox)
                outcome = Outcome(error=error)
            else:
                outcome = sandbox.invoke(event, self.spec.timeout)
                self._give_back(sandbox)
        # The error has shown its trace already.
        if outcome.error and not outcome.error.get("stackTrace"):
            terminal.say(
                f"[{self.spec.logical_id}] {outcome.error['errorType']}: {outcome.error['errorMessage']}", "error"
            )
        return outcome

    def prepare(self) -> None:
        """Start a sandbox ahead of the first invocation."""
        with self._places:
            sandbox = self._take()
            if sandbox.warm():
                self._drop(sandbox)
            else:
                self._give_back(sandbox)

    def close(self) -> None:
        """End all sandboxes."""
        with self._lock:
            self._closed = True
            sandboxes = list(self._all)
            self._all.clear()
            self._idle.clear()
        for sandbox in sandboxes:
            sandbox.kill()

    def _take(self) -> Sandbox:
        version = self._code.version(self._folders)
        with self._lock:
            stale: list[Sandbox] = []
            if version != self._version:
                self._version = version
                stale, self._idle = self._idle, []
                self._all.difference_update(stale)
                # Compiled code is told from its source by seconds and size alone, and an edit can keep both.
                for folder in self._folders:
                    shutil.rmtree(self._pycache / str(folder).lstrip("/"), ignore_errors=True)
            sandbox = self._idle.pop() if self._idle else None
        for old in stale:
            old.kill()
        if sandbox is None:
            sandbox = Sandbox(self._zygote, self._job, self.spec.logical_id, version, verbose=self._verbose)
            with self._lock:
                self._all.add(sandbox)
                closed = self._closed
            if closed:  # meanwhile, so that nobody else ends it
                sandbox.kill()
        return sandbox

    def _drop(self, sandbox: Sandbox) -> None:
        with self._lock:
            self._all.discard(sandbox)
        sandbox.kill()

    def _give_back(self, sandbox: Sandbox) -> None:
        with self._lock:
            keep = sandbox.usable and not self._closed and sandbox.version == self._version
            if keep:
                self._idle.append(sandbox)
        if not keep:
            self._drop(sandbox)


class Functions:
    """All functions of the deployment.

    Parameters
    ----------
    specs : mapping of str to FunctionSpec
        By logical id.
    zygote : Zygote
        Where sandboxes come from.
    endpoint, region : str
        The AWS that functions see.
    pycache : Path
        Where compiled code is kept.
    verbose : bool
        Print all that functions log.
    """

    def __init__(
        self,
        specs: Mapping[str, FunctionSpec],
        zygote: Zygote,
        endpoint: str,
        region: str,
        pycache: Path,
        *,
        verbose: bool = False,
    ) -> None:
        common = {
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_SESSION_TOKEN": "test",
            "AWS_REGION": region,
            "AWS_DEFAULT_REGION": region,
            "AWS_ENDPOINT_URL": endpoint,
            # The developer's own AWS settings must not reach a function.
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_EXECUTION_ENV": "AWS_Lambda_python3.13",
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
            "LANG": "en_US.UTF-8",
            "PATH": os.environ.get("PATH", os.defpath),
            "TZ": ":UTC",
        }
        code = Code()
        self._functions = {
            # The access key names the function, whose permissions the AWS endpoint checks.
            name: Function(spec, zygote, code, {**common, "AWS_ACCESS_KEY_ID": name}, pycache, verbose=verbose)
            for name, spec in specs.items()
        }

    def __contains__(self, logical_id: str) -> bool:
        return logical_id in self._functions

    def __getitem__(self, logical_id: str) -> Function:
        return self._functions[logical_id]

    def invoke(self, logical_id: str, event: Any) -> Outcome:
        """Run a function once.

        Parameters
        ----------
        logical_id : str
            The function.
        event : Any
            What its handler is given.

        Returns
        -------
        Outcome
            Its result or error.
        """
        return self._functions[logical_id].invoke(event)

    def environments(self) -> dict[str, dict[str, str]]:
        """List the variables of every function, in the form that `sam local --env-vars` reads.

        Returns
        -------
        dict
            By logical id.
        """
        return {name: function.environment for name, function in self._functions.items()}

    def close(self) -> None:
        """End all sandboxes."""
        for function in self._functions.values():
            function.close()


def _paths(spec: FunctionSpec) -> list[str]:
    # A built layer keeps its packages in python/, a source layer at its top.
    layers = [folder / "python" if (folder / "python").is_dir() else folder for folder in spec.layers]
    return [str(spec.code), *(str(layer) for layer in layers)]


def _version(folder: Path) -> int:
    """Sum up the state of the code in a folder."""
    total = 0
    waiting = [str(folder)]
    while waiting:
        try:
            entries = list(os.scandir(waiting.pop()))
        except OSError:
            continue
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                if entry.name != "__pycache__":
                    waiting.append(entry.path)
            elif not entry.name.endswith(".pyc"):
                try:
                    state = entry.stat()
                except OSError:
                    continue
                total ^= hash((entry.path, state.st_mtime_ns, state.st_size))
    return total
