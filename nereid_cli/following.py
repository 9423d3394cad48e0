"""Following a list that is newest first, to whose middle things come late, without missing or repeating any."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

_LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
#: Gives the list from its beginning, page by page.
Pages = Callable[[], Iterator[list[dict[str, Any]]]]


class Follower:
    """Finds what is new in a list of messages.

    A message has the time at which it was received, and is listed once it has passed its queue: usually a moment later,
    but after others that came later when the queue is long. So each look goes on until a page has nothing new, and
    every now and then back to the beginning of the window.

    Parameters
    ----------
    pages : callable
        Gives the list, newest first.
    window : timedelta
        For how long a message may be late. Those that are later still are missed.
    thorough_every : int
        Each time after this many looks, the whole window is looked through.
    """

    def __init__(self, pages: Pages, window: timedelta, thorough_every: int) -> None:
        self._pages = pages
        self._window = window
        self._thorough_every = thorough_every
        self._looks = 0
        self._newest: datetime | None = None
        self._seen: dict[tuple[str, str], datetime] = {}

    def begin(self, count: int) -> list[dict[str, Any]]:
        """Take note of what is there.

        Parameters
        ----------
        count : int
            How many of the newest to return.

        Returns
        -------
        list of dict
            Messages, oldest first.
        """
        found = self._look(thorough=True, at_least=count)
        return found[-count:] if count else []

    def look(self) -> list[dict[str, Any]]:
        """Return what is new since the last look, oldest first."""
        self._looks += 1
        found = self._look(thorough=self._looks % self._thorough_every == 0)
        self._forget()
        return found

    def _look(self, *, thorough: bool, at_least: int = 0) -> list[dict[str, Any]]:
        found: dict[tuple[str, str], dict[str, Any]] = {}
        newest = self._newest
        for page in self._pages():
            new = {_key(each): each for each in page if _key(each) not in self._seen and _key(each) not in found}
            newest = max([received(each) for each in page] + ([newest] if newest else []), default=None)
            horizon = (self._newest or newest or _LONG_AGO) - self._window
            for key, message in new.items():
                if received(message) >= horizon or len(found) < at_least:
                    found[key] = message
            at_the_end = bool(page) and received(page[-1]) < horizon and len(found) >= at_least
            if at_the_end or not (new or thorough):
                break
        # Only now: whoever looks again after a page could not be read is told of what was on those before it.
        self._newest = newest
        self._seen |= {key: received(message) for key, message in found.items()}
        return list(found.values())[::-1]

    def _horizon(self) -> datetime | None:
        return self._newest - self._window if self._newest else None

    def _forget(self) -> None:
        """Forget what no look goes back to, so that following for days takes no more memory than the window has."""
        horizon = self._horizon()
        if horizon:
            self._seen = {key: at for key, at in self._seen.items() if at >= horizon}


def received(message: dict[str, Any]) -> datetime:
    """Return when a message was received."""
    return datetime.fromisoformat(message["received_at"])


def _key(message: dict[str, Any]) -> tuple[str, str]:
    # A server's message and a public key's may have the same id.
    return message["message_id"], f"{message['source']} {message['received_at']}"
