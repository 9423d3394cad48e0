"""Speaks HTTP on the API's port and hands each request to one callable."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from local_stack import terminal
from local_stack.http.gateway import MAX_BODY, Request, Response, message
from local_stack.settings import OWN_HOSTS

# The route of an answer that is not worth a line in the log.
QUIET = "quiet"
# How much of a body that is too large is still read, so that the client gets to see the answer.
_LINGER_BYTES, _LINGER_SECONDS = 64 * 1024 * 1024, 2.0
_STANDARD = {"connection", "content-length", "date", "server", "transfer-encoding"}
_NOT_US = "This server answers to the names of this machine alone; NEREID_HOSTS adds others."


class _Rejected(Exception):
    """Raised when a request's body cannot be taken; holds the answer."""

    def __init__(self, response: Response) -> None:
        super().__init__(response.status)
        self.response = response


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # A connection that stays silent for this long is closed, so that no thread waits for ever.
    timeout = 75
    # Head and body leave in one packet.
    wbufsize = 1 << 16
    server: HttpServer

    def setup(self) -> None:
        super().setup()
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is the library's
        pass

    def version_string(self) -> str:
        return "nereid-local"

    def _check_host(self) -> None:
        # A page of any site reaches this server under the site's own name, if its DNS says so; with that name it could
        # read the answers.
        names = self.headers.get_all("Host", [])
        if not names or not all(self.server.is_own(host_of(name)) for name in names):
            raise _Rejected(message(421, _NOT_US))

    def _serve(self) -> None:
        began = time.monotonic()
        path, _, query = self.path.partition("?")
        try:
            self._check_host()
            body = self._read_body()
        except _Rejected as rejection:
            self.close_connection = True
            self._write(rejection.response)
            self._log(path, rejection.response, began)
            self._linger()
            return
        request = Request(
            method=self.command,
            path=path,
            query=query,
            headers=[(name, value.strip(" \t")) for name, value in self.headers.items()],
            body=body,
            source_ip=self.client_address[0],
            protocol=self.request_version,
        )
        try:
            response = self.server.answer(request)
        except Exception as error:  # noqa: BLE001 - one request must not end the stack
            terminal.say(f"local: {type(error).__name__}: {error}", "error")
            response = message(500, "Internal Server Error")
        self._write(response)
        self._log(path, response, began)

    def _linger(self) -> None:
        with contextlib.suppress(OSError):
            self.wfile.flush()
            self.connection.shutdown(socket.SHUT_WR)
            self.connection.settimeout(_LINGER_SECONDS)
            left = _LINGER_BYTES
            while left > 0 and (data := self.rfile.read1(1 << 16)):
                left -= len(data)

    def _read_body(self) -> bytes:
        if "chunked" in (self.headers.get("Transfer-Encoding") or "").lower():
            return self._read_chunks()
        text = self.headers.get("Content-Length") or "0"
        if not text.isdigit():
            raise _Rejected(message(400, "Bad Request"))
        length = int(text)
        if length > self.server.max_body:
            raise _Rejected(message(413, "Request Entity Too Large"))
        return self.rfile.read(length) if length else b""

    def _read_chunks(self) -> bytes:
        body = bytearray()
        while True:
            try:
                size = int(self.rfile.readline(64).split(b";")[0].strip() or b"0", 16)
            except ValueError:
                raise _Rejected(message(400, "Bad Request")) from None
            if size == 0:
                break
            if len(body) + size > self.server.max_body:
                raise _Rejected(message(413, "Request Entity Too Large"))
            body += self.rfile.read(size)
            self.rfile.readline(8)
        while self.rfile.readline(8192).strip():
            pass
        return bytes(body)

    def _write(self, response: Response) -> None:
        with contextlib.suppress(ConnectionError, TimeoutError):
            self.send_response(response.status)
            for name, value in response.headers:
                if name.lower() not in _STANDARD:
                    # HTTP carries bytes; the library writes latin-1.
                    self.send_header(name, value.encode().decode("latin-1"))
            bodiless = response.status in (204, 304) or response.status < 200
            if not bodiless:
                self.send_header("Content-Length", str(len(response.body)))
            if self.close_connection:
                self.send_header("Connection", "close")
            self.end_headers()
            if self.command != "HEAD" and not bodiless:
                self.wfile.write(response.body)

    def _log(self, path: str, response: Response, began: float) -> None:
        if response.route == QUIET:
            return
        style = "error" if response.status >= 500 else "warning" if response.status >= 400 else "dim"
        took = (time.monotonic() - began) * 1000
        terminal.say(f"{self.command} {path} {response.status} {took:.0f} ms {response.route}".rstrip(), style)

    def __getattr__(self, name: str) -> Any:
        # The library looks for a method per HTTP method; the gateway has an answer for any.
        if name.startswith("do_"):
            return self._serve
        raise AttributeError(name)


def host_of(text: str) -> str:
    """Read the name out of a Host header.

    Parameters
    ----------
    text : str
        A name or an address, with or without a port.

    Returns
    -------
    str
        In lower case, without brackets; empty when there is none.
    """
    with contextlib.suppress(ValueError):
        return (urlsplit(f"//{text.strip()}").hostname or "").rstrip(".")
    return ""


def _nothing_yet(_: Request) -> Response:
    return message(503, "Service Unavailable")


class HttpServer(ThreadingHTTPServer):
    """A server with a thread for each connection.

    Parameters
    ----------
    port : int
        0 takes a free one.
    answer : callable
        Gives the response to a request; it can be given later.
    host : str
        Where to listen.
    max_body : int
        The largest body that is taken, in bytes.
    is_own : callable
        Tells whether it answers to a name or an address; requests to others are refused.

    Raises
    ------
    OSError
        When the port is taken.
    """

    daemon_threads = True
    request_queue_size = 128

    def __init__(
        self,
        port: int,
        answer: Callable[[Request], Response] = _nothing_yet,
        host: str = "127.0.0.1",
        max_body: int = MAX_BODY,
        is_own: Callable[[str], bool] = OWN_HOSTS.__contains__,
    ) -> None:
        super().__init__((host, port), _Handler)
        self.answer = answer
        self.max_body = max_body
        self.is_own = is_own

    def start(self) -> None:
        """Begin to answer."""
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True).start()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing when a client hangs up.

        Parameters
        ----------
        request, client_address : Any
            The connection.
        """
