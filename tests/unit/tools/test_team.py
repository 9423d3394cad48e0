from __future__ import annotations

import io
import json
import sys
from typing import Any

import boto3
import pytest

from tools import team

ANSWER = {"team": {"id": "t1", "name": "Acme"}, "api_token": "header.payload.signature"}


class Aws:
    """A session whose one client answers for CloudFormation and for Lambda."""

    def __init__(self, outputs: dict[str, str], answer: Any, **response: Any) -> None:
        self.outputs = outputs
        self.answer = answer
        self.response = response
        self.calls: list[dict[str, Any]] = []

    def client(self, _service: str) -> Aws:
        return self

    def describe_stacks(self, **arguments: Any) -> dict[str, Any]:
        self.calls.append(arguments)
        outputs = [{"OutputKey": key, "OutputValue": value} for key, value in self.outputs.items()]
        return {"Stacks": [{"Outputs": outputs}]}

    def invoke(self, **arguments: Any) -> dict[str, Any]:
        self.calls.append(arguments)
        return {"Payload": io.BytesIO(json.dumps(self.answer).encode()), **self.response}


def run(monkeypatch: pytest.MonkeyPatch, aws: Aws, *arguments: str) -> None:
    """Run the script with AWS as given."""
    monkeypatch.setattr(boto3, "Session", lambda: aws)
    monkeypatch.setattr(sys, "argv", ["team.py", *arguments])
    team.main()


def test_a_team_is_created_by_the_function_that_the_stack_names(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    aws = Aws({"CreateTeamFunction": "create-team-1"}, ANSWER)
    run(monkeypatch, aws, "--stage", "prod", "--name", "Acme", "--environment", "live")
    described, invoked = aws.calls
    assert described == {"StackName": "nereid-prod"}
    assert invoked["FunctionName"] == "create-team-1"
    assert json.loads(invoked["Payload"]) == {"name": "Acme", "environment": "live"}
    assert capsys.readouterr().out.count("header.payload.signature") == 1


ACCOUNT = {"account": {"email": "sam@example.com", "role": "Admin"}}


def test_an_admin_gets_a_password_that_is_shown_once(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    passwords = set()
    for _ in range(2):
        aws = Aws({"CreateTeamFunction": "f"}, {**ANSWER, **ACCOUNT})
        run(monkeypatch, aws, "--name", "Acme", "--admin-email", "sam@example.com", "--admin-name", "Sam Example")
        account = json.loads(aws.calls[1]["Payload"])["account"]
        password = account.pop("password")
        assert account == {"email": "sam@example.com", "full_name": "Sam Example"}
        printed = capsys.readouterr().out
        assert printed.count(password) == 1
        assert "sam@example.com, role Admin" in printed
        assert len(password) >= 20
        passwords.add(password)
    assert len(passwords) == 2


def test_a_password_that_is_asked_for_is_not_shown(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(team, "getpass", lambda _: "correct horse")
    aws = Aws({"CreateTeamFunction": "f"}, {**ANSWER, **ACCOUNT})
    run(monkeypatch, aws, "--name", "Acme", "--admin-email", "sam@example.com", "--ask-password")
    account = json.loads(aws.calls[1]["Payload"])["account"]
    assert account == {"email": "sam@example.com", "full_name": "sam@example.com", "password": "correct horse"}
    assert "correct horse" not in capsys.readouterr().out


def test_a_password_that_was_mistyped_creates_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    typed = iter(["correct horse", "correct hores"])
    monkeypatch.setattr(team, "getpass", lambda _: next(typed))
    aws = Aws({"CreateTeamFunction": "f"}, ANSWER)
    with pytest.raises(SystemExit, match="differ"):
        run(monkeypatch, aws, "--name", "Acme", "--admin-email", "sam@example.com", "--ask-password")
    assert aws.calls == []


@pytest.mark.parametrize("more", [["--admin-name", "Sam"], ["--ask-password"]])
def test_an_account_without_an_address_is_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], more: list[str]
) -> None:
    with pytest.raises(SystemExit):
        run(monkeypatch, Aws({}, ANSWER), "--name", "Acme", *more)
    assert "needs --admin-email" in capsys.readouterr().err


def test_an_address_that_has_an_account_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    error = {"errorType": "AlreadyExists", "errorMessage": "account"}
    aws = Aws({"CreateTeamFunction": "f"}, error, FunctionError="Unhandled")
    with pytest.raises(SystemExit, match="has an account already"):
        run(monkeypatch, aws, "--name", "Acme", "--admin-email", "sam@example.com")


def test_a_stack_of_something_else_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SystemExit, match="has no output CreateTeamFunction"):
        run(monkeypatch, Aws({}, ANSWER), "--name", "Acme")


def test_a_function_that_fails_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    aws = Aws({"CreateTeamFunction": "f"}, {"errorMessage": "name is missing"}, FunctionError="Unhandled")
    with pytest.raises(SystemExit, match="not created: name is missing"):
        run(monkeypatch, aws, "--name", "Acme")


def test_a_team_without_a_name_is_refused(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        run(monkeypatch, Aws({}, ANSWER), "--name", " ")
    assert "needs a name" in capsys.readouterr().err


def changed(*arguments: str, answer: Any = ANSWER) -> Any:
    """Return what the function is given for arguments that change a team."""
    aws = Aws({"CreateTeamFunction": "f"}, answer)
    with pytest.MonkeyPatch.context() as patch:
        run(patch, aws, *arguments)
    return [json.loads(call["Payload"]) for call in aws.calls[1:]]


def test_the_senders_of_a_new_team_are_what_stands_between_commas() -> None:
    missing = {"errorType": "NotFound", "errorMessage": "team"}
    aws = Aws({"CreateTeamFunction": "f"}, missing, FunctionError="Unhandled")
    with pytest.MonkeyPatch.context() as patch, pytest.raises(SystemExit):
        run(patch, aws, "--name", "Acme", "--senders", "billing@example.com, @example.org,*")
    entries = ["billing@example.com", "@example.org", "*"]
    assert [json.loads(call["Payload"]) for call in aws.calls[1:]] == [
        {"team": "Acme", "senders": entries},
        {"name": "Acme", "senders": entries},
    ]


@pytest.mark.parametrize(
    ("arguments", "payload"),
    [
        (["--team", "t1", "--senders", "*"], {"team": "t1", "senders": ["*"]}),
        (["--team", "t1", "--senders", ""], {"team": "t1", "senders": []}),
        (["--name", "Acme", "--senders", "*"], {"team": "Acme", "senders": ["*"]}),
        (["--name", "Acme", "--stop", "1"], {"team": "Acme", "stopped": True}),
        (["--team", "t1", "--quota-times", "5"], {"team": "t1", "quota_times": 5}),
        (["--team", "t1", "--stop", "0"], {"team": "t1", "stopped": False}),
    ],
)
def test_a_team_that_exists_is_changed(arguments: list[str], payload: dict[str, Any]) -> None:
    assert changed(*arguments) == [payload]


def test_all_teams_are_listed() -> None:
    assert changed("--list", answer={"teams": []}) == [{"list": True}]


def test_a_team_to_change_needs_a_change(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        run(monkeypatch, Aws({}, ANSWER), "--team", "t1")
    assert "nothing to change" in capsys.readouterr().err


def test_a_team_to_stop_has_to_exist(monkeypatch: pytest.MonkeyPatch) -> None:
    missing = {"errorType": "NotFound", "errorMessage": "team"}
    with pytest.raises(SystemExit, match="none of this id or name"):
        run(monkeypatch, Aws({"CreateTeamFunction": "f"}, missing, FunctionError="x"), "--name", "Acme", "--stop", "1")
