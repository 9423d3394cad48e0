"""Calls that wait for AWS at the same time, for functions that make very many of them."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import TypeVar

#: How many calls wait at once, each on a connection of its own. A client of boto3 keeps ten.
WORKERS = 8

Result = TypeVar("Result")


def all_at_once(calls: Sequence[Callable[[], Result]]) -> list[Result]:
    """Make calls, up to `WORKERS` of them at a time; return what they return, in order.

    The exception of the first that failed is raised when those before it have ended. All may be made even so, so they
    must be reads, or safe to repeat.
    """
    if len(calls) < 2 or WORKERS < 2:
        return [call() for call in calls]
    return list(_pool().map(lambda call: call(), calls))


@cache
def _pool() -> ThreadPoolExecutor:
    """Return the sandbox's threads, which are made as they are needed."""
    return ThreadPoolExecutor(WORKERS)
