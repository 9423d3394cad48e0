"""Connections to one service, which are kept. What goes wrong is what boto3 calls it."""

import socket
import ssl
import time
from functools import cache
from pathlib import Path
from select import select
from urllib.parse import urlsplit

import botocore
from botocore.exceptions import (
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    ReadTimeoutError,
)

from nereid.aws.http.answers import Answer, BadAnswer, read
from nereid.aws.http.limits import Limits


class Connections:
    """Connections to one host, for any number of threads: each has its own while it waits.

    Parameters
    ----------
    url
        Scheme and host, and the port if it is another than the scheme's.
    limits
        How long making a connection may take, each wait for more of an answer, and a rest.
    """

    def __init__(self, url: str, limits: Limits) -> None:
        parts = urlsplit(url)
        self._url = url
        self._name = parts.hostname or ""
        self._is_secret = parts.scheme == "https"
        self._port = parts.port or (443 if self._is_secret else 80)
        self._limits = limits
        #: Each with the time at which it was used last, by the clock of `time.time`.
        self._kept: list[tuple[socket.socket, float]] = []
        if self._is_secret:
            _tls()

    def exchange(self, method: str, request: bytes) -> Answer:
        """Send a whole request, once, and return its answer.

        Raises
        ------
        ConnectTimeoutError, EndpointConnectionError
            If no connection was made, or it took a part of the request: nothing was carried out.
        ReadTimeoutError, ConnectionClosedError
            If there is no whole answer: the request may have been carried out.
        """
        connection = self._take() or self._connect()
        unsent: OSError | None = None
        try:
            try:
                connection.sendall(request)
            except OSError as error:
                unsent = error
                # A service may refuse a request before it has read all of it.
                if not _has_news(connection):
                    raise
            answer, stays = read(connection, method)
        except (OSError, BadAnswer) as error:
            connection.close()
            if unsent is not None:
                # The signature is of the whole body, so no service does anything about a part of it.
                raise EndpointConnectionError(endpoint_url=self._url, error=unsent) from error
            kind = ReadTimeoutError if isinstance(error, TimeoutError) else ConnectionClosedError
            raise kind(endpoint_url=self._url, error=error) from error
        except BaseException:
            connection.close()
            raise
        if stays and unsent is None:
            self._kept.append((connection, time.time()))
        else:
            connection.close()
        return answer

    def close(self) -> None:
        """Close the connections that nobody uses."""
        while self._kept:
            self._kept.pop()[0].close()

    def _take(self) -> socket.socket | None:
        """Return a kept connection; those that the service has closed, or may have, are closed here, too."""
        while self._kept:
            try:
                connection, used_at = self._kept.pop()
            except IndexError:  # another thread took the last
                return None
            is_fresh = 0 <= time.time() - used_at < self._limits.idle_seconds
            # Nobody has anything to say on it before it is asked, but goodbye.
            if is_fresh and not _has_news(connection):
                return connection
            connection.close()
        return None

    def _connect(self) -> socket.socket:
        try:
            connection = self._reach()
        except TimeoutError as error:
            raise ConnectTimeoutError(endpoint_url=self._url, error=error) from error
        except OSError as error:
            raise EndpointConnectionError(endpoint_url=self._url, error=error) from error
        connection.settimeout(self._limits.read_seconds)
        return connection

    def _reach(self) -> socket.socket:
        """Return a connection to the first of the host's addresses that answers, with its TLS."""
        addresses = socket.getaddrinfo(self._name, self._port, type=socket.SOCK_STREAM)
        until = time.monotonic() + self._limits.connect_seconds
        failure = OSError("the host has no address")
        seconds = self._limits.connect_seconds / len(addresses)
        for *_, address in addresses:
            try:
                connection = socket.create_connection((str(address[0]), self._port), timeout=seconds)
            except OSError as error:
                failure = error
                continue
            try:
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                if not self._is_secret:
                    return connection
                connection.settimeout(max(until - time.monotonic(), 0.001))
                return _tls().wrap_socket(connection, server_hostname=self._name)
            except BaseException:
                connection.close()
                raise
        raise failure


def _has_news(connection: socket.socket) -> bool:
    try:
        return bool(select([connection], [], [], 0)[0])
    except (OSError, ValueError):
        return True


@cache
def _tls() -> ssl.SSLContext:
    """Return what all connections share: reading the certificates takes longer than most calls."""
    return ssl.create_default_context(cafile=str(Path(botocore.__file__).with_name("cacert.pem")))
