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
