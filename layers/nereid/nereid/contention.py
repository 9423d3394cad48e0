"""Writes that other calls get in the way of: tried again after pauses, for less time than a function has."""

import random
import time
from collections.abc import Callable
from typing import TypeVar

from nereid.errors import Conflict, Unavailable

#: Most attempts at one write.
TRIES = 10
#: No further attempt is begun after so many seconds. Two such waits inside each other, with the calls of the last
#: attempt, end before an endpoint's 10 s do: the caller is told to try again, where a killed function tells nothing.
PATIENCE = 3.0
#: Longest pause before another attempt, in seconds.
_LONGEST_PAUSE = 0.2

Result = TypeVar("Result")


def until_uncontested(
    what: str,
    attempt: Callable[[], Result],
    *,
    again: tuple[type[Exception], ...] = (Conflict,),
    patience: float = PATIENCE,
) -> Result:
    """Call something that reads and writes until nothing comes in between; return what it returns.

    Parameters
    ----------
    what
        The name of the written item, for the error.
    attempt
        Does all of it anew at each call.
    again
        The exception of an attempt when another call came in between.
    patience
        After how many seconds no further attempt is begun.

    Raises
    ------
    Unavailable
        If other calls came in between of every attempt.
    """
    end = time.monotonic() + patience
    tries = 0
    while True:
        try:
            return attempt()
        except again as error:
            tries += 1
            # Of random length, so that writers that met do not meet again.
            pause = random.uniform(0, min(0.005 * 2**tries, _LONGEST_PAUSE))  # noqa: S311 - no secret
            if tries == TRIES or time.monotonic() + pause > end:
                raise Unavailable(f"{what} is written by many at once") from error
        time.sleep(pause)
