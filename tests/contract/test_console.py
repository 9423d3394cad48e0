"""The console as it is served: its page at every path, its files, and what they may do. tests/browser opens it."""

from __future__ import annotations

import re

import pytest

from tests.local_stack import Answer, Stack

IN_PROCESS = True
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "frame-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)


@pytest.fixture
def assets(local_stack: Stack) -> str:
    """Return where the files are, as the page says."""
    found = re.search(rb'src="(/console/assets/[0-9a-f]{16})/console.js"', local_stack.request("GET", "/console").body)
    assert found
    return found[1].decode()


def is_page(answer: Answer) -> bool:
    """Tell whether an answer is the console's page."""
    kind = (answer.status, answer.headers["Content-Type"])
    return kind == (200, "text/html; charset=utf-8") and answer.body.startswith(b"<!doctype html>")


@pytest.mark.parametrize(
    "path", ["", "/", "/messages", "/messages/a%2Fb", "/users/x/y", "/index.html", "/assets", "/js/main.js"]
)
def test_it_is_at_every_path(local_stack: Stack, path: str) -> None:
    assert is_page(local_stack.request("GET", f"/console{path}"))


def test_nothing_but_its_own_files_runs_in_it(local_stack: Stack) -> None:
    headers = local_stack.request("GET", "/console").headers
    policy = headers["Content-Security-Policy"]
    assert policy.startswith(POLICY)
    assert "require-trusted-types-for 'script'; trusted-types 'none'" in policy
    assert (headers["Referrer-Policy"], headers["X-Content-Type-Options"]) == ("no-referrer", "nosniff")


def test_what_has_not_changed_is_not_sent_again(local_stack: Stack, assets: str) -> None:
    for path in ("/console", f"{assets}/console.js"):
        first = local_stack.request("GET", path)
        again = local_stack.request("GET", path, headers={"If-None-Match": f'"x", W/{first.headers["ETag"]}'})
        assert (again.status, again.body) == (304, b"")
        assert local_stack.request("GET", path, headers={"If-None-Match": '"x"'}).status == 200


def test_the_page_is_asked_for_each_time_and_its_files_are_kept(local_stack: Stack, assets: str) -> None:
    assert local_stack.request("GET", "/console").headers["Cache-Control"] == "no-cache"
    for name, kind in (("console.js", "text/javascript"), ("console.css", "text/css"), ("mail.html", "text/html")):
        headers = local_stack.request("GET", f"{assets}/{name}").headers
        assert headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert headers["Content-Type"] == f"{kind}; charset=utf-8"


def test_a_mail_runs_nothing_and_loads_pictures_when_that_is_asked_for(local_stack: Stack, assets: str) -> None:
    def policy(query: str) -> list[str]:
        return local_stack.request("GET", f"{assets}/mail.html{query}").headers["Content-Security-Policy"].split("; ")

    assert policy("")[0] == "sandbox allow-same-origin allow-popups allow-popups-to-escape-sandbox"
    assert "default-src 'none'" in policy("")
    assert "frame-ancestors 'self'" in policy("")
    assert "img-src data:" in policy("")
    assert "img-src data: http: https:" in policy("?pictures=1")


@pytest.mark.parametrize(
    "name",
    [
        "app.py",
        "../app.py",
        "..%2fapp.py",
        "%2e%2e/app.py",
        "js/main.js",
        "index.html",
        "",
        "/etc/passwd",
        "js/../mail.html",
    ],
)
def test_no_other_file_is_served(local_stack: Stack, assets: str, name: str) -> None:
    answer = local_stack.request("GET", f"{assets}/{name}")
    assert (answer.status, answer.body) == (404, b"Not Found")
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"


def test_files_of_another_release_are_not_there(local_stack: Stack) -> None:
    assert local_stack.request("GET", "/console/assets/0123456789abcdef/console.js").status == 404


def test_it_can_be_read_and_nothing_else(local_stack: Stack) -> None:
    for method in ("POST", "PUT", "DELETE"):
        answer = local_stack.request(method, "/console", {})
        assert (answer.status, answer.json()) == (404, {"message": "Not Found"})
