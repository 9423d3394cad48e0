"""The AWS endpoint that functions and the local stack talk to: moto embedded, or a way to another emulator.

Whichever it is, it stands behind the recorder, so that the outbox shows what was really handed over.
"""

from __future__ import annotations

import http.client
import logging
import socket
import threading
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

_HOP_BY_HOP = {"connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"}


class OneAtATime:
    """Serialises requests, because moto's tables are not safe from two writers at once.

    Parameters
    ----------
    app : WSGI application
        What answers.
    """

    def __init__(self, app: Any) -> None:
        self._app = app
        self._lock = threading.Lock()

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Answer when no other request is being answered."""
        with self._lock:
            answer = self._app(environ, start_response)
            try:
                return [b"".join(answer)]
            finally:
                if hasattr(answer, "close"):
                    answer.close()


class Forward:
    """Passes requests on to another emulator.

    Parameters
    ----------
    url : str
        Where it listens.
    """

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._host = parts.hostname or "127.0.0.1"
        self._port = parts.port or (443 if parts.scheme == "https" else 80)
        self._prefix = parts.path.rstrip("/")
        self._connect = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Pass a request on, and its answer back."""
        length = int(environ.get("CONTENT_LENGTH") or 0)
        body = environ["wsgi.input"].read(length) if length else b""
        headers = {
            name[5:].replace("_", "-").title(): value for name, value in environ.items() if name.startswith("HTTP_")
        }
        headers = {name: value for name, value in headers.items() if name.lower() not in _HOP_BY_HOP}
        if environ.get("CONTENT_TYPE"):
            headers["Content-Type"] = environ["CONTENT_TYPE"]
        headers["Content-Length"] = str(len(body))
        target = self._prefix + str(environ.get("RAW_URI") or environ["PATH_INFO"])
        connection = self._connect(self._host, self._port, timeout=60)
        try:
            connection.request(environ["REQUEST_METHOD"], target, body, headers)
            response = connection.getresponse()
            data = response.read()
            kept = [(name, value) for name, value in response.getheaders() if name.lower() not in _HOP_BY_HOP]
            start_response(f"{response.status} {response.reason}", kept)
            return [data]
        except OSError as error:
            message = f"The emulator at {self._host}:{self._port} does not answer: {error}".encode()
            start_response("502 Bad Gateway", [("Content-Type", "text/plain")])
            return [message]
        finally:
            connection.close()


def embedded() -> Any:
    """Make the embedded AWS.

    Returns
    -------
    WSGI application
        Empty at each start.
    """
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

    from local import transactions

    transactions.install()
    return OneAtATime(DomainDispatcherApplication(create_backend_app))


class _Handler(WSGIRequestHandler):
    # Keeps connections open: a new one for each call would double the time that a call takes.
    protocol_version = "HTTP/1.1"

    def setup(self) -> None:
        super().setup()
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002 - the name is werkzeug's
        pass


class AwsServer:
    """Serves the endpoint.

    Parameters
    ----------
    app : WSGI application
        What answers.
    host : str
        Where to listen.
    port : int
        The port; 0 takes a free one.

    Raises
    ------
    OSError
        When the port is taken.
    """

    def __init__(self, app: Any, host: str, port: int) -> None:
        logging.getLogger("werkzeug").setLevel(logging.ERROR)
        # werkzeug would end the process when the port is taken; a socket of our own says so instead.
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, port))
            listener.listen(128)
        except OSError:
            listener.close()
            raise
        self.port: int = listener.getsockname()[1]
        reachable = "127.0.0.1" if host in ("0.0.0.0", "") else host  # noqa: S104 - compared, not bound
        self.url = f"http://{reachable}:{self.port}"
        self._server: BaseWSGIServer = make_server(
            host, self.port, app, threaded=True, request_handler=_Handler, fd=listener.fileno()
        )
        self._listener = listener
        self._server.daemon_threads = True  # type: ignore[attr-defined]
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True)

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def stop(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._listener.close()
