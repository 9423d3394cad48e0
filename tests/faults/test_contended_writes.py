"""Writes that others get in the way of without end: the caller is told so before the function's time is over."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local_stack.aws.memory_dynamodb import MemoryDynamoDB
from nereid.aws.audience.client_identities import DynamoIdentityStore
from nereid.aws.audience.devices import DynamoDeviceStore
from nereid.aws.audience.users import DynamoUserStore
from nereid.aws.outreach.leads import DynamoLeadStore
from nereid.aws.table import Table
from nereid.clock import SystemClock
from nereid.core.audience.alias_user import alias_user
from nereid.core.audience.client_identities import Identities
from nereid.core.audience.contact_infos import put_contact_info
from nereid.core.audience.identify_user import identify_user
from nereid.core.audience.register_device import Devices
from nereid.core.audience.users import create_or_update_user, update_user
from nereid.core.audience.users_by_email import put_user_with_email
from nereid.core.outreach.leads import create_lead, delete_lead, update_lead
from nereid.errors import Unavailable
from nereid.models.operation import Traits, Who
from nereid.models.team import Scope
from nereid.models.user import Device
from tests.support.cloud import tables
from tests.support.virtual_time import VirtualTime

NOW = datetime(2026, 1, 31, 9, 30, tzinfo=UTC)
SCOPE = Scope("team", "dev")
#: What an endpoint has, in seconds, less what a start of its sandbox and its answer take.
TIME = 9.0


class Client:
    """A client whose calls take time, and whose writes meet a transaction as often as they are told to."""

    def __init__(self, time: VirtualTime) -> None:
        self._memory = MemoryDynamoDB(tables())
        self._time = time
        #: How many more writes do; None for all.
        self.met: int | None = 0
        self.calls: list[str] = []

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        method = getattr(self._memory, operation)

        def call(**given: Any) -> Any:
            self.calls.append(operation)
            self._time.take(0.05)
            writes = operation not in ("get_item", "query", "batch_get_item")
            if writes and self.met != 0:
                self.met = None if self.met is None else self.met - 1
                raise _conflict(operation)
            return method(**given)

        return call


def _conflict(operation: str) -> ClientError:
    transaction = operation == "transact_write_items"
    name = "TransactionCanceledException" if transaction else "TransactionConflictException"
    answer: Any = {"Error": {"Code": name}, "ResponseMetadata": {"HTTPStatusCode": 400}}
    if transaction:
        answer["CancellationReasons"] = [{"Code": "None"}, {"Code": "TransactionConflict"}]
    return ClientError(answer, operation)


class World:
    """Stores over a client that time passes at."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.time = VirtualTime(monkeypatch)
        self.client = Client(self.time)
        clients: Any = SimpleNamespace(dynamodb=self.client)
        audience = Table(clients, "AudienceTable")
        self.clock = SystemClock()
        self.table = audience
        self.users = DynamoUserStore(audience)
        self.identities = Identities(DynamoIdentityStore(audience, self.users), self.users, self.clock)
        self.devices = Devices(DynamoDeviceStore(audience, self.users), self.identities)
        self.leads = DynamoLeadStore(Table(clients, "OutreachTable"))


def device() -> Device:
    return Device(
        device_id="d", token="t", os="iOS", model="m", app_build="1", app_version="1", created_at=NOW, updated_at=NOW
    )


FIELDS = {"full_name": "Sam", "email": "sam@example.com"}
WHO = Who(external_id="u")

CALLS: dict[str, Callable[[World, str], Any]] = {
    "update_user": lambda w, _: update_user(w.users, w.clock, SCOPE, "u", {"a": 1}),
    "create_or_update_user": lambda w, _: create_or_update_user(w.users, w.clock, SCOPE, "new", {}),
    "put_contact_info": lambda w, _: put_contact_info(w.users, w.clock, SCOPE, "u", "email", "a@example.com", {}),
    "put_user_with_email": lambda w, _: put_user_with_email(w.users, w.clock, SCOPE, "new@example.com", {"a": 1}),
    "identify_user": lambda w, _: identify_user(w.identities, SCOPE, WHO, Traits(email="b@example.com")),
    "alias_user": lambda w, _: alias_user(w.identities, SCOPE, "anon", "u"),
    "register_device": lambda w, _: w.devices.register(SCOPE, WHO, device()),
    "create_lead": lambda w, _: create_lead(w.leads, w.clock, "team", {**FIELDS, "email": "kim@example.com"}),
    "update_lead": lambda w, lead_id: update_lead(w.leads, w.clock, "team", lead_id, {"status": "qualified"}),
    "delete_lead": lambda w, lead_id: delete_lead(w.leads, "team", lead_id),
}


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    return World(monkeypatch)


@pytest.fixture
def lead_id(world: World) -> str:
    create_or_update_user(world.users, world.clock, SCOPE, "u", {})
    lead = create_lead(world.leads, world.clock, "team", FIELDS)
    world.time.now = 0.0
    world.time.pauses.clear()
    return lead.id


@pytest.mark.parametrize("name", CALLS)
def test_it_is_given_up_within_the_functions_time(world: World, lead_id: str, name: str) -> None:
    world.client.met = None
    with pytest.raises(Unavailable):
        CALLS[name](world, lead_id)
    assert 0 < len(world.time.pauses) < 30
    assert world.time.now < TIME


@pytest.mark.parametrize("name", CALLS)
def test_it_is_done_when_the_others_let_it(world: World, lead_id: str, name: str) -> None:
    world.client.met = 3
    CALLS[name](world, lead_id)
    assert world.client.met == 0
    assert len(world.time.pauses) == 3


def test_a_transaction_is_tried_again(world: World) -> None:
    world.client.met = 2
    world.table.transact(world.table.writing({"pk": "p", "sk": "s"}))
    assert world.client.calls == ["transact_write_items"] * 3
    assert world.table.get("p", "s") is not None


def test_one_that_the_caller_repeats_is_not(world: World) -> None:
    world.client.met = 1
    with pytest.raises(Unavailable):
        world.table.transact_once(world.table.writing({"pk": "p", "sk": "s"}))
    assert world.client.calls == ["transact_write_items"]
    assert world.time.pauses == []
