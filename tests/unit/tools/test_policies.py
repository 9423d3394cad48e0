"""The check of policies: red for what IAM does not know together, for what is missing and for what is too much."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.infrastructure import stack
from tools import policies

GET = ("F", "dynamodb:GetItem", "ActivityTable")
PUT = ("F", "dynamodb:PutItem", "ActivityTable")
STATEMENT = {"Sid": "S", "Effect": "Allow", "Action": "sns:Publish", "Resource": "arn:aws:sns:*"}
DOCUMENT: list[tuple[str, dict[str, Any]]] = [("FRole", {"Statement": [STATEMENT]})]


def mismatch(document: str) -> list[tuple[str, str]]:
    assert json.loads(document)["Statement"] == [STATEMENT]
    return [("RESOURCE_MISMATCH", "why")]


def test_every_policy_is_checked_with_its_references_filled_in() -> None:
    found = list(policies.documents())
    owners = {name for name, _ in found}
    assert {f"{function}Role" for function in stack.functions() if stack.policies(function)} <= owners | {
        name for name, one in stack.of_type("AWS::IAM::Role").items() if not one["Properties"].get("Policies")
    }
    assert "CheckCredentials" in owners
    text = json.dumps(found)
    assert "${" not in text
    assert "Fn::" not in text
    assert '"Ref"' not in text


def test_a_finding_is_told() -> None:
    assert policies.findings(DOCUMENT, mismatch, {}) == ["FRole S RESOURCE_MISMATCH: why"]


def test_an_accepted_finding_is_not() -> None:
    assert policies.findings(DOCUMENT, mismatch, {("FRole", "*", "RESOURCE_MISMATCH"): "because"}) == []


def test_an_accepted_finding_that_is_gone_is_told() -> None:
    [line] = policies.findings(DOCUMENT, lambda _: [], {("FRole", "S", "X"): "because"})
    assert line == "FRole S X: is accepted, and not found"


def test_what_is_used_and_not_allowed_is_told() -> None:
    [line] = policies.differences({GET}, {GET, PUT}, {})
    assert line == "F dynamodb:PutItem ActivityTable: is used, and the policy does not allow it"


def test_what_is_allowed_and_not_used_is_told_unless_it_is_an_exception() -> None:
    [line] = policies.differences({GET, PUT}, {GET}, {})
    assert line == "F dynamodb:PutItem ActivityTable: is allowed, and no test uses it"
    assert policies.differences({GET, PUT}, {GET}, {("*", "dynamodb:Put*", "ActivityTable"): "because"}) == []


def test_an_exception_that_is_not_needed_is_told() -> None:
    [line] = policies.differences({GET}, {GET}, {GET: "because"})
    assert line.endswith("is an exception, and used or not allowed")


def test_lambda_needs_what_feeds_a_function_from_its_queue() -> None:
    function, queue = "PipelineDeliverEmail", "EmailQueue"
    fed = {(function, f"sqs:{action}", queue) for action in ("ReceiveMessage", "DeleteMessage", "GetQueueAttributes")}
    assert policies.differences(fed, set(), {}) == []
    assert len(policies.differences({(function, "sqs:SendMessage", queue)}, set(), {})) == 1


def test_what_a_function_may_is_read_with_tables_indexes_and_queues() -> None:
    may = policies.allowed()
    assert ("PipelineSweepDeliveries", "dynamodb:Query", "ActivityTable/index/timeline") in may
    assert ("PipelineSweepDeliveries", "sqs:SendMessage", "MessageQueue") in may
    assert ("PipelineDeliverEmail", "ses:SendEmail", "") in may


def test_records_of_tests_name_functions_by_id_or_folder(tmp_path: Path) -> None:
    (tmp_path / "1").write_text("pipeline/deliver_email\tses:SendEmail\t\n")
    (tmp_path / "2").write_text("PipelineDeliverEmail\tkms:Decrypt\t\nFunctionOfATest\tkms:Decrypt\t\n")
    assert policies.used(tmp_path) == {
        ("PipelineDeliverEmail", "ses:SendEmail", ""),
        ("PipelineDeliverEmail", "kms:Decrypt", ""),
    }
