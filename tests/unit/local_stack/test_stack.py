"""The local stack as a whole, with the sample product in it."""

import http.client
import json
import os
import signal
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import pytest

from local_stack.aws.server import AwsServer, embedded
from tests.local_stack import LocalStack, launch, start
from tests.unit.local_stack.conftest import SAMPLE, reset


def send(stack: LocalStack, **work: Any) -> None:
    assert stack.request("POST", "/send", work).status == 200


def stored(stack: LocalStack, key: str) -> Any:
    def look() -> Any:
        answer = stack.request("GET", f"/result/{key}")
        return answer.json() if answer.status == 200 else None

    return stack.wait_for(look)


def test_the_demo_is_complete_when_the_health_is_good(sample_stack: LocalStack) -> None:
    assert sample_stack.demo == {
        "base_url": sample_stack.base_url,
        "environment": "dev",
        "mock_environment": "sandbox",
        "api_token": "sample-token",
        "public_key": "pk_sample",
        "secret_key": "sk_sample",
        "event_api_key": "sample-token",
        "account": None,
        "service_api_key": "sample-token",
    }


def test_the_terminal_shows_where_it_is_and_what_to_paste(sample_stack: LocalStack) -> None:
    printed = sample_stack.printed()
    assert f"{sample_stack.base_url}/_local/" in printed
    assert "sample-token" in printed
    assert f"curl {sample_stack.base_url}/neptune/events/ingest" in printed


def test_a_request_reaches_its_function_with_its_environment(sample_stack: LocalStack) -> None:
    answer = sample_stack.request("PUT", "/echo/a%2Fb%20c?x=1&x=2", b"\x00\xff", {"Content-Type": "image/png"}).json()
    assert answer["event"]["pathParameters"] == {"rest": "a/b c"}
    assert (answer["event"]["body"], answer["event"]["isBase64Encoded"]) == ("AP8=", True)
    assert answer["greeting"] == "hello"
    assert answer["environment"]["BASE_URL"] == sample_stack.base_url


def test_blanks_around_the_value_of_a_header_are_no_part_of_it(sample_stack: LocalStack) -> None:
    answer = sample_stack.request("GET", "/echo/x", None, {"Authorization": " \tBearer key\t "}).json()
    assert answer["event"]["headers"]["authorization"] == "Bearer key"


def test_the_variables_of_functions_are_there_for_sam_local(sample_stack: LocalStack) -> None:
    variables = json.loads((sample_stack.state_dir / "functions.json").read_text(encoding="utf-8"))
    assert variables["Worker"]["EMAIL_FROM"] == "hello@example.com"


def ask(stack: LocalStack, path: str, *hosts: str, method: str = "GET") -> tuple[int, bytes]:
    """Send a request that is right but for the name that it has for this machine."""
    connection = http.client.HTTPConnection("127.0.0.1", int(stack.base_url.rpartition(":")[2]), timeout=10)
    try:
        connection.putrequest(method, path, skip_host=True)
        for host in hosts:
            connection.putheader("Host", host)
        connection.endheaders()
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


@pytest.mark.parametrize(
    "path", ["/_local/outbox", "/_local/session", "/_local/", "/_local/feedback", "/health", "/echo/x", "/"]
)
@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS"])
def test_a_page_of_another_site_reads_nothing_when_its_name_leads_here(
    sample_stack: LocalStack, method: str, path: str
) -> None:
    port = sample_stack.base_url.rpartition(":")[2]
    status, body = ask(sample_stack, path, f"evil.example:{port}", method=method)
    assert status == 421
    assert json.loads(body) == {
        "message": "This server answers to the names of this machine alone; NEREID_HOSTS adds others."
    }


@pytest.mark.parametrize(
    "hosts",
    [
        ["evil.example"],
        ["localhost.evil.example"],
        ["127.0.0.1.evil.example:3000"],
        ["127.0.0.1@evil.example"],
        ["evil.example#127.0.0.1"],
        ["evil-localhost"],
        ["0.0.0.0"],  # noqa: S104 - asked for, not bound
        ["192.0.2.1"],
        ["[::ffff:127.0.0.1]"],
        ["["],
        [""],
        [],
        ["localhost", "evil.example"],
        ["evil.example", "localhost"],
    ],
    ids=str,
)
def test_a_name_that_only_resembles_this_machines_is_refused(sample_stack: LocalStack, hosts: list[str]) -> None:
    assert ask(sample_stack, "/_local/outbox", *hosts)[0] == 421


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "127.0.0.1:1", "localhost", "LocalHost:3000", "localhost.", "[::1]:3000", "host.docker.internal"],
)
def test_the_names_of_this_machine_are_answered(sample_stack: LocalStack, host: str) -> None:
    assert ask(sample_stack, "/_local/outbox", host)[0] == 200
    assert ask(sample_stack, "/health", host)[0] == 200


def test_no_cache_keeps_what_was_sent_and_no_browser_guesses_what_it_is(sample_stack: LocalStack) -> None:
    for path in ("/_local/", "/_local/sent", "/_local/outbox", "/_local/session", "/_local/nowhere", "/nowhere"):
        headers = sample_stack.request("GET", path).headers
        assert (headers["Cache-Control"], headers["X-Content-Type-Options"]) == ("no-store", "nosniff"), path


@pytest.mark.parametrize(
    ("path", "status", "text"),
    [
        ("/nowhere", 404, "Not Found"),
        ("/broken", 500, "Internal Server Error"),
        ("/slow", 500, "Internal Server Error"),
        ("/_local/nowhere", 404, "Not Found"),
    ],
)
def test_errors_are_the_gateways(sample_stack: LocalStack, path: str, status: int, text: str) -> None:
    answer = sample_stack.request("GET", path)
    assert (answer.status, answer.json()) == (status, {"message": text})


def test_a_body_over_ten_megabytes_is_refused(sample_stack: LocalStack) -> None:
    connection = http.client.HTTPConnection(sample_stack.base_url.removeprefix("http://"), timeout=10)
    connection.putrequest("POST", "/echo/x")
    connection.putheader("Content-Length", str(10 * 1024 * 1024 + 1))
    connection.endheaders()
    response = connection.getresponse()
    assert (response.status, json.loads(response.read())) == (413, {"message": "Request Entity Too Large"})
    connection.close()


def test_who_sends_a_body_that_is_refused_reads_why(sample_stack: LocalStack) -> None:
    answer = sample_stack.request("POST", "/echo/x", b"x" * (16 * 1024 * 1024))
    assert (answer.status, answer.json()) == (413, {"message": "Request Entity Too Large"})


def test_a_connection_serves_many_requests_and_chunked_bodies(sample_stack: LocalStack) -> None:
    connection = http.client.HTTPConnection(sample_stack.base_url.removeprefix("http://"), timeout=10)
    headers = {"Content-Type": "text/plain"}
    for _ in range(3):
        connection.request("POST", "/echo/x", iter([b"one ", b"two"]), headers, encode_chunked=True)
        answer = json.loads(connection.getresponse().read())
        assert answer["event"]["body"] == "one two"
    connection.request("HEAD", "/health")
    assert connection.getresponse().read() == b""
    connection.close()


def test_what_is_queued_is_sent_and_shown_well_within_a_second(sample_stack: LocalStack) -> None:
    send(sample_stack, key="warm", channel="email", to="warm@example.com", subject="s", text="t")
    sample_stack.wait_for(lambda: sample_stack.outbox("warm@example.com"))
    began = time.monotonic()
    send(sample_stack, key="mail", channel="email", to="Sam@example.com", subject="Hi", text="Text")
    (entry,) = sample_stack.wait_for(lambda: sample_stack.outbox("sam@EXAMPLE.com"))
    assert time.monotonic() - began < 1
    assert (entry["from"], entry["subject"], entry["text"]) == ("hello@example.com", "Hi", "Text")
    assert sample_stack.request("GET", "/_local/sent").json()["messages"][0]["to"] == "Sam@example.com"


def test_a_browser_is_led_to_the_console(sample_stack: LocalStack) -> None:
    for path, place in (("/", "/console"), ("/_local/", "/console/outbox"), ("/_local", "/console/outbox")):
        answer = sample_stack.request("GET", path)
        assert (answer.status, answer.headers["Location"]) == (302, place)


def test_the_console_gets_what_it_signs_in_with(sample_stack: LocalStack) -> None:
    session = sample_stack.request("GET", "/_local/session").json()
    known = {name: sample_stack.demo[name] for name in ("api_token", "environment")}
    assert session == {**known, "aws_paths": False}


def test_what_was_sent_is_shown_in_brief_in_full_and_in_its_raw_form(sample_stack: LocalStack) -> None:
    send(sample_stack, key="shown", channel="email", to="shown@example.com", subject="Hi", text="Text")
    (entry,) = sample_stack.wait_for(lambda: sample_stack.outbox("shown@example.com"))
    listed = sample_stack.request("GET", "/_local/sent").json()
    brief = next(each for each in listed["messages"] if each["to"] == "shown@example.com")
    assert (brief["summary"], brief["attachments"], "text" in brief) == ("Hi", 0, False)
    path = f"/_local/outbox/{entry['provider_message_id']}"
    assert sample_stack.request("GET", path).json()["messages"] == [entry]
    assert "Subject: Hi" in sample_stack.request("GET", f"{path}/source").json()["source"]


def test_who_knows_what_was_sent_is_told_that_nothing_has_changed(sample_stack: LocalStack) -> None:
    changes = sample_stack.request("GET", "/_local/sent").json()["changes"]
    again = sample_stack.request("GET", f"/_local/sent?known={changes}").json()
    assert (again["changes"], again["messages"]) == (changes, None)


def test_what_was_sent_is_deleted_one_by_one_or_altogether(sample_stack: LocalStack) -> None:
    for number in (1, 2):
        send(sample_stack, key=f"gone-{number}", channel="sms", to=f"+1555555010{number}", text="x")
    (first,) = sample_stack.wait_for(lambda: sample_stack.outbox("+15555550101"))
    sample_stack.wait_for(lambda: sample_stack.outbox("+15555550102"))
    path = f"/_local/outbox/{first['provider_message_id']}"
    assert sample_stack.request("DELETE", path).json() == {"deleted": 1}
    assert [sample_stack.request(method, path).status for method in ("GET", "DELETE")] == [404, 404]
    assert sample_stack.request("GET", f"{path}/source").status == 404
    assert sample_stack.outbox("+15555550102")
    assert sample_stack.request("DELETE", "/_local/outbox").json()["deleted"] > 0
    assert sample_stack.outbox() == []


def test_text_messages_and_push_notifications_are_shown(sample_stack: LocalStack) -> None:
    send(sample_stack, key="sms", channel="sms", to="+15555550199", text="Code 1")
    send(sample_stack, key="push", channel="push", to="device-1", subject="Title", text="Body")
    (sms,) = sample_stack.wait_for(lambda: sample_stack.outbox("+15555550199"))
    (push,) = sample_stack.wait_for(lambda: sample_stack.outbox("device-1"))
    assert (sms["channel"], sms["from"], sms["text"]) == ("sms", "Sample", "Code 1")
    assert (push["channel"], push["title"], push["body"]) == ("push", "Title", "Body")


def test_feedback_reaches_the_product_by_the_templates_rule(sample_stack: LocalStack) -> None:
    send(sample_stack, key="bounced", channel="email", to="bounced@example.com", subject="s", text="t")
    (entry,) = sample_stack.wait_for(lambda: sample_stack.outbox("bounced@example.com"))
    stored(sample_stack, "bounced")
    report = {"provider_message_id": entry["provider_message_id"], "type": "bounce"}
    answer = sample_stack.request("POST", "/_local/feedback", report)
    assert (answer.status, answer.json()) == (202, {"status": "accepted"})

    def look() -> Any:
        found = stored(sample_stack, "bounced")
        return found if "detail" in found else None

    event = sample_stack.wait_for(look)
    assert event["detail"]["bounce"]["bouncedRecipients"][0]["emailAddress"] == "bounced@example.com"


@pytest.mark.parametrize(
    ("body", "status", "fields"),
    [
        ({"provider_message_id": "none", "type": "bounce"}, 404, None),
        ({"type": "bounce"}, 422, ["provider_message_id"]),
        ({"provider_message_id": "x"}, 422, ["type"]),
        ({"provider_message_id": "x", "type": "shrug"}, 422, ["type"]),
        ({"provider_message_id": "x", "type": "bounce", "bounce_type": "Soft"}, 422, ["bounce_type"]),
        ({}, 422, ["provider_message_id", "type"]),
        (b"no json", 400, None),
        ([], 400, None),
    ],
)
def test_bad_feedback_is_refused(sample_stack: LocalStack, body: Any, status: int, fields: list[str] | None) -> None:
    answer = sample_stack.request("POST", "/_local/feedback", body)
    assert answer.status == status
    if fields:
        assert [error["field"] for error in answer.json()["errors"]] == fields


def test_an_unknown_address_has_an_empty_outbox(sample_stack: LocalStack) -> None:
    assert sample_stack.request("GET", "/_local/outbox?to=nobody@example.com").json() == {"messages": []}


def test_the_record_of_a_message_is_lambdas(sample_stack: LocalStack) -> None:
    send(sample_stack, key="plain")
    record = stored(sample_stack, "plain")["record"]
    assert record["eventSource"] == "aws:sqs"
    assert record["attributes"]["ApproximateReceiveCount"] == "1"
    assert record["eventSourceARN"].endswith(":nereid-local-WorkQueue")


def test_a_taken_port_ends_the_stack_at_once(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        began = time.monotonic()
        stack = launch(tmp_path, NEREID_TEMPLATE=str(SAMPLE), PORT=str(port))
        assert stack.process.wait(20) == 1
        assert time.monotonic() - began < 5
    assert f"Port {port} is taken" in stack.printed()


@pytest.mark.slow
def test_a_template_that_cannot_be_read_ends_the_stack_with_its_reason(
    tmp_path: Path, write: Callable[[str, str], Path]
) -> None:
    path = write("template.yaml", "nothing: here\n")
    stack = launch(tmp_path / "state", NEREID_TEMPLATE=str(path))
    assert stack.process.wait(20) == 1
    assert "the template has no Resources" in stack.printed()


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.slow
def test_a_signal_ends_the_stack_with_all_its_processes(tmp_path: Path, signum: signal.Signals) -> None:
    stack = start(tmp_path, NEREID_TEMPLATE=str(SAMPLE))
    pids = _descendants(stack.process.pid)
    assert len(pids) >= 2
    began = time.monotonic()
    assert stack.stop(signum) == 0
    assert time.monotonic() - began < 2
    ends = time.monotonic() + 2
    while time.monotonic() < ends and any(_alive(pid) for pid in pids):
        time.sleep(0.02)
    assert not [pid for pid in pids if _alive(pid)]


@pytest.mark.slow
def test_the_end_of_the_stack_by_force_leaves_nobody_behind(tmp_path: Path) -> None:
    stack = start(tmp_path, NEREID_TEMPLATE=str(SAMPLE))
    pids = _descendants(stack.process.pid)
    stack.process.kill()
    stack.process.wait()
    ends = time.monotonic() + 3
    while time.monotonic() < ends and any(_alive(pid) for pid in pids):
        time.sleep(0.02)
    assert not [pid for pid in pids if _alive(pid)]


@pytest.mark.slow
def test_another_emulator_can_take_the_place_of_the_embedded_one(tmp_path: Path) -> None:
    emulator = AwsServer(embedded(), "127.0.0.1", 0)
    emulator.start()
    reset(emulator.url)
    try:
        stack = start(tmp_path, NEREID_TEMPLATE=str(SAMPLE), AWS_ENDPOINT_URL=emulator.url)
        try:
            send(stack, key="k", channel="email", to="other@example.com", subject="Hi", text="Text")
            (entry,) = stack.wait_for(lambda: stack.outbox("other@example.com"))
            assert entry["subject"] == "Hi"
        finally:
            stack.stop()
        client = boto3.client(
            "dynamodb",
            endpoint_url=emulator.url,
            region_name="us-east-1",
            aws_access_key_id="a",
            aws_secret_access_key="b",
        )
        assert client.list_tables()["TableNames"] == ["nereid-local-Table"]
        client.close()
    finally:
        emulator.stop()


def _descendants(pid: int) -> list[int]:
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parent = int(entry.joinpath("stat").read_text(encoding="utf-8").rpartition(")")[2].split()[1])
            except OSError:
                continue
            children.setdefault(parent, []).append(int(entry.name))
    found, waiting = [], [pid]
    while waiting:
        below = children.get(waiting.pop(), [])
        found += below
        waiting += below
    return found


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    except (ProcessLookupError, FileNotFoundError):
        return False
