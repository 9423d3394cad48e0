"""The programs with which an operator changes accounts and secrets, against a running stack."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import boto3
import pytest

from tests.contract.neptie_client import INVALID_TOKEN, PASSWORD, Neptie, email
from tests.support.teams import Operator
from tools import account, rotate, stacks

Run = Callable[..., str]


@pytest.fixture
def run(
    sales: Neptie,
    operator: Operator,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Run:
    """Return what runs a program for the stage `local` and gives what it printed."""
    told = {
        "ManageCreateTeam": operator.environment,
        "PublicUnsubscribe": sales.stack.environment("PublicUnsubscribe"),
    }
    (tmp_path / "functions.json").write_text(json.dumps(told), encoding="utf-8")
    monkeypatch.setattr(stacks, "_STATE", tmp_path / "functions.json")
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    for name in ("AWS_ENDPOINT_URL", "AWS_DEFAULT_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "")  # so that what the program sets is taken back

    def run(program: object, *arguments: str) -> str:
        monkeypatch.setattr(sys, "argv", ["program", "--stage", "local", *arguments])
        program.main()  # type: ignore[attr-defined]
        return capsys.readouterr().out

    return run


def test_a_reset_password_is_the_only_one_and_ends_all_sessions(sales: Neptie, run: Run) -> None:
    address = sales.account["user"]["email"]
    printed = run(account, "--reset", f" {address.upper()} ")
    assert sales.call("GET", "leads") == INVALID_TOKEN
    refreshed = sales.call("POST", "auth/refresh", {"refresh_token": sales.account["refresh_token"]})
    assert refreshed == (401, {"message": "Invalid refresh token"})
    assert sales.call("POST", "auth/login", {"email": address, "password": PASSWORD})[0] == 401
    new = printed.splitlines()[-1]
    assert sales.call("POST", "auth/login", {"email": address, "password": new})[0] == 200


def test_sessions_are_ended_without_a_new_password(sales: Neptie, run: Run) -> None:
    address = sales.account["user"]["email"]
    run(account, "--end-sessions", address)
    assert sales.call("GET", "leads") == INVALID_TOKEN
    assert sales.call("POST", "auth/login", {"email": address, "password": PASSWORD})[0] == 200


def test_an_operator_vouches_for_an_address(sales: Neptie, run: Run) -> None:
    assert "is verified" in run(account, "--verify", sales.account["user"]["email"])


@pytest.mark.parametrize("option", ["--reset", "--end-sessions", "--verify"])
def test_an_account_is_found_by_its_address_however_it_is_written(sales: Neptie, run: Run, option: str) -> None:
    written = f"{email()[:8]}@Bücher.example"
    person = sales.newcomer(email=written)
    run(account, option, written)
    assert (person.call("GET", "leads")[0] == 200) is (option == "--verify")


@pytest.mark.parametrize("option", ["--reset", "--end-sessions", "--verify"])
def test_an_account_that_nobody_has_is_told_so(run: Run, option: str) -> None:
    with pytest.raises(SystemExit, match=r"no account nobody@example\.com"):
        run(account, option, "nobody@example.com")


@pytest.mark.parametrize("secret", ["links", "tokens"])
def test_the_keys_of_a_secret_are_shown(run: Run, secret: str) -> None:
    assert "signs" in run(rotate, "--secret", secret, "--show")
