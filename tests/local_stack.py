"""Runs the local stack as a process of its own, for tests that talk to it over HTTP."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

from tests.support import logs

ROOT = Path(__file__).resolve().parent.parent
_START_SECONDS = 60.0
_WAIT_SECONDS = 10.0
Found = TypeVar("Found")


@dataclass(frozen=True)
class Answer:
    """An HTTP answer."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        """Parse the body."""
        return json.loads(self.body)


@dataclass
class LocalStack:
    """A running local stack.

    Parameters
    ----------
    process : Popen
        The process.
    state_dir : Path
        Where it writes.
    log : Path
        What it printed.
    demo : dict
        The content of local.json.
    texts : set
        What requests said that no log may hold.
    """

    process: subprocess.Popen[bytes]
    state_dir: Path
    log: Path
    demo: dict[str, Any] = field(default_factory=dict)
    texts: set[str] = field(default_factory=set)

    @property
    def base_url(self) -> str:
        """Where the API is served."""
        return str(self.demo["base_url"])

    def request(
        self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None, *, token: str = ""
    ) -> Answer:
        """Make a request.

        Parameters
        ----------
        method, path : str
            What to ask; the path is sent as it is.
        body : Any
            Bytes are sent as they are, anything else as JSON.
        headers : mapping, optional
            Headers.
        token : str
            Sent as a bearer token.

        Returns
        -------
        Answer
            Whatever the status is.
        """
        self.note(body)
        sent = dict(headers or {})
        data = body
        if body is not None and not isinstance(body, bytes):
            data = json.dumps(body).encode()
            sent.setdefault("Content-Type", "application/json")
        if token:
            sent.setdefault("Authorization", f"Bearer {token}")
        asked = urllib.request.Request(self.base_url + path, data, sent, method=method)  # noqa: S310
        try:
            with urllib.request.urlopen(asked, timeout=30) as response:  # noqa: S310 - our own server
                return Answer(response.status, dict(response.headers), response.read())
        except urllib.error.HTTPError as error:
            with error:
                return Answer(error.code, dict(error.headers), error.read())

    def note(self, body: Any) -> None:
        """Keep the texts of a body that is sent, to look for them in the logs.

        Parameters
        ----------
        body : Any
            As for a request.
        """
        self.texts.update(logs.texts_of(body))

    def end(self) -> None:
        """End the stack, and fail if its functions logged what no log may hold."""
        self.stop()
        found = logs.leaks(self.printed(), self.texts)
        assert not found, "the logs hold:\n" + "\n".join(found[:20])

    def outbox(self, to: str | None = None) -> list[dict[str, Any]]:
        """List what was handed to the mail, SMS and push services.

        Parameters
        ----------
        to : str, optional
            Only what went to this address.

        Returns
        -------
        list of dict
            Oldest first.
        """
        query = "" if to is None else f"?to={quote(to, safe='')}"
        messages: list[dict[str, Any]] = self.request("GET", f"/_local/outbox{query}").json()["messages"]
        return messages

    def wait_for(self, look: Callable[[], Found | None], seconds: float = _WAIT_SECONDS) -> Found:
        """Look until there is something.

        Parameters
        ----------
        look : callable
            Gives something true when it is there.
        seconds : float
            For how long.

        Returns
        -------
        Any
            What was found.
        """
        ends = time.monotonic() + seconds
        while True:
            found = look()
            if found:
                return found
            if time.monotonic() > ends:
                raise AssertionError(f"nothing within {seconds} s; the stack says:\n{self.printed()}")
            time.sleep(0.03)

    def printed(self) -> str:
        """Give what the stack printed so far."""
        return self.log.read_text(encoding="utf-8", errors="replace")

    def stop(self, signum: signal.Signals = signal.SIGTERM) -> int:
        """End the stack.

        Parameters
        ----------
        signum : Signals
            How.

        Returns
        -------
        int
            The exit code.
        """
        if self.process.poll() is None:
            self.process.send_signal(signum)
        try:
            return self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise


def launch(state_dir: Path, *arguments: str, **variables: str) -> LocalStack:
    """Start a local stack without waiting for it.

    Parameters
    ----------
    state_dir : Path
        Where it writes.
    *arguments : str
        Of its command line.
    **variables : str
        Environment variables.

    Returns
    -------
    LocalStack
        On any free port, unless PORT says otherwise.
    """
    state_dir.mkdir(parents=True, exist_ok=True)
    log = state_dir / "log.txt"
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "NEREID_", "COV_"))}
    environment = {**kept, "PORT": "0", "NEREID_STATE_DIR": str(state_dir), **variables}
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "local_stack", *arguments], cwd=ROOT, env=environment, stdout=output, stderr=output
        )
    return LocalStack(process, state_dir, log)


def start(state_dir: Path, *arguments: str, **variables: str) -> LocalStack:
    """Start a local stack and wait until its health is good.

    Parameters
    ----------
    state_dir : Path
        Where it writes.
    *arguments : str
        Of its command line.
    **variables : str
        Environment variables.

    Returns
    -------
    LocalStack
        Ready.
    """
    stack = launch(state_dir, *arguments, **variables)
    ends = time.monotonic() + _START_SECONDS
    file = state_dir / "local.json"
    while time.monotonic() < ends and stack.process.poll() is None:
        if file.is_file():
            stack.demo = json.loads(file.read_text(encoding="utf-8"))
            if stack.request("GET", "/health").status == 200:
                return stack
        time.sleep(0.05)
    stack.process.kill()
    stack.process.wait()
    raise AssertionError(f"the local stack did not start:\n{stack.printed()}")
