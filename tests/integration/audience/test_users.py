"""Users and contact infos in the audience table, also while several functions write the same ones."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import given, settings
from hypothesis import strategies as st

from nereid import contention
from nereid.aws.audience.inbox import DynamoInbox
from nereid.aws.audience.users import DynamoUserStore, address_key, user_key
from nereid.aws.table import tenant
from nereid.clock import SystemClock
from nereid.core.audience.contact_infos import add_contact_info, delete_contact_info, put_contact_info
from nereid.core.audience.users import create_or_update_user, new_user, update_user
from nereid.errors import AlreadyExists, Conflict, NotFound, Unavailable
from nereid.models.addresses import comparable
from nereid.models.team import Scope
from nereid.models.user import AppNotification, ContactInfo, User
from tests.support.cloud import Cloud
from tests.support.interleaving import empty_table, interleave

CLOCK = SystemClock()
START = datetime(2026, 1, 31, 9, 30, tzinfo=UTC)


class Audience:
    """One environment in the audience table."""

    def __init__(self, dynamodb: Any) -> None:
        self.table = empty_table(dynamodb, "AudienceTable")
        self.users = DynamoUserStore(self.table)
        self.inbox = DynamoInbox(self.table, 90 * 24 * 3600)
        self.scope = Scope(str(uuid.uuid4()), "dev")

    def create(self, user_id: str, at: datetime = START, **meta: Any) -> User:
        user = new_user(user_id, at, meta)
        self.users.create(self.scope, user)
        return user

    def load(self, user_id: str = "u") -> User | None:
        return self.users.load(self.scope, user_id)

    def loaded(self, user_id: str = "u") -> User:
        user = self.load(user_id)
        assert user is not None
        return user

    def add(self, value: str, user_id: str = "u") -> ContactInfo:
        return add_contact_info(self.users, CLOCK, self.scope, user_id, "email", value, None, {})

    def put(self, value: str, meta: dict[str, Any]) -> ContactInfo:
        return put_contact_info(self.users, CLOCK, self.scope, "u", "email", value, {"meta": meta})

    def remove(self, value: str, user_id: str = "u") -> None:
        delete_contact_info(self.users, self.scope, user_id, "email", value)

    def delete(self, user_id: str = "u") -> None:
        self.users.delete(self.scope, user_id)

    def listed(self, page: int = 1, per_page: int = 10) -> tuple[list[str], int]:
        users, total = self.users.page(self.scope, page, per_page)
        return [user.user_id for user in users], total

    def items(self, user_id: str = "u") -> list[str]:
        """Return the sort keys of everything that is stored of a user."""
        pk = user_key(self.scope, user_id)
        return [item["sk"] for item in self.table.query("pk = :pk", {":pk": pk}, consistent=True)]

    def holders(self, value: str, type_: str = "email") -> list[str]:
        """Return who has an address, according to the address."""
        pk = address_key(self.scope, type_, value)
        return [item["sk"] for item in self.table.query("pk = :pk", {":pk": pk}, consistent=True)]

    def counted(self) -> int:
        """Return how many users there are, according to the counts."""
        keys = [(tenant(self.scope, "counts", str(shard)), "users") for shard in range(32)]
        return sum(item["how_many"] for item in self.table.get_many(keys).values())


@pytest.fixture
def audience(dynamodb: Any) -> Audience:
    return Audience(dynamodb)


@pytest.fixture(scope="module", autouse=True)
def _no_pauses() -> Iterator[None]:
    patch = pytest.MonkeyPatch()
    patch.setattr(contention, "_LONGEST_PAUSE", 0)
    yield
    patch.undo()


class TestUsers:
    def test_what_was_created_is_read(self, audience: Audience) -> None:
        user = audience.create("u", name="Sam", nested={"a": [1, 0.1, None, 10**30]})
        assert audience.users.get(audience.scope, "u") == user
        assert audience.load() == user

    def test_nobody_is_none(self, audience: Audience) -> None:
        assert audience.users.get(audience.scope, "u") is None
        assert audience.load() is None

    def test_an_id_is_created_once(self, audience: Audience) -> None:
        first = audience.create("u", a=1)
        with pytest.raises(AlreadyExists):
            audience.create("u", b=2)
        assert audience.load() == first
        assert audience.counted() == 1

    def test_the_longest_id_and_address_fit(self, audience: Audience) -> None:
        user_id, value = "😀" * 256, "😀" * 4096
        audience.create(user_id)
        add_contact_info(audience.users, CLOCK, audience.scope, user_id, "firebase_token", value, None, {})
        assert [contact.value for contact in audience.loaded(user_id).contact_infos] == [value]
        assert audience.holders(value, "firebase_token") == [user_id]

    def test_an_update_writes_what_was_read(self, audience: Audience) -> None:
        user = audience.create("u", a=1)
        audience.users.update(audience.scope, user.model_copy(update={"meta": {"b": 2}, "timezone": "Europe/Vienna"}))
        stored = audience.loaded()
        assert (stored.meta, stored.timezone, stored.version) == ({"b": 2}, "Europe/Vienna", 2)

    def test_an_update_of_what_changed_since_conflicts(self, audience: Audience) -> None:
        user = audience.create("u")
        audience.users.update(audience.scope, user.model_copy(update={"meta": {"a": 1}}))
        with pytest.raises(Conflict):
            audience.users.update(audience.scope, user.model_copy(update={"meta": {"b": 2}}))
        assert audience.loaded().meta == {"a": 1}

    def test_an_update_of_who_was_deleted_conflicts(self, audience: Audience) -> None:
        user = audience.create("u")
        audience.delete()
        with pytest.raises(Conflict):
            audience.users.update(audience.scope, user)
        assert audience.items() == []

    def test_an_update_of_who_was_created_anew_conflicts(self, audience: Audience) -> None:
        user = audience.create("u")
        audience.delete()
        audience.create("u", name="new")
        with pytest.raises(Conflict):
            audience.users.update(audience.scope, user)
        assert audience.loaded().meta == {"name": "new"}

    def test_errors_of_the_table_are_not_taken_for_conflicts(self, audience: Audience, cloud: Cloud) -> None:
        user = audience.create("u")
        contact = audience.add("a@example.com")
        scope = audience.scope
        calls: list[tuple[str, Callable[[], Any]]] = [
            ("TransactWriteItems", lambda: audience.create("v")),
            ("PutItem", lambda: audience.users.update(scope, user)),
            ("TransactWriteItems", lambda: audience.users.put_contact_info(scope, user, contact, new=False)),
            ("TransactWriteItems", lambda: audience.users.delete_contact_info(scope, user, contact)),
        ]
        for operation, call in calls:
            cloud.fail(f"dynamodb:{operation}", ("AccessDeniedException", 400))
            with pytest.raises(ClientError):
                call()
            cloud.fail(f"dynamodb:{operation}", ("ThrottlingException", 400))
            with pytest.raises(Unavailable):
                call()


class TestListing:
    def test_users_are_listed_newest_first(self, audience: Audience) -> None:
        for n in (2, 0, 1):
            audience.create(f"u{n}", START + timedelta(seconds=n))
        assert audience.listed() == (["u2", "u1", "u0"], 3)

    def test_those_of_the_same_moment_keep_an_order(self, audience: Audience) -> None:
        for n in range(9):
            audience.create(f"u{n}")
        pages = [audience.listed(page, 4)[0] for page in (1, 2, 3)]
        assert sorted(user for page in pages for user in page) == [f"u{n}" for n in range(9)]

    def test_a_page_past_the_end_reads_nothing_but_the_counts(self, audience: Audience, cloud: Cloud) -> None:
        audience.create("u")
        cloud.requests.clear()
        assert audience.listed(10**9, 100) == ([], 1)
        assert [name for name, _ in cloud.requests] == ["dynamodb:BatchGetItem"]

    def test_another_environment_is_another_list(self, audience: Audience) -> None:
        audience.create("u")
        other = Scope(audience.scope.team_id, "other")
        assert audience.users.page(other, 1, 10) == ([], 0)

    @settings(deadline=None, max_examples=20)
    @given(st.lists(st.tuples(st.sampled_from(["create", "delete"]), st.integers(0, 5)), max_size=12))
    def test_the_count_is_exact(self, memory: Any, steps: list[tuple[str, int]]) -> None:
        audience = Audience(memory)
        expected: set[str] = set()
        for step, number in steps:
            user_id = f"u{number}"
            try:
                if step == "create":
                    audience.create(user_id)
                    expected.add(user_id)
                else:
                    audience.delete(user_id)
                    expected.remove(user_id)
            except (AlreadyExists, NotFound):
                assert (step == "create") is (user_id in expected)
        users, total = audience.listed(per_page=100)
        assert (set(users), total) == (expected, len(expected))


class TestContactInfos:
    def test_they_are_in_order_of_creation(self, audience: Audience) -> None:
        audience.create("u")
        values = ["z@example.com", "a@example.com", "m@example.com"]
        for value in values:
            audience.add(value)
        assert [contact.value for contact in audience.loaded().contact_infos] == values

    def test_an_address_knows_who_has_it(self, audience: Audience) -> None:
        for user_id in ("u", "v"):
            audience.create(user_id)
            audience.add("Sam@example.com", user_id)
        assert audience.holders("sam@EXAMPLE.com") == ["u", "v"]
        audience.remove("SAM@example.com", "u")
        assert audience.holders("sam@example.com") == ["v"]

    def test_one_that_changed_since_conflicts(self, audience: Audience) -> None:
        audience.create("u")
        audience.add("a@example.com")
        user = audience.loaded()
        audience.put("a@example.com", {"k": 1})
        with pytest.raises(Conflict):
            audience.users.put_contact_info(audience.scope, user, user.contact_infos[0], new=False)
        assert audience.loaded().contact_infos[0].meta == {"k": 1}

    def test_one_that_was_deleted_since_conflicts(self, audience: Audience) -> None:
        audience.create("u")
        audience.add("a@example.com")
        user = audience.loaded()
        audience.remove("a@example.com")
        with pytest.raises(Conflict):
            audience.users.put_contact_info(audience.scope, user, user.contact_infos[0], new=False)
        assert audience.loaded().contact_infos == []
        assert audience.holders("a@example.com") == []

    @pytest.mark.parametrize("new", [True, False])
    def test_a_user_who_is_gone_gets_none(self, audience: Audience, new: bool) -> None:  # noqa: FBT001
        audience.create("u")
        contact = audience.add("a@example.com")
        user = audience.loaded()
        audience.delete()
        with pytest.raises(NotFound):
            audience.users.put_contact_info(audience.scope, user, contact, new=new)
        assert (audience.items(), audience.holders("a@example.com")) == ([], [])

    def test_a_deletion_that_comes_late_leaves_a_later_users_alone(self, audience: Audience) -> None:
        audience.create("u")
        audience.add("a@example.com")
        before = audience.loaded()
        audience.delete()
        audience.create("u")
        audience.add("a@example.com")
        audience.users.delete_contact_info(audience.scope, before, before.contact_infos[0])
        assert [contact.value for contact in audience.loaded().contact_infos] == ["a@example.com"]
        assert audience.holders("a@example.com") == ["u"]

    def test_leftovers_of_a_deleted_user_are_not_a_later_users(self, audience: Audience) -> None:
        audience.create("u")
        audience.add("a@example.com")
        # As after a deletion that broke off.
        audience.table.delete(user_key(audience.scope, "u"), "user")
        audience.create("u")
        assert audience.loaded().contact_infos == []
        audience.add("a@example.com")
        assert len(audience.loaded().contact_infos) == 1


class TestDeletingAUser:
    def fill(self, audience: Audience) -> None:
        user = audience.create("u")
        for n in range(3):
            audience.add(f"u{n}@example.com")
        pk = user_key(audience.scope, "u")
        audience.table.put({"pk": pk, "sk": "user#device#1"})
        for n in range(30):
            notice = AppNotification(
                uuid=str(n), user_id=user.user_id, event_type="x", title="t", body="b", created_at=START
            )
            audience.inbox.put(audience.scope, notice)

    def test_nothing_of_it_stays(self, audience: Audience) -> None:
        self.fill(audience)
        audience.delete()
        assert audience.items() == []
        assert audience.holders("u2@example.com") == []
        assert audience.listed() == ([], 0)

    def test_nobody_is_not_found(self, audience: Audience) -> None:
        with pytest.raises(NotFound):
            audience.delete()

    def test_other_users_stay(self, audience: Audience) -> None:
        for user_id in ("u", "u#", "u2"):
            audience.create(user_id)
            audience.add("a@example.com", user_id)
        audience.delete()
        assert [len(audience.loaded(user_id).contact_infos) for user_id in ("u#", "u2")] == [1, 1]
        assert audience.counted() == 2

    @pytest.mark.parametrize("operation", ["GetItem", "Query", "BatchWriteItem", "TransactWriteItems"])
    @pytest.mark.parametrize("after", [0, 1, 2, 3])
    def test_one_that_broke_off_can_be_repeated(
        self, audience: Audience, cloud: Cloud, operation: str, after: int
    ) -> None:
        self.fill(audience)
        cloud.fail(f"dynamodb:{operation}", *[None] * after, ("InternalServerError", 500))
        try:
            audience.delete()
        except Unavailable:
            with suppress(NotFound):  # the record was gone already
                audience.delete()
        cloud.faults.clear()
        assert audience.items() == []
        assert audience.counted() == 0


OPERATIONS = ["create", "update", "delete", "add a", "add b", "put a", "put b", "remove a"]


class TestAtTheSameTime:
    def operation(self, audience: Audience, name: str, number: int) -> Callable[[], Any]:
        users, scope, key = audience.users, audience.scope, f"k{number}"
        verb, _, which = name.partition(" ")
        value = f"{which}@example.com"
        operations: dict[str, Callable[[], Any]] = {
            "create": lambda: create_or_update_user(users, CLOCK, scope, "u", {key: number}),
            "update": lambda: update_user(users, CLOCK, scope, "u", {key: number}),
            "delete": audience.delete,
            "add": lambda: audience.add(value),
            "put": lambda: audience.put(value, {key: number}),
            "remove": lambda: audience.remove(value),
        }
        return operations[verb]

    @settings(deadline=None, max_examples=100)
    @given(
        exists=st.booleans(),
        before=st.lists(st.sampled_from(["a", "b"]), unique=True),
        names=st.lists(st.sampled_from(OPERATIONS), min_size=2, max_size=4),
        order=st.lists(st.integers(0, 3), max_size=40),
    )
    def test_users_contact_infos_addresses_and_counts_agree(
        self,
        memory: Any,
        exists: bool,  # noqa: FBT001 - drawn by name
        before: list[str],
        names: list[str],
        order: list[int],
    ) -> None:
        audience = Audience(memory)
        if exists:
            audience.create("u")
            for which in before:
                audience.add(f"{which}@example.com")
        operations = [self.operation(audience, name, number) for number, name in enumerate(names)]

        outcomes = interleave(operations, order)

        expected = (NotFound, AlreadyExists)
        for name, outcome in zip(names, outcomes, strict=True):
            assert not isinstance(outcome, Exception) or isinstance(outcome, expected), (name, outcome)
        user = audience.load()
        assert audience.counted() == (1 if user else 0)
        assert audience.listed() == ((["u"], 1) if user else ([], 0))
        shown = [comparable(contact.type, contact.value) for contact in user.contact_infos] if user else []
        assert len(set(shown)) == len(shown)
        assert len(audience.items()) == len(shown) + (1 if user else 0)
        for which in ("a", "b"):
            value = f"{which}@example.com"
            assert audience.holders(value) == (["u"] if value in shown else [])
        self.check_nothing_is_lost(names, outcomes, user)

    def check_nothing_is_lost(self, names: list[str], outcomes: list[Any], user: User | None) -> None:
        done = [
            (name, f"k{number}")
            for number, (name, outcome) in enumerate(zip(names, outcomes, strict=True))
            if not isinstance(outcome, Exception)
        ]
        if user is None or "delete" in names:
            return
        assert {key for name, key in done if name in ("create", "update")} == set(user.meta)
        for which in ("a", "b"):
            contact = user.contact_info("email", f"{which}@example.com")
            if f"remove {which}" not in names:
                put = {key for name, key in done if name == f"put {which}"}
                assert put == set(contact.meta if contact else {})
            assert [name for name, _ in done].count(f"add {which}") <= 1 + names.count(f"remove {which}")

    @settings(deadline=None, max_examples=30)
    @given(order=st.lists(st.integers(0, 3), max_size=30))
    def test_a_user_who_is_created_by_many_is_created_once(self, memory: Any, order: list[int]) -> None:
        audience = Audience(memory)
        outcomes = interleave([self.operation(audience, "create", number) for number in range(4)], order)
        assert len({outcome.generation for outcome in outcomes}) == 1
        assert audience.loaded().meta == {f"k{number}": number for number in range(4)}
        assert audience.counted() == 1

    @settings(deadline=None, max_examples=30)
    @given(order=st.lists(st.integers(0, 3), max_size=30))
    def test_an_address_that_is_added_by_many_is_added_once(self, memory: Any, order: list[int]) -> None:
        audience = Audience(memory)
        audience.create("u")
        outcomes = interleave([self.operation(audience, "add a", number) for number in range(3)], order)
        assert [type(outcome) for outcome in outcomes].count(AlreadyExists) == 2

    @settings(deadline=None, max_examples=30)
    @given(order=st.lists(st.integers(0, 3), max_size=30), exists=st.booleans())
    def test_what_many_put_at_one_address_is_all_kept(self, memory: Any, order: list[int], *, exists: bool) -> None:
        audience = Audience(memory)
        audience.create("u")
        if exists:
            audience.add("a@example.com")
        interleave([self.operation(audience, "put a", number) for number in range(3)], order)
        [contact] = audience.loaded().contact_infos
        assert contact.meta == {f"k{number}": number for number in range(3)}


def test_a_page_after_the_last_user_is_empty_and_reads_the_count_alone(audience: Audience, cloud: Cloud) -> None:
    for user_id in ("a", "b"):
        audience.create(user_id)
    cloud.calls.clear()
    assert audience.users.page(audience.scope, 2, 2) == ([], 2)
    assert dict(cloud.calls) == {"dynamodb:BatchGetItem": 1}
    assert [user.user_id for user in audience.users.page(audience.scope, 2, 1)[0]] in (["a"], ["b"])


def test_each_change_of_a_contact_info_counts_its_version_on(audience: Audience) -> None:
    audience.create("u")
    audience.add("a@example.com")
    versions = []
    for number in range(3):
        audience.put("a@example.com", {"n": number})
        versions.append(audience.loaded().contact_infos[0].version)
    first = versions[0]
    assert versions == [first, first + 1, first + 2]
    assert first > 0


def test_a_contact_info_that_comes_with_its_user_counts_its_version_on(audience: Audience) -> None:
    audience.create("u")
    audience.add("sam@example.com")
    for version in (2, 3):
        user = audience.loaded()
        [contact] = user.contact_infos
        audience.users.save(audience.scope, user, [contact], [])
        assert audience.loaded().contact_infos[0].version == version
