"""What is read as an answer of HTTP, and what is refused as none."""

from __future__ import annotations

import gzip
import socket
from collections.abc import Callable
from typing import Any

import pytest

from nereid.aws.http.answers import Answer, BadAnswer, content, read

Read = Callable[..., tuple[Answer, bool]]


@pytest.fixture
def reading() -> Any:
    """Return what reads some bytes as an answer, behind which the service hangs up."""

    def answer(data: bytes, method: str = "POST") -> tuple[Answer, bool]:
        ours, theirs = socket.socketpair()
        with ours:
            with theirs:
                theirs.sendall(data)
            return read(ours, method)

    return answer


def head(*lines: str, status: str = "HTTP/1.1 200 OK") -> bytes:
    return "\r\n".join((status, *lines, "", "")).encode("latin-1")


def test_a_body_is_as_long_as_the_header_says(reading: Read) -> None:
    answer, stays = reading(head("Content-Length: 2", "X-Two:  b c ") + b"hi")
    assert answer == Answer(200, {"content-length": "2", "x-two": "b c"}, b"hi")
    assert stays


def test_a_body_in_chunks_is_put_together(reading: Read) -> None:
    answer, stays = reading(
        head("Transfer-Encoding: chunked") + b"2\r\nhi\r\nA;x=y\r\n there you\r\n0\r\nx-end: 1\r\n\r\n"
    )
    assert answer.body == b"hi there you"
    assert stays


def test_a_body_of_no_told_length_ends_with_the_connection(reading: Read) -> None:
    answer, stays = reading(head() + b"all of it")
    assert answer.body == b"all of it"
    assert not stays


@pytest.mark.parametrize(
    ("status", "lines", "stays"),
    [
        ("HTTP/1.1 200 OK", ["Connection: close"], False),
        ("HTTP/1.1 200 OK", ["Connection: keep-alive"], True),
        ("HTTP/1.0 200 OK", [], False),
        ("HTTP/1.0 200 OK", ["Connection: Keep-Alive"], True),
    ],
)
def test_a_connection_stays_unless_the_service_says_otherwise(
    reading: Read, status: str, lines: list[str], *, stays: bool
) -> None:
    assert reading(head("Content-Length: 0", *lines, status=status))[1] is stays


@pytest.mark.parametrize(("method", "status"), [("HEAD", 200), ("POST", 204), ("GET", 304)])
def test_some_answers_have_no_body_whatever_their_length(reading: Read, method: str, status: int) -> None:
    answer, stays = reading(head("Content-Length: 5", status=f"HTTP/1.1 {status} OK"), method)
    assert (answer.status, answer.body, stays) == (status, b"", True)


def test_an_answer_that_says_that_one_comes_is_none_yet(reading: Read) -> None:
    found = reading(head(status="HTTP/1.1 100 Continue") + head("Content-Length: 0", status="HTTP/1.1 400 Bad Request"))
    assert found[0].status == 400


def test_a_status_may_be_without_words(reading: Read) -> None:
    assert reading(head("Content-Length: 0", status="HTTP/1.1 500"))[0].status == 500


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"HTTP/1.1 200", id="half a status"),
        pytest.param(b"SSH-2.0-OpenSSH\r\n\r\n", id="another protocol"),
        pytest.param(b"HTTP/2 200\r\n\r\n", id="another version"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n", id="half a header"),
        pytest.param(head("no colon"), id="a header without a colon"),
        pytest.param(head("Content-Length: 2", " folded"), id="a header that goes on"),
        pytest.param(head("Content-Length: -1"), id="a negative length"),
        pytest.param(head("Content-Length: two"), id="a length that is no number"),
        pytest.param(head("Content-Length: 3") + b"hi", id="half a body"),
        pytest.param(head("Content-Length: 999999999999999") + b"hi", id="a body that nothing holds"),
        pytest.param(head("Transfer-Encoding: chunked") + b"FFFFFFFFFFFF\r\nhi", id="a chunk that nothing holds"),
        pytest.param(head("Transfer-Encoding: chunked") + b"2\r\nhi\r\n", id="no last chunk"),
        pytest.param(head("Transfer-Encoding: chunked") + b"2\r\nhi!", id="a chunk that is too long"),
        pytest.param(head("Transfer-Encoding: chunked") + b"two\r\nhi\r\n", id="a chunk without a length"),
        pytest.param(head("Transfer-Encoding: chunked") + b"3\r\nhi", id="half a chunk"),
        pytest.param(head("a: " + 70_000 * "x"), id="a line that is too long"),
        pytest.param(head(*200 * ["a: b"]), id="too many headers"),
    ],
)
def test_anything_but_a_whole_answer_is_refused(reading: Read, data: bytes) -> None:
    with pytest.raises(BadAnswer):
        reading(data)


def test_what_is_packed_is_unpacked() -> None:
    assert content(Answer(200, {"content-encoding": "gzip"}, gzip.compress(b"{}"))) == b"{}"
    assert content(Answer(200, {}, b"{}")) == b"{}"
