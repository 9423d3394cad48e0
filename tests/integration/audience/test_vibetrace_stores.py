"""Users by address and the ledger of events, over DynamoDB's conditions and transactions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from nereid.aws.audience.event_ledger import DynamoEventLedger
from nereid.aws.audience.users import DynamoUserStore
from nereid.aws.table import Table
from nereid.core.audience.contact_infos import add_contact_info, delete_contact_info
from nereid.core.audience.users import create_or_update_user, update_user
from nereid.core.audience.users_by_email import (
    create_user_with_email,
    holder,
    put_user_with_email,
    update_user_with_email,
)
from nereid.core.audience.vibetrace.restrictions import EventRules
from nereid.errors import AlreadyExists, Conflict, Unavailable
from nereid.models.message import Rule
from nereid.models.team import Scope
from nereid.ports.audience import Settlement
from tests.infrastructure import stack
from tests.unit.core.audience.vibetrace.vibetrace_fakes import SCOPE, START, event

DAY = 24 * 60 * 60


class Clock:
    """A clock that goes on by a second whenever it is looked at."""

    def __init__(self) -> None:
        self._now = START

    def now(self) -> Any:
        self._now += timedelta(seconds=1)
        return self._now


class Hooked:
    """A DynamoDB client that lets something happen before a call."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self.before: dict[str, Callable[[], None]] = {}
        self.after: dict[str, Callable[[], None]] = {}
        self.calls: list[str] = []

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._client, name)

        def call(**options: Any) -> Any:
            self.before.pop(name, lambda: None)()
            self.calls.append(name)
            answer = method(**options)
            self.after.pop(name, lambda: None)()
            return answer

        return call


class World:
    """The stores over one table."""

    def __init__(self, client: Any) -> None:
        self.client = Hooked(client)
        self.table: Any = Table(SimpleNamespace(dynamodb=self.client), "audience")  # type: ignore[arg-type]
        self.clock = Clock()
        self.users = DynamoUserStore(self.table)
        self.ledger = DynamoEventLedger(self.table, self.clock, DAY)
        self.rules = EventRules(self.users, self.ledger)

    def create(self, email: str, **attributes: Any) -> str:
        return create_user_with_email(self.users, self.clock, SCOPE, email, attributes).user_id

    def neptune(self, user_id: str, *emails: str) -> None:
        create_or_update_user(self.users, self.clock, SCOPE, user_id, {})
        for email in emails:
            add_contact_info(self.users, self.clock, SCOPE, user_id, "email", email, None, {})

    def meta(self, user_id: str) -> dict[str, Any]:
        user = self.users.get(SCOPE, user_id)
        assert user
        return user.meta


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    monkeypatch.setenv("POWERTOOLS_METRICS_NAMESPACE", "Nereid")
    properties = stack.of_type("AWS::DynamoDB::Table")["AudienceTable"]["Properties"]
    wanted = ("AttributeDefinitions", "KeySchema", "LocalSecondaryIndexes", "GlobalSecondaryIndexes", "BillingMode")
    with mock_aws():
        client = boto3.Session("test", "test", "test", "us-east-1").client("dynamodb")
        client.create_table(TableName="audience", **{name: properties[name] for name in wanted})
        yield World(client)


# Users by address


def test_a_user_is_created_with_its_address(world: World) -> None:
    user_id = world.create("Sam@example.com", city="Paris")
    found = holder(world.users, SCOPE, "sam@EXAMPLE.com")
    assert found is not None
    assert (found.user_id, found.meta) == (user_id, {"city": "Paris"})
    assert [contact.value for contact in found.contact_infos] == ["Sam@example.com"]
    assert world.users.page(SCOPE, 1, 10)[1] == 1


def test_who_creates_second_at_the_same_moment_is_told_so(world: World) -> None:
    def overtake() -> None:
        world.create("sam@example.com")

    world.client.before["transact_write_items"] = overtake
    with pytest.raises(AlreadyExists):
        world.create("SAM@example.com")
    assert world.users.page(SCOPE, 1, 10)[1] == 1


def test_an_address_that_another_api_gives_at_the_same_moment_is_taken(world: World) -> None:
    world.client.before["transact_write_items"] = lambda: world.neptune("eve", "sam@example.com")
    with pytest.raises(AlreadyExists):
        world.create("sam@example.com")
    found = holder(world.users, SCOPE, "sam@example.com")
    assert found is not None
    assert found.user_id == "eve"


def test_an_upsert_that_comes_second_at_the_same_moment_updates(world: World) -> None:
    world.client.before["transact_write_items"] = lambda: world.neptune("eve", "sam@example.com")
    user, created = put_user_with_email(world.users, world.clock, SCOPE, "sam@example.com", {"city": "Paris"})
    assert (user.user_id, created) == ("eve", False)
    assert world.meta("eve") == {"city": "Paris"}


def test_an_update_goes_on_from_what_others_wrote(world: World) -> None:
    user_id = world.create("sam@example.com")

    def overtake() -> None:
        update_user(world.users, world.clock, SCOPE, user_id, {"a": 1})

    world.client.before["put_item"] = overtake
    update_user_with_email(world.users, world.clock, SCOPE, "sam@example.com", {"b": 2})
    assert world.meta(user_id) == {"a": 1, "b": 2}


def test_who_had_an_address_first_is_meant_until_it_is_lost(world: World) -> None:
    for user_id in ("c", "a", "b"):
        world.neptune(user_id, "sam@example.com")
    for user_id in ("c", "a", "b"):
        found = holder(world.users, SCOPE, "sam@example.com")
        assert found is not None
        assert found.user_id == user_id
        delete_contact_info(world.users, SCOPE, user_id, "email", "sam@example.com")
    assert holder(world.users, SCOPE, "sam@example.com") is None


def test_an_address_left_behind_by_a_deleted_user_is_nobodys(world: World) -> None:
    world.neptune("eve", "sam@example.com")
    keys = list(world.table.query("pk = :pk", {":pk": f"{SCOPE.team_id}#dev#user#eve"}))
    world.table.delete_many((item["pk"], item["sk"]) for item in keys)
    assert world.users.holding(SCOPE, "email", "sam@example.com") == ["eve"]
    assert holder(world.users, SCOPE, "sam@example.com") is None
    assert world.create("sam@example.com")


def test_users_of_two_environments_never_meet(world: World) -> None:
    world.create("sam@example.com")
    other = Scope("other", "dev")
    create_user_with_email(world.users, world.clock, other, "sam@example.com", {})
    assert holder(world.users, other, "sam@example.com")
    assert holder(world.users, Scope("team", "live"), "sam@example.com") is None


def test_what_lets_a_write_rest_on_a_free_address_expires(world: World) -> None:
    world.create("sam@example.com")
    items = boto3.Session("test", "test", "test", "us-east-1").client("dynamodb").scan(TableName="audience")["Items"]
    assert [item for item in items if "stamp" in item and "expires_at" not in item] == []


# The ledger


@pytest.mark.parametrize("order_id", [None, "A"])
def test_a_settlement_is_written_once(world: World, order_id: str | None) -> None:
    world.neptune("sam")
    user = world.users.get(SCOPE, "sam")
    assert user
    settlement = Settlement("m", order_id, user.model_copy(update={"meta": {"n": 1}, "opens": [5, 7]}))
    assert world.ledger.read(SCOPE, "m", "sam", order_id) == (False, None, user)
    world.ledger.settle(SCOPE, settlement)
    settled = world.ledger.read(SCOPE, "m", "sam", order_id)
    assert (settled.done, settled.order_message_id) == (True, "m" if order_id else None)
    assert settled.user
    assert (settled.user.meta, settled.user.opens) == ({"n": 1}, [5, 7])
    with pytest.raises(Conflict):
        world.ledger.settle(SCOPE, settlement)


def test_a_settlement_over_a_changed_user_writes_nothing(world: World) -> None:
    world.neptune("sam")
    user = world.users.get(SCOPE, "sam")
    assert user
    update_user(world.users, world.clock, SCOPE, "sam", {"a": 1})
    with pytest.raises(Conflict):
        world.ledger.settle(SCOPE, Settlement("m", "A", user))
    settled = world.ledger.read(SCOPE, "m", "sam", "A")
    assert (settled.done, settled.order_message_id) == (False, None)


def test_a_claim_on_an_event_outlives_the_queue_and_one_on_an_order_stays(world: World) -> None:
    world.ledger.settle(SCOPE, Settlement("m", "A"))
    client = boto3.Session("test", "test", "test", "us-east-1").client("dynamodb")
    items = {item["sk"]["S"]: item for item in client.scan(TableName="audience")["Items"]}
    assert int(items["event"]["expires_at"]["N"]) >= START.timestamp() + 28 * DAY
    assert "expires_at" not in items["order"]


@pytest.mark.parametrize("kind", ["confirmation", "open", "login"])
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("call", ["batch_get_item", "transact_write_items"])
def test_a_message_that_comes_again_after_a_crash_is_settled_once(
    world: World, kind: Any, when: str, call: str
) -> None:
    class Crash(Exception):
        pass

    def crash() -> None:
        raise Crash

    world.neptune("sam")
    message = event(kind, orderId="A", total=5, email="sam@example.com")
    getattr(world.client, when)[call] = crash
    with pytest.raises(Crash):
        world.rules.admits(SCOPE, message)
    for _ in range(2):
        assert world.rules.admits(SCOPE, message)
    meta = world.meta("sam")
    assert meta.get("numberOfPurchases") == (1 if kind == "confirmation" else None)
    found = holder(world.users, SCOPE, "sam@example.com")
    assert (found.user_id if found else None) == ("sam" if kind == "login" else None)


def test_of_an_order_handled_by_many_one_message_counts(world: World) -> None:
    world.neptune("sam")
    world.neptune("eve")
    first = event("confirmation", message_id="1", orderId="A", total=1)
    second = event("confirmation", message_id="2", user_id="eve", orderId=" A", total=1)
    answers: list[bool] = []
    world.client.before["transact_write_items"] = lambda: answers.append(world.rules.admits(SCOPE, second))
    assert not world.rules.admits(SCOPE, first)
    assert answers == [True]
    assert (world.meta("sam"), world.meta("eve")["numberOfPurchases"]) == ({}, 1)


def test_other_environments_have_their_own_orders(world: World) -> None:
    assert world.rules.admits(SCOPE, event("confirmation", orderId="A"))
    assert world.rules.admits(Scope("team", "live"), event("confirmation", orderId="A"))
    assert world.rules.admits(Scope("other", "dev"), event("confirmation", orderId="A"))


def test_opens_are_kept_when_another_api_writes_the_user(world: World) -> None:
    world.neptune("sam")
    assert world.rules.admits(SCOPE, event("open", message_id="1"))
    update_user(world.users, world.clock, SCOPE, "sam", {"a": 1})
    assert not world.rules.admits(SCOPE, event("open", message_id="2", at=START + timedelta(minutes=19)))


def test_an_event_costs_one_read_and_one_write(world: World) -> None:
    world.neptune("sam")
    kinds: tuple[Rule, ...] = ("confirmation", "open", "update")
    for number, kind in enumerate(kinds):
        world.client.calls.clear()
        assert world.rules.admits(SCOPE, event(kind, message_id=str(number), orderId="A"))
        assert world.client.calls == ["batch_get_item", "transact_write_items"]


def test_a_discarded_event_costs_one_read(world: World) -> None:
    world.neptune("sam")
    kinds: tuple[Rule, ...] = ("confirmation", "open")
    for kind in kinds:
        assert world.rules.admits(SCOPE, event(kind, message_id=f"{kind} 1", orderId="A"))
        world.client.calls.clear()
        assert not world.rules.admits(SCOPE, event(kind, message_id=f"{kind} 2", orderId="A"))
        assert world.client.calls == ["batch_get_item"]


def _refusing(operation: str, code: str, reasons: list[str]) -> Callable[[], None]:
    def refuse() -> None:
        answer: Any = {"Error": {"Code": code}, "CancellationReasons": [{"Code": reason} for reason in reasons]}
        raise ClientError(answer, operation)

    return refuse


def test_a_write_that_meets_a_transaction_is_done_again(world: World) -> None:
    world.neptune("sam")
    busy = ("TransactWriteItems", "TransactionCanceledException", ["None", "TransactionConflict"])
    world.client.before["transact_write_items"] = _refusing(*busy)
    assert world.rules.admits(SCOPE, event("open"))
    world.client.before["put_item"] = _refusing("PutItem", "TransactionConflictException", [])
    assert update_user(world.users, world.clock, SCOPE, "sam", {"a": 1}).meta["a"] == 1


def test_an_outage_is_one(world: World) -> None:
    world.neptune("sam")
    world.client.before["transact_write_items"] = _refusing("TransactWriteItems", "InternalServerError", [])
    with pytest.raises(Unavailable):
        world.rules.admits(SCOPE, event("open"))
