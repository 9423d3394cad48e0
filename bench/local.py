"""The three numbers that GOV.UK Notify publishes - response time, throughput, round trip - of the local stack."""

from __future__ import annotations

import http.client
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from bench.places import ROOT
from bench.progress import Progress
from bench.world import NOTIFICATIONS

_START_SECONDS = 120
_ACCEPTS, _ROUND_TRIPS = 200, 25
_CONNECTIONS, _SECONDS = (1, 4, 8), 4.0


class Api:
    """The local stack as an app sees it, over one connection.

    Parameters
    ----------
    demo
        Its credentials, from local.json.
    """

    def __init__(self, demo: dict[str, Any]) -> None:
        self._token = demo["api_token"]
        self._connection = http.client.HTTPConnection(urlsplit(demo["base_url"]).netloc, timeout=60)

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """Make a request; return the parsed answer."""
        headers = {"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"}
        self._connection.request(method, path, json.dumps(body) if body is not None else None, headers)
        answer = self._connection.getresponse()
        text = answer.read()
        if answer.status >= 300:
            raise RuntimeError(f"{method} {path} answered {answer.status}: {text[:200].decode()}")
        return json.loads(text or b"null")

    def accept(self, address: str) -> None:
        """Post an event with one mail."""
        event = {
            "event_type": "mail",
            "data": {"otp": 482913},
            "message_id": str(uuid.uuid4()),
            "contact_infos": [{"type": "email", "value": address}],
        }
        self.call("POST", "/neptune/dev/events", event)


@contextmanager
def running() -> Iterator[dict[str, Any]]:
    """Run a local stack of its own; yield its credentials."""
    with tempfile.TemporaryDirectory() as state:
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("AWS_")},
            "PORT": "0",
            "NEREID_STATE_DIR": state,
        }
        command = [sys.executable, "-m", "local_stack"]
        process = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            yield _ready(process, Path(state) / "local.json")
        finally:
            process.terminate()
            process.wait(30)


def _ready(process: subprocess.Popen[bytes], told: Path) -> dict[str, Any]:
    until = time.monotonic() + _START_SECONDS
    while time.monotonic() < until and process.poll() is None:
        if told.exists():
            demo: dict[str, Any] = json.loads(told.read_text(encoding="utf-8"))
            return demo
        time.sleep(0.2)
    raise RuntimeError("the local stack did not start")


def measure() -> dict[str, Any]:
    """Measure a local stack."""
    progress = Progress("local stack")
    with running() as demo:
        api = Api(demo)
        api.call("PUT", "/manage/dev/event_types/mail", {"notifications": [NOTIFICATIONS["mail"]]})
        for number in range(20):
            api.accept(f"warm{number}@example.com")
        response = [_timed(api, f"accept{number}@example.com") for number in range(_ACCEPTS)]
        _wait_for(api, f"accept{_ACCEPTS - 1}@example.com")
        trips = []
        for number in range(_ROUND_TRIPS):
            began = time.perf_counter()
            api.accept(f"trip{number}@example.com")
            _wait_for(api, f"trip{number}@example.com")
            trips.append(time.perf_counter() - began)
        rates = {str(count): round(_rate(demo, count), 1) for count in _CONNECTIONS}
    progress.end()
    return {"accept_ms": _shown(response), "round_trip_ms": _shown(trips), "requests_per_second": rates}


def _timed(api: Api, address: str) -> float:
    began = time.perf_counter()
    api.accept(address)
    return time.perf_counter() - began


def _wait_for(api: Api, address: str) -> None:
    until = time.monotonic() + 60
    while not api.call("GET", f"/_local/outbox?to={address}")["messages"]:
        if time.monotonic() > until:
            raise RuntimeError(f"no mail to {address}")
        time.sleep(0.002)


def _rate(demo: dict[str, Any], connections: int) -> float:
    """Return how many events a second are accepted over so many connections."""
    done = [0] * connections
    until = time.monotonic() + _SECONDS

    def post(number: int) -> None:
        api = Api(demo)
        while time.monotonic() < until:
            api.accept(f"load{number}@example.com")
            done[number] += 1

    threads = [threading.Thread(target=post, args=(number,)) for number in range(connections)]
    began = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(done) / (time.monotonic() - began)


def _shown(seconds: Sequence[float]) -> dict[str, float]:
    hundredths = statistics.quantiles(seconds, n=100, method="inclusive")
    return {"p50": round(hundredths[49] * 1000, 1), "p95": round(hundredths[94] * 1000, 1), "n": len(seconds)}
