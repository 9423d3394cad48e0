"""Reads an answer of HTTP/1.1.

`http.client` reads the header of an answer as that of an e-mail, which takes a quarter of what a call takes in all: 60
microseconds, and these lines 17.

Source: https://www.rfc-editor.org/rfc/rfc9112
"""

import gzip
import re
import socket
import zlib
from collections.abc import Mapping
from typing import BinaryIO, NamedTuple, cast

#: Longest line before the body, in bytes, and most lines of a header; those of services are far below.
_LONGEST_LINE, _MOST_LINES = 65_536, 100
_STATUS_LINE = re.compile(rb"HTTP/(1\.[0-9]) ([1-9][0-9][0-9])(?: .*)?")
_LENGTH = re.compile(r"[0-9]{1,15}")
_CHUNK_SIZE = re.compile(rb"([0-9A-Fa-f]{1,12})[ \t]*(?:;.*)?")
#: Longest body, in bytes: several times what any call is answered with, and a part of what a function holds.
_LONGEST_BODY = 1 << 26
#: Statuses of answers without a body.
_EMPTY = (204, 304)


class BadAnswer(Exception):
    """What came is no whole answer."""


class Answer(NamedTuple):
    """What a service answered; headers by their names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def read(connection: socket.socket, method: str) -> tuple[Answer, bool]:
    """Return the answer to a request, and whether the connection can be used again.

    Raises
    ------
    BadAnswer
        If it is none, or the service hangs up before its end.
    OSError
        If the connection fails.
    """
    with cast(BinaryIO, connection.makefile("rb")) as stream:
        version, status, headers = _head(stream)
        while status < 200:  # the real answer comes yet
            version, status, headers = _head(stream)
        told = headers.get("connection", "").lower()
        stays = "close" not in told if version != b"1.0" else "keep-alive" in told
        if method == "HEAD" or status in _EMPTY:
            return Answer(status, headers, b""), stays
        if headers.get("transfer-encoding", "").lower() == "chunked":
            return Answer(status, headers, _chunks(stream)), stays
        length = headers.get("content-length")
        if length is None:
            return Answer(status, headers, stream.read()), False
        if not _LENGTH.fullmatch(length):
            raise BadAnswer("no length")
        return Answer(status, headers, _exactly(stream, int(length))), stays


def content(answer: Answer) -> bytes:
    """Return what was sent, unpacked if the service packed it, though nobody asked it to.

    Raises
    ------
    BadAnswer
        If it is not packed as it says.
    """
    if answer.headers.get("content-encoding") != "gzip":
        return answer.body
    try:
        return gzip.decompress(answer.body)
    except (OSError, EOFError, zlib.error) as error:
        raise BadAnswer("badly packed") from error


def _head(stream: BinaryIO) -> tuple[bytes, int, dict[str, str]]:
    """Return the version, the status and the header of an answer."""
    first = _STATUS_LINE.fullmatch(_line(stream))
    if first is None:
        raise BadAnswer("no status")
    return first[1], int(first[2]), _header(stream)


def _header(stream: BinaryIO) -> dict[str, str]:
    header: dict[str, str] = {}
    for _ in range(_MOST_LINES):
        line = _line(stream)
        if not line:
            return header
        name, colon, text = line.decode("latin-1").partition(":")
        if not colon or not name or name != name.strip():
            raise BadAnswer("no header")
        header[name.lower()] = text.strip(" \t")
    raise BadAnswer("too many headers")


def _chunks(stream: BinaryIO) -> bytes:
    """Return a body that comes in pieces, each behind its length."""
    pieces = []
    while True:
        size = _CHUNK_SIZE.fullmatch(_line(stream))
        if size is None:
            raise BadAnswer("no length of a chunk")
        length = int(size[1], 16)
        if not length:
            break
        pieces.append(_exactly(stream, length))
        if _line(stream):
            raise BadAnswer("no end of a chunk")
    _header(stream)  # of the trailer, in which services say nothing
    return b"".join(pieces)


def _exactly(stream: BinaryIO, length: int) -> bytes:
    if length > _LONGEST_BODY:
        raise BadAnswer("too long a body")
    found = stream.read(length)
    if len(found) != length:
        raise BadAnswer("cut")
    return found


def _line(stream: BinaryIO) -> bytes:
    """Return a line without its end."""
    line = stream.readline(_LONGEST_LINE)
    if not line.endswith(b"\n"):
        raise BadAnswer("cut" if len(line) < _LONGEST_LINE else "too long a line")
    return line.rstrip(b"\r\n")
