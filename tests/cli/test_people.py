"""Leads and users: `nereid import`, `export-user` and `erase-user`."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from nereid_cli import lead_files
from tests.cli.conftest import Terminal, Wire
from tests.contract.manage_client import Manage, email_to, unique
from tests.support.teams import Operator

HEAD = "full_name,email\n"


@pytest.fixture
def leads(terminal: Terminal, operator: Operator) -> Terminal:
    """Return the terminal of a team that has no leads, and whose hour begins."""
    local = {"base_url": operator._stack.base_url, "api_token": operator.team().token}
    terminal.file(".nereid/local.json", local)
    return terminal


def rows(count: int, begin: int = 0) -> str:
    return "".join(f"Lead {number},lead{number}@example.com\n" for number in range(begin, begin + count))


def imports(wire: Wire) -> list[list[str]]:
    """Return the rows of each request."""
    return [request.content.decode().splitlines()[1:] for request in wire.requests]


def test_leads_are_imported_in_parts(leads: Terminal, wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lead_files, "PART_ROWS", 3)
    leads.file("leads.csv", HEAD + rows(7))
    done = leads.run("import", "leads.csv")
    assert (done.code, done.out) == (0, "7 added, 0 updated, 0 skipped, 0 errors\n")
    assert [len(part) for part in imports(wire)] == [3, 3, 1]
    assert all(request.content.decode().startswith(HEAD) for request in wire.requests)


def test_an_import_can_be_repeated(leads: Terminal) -> None:
    leads.file("leads.csv", HEAD + rows(2))
    leads.run("import", "leads.csv")
    leads.file("leads.csv", HEAD + rows(1) + "Other,lead1@example.com\n" + rows(1, 5))
    assert leads.run("import", "leads.csv").out == "1 added, 1 updated, 1 skipped, 0 errors\n"


def test_rows_that_cannot_be_taken_are_listed_with_their_line(leads: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lead_files, "PART_ROWS", 2)
    found = '\n"Ann\nDoe",ann@example.com\nBob,bob\n\n"Open,open@example.com\nCid,cid@example.com\nDan,dan\n'
    leads.file("leads.csv", HEAD + found)
    done = leads.run("import", "leads.csv", "--json")
    assert done.code == 1
    found = done.json()
    assert (found["added"], [(each["row"], each["line"]) for each in found["errors"]]) == (2, [(2, 5), (3, 7), (5, 9)])


def test_a_part_of_unreadable_rows_alone_does_not_end_the_import(
    leads: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lead_files, "PART_ROWS", 1)
    leads.file("leads.csv", HEAD + rows(1) + '"Open,open@example.com\n' + rows(1, 1))
    done = leads.run("import", "leads.csv")
    assert done.code == 1
    assert done.out.endswith("2 added, 0 updated, 0 skipped, 1 error\n")


@pytest.mark.parametrize(
    ("content", "options"),
    [
        ("sep=;\nFull Name;E-Mail\nÄnn;ann@example.com\n".encode("utf-8-sig"), []),
        ("Full Name\tE-Mail\nÄnn\tann@example.com\n".encode("utf-16"), []),
        ("Full Name;E-Mail\r\nÄnn;ann@example.com\r\n".encode("cp1252"), ["--charset", "windows-1252"]),
        ("Wer,Mail\nÄnn,ann@example.com".encode(), ["--columns", "Wer:full_name,Mail:email"]),
    ],
    ids=["sep line", "UTF-16", "charset", "columns"],
)
def test_files_are_taken_as_spreadsheets_write_them(
    leads: Terminal, wire: Wire, content: bytes, options: list[str]
) -> None:
    (leads.folder / "leads.csv").write_bytes(content)
    assert leads.run("import", "leads.csv", *options).out == "1 added, 0 updated, 0 skipped, 0 errors\n"
    assert "Änn" in wire.requests[-1].content.decode()


@pytest.mark.parametrize(
    ("content", "options", "error"),
    [
        (None, [], "leads.csv: cannot be read"),
        (b"", [], "leads.csv: is empty"),
        (b"full_name,email\n\n", [], "leads.csv: has a header and no rows"),
        (b"full_name,email\n\xe4,a@example.com\n", [], "leads.csv:2: is not in utf-8"),
        (b"a,b\n", ["--charset", "klingon"], "--charset klingon: there is no such charset"),
        (b"a,b\n1,2\n", ["--from-row", "2"], "leads.csv has 1 rows, so none is left"),
    ],
)
def test_what_is_no_file_of_leads_is_told_without_asking(
    leads: Terminal, wire: Wire, content: bytes | None, options: list[str], error: str
) -> None:
    if content is not None:
        (leads.folder / "leads.csv").write_bytes(content)
    done = leads.run("import", "leads.csv", *options)
    assert (done.code, wire.lines) == (1, [])
    assert error in done.err


def test_a_header_that_says_too_little_is_told(leads: Terminal) -> None:
    leads.file("leads.csv", "name,email\nAnn,ann@example.com\n")
    done = leads.run("import", "leads.csv")
    assert (done.code, done.err.splitlines()[0]) == (1, "full_name: full_name is required in the header")


def test_an_hour_that_is_used_up_is_waited_for(leads: Terminal, wire: Wire) -> None:
    leads.file("leads.csv", HEAD + rows(2))
    used_up = {"X-RateLimit-Remaining": "0", "Retry-After": "1800"}
    wire.instead = [httpx.Response(429, headers=used_up, json={"message": "Rate limit exceeded"})]
    done = leads.run("import", "leads.csv")
    assert (done.code, leads.slept) == (0, [1800.0])
    assert done.out.startswith("2 added")
    assert "waiting until" in done.err


def test_what_is_left_of_the_hour_is_used(leads: Terminal, wire: Wire) -> None:
    leads.file("leads.csv", HEAD + rows(5))
    headers = {"X-RateLimit-Remaining": "2", "Retry-After": "1800"}
    wire.instead = [httpx.Response(429, headers=headers, json={"message": "Rate limit exceeded"})]
    leads.run("import", "leads.csv")
    assert leads.slept == []
    assert [len(part) for part in imports(wire)][:2] == [5, 2]


def test_without_waiting_it_says_where_to_go_on(leads: Terminal, wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lead_files, "PART_ROWS", 2)
    leads.file("leads.csv", HEAD + rows(5))
    inner, parts = wire.handle, []

    def limited(request: httpx.Request) -> httpx.Response:
        parts.append(request)
        if len(parts) > 1:
            headers = {"X-RateLimit-Remaining": "0", "Retry-After": "1770"}
            return httpx.Response(429, headers=headers, json={"message": "Rate limit exceeded"})
        return inner(request)

    monkeypatch.setattr(httpx.HTTPTransport, "handle_request", lambda _, request: limited(request))
    done = leads.run("import", "leads.csv", "--no-wait")
    assert done.code == 1
    assert done.out == "2 added, 0 updated, 0 skipped, 0 errors\n"
    assert "the next begins in 30 minutes" in done.err
    assert "Go on with: nereid import leads.csv --from-row 3" in done.err


def test_it_goes_on_where_it_ended(leads: Terminal, wire: Wire) -> None:
    leads.file("leads.csv", HEAD + rows(5))
    assert leads.run("import", "leads.csv", "--from-row", "4").out.startswith("2 added")
    assert imports(wire) == [rows(2, 3).splitlines()]


def test_a_lost_answer_is_asked_for_again(leads: Terminal, wire: Wire) -> None:
    leads.file("leads.csv", HEAD + rows(2))
    wire.afterwards = [httpx.ReadTimeout("lost")]
    assert leads.run("import", "leads.csv").out == "0 added, 0 updated, 2 skipped, 0 errors\n"


def test_an_export_has_everything_about_a_user(terminal: Terminal, manage: Manage) -> None:
    user = manage.user(*email_to("kim@example.com"))
    done = terminal.run("export-user", user)
    assert done.code == 0
    assert [each["value"] for each in done.json()["contacts"]] == ["kim@example.com"]


def test_an_export_of_several_parts_is_one(terminal: Terminal, wire: Wire) -> None:
    def part(ids: list[str], cursor: str | None, **members: Any) -> httpx.Response:
        return httpx.Response(200, json={**members, "messages": ids, "inbox": [], "next_cursor": cursor})

    wire.instead = [part(["m-1"], "c 1", users=["u"]), part(["m-2"], None)]
    done = terminal.run("export-user", "a/b")
    assert done.json() == {"users": ["u"], "messages": ["m-1", "m-2"], "inbox": []}
    assert wire.lines[0].endswith("/users/a%2Fb/export")
    assert wire.lines[1].endswith("/users/a%2Fb/export?cursor=c+1") or wire.lines[1].endswith("?cursor=c%201")


def test_an_exports_file_is_its_owners_alone(terminal: Terminal, manage: Manage) -> None:
    path = terminal.file("user.json", "of before")
    path.chmod(0o644)
    assert terminal.run("export-user", manage.user(), "-o", "user.json").code == 0
    assert path.stat().st_mode & 0o777 == 0o600
    assert json.loads(path.read_text())["users"]


def test_an_export_of_nobody_is_told(terminal: Terminal) -> None:
    done = terminal.run("export-user", "nobody")
    assert (done.code, done.err) == (1, "There is no user nobody.\n")


def test_an_erasure_asks_first(terminal: Terminal, wire: Wire, manage: Manage) -> None:
    user = manage.user(*email_to(f"{unique()}@example.com"))
    done = terminal.run("erase-user", user)
    assert (done.code, wire.lines) == (1, [])
    assert "--yes" in done.err
    done = terminal.run("erase-user", user, stdin="y\n", tty=True)
    assert done.code == 0
    assert "Receipt: " in done.out
    assert terminal.run("export-user", user).code == 1


@pytest.mark.parametrize(
    "rest",
    ["/b", "//b/", "/export", "%", "%2Fb", "?b=c", "#b", "&b", "+b", " b", ".b", "\u00e9\u6f22", ":@b", '"b'],
    ids=repr,
)
def test_a_user_is_exported_and_erased_whatever_its_id_holds(terminal: Terminal, manage: Manage, rest: str) -> None:
    # On this machine, where paths are decoded once; what a deployed stack needs is in test_aws_paths.
    terminal.file(".nereid/local.json", {"base_url": "http://127.0.0.1:3000", "api_token": manage.token})
    user, address = f"{unique()}{rest}", f"{unique()}@example.com"
    body = {"user_id": user}
    assert manage.stack.request("POST", f"/neptune/{manage.environment}/users", body, token=manage.token).status == 200
    manage.ingest("a", user_id=user, contact_infos=[{"type": "email", "value": address}])
    done = terminal.run("export-user", user)
    assert done.code == 0, done.err
    assert [each["user_id"] for each in done.json()["users"]] == [user]
    assert terminal.run("erase-user", user, "--yes").code == 0
    assert terminal.run("export-user", user).code == 1
