"""The items of one record of the message queue, one after the other, so that each is its own success or failure."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from nereid.core.time_limit import seconds_spent, time_budget
from nereid.errors import TryAgain, Unavailable
from nereid.logs import unexpected

#: How many seconds the templates of one item may take, and those of a record before the rest of it is put back. Records
#: of other teams wait behind it, so one record may take both together of a function's time.
ITEM_SECONDS, RECORD_SECONDS = 3.0, 2.0

Item = TypeVar("Item")


def one_by_one(
    items: Sequence[Item],
    handle: Callable[[Item], None],
    put_back: Callable[[Sequence[Item]], None],
    *,
    stop_when_unavailable: bool = False,
    seconds: float | None = None,
) -> None:
    """Handle items, each whether or not another fails; raise the first failure in the end, and log the others.

    Parameters
    ----------
    put_back
        Queues the items that are left when the templates of those before them have used up the record's time. What is
        left begins anew with all of it, so slow templates delay their own record alone, however many there are.
    stop_when_unavailable
        Whether to leave the items behind one that found a store or queue unavailable, which would fail as well.
    seconds
        The record's time; None for `RECORD_SECONDS`.
    """
    began, most = seconds_spent(), RECORD_SECONDS if seconds is None else seconds
    failures: list[Exception] = []
    for position, item in enumerate(items):
        if position and seconds_spent() - began >= most:
            put_back(items[position:])
            break
        try:
            with time_budget(ITEM_SECONDS):
                handle(item)
        except Exception as error:  # noqa: BLE001 - raised or logged below
            failures.append(error)
            if stop_when_unavailable and isinstance(error, Unavailable):
                break
    for failure in failures[1:]:
        if not isinstance(failure, TryAgain | Unavailable):
            unexpected(failure, "item of a record failed")
    if failures:
        raise failures[0]
