"""A web site of somebody who uses Nereid: the folder `pages`, or another, at an origin that is not the product's."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

PAGES = Path(__file__).resolve().parent / "pages"


class _Pages(SimpleHTTPRequestHandler):
    """Serves the folder, and keeps quiet."""

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - it is the base class's name
        """Say nothing: what a page did not find is an error of the browser's, which the test hears of."""


@contextmanager
def running(folder: Path = PAGES) -> Iterator[str]:
    """Serve a folder's pages meanwhile; give their origin."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Pages, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        # Another name than the product's as well: another site, not only another port.
        yield f"http://localhost:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
