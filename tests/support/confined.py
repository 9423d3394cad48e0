"""Runs what may never end, or eat all memory, in a child process that is stopped in time."""

from __future__ import annotations

import ctypes
import gc
import os
import pickle
import resource
import select
import signal
import time
from collections.abc import Callable
from typing import Any, NamedTuple


class Ran(NamedTuple):
    """What became of a run.

    Parameters
    ----------
    result : Any
        What it returned, or the text of what it raised.
    seconds : float
        How long it took.
    grown : int
        How many bytes of memory it took at most, beyond what the process had.
    """

    result: Any
    seconds: float
    grown: int


def run(function: Callable[[], Any], seconds: float, memory: int) -> Ran:
    """Run a function in a child; fail if it does not end in time, or is killed.

    Parameters
    ----------
    seconds : float
        After which it is killed.
    memory : int
        Bytes that it may have beyond what the process has.
    """
    _give_back()
    readable, writable = os.pipe()
    began = time.monotonic()
    child = os.fork()
    if child == 0:
        os.close(readable)
        _in_child(function, memory, writable)
    os.close(writable)
    try:
        ready, _, _ = select.select([readable], [], [], seconds)
        if not ready:
            os.kill(child, signal.SIGKILL)
        took = time.monotonic() - began
        with os.fdopen(readable, "rb") as answers:
            data = answers.read()
    finally:
        os.waitpid(child, 0)
    assert ready, f"not over after {took:.1f} s"
    assert data, "killed"
    result, grown = pickle.loads(data)  # noqa: S301 - our own child wrote it
    return Ran(result, took, grown)


def _give_back() -> None:
    """Give freed memory back to the system: what a child took of it would not count as grown."""
    gc.collect()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)


def mapped() -> int:
    """Return how many bytes of address space the process has, which is what a limit of RLIMIT_AS counts."""
    with open("/proc/self/statm", encoding="ascii") as sizes:  # noqa: PTH123 - as little as may be in a child
        return int(sizes.read().split()[0]) * resource.getpagesize()


def _in_child(function: Callable[[], Any], memory: int, writable: int) -> None:
    try:
        limit = mapped() + memory
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        try:
            result = function()
        except BaseException as error:  # noqa: BLE001 - whatever it is, the parent is told
            result = f"{type(error).__name__}: {error}"
        grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024
        os.write(writable, pickle.dumps((result, grown))[:65536])
    finally:
        os._exit(0)
