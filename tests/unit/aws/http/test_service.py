"""A service, or the network before it, misbehaves: what comes of it is what boto3 makes of it."""

from __future__ import annotations

import gzip
import json
import re
import socket
import struct
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from email.utils import formatdate
from functools import partial
from typing import Any

import pytest
from botocore.exceptions import BotoCoreError, ClientError

from nereid.aws import sdk
from nereid.aws.http import clients, retries
from nereid.aws.http.limits import Limits
from tests.unit.aws.http.function import enter

REPEATED, ONCE = Limits(1, 0.15, 2), Limits(1, 0.15, 1)
#: Those that a test has made.
CLIENTS: list[Any] = []
#: What the server does with a connection after it has read a request: returns whether it goes on reading.
Act = Callable[[socket.socket], bool]


def answer(status: int = 200, body: bytes = b"{}", **headers: Any) -> bytes:
    """Return a whole answer."""
    given = {"Content-Length": str(len(body)), **{name.replace("_", "-"): value for name, value in headers.items()}}
    lines = "".join(f"{name}: {value}\r\n" for name, value in given.items())
    return f"HTTP/1.1 {status} x\r\n{lines}\r\n".encode() + body


def says(data: bytes, *, then_closes: bool = False) -> Act:
    def act(connection: socket.socket) -> bool:
        connection.sendall(data)
        return not then_closes

    return act


def error(code: str, status: int = 400, **headers: Any) -> Act:
    body = json.dumps({"__type": f"com.amazonaws.x#{code}", "message": "no"}).encode()
    return says(answer(status, body, **headers))


def is_silent(_: socket.socket) -> bool:
    return True


def closes(_: socket.socket) -> bool:
    return False


OK = says(answer(body=b'{"Item": {"pk": {"S": "x"}}}'))
CUT = says(answer(body=b'{"Item": {"pk": {"S": "x"}}}')[:-5], then_closes=True)
STALLED = says(answer(body=b'{"Item": {"pk": {"S": "x"}}}')[:-5])
CHUNKED = says(
    b'HTTP/1.1 200 x\r\nTransfer-Encoding: chunked\r\n\r\n9\r\n{"Item": \r\n12\r\n{"pk": {"S": "x"}}}\r\n0\r\n\r\n'
)
NO_LENGTH = says(b'HTTP/1.1 200 x\r\n\r\n{"Item": {"pk": {"S": "x"}}}', then_closes=True)
NOT_HTTP = says(b"220 mail.example.com ESMTP\r\n", then_closes=True)


class Server:
    """A server that does what it is told with one request after the other."""

    def __init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self.acts: list[Act] = []
        self.requests: list[bytes] = []
        self.connections = 0
        #: What the first connection does with the next request, before `acts`.
        self.later: list[Act] = []
        #: What is said, if anything, to who begins to send a request, without reading it.
        self.unread: bytes | None = None
        self._open: list[socket.socket] = []
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            self.connections += 1
            self._open.append(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        number = self.connections
        try:
            if self.unread is not None:
                connection.recv(65536)
                connection.sendall(self.unread)
                connection.close()
                return
            while request := _read(connection):
                self.requests.append(request)
                acts = self.later if self.later and number == 1 else self.acts
                if not acts.pop(0)(connection):
                    break
        except (OSError, IndexError):
            pass
        connection.close()

    def hang_up(self) -> None:
        """Close all connections, as a service does with idle ones."""
        for connection in self._open:
            connection.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self._socket.close()
        for connection in self._open:
            connection.close()


def _read(connection: socket.socket) -> bytes:
    data = b""
    while b"\r\n\r\n" not in data:
        more = connection.recv(65536)
        if not more:
            return b""
        data += more
    head, _, body = data.partition(b"\r\n\r\n")
    length = next((int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0)
    while len(body) < length:
        body += connection.recv(65536)
    return head


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    made = Server()
    enter(monkeypatch, AWS_ENDPOINT_URL=made.url)
    monkeypatch.setattr("time.sleep", lambda _seconds: None)
    yield made
    while CLIENTS:
        CLIENTS.pop().close()
    made.close()


def outcome(call: Callable[[], Any]) -> Any:
    """Return what a call's result or error tells the product."""
    try:
        result = call()
    except ClientError as refusal:
        given = refusal.response
        known = {name: given[name] for name in ("Item", "CancellationReasons") if name in given}
        found = given["Error"]["Code"], given["Error"]["Message"], given["ResponseMetadata"]["HTTPStatusCode"]
        return (*found, known, re.sub(r" \(reached max retries: \d\)", "", str(refusal)))
    except BotoCoreError as failure:
        return type(failure).__name__
    return {name: value for name, value in result.items() if name != "ResponseMetadata"}


def made_by(kind: str, service: str, limits: Limits) -> Any:
    CLIENTS.append((clients if kind == "ours" else sdk).client(service, limits))
    return CLIENTS[-1]


def get(client: Any) -> Any:
    return outcome(lambda: client.get_item(TableName="T", Key={"pk": {"S": "x"}}))


def mail(client: Any) -> Any:
    return outcome(lambda: client.send_email(FromEmailAddress="a@example.com", Content={"Raw": {"Data": b"x"}}))


def publish(client: Any) -> Any:
    return outcome(lambda: client.publish(PhoneNumber="+4915112345678", Message="x"))


def push(client: Any) -> Any:
    return outcome(lambda: client.send_message(QueueUrl="https://sqs.example.com/1/q", MessageBody="x"))


CASES: dict[str, list[Act]] = {
    "an answer": [OK],
    "an answer in chunks": [CHUNKED],
    "an answer of no length": [NO_LENGTH],
    "silence": [is_silent, is_silent],
    "silence, then an answer": [is_silent, OK],
    "a closed connection": [closes, closes],
    "a closed connection, then an answer": [closes, OK],
    "half an answer, then silence": [STALLED, STALLED],
    "no http": [NOT_HTTP, NOT_HTTP],
    "a broken service": [error("InternalServerError", 500), error("InternalServerError", 500)],
    "a broken service, then an answer": [error("InternalServerError", 500), OK],
    "a load balancer's page": [says(answer(503, b"<html><b>Service Unavailable</b></html>"))] * 2,
    "a load balancer's silence": [says(answer(502, b""))] * 2,
    "not implemented": [error("InternalFailure", 501)],
    "throttled": [error("ProvisionedThroughputExceededException")] * 2,
    "throttled, then an answer": [error("ThrottlingException"), OK],
    "too many": [error("Anything", 429), OK],
    "a conflict of transactions": [error("TransactionConflictException")],
    "refused": [error("AccessDeniedException", 403)],
    "wrong": [error("ValidationException")],
    "wrong, with odd members": [
        says(answer(400, b'{"__type":"x#ValidationException","message":"m","ResponseMetadata":""}'))
    ],
    "a wrong check sum, then an answer": [says(answer(x_amz_crc32="1")), OK],
    "a right check sum": [says(answer(body=b'{"Item":{}}', x_amz_crc32=str(zlib.crc32(b'{"Item":{}}'))))],
    "an old item": [
        says(
            answer(
                400,
                b'{"__type":"com.amazonaws.dynamodb#ConditionalCheckFailedException","Message":"The condition",'
                b'"Item":{"pk":{"S":"x"},"secret":{"B":"AP8="},"B":{"S":"x"},"set":{"BS":["AA=="]}}}',
            )
        )
    ],
    "bytes": [says(answer(body=b'{"Item":{"a":{"B":"AP8="},"B":{"M":{"B":{"B":"AA=="}}},"s":{"BS":["AA=="]}}}'))],
}


@pytest.mark.parametrize("case", CASES)
def test_a_read_ends_as_with_boto3(server: Server, case: str) -> None:
    found = {}
    for kind in ("ours", "boto3"):
        server.acts, server.requests = list(CASES[case]), []
        found[kind] = get(made_by(kind, "dynamodb", REPEATED)), len(server.requests)
    assert found["ours"] == found["boto3"]


@pytest.mark.parametrize("kind", ["ours", "boto3"])
def test_a_conflict_of_replicas_passes(server: Server, kind: str) -> None:
    server.acts = [error("ReplicatedWriteConflictException"), says(answer())]
    assert outcome(lambda: made_by(kind, "dynamodb", REPEATED).put_item(TableName="T", Item={})) == {}


def test_half_an_answer_is_none(server: Server) -> None:
    """boto3 reads it as one that says nothing: that there is no item."""
    server.acts = [CUT, OK, CUT, CUT]
    client = made_by("ours", "dynamodb", REPEATED)
    assert [get(client), get(client)] == [{"Item": {"pk": {"S": "x"}}}, "ConnectionClosedError"]


def test_of_a_mail_half_an_answer_is_none(server: Server) -> None:
    server.acts = [CUT, OK]
    assert mail(made_by("ours", "sesv2", ONCE)) == "ConnectionClosedError"
    assert len(server.requests) == 1


SENDS: dict[str, list[Act]] = {
    "an answer": [says(answer(body=b'{"MessageId": "1"}'))],
    "silence": [is_silent, is_silent],
    "a closed connection": [closes, closes],
    "a broken service": [error("InternalFailure", 500)] * 2,
    "too many": [error("TooManyRequestsException", 429, x_amzn_ErrorType="TooManyRequestsException")] * 2,
    "too many for today": [
        says(answer(400, b'{"message":"Daily quota"}', x_amzn_ErrorType="LimitExceededException:http://x/"))
    ],
    "refused": [says(answer(400, b'{"message":"not verified"}', x_amzn_ErrorType="MessageRejected"))],
    "refused in the body": [says(answer(403, b'{"code":"SignatureDoesNotMatch","Message":"no"}'))],
    "refused without a code": [says(answer(403, b'{"Message":"no"}'))],
}


@pytest.mark.parametrize("case", SENDS)
def test_a_mail_is_handed_over_once_and_ends_as_with_boto3(server: Server, case: str) -> None:
    found = {}
    for kind in ("ours", "boto3"):
        server.acts, server.requests = list(SENDS[case]), []
        found[kind] = mail(made_by(kind, "sesv2", ONCE))
        assert len(server.requests) == 1
    assert found["ours"] == found["boto3"]


def xml(code: str, status: int, message: str = "no") -> Act:
    body = (
        f'<ErrorResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><Error><Type>Sender</Type><Code>{code}</Code>'
        f"<Message>{message}</Message></Error><RequestId>1</RequestId></ErrorResponse>"
    )
    return says(answer(status, body.encode(), Content_Type="text/xml"))


PUBLISHED = (
    b'<PublishResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><PublishResult><MessageId>1</MessageId>'
    b"</PublishResult><ResponseMetadata><RequestId>2</RequestId></ResponseMetadata></PublishResponse>"
)
PUBLICATIONS: dict[str, list[Act]] = {
    "an answer": [says(answer(body=PUBLISHED))],
    "silence": [is_silent],
    "throttled": [xml("Throttled", 400)],
    "disabled": [xml("EndpointDisabled", 400, "Endpoint is disabled")],
    "no endpoint": [xml("InvalidParameter", 400, "Reason: No endpoint found &amp; so on")],
    "broken": [xml("InternalFailure", 500)],
    "a load balancer's page": [says(answer(503, b"<html><b>Service Unavailable</b></html>"))],
    "a load balancer's silence": [says(answer(503, b""))],
}


@pytest.mark.parametrize("case", PUBLICATIONS)
def test_a_publication_is_handed_over_once_and_ends_as_with_boto3(server: Server, case: str) -> None:
    found = {}
    for kind in ("ours", "boto3"):
        server.acts, server.requests = list(PUBLICATIONS[case]), []
        found[kind] = publish(made_by(kind, "sns", ONCE))
        assert len(server.requests) == 1
    assert found["ours"] == found["boto3"]


@pytest.mark.parametrize(
    "headers",
    [{}, {"x_amzn_query_error": "AWS.SimpleQueueService.NonExistentQueue;Sender"}, {"x_amzn_query_error": "x"}],
)
def test_a_queue_that_is_not_there_is_called_as_boto3_calls_it(server: Server, headers: dict[str, Any]) -> None:
    found = []
    for kind in ("ours", "boto3"):
        server.acts = [error("QueueDoesNotExist", **headers)]
        found.append(push(made_by(kind, "sqs", REPEATED)))
    assert found[0] == found[1]


@pytest.mark.parametrize("kind", ["ours", "boto3"])
def test_connections_are_kept(server: Server, kind: str) -> None:
    client = made_by(kind, "dynamodb", REPEATED)
    server.acts = [OK] * 3
    for _ in range(3):
        assert get(client) == {"Item": {"pk": {"S": "x"}}}
    assert server.connections == 1


@pytest.mark.parametrize("kind", ["ours", "boto3"])
def test_a_connection_that_the_service_says_it_closes_is_not_kept(server: Server, kind: str) -> None:
    client = made_by(kind, "dynamodb", REPEATED)
    server.acts = [says(answer(Connection="close")), OK]
    get(client)
    assert get(client) == {"Item": {"pk": {"S": "x"}}}
    assert server.connections == 2


@pytest.mark.parametrize("kind", ["ours", "boto3"])
def test_a_mail_is_not_lost_with_a_connection_that_was_closed_while_idle(server: Server, kind: str) -> None:
    client = made_by(kind, "sesv2", ONCE)
    server.acts = [says(answer(body=b'{"MessageId": "1"}')), says(answer(body=b'{"MessageId": "2"}'))]
    mail(client)
    server.hang_up()
    assert mail(client) == {"MessageId": "2"}
    assert len(server.requests) == 2


def resets(connection: socket.socket) -> bool:
    """Do what comes of a request on a connection that the network has forgotten."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    return False


@pytest.mark.parametrize("seconds", [6, 600, -3600])
def test_a_mail_is_not_lost_with_a_connection_that_was_taken_away_while_the_sandbox_stood_still(
    monkeypatch: pytest.MonkeyPatch, server: Server, seconds: int
) -> None:
    client = made_by("ours", "sesv2", ONCE._replace(idle_seconds=5))
    server.acts = [says(answer(body=b'{"MessageId": "1"}')), says(answer(body=b'{"MessageId": "2"}'))]
    mail(client)
    server.later = [resets]
    now = time.time()
    monkeypatch.setattr("time.time", lambda: now + seconds)
    assert mail(client) == {"MessageId": "2"}
    assert server.connections == 2


@pytest.mark.parametrize("kind", ["ours", "boto3"])
def test_a_large_mail_that_is_refused_before_it_is_read_is_refused(server: Server, kind: str) -> None:
    refusal = answer(400, b'{"message":"too large"}', x_amzn_ErrorType="MessageRejected")
    server.unread = refusal
    client = made_by(kind, "sesv2", Limits(1, 5, 1))
    found = outcome(lambda: client.send_email(Content={"Raw": {"Data": bytes(8_000_000)}}))
    assert found[:3] == ("MessageRejected", "too large", 400)


def test_a_mail_that_could_not_be_sent_whole_was_not_handed_over(server: Server) -> None:
    server.unread = b""
    client = made_by("ours", "sesv2", Limits(1, 5, 1))
    call = partial(client.send_email, Content={"Raw": {"Data": bytes(8_000_000)}})
    assert outcome(call) == "EndpointConnectionError"


@pytest.mark.parametrize("said", [b"", b"HTTP/1.1 400 Bad Request\r\n\r\n"], ids=["hangs up", "speaks no TLS"])
def test_without_tls_no_connection_is_made(monkeypatch: pytest.MonkeyPatch, server: Server, said: bytes) -> None:
    server.unread = said
    monkeypatch.setenv("AWS_ENDPOINT_URL", server.url.replace("http:", "https:"))
    assert mail(made_by("ours", "sesv2", ONCE)) == "EndpointConnectionError"


def test_all_addresses_of_a_host_share_the_time_for_a_connection(
    monkeypatch: pytest.MonkeyPatch, server: Server
) -> None:
    tried: list[tuple[str, float]] = []
    real = socket.getaddrinfo

    def look_up(host: str, *given: Any, **named: Any) -> Any:
        names = ["127.0.0.1", "127.0.0.2", "127.0.0.3"] if host == "many.example.com" else [host]
        return [found for name in names for found in real(name, *given, **named)]

    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://many.example.com")
    client = made_by("ours", "sesv2", Limits(3, 0.05, 1))
    monkeypatch.setattr("socket.getaddrinfo", look_up)

    def connect(self: socket.socket, address: tuple[str, int]) -> None:
        tried.append((address[0], self.gettimeout() or 0))
        raise TimeoutError

    monkeypatch.setattr("socket.socket.connect", connect)
    assert mail(client) == "ConnectTimeoutError"
    assert [address for address, _ in tried] == ["127.0.0.1", "127.0.0.2", "127.0.0.3"]
    assert sum(seconds for _, seconds in tried) <= 3


def test_tls_has_what_is_left_of_the_time_for_a_connection(monkeypatch: pytest.MonkeyPatch, server: Server) -> None:
    seconds: list[float | None] = []
    real = socket.create_connection

    def connect(*given: Any, **named: Any) -> socket.socket:
        now[0] += 0.75
        return real(*given, **named)

    def wrap(_context: Any, connection: socket.socket, **_: Any) -> Any:
        seconds.append(connection.gettimeout())
        raise TimeoutError

    now = [0.0]
    monkeypatch.setenv("AWS_ENDPOINT_URL", server.url.replace("http:", "https:"))
    client = made_by("ours", "sesv2", Limits(1, 0.05, 1))
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    monkeypatch.setattr("socket.create_connection", connect)
    monkeypatch.setattr("ssl.SSLContext.wrap_socket", wrap)
    assert mail(client) == "ConnectTimeoutError"
    assert seconds == [0.25]


@pytest.mark.parametrize("kind", ["ours", "boto3"])
@pytest.mark.parametrize(("service", "call", "limits"), [("dynamodb", get, REPEATED), ("sesv2", mail, ONCE)])
def test_where_nobody_listens_no_connection_is_made(
    monkeypatch: pytest.MonkeyPatch, server: Server, kind: str, service: str, call: Callable[[Any], Any], limits: Limits
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{unused.getsockname()[1]}")
    assert call(made_by(kind, service, limits)) == "EndpointConnectionError"


@pytest.mark.parametrize("kind", ["ours", "boto3"])
def test_a_connection_that_takes_too_long_is_given_up(
    monkeypatch: pytest.MonkeyPatch, server: Server, kind: str
) -> None:
    def connect(*_: Any, **__: Any) -> Any:
        raise TimeoutError

    client = made_by(kind, "sesv2", ONCE)
    monkeypatch.setattr("socket.create_connection", connect)
    monkeypatch.setattr("urllib3.util.connection.create_connection", connect)
    assert mail(client) == "ConnectTimeoutError"


def test_waiting_for_a_connection_has_a_limit_of_its_own(monkeypatch: pytest.MonkeyPatch, server: Server) -> None:
    seconds = []
    real = socket.create_connection

    def connect(address: Any, timeout: float) -> socket.socket:
        seconds.append(timeout)
        return real(address, timeout)

    monkeypatch.setattr("socket.create_connection", connect)
    server.acts = [is_silent]
    client = made_by("ours", "sesv2", Limits(7, 0.05, 1))
    assert mail(client) == "ReadTimeoutError"
    assert seconds == [7]


def test_a_clock_that_is_wrong_is_set_by_the_services(monkeypatch: pytest.MonkeyPatch, server: Server) -> None:
    theirs = 1_900_000_000.0
    skewed = error("InvalidSignatureException", 403, Date=formatdate(theirs, usegmt=True))
    server.acts = [skewed, says(answer(body=b'{"MessageId": "1"}')), says(answer(body=b'{"MessageId": "2"}'))]
    client = made_by("ours", "sesv2", ONCE)
    assert [mail(client), mail(client)] == [{"MessageId": "1"}, {"MessageId": "2"}]
    dates = [next(line for line in request.split(b"\r\n") if b"x-amz-date" in line) for request in server.requests]
    assert [date.startswith(b"x-amz-date: 20300317T") for date in dates] == [False, True, True]


@pytest.mark.parametrize("date", [None, "now", "nonsense"])
def test_a_signature_that_is_wrong_for_another_reason_is_refused_once(server: Server, date: str | None) -> None:
    headers: dict[str, Any] = {} if date is None else {"Date": formatdate(usegmt=True) if date == "now" else date}
    server.acts = [error("InvalidSignatureException", 403, **headers)]
    client = made_by("ours", "dynamodb", REPEATED)
    assert get(client)[0] == "InvalidSignatureException"
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "body",
    [
        b'{"MessageId": ',
        b"[]",
        b"<html></html>",
        pytest.param(b'{"a":' * 100_000 + b"1" + b"}" * 100_000, id="too deep"),
    ],
)
def test_an_answer_that_cannot_be_read_is_none(server: Server, body: bytes) -> None:
    server.acts = [says(answer(body=body))]
    assert mail(made_by("ours", "sesv2", ONCE)) == "Unreadable"


@pytest.mark.parametrize(
    "body", [b"{}", gzip.compress(b"{}")[:-4], gzip.compress(b"{}")[:10] + b"\xff\xff"], ids=["not", "half", "badly"]
)
def test_an_answer_that_is_not_packed_as_it_says_is_none(server: Server, body: bytes) -> None:
    server.acts = [says(answer(body=body, Content_Encoding="gzip"))]
    assert mail(made_by("ours", "sesv2", ONCE)) == "Unreadable"


@pytest.mark.parametrize("status", [200, 400])
@pytest.mark.parametrize("body", [b"<a>", b'<?xml version="1.0" encoding="none"?><a/>', b"{}"])
def test_of_a_publication_what_is_no_xml_says_nothing(server: Server, body: bytes, status: int) -> None:
    server.acts = [says(answer(status, body))]
    found = publish(made_by("ours", "sns", ONCE))
    assert (found if status == 200 else found[:3]) == ("Unreadable" if status == 200 else ("400", "Bad Request", 400))


@pytest.mark.parametrize("sealed", [b'"A"', b"1", b"null"])
def test_a_secret_that_cannot_be_read_is_none(server: Server, sealed: bytes) -> None:
    server.acts = [says(answer(body=b'{"CiphertextBlob": ' + sealed + b"}"))]
    client = made_by("ours", "kms", ONCE)
    assert outcome(lambda: client.encrypt(KeyId="k", Plaintext=b"x")) == "Unreadable"


def test_a_check_sum_that_is_no_number_is_wrong(server: Server) -> None:
    server.acts = [says(answer(x_amz_crc32="x"))]
    assert get(made_by("ours", "dynamodb", ONCE)) == "ChecksumError"


def test_an_answer_whose_check_sum_stays_wrong_is_none(server: Server) -> None:
    server.acts = [says(answer(x_amz_crc32="1"))] * 2
    assert get(made_by("ours", "dynamodb", REPEATED)) == "ChecksumError"


def test_an_answer_that_was_packed_is_unpacked(server: Server) -> None:
    body = gzip.compress(b'{"Item": {"pk": {"S": "x"}}}')
    headers: dict[str, Any] = {"Content_Encoding": "gzip", "x_amz_crc32": str(zlib.crc32(body))}
    server.acts = [says(answer(body=body, **headers))]
    assert get(made_by("ours", "dynamodb", REPEATED)) == {"Item": {"pk": {"S": "x"}}}


def test_a_transaction_is_repeated_with_the_same_token(server: Server) -> None:
    server.acts = [is_silent, says(answer())]
    bodies: list[bytes] = []
    client = made_by("ours", "dynamodb", REPEATED)
    real = client._connections.exchange

    def exchange(method: str, request: bytes) -> Any:
        bodies.append(request)
        return real(method, request)

    client._connections.exchange = exchange
    client.transact_write_items(TransactItems=[{"Delete": {"TableName": "T", "Key": {"pk": {"S": "x"}}}}])
    assert len(bodies) == 2
    assert len({json.loads(request.partition(b"\r\n\r\n")[2])["ClientRequestToken"] for request in bodies}) == 1


def test_a_service_that_fails_for_all_is_soon_asked_once(server: Server) -> None:
    client = made_by("ours", "dynamodb", REPEATED)
    server.acts = [error("InternalServerError", 500)] * 1000
    for _ in range(100):
        get(client)
    assert len(server.requests) == 100 + 500 // 14
    server.acts = [OK] * 200
    for _ in range(14):
        get(client)
    server.acts, server.requests = [error("InternalServerError", 500)] * 2, []
    get(client)
    assert len(server.requests) == 2


def test_throttled_callers_wait_up_to_a_second_and_others_a_moment() -> None:
    def failed(code: str, status: int) -> ClientError:
        return ClientError({"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}, "GetItem")

    throttled = [retries.pause(failed("ThrottlingException", 400), 0.025) for _ in range(100)]
    broken = [retries.pause(failed("InternalServerError", 500), 0.025) for _ in range(100)]
    assert 0.5 < max(throttled) <= 1
    assert max(broken) <= 0.025


def test_threads_share_a_client(server: Server) -> None:
    client = made_by("ours", "dynamodb", REPEATED)
    server.acts = [OK] * 400
    found: list[Any] = []

    def ask() -> None:
        found.extend(get(client) for _ in range(50))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [{"Item": {"pk": {"S": "x"}}}] * 400
    assert server.connections <= 8
