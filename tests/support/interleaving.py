"""Lets operations run side by side, and decides at each of their calls of AWS which one goes on.

Between its calls an operation touches nothing that others see, so every way in which the operations of two
functions can come between each other is one order of their calls.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from types import SimpleNamespace
from typing import Any

from nereid.aws.table import Table

_running = threading.local()


class _Worker:
    """One operation in a thread that only runs when it is told to."""

    def __init__(self, operation: Callable[[], Any]) -> None:
        self._operation = operation
        self._go = threading.Semaphore(0)
        self._back = threading.Semaphore(0)
        self.done = False
        self.outcome: Any = None
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        _running.worker = self
        self._go.acquire()
        try:
            self.outcome = self._operation()
        except Exception as error:  # noqa: BLE001 - the test looks at it
            self.outcome = error
        self.done = True
        self._back.release()

    def step(self) -> None:
        """Go on until just before the next call, or to the end."""
        self._go.release()
        assert self._back.acquire(timeout=30)

    def pause(self) -> None:
        """Wait for the next step."""
        self._back.release()
        assert self._go.acquire(timeout=30)


class Stepping:
    """A client whose calls wait for their turn in operations that `interleave` runs.

    Parameters
    ----------
    client
        The client that does the calls.
    """

    def __init__(self, client: Any) -> None:
        self._client = client

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._client, name)

        def call(**options: Any) -> Any:
            worker: _Worker | None = getattr(_running, "worker", None)
            if worker is not None:
                worker.pause()
            return method(**options)

        return call


def empty_table(client: Any, name: str) -> Table:
    """Return a table whose calls `interleave` orders, with nothing in it: moto copies all of it for a transaction."""
    for item in client.scan(TableName=name, ProjectionExpression="pk, sk")["Items"]:
        client.delete_item(TableName=name, Key=item)
    clients: Any = SimpleNamespace(dynamodb=Stepping(client))
    return Table(clients, name)


def interleave(operations: Sequence[Callable[[], Any]], order: Iterable[int]) -> list[Any]:
    """Run operations side by side; return what each returned or raised.

    Parameters
    ----------
    order
        Which of the operations that are not done yet goes on next, as positions modulo their number; when it is
        used up, the first one goes on.
    """
    workers = [_Worker(operation) for operation in operations]
    turns = iter(order)
    while waiting := [worker for worker in workers if not worker.done]:
        waiting[next(turns, 0) % len(waiting)].step()
    return [worker.outcome for worker in workers]
