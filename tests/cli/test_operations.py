"""Looking after a stack: `nereid overview` and `redrive`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.cli.conftest import Terminal, Wire
from tests.contract.manage_client import MAIL, Manage, email_to
from tests.support.teams import Operator


@pytest.fixture
def letter(operator: Operator, manage: Manage) -> Iterator[str]:
    """Return the id of a dead letter of the team."""
    message = {"message_id": "m-1", "event_type": "e", "source": "neptune", "received_at": "2026-01-31T09:30:00.000Z"}
    events = {"team_id": operator.team_of(manage.token), "environment": manage.environment, "messages": [message]}
    yield operator.bury("message", events)
    operator.forget_letters("message")


def test_the_overview_counts_by_channel(terminal: Terminal, manage: Manage) -> None:
    manage.told(MAIL, contact_infos=email_to("sam@example.com"))
    out = terminal.run("overview").out.splitlines()
    assert out[0] == "1 event in 24 hours"
    assert out[2].split() == ["email", "0", "0", "0", "1", "0", "0"]


def test_the_overview_says_what_to_look_at(terminal: Terminal, manage: Manage) -> None:
    manage.message(manage.ingest("unknown"))
    out = terminal.run("overview", "--hours", "1").out
    assert "! event type not configured: 1" in out


def test_the_overview_as_json_is_the_apis(terminal: Terminal) -> None:
    assert set(terminal.run("overview", "--json").json()) == {"accepted", "deliveries", "by_hour", "attention"}


def test_an_output_without_room_is_told(terminal: Terminal) -> None:
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        terminal.monkeypatch.setattr("sys.stdout", full)
        done = terminal.run("overview", "--json")
    assert (done.code, done.err) == (1, "The output cannot be written: No space left on device\n")


def test_a_url_below_which_there_is_no_stack_is_told(terminal: Terminal, manage: Manage) -> None:
    url = f"{manage.stack.base_url}/prod"
    terminal.file(".nereid/local.json", {"base_url": url, "api_token": manage.token})
    done = terminal.run("overview")
    assert (done.code, done.err) == (1, f"{url} has no management API: is it the base URL of a stack of Nereid?\n")


@pytest.mark.parametrize("hours", ["0", "169", "many"])
def test_hours_that_are_none_are_a_mistake(terminal: Terminal, wire: Wire, hours: str) -> None:
    done = terminal.run("overview", "--hours", hours)
    assert (done.code, wire.lines) == (1, [])


def test_redrive_lists_dead_letters(terminal: Terminal, letter: str) -> None:
    done = terminal.run("redrive")
    assert done.code == 0
    assert letter in done.out
    assert done.out.endswith("1 dead letter\n")


def test_redrive_puts_one_back(terminal: Terminal, letter: str) -> None:
    done = terminal.run("redrive", letter)
    assert (done.code, done.out) == (0, "1 put back, 0 remain\n")
    assert terminal.run("redrive").out == "0 dead letters\n"


def test_redrive_puts_all_back(terminal: Terminal, letter: str) -> None:
    assert terminal.run("redrive", "--all", "--queue", "email").out == "0 put back, 0 remain\n"
    assert terminal.run("redrive", "--all", "--json").json() == {"redriven": 1, "remaining": 0, "more": False}


def test_redrive_goes_on_while_there_is_more(terminal: Terminal, wire: Wire) -> None:
    wire.instead = [
        httpx.Response(200, json={"redriven": 500, "remaining": 0, "more": True}),
        httpx.Response(200, json={"redriven": 20, "remaining": 1, "more": False}),
    ]
    done = terminal.run("redrive", "--all")
    assert (done.code, done.out) == (1, "520 put back, 1 remain\n")


def test_a_letter_that_is_not_there_is_told(terminal: Terminal) -> None:
    done = terminal.run("redrive", "gone")
    assert (done.code, done.err) == (1, "There is no dead letter gone.\n")


def test_one_letter_and_all_are_a_mistake(terminal: Terminal, wire: Wire) -> None:
    assert terminal.run("redrive", "one", "--all").code == 1
    assert wire.lines == []


def test_purge_deletes_one_once_somebody_agreed(terminal: Terminal, letter: str) -> None:
    refused = terminal.run("redrive", letter, "--purge")
    assert refused.code == 1
    assert "--yes" in refused.err
    assert letter in terminal.run("redrive").out
    done = terminal.run("redrive", letter, "--purge", "--yes")
    assert (done.code, done.out) == (0, "1 deleted, 0 remain\n")
    assert terminal.run("redrive").out == "0 dead letters\n"


def test_purge_deletes_all_of_a_queue(terminal: Terminal, letter: str) -> None:
    assert terminal.run("redrive", "--all", "--queue", "email", "--purge", "--yes").out == "0 deleted, 0 remain\n"
    found = terminal.run("redrive", "--all", "--purge", "--yes", "--json").json()
    assert found == {"purged": 1, "remaining": 0, "more": False}


def test_purge_wants_to_know_what(terminal: Terminal, wire: Wire) -> None:
    done = terminal.run("redrive", "--purge", "--yes")
    assert (done.code, wire.lines) == (1, [])
