"""Messages: `nereid send`, `tail`, `preview` and `test-send`."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from tests.cli.conftest import Terminal, Wire
from tests.contract.manage_client import INBOX, MAIL, PHONE, TEXT, Manage, email_to


@pytest.fixture
def login(manage: Manage) -> str:
    """Return an event type with a mail and a text message."""
    return manage.configure(MAIL, TEXT, event_type="login")


def test_send_prints_the_id_of_the_message(terminal: Terminal, manage: Manage) -> None:
    done = terminal.run("send", "login", "--user", "2", "--message-id", "m-1")
    assert (done.code, done.out) == (0, "m-1\n")
    message = manage.message("m-1")
    assert (message["event_type"], message["user_id"], message["data"]) == ("login", "2", {})


def test_data_come_from_text_json_and_files(terminal: Terminal, manage: Manage) -> None:
    terminal.file("data.yaml", "otp: 0123\nfrom: file\nitems: [1]\n")
    given = ["-d", "@data.yaml", "-d", "from=option=", "-d", "count:=2", "-d", "@-"]
    message_id = terminal.run("send", "login", *given, stdin='{"list": [null]}').out.strip()
    assert manage.message(message_id)["data"] == {
        "otp": "0123",
        "from": "option=",
        "items": [1],
        "count": 2,
        "list": [None],
    }


def test_recipients_are_named_by_their_kind(terminal: Terminal, manage: Manage) -> None:
    given = ["--to", "email=sam@example.com", "--to", "sms=+4915112345678", "--to", "push=a=b"]
    message_id = terminal.run("send", "login", *given).out.strip()
    kinds = [(each["type"], each["value"]) for each in manage.message(message_id)["contact_infos"]]
    assert kinds == [
        ("email", "sam@example.com"),
        ("mobile_number", "+4915112345678"),
        ("firebase_token", "a=b"),
    ]


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (["-d", "otp"], "--data otp: must be NAME=TEXT"),
        (["-d", "=1"], "--data =1: must be NAME=TEXT"),
        (["-d", "a:={"], "--data a:={: '{' is no JSON"),
        (["-d", "@gone.json"], "gone.json: cannot be read"),
        (["-d", "@-"], "--data @-: the standard input is no JSON"),
        (["--to", "fax=1"], "--to fax=1: must be KIND=ADDRESS"),
        (["--to", "email="], "--to email=: must be KIND=ADDRESS"),
    ],
)
def test_what_cannot_be_sent_is_told_without_asking(
    terminal: Terminal, wire: Wire, arguments: list[str], error: str
) -> None:
    done = terminal.run("send", "login", *arguments)
    assert (done.code, wire.lines) == (1, [])
    assert error in done.err


def test_what_the_api_refuses_names_the_field(terminal: Terminal) -> None:
    done = terminal.run("send", "x" * 257)
    assert (done.code, done.err) == (1, "event_type: event_type is not valid\n")


def test_a_lost_answer_makes_no_second_message(terminal: Terminal, wire: Wire, manage: Manage) -> None:
    wire.afterwards = [httpx.ReadTimeout("lost")]
    assert terminal.run("send", "login").code == 0
    assert len(wire.lines) == 2
    [page] = manage.pages("/{env}/messages", 100)
    assert len(page) == 1


def test_wait_shows_what_became_of_it(terminal: Terminal, login: str) -> None:
    done = terminal.run("send", login, "--to", "email=sam@example.com", "--message-id", "m-1", "--wait")
    assert done.code == 0
    assert [line.rstrip() for line in done.out.splitlines()] == [
        "m-1",
        "notification  channel  to               status      reason",
        "mail          email    sam@example.com  mocked",
        "text          sms                       no_contact  no sms contact",
    ]


def test_wait_ends_with_one_if_a_delivery_failed(terminal: Terminal, manage: Manage) -> None:
    manage.configure({**MAIL, "missing": "fail"}, event_type="login")
    done = terminal.run("send", "login", "--to", "email=sam@example.com", "--wait", "--json")
    assert done.code == 1
    assert done.json()["deliveries"][0]["reason"] == "template: missing: otp"


def test_wait_ends_with_one_if_nobody_was_told(terminal: Terminal, login: str) -> None:
    assert terminal.run("send", login, "--wait").code == 1


def test_wait_says_why_nothing_was_sent(terminal: Terminal) -> None:
    done = terminal.run("send", "unknown", "--wait")
    assert done.code == 1
    assert done.out.endswith("Nothing was sent: event type is not configured\n")


def test_a_condition_that_does_not_hold_is_no_failure(terminal: Terminal, manage: Manage) -> None:
    manage.configure({**MAIL, "when": "data.urgent"}, event_type="login")
    done = terminal.run("send", "login", "--wait")
    assert done.code == 0
    assert "condition does not hold" in done.out


def test_wait_does_not_wait_for_ever(terminal: Terminal, wire: Wire) -> None:
    clock = iter(range(1000))
    terminal.monkeypatch.setattr("nereid_cli.commands.messages.time.monotonic", lambda: float(next(clock)))
    inner = wire.handle

    def in_its_queue(request: httpx.Request) -> httpx.Response:
        return httpx.Response(404, json={"message": "Not Found"}) if "messages" in request.url.path else inner(request)

    terminal.monkeypatch.setattr(httpx.HTTPTransport, "handle_request", lambda _, request: in_its_queue(request))
    done = terminal.run("send", "login", "--message-id", "m-1", "--wait", "--timeout", "3")
    assert done.code == 1
    assert "m-1 was accepted and is still in its queue after 3 s." in done.err


def test_ids_are_escaped_for_paths(terminal: Terminal) -> None:
    done = terminal.run("send", "unknown", "--message-id", "a/b c", "--wait", "--json")
    assert done.json()["message_id"] == "a/b c"


def test_preview_shows_what_would_be_sent(terminal: Terminal, login: str, wire: Wire, manage: Manage) -> None:
    wire.lines.clear()
    done = terminal.run("preview", login, "-d", "otp=123")
    assert done.out == ("mail (email)\n  subject: Code 123\n  text: 123\n\ntext (sms)\n  text: 123 is your code\n\n")
    assert wire.lines == [f"POST /manage/{manage.environment}/previews"]


def test_preview_of_one_notification(terminal: Terminal, login: str) -> None:
    [found] = terminal.run("preview", login, "--name", "text", "--json").json()
    assert (found["notification"], found["missing_variables"]) == ("text", ["otp"])


def test_preview_tells_what_is_missing_and_what_would_not_be_sent(terminal: Terminal, manage: Manage) -> None:
    manage.configure({**TEXT, "when": "data.urgent"}, event_type="login")
    out = terminal.run("preview", "login").out
    assert "  missing: otp\n" in out
    assert "  its condition does not hold: it would not be sent\n" in out


def test_preview_of_a_file_that_is_not_applied(terminal: Terminal) -> None:
    path = terminal.file("login.json", {"notifications": [MAIL, TEXT]})
    done = terminal.run("preview", "--file", str(path), "--name", "text", "-d", "otp=5")
    assert done.out == "text (sms)\n  text: 5 is your code\n\n"


def test_preview_of_a_wrong_file_names_the_line(terminal: Terminal) -> None:
    terminal.file("login.yaml", "notifications:\n- name: text\n  channel: sms\n  template:\n    text: '{{ otp'\n")
    done = terminal.run("preview", "--file", "login.yaml")
    assert done.code == 1
    assert done.err.startswith("login.yaml:5: notifications[0].template.text: template does not parse")


def test_preview_of_an_event_type_that_is_not_there(terminal: Terminal) -> None:
    done = terminal.run("preview", "gone", "--name", "mail")
    assert (done.code, done.err) == (1, "There is no event type gone with a notification mail.\n")


@pytest.mark.parametrize("arguments", [[], ["login", "--file", "login.json"]], ids=["nothing", "both"])
def test_preview_wants_an_event_type_or_a_file(terminal: Terminal, arguments: list[str]) -> None:
    assert "Name an event type, or a file" in terminal.run("preview", *arguments).err


def test_what_others_sent_does_not_steer_the_terminal(terminal: Terminal, manage: Manage) -> None:
    manage.configure(TEXT, event_type="login")
    out = terminal.run("preview", "login", "-d", 'otp:="\\u001b]0;title\\u0007\\u009b31m"').out
    assert "\\x1b]0;title\\x07\\x9b31m is your code" in out


def test_a_test_send_goes_to_one_address(terminal: Terminal, login: str, manage: Manage) -> None:
    done = terminal.run("test-send", login, "--to", "sam@example.com", "-d", "otp=1", "--wait")
    assert done.code == 0
    message = manage.message(done.out.splitlines()[0])
    assert message["test"] is True
    assert [each["to"] for each in message["deliveries"]] == ["sam@example.com"]


def test_too_many_test_sends_are_told(terminal: Terminal, wire: Wire) -> None:
    wire.instead = [httpx.Response(429, headers={"Retry-After": "60"}, json={"message": "Too many requests"})]
    done = terminal.run("test-send", "login", "--to", "sam@example.com")
    assert (done.code, done.err) == (1, "Too many requests: try again later.\n")


def test_a_test_send_without_an_answer_is_not_made_again(terminal: Terminal, wire: Wire, login: str) -> None:
    wire.afterwards = [httpx.ReadTimeout("lost")]
    assert terminal.run("test-send", login, "--to", "sam@example.com").code == 1
    assert len(wire.lines) == 1


def test_tail_begins_with_the_newest(terminal: Terminal, manage: Manage) -> None:
    for name in ("m-1", "m-2", "m-3"):
        manage.message(manage.ingest("unknown", message_id=name, user_id="2"))
    done = terminal.run("tail", "-n", "2", "--no-follow")
    assert [line.split()[2:] for line in done.out.splitlines()] == [
        [name, "unknown", "2", "event", "type", "is", "not", "configured"] for name in ("m-2", "m-3")
    ]


def test_tail_shows_each_new_message_once(terminal: Terminal, manage: Manage) -> None:
    manage.message(manage.ingest("unknown", message_id="before"))
    rounds: list[float] = []

    def meanwhile(seconds: float) -> None:
        rounds.append(seconds)
        if len(rounds) > 4:
            raise KeyboardInterrupt
        manage.message(manage.ingest("unknown", message_id=f"m-{len(rounds)}"))

    terminal.on_sleep = meanwhile
    done = terminal.run("tail", "-n", "0", "--json", "--interval", "10")
    assert done.code == 130
    assert [json.loads(line)["message_id"] for line in done.out.splitlines()] == ["m-1", "m-2", "m-3", "m-4"]


def test_tail_goes_on_when_the_stack_was_away(terminal: Terminal, wire: Wire, manage: Manage) -> None:
    rounds: list[float] = []

    def meanwhile(seconds: float) -> None:
        rounds.append(seconds)
        if len(rounds) == 1:
            manage.message(manage.ingest("unknown", message_id="m-1"))
            wire.instead = [httpx.ConnectError("away")]
        if len(rounds) == 3:
            raise KeyboardInterrupt

    terminal.on_sleep = meanwhile
    done = terminal.run("tail", "-n", "0")
    assert "cannot be reached: away" in done.err
    assert "m-1" in done.out


def test_tail_ends_when_it_may_not_go_on(terminal: Terminal, wire: Wire) -> None:
    def revoked(_: float) -> None:
        wire.instead = [httpx.Response(401, json={"message": "Unauthenticated"})]

    terminal.on_sleep = revoked
    assert terminal.run("tail").code == 1


def test_half_a_character_in_data_is_sent(terminal: Terminal, manage: Manage) -> None:
    message_id = terminal.run("send", "login", "-d", 'a:="\\ud83c"').out.strip()
    assert manage.message(message_id)["data"] == {"a": "\ufffd"}


def test_arguments_that_are_no_text_are_a_mistake(terminal: Terminal, wire: Wire) -> None:
    done = terminal.run("send", "login\udcff")
    assert (done.code, wire.lines) == (1, [])


def test_tail_takes_filters(terminal: Terminal, manage: Manage) -> None:
    for name, user, event_type in (("m-1", "2", "a"), ("m-2", "3", "a"), ("m-3", "2", "b")):
        manage.message(manage.ingest(event_type, message_id=name, user_id=user))
    done = terminal.run("tail", "--no-follow", "--json", "--user", "2", "--event-type", "a")
    assert [json.loads(line)["message_id"] for line in done.out.splitlines()] == ["m-1"]


def test_tail_takes_what_became_of_messages(terminal: Terminal, manage: Manage, login: str) -> None:
    for name, contacts in (("m-1", email_to("sam@example.com")), ("m-2", []), ("m-3", email_to("kim@example.com"))):
        manage.message(manage.ingest(login, message_id=name, contact_infos=contacts))
    done = terminal.run("tail", "--no-follow", "--json", "--status", "mocked", "--address", "kim@example.com")
    assert [json.loads(line)["message_id"] for line in done.out.splitlines()] == ["m-3"]


def test_a_status_that_there_is_not_is_told(terminal: Terminal) -> None:
    done = terminal.run("tail", "--status", "lost")
    assert (done.code, done.err.startswith("status: must be ")) == (1, True)


@pytest.mark.parametrize("notification", [PHONE, INBOX], ids=["push", "app"])
def test_wait_knows_every_channel(terminal: Terminal, manage: Manage, notification: dict[str, Any]) -> None:
    user = manage.user({"type": "firebase_token", "value": f"token-{notification['channel']}"})
    manage.configure(notification, event_type="login")
    assert terminal.run("send", "login", "--user", user, "--wait").code == 0


def test_a_delivery_to_the_users_own_address_is_shown(terminal: Terminal, manage: Manage, login: str) -> None:
    user = manage.user(*email_to("kim@example.com"))
    assert "kim@example.com" in terminal.run("send", login, "--user", user, "--wait").out
