"""The product as a caller sees it, and the local stack as a process of its own that serves it over HTTP."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote, urlsplit

from local_stack.aws import used_actions
from local_stack.aws.resources import Cloud
from tests.support import described_answers, logs

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


class Stack(ABC):
    """The product, wherever its functions run."""

    def __init__(self) -> None:
        #: What a developer finds in local.json: the demo's credentials.
        self.demo: dict[str, Any] = {}
        #: What requests said that no log may hold.
        self.texts: set[str] = set()

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
        sent = {name.title(): value for name, value in (headers or {}).items()}
        data = body
        if body is not None and not isinstance(body, bytes):
            data = json.dumps(body).encode()
            sent.setdefault("Content-Type", "application/json")
        if body is not None:
            # Most clients take bytes that have no type for a form.
            sent.setdefault("Content-Type", "application/x-www-form-urlencoded")
        if token:
            sent.setdefault("Authorization", f"Bearer {token}")
        return self.send(method, path, data, sent)

    def send(
        self, method: str, path: str, data: bytes | None, headers: Mapping[str, str], source: str = "127.0.0.1"
    ) -> Answer:
        """Send a request as it is, and fail unless the answer is as docs/openapi.json says.

        Parameters
        ----------
        method, path : str
            What to ask.
        data : bytes, optional
            The body.
        headers : mapping
            All headers but those that HTTP itself needs.
        source : str
            The address of this machine that it comes from.

        Returns
        -------
        Answer
            Whatever the status is.
        """
        answer = self.exchange(method, path, data, headers, source)
        described_answers.check(method, path, answer.status, answer.headers, answer.body)
        return answer

    @abstractmethod
    def exchange(
        self, method: str, path: str, data: bytes | None, headers: Mapping[str, str], source: str = "127.0.0.1"
    ) -> Answer:
        """Send a request as it is, and return the answer, whatever it is.

        Parameters
        ----------
        method, path, data, headers, source
            As for `send`.

        Returns
        -------
        Answer
            As it came.
        """

    @abstractmethod
    def environment(self, function: str) -> dict[str, str]:
        """Return the environment variables of a function.

        Parameters
        ----------
        function : str
            Its logical id.
        """

    @abstractmethod
    def client(self, service: str) -> Any:
        """Return a client of the stack's AWS with the rights of its operator.

        Parameters
        ----------
        service : str
            As boto3 names it.
        """

    @abstractmethod
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

    @abstractmethod
    def printed(self) -> str:
        """Give what the stack printed so far."""

    def note(self, body: Any) -> None:
        """Keep the texts of a body that is sent, to look for them in the logs.

        Parameters
        ----------
        body : Any
            As for a request.
        """
        self.texts.update(logs.texts_of(body))

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

    def check_logs(self) -> None:
        """Fail if the functions logged what no log may hold."""
        found = logs.leaks(self.printed(), self.texts)
        assert not found, "the logs hold:\n" + "\n".join(found[:20])


class LocalStack(Stack):
    """A running local stack.

    Parameters
    ----------
    process : Popen
        The process.
    state_dir : Path
        Where it writes.
    log : Path
        What it printed.
    """

    def __init__(self, process: subprocess.Popen[bytes], state_dir: Path, log: Path) -> None:
        super().__init__()
        self.process = process
        self.state_dir = state_dir
        self.log = log

    def exchange(
        self, method: str, path: str, data: bytes | None, headers: Mapping[str, str], source: str = "127.0.0.1"
    ) -> Answer:
        where = urlsplit(self.base_url)
        connection = http.client.HTTPConnection(
            where.hostname or "", where.port, timeout=60, source_address=(source, 0)
        )
        try:
            connection.request(method, path, data, dict(headers))
            response = connection.getresponse()
            return Answer(response.status, dict(response.headers), response.read())
        finally:
            connection.close()

    def environment(self, function: str) -> dict[str, str]:
        listed = json.loads((self.state_dir / "functions.json").read_text(encoding="utf-8"))
        found: dict[str, str] = listed[function]
        return found

    def client(self, service: str) -> Any:
        given = self.environment("ManageCreateTeam")
        return Cloud(given["AWS_ENDPOINT_URL"], given["AWS_REGION"], "operator").client(service)

    def wait_for(self, look: Callable[[], Found | None], seconds: float = _WAIT_SECONDS) -> Found:
        ends = time.monotonic() + seconds
        while True:
            found = look()
            if found:
                return found
            if time.monotonic() > ends:
                raise AssertionError(f"nothing within {seconds} s; the stack says:\n{self.printed()}")
            time.sleep(0.03)

    def printed(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")

    def end(self) -> None:
        """End the stack, and fail if its functions logged what no log may hold."""
        self.stop()
        self.check_logs()

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
    if used_actions.VARIABLE in os.environ:
        kept[used_actions.VARIABLE] = os.environ[used_actions.VARIABLE]
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
