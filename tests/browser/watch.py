"""What pages do beside what a test asks of them: errors, and requests to anybody else."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from urllib.parse import urlsplit

from playwright.sync_api import BrowserContext, ConsoleMessage, Page, Request, WebError


class Watch:
    """Hears all pages of a context, their frames included.

    Parameters
    ----------
    context : BrowserContext
        Whose pages.
    origins : collection of str
        Whom they may ask.
    note : callable
        Is given the body of each request that has one.
    """

    def __init__(self, context: BrowserContext, origins: Collection[str], note: Callable[[bytes], None]) -> None:
        self._context = context
        self._origins = frozenset(origins)
        self._note = note
        self._expected: list[str] = []
        self._allowed: list[str] = []
        #: What went wrong so far, a line each.
        self.faults: list[str] = []
        # Requests are looked at and not intercepted: the driver would answer preflights by itself if they were.
        context.on("console", self._said)
        context.on("weberror", self._failed)
        context.on("request", self._asked)
        context.on("page", lambda page: page.on("websocket", lambda socket: self._check_origin("GET", socket.url)))

    def new_page(self) -> Page:
        """Open a page, or another."""
        return self._context.new_page()

    def expect(self, pattern: str) -> None:
        """Say that something goes wrong in this test, at least once.

        Parameters
        ----------
        pattern : str
            A regular expression that the fault's line contains. An answer of 400 and above has the line
            `console: Failed to load resource: the server responded with a status of 403 (Forbidden) <URL>`.
        """
        self._expected.append(pattern)

    def allow(self, pattern: str) -> None:
        """Say that something may go wrong in this test, and need not; for the pattern see :meth:`expect`."""
        self._allowed.append(pattern)

    def end(self) -> None:
        """Close the pages, and fail for a fault that was not expected, or one that was and did not happen."""
        for page in self._context.pages:
            # What happened before this answer has been told before it.
            page.evaluate("null")
        self._context.close()
        known = [*self._expected, *self._allowed]
        surprises = [each for each in self.faults if not any(re.search(pattern, each) for pattern in known)]
        assert not surprises, "the pages went wrong:\n" + "\n".join(surprises)
        missing = [pattern for pattern in self._expected if not any(re.search(pattern, each) for each in self.faults)]
        assert not missing, "nothing of the kind went wrong:\n" + "\n".join(missing)

    def _said(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.faults.append(f"console: {message.text} <{message.location['url']}>")

    def _failed(self, error: WebError) -> None:
        self.faults.append(f"page: {error.error}")

    def _asked(self, request: Request) -> None:
        self._check_origin(request.method, request.url)
        if request.post_data_buffer:
            self._note(request.post_data_buffer)

    def _check_origin(self, method: str, url: str) -> None:
        where = urlsplit(url)
        origin = f"{where.scheme.replace('ws', 'http')}://{where.netloc}"
        # What a page makes itself goes nowhere.
        if origin not in self._origins and where.scheme not in ("about", "blob", "data"):
            self.faults.append(f"request: {method} {url}")
