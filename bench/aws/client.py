"""Starts the endpoint in a process of its own, and asks it things."""

from __future__ import annotations

import http.client
import json
import ssl
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Self

from bench.aws.certificate import BUNDLE
from bench.aws.server import CONTROL
from bench.aws.tally import Tally
from bench.places import ROOT
from bench.stack import ACCOUNT


class LocalAws:
    """The AWS of this machine, from the side of the bench.

    Parameters
    ----------
    tls
        Whether it speaks TLS, as AWS does: what that costs is the client's and the network's business, so most of
        what is measured is measured without.
    """

    def __init__(self, *, tls: bool = False) -> None:
        self._folder = tempfile.TemporaryDirectory() if tls else None
        #: The authorities that its clients are to trust.
        self.bundle = str(Path(self._folder.name) / BUNDLE) if self._folder else None
        command = [sys.executable, "-m", "bench.aws", *([self._folder.name] if self._folder else ())]
        environment = {"PYTHONPATH": f"{ROOT}:{ROOT / 'layers' / 'nereid'}", "PATH": "/usr/bin:/bin"}
        self._process = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self._process.stdout is not None
        port = self._process.stdout.readline().strip()
        if not port:
            raise RuntimeError("the AWS of this machine did not start")
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{port}"
        self.queue_url = f"{self.url}/{ACCOUNT}"
        self._connection = (
            http.client.HTTPSConnection(
                "127.0.0.1", int(port), timeout=300, context=ssl.create_default_context(cafile=self.bundle)
            )
            if self.bundle
            else http.client.HTTPConnection("127.0.0.1", int(port), timeout=300)
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()
        # It has nothing to lose.
        self._process.kill()
        self._process.communicate()
        if self._folder is not None:
            self._folder.cleanup()

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
