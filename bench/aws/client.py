"""Starts the endpoint in a process of its own, and asks it things."""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
from collections.abc import Iterable, Mapping
from typing import Any, Self

from bench.aws.server import CONTROL
from bench.aws.tally import Tally
from bench.places import ROOT
from bench.stack import ACCOUNT


class LocalAws:
    """The AWS of this machine, from the side of the bench."""

    def __init__(self) -> None:
        command = [sys.executable, "-m", "bench.aws"]
        environment = {"PYTHONPATH": f"{ROOT}:{ROOT / 'layers' / 'nereid'}", "PATH": "/usr/bin:/bin"}
        self._process = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self._process.stdout is not None
        port = self._process.stdout.readline().strip()
        if not port:
            raise RuntimeError("the AWS of this machine did not start")
        self.url = f"http://127.0.0.1:{port}"
        self.queue_url = f"{self.url}/{ACCOUNT}"
        self._connection = http.client.HTTPConnection("127.0.0.1", int(port), timeout=300)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(10)

    def ask(self, what: str, **given: Any) -> Any:
        """Give the endpoint a command; see `bench.aws.server`."""
        self._connection.request("POST", CONTROL, json.dumps({"do": what, **given}))
        answer = self._connection.getresponse()
        body = answer.read()
        if answer.status != 200:
            raise RuntimeError(body.decode())
        return json.loads(body)

    def tally(self) -> Tally:
        """Return what was asked of it since the last time."""
        return Tally.of(self.ask("tally"))

    def take(self, queue: str) -> list[str]:
        """Take the bodies of all that waits in a queue."""
        bodies: list[str] = self.ask("take", queue=queue)
        return bodies

    def mails(self) -> list[str]:
        """Take the requests of all mails that SES was handed."""
        requests: list[str] = self.ask("mails")
        return requests

    def keep(self) -> None:
        """Remember what is stored."""
        self.ask("keep")

    def restore(self) -> None:
        """Go back to what was stored at :meth:`keep`; queues are empty."""
        self.ask("restore")

    def put(self, table: str, items: Iterable[Mapping[str, Any]]) -> None:
        """Store items."""
        self.ask("put", table=table, items=list(items))
