"""What `make redrive` does to a running stack, with the operator's own credentials."""

from __future__ import annotations

import re
import sys
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest

from tests.contract.manage_client import MAIL, Manage, email_to, outcomes, unique
from tests.support.teams import Operator
from tools import redrive

QUEUES = ("message", "email", "sms", "push", "feedback")


class CloudFormation:
    """Knows one stack."""

    def __init__(self, operator: Operator) -> None:
        names = [*QUEUES, *(f"{queue}_dead_letter" for queue in QUEUES)]
        self.outputs = {
            f"{name.title().replace('_', '')}QueueUrl": operator.queues[f"{name.upper()}_QUEUE_URL"] for name in names
        }
        self.outputs["ActivityTable"] = operator.activity_table
        self.parameters = {"RetentionDays": "90"}

    def describe_stacks(self, **arguments: Any) -> dict[str, Any]:
        assert arguments == {"StackName": "nereid-prod"}
        outputs = [{"OutputKey": key, "OutputValue": value} for key, value in self.outputs.items()]
        parameters = [{"ParameterKey": key, "ParameterValue": value} for key, value in self.parameters.items()]
        return {"Stacks": [{"Outputs": outputs, "Parameters": parameters}]}


@pytest.fixture
def cloudformation(operator: Operator) -> CloudFormation:
    return CloudFormation(operator)


Run = Callable[..., tuple[int, str]]


@pytest.fixture
def run(
    operator: Operator,
    cloudformation: CloudFormation,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Iterator[Run]:
    """Return what runs the program with the stack as its AWS, and gives its exit code and what it printed."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", operator.environment["AWS_ENDPOINT_URL"])
    monkeypatch.setenv("AWS_DEFAULT_REGION", operator.environment["AWS_REGION"])
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "operator")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    real = boto3.client
    monkeypatch.setattr(
        boto3, "client", lambda name, **given: cloudformation if name == "cloudformation" else real(name, **given)
    )

    def run(*arguments: str) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["redrive.py", "--stage", "prod", *arguments])
        with pytest.raises(SystemExit) as ended:
            redrive.main()
        printed = capsys.readouterr().out
        if isinstance(ended.value.code, str):
            return 1, printed + ended.value.code
        return int(ended.value.code or 0), printed

    yield run
    for queue in QUEUES:
        operator.forget_letters(queue)


def events(operator: Operator, manage: Manage, *message_ids: str) -> dict[str, Any]:
    messages = [
        {"message_id": each, "event_type": "e", "source": "neptune", "received_at": "2026-01-31T09:30:00.000Z"}
        for each in message_ids
    ]
    return {"team_id": operator.team_of(manage.token), "environment": "dev", "messages": messages}


def test_it_lists_the_letters_of_all_teams_and_of_none(
    run: Run, operator: Operator, manage: Manage, team: Manage
) -> None:
    mine = operator.bury("message", events(operator, manage, "m-1", "m-2"))
    theirs = operator.bury("email", events(operator, team, "m-3"))
    nobodys = operator.bury("feedback", "poison")
    code, printed = run()
    assert code == 0
    assert printed.endswith("3 dead letters\n")
    lines = {
        letter_id: line for line in printed.splitlines() for letter_id in (mine, theirs, nobodys) if letter_id in line
    }
    assert set(lines) == {mine, theirs, nobodys}
    assert re.fullmatch(rf"message  {mine}  \d+ s  1 tries  the function did not finish: .*", lines[mine])
    assert (
        f"    events: team {operator.team_of(manage.token)}; environment dev; event type e; message m-1, m-2" in printed
    )
    assert "    unknown: team nobody; environment none" in printed
    assert "poison" not in printed


def test_it_shows_what_a_letter_holds_when_asked(run: Run, operator: Operator) -> None:
    operator.bury("email", "poison")
    operator.bury("sms", "other")
    _, printed = run("--queue", "email", "--bodies")
    assert '"poison"' in printed
    assert "other" not in printed


def test_it_says_when_there_is_more(run: Run, operator: Operator) -> None:
    for _ in range(3):
        operator.bury("email", "poison")
    assert run("--limit", "2")[1].endswith("2 dead letters; there may be more\n")


def test_it_puts_one_back(run: Run, operator: Operator, manage: Manage) -> None:
    event_type, address, message_id = manage.configure(MAIL), f"{unique()}@example.com", unique()
    body = events(operator, manage, message_id)
    body["messages"][0] |= {"event_type": event_type, "contact_infos": email_to(address)}
    letter_id = operator.bury("message", body)
    operator.bury("email", "poison")
    assert run("--redrive", letter_id) == (0, "1 redriven, 0 remain\n")
    assert outcomes(manage.message(message_id)["deliveries"]) == [("success", None)]
    assert operator.letters("email") == 1


def test_it_puts_all_back(run: Run, operator: Operator, manage: Manage) -> None:
    ids = [unique() for _ in range(12)]
    for message_id in ids:
        operator.bury("message", events(operator, manage, message_id))
    assert run("--redrive", "all", "--queue", "message") == (0, "12 redriven, 0 remain\n")
    for message_id in ids:
        manage.message(message_id)
    assert operator.letters("message") == 0


@pytest.mark.parametrize("action", ["--redrive", "--purge"])
def test_an_unknown_letter_is_said_to_be_unknown(run: Run, action: str) -> None:
    letter_id = str(uuid.uuid4())
    assert run(action, letter_id, "--yes") == (1, f"There is no dead letter {letter_id}.")


def test_it_asks_before_it_deletes(run: Run, operator: Operator, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(2):
        operator.bury("email", "poison")
    monkeypatch.setattr("builtins.input", lambda _: "y")
    code, printed = run("--purge", "all")
    assert (code, operator.letters("email")) == (1, 2)
    assert "Delete all letters of all queues, about 2?" in printed
    assert printed.endswith("Nothing was deleted.")
    monkeypatch.setattr("builtins.input", lambda _: "yes")
    code, printed = run("--purge", "all")
    assert (code, operator.letters("email")) == (0, 0)
    assert printed.endswith("2 purged, 0 remain\n")


def test_what_is_purged_fails(run: Run, operator: Operator, manage: Manage) -> None:
    message_id = operator.store(manage.token, "dev", manage.configure(MAIL), f"{unique()}@example.com")
    letter_id = operator.bury("message", events(operator, manage, message_id))
    assert run("--purge", letter_id, "--yes") == (0, "1 purged, 0 remain\n")
    assert outcomes(manage.message(message_id)["deliveries"]) == [("failed", "purged")]


def test_a_stack_of_something_else_is_refused(run: Run, cloudformation: CloudFormation) -> None:
    del cloudformation.outputs["EmailDeadLetterQueueUrl"]
    assert run() == (
        1,
        "The stack nereid-prod has no EmailDeadLetterQueueUrl: is it a stack of Nereid, and as new as this program?",
    )


def test_a_refusal_of_aws_is_reported(run: Run, cloudformation: CloudFormation) -> None:
    cloudformation.outputs["EmailDeadLetterQueueUrl"] += "-gone"
    code, printed = run("--redrive", "all")
    assert code == 1
    assert "AWS" in printed
