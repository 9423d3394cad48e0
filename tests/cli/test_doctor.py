"""What `nereid doctor` finds in an AWS account, played by moto; what moto has not is answered beside it."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from typing import Any

import boto3
import botocore.client
import httpx
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from tests.cli.conftest import Terminal

SENDER = "Acme <hello@example.com>"
TOPIC = "arn:aws:sns:eu-central-1:123456789012:"
ANSWERS: dict[str, Any] = {
    "GetAccount": {
        "ProductionAccessEnabled": True,
        "SendingEnabled": True,
        "EnforcementStatus": "HEALTHY",
        "SendQuota": {"Max24HourSend": 50000.0, "MaxSendRate": 14.0, "SentLast24Hours": 12.0},
    },
    "GetAccountSettings": {"AccountLimit": {"ConcurrentExecutions": 1000}},
    "GetSMSSandboxAccountStatus": {"IsInSandbox": False},
}
PARAMETERS = {"EmailFrom": SENDER, "SmsEnabled": "true", "SmsCountries": "DE", "Registration": "closed"}


class Account:
    """An AWS account with a stack in it, which lacks nothing."""

    def __init__(self, answers: dict[str, Any]) -> None:
        self.answers = answers
        self.sns = boto3.client("sns")
        self.ses = boto3.client("sesv2")
        self.feedback = self.sns.create_topic(Name="feedback")["TopicArn"]
        self.alarms = self.sns.create_topic(Name="alarms")["TopicArn"]
        self.outputs = {
            "FeedbackTopicArn": self.feedback,
            "AlarmTopic": self.alarms,
            "ApiUrl": "https://api.example.com",
            "DeletionProtection": "true",
        }
        self.parameters = dict(PARAMETERS)
        self.health = httpx.Response(200, json={"status": "ok"})

    def complete(self) -> None:
        """Give it all that a stack wants beside what a test takes away."""
        queue = "arn:aws:sqs:eu-central-1:123456789012:feedback"
        self.sns.subscribe(TopicArn=self.feedback, Protocol="sqs", Endpoint=queue)
        self.sns.subscribe(TopicArn=self.alarms, Protocol="email", Endpoint="ops@example.com")
        self.sns.set_sms_attributes(attributes={"MonthlySpendLimit": "50"})
        self.ses.create_email_identity(EmailIdentity="example.com")

    def deploy(self, name: str = "nereid-prod") -> None:
        template = {
            "Parameters": {key: {"Type": "String"} for key in self.parameters},
            "Resources": {"Queue": {"Type": "AWS::SQS::Queue"}},
            "Outputs": {key: {"Value": value} for key, value in self.outputs.items()},
        }
        boto3.client("cloudformation").create_stack(
            StackName=name,
            TemplateBody=json.dumps(template),
            Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in self.parameters.items()],
        )


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch, nobody: Terminal) -> Iterator[Account]:
    for name, value in (
        ("AWS_ACCESS_KEY_ID", "testing"),
        ("AWS_SECRET_ACCESS_KEY", "testing"),
        ("AWS_DEFAULT_REGION", "eu-central-1"),
    ):
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    answers = json.loads(json.dumps(ANSWERS))
    real = botocore.client.BaseClient._make_api_call

    def call(client: Any, operation: str, parameters: Any) -> Any:
        if operation in answers:
            if isinstance(answers[operation], Exception):
                raise answers[operation]
            return answers[operation]
        found = real(client, operation, parameters)
        if operation == "GetEmailIdentity":
            # moto verifies no identity by itself.
            found = {**found, "VerifiedForSendingStatus": True, "DkimAttributes": {"Status": "SUCCESS"}}
        return found

    with mock_aws():
        made = Account(answers)
        monkeypatch.setattr(botocore.client.BaseClient, "_make_api_call", call)
        monkeypatch.setattr(httpx.HTTPTransport, "handle_request", lambda _, __: made.health)
        yield made


def test_an_account_that_lacks_nothing_is_ok(account: Account, nobody: Terminal) -> None:
    account.complete()
    account.deploy()
    done = nobody.run("doctor", "prod", "--json")
    found = done.json()
    assert [each for each in found if each["state"] != "ok"] == []
    assert done.code == 0
    texts = {each["subject"]: each["text"] for each in found}
    assert texts["SES sending"] == "14 mails a second, 50,000 a day, 12 sent in the last day"
    assert texts["alarms"] == "go to ops@example.com"


def lacking(account: Account, nobody: Terminal) -> dict[str, str]:
    """Return what is missing in an account, with its text and what to do."""
    account.complete()
    account.deploy()
    done = nobody.run("doctor", "prod", "--json")
    found = {each["subject"]: f"{each['text']}: {each['remedy']}" for each in done.json() if each["state"] == "missing"}
    assert done.code == (1 if found else 0)
    return found


@pytest.mark.parametrize(
    ("operation", "answer", "subject", "text"),
    [
        ("GetAccount", {"ProductionAccessEnabled": False}, "SES access", "sandbox: only verified addresses"),
        ("GetAccount", {"SendingEnabled": False}, "SES sending", "SES sends nothing"),
        ("GetAccount", {"EnforcementStatus": "SHUTDOWN"}, "SES sending", "SES sends nothing (SHUTDOWN)"),
        (
            "GetAccountSettings",
            {"AccountLimit": {"ConcurrentExecutions": 10}},
            "concurrency",
            "10 functions at the same",
        ),
        ("GetSMSSandboxAccountStatus", {"IsInSandbox": True}, "SMS access", "sandbox: only verified numbers"),
    ],
)
def test_a_limit_of_a_new_account_is_missing(
    account: Account, nobody: Terminal, operation: str, answer: Any, subject: str, text: str
) -> None:
    account.answers[operation].update(answer)
    found = lacking(account, nobody)
    assert list(found) == [subject]
    assert text in found[subject]


@pytest.mark.parametrize(
    ("parameters", "subject", "text"),
    [
        ({"EmailFrom": ""}, "e-mail sender", "EmailFrom is empty"),
        ({"EmailFrom": "hello@other.com"}, "e-mail sender", "neither other.com nor hello@other.com is verified"),
        ({"SmsCountries": ""}, "SMS countries", "all countries"),
        ({"Registration": "trusted"}, "registration", "everybody may register"),
        ({"PushFcmArn": f"{TOPIC}app/GCM/gone"}, "push GCM/gone", "there is no such platform application"),
    ],
)
def test_a_parameter_that_is_not_set_well_is_missing(
    account: Account, nobody: Terminal, parameters: dict[str, str], subject: str, text: str
) -> None:
    account.parameters |= parameters
    found = lacking(account, nobody)
    assert list(found) == [subject]
    assert text in found[subject]


def test_sms_that_is_off_lacks_nothing(account: Account, nobody: Terminal) -> None:
    account.parameters["SmsEnabled"] = "false"
    account.answers["GetSMSSandboxAccountStatus"]["IsInSandbox"] = True
    assert lacking(account, nobody) == {}


def test_tables_that_are_not_protected_are_told(account: Account, nobody: Terminal) -> None:
    account.outputs["DeletionProtection"] = "false"
    assert list(lacking(account, nobody)) == ["protection"]


def test_alarms_that_are_off_are_told(account: Account, nobody: Terminal) -> None:
    del account.outputs["AlarmTopic"]
    assert list(lacking(account, nobody)) == ["alarms"]


def test_a_subscription_that_is_not_confirmed_is_told(account: Account, nobody: Terminal) -> None:
    account.complete()
    account.deploy()
    account.answers["ListSubscriptionsByTopic"] = {
        "Subscriptions": [
            {"SubscriptionArn": "PendingConfirmation", "Protocol": "email", "Endpoint": "ops@example.com"}
        ]
    }
    out = nobody.run("doctor", "prod").out
    assert "ops@example.com has not confirmed its subscription" in out
    assert "reports of SES and SNS reach no queue" in out


def test_a_platform_application_that_reports_nothing_is_told_with_the_command(
    account: Account, nobody: Terminal
) -> None:
    made = account.sns.create_platform_application(Name="app", Platform="GCM", Attributes={"PlatformCredential": "x"})
    arn = made["PlatformApplicationArn"]
    account.parameters["PushFcmArn"] = arn
    found = lacking(account, nobody)
    assert (
        f"--platform-application-arn {arn} --attributes EventDeliveryFailure={account.feedback}"
        in found["push GCM/app"]
    )


def test_a_platform_application_that_reports_to_the_stack_is_ok(account: Account, nobody: Terminal) -> None:
    made = account.sns.create_platform_application(
        Name="app", Platform="GCM", Attributes={"PlatformCredential": "x", "EventDeliveryFailure": account.feedback}
    )
    account.parameters["PushFcmArn"] = made["PlatformApplicationArn"]
    assert lacking(account, nobody) == {}


def test_an_api_that_is_not_healthy_is_told(account: Account, nobody: Terminal) -> None:
    account.health = httpx.Response(503, json={"status": "unavailable"})
    assert "answers 503" in lacking(account, nobody)["API"]


def test_what_may_not_be_read_is_unknown_and_the_rest_is_looked_at(account: Account, nobody: Terminal) -> None:
    refused = {"Error": {"Code": "AccessDeniedException", "Message": "no"}}
    account.answers["GetAccount"] = ClientError(refused, "GetAccount")
    account.complete()
    account.deploy()
    done = nobody.run("doctor", "prod", "--json")
    found = {each["subject"]: each for each in done.json()}
    assert (found["SES"]["state"], found["SES"]["remedy"]) == ("unknown", "allow GetAccount, and ask again")
    assert found["registration"]["state"] == "ok"
    assert done.code == 0


def test_lines_say_what_to_do(account: Account, nobody: Terminal) -> None:
    account.answers["GetAccount"]["ProductionAccessEnabled"] = False
    account.complete()
    account.deploy()
    lines = [line.split() for line in nobody.run("doctor", "prod").out.splitlines()]
    at = next(index for index, words in enumerate(lines) if words[:3] == ["missing", "SES", "access"])
    assert lines[at + 1][:4] == ["→", "ask", "for", "production"]


def test_a_stack_that_is_not_there_is_told(account: Account, nobody: Terminal) -> None:
    done = nobody.run("doctor", "test")
    assert done.code == 1
    assert done.err.startswith("There is no stack nereid-test in this account and region")


def test_a_stack_of_something_else_is_told(account: Account, nobody: Terminal) -> None:
    del account.outputs["FeedbackTopicArn"]
    account.deploy("other")
    assert "none of Nereid" in nobody.run("doctor", "prod", "--stack", "other").err


def test_without_credentials_it_says_so(nobody: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE", "AWS_DEFAULT_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(nobody.folder / "none"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(nobody.folder / "none"))
    done = nobody.run("doctor", "prod", "--region", "eu-central-1")
    assert (done.code, done.err.startswith("No AWS credentials were found here")) == (1, True)


def test_without_a_region_it_says_so(account: Account, nobody: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_DEFAULT_REGION", "AWS_REGION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(nobody.folder / "none"))
    assert nobody.run("doctor", "prod").err.startswith("No AWS region is set")


def test_without_boto3_it_says_how_to_get_it(nobody: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "boto3", None)
    assert "needs boto3" in nobody.run("doctor", "prod").err
