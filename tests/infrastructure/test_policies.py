"""Each function may do what it needs, to what it needs: least privilege."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.infrastructure import stack

ROLES = stack.of_type("AWS::IAM::Role")

# SAM attaches this to every function and cannot be told not to: writing logs.
MANAGED = {
    "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole",
}

# The statements whose resources cannot be listed when the stack is made; the template says why beside each.
OPEN_ENDED = {
    ("NeptieGenerateEmail", "InvokeModelOfProfile"),
    ("PipelineDeliverEmail", "ReadAttachments"),
    ("PipelineDeliverEmail", "ReadSendingRate"),
    ("PipelineDeliverEmail", "SendEmail"),
    ("NeptieRegister", "SendEmail"),
    ("NeptieLogin", "SendEmail"),
    ("PipelineDeliverPush", "PushThroughApplications"),
    ("ManageEraseUser", "DeleteEndpoints"),
    ("PipelineSweepDeliveries", "DeleteEndpoints"),
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
    "EMAIL_HIGH_QUEUE_URL": "EmailHighQueue",
    "SMS_HIGH_QUEUE_URL": "SmsHighQueue",
    "PUSH_HIGH_QUEUE_URL": "PushHighQueue",
    "FEEDBACK_QUEUE_URL": "FeedbackQueue",
    "MESSAGE_DEAD_LETTER_QUEUE_URL": "MessageDeadLetterQueue",
    "EMAIL_DEAD_LETTER_QUEUE_URL": "EmailDeadLetterQueue",
    "SMS_DEAD_LETTER_QUEUE_URL": "SmsDeadLetterQueue",
    "PUSH_DEAD_LETTER_QUEUE_URL": "PushDeadLetterQueue",
    "FEEDBACK_DEAD_LETTER_QUEUE_URL": "FeedbackDeadLetterQueue",
}
DELIVERIES = [f"{channel}{lane}Queue" for channel in ("Email", "Sms", "Push") for lane in ("", "High")]
SEND = {"sqs:SendMessage"}
MEASURE = {"sqs:GetQueueAttributes"}
LOOK = MEASURE | {"sqs:ReceiveMessage", "sqs:ChangeMessageVisibility"}
TAKE = LOOK | {"sqs:DeleteMessage"}
# What functions do with queues that they do not consume from, other than sending.
OTHERWISE = {
    **{("ManageListDeadLetters", name): LOOK for name in QUEUES.values() if "Dead" in name},
    **{("ManageShowOverview", name): LOOK for name in QUEUES.values() if "Dead" in name},
    **{("ManageRedriveDeadLetters", name): TAKE for name in QUEUES.values() if "Dead" in name},
    **{("ManagePurgeDeadLetters", name): TAKE for name in QUEUES.values() if "Dead" in name},
    **{("PipelineSweepDeliveries", name): MEASURE for name in DELIVERIES},
    ("PipelineSweepDeliveries", "MessageQueue"): MEASURE | SEND,
    **{("PipelineSweepDeliveries", name): TAKE | SEND for name in QUEUES.values() if "Dead" in name},
    **{("ManageEraseUser", name): TAKE | SEND for name in QUEUES.values() if "Dead" in name},
}

#: Every statement with its role.
EVERYTHING = [(role, statement) for role in ROLES for statement in stack.statements(role)]


def differences(wanted: dict[str, Any], found: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Return what is wanted and what is found, of the functions where these differ."""
    return {name: (wanted[name], found[name]) for name in wanted if wanted[name] != found[name]}


def reaches(function: str, resource: str, service: str) -> set[str]:
    """Return the actions of a service that a function may take on a resource."""
    return {
        action
        for statement in stack.policies(function)
        for action in stack.listed(statement["Action"])
        if action.startswith(f"{service}:") and f'"{resource}"' in json.dumps(statement.get("Resource", ""))
    }


def test_a_function_has_a_role_of_its_own() -> None:
    roles = [stack.target(one["Role"]) for one in stack.functions().values()]
    assert {role for role in roles if roles.count(role) > 1} == set()


def test_a_role_has_no_managed_policy_but_the_stacks_own_and_that_of_logs() -> None:
    attached = {name: one["Properties"].get("ManagedPolicyArns", []) for name, one in ROLES.items()}
    foreign = {
        name: [arn for arn in arns if isinstance(arn, str) and arn not in MANAGED] for name, arns in attached.items()
    }
    assert {name: arns for name, arns in foreign.items() if arns} == {}
    shared = {stack.target(arn) for arns in attached.values() for arn in arns if not isinstance(arn, str)}
    assert shared == set(stack.of_type("AWS::IAM::ManagedPolicy"))


def test_a_policy_names_its_actions() -> None:
    wrong = [
        (role, statement)
        for role, statement in EVERYTHING
        if statement["Effect"] != "Allow"
        or "NotAction" in statement
        or any("*" in action for action in stack.listed(statement["Action"]))
    ]
    assert wrong == []


def test_a_policy_names_its_resources() -> None:
    open_ended = {
        (role, statement["Sid"])
        for role, statement in EVERYTHING
        for resource in stack.listed(statement.get("Resource", []))
        if "*" in json.dumps(resource)
    }
    everything = [
        (role, statement["Action"])
        for role, statement in EVERYTHING
        if "*" in stack.listed(statement.get("Resource", []))
    ]
    by_exclusion = {(role, statement["Sid"]) for role, statement in EVERYTHING if "NotResource" in statement}
    # The same: an exception that has no statement any more is to go.
    assert open_ended == {(f"{function}Role", sid) for function, sid in OPEN_ENDED}
    assert by_exclusion == {(f"{function}Role", sid) for function, sid in BY_EXCLUSION}
    # It is about the account, and IAM knows no resource for it.
    assert everything == [("PipelineDeliverEmailRole", "ses:GetAccount")]


def test_a_function_may_use_the_tables_it_is_told_of_and_no_others() -> None:
    told = {
        function: {name for variable, name in TABLES.items() if variable in stack.environment(function)}
        for function in stack.functions()
    }
    may = {
        function: {
            name
            for name in TABLES.values()
            if reaches(function, name, "dynamodb") or reaches(function, f"${{{name}.Arn}}", "dynamodb")
        }
        for function in stack.functions()
    }
    assert differences(told, may) == {}


def test_push_is_allowed_on_applications_and_on_their_endpoints() -> None:
    # SNS authorizes a call that names an endpoint against the endpoint's application.
    actions = {"sns:CreatePlatformEndpoint", "sns:DeleteEndpoint", "sns:Publish", "sns:SetEndpointAttributes"}
    allowed = {
        json.dumps(resource).rpartition(":")[2].strip('"}'): set(stack.listed(statement["Action"]))
        for statement in stack.policies("PipelineDeliverPush")
        for resource in stack.listed(statement["Resource"])
        if ":sns:" in json.dumps(resource)
    }
    assert allowed == {"app/*": actions, "endpoint/*": actions}


def test_no_function_may_scan_a_table() -> None:
    scans = {"dynamodb:Scan", "dynamodb:PartiQLSelect", "dynamodb:ExecuteStatement"}
    assert [role for role, statement in EVERYTHING if scans & set(stack.listed(statement["Action"]))] == []


@pytest.mark.parametrize(
    ("variable", "secret"), [("TOKEN_SECRET_ARN", "TokenSecret"), ("LINK_SECRET_ARN", "SigningSecret")]
)
def test_a_function_may_read_a_secret_if_it_is_told_of_it(variable: str, secret: str) -> None:
    told = {name for name in stack.functions() if stack.environment(name).get(variable) == {"Ref": secret}}
    may = {name for name in stack.functions() if reaches(name, secret, "secretsmanager")}
    assert told ^ may == set()
    assert {name for name in stack.functions() if variable in stack.environment(name)} == told


def test_what_writes_credentials_looks_its_callers_credential_up() -> None:
    writes = {"dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem"}
    writers = {name for name in stack.functions() if reaches(name, "AccountsTable", "dynamodb") & writes}
    sources = {name: (stack.folder(name) / "app.py").read_text(encoding="utf-8") for name in writers}
    cached = {name for name, text in sources.items() if "certain=True" not in text and "session_endpoint" not in text}
    # These have no credential to look up: the operator's, the clock's, those that make a session of a password or
    # refresh token, and the page of a link.
    nobodys = {"ManageCreateTeam", "PipelineSweepDeliveries", "PublicVerifyAddress"}
    assert cached == nobodys | {"NeptieRegister", "NeptieLogin", "NeptieRefresh"}


def test_what_makes_and_reads_links_knows_no_key_of_tokens() -> None:
    links = {name for name in stack.functions() if reaches(name, "SigningSecret", "secretsmanager")}
    unsubscribe = {"PipelineDeliverEmail", "PublicShowUnsubscribe", "PublicUnsubscribe"}
    # The first two make sessions, and mail the link that an account's address is verified with.
    verify = {"NeptieRegister", "NeptieLogin", "PublicShowVerification", "PublicVerifyAddress"}
    assert links == unsubscribe | verify
    tokens = {name for name in stack.functions() if reaches(name, "TokenSecret", "secretsmanager")}
    assert {name for name in tokens if name.startswith(("Pipeline", "Public"))} == set()


def test_a_function_may_use_the_queues_it_is_told_of_and_no_others() -> None:
    consumed = stack.consumers()
    told = {
        function: {name for variable, name in QUEUES.items() if variable in stack.environment(function)}
        for function in stack.functions()
    }
    wanted = {
        function: {name: OTHERWISE.get((function, name), SEND) for name in names if consumed.get(name) != function}
        for function, names in told.items()
    }
    may = {
        function: {
            name: reaches(function, name, "sqs")
            for name in stack.queues()
            if reaches(function, name, "sqs") and consumed.get(name) != function
        }
        for function in stack.functions()
    }
    assert differences(wanted, may) == {}


def test_a_consumer_may_receive_from_its_own_queue() -> None:
    needed = {"sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"}
    lacking = {queue: needed - reaches(function, queue, "sqs") for queue, function in stack.consumers().items()}
    assert {queue: actions for queue, actions in lacking.items() if actions} == {}
