"""What a deployed stack and its AWS account lack before messages reach people.

docs/deploy.md has the reasons, under "Before the first message". Each check reads; none changes anything.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from email.utils import parseaddr
from typing import Any, Literal, NamedTuple

import httpx
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, NoRegionError, PartialCredentialsError

from nereid_cli.errors import Mistake

#: With fewer at the same time, functions wait for each other; new accounts may have 10 (docs/deploy.md).
ENOUGH_CONCURRENCY = 1000
#: The monthly spending limit for SMS of a new account, in US dollars.
FIRST_SPEND_LIMIT = 1.0
_APPLICATIONS = ("PushApplicationArn", "PushFcmArn", "PushApnsArn", "PushApnsSandboxArn")
_PENDING = "PendingConfirmation"

#: Gives a client of an AWS service by its name.
Clients = Callable[[str], Any]


class Finding(NamedTuple):
    """What a check found.

    Parameters
    ----------
    subject : str
        What was looked at.
    state : str
        `ok`, `missing`, or `unknown` if it could not be looked at.
    text : str
        What was found.
    remedy : str
        What to do; empty if nothing is.
    """

    subject: str
    state: Literal["ok", "missing", "unknown"]
    text: str
    remedy: str = ""


@dataclass(frozen=True)
class Stack:
    """A stack as CloudFormation tells of it.

    Parameters
    ----------
    name : str
        Its name.
    status : str
        Its status.
    parameters, outputs : mapping
        Their values by their names.
    """

    name: str
    status: str
    parameters: Mapping[str, str]
    outputs: Mapping[str, str]


def find(clients: Clients, name: str) -> Stack:
    """Read a stack.

    Raises
    ------
    Mistake
        If there is none, or AWS cannot be asked.
    """
    try:
        (found,) = clients("cloudformation").describe_stacks(StackName=name)["Stacks"]
    except (NoCredentialsError, PartialCredentialsError) as error:
        raise Mistake(
            "No AWS credentials were found here, so the account cannot be asked: log in (aws sso login, "
            "aws configure), or name a profile in AWS_PROFILE."
        ) from error
    except NoRegionError as error:
        raise Mistake("No AWS region is set: --region eu-central-1, or AWS_REGION.") from error
    except ClientError as error:
        if error.response["Error"]["Code"] == "ValidationError":
            raise Mistake(
                f"There is no stack {name} in this account and region: make deploy, or name another with --stack "
                "and --region."
            ) from error
        raise Mistake(f"AWS: {error}") from error
    except BotoCoreError as error:
        raise Mistake(f"AWS: {error}") from error
    parameters = {each["ParameterKey"]: each.get("ParameterValue", "") for each in found.get("Parameters", [])}
    outputs = {each["OutputKey"]: each["OutputValue"] for each in found.get("Outputs", [])}
    if "FeedbackTopicArn" not in outputs and found["StackStatus"] != "ROLLBACK_COMPLETE":
        raise Mistake(f"{name} is a stack, and none of Nereid: it has no output FeedbackTopicArn.")
    return Stack(name, found["StackStatus"], parameters, outputs)


def examine(clients: Clients, stack: Stack) -> Iterator[Finding]:
    """Look at everything, one after the other; what may not be read is `unknown`, and the rest is looked at."""
    checks: dict[str, Callable[[Clients, Stack], Iterator[Finding]]] = {
        "stack": _stack,
        "API": _api,
        "concurrency": _concurrency,
        "e-mail sender": _sender,
        "SES": _ses,
        "SMS": _sms,
        "push": _push,
        "feedback": _feedback,
        "alarms": _alarms,
        "registration": _registration,
    }
    for subject, check in checks.items():
        try:
            yield from check(clients, stack)
        except ClientError as error:
            code = error.response["Error"]["Code"]
            yield Finding(subject, "unknown", f"AWS does not tell: {code}", f"allow {_action(error)}, and ask again")
        except BotoCoreError as error:
            yield Finding(subject, "unknown", f"AWS does not tell: {error}", "ask again")


def _action(error: ClientError) -> str:
    return str(error.operation_name)


def _stack(_: Clients, stack: Stack) -> Iterator[Finding]:
    good = stack.status.endswith("_COMPLETE") and "ROLLBACK" not in stack.status
    remedy = "" if good else "see docs/deploy.md, If the first deployment fails"
    yield Finding("stack", "ok" if good else "missing", f"{stack.name} is {stack.status}", remedy)
    protected = stack.outputs.get("DeletionProtection") == "true"
    yield Finding(
        "protection",
        "ok" if protected else "missing",
        "tables are protected from deletion" if protected else "anybody with rights may delete the tables",
        "" if protected else "make protect STAGE=…",
    )


def _api(_: Clients, stack: Stack) -> Iterator[Finding]:
    url = stack.outputs.get("ApiUrl", "")
    try:
        answer = httpx.get(f"{url}/health", timeout=35)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        yield Finding("API", "missing", f"{url} does not answer: {error}", "look at BaseUrl, and your own domain's DNS")
        return
    good = answer.status_code == httpx.codes.OK
    text = f"{url} is healthy" if good else f"{url}/health answers {answer.status_code}"
    yield Finding("API", "ok" if good else "missing", text, "" if good else "look at the log group of the API's errors")


def _concurrency(clients: Clients, _: Stack) -> Iterator[Finding]:
    limit = clients("lambda").get_account_settings()["AccountLimit"]["ConcurrentExecutions"]
    good = limit >= ENOUGH_CONCURRENCY
    remedy = "" if good else "ask for 1,000 in Service Quotas (Lambda, Concurrent executions)"
    yield Finding("concurrency", "ok" if good else "missing", f"{limit} functions at the same time", remedy)


def _sender(clients: Clients, stack: Stack) -> Iterator[Finding]:
    sender = parseaddr(stack.parameters.get("EmailFrom", ""))[1]
    if not sender:
        yield Finding("e-mail sender", "missing", "EmailFrom is empty: no mail is sent", "deploy with EmailFrom=…")
        return
    domain = sender.partition("@")[2]
    for identity in (domain, sender):
        found = _identity(clients("sesv2"), identity)
        if found is None:
            continue
        if found.get("VerifiedForSendingStatus"):
            signed = found.get("DkimAttributes", {}).get("Status") == "SUCCESS"
            yield Finding("e-mail sender", "ok", f"{identity} is verified for {sender}")
            yield Finding(
                "DKIM",
                "ok" if signed else "missing",
                f"{identity} signs its mail" if signed else f"{identity} does not sign its mail, which receivers want",
                "" if signed else "docs/deploy.md, A domain in SES",
            )
            return
    yield Finding(
        "e-mail sender",
        "missing",
        f"neither {domain} nor {sender} is verified in SES",
        f"aws sesv2 create-email-identity --email-identity {domain}, then the DNS records (docs/deploy.md)",
    )


def _identity(ses: Any, identity: str) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = ses.get_email_identity(EmailIdentity=identity)
    except ClientError as error:
        if error.response["Error"]["Code"] == "NotFoundException":
            return None
        raise
    return found


def _ses(clients: Clients, _: Stack) -> Iterator[Finding]:
    account = clients("sesv2").get_account()
    production = bool(account.get("ProductionAccessEnabled"))
    yield Finding(
        "SES access",
        "ok" if production else "missing",
        "production" if production else "sandbox: only verified addresses receive mail",
        "" if production else "ask for production access in SES's console (Account dashboard)",
    )
    sends = account.get("SendingEnabled", True) and account.get("EnforcementStatus", "HEALTHY") != "SHUTDOWN"
    quota = account.get("SendQuota", {})
    text = (
        f"{quota.get('MaxSendRate', 0):g} mails a second, {quota.get('Max24HourSend', 0):,.0f} a day, "
        f"{quota.get('SentLast24Hours', 0):,.0f} sent in the last day"
    )
    if not sends:
        yield Finding(
            "SES sending", "missing", f"SES sends nothing ({account.get('EnforcementStatus')})", "look at SES's console"
        )
    else:
        yield Finding("SES sending", "ok", text)


def _sms(clients: Clients, stack: Stack) -> Iterator[Finding]:
    if stack.parameters.get("SmsEnabled") != "true":
        yield Finding("SMS", "ok", "off (SmsEnabled)")
        return
    sns = clients("sns")
    sandbox = sns.get_sms_sandbox_account_status()["IsInSandbox"]
    yield Finding(
        "SMS access",
        "missing" if sandbox else "ok",
        "sandbox: only verified numbers receive" if sandbox else "production",
        "leave the SMS sandbox in SNS's console (Text messaging)" if sandbox else "",
    )
    attributes = sns.get_sms_attributes(attributes=["MonthlySpendLimit"])["attributes"]
    limit = float(attributes.get("MonthlySpendLimit") or FIRST_SPEND_LIMIT)
    enough = limit > FIRST_SPEND_LIMIT
    yield Finding(
        "SMS spending",
        "ok" if enough else "missing",
        f"${limit:g} a month; above it SNS answers success and sends nothing",
        ""
        if enough
        else "ask for more in Service Quotas, then aws sns set-sms-attributes --attributes MonthlySpendLimit=…",
    )
    countries = stack.parameters.get("SmsCountries", "")
    yield Finding(
        "SMS countries",
        "ok" if countries else "missing",
        countries or "all countries, at any price: fraud is expensive",
        "" if countries else "deploy with SmsCountries=DE,FR,… and SmsMaxPrice",
    )


def _push(clients: Clients, stack: Stack) -> Iterator[Finding]:
    applications = [arn for name in _APPLICATIONS if (arn := stack.parameters.get(name, ""))]
    if not applications:
        yield Finding("push", "ok", "off (PushFcmArn, PushApnsArn)")
    for arn in applications:
        name = arn.partition(":app/")[2] or arn
        topic = stack.outputs.get("FeedbackTopicArn", "")
        try:
            attributes = clients("sns").get_platform_application_attributes(PlatformApplicationArn=arn)["Attributes"]
        except ClientError as error:
            if error.response["Error"]["Code"] not in {"NotFound", "NotFoundException"}:
                raise
            yield Finding(
                f"push {name}", "missing", "there is no such platform application", "see docs/deploy.md, Push"
            )
            continue
        if attributes.get("Enabled", "true") != "true":
            yield Finding(
                f"push {name}", "missing", "is disabled: its credentials were refused", "give it new credentials"
            )
        told = attributes.get("EventDeliveryFailure") == topic
        remedy = (
            f"aws sns set-platform-application-attributes --platform-application-arn {arn} "
            f"--attributes EventDeliveryFailure={topic}"
        )
        yield Finding(
            f"push {name}",
            "ok" if told else "missing",
            "reports failures to the stack" if told else "does not report failures to the stack",
            "" if told else remedy,
        )


def _feedback(clients: Clients, stack: Stack) -> Iterator[Finding]:
    topic = stack.outputs.get("FeedbackTopicArn", "")
    queued = any(each["Protocol"] == "sqs" and _is_confirmed(each) for each in _subscriptions(clients, topic))
    yield Finding(
        "feedback",
        "ok" if queued else "missing",
        "bounces, complaints and push failures reach the stack" if queued else "reports of SES and SNS reach no queue",
        "" if queued else "deploy again: make deploy STAGE=…",
    )


def _alarms(clients: Clients, stack: Stack) -> Iterator[Finding]:
    topic = stack.outputs.get("AlarmTopic")
    if topic is None:
        yield Finding("alarms", "missing", "off (Alarms)", "deploy with Alarms=true and AlarmEmail=…")
        return
    found = _subscriptions(clients, topic)
    confirmed = [each["Endpoint"] for each in found if _is_confirmed(each)]
    waiting = [each["Endpoint"] for each in found if not _is_confirmed(each)]
    if confirmed:
        yield Finding("alarms", "ok", f"go to {', '.join(confirmed)}")
    if waiting:
        text = f"{', '.join(waiting)} has not confirmed its subscription"
        yield Finding("alarms", "missing", text, "open the link in the mail from AWS Notifications")
    if not found:
        yield Finding("alarms", "missing", "nobody is told of them", "deploy with AlarmEmail=…")


def _registration(_: Clients, stack: Stack) -> Iterator[Finding]:
    value = stack.parameters.get("Registration", "closed")
    good = value != "trusted"
    text = f"{value}" if good else "trusted: everybody may register and send in your name, at your cost"
    yield Finding(
        "registration", "ok" if good else "missing", text, "" if good else "deploy with Registration=closed or open"
    )


def _subscriptions(clients: Clients, topic: str) -> list[dict[str, str]]:
    pages = clients("sns").get_paginator("list_subscriptions_by_topic").paginate(TopicArn=topic)
    return [each for page in pages for each in page["Subscriptions"]]


def _is_confirmed(subscription: Mapping[str, str]) -> bool:
    return subscription["SubscriptionArn"] not in {_PENDING, "Deleted"}
