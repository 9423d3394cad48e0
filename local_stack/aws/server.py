"""The AWS endpoint that functions and the local stack talk to: moto embedded, or a way to another emulator.

Whichever it is, it stands behind the recorder, so that the outbox shows what was really handed over.
"""

from __future__ import annotations

import contextlib
import http.client
import io
import ipaddress
import re
import sys
import threading
from collections.abc import Collection, Iterable
from typing import Any
from urllib.parse import unquote, urlsplit

from local_stack.aws import lighter_queues
from local_stack.aws.database import Database
from local_stack.http.gateway import Request, Response
from local_stack.http.server import QUIET, HttpServer
from local_stack.settings import OWN_HOSTS

_SERVICE = re.compile(r"Credential=[^/]*/[^/]*/[^/]*/([a-z0-9-]+)/aws4_request")
# What S3 takes in one request is more than anything here needs.
_MAX_BODY = 256 * 1024 * 1024
_BUSY_SERVICES = {"dynamodb", "secretsmanager", "ses", "sns", "sqs"}
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
        Empty at the start of a process.
    """
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

    class Dispatcher(DomainDispatcherApplication):
        """Finds the service of a request; moto itself walks through all of AWS for each one."""

        def __init__(self) -> None:
            super().__init__(create_backend_app)
            self._found: dict[tuple[str, str, bool], Any] = {}

        def get_application(self, environ: dict[str, Any]) -> Any:
            service = _SERVICE.search(environ.get("HTTP_AUTHORIZATION", ""))
            # For other services the path decides too, and for unsigned requests the body.
            if service is None or service.group(1) not in _BUSY_SERVICES:
                return super().get_application(environ)
            path, target = environ["PATH_INFO"], environ.get("HTTP_X_AMZ_TARGET", "")
            key = (service.group(1), target.partition(".")[0], path.startswith("/v2/"))
            if key not in self._found:
                self._found[key] = super().get_application(environ)
            return self._found[key]

    lighter_queues.install()
    return Database(OneAtATime(Dispatcher()))


class Wsgi:
    """Lets a WSGI application answer the requests of our own server, which keeps connections open.

    Parameters
    ----------
    app : WSGI application
        What answers.
    host : str
        The server's address.
    """

    def __init__(self, app: Any, host: str) -> None:
        self._app = app
        self._host = host

    def handle(self, request: Request) -> Response:
        """Answer a request.

        Parameters
        ----------
        request : Request
            What came in.

        Returns
        -------
        Response
            The application's answer.
        """
        target = f"{request.path}?{request.query}" if request.query else request.path
        environ: dict[str, Any] = {
            "REQUEST_METHOD": request.method,
            "SCRIPT_NAME": "",
            # WSGI has bytes in the form of latin-1 text.
            "PATH_INFO": unquote(request.path, "latin-1"),
            "QUERY_STRING": request.query,
            "REQUEST_URI": target,
            "RAW_URI": target,
            "REMOTE_ADDR": request.source_ip,
            "SERVER_NAME": self._host,
            "SERVER_PORT": "80",
            "SERVER_PROTOCOL": request.protocol,
            "CONTENT_LENGTH": str(len(request.body)),
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(request.body),
            "wsgi.input_terminated": True,
            "wsgi.errors": sys.stderr,
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
        }
        for name, value in request.headers:
            key = name.upper().replace("-", "_")
            if key == "CONTENT_TYPE":
                environ[key] = value
            elif key not in ("CONTENT_LENGTH", "TRANSFER_ENCODING"):
                key = f"HTTP_{key}"
                environ[key] = f"{environ[key]},{value}" if key in environ else value
        begun: list[Any] = []
        answer = self._app(environ, lambda *arguments: begun.append(arguments))
        body = b"".join(answer)
        status, headers = begun[0][0], begun[0][1]
        return Response(int(status.split(" ", 1)[0]), list(headers), body, route=QUIET)


def _is_address(name: str) -> bool:
    with contextlib.suppress(ValueError):
        return bool(ipaddress.ip_address(name))
    return False


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
    hosts : collection of str
        The names under which it answers, beside that of `host`.

    Raises
    ------
    OSError
        When the port is taken.
    """

    def __init__(self, app: Any, host: str, port: int, hosts: Collection[str] = OWN_HOSTS) -> None:
        reachable = "127.0.0.1" if host in ("0.0.0.0", "") else host  # noqa: S104 - compared, not bound

        def is_own(name: str) -> bool:
            # Containers use an address of this machine, which no DNS of others can stand for.
            return name in hosts or name == reachable.lower() or _is_address(name)

        #: Answers a request of this process, without a connection.
        self.handle = Wsgi(app, reachable).handle
        self._server = HttpServer(port, self.handle, host=host, max_body=_MAX_BODY, is_own=is_own)
        self.port: int = self._server.server_port
        self.url = f"http://{reachable}:{self.port}"

    def start(self) -> None:
        """Begin to answer."""
        self._server.start()

    def stop(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()
