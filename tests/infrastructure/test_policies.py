"""Each function may do what it needs, to what it needs: least privilege."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.infrastructure import stack

ROLES = stack.of_type("AWS::IAM::Role")

# SAM attaches these to every function and cannot be told not to: writing logs, and traces (which have no resource).
MANAGED = {
    "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole",
    "arn:aws:iam::aws:policy/AWSXrayWriteOnlyAccess",
}

# The statements whose resources cannot be listed when the stack is made; the template says why beside each.
OPEN_ENDED = {
    ("NeptieGenerateEmail", "InvokeModelOfProfile"),
    ("PipelineDeliverEmail", "SendEmail"),
    ("PipelineDeliverPush", "CreateEndpoints"),
    ("PipelineDeliverPush", "PushToEndpoints"),
}
# A phone number has no ARN, so the statement takes what has one out.
BY_EXCLUSION = {("PipelineDeliverSms", "SendSms")}

TABLES = {
    "ACCOUNTS_TABLE": "AccountsTable",
    "AUDIENCE_TABLE": "AudienceTable",
    "ACTIVITY_TABLE": "ActivityTable",
    "OUTREACH_TABLE": "OutreachTable",
    "LIMITS_TABLE": "LimitsTable",
}
QUEUES = {
    "MESSAGE_QUEUE_URL": "MessageQueue",
    "EMAIL_QUEUE_URL": "EmailQueue",
    "SMS_QUEUE_URL": "SmsQueue",
    "PUSH_QUEUE_URL": "PushQueue",
    "FEEDBACK_QUEUE_URL": "FeedbackQueue",
    "MESSAGE_DEAD_LETTER_QUEUE_URL": "MessageDeadLetterQueue",
    "EMAIL_DEAD_LETTER_QUEUE_URL": "EmailDeadLetterQueue",
    "SMS_DEAD_LETTER_QUEUE_URL": "SmsDeadLetterQueue",
    "PUSH_DEAD_LETTER_QUEUE_URL": "PushDeadLetterQueue",
    "FEEDBACK_DEAD_LETTER_QUEUE_URL": "FeedbackDeadLetterQueue",
}
SEND = {"sqs:SendMessage"}
MEASURE = {"sqs:GetQueueAttributes"}
LOOK = MEASURE | {"sqs:ReceiveMessage", "sqs:ChangeMessageVisibility"}
TAKE = LOOK | {"sqs:DeleteMessage"}
# What functions do with queues that they do not consume from, other than sending.
OTHERWISE = {
    **{("ManageListDeadLetters", name): LOOK for name in QUEUES.values() if "Dead" in name},
    **{("ManageRedriveDeadLetters", name): TAKE for name in QUEUES.values() if "Dead" in name},
    **{("ManagePurgeDeadLetters", name): TAKE for name in QUEUES.values() if "Dead" in name},
    **{("PipelineSweepDeliveries", name): MEASURE for name in ("EmailQueue", "SmsQueue", "PushQueue")},
    ("PipelineSweepDeliveries", "MessageQueue"): MEASURE | SEND,
}

every_function = pytest.mark.parametrize("function", sorted(stack.functions()))


def statements(function: str) -> dict[str, dict[str, Any]]:
    """Return the statements of a function by their Sid."""
    return {statement["Sid"]: statement for statement in stack.policies(function)}


def reaches(function: str, resource: str, service: str) -> set[str]:
    """Return the actions of a service that a function may take on a resource."""
    return {
        action
        for statement in stack.policies(function)
        for action in stack.listed(statement["Action"])
        if action.startswith(f"{service}:") and f'"{resource}"' in json.dumps(statement.get("Resource", ""))
    }


@every_function
def test_a_function_has_a_role_of_its_own(function: str) -> None:
    users = [name for name, one in stack.functions().items() if one["Role"] == stack.functions()[function]["Role"]]
    assert users == [function]


@pytest.mark.parametrize("role", sorted(ROLES))
def test_a_role_has_no_managed_policy_but_those_of_logs_and_traces(role: str) -> None:
    assert set(ROLES[role]["Properties"].get("ManagedPolicyArns", [])) <= MANAGED


@every_function
def test_a_policy_names_its_actions(function: str) -> None:
    for statement in stack.policies(function):
        assert statement["Effect"] == "Allow"
        assert "NotAction" not in statement
        assert not [action for action in stack.listed(statement["Action"]) if "*" in action], statement


@every_function
def test_a_policy_names_its_resources(function: str) -> None:
    for sid, statement in statements(function).items():
        if (function, sid) in BY_EXCLUSION:
            continue
        assert "NotResource" not in statement
        for resource in stack.listed(statement["Resource"]):
            assert resource != "*"
            assert (function, sid) in OPEN_ENDED or "*" not in json.dumps(resource), resource


def test_no_exception_outlives_its_statement() -> None:
    present = {(function, sid) for function in stack.functions() for sid in statements(function)}
    assert present >= OPEN_ENDED | BY_EXCLUSION


@every_function
def test_a_function_may_use_the_tables_it_is_told_of_and_no_others(function: str) -> None:
    told = {name for variable, name in TABLES.items() if variable in stack.environment(function)}
    may = {name for name in TABLES.values() if reaches(function, name, "dynamodb")}
    indexed = {name for name in TABLES.values() if reaches(function, f"${{{name}.Arn}}", "dynamodb")}
    assert told == may | indexed


@every_function
def test_no_function_may_scan_a_table(function: str) -> None:
    actions = {action for statement in stack.policies(function) for action in stack.listed(statement["Action"])}
    assert not actions & {"dynamodb:Scan", "dynamodb:PartiQLSelect", "dynamodb:ExecuteStatement"}


@every_function
def test_a_function_may_read_the_secret_if_it_is_told_of_it(function: str) -> None:
    may = bool(reaches(function, "SigningSecret", "secretsmanager"))
    assert may == ("SIGNING_SECRET_ARN" in stack.environment(function))


@every_function
def test_a_function_may_use_the_queues_it_is_told_of_and_no_others(function: str) -> None:
    consumed = stack.consumers().get(function)
    told = {name for variable, name in QUEUES.items() if variable in stack.environment(function)}
    may = {name for name in stack.queues() if reaches(function, name, "sqs")}
    assert may == told | ({consumed} if consumed else set())
    for name in told - {consumed}:
        assert reaches(function, name, "sqs") == OTHERWISE.get((function, name), SEND)


@pytest.mark.parametrize("function", sorted(stack.consumers()))
def test_a_consumer_may_receive_from_its_own_queue(function: str) -> None:
    needed = {"sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"}
    assert reaches(function, stack.consumers()[function], "sqs") >= needed
