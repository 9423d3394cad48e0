"""The functions in this process, over moto, with tables and queues as the template has them.

Where `tests.local_stack` shows what a caller sees, this shows what happens between the queues: each hand-over can
be repeated, dropped or made to fail, and every call of AWS is counted.
"""

from __future__ import annotations

import importlib.util
import json
import os
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from types import ModuleType, SimpleNamespace
from typing import Any
from unittest.mock import patch
from urllib.parse import urlencode

import boto3
from moto import mock_aws
from moto.dynamodb.models import dynamodb_backends
from moto.dynamodb.models.dynamo_type import DynamoType
from moto.sqs.models import sqs_backends

from local_stack.aws import lighter_moto, moto_transactions, permissions
from local_stack.aws.used_actions import UsedActions
from nereid.core.access.teams import create_environment, create_team
from nereid.core.audience.contact_infos import add_contact_info
from nereid.core.audience.users import create_or_update_user
from nereid.core.messaging.event_types import check_notifications, put_event_type
from nereid.core.messaging.ingest import ingest
from nereid.core.messaging.show_message import show_message
from nereid.dialects.manage import frame as manage
from nereid.dialects.manage.bodies import EventTypeBody
from nereid.models.delivery import Delivery, DeliveryJob
from nereid.models.message import Message
from nereid.models.team import Channels
from nereid.models.user import ContactType
from nereid.runtime import Runtime, runtime
from nereid.settings import Settings, settings
from tests.infrastructure import stack
from tests.support.memory_dynamodb import MemoryDynamoDB, boto
from tests.support.notifications import MAIL

REGION = "us-east-1"
ACCOUNT = "123456789012"
#: The secret of tokens, and that of links.
SECRET, LINK_SECRET = "s" * 64, "l" * 64
PUSH_APPLICATION = f"arn:aws:sns:{REGION}:{ACCOUNT}:app/GCM/nereid"
APNS_APPLICATION = f"arn:aws:sns:{REGION}:{ACCOUNT}:app/APNS/nereid"
QUEUES = {
    "message": "MessageQueue",
    "email": "EmailQueue",
    "email_high": "EmailHighQueue",
    "sms": "SmsQueue",
    "sms_high": "SmsHighQueue",
    "push": "PushQueue",
    "push_high": "PushHighQueue",
    "feedback": "FeedbackQueue",
}
HIGH = "_high"
CONSUMERS = {
    "message": "process_messages",
    "email": "deliver_email",
    "sms": "deliver_sms",
    "push": "deliver_push",
    "feedback": "record_feedback",
}
_PARAMETERS = {
    "CorsOrigins": "*",
    "CredentialCacheSeconds": "60",
    "EventTypeCacheSeconds": "10",
    "BaseUrl": "https://nereid.example.com",
    "RetentionDays": "90",
    "ProfileRetentionDays": "90",
    "EmailFrom": "hello@example.com",
    "Registration": "trusted",
    "MaxEnvironments": "20",
    "MaxApiTokens": "100",
    "MaxClientKeys": "100",
    "MaxEventTypes": "1000",
    "SmsEnabled": "true",
    "SmsSenderId": "",
    "SmsCountries": "",
    "SmsMaxPrice": "",
    "PushApplicationArn": PUSH_APPLICATION,
    "PushFcmArn": "",
    "PushApnsArn": "",
    "PushApnsSandboxArn": "",
    "LogLevel": "INFO",
    "AWS::StackName": "nereid",
    "ConfigurationSet": "nereid",
    "AttachmentBucket": "nereid-attachments",
    "SigningSecret": "link-secret",
    "TokenSecret": "token-secret",
    "BedrockModelId": "",
    "EmailsPerSecond": "1000",
    "SmsPerSecond": "1000",
    "PushesPerSecond": "1000",
    "DeliveryPatienceHours": "24",
}
#: How the names of operations begin that change nothing.
READS = ("Get", "Query", "BatchGet", "Describe", "List")
_TABLE_MEMBERS = (
    "AttributeDefinitions",
    "KeySchema",
    "BillingMode",
    "GlobalSecondaryIndexes",
    "LocalSecondaryIndexes",
)


lighter_moto.install()
moto_transactions.install()


class Died(BaseException):
    """The function was stopped at this point."""


class Context:
    """What Lambda tells a function about its run."""

    def __init__(self, milliseconds: int = 30_000) -> None:
        self._milliseconds = milliseconds

    def get_remaining_time_in_millis(self) -> int:
        return self._milliseconds


@dataclass
class Cloud:
    """AWS, as far as the functions see it."""

    queues: dict[str, str] = field(default_factory=dict)
    #: The dead-letter queues, by the names of the queues that they belong to.
    dead: dict[str, str] = field(default_factory=dict)
    #: Service and operation to how often it was called.
    calls: Counter[str] = field(default_factory=Counter)
    #: Operations with their parameters, oldest first.
    requests: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    #: What else references in the template stand for here.
    parameters: dict[str, str] = field(default_factory=dict)
    #: What answers the calls of DynamoDB; None for moto.
    memory: MemoryDynamoDB | None = None
    #: What calls of an operation do instead, one after the other: see `fail`.
    faults: dict[str, list[Any]] = field(default_factory=dict)
    #: How many more calls that change something take effect: the function that makes the last one dies before it
    #: reads the answer. 0: the next one does not take effect. None: it lives.
    effects_left: int | None = None
    #: Folder of the function that is running.
    function: str | None = None
    #: What functions needed, if that is kept.
    used: UsedActions = field(default_factory=UsedActions)
    _clients: dict[str, Any] = field(default_factory=dict)
    _sandboxes: dict[str, tuple[ModuleType, dict[str, Any]]] = field(default_factory=dict)

    def forget(self) -> None:
        """Begin a new test: nothing called, nothing waiting, nothing failing."""
        for url in {*self.queues.values(), *self.dead.values()}:
            self._sqs.get_queue(_name(url))._messages.clear()
        # Other tests' environments are taken off the list that the sweeper goes through.
        for table in ("AccountsTable", "ActivityTable"):
            self._drop(table, "environments")
        # It is nobody's turn at any provider, and none of them is closed.
        for channel in ("email", "sms", "push"):
            self._drop("LimitsTable", f"PROVIDER#{channel}")
        self.calls.clear()
        self.requests.clear()
        self.faults.clear()
        self.effects_left = None
        self._sandboxes.clear()

    def _drop(self, table: str, partition: str) -> None:
        """Forget all items of a partition. Asking moto for it would take longer than most tests."""
        if self.memory is None:
            dynamodb_backends[ACCOUNT][REGION].tables[table].items.pop(DynamoType({"S": partition}), None)
            return
        found = self.memory.query(
            TableName=table, KeyConditionExpression="pk = :pk", ExpressionAttributeValues={":pk": {"S": partition}}
        )
        for item in found["Items"]:
            self.memory.delete_item(TableName=table, Key={"pk": item["pk"], "sk": item["sk"]})

    @property
    def _sqs(self) -> Any:
        """Return moto's queues themselves. A call of them looks through whatever ever was in the queue."""
        return sqs_backends[ACCOUNT][REGION]

    def fail(self, operation: str, *faults: Any) -> None:
        """Let the next calls of an operation fail.

        Parameters
        ----------
        operation
            Service and operation, as in `calls`.
        faults
            One per call: an exception to raise, the code and status of an error, an answer, what makes an answer
            of the request, or None to let it through.
        """
        self.faults.setdefault(operation, []).extend(faults)

    def client(self, service: str) -> Any:
        if service == "dynamodb" and self.memory is not None:
            return self.memory
        if service not in self._clients:
            self._clients[service] = boto3.client(service, region_name=REGION)
        return self._clients[service]

    def make(self) -> None:
        if self.memory is None:
            self._make_tables()
        self._make_queues()
        for name, text in (("TokenSecret", SECRET), ("SigningSecret", LINK_SECRET)):
            self.client("secretsmanager").create_secret(Name=_PARAMETERS[name], SecretString=text)
        self.client("sesv2").create_email_identity(EmailIdentity="example.com")
        for platform in ("GCM", "APNS"):
            self.client("sns").create_platform_application(
                Name="nereid", Platform=platform, Attributes={"PlatformCredential": "x"}
            )

    def _make_tables(self) -> None:
        dynamodb = self.client("dynamodb")
        for name, properties in tables().items():
            given = {member: properties[member] for member in _TABLE_MEMBERS if member in properties}
            dynamodb.create_table(TableName=name, **given)

    def _make_queues(self) -> None:
        sqs = self.client("sqs")
        for channel, name in QUEUES.items():
            made = f"{name}-{uuid.uuid4()}"
            declared = stack.queues()[name]["RedrivePolicy"]
            if channel.endswith(HIGH):
                self.dead[channel] = self.dead[channel.removesuffix(HIGH)]
            else:
                self.dead[channel] = sqs.create_queue(QueueName=f"{made}-dead")["QueueUrl"]
            arn = f"arn:aws:sqs:{REGION}:{ACCOUNT}:{_name(self.dead[channel])}"
            redrive = {"deadLetterTargetArn": arn, "maxReceiveCount": declared["maxReceiveCount"]}
            attributes = {"RedrivePolicy": json.dumps(redrive)}
            self.queues[channel] = sqs.create_queue(QueueName=made, Attributes=attributes)["QueueUrl"]

    def environment(self, function: str) -> dict[str, str]:
        """Return the environment variables that the template gives a function, with what they refer to here."""
        return {name: self._value(value) for name, value in stack.environment(function).items()}

    def _value(self, value: Any) -> str:
        if not isinstance(value, Mapping):
            return str(value)
        if "Fn::If" in value:
            condition, true, false = value["Fn::If"]
            return self._value(false if self.parameters.get(condition) == "false" else true)
        if "Fn::Join" in value:
            return ",".join(map(self._value, value["Fn::Join"][1]))
        if "Ref" in value:
            name = str(value["Ref"])
            urls = {logical: self.queues[channel] for channel, logical in QUEUES.items()}
            urls |= {
                logical.replace("Queue", "DeadLetterQueue"): self.dead[channel]
                for channel, logical in QUEUES.items()
                if not channel.endswith(HIGH)
            }
            return urls.get(name) or {**_PARAMETERS, **self.parameters}.get(name, name)
        if ":app/" in str(value):
            return PUSH_APPLICATION.partition("GCM")[0]
        return "https://nereid.example.com"

    def load(self, folder: str) -> ModuleType:
        """Load a function's module, as a cold start with its own environment does."""
        api, name = folder.split("/")
        function = "".join(part.capitalize() for part in [api, *name.split("_")])
        self.set_environment(self.environment(function))
        spec = importlib.util.spec_from_file_location("app", stack.ROOT / "functions" / folder / "app.py")
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    def set_environment(self, variables: Mapping[str, str]) -> None:
        for name in list(os.environ):
            if name.lower() in type(settings()).model_fields:
                del os.environ[name]
        os.environ.update(variables)
        settings.cache_clear()
        runtime.__dict__.clear()

    def invoke(self, folder: str, event: dict[str, Any], *, milliseconds: int = 30_000) -> Any:
        """Run a function cold."""
        with self._running(folder):
            return self.load(folder).handler(event, Context(milliseconds))

    @contextmanager
    def _running(self, folder: str) -> Iterator[None]:
        self.function = folder
        try:
            yield
        finally:
            self.function = None

    def restart(self, folder: str) -> None:
        """Let a function begin anew: its sandbox is gone."""
        self._sandboxes.pop(folder, None)

    def warm(self, folder: str, event: dict[str, Any]) -> Any:
        """Run a function in the sandbox of its last run."""
        if folder in self._sandboxes:
            module, kept = self._sandboxes[folder]
            runtime.__dict__.clear()
            runtime.__dict__.update(kept)
        else:
            module = self.load(folder)
        try:
            with self._running(folder):
                return module.handler(event, Context())
        finally:
            self._sandboxes[folder] = module, dict(runtime.__dict__)

    def receive(self, queue: str) -> list[dict[str, Any]]:
        """Take everything that waits in a queue, as the records that Lambda hands to a function.

        What waits there with high priority comes first.
        """
        high = f"{queue}{HIGH}"
        return [*(self._receive(high) if high in QUEUES else ()), *self._receive(queue)]

    def _receive(self, queue: str) -> list[dict[str, Any]]:
        name = _name(self.queues[queue])
        seconds = self._sqs.get_queue(name).visibility_timeout
        records: list[dict[str, Any]] = []
        while messages := self._sqs.receive_message(name, 10, 0, seconds):
            for message in messages:
                attributes = {
                    "SenderId": message.sender_id,
                    "SentTimestamp": str(message.sent_timestamp),
                    "ApproximateReceiveCount": str(message.approximate_receive_count),
                    "ApproximateFirstReceiveTimestamp": str(message.approximate_first_receive_timestamp),
                }
                records.append(_record(name, message.body, message.id, message.receipt_handle, attributes))
        return records

    def hand_over(self, queue: str, records: list[dict[str, Any]]) -> list[str]:
        """Run a queue's consumer with records in batches of 10; return the ids of those that failed."""
        failed = []
        for first in range(0, len(records), 10):
            answer = self.warm(f"pipeline/{CONSUMERS[queue]}", {"Records": records[first : first + 10]})
            failed += [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]
        self._delete(queue, {each["receiptHandle"] for each in records if each["messageId"] not in failed})
        return failed

    def _delete(self, queue: str, handles: set[str]) -> None:
        """Delete from a queue what succeeded, as Lambda does; moto looks through all that is in flight."""
        for name in {queue, f"{queue}{HIGH}"} & self.queues.keys():
            held = self._sqs.get_queue(_name(self.queues[name]))
            held._messages[:] = [each for each in held._messages if each.receipt_handle not in handles]

    def put_back(self) -> list[tuple[int, dict[str, Any]]]:
        """Return what waits on its queue anew, with its delay in seconds, oldest first, as if it came at once."""
        names = {url: queue for queue, url in self.queues.items()}
        return [
            (int(request["DelaySeconds"]), record(names[request["QueueUrl"]], request["MessageBody"]))
            for request in self.sent("sqs:SendMessage")
            if "DelaySeconds" in request
        ]

    def pump(self, *queues: str) -> list[str]:
        """Let every queue's consumer run once over what waits; return what failed."""
        failed = []
        for queue in queues or CONSUMERS:
            records = self.receive(queue)
            if records:
                failed += self.hand_over(queue, records)
        return failed

    def sent(self, operation: str) -> list[dict[str, Any]]:
        """Return the parameters of every call of an operation, oldest first."""
        return [parameters for name, parameters in self.requests if name == operation]


def _name(url: str) -> str:
    """Return the name of a queue."""
    return url.rpartition("/")[2]


def _die_before(cloud: Cloud) -> Callable[..., None]:
    def die(model: Any, **_: Any) -> None:
        if cloud.effects_left == 0 and not model.name.startswith(READS):
            cloud.effects_left = None
            raise Died

    return die


def _die_after(cloud: Cloud) -> Callable[..., None]:
    def die(model: Any, **_: Any) -> None:
        if cloud.effects_left is None or model.name.startswith(READS):
            return
        cloud.effects_left -= 1
        if cloud.effects_left == 0:
            cloud.effects_left = None
            raise Died

    return die


def _note(cloud: Cloud) -> Callable[..., Any]:
    def note(params: dict[str, Any], model: Any, context: dict[str, Any], **_more: Any) -> Any:
        name = f"{model.service_model.service_name}:{model.name}"
        if cloud.function is not None:
            for need in _needs(model, params):
                cloud.used.note(cloud.function, *need)
        body = params.get("body")
        if isinstance(body, bytes):
            body = json.loads(body) if body.startswith(b"{") else {}
        cloud.calls[name] += 1
        cloud.requests.append((name, dict(body) if isinstance(body, Mapping) else {}))
        waiting = cloud.faults.get(name)
        fault = waiting.pop(0) if waiting else None
        if isinstance(fault, BaseException):
            raise fault
        if callable(fault):
            fault = fault(cloud.requests[-1][1])
        if isinstance(fault, tuple):
            return SimpleNamespace(status_code=fault[1]), _error(*fault)
        if fault is None and cloud.memory is not None and name.startswith("dynamodb:"):
            return boto.answered(cloud.memory, model.name, context)
        return None if fault is None else (SimpleNamespace(status_code=200), fault)

    return note


def _needs(model: Any, params: Mapping[str, Any]) -> Iterator[permissions.Need]:
    """Return what a call that botocore is about to make needs."""
    service = model.service_model.service_name
    body = params.get("body") or b""
    raw = urlencode(body).encode() if isinstance(body, dict) else body
    environ = {"HTTP_X_AMZ_TARGET": f"x.{model.name}", "PATH_INFO": params.get("url_path", "")}
    return permissions.needs("ses" if service == "sesv2" else service, REGION, environ, raw)


def _record(
    queue_name: str, body: str, message_id: str, receipt_handle: str, attributes: Mapping[str, str]
) -> dict[str, Any]:
    return {
        "messageId": message_id,
        "receiptHandle": receipt_handle,
        "body": body,
        "attributes": attributes,
        "messageAttributes": {},
        "md5OfBody": "",
        "eventSource": "aws:sqs",
        "eventSourceARN": f"arn:aws:sqs:{REGION}:{ACCOUNT}:{queue_name}",
        "awsRegion": REGION,
    }


def tables() -> dict[str, dict[str, Any]]:
    """Return the properties of the template's tables by name."""
    return {name: table["Properties"] for name, table in stack.of_type("AWS::DynamoDB::Table").items()}


def record(queue: str, body: str) -> dict[str, Any]:
    """Return a record that was on no queue, as Lambda hands it to a function for the first time."""
    name = str(uuid.uuid4())
    return _record(QUEUES[queue], body, name, name, {"ApproximateReceiveCount": "1"})


def accepted(request: Mapping[str, Any]) -> dict[str, Any]:
    """Answer SendMessageBatch as SQS does that takes everything. moto's queue gets slow with what is in it."""
    return {"Successful": [{"Id": entry["Id"]} for entry in request["Entries"]], "Failed": []}


def _error(code: str, status: int, message: str = "no") -> dict[str, Any]:
    return {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}}


@contextmanager
def running(*, in_memory: bool = False) -> Iterator[Cloud]:
    """Make a cloud with nothing in it, and forget it afterwards.

    Parameters
    ----------
    in_memory
        Whether calls of DynamoDB are answered in memory instead of by moto: for tests that make very many of them,
        of stores that other tests show to work over moto as well.
    """
    before = dict(os.environ)
    os.environ.update(
        AWS_ACCESS_KEY_ID="test",
        AWS_SECRET_ACCESS_KEY="test",
        AWS_DEFAULT_REGION=REGION,
        POWERTOOLS_DEV="false",
    )
    os.environ.pop("AWS_ENDPOINT_URL", None)
    try:
        # Sandboxes share their clients: making one takes longer than most of its calls.
        with mock_aws(), patch.object(boto3, "client", cache(boto3.client)):
            boto3.setup_default_session()
            cloud = Cloud(memory=MemoryDynamoDB(tables()) if in_memory else None)
            cloud.make()
            cloud.forget()
            session = boto3.DEFAULT_SESSION
            assert session is not None
            session.events.register("before-parameter-build.dynamodb", boto.keep_parameters)
            session.events.register("before-call", _die_before(cloud))
            session.events.register("before-call", _note(cloud))
            session.events.register("after-call", _die_after(cloud))
            yield cloud
    finally:
        boto3.DEFAULT_SESSION = None
        os.environ.clear()
        os.environ.update(before)
        settings.cache_clear()
        runtime.__dict__.clear()


class World:
    """One team with an environment in a cloud, and what a test does there.

    Parameters
    ----------
    cloud : Cloud
        Where.
    mock : bool
        Whether the environment is a mock.
    channels : dict, optional
        Its providers; a channel left out takes the stack's.
    """

    def __init__(self, cloud: Cloud, *, mock: bool = False, channels: Mapping[str, Any] | None = None) -> None:
        self.cloud = cloud
        self.identifier = "dev"
        self.runtime = Runtime()
        self.runtime.__dict__["settings"] = Settings(
            accounts_table="AccountsTable",
            audience_table="AudienceTable",
            activity_table="ActivityTable",
            limits_table="LimitsTable",
            message_queue_url=cloud.queues["message"],
            push_queue_url=cloud.queues["push"],
            push_high_queue_url=cloud.queues["push_high"],
            pushes_per_second=1000,
            delivery_patience_hours=24,
            token_secret_arn=_PARAMETERS["TokenSecret"],
            link_secret_arn=_PARAMETERS["SigningSecret"],
            credential_cache_seconds=0,
            base_url="https://nereid.example.com",
            retention_days=90,
        )
        team, _, self.token = create_team(
            self.runtime.account_store, self.runtime.clock, SECRET, "Team", "first", senders=["*"]
        )
        self.team_id = team.id
        self.environment = create_environment(
            self.runtime.account_store,
            self.runtime.clock,
            team.id,
            self.identifier,
            None,
            mock=mock,
            channels=Channels.model_validate(channels or {}),
        )
        self.scope = self.environment.scope

    def configure(self, event_type: str, *notifications: Mapping[str, Any]) -> None:
        """Configure an event type as a caller of the management API does."""
        body = manage.parse(EventTypeBody, {"notifications": list(notifications)})
        check_notifications(body.notifications)
        put_event_type(self.runtime.event_types, self.runtime.clock, self.scope, event_type, body.notifications)

    def user(self, user_id: str, *contacts: tuple[ContactType, str], **meta: Any) -> None:
        """Create a user with addresses."""
        create_or_update_user(self.runtime.users, self.runtime.clock, self.scope, user_id, meta)
        for type_, value in contacts:
            add_contact_info(self.runtime.users, self.runtime.clock, self.scope, user_id, type_, value, None, {})

    def message(self, event_type: str, message_id: str | None = None, **members: Any) -> Message:
        """Make a message that nobody has taken in yet."""
        return Message(
            message_id=message_id or str(uuid.uuid4()),
            event_type=event_type,
            source="neptune",
            received_at=self.runtime.clock.now(),
            **members,
        )

    def ingest(self, event_type: str, message_id: str | None = None, **members: Any) -> str:
        """Put an event on the message queue, alone; return the message's id."""
        message = self.message(event_type, message_id, **members)
        ingest(self.runtime.message_queue, self.environment, [message])
        return message.message_id

    def deliveries(self, message_id: str) -> list[Delivery]:
        """Return what became of a message."""
        return show_message(self.runtime.messages, self.runtime.deliveries, self.scope, message_id)[1]

    def shown(self, message_id: str) -> dict[str, Any]:
        """Return a message as the management API shows it."""
        request = {
            "rawPath": f"/manage/{self.identifier}/messages/{message_id}",
            "pathParameters": {"environment": self.identifier, "message_id": message_id},
            "headers": {"authorization": f"Bearer {self.token}"},
            "requestContext": {"http": {"method": "GET", "sourceIp": "192.0.2.1"}},
        }
        answer = self.cloud.invoke("manage/get_message", request)
        assert answer["statusCode"] == 200, answer
        found: dict[str, Any] = json.loads(answer["body"])
        return found

    def job_anew(self, message_id: str) -> DeliveryJob:
        """Return the job of a stored message's only delivery, an e-mail to Sam, as if it were on its queue still."""
        plan = self.runtime.messages.plans(self.scope, [message_id])[message_id]
        [planned] = plan.deliveries(self.scope, message_id)
        return DeliveryJob.model_validate(
            {
                "team_id": self.team_id,
                "environment": self.identifier,
                "mock": False,
                "channels": {},
                "delivery_id": planned.id,
                "recipient": {"type": "email", "value": "sam@example.com"},
                "notification": MAIL,
                "message_id": message_id,
                "message": None,
                "planned_at": plan.planned_at,
            }
        )

    def outcomes(self, message_id: str) -> list[tuple[str, str | None]]:
        """Return the status and reason of each delivery of a message."""
        return [(each.status, each.reason) for each in self.deliveries(message_id)]
