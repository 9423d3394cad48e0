"""Event types as files: `nereid apply` and `nereid pull`."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.cli.conftest import Terminal, Wire
from tests.contract.manage_client import MAIL, TEXT, Manage

BODY: dict[str, Any] = {"notifications": [MAIL]}


def there(manage: Manage) -> dict[str, Any]:
    """Return the notifications of each event type of the environment."""
    [page] = manage.pages("/{env}/event_types", 100)
    return {each["event_type"]: each["notifications"] for each in page}


def test_apply_creates_what_is_missing(terminal: Terminal, manage: Manage) -> None:
    terminal.file("types/login.json", BODY)
    terminal.file("types/orders/shipped.yaml", "notifications: []\n")
    done = terminal.run("apply", "types")
    assert (done.code, done.out.splitlines()[-1]) == (0, "Done: 2 created, 0 unchanged")
    assert there(manage) == {"login": [MAIL], "orders/shipped": []}


def test_apply_replaces_what_differs_and_shows_how(terminal: Terminal, manage: Manage) -> None:
    manage.configure(MAIL, TEXT, event_type="login")
    changed = {**TEXT, "template": {"text": "Your code: {{ otp }}"}}
    terminal.file("types/login.json", {"notifications": [MAIL, changed]})
    done = terminal.run("apply", "types")
    assert done.out.splitlines() == [
        "--- login",
        "+++ types/login.json",
        "@@ -7,4 +7,4 @@",
        " - name: text",
        "   channel: sms",
        "   template:",
        "-    text: '{{ otp }} is your code'",
        "+    text: 'Your code: {{ otp }}'",
        "Done: 1 changed, 0 unchanged",
    ]
    assert there(manage) == {"login": [MAIL, changed]}


def test_apply_writes_nothing_that_is_the_same(terminal: Terminal, wire: Wire) -> None:
    terminal.file("types/login.yaml", "public: false\nnotifications: []\nretain_data: null\n")
    terminal.run("apply", "types")
    wire.lines.clear()
    done = terminal.run("apply", "types")
    assert (done.code, done.out, wire.writes()) == (0, "Done: 1 unchanged\n", [])


def test_the_order_of_members_is_no_difference(terminal: Terminal, wire: Wire, manage: Manage) -> None:
    manage.configure(MAIL, event_type="login")
    terminal.file("types/login.json", {"notifications": [dict(reversed(MAIL.items()))]})
    assert terminal.run("apply", "types").out == "Done: 1 unchanged\n"
    assert wire.writes() == []


def test_true_is_not_one(terminal: Terminal, manage: Manage) -> None:
    push = {"name": "phone", "channel": "push", "template": {"title": "t", "body": "b", "data": {"silent": 1}}}
    manage.configure(push, event_type="login")
    push["template"] = {"title": "t", "body": "b", "data": {"silent": True}}
    terminal.file("types/login.json", {"notifications": [push]})
    assert terminal.run("apply", "types").out.endswith("Done: 1 changed, 0 unchanged\n")


def test_event_types_without_a_file_stay(terminal: Terminal, manage: Manage) -> None:
    manage.configure(MAIL, event_type="other")
    terminal.file("types/login.json", BODY)
    terminal.run("apply", "types")
    assert set(there(manage)) == {"login", "other"}


def test_prune_deletes_them(terminal: Terminal, manage: Manage) -> None:
    manage.configure(MAIL, event_type="other")
    terminal.file("types/login.json", BODY)
    done = terminal.run("apply", "types", "--prune", "--yes")
    assert done.out.splitlines()[-1] == "Done: 1 created, 1 deleted, 0 unchanged"
    assert set(there(manage)) == {"login"}


@pytest.mark.parametrize(("answer", "kept"), [("n\n", True), ("y\n", False)], ids=["no", "yes"])
def test_prune_asks(terminal: Terminal, manage: Manage, answer: str, kept: bool) -> None:  # noqa: FBT001
    manage.configure(MAIL, event_type="other")
    terminal.file("types/login.json", BODY)
    done = terminal.run("apply", "types", "--prune", stdin=answer, tty=True)
    assert ("other" in there(manage)) is kept
    assert done.code == (1 if kept else 0)
    # A no is one to all of it.
    assert ("login" in there(manage)) is not kept


def test_prune_deletes_nothing_where_nobody_can_answer(terminal: Terminal, wire: Wire, manage: Manage) -> None:
    manage.configure(MAIL, event_type="other")
    terminal.file("types/login.json", BODY)
    done = terminal.run("apply", "types", "--prune", stdin="y\n")
    assert done.code == 1
    assert "--yes" in done.err
    assert wire.writes() == []


def test_an_event_type_that_somebody_else_deleted_is_no_error(terminal: Terminal, wire: Wire, manage: Manage) -> None:
    manage.configure(MAIL, event_type="other")
    manage.configure(MAIL, event_type="same")
    terminal.file("types/same.json", BODY)
    inner = wire.handle

    def first(request: httpx.Request) -> httpx.Response:
        if request.method == "DELETE":
            manage.ok("DELETE", "/{env}/event_types/other")
        return inner(request)

    terminal.monkeypatch.setattr(httpx.HTTPTransport, "handle_request", lambda _, request: first(request))
    assert terminal.run("apply", "types", "--prune", "--yes").code == 0


def test_an_empty_folder_deletes_nothing(terminal: Terminal, wire: Wire, manage: Manage) -> None:
    manage.configure(MAIL, event_type="other")
    (terminal.folder / "types").mkdir()
    done = terminal.run("apply", "types", "--prune", "--yes")
    assert (done.code, wire.writes()) == (1, [])
    assert "has no file" in done.err


@pytest.mark.parametrize(
    ("options", "body", "code"),
    [
        ([], BODY, 0),
        (["--exit-code"], BODY, 2),
        (["--exit-code"], {"notifications": [TEXT]}, 0),
    ],
    ids=["without", "something would change", "nothing would"],
)
def test_a_dry_run_changes_nothing(
    terminal: Terminal, wire: Wire, manage: Manage, options: list[str], body: Any, code: int
) -> None:
    manage.configure(TEXT, event_type="login")
    terminal.file("types/login.json", body)
    done = terminal.run("apply", "types", "--dry-run", *options)
    assert (done.code, wire.writes()) == (code, [])
    assert done.out.splitlines()[-1].startswith("Would be ")


def test_a_dry_run_of_a_wrong_file_is_an_error(terminal: Terminal) -> None:
    terminal.file("types/login.json", {"notifications": [{**MAIL, "channel": "fax"}]})
    assert terminal.run("apply", "types", "--dry-run", "--exit-code").code == 1


def test_exit_code_without_dry_run_is_a_mistake(terminal: Terminal) -> None:
    assert "--dry-run" in terminal.run("apply", ".", "--exit-code").err


def test_json_lists_what_was_done(terminal: Terminal, manage: Manage) -> None:
    manage.configure(MAIL, event_type="same")
    manage.configure(MAIL, event_type="gone")
    for name in ("same", "new"):
        terminal.file(f"types/{name}.json", BODY)
    assert terminal.run("apply", "types", "--prune", "--yes", "--json").json() == [
        {"event_type": "new", "action": "created"},
        {"event_type": "gone", "action": "deleted"},
        {"event_type": "same", "action": "unchanged"},
    ]


def test_errors_of_the_api_name_file_line_and_field_and_nothing_is_written(terminal: Terminal, wire: Wire) -> None:
    terminal.file("types/fine.json", BODY)
    terminal.file(
        "types/login.yaml",
        "notifications:\n- name: mail\n  channel: email\n  template:\n    subject: '{{ otp'\n    text: t\n"
        "- name: text\n  channel: sms\n  template:\n    text: |\n      one\n      {{ otp\n"
        "- name: other\n  channel: fax\n  template: {text: t}\n",
    )
    done = terminal.run("apply", "types")
    assert done.code == 1
    lines = done.err.splitlines()
    assert lines[0].startswith("types/login.yaml:5: notifications[0].template.subject: template does not parse")
    assert lines[1].startswith("types/login.yaml:12: notifications[1].template.text: ")
    assert lines[2] == "types/login.yaml:14: notifications[2].channel: must be one of email, sms, push, app"
    assert lines[3:] == ["Nothing was changed."]
    assert wire.writes() == []


def test_lines_are_those_of_json_too(terminal: Terminal) -> None:
    terminal.file("types/login.json", {"notifications": [MAIL, {**TEXT, "retry": "never"}]})
    [line, _] = terminal.run("apply", "types").err.splitlines()
    assert line.startswith("types/login.json:17: notifications[1].retry: ")


@pytest.mark.parametrize(
    ("name", "content", "error"),
    [
        ("a.json", "{", "types/a.json:1: is no JSON"),
        ("a.yaml", "a: [\n", "types/a.yaml:2: is no YAML"),
        ("a.json", '{"notifications": [], "notifications": []}', "types/a.json: has 'notifications' twice"),
        ("a.yaml", "notifications: []\nnotifications: []\n", "types/a.yaml:2: has 'notifications' twice"),
        ("a.yaml", "notifications: []\n1: x\n", "types/a.yaml:2: the name of a member must be text"),
        ("a.json", "[]", "types/a.json:1: must be an object"),
        ("a.yaml", "", "types/a.yaml: must be an object"),
        ("a.yaml", "notification: []\n", "types/a.yaml:1: notification: is no member"),
        ("a.yaml", "public: maybe\nnotifications: []\n", "types/a.yaml:1: public: must be true or false"),
        ("a.yaml", "notifications:\n- name: m\n- name: m\n", "types/a.yaml:3: notifications[1].name: another"),
        ("a.yaml", "notifications:\n- text\n", "types/a.yaml:2: notifications[0]: must be an object"),
        ("a.yaml", "notifications: !!set {a}\n", "types/a.yaml: holds what JSON has not"),
        ("a.json", '{"notifications": NaN}', "types/a.json: is no JSON: NaN"),
        ("%ff.json", '{"notifications": []}', "%ff.json: is no UTF-8"),
    ],
)
def test_what_is_wrong_in_a_file_is_told_without_asking(
    terminal: Terminal, wire: Wire, name: str, content: str, error: str
) -> None:
    terminal.file(f"types/{name}", content)
    done = terminal.run("apply", "types")
    assert (done.code, wire.lines) == (1, [])
    assert error in done.err


def test_all_files_that_are_wrong_are_told_of_at_once(terminal: Terminal) -> None:
    terminal.file("types/a.json", "{")
    terminal.file("types/b.json", "{")
    assert len(terminal.run("apply", "types").err.splitlines()) == 2


def test_two_files_of_one_event_type_are_a_mistake(terminal: Terminal) -> None:
    terminal.file("types/a.json", BODY)
    terminal.file("types/a.yml", "notifications: []\n")
    assert "types/a.yml: is the event type a, as is types/a.json" in terminal.run("apply", "types").err


def test_other_files_are_none_of_event_types(terminal: Terminal, manage: Manage) -> None:
    terminal.file("types/a.json", BODY)
    terminal.file("types/README.md", "# Ours")
    terminal.file("types/.git/config.json", "{")
    terminal.run("apply", "types")
    assert set(there(manage)) == {"a"}


def test_a_refusal_in_the_middle_tells_what_was_done_before(terminal: Terminal, wire: Wire) -> None:
    for name in ("a", "b"):
        terminal.file(f"types/{name}.json", {"notifications": []})
    inner = wire.handle

    def refused(request: httpx.Request) -> httpx.Response:
        if request.method == "PUT" and request.url.path.endswith("/b"):
            return httpx.Response(
                422, json={"errors": [{"field": "event_type", "message": "too many event types (1000)"}]}
            )
        return inner(request)

    terminal.monkeypatch.setattr(httpx.HTTPTransport, "handle_request", lambda _, request: refused(request))
    done = terminal.run("apply", "types")
    assert done.code == 1
    assert "types/b.json:1: event_type: too many event types (1000)" in done.err
    assert "Done before that: a created." in done.err


def test_a_file_that_is_too_large_is_named(terminal: Terminal, wire: Wire) -> None:
    terminal.file("types/a.json", {"notifications": [{**MAIL, "template": {"subject": "s", "text": "x" * 300_000}}]})
    done = terminal.run("apply", "types")
    assert (done.code, wire.writes()) == (1, [])
    assert done.err.startswith("types/a.json: ")


def test_what_was_not_stored_is_tried_again(terminal: Terminal, wire: Wire, manage: Manage) -> None:
    terminal.file("types/a.json", BODY)
    wire.instead = [httpx.Response(503, headers={"Retry-After": "5"}, json={"message": "Service unavailable"})]
    assert terminal.run("apply", "types").code == 0
    assert terminal.slept == [5.0]
    assert set(there(manage)) == {"a"}


def test_what_the_gateway_had_no_time_for_is_tried_again(terminal: Terminal, wire: Wire) -> None:
    terminal.file("types/a.json", BODY)
    wire.instead = [httpx.Response(429, json={"message": "Too Many Requests"})]
    assert terminal.run("apply", "types").code == 0
    assert terminal.slept == [1.0]


def test_a_stack_without_previews_checks_as_it_writes(terminal: Terminal, wire: Wire, manage: Manage) -> None:
    terminal.file("types/a.json", BODY)
    inner = wire.handle

    def earlier(request: httpx.Request) -> httpx.Response:
        return httpx.Response(404, json={"message": "Not Found"}) if "previews" in request.url.path else inner(request)

    terminal.monkeypatch.setattr(httpx.HTTPTransport, "handle_request", lambda _, request: earlier(request))
    assert terminal.run("apply", "types").code == 0
    assert set(there(manage)) == {"a"}


def test_an_environment_that_is_not_there_is_named(terminal: Terminal) -> None:
    terminal.file("types/a.json", BODY)
    done = terminal.run("apply", "types", "-e", "nowhere")
    assert done.code == 1
    assert done.err.startswith("There is no environment nowhere; there are dev, ")


def test_pull_writes_what_apply_takes(terminal: Terminal, wire: Wire, manage: Manage) -> None:
    lines = {"name": "inbox", "channel": "app", "template": {"title": "no", "body": "one\n  two\n\nthree"}}
    manage.configure(MAIL, lines, event_type="login")
    manage.configure(event_type="orders/shipped")
    done = terminal.run("pull", "types")
    assert done.out.splitlines() == ["types/login.yaml", "types/orders/shipped.yaml", "2 written, 0 were the same"]
    wire.lines.clear()
    assert terminal.run("apply", "types", "--prune").out == "Done: 2 unchanged\n"
    assert wire.writes() == []


@pytest.mark.parametrize(
    "name", ["a%2Fb", ".hidden", "..", "a//b", "/a", "a:b", "ends.", "a\nb", "ü/ö", "50% off?", "a.json", " a ", "-"]
)
def test_a_name_that_is_no_files_name_comes_back(terminal: Terminal, manage: Manage, name: str) -> None:
    manage.configure(MAIL, event_type=name)
    assert terminal.run("pull", "types").code == 0
    assert terminal.run("apply", "types", "--prune").out == "Done: 1 unchanged\n"


def test_names_that_differ_in_capitals_are_two_files_everywhere(terminal: Terminal, manage: Manage) -> None:
    for name in ("Login", "login"):
        manage.configure(MAIL, event_type=name)
    written = terminal.run("pull", "types").out.splitlines()[:2]
    assert len({path.casefold() for path in written}) == 2
    assert terminal.run("apply", "types").out == "Done: 2 unchanged\n"


def test_pull_leaves_files_that_say_the_same(terminal: Terminal, manage: Manage) -> None:
    manage.configure(event_type="a")
    text = "# Ours\nnotifications: []\n"
    path = terminal.file("types/a.yaml", text)
    assert terminal.run("pull", "types").out == "0 written, 1 were the same\n"
    assert path.read_text() == text


def test_pull_asks_before_it_overwrites(terminal: Terminal, manage: Manage) -> None:
    manage.configure(MAIL, event_type="a")
    path = terminal.file("types/a.json", {"notifications": []})
    assert terminal.run("pull", "types").code == 1
    assert path.read_text() == '{\n  "notifications": []\n}'
    assert terminal.run("pull", "types", "--yes").code == 0
    assert terminal.run("apply", "types").out == "Done: 1 unchanged\n"
