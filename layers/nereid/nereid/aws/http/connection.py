"""Connections to one service, which are kept. What goes wrong is what boto3 calls it."""

import socket
import ssl
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
    SSLError,
)

from nereid.aws.http.answers import Answer, BadAnswer, read


class Connections:
    """Connections to one host, for any number of threads: each has its own while it waits.

    Parameters
    ----------
    url
        Scheme and host, and the port if it is another than the scheme's.
    connect_seconds, read_seconds
        How long making a connection may take, and each wait for more of an answer.
    """

    def __init__(self, url: str, connect_seconds: float, read_seconds: float) -> None:
        parts = urlsplit(url)
        self._url = url
        self._name = parts.hostname or ""
        self._is_secret = parts.scheme == "https"
        self._port = parts.port or (443 if self._is_secret else 80)
        self._connect_seconds = connect_seconds
        self._read_seconds = read_seconds
        self._kept: list[socket.socket] = []
        if self._is_secret:
            _tls()

    def exchange(self, method: str, request: bytes) -> Answer:
        """Send a whole request, once, and return its answer.

        Raises
        ------
        ConnectTimeoutError, EndpointConnectionError, SSLError
            If no connection was made: nothing was sent.
        ReadTimeoutError, ConnectionClosedError
            If there is no whole answer: the request may have been carried out.
        """
        connection = self._take() or self._connect()
        try:
            connection.sendall(request)
            answer, stays = read(connection, method)
        except TimeoutError as error:
            connection.close()
            raise ReadTimeoutError(endpoint_url=self._url, error=error) from error
        except (OSError, BadAnswer) as error:
            connection.close()
            raise ConnectionClosedError(endpoint_url=self._url, error=error) from error
        except BaseException:
            connection.close()
            raise
        if stays:
            self._kept.append(connection)
        else:
            connection.close()
        return answer

    def close(self) -> None:
        """Close the connections that nobody uses."""
        while self._kept:
            self._kept.pop().close()

    def _take(self) -> socket.socket | None:
        """Return a kept connection; those that the service has closed are closed here, too."""
        while self._kept:
            try:
                connection = self._kept.pop()
            except IndexError:  # another thread took the last
                return None
            # Nobody has anything to say on it before it is asked, but goodbye.
            if not _has_news(connection):
                return connection
            connection.close()
        return None

    def _connect(self) -> socket.socket:
        try:
            connection = socket.create_connection((self._name, self._port), timeout=self._connect_seconds)
        except TimeoutError as error:
            raise ConnectTimeoutError(endpoint_url=self._url, error=error) from error
        except OSError as error:
            raise EndpointConnectionError(endpoint_url=self._url, error=error) from error
        try:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self._is_secret:
                connection = _tls().wrap_socket(connection, server_hostname=self._name)
        except TimeoutError as error:
            connection.close()
            raise ConnectTimeoutError(endpoint_url=self._url, error=error) from error
        except ssl.SSLError as error:
            connection.close()
            raise SSLError(endpoint_url=self._url, error=error) from error
        except OSError as error:
            connection.close()
            raise EndpointConnectionError(endpoint_url=self._url, error=error) from error
        connection.settimeout(self._read_seconds)
        return connection


def _has_news(connection: socket.socket) -> bool:
    try:
        return bool(select([connection], [], [], 0)[0])
    except (OSError, ValueError):
        return True


@cache
def _tls() -> ssl.SSLContext:
    """Return what all connections share: reading the certificates takes longer than most calls."""
    return ssl.create_default_context(cafile=str(Path(botocore.__file__).with_name("cacert.pem")))
