"""Which stack a command talks to, and what it says where that fails: `nereid login` and the rest."""

from __future__ import annotations

import tomllib
from typing import Any

import httpx
import pytest

from nereid_cli import targets
from tests.cli.conftest import Result, Terminal, Wire
from tests.support.in_process_stack import InProcessStack

URL = "https://nereid.example.com"


@pytest.fixture
def network(monkeypatch: pytest.MonkeyPatch) -> list[httpx.Request]:
    """Return the requests that are made; each is answered as by a stack that has no messages."""
    seen: list[httpx.Request] = []

    def handle(_: Any, request: httpx.Request) -> httpx.Response:
        seen.append(request)
        listed = [] if "dead_letters" in request.url.path else [{"identifier": "dev"}]
        return httpx.Response(200, json={"data": listed, "next_cursor": None, "more": False})

    monkeypatch.setattr(httpx.HTTPTransport, "handle_request", handle)
    return seen


def answers(terminal: Terminal, answer: httpx.Response | Exception) -> Result:
    """Return what a command says to an answer, of a stack that is not on this machine."""

    def handle(_: Any, __: httpx.Request) -> httpx.Response:
        if isinstance(answer, Exception):
            raise answer
        return answer

    terminal.monkeypatch.setattr(httpx.HTTPTransport, "handle_request", handle)
    terminal.monkeypatch.setenv("NEREID_URL", URL)
    terminal.monkeypatch.setenv("NEREID_TOKEN", "a-token")
    return terminal.run("redrive")


def asked(requests: list[httpx.Request]) -> tuple[str, str]:
    """Return which stack was asked with which token."""
    [request] = requests
    return f"{request.url.scheme}://{request.url.netloc.decode()}", request.headers["Authorization"]


def tail(terminal: Terminal, *options: str) -> Result:
    return terminal.run("redrive", *options)


def keep(terminal: Terminal, token: str, *options: str) -> Result:
    return terminal.run("login", URL, "--token-stdin", *options, stdin=f"{token}\n")


def test_login_keeps_a_token_that_is_accepted(nobody: Terminal, wire: Wire, stack: InProcessStack) -> None:
    done = nobody.run("login", f"{stack.base_url}/", "--token-stdin", stdin=f"{stack.demo['api_token']}\n")
    assert done.code == 0
    assert done.out.startswith(f"Logged in to {stack.base_url}. Environments: dev")
    assert stack.demo["api_token"] not in done.out + done.err
    assert nobody.run("redrive").code == 0


def test_login_keeps_no_token_that_is_refused(nobody: Terminal, wire: Wire, stack: InProcessStack) -> None:
    done = nobody.run("login", stack.base_url, "--token-stdin", stdin="wrong\n")
    assert done.code == 1
    assert "does not accept the token" in done.err
    assert not targets.config_file().exists()


def test_login_to_something_else_is_told(nobody: Terminal) -> None:
    other = httpx.Response(200, json={"hello": "world"})
    nobody.monkeypatch.setattr(httpx.HTTPTransport, "handle_request", lambda _, __: other)
    assert "is it a stack of Nereid?" in keep(nobody, "token").err


def test_login_asks_for_what_is_missing(nobody: Terminal, network: list[httpx.Request]) -> None:
    given = iter([URL, "typed"])
    hidden = []

    def prompt(text: str, **options: Any) -> str:
        hidden.append(options.get("hide_input", False))
        return next(given)

    nobody.monkeypatch.setattr("typer.prompt", prompt)
    assert nobody.run("login", tty=True).code == 0
    assert hidden == [False, True]
    assert asked(network) == (URL, "Bearer typed")


@pytest.mark.parametrize("arguments", [["login"], ["login", URL], ["login", "--token-stdin"]])
def test_login_does_not_wait_for_nobody(nobody: Terminal, arguments: list[str]) -> None:
    assert nobody.run(*arguments).code == 1


def test_what_is_kept_is_its_owners_alone(nobody: Terminal, network: list[httpx.Request]) -> None:
    keep(nobody, "secret")
    file = targets.config_file()
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.parent.stat().st_mode & 0o777 == 0o700
    assert [path.name for path in file.parent.iterdir()] == ["config.toml"]


def test_what_else_is_in_the_file_stays(nobody: Terminal, network: list[httpx.Request]) -> None:
    nobody.file(
        "config/nereid/config.toml", 'theme = "dark"\n[profiles.other]\nurl = "https://x.example.com"\ntoken = "o"\n'
    )
    keep(nobody, "mine")
    config = tomllib.loads(targets.config_file().read_text())
    assert config["theme"] == "dark"
    assert {name: each["token"] for name, each in config["profiles"].items()} == {"other": "o", "default": "mine"}


def test_profiles_are_chosen_by_name(nobody: Terminal, network: list[httpx.Request]) -> None:
    keep(nobody, "one")
    keep(nobody, "two", "--profile", "prod")
    network.clear()
    tail(nobody, "--profile", "prod")
    assert asked(network) == (URL, "Bearer two")


def test_a_profile_that_is_not_there_is_told_with_those_that_are(
    nobody: Terminal, network: list[httpx.Request]
) -> None:
    keep(nobody, "one")
    assert "There is no profile prod (there are default)" in tail(nobody, "--profile", "prod").err


def test_logout_forgets_a_profile(nobody: Terminal, network: list[httpx.Request]) -> None:
    keep(nobody, "one")
    assert nobody.run("logout").code == 0
    assert "one" not in targets.config_file().read_text()
    assert nobody.run("logout").code == 1


def test_the_local_stack_comes_before_all_else(nobody: Terminal, network: list[httpx.Request]) -> None:
    keep(nobody, "kept")
    network.clear()
    nobody.monkeypatch.setenv("NEREID_URL", URL)
    nobody.monkeypatch.setenv("NEREID_TOKEN", "set")
    nobody.file(".nereid/local.json", {"base_url": "http://127.0.0.1:3000", "api_token": "local"})
    tail(nobody)
    assert asked(network) == ("http://127.0.0.1:3000", "Bearer local")


def test_the_environment_comes_before_what_is_kept(nobody: Terminal, network: list[httpx.Request]) -> None:
    keep(nobody, "kept")
    network.clear()
    nobody.monkeypatch.setenv("NEREID_URL", "https://other.example.com/base/")
    nobody.monkeypatch.setenv("NEREID_TOKEN", "set")
    tail(nobody)
    assert asked(network) == ("https://other.example.com", "Bearer set")
    assert network[0].url.path == "/base/manage/dead_letters"


def test_a_profile_that_is_named_comes_before_the_local_stack(nobody: Terminal, network: list[httpx.Request]) -> None:
    keep(nobody, "kept")
    network.clear()
    nobody.file(".nereid/local.json", {"base_url": "http://127.0.0.1:3000", "api_token": "local"})
    tail(nobody, "--profile", "default")
    assert asked(network) == (URL, "Bearer kept")


def test_who_is_not_logged_in_is_told_how_to(nobody: Terminal) -> None:
    done = tail(nobody)
    assert (done.code, done.out) == (1, "")
    assert "nereid login" in done.err
    assert "make run" in done.err


@pytest.mark.parametrize("name", ["NEREID_URL", "NEREID_TOKEN"])
def test_half_of_the_environment_is_a_mistake(nobody: Terminal, name: str) -> None:
    nobody.monkeypatch.setenv(name, URL)
    assert f"{name} is set, " in tail(nobody).err


@pytest.mark.parametrize(
    "url",
    ["", "nereid.example.com", "ftp://nereid.example.com", "https://", "https://[", "https://a?b=c", "https://me:pw@a"],
)
def test_what_is_no_url_is_a_mistake(nobody: Terminal, url: str) -> None:
    done = nobody.run("login", url, "--token-stdin", stdin="token\n")
    assert (done.code, "is no base URL" in done.err) == (1, True)


def test_a_token_is_not_sent_unencrypted(nobody: Terminal, network: list[httpx.Request]) -> None:
    given = ["login", "http://nereid.example.com", "--token-stdin"]
    assert "is not encrypted" in nobody.run(*given, stdin="token\n").err
    assert network == []
    nobody.monkeypatch.setenv("NEREID_ALLOW_HTTP", "1")
    assert nobody.run(*given, stdin="token\n").code == 0


@pytest.mark.parametrize("url", ["http://localhost:3000", "http://127.0.0.1:3000", "http://[::1]:3000"])
def test_on_this_machine_it_may_be(nobody: Terminal, network: list[httpx.Request], url: str) -> None:
    assert nobody.run("login", url, "--token-stdin", stdin="token\n").code == 0


@pytest.mark.parametrize("token", ["", "two words", "ümlaut", "a\x00b"])
def test_what_is_no_token_is_a_mistake(nobody: Terminal, network: list[httpx.Request], token: str) -> None:
    assert "that is no API token" in nobody.run("login", URL, "--token-stdin", stdin=f"{token}\n").err
    assert network == []


@pytest.mark.parametrize(
    "content", ["{", "[]", '{"base_url": "http://127.0.0.1:1"}', '{"base_url": "x", "api_token": null}']
)
def test_a_broken_local_json_is_told(nobody: Terminal, content: str) -> None:
    nobody.file(".nereid/local.json", content)
    assert "start the stack again (make run)" in tail(nobody).err


@pytest.mark.parametrize("content", ["[", "[profiles.default]\nurl = 1\n"])
def test_a_broken_config_is_told(nobody: Terminal, content: str) -> None:
    nobody.file("config/nereid/config.toml", content)
    done = tail(nobody)
    assert (done.code, "config.toml" in done.err) == (1, True)


def test_a_stack_that_does_not_run_is_told(nobody: Terminal) -> None:
    nobody.file(".nereid/local.json", {"base_url": "http://127.0.0.1:9", "api_token": "t"})
    done = tail(nobody)
    assert done.code == 1
    assert done.err == "Nothing answers at http://127.0.0.1:9 (.nereid/local.json). Is `make run` on?\n"


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (httpx.Response(401, json={"message": "Unauthenticated"}), "does not accept the token of NEREID_URL"),
        (httpx.Response(403, json={"message": "Forbidden"}), "lacks the permission for this, or its team is stopped"),
        (httpx.Response(503, json={"message": "Service unavailable"}), "stored nothing. Try again."),
        (httpx.Response(502, text="<html>"), "answered 502 with something that is not the API's"),
        (httpx.Response(500, json={"message": "Internal server error"}), "answered 500: Internal server error"),
        (httpx.Response(200, text="<html>"), "answered with something that is not JSON"),
        (httpx.Response(302, headers={"Location": "https://x"}), "answered 302 with something"),
        (httpx.ConnectError("no route"), "(NEREID_URL) cannot be reached: no route"),
        (httpx.ReadTimeout(""), "No answer from https://nereid.example.com: ReadTimeout"),
    ],
)
def test_an_answer_that_is_no_success_is_explained(
    nobody: Terminal, answer: httpx.Response | Exception, said: str
) -> None:
    done = answers(nobody, answer)
    assert done.code == 1
    assert said in done.err
    assert "a-token" not in done.err


def test_a_proxy_that_cannot_be_used_is_told(nobody: Terminal) -> None:
    nobody.monkeypatch.setenv("HTTPS_PROXY", "nonsense://proxy")
    done = answers(nobody, httpx.Response(200, json={}))
    assert (done.code, "proxy" in done.err) == (1, True)


@pytest.mark.parametrize("arguments", [["aply"], ["apply"], ["send"], ["tail", "--nope"], ["-e"]])
def test_a_wrong_command_line_ends_with_one(nobody: Terminal, arguments: list[str]) -> None:
    done = nobody.run(*arguments)
    assert (done.code, done.out) == (1, "")
    assert "nereid" in done.err


def test_nothing_is_printed_in_colour_but_on_a_terminal(nobody: Terminal) -> None:
    done = answers(nobody, httpx.Response(401, json={}))
    assert "\x1b" not in done.err


def test_the_version_is_told(nobody: Terminal) -> None:
    assert nobody.run("--version").out.startswith("nereid ")


def test_help_names_every_command(nobody: Terminal) -> None:
    from nereid_cli import main

    out = nobody.run("--help").out
    assert [name for name in main._COMMANDS if name not in out] == []
    for name in main._COMMANDS:
        assert nobody.run(name, "--help").code == 0
