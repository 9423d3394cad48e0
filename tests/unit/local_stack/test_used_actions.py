"""What is kept of the actions that functions need."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from local_stack.aws.used_actions import VARIABLE, UsedActions, logical_name

_ARN = "arn:aws:{}:us-east-1:123456789012:{}"
_NUMBER = "5f2d7c1b-9e3a-4f48-8d6c-2b1a0f9e8d7c"


@pytest.mark.parametrize(
    ("service", "name", "logical"),
    [
        ("dynamodb", "table/ActivityTable", "ActivityTable"),
        ("dynamodb", "table/nereid-local-ActivityTable/index/timeline", "ActivityTable/index/timeline"),
        ("sqs", "nereid-local-EmailDeadLetterQueue", "EmailDeadLetterQueue"),
        ("sqs", f"EmailQueue-{_NUMBER}", "EmailQueue"),
        ("sqs", f"EmailQueue-{_NUMBER}-dead", "EmailDeadLetterQueue"),
        ("sns", "endpoint/GCM/MyTable", ""),
        ("sqs", "somebody-elses", ""),
    ],
)
def test_tables_and_queues_are_kept_by_their_logical_ids(service: str, name: str, logical: str) -> None:
    assert logical_name(f"{service}:Action", _ARN.format(service, name)) == logical


def test_each_is_kept_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, str(tmp_path / "used"))
    used = UsedActions()
    for function in ("F", "F", "G"):
        used.note(function, "sqs:SendMessage", _ARN.format("sqs", "stack-EmailQueue"))
    kept = (tmp_path / "used" / str(os.getpid())).read_text()
    assert kept == "F\tsqs:SendMessage\tEmailQueue\nG\tsqs:SendMessage\tEmailQueue\n"


def test_nothing_is_kept_unless_it_is_wanted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.chdir(tmp_path)
    UsedActions().note("F", "sqs:SendMessage", _ARN.format("sqs", "stack-EmailQueue"))
    assert list(tmp_path.iterdir()) == []
