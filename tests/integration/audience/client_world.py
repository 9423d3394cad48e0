"""The core of the Client API over DynamoDB, with calls that can be counted, made to fail and interleaved."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
from moto import mock_aws

from local_stack.aws.memory_dynamodb import MemoryDynamoDB
from nereid.aws.audience.client_identities import DynamoIdentityStore
from nereid.aws.audience.devices import DynamoDeviceStore
from nereid.aws.audience.inbox import DynamoInbox
from nereid.aws.audience.users import DynamoUserStore
from nereid.aws.clients import Clients
from nereid.aws.messaging.deliveries import DynamoDeliveryStore
from nereid.aws.messaging.event_types import DynamoEventTypeStore
from nereid.aws.messaging.messages import DynamoMessageStore
from nereid.aws.messaging.sweep_state import DynamoSweepState
from nereid.aws.table import Table
from nereid.core.audience.client_identities import Identities
from nereid.core.audience.register_device import Devices
from nereid.core.messaging.app_inbox_channel import AppInboxChannel
from nereid.core.messaging.deliver import Deliverer
from nereid.core.messaging.process_message import Processor
from nereid.core.messaging.process_operations import Operations
from nereid.core.messaging.template_content import TemplateContent
from nereid.errors import TryAgain, Unavailable
from nereid.models.delivery import DeliveryJob
from nereid.models.event_type import EventType
from nereid.models.message import Alias, EventBatch, Identify, Message, Operation, RegisterDevice, TrackEvent
from nereid.models.operation import Traits, Who
from nereid.models.team import Channels, Environment, Scope
from nereid.models.user import AppNotification, ContactInfo, Device, User
from tests.support.cloud import tables

SCOPE = Scope("team", "dev")
ENVIRONMENT = Environment(
    team_id="team", identifier="dev", name="dev", created_at=datetime(2026, 1, 1, tzinfo=UTC), channels=Channels()
)
NOTIFIED = "Notified"
#: Made once: making one takes longer than a test does.
_CLIENT = boto3.client("dynamodb", region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x")
_MEMBERS = ("AttributeDefinitions", "KeySchema", "BillingMode", "GlobalSecondaryIndexes", "LocalSecondaryIndexes")


class Clock:
    """A clock that goes a little further each time it is asked."""

    def __init__(self) -> None:
        self.time = datetime(2026, 1, 31, 9, 30, tzinfo=UTC)

    def now(self) -> datetime:
        self.time += timedelta(milliseconds=1)
        return self.time


class Watched:
    """DynamoDB's client, whose calls go through a hook."""

    def __init__(self, client: Any, hook: Callable[[str, Callable[[], Any]], Any]) -> None:
        self._client = client
        self._hook = hook

    def __getattr__(self, operation: str) -> Any:
        return lambda **given: self._hook(operation, lambda: getattr(self._client, operation)(**given))


class NoQueues:
    """Delivery queues that keep what they are given."""

    def __init__(self) -> None:
        self.jobs: list[DeliveryJob] = []

    def send(self, jobs: Sequence[DeliveryJob]) -> None:
        self.jobs += jobs

    def put_back(self, job: DeliveryJob, seconds: int) -> None:  # noqa: ARG002 - they keep no time
        self.jobs.append(job)


class NoMessageQueue:
    """A message queue that keeps what it is given."""

    def __init__(self) -> None:
        self.batches: list[EventBatch] = []

    def send(self, batches: Sequence[EventBatch]) -> None:
        self.batches += batches


@dataclass
class World:
    """An environment in which operations are carried out."""

    client: Any = _CLIENT
    clock: Clock = field(default_factory=Clock)
    calls: Counter[str] = field(default_factory=Counter)
    hook: Callable[[str, Callable[[], Any]], Any] | None = None

    def __post_init__(self) -> None:
        clients = Clients()
        clients.__dict__["dynamodb"] = Watched(self.client, self._called)
        audience, activity = Table(clients, "AudienceTable"), Table(clients, "ActivityTable")
        self.users = DynamoUserStore(audience)
        self.audience = audience
        self.inbox = DynamoInbox(audience, 1000)
        self.deliveries = DynamoDeliveryStore(activity, 1000)
        self.messages = DynamoMessageStore(activity, 1000)
        self.event_types = DynamoEventTypeStore(activity)
        store = DynamoIdentityStore(audience, self.users)
        self.identities = Identities(store, self.users, self.clock, note_use=True)
        self.queues, self.queue = NoQueues(), NoMessageQueue()
        channel = AppInboxChannel(self.inbox, self.identities)
        processor = Processor(
            users=self.users,
            event_types=self.event_types,
            recent=self.event_types,
            messages=self.messages,
            deliveries=self.deliveries,
            queue=self.queue,
            queues=self.queues,
            inbox=Deliverer(channel, TemplateContent(), self.deliveries, self.messages, self.clock),
            is_in_inbox=channel.has,
            successor=self.identities.successor,
            watches=DynamoSweepState(activity),
            clock=self.clock,
            defaults=Channels(),
        )
        devices = Devices(DynamoDeviceStore(audience, self.users), self.identities)
        self.operations = Operations(self.identities, devices, processor, self.queue)

    def _called(self, operation: str, call: Callable[[], Any]) -> Any:
        self.calls[operation] += 1
        return self.hook(operation, call) if self.hook else call()

    def notify(self, title: str = "{{ title }}") -> None:
        """Have events named `NOTIFIED` make an app notification."""
        template = {"title": title, "body": "{{ body }}"}
        event_type = {
            "event_type": NOTIFIED,
            "environment": "dev",
            "notifications": [{"name": "inbox", "channel": "app", "template": template}],
            "created_at": self.clock.now(),
            "updated_at": self.clock.now(),
        }
        self.event_types.put(SCOPE, EventType.model_validate(event_type))

    def do(self, *operations: Operation) -> None:
        """Carry operations out."""
        self.operations.process(ENVIRONMENT, operations)

    def do_in_the_end(self, operation: Operation) -> None:
        """Carry an operation out as the queue does: hand it over again while it fails."""
        for _ in range(20):
            try:
                self.do(operation)
            except (Unavailable, TryAgain):
                self.clock.time += timedelta(minutes=6)
                continue
            return
        raise AssertionError("it never succeeds")

    def user(self, user_id: str) -> User | None:
        """Return a user with contact infos."""
        return self.users.load(SCOPE, user_id)

    def contacts(self, user_id: str) -> dict[tuple[str, str], ContactInfo]:
        """Return the contact infos of a user by type and value."""
        user = self.user(user_id)
        return {(contact.type, contact.value): contact for contact in user.contact_infos} if user else {}

    def devices(self, user_id: str) -> dict[str, Device]:
        """Return the devices of a user by id."""
        user = self.user(user_id)
        return {device.device_id: device for device in self.users.devices(SCOPE, user)} if user else {}

    def notifications(self, user_id: str) -> list[AppNotification]:
        """Return the app notifications of a user."""
        return self.inbox.page(SCOPE, user_id, "all", 1, 100, oldest_first=True)[0]

    def user_ids(self) -> set[str]:
        """Return the ids of all users; their number must be the one that is kept."""
        listed, total = self.users.page(SCOPE, 1, 100)
        assert len(listed) == total
        return {user.user_id for user in listed}

    def items(self, pk: str) -> list[dict[str, Any]]:
        """Return the items of a partition."""
        return list(self.audience.query("pk = :pk", {":pk": pk}, consistent=True))


@contextmanager
def world(*, in_memory: bool = False) -> Iterator[World]:
    """Give an empty world, over moto unless a test makes too many calls for that."""
    if in_memory:
        yield World(MemoryDynamoDB(tables()))
        return
    with mock_aws():
        for name in ("AudienceTable", "ActivityTable"):
            properties = tables()[name]
            given = {member: properties[member] for member in _MEMBERS if member in properties}
            _CLIENT.create_table(TableName=name, **given)
        yield World()


def who(anonymous_id: str | None = None, external_id: str | None = None) -> Who:
    """Name a user."""
    return Who(anonymous_id=anonymous_id, external_id=external_id)


def identify(whom: Who, **traits: Any) -> Identify:
    """Say something about a user."""
    return Identify(kind="identify", who=whom, traits=Traits(**traits))


def alias(anonymous_id: str, external_id: str) -> Alias:
    """Say that an anonymous id is a user's."""
    return Alias(kind="alias", anonymous_id=anonymous_id, external_id=external_id)


def device(whom: Who, device_id: str, token: str | None = None, os: str = "iOS 16.3", **more: Any) -> RegisterDevice:
    """Register a device."""
    now = datetime(2026, 1, 31, 9, 30, tzinfo=UTC)
    registered = Device(
        device_id=device_id,
        token=token,
        os=os,
        model="iPhone15,2",
        app_build="465",
        app_version="1.2.4",
        extra=more,
        created_at=now,
        updated_at=now,
    )
    return RegisterDevice(kind="device", who=whom, device=registered)


def event(whom: Who, message_id: str, name: str = NOTIFIED, traits: Traits | None = None, **data: Any) -> TrackEvent:
    """Let an event happen."""
    message = Message(
        message_id=message_id,
        event_type=name,
        source="client",
        data=data,
        received_at=datetime(2026, 1, 31, 9, 30, tzinfo=UTC),
    )
    return TrackEvent(kind="event", who=whom, traits=traits, message=message)


class Interleaver:
    """Runs tasks at the same time, one call of AWS at a time, in an order that a test chooses.

    Parameters
    ----------
    choices
        At each step, which of the tasks that wait goes on, counted from the one that was started first.
    crashes
        At which calls, counted over all tasks, the process dies: before the call if odd, after it if even.
    """

    def __init__(self, choices: Sequence[int], crashes: Sequence[int] = ()) -> None:
        self._choices = list(choices)
        self._crashes = set(crashes)
        self._calls = 0
        self._lock = threading.Condition()
        self._waiting: list[int] = []
        self._alive: set[int] = set()
        self._turn: int | None = None
        self._failed: list[BaseException] = []
        self._names: dict[int, int] = {}

    def call(self, _operation: str, call: Callable[[], Any]) -> Any:
        """Wait for the turn, then make the call, or die."""
        name = self._names.get(threading.get_ident())
        if name is None:
            return call()
        self._wait(name)
        self._calls += 1
        if self._calls in self._crashes:
            if self._calls % 2 == 0:
                call()
            raise Unavailable("crash")
        return call()

    def run(self, tasks: Sequence[Callable[[], None]]) -> None:
        """Run all tasks to their ends."""
        threads = [threading.Thread(target=self._run, args=(name, task)) for name, task in enumerate(tasks)]
        self._alive = set(range(len(tasks)))
        for thread in threads:
            thread.start()
        with self._lock:
            while self._alive:
                self._lock.wait_for(lambda: self._turn is None and len(self._waiting) == len(self._alive), 30)
                if not self._waiting:
                    assert not self._alive, "a task hangs"
                    continue
                chosen = self._choices.pop(0) if self._choices else 0
                ready = sorted(self._waiting)
                self._turn = ready[chosen % len(ready)]
                self._lock.notify_all()
                self._lock.wait_for(lambda: self._turn is None, 30)
        for thread in threads:
            thread.join(30)
        if self._failed:
            raise self._failed[0]

    def _run(self, name: int, task: Callable[[], None]) -> None:
        self._names[threading.get_ident()] = name
        try:
            self._wait(name)
            task()
        except BaseException as error:  # noqa: BLE001 - raised where the tasks are run
            self._failed.append(error)
        with self._lock:
            self._alive.discard(name)
            self._turn = None
            self._lock.notify_all()

    def _wait(self, name: int) -> None:
        """Give the turn back and wait until it is given again."""
        with self._lock:
            if self._turn == name:
                self._turn = None
            self._waiting.append(name)
            self._lock.notify_all()
            self._lock.wait_for(lambda: self._turn == name)
            self._waiting.remove(name)
