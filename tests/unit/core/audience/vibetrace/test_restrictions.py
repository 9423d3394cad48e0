import random
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nereid.core.audience.vibetrace.restrictions import OPENS_KEPT, EventRules, order_of
from nereid.errors import Conflict, Unavailable
from nereid.models.message import Message
from nereid.models.user import ContactInfo
from tests.unit.core.audience.vibetrace.vibetrace_fakes import SCOPE, START, Store, event, new_user

WINDOW = timedelta(minutes=20)


@pytest.fixture(autouse=True)
def namespace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POWERTOOLS_METRICS_NAMESPACE", "Nereid")


def a_store(*users: str) -> Store:
    store = Store()
    for user_id in users or ("sam",):
        store.users[user_id] = new_user(user_id)
    return store


def rules_of(store: Store) -> EventRules:
    return EventRules(store, store)


class Crash(Exception):
    """The function was stopped."""


def once(at: str, error: Exception) -> Callable[[str], None]:
    """Fail the first time that a method is called."""
    left = [at]

    def fail(name: str) -> None:
        if name in left:
            left.remove(name)
            raise error

    return fail


EVENTS = [
    event("update", city="Paris"),
    event("login", city="Paris", email="sam@example.com"),
    event("open"),
    event("confirmation", orderId="A", total=5),
    event("confirmation", total=5),
]


@pytest.mark.parametrize("message", EVENTS, ids=lambda message: message.event_type)
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("step", ["read", "settle"])
@pytest.mark.parametrize("error", [Crash(), Unavailable("no answer in time")], ids=["crash", "outage"])
def test_a_message_that_comes_again_after_a_failure_is_settled_once(
    message: Message, when: str, step: str, error: Exception
) -> None:
    expected = a_store()
    assert rules_of(expected).admits(SCOPE, message)
    store = a_store()
    setattr(store, when, once(step, error))
    with pytest.raises(type(error)):
        rules_of(store).admits(SCOPE, message)
    for _ in range(3):
        assert rules_of(store).admits(SCOPE, message)
    assert store.users == expected.users


def test_a_later_change_is_not_undone_by_a_message_that_comes_again() -> None:
    store = a_store()
    first, second = event("update", city="Paris", message_id="1"), event("update", city="Rome", message_id="2")
    for message in (first, second, first):
        assert rules_of(store).admits(SCOPE, message)
    assert store.the().meta["city"] == "Rome"


def test_who_writes_in_between_is_not_overwritten() -> None:
    store = a_store()
    left = [1]

    def interfere(name: str) -> None:
        if name == "settle" and left:
            left.pop()
            user = store.the()
            store.update(SCOPE, user.model_copy(update={"meta": {**user.meta, "other": 1}}))

    store.before = interfere
    assert rules_of(store).admits(SCOPE, event("confirmation", total=5))
    meta = store.the().meta
    assert (meta["other"], meta["numberOfPurchases"]) == (1, 1)


def test_who_is_written_without_end_is_tried_again_later() -> None:
    store = a_store()

    def refuse(name: str) -> None:
        if name == "settle":
            raise Conflict

    store.before = refuse
    with pytest.raises(Unavailable):
        rules_of(store).admits(SCOPE, event("open"))


@pytest.mark.parametrize("message", EVENTS, ids=lambda message: message.event_type)
def test_the_event_of_a_user_who_is_gone_counts_and_changes_nobody(message: Message) -> None:
    store = Store()
    for _ in range(2):
        assert rules_of(store).admits(SCOPE, message)
    assert store.users == {}


def test_the_order_of_a_user_who_is_gone_is_remembered() -> None:
    store = a_store("eve")
    assert rules_of(store).admits(SCOPE, event("confirmation", orderId="A"))
    assert not rules_of(store).admits(SCOPE, event("confirmation", orderId="A", message_id="2", user_id="eve"))


def test_attributes_beyond_the_limits_change_nothing_at_all() -> None:
    store = a_store()
    before = store.the()
    data = {"k" * 129: 1, "email": "sam@example.com"}
    assert rules_of(store).admits(SCOPE, event("login").model_copy(update={"data": data}))
    assert store.the() == before


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"orderId": "A-1"}, "A-1"),
        ({"orderId": " A-1 "}, "A-1"),
        ({"orderId": 1001}, "1001"),
        ({"orderId": 0}, "0"),
        ({"orderId": ""}, None),
        ({"orderId": None}, None),
        ({"orderId": True}, None),
        ({"orderId": 1.5}, None),
        ({"orderId": ["A"]}, None),
        ({"orderid": "A"}, None),
        ({}, None),
    ],
)
def test_an_order_is_known_by_its_id(fields: dict[str, Any], expected: str | None) -> None:
    assert order_of(event("confirmation", **fields)) == expected


def test_only_a_confirmation_is_limited_by_its_order() -> None:
    assert order_of(event("update", orderId="A")) is None


# Discarded events


def test_a_discarded_event_is_counted_and_its_ids_are_logged(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    logged: list[tuple[str, dict[str, Any]]] = []
    monkeypatch.setattr("nereid.logs.logger.info", lambda text, extra: logged.append((text, extra)))
    store = a_store()
    assert rules_of(store).admits(SCOPE, event("confirmation", orderId="A", total=1))
    assert not rules_of(store).admits(SCOPE, event("confirmation", orderId="A", message_id="2", city="Paris"))
    assert '"reason":"duplicate_order"' in capsys.readouterr().out
    assert logged == [
        (
            "event discarded",
            {
                "reason": "duplicate_order",
                "team_id": "team",
                "environment": "dev",
                "message_id": "2",
                "user_id": "sam",
            },
        )
    ]


# Opens


def opens(store: Store, *minutes: float) -> list[bool]:
    return [
        rules_of(store).admits(SCOPE, event("open", at=START + timedelta(minutes=each), message_id=f"{each}"))
        for each in minutes
    ]


def test_the_window_begins_with_the_last_that_counted_and_a_discarded_one_never_prolongs_it() -> None:
    assert opens(a_store(), 0, 10, 19.9999, 20, 30, 39.9999, 40) == [True, False, False, True, False, False, True]


def test_the_window_ends_to_the_microsecond() -> None:
    store = a_store()
    almost = START + WINDOW - timedelta(microseconds=1)
    assert rules_of(store).admits(SCOPE, event("open", at=START, message_id="1"))
    assert not rules_of(store).admits(SCOPE, event("open", at=almost, message_id="2"))
    assert rules_of(store).admits(SCOPE, event("open", at=START + WINDOW, message_id="3"))


def test_an_open_that_is_handled_late_counts_if_it_has_its_window_for_itself() -> None:
    store = a_store()
    assert opens(store, 60, 0, 50, 20, 40, 41) == [True, True, False, True, True, False]
    assert store.the().meta["lastEmailOpenDate"] == "2026-01-31T10:30:00.000Z"


def test_an_open_beyond_what_is_remembered_does_not_count() -> None:
    late = OPENS_KEPT / timedelta(minutes=1)
    assert opens(a_store(), late + 1, 0, 1) == [True, False, True]


def test_what_is_remembered_of_opens_is_bounded() -> None:
    store = a_store()
    opens(store, *range(0, 20 * 1200, 20))
    assert len(store.the().opens) == OPENS_KEPT // WINDOW + 1


def accepted(times: list[datetime]) -> set[datetime]:
    """Return which opens count, handled in this order: those that have no other that counts in their window."""
    counted: set[datetime] = set()
    for at in times:
        if not any(abs(at - other) < WINDOW for other in counted):
            counted.add(at)
    return counted


def in_order(times: list[datetime]) -> set[datetime]:
    """Return which opens count, handled as they were received: the first, and the first after each window."""
    counted: set[datetime] = set()
    anchor: datetime | None = None
    for at in sorted(times):
        if anchor is None or at >= anchor + WINDOW:
            anchor = at
            counted.add(at)
    return counted


moments = st.integers(0, 3 * 60 * 60).map(lambda seconds: START + timedelta(seconds=seconds))


@settings(max_examples=150, deadline=None)
@given(st.lists(moments, max_size=30, unique=True), st.randoms(use_true_random=False))
def test_any_sequence_of_opens_is_settled_as_the_model_says(times: list[datetime], order: random.Random) -> None:
    handled = [*times, *order.sample(times, len(times) // 2)]
    order.shuffle(handled)
    store, counted = a_store(), set()
    for at in handled:
        if rules_of(store).admits(SCOPE, event("open", at=at, message_id=at.isoformat())):
            counted.add(at)
    assert counted == accepted(handled)
    ordered = sorted(counted)
    assert all(later - earlier >= WINDOW for earlier, later in pairwise(ordered))
    # None is discarded without one that counts to show for it.
    assert all(any(abs(at - other) < WINDOW for other in counted) for at in times)


@settings(max_examples=100, deadline=None)
@given(st.lists(moments, max_size=40, unique=True))
def test_opens_handled_as_received_count_by_the_window_from_the_last(times: list[datetime]) -> None:
    store = a_store()
    counted = {
        at for at in sorted(times) if rules_of(store).admits(SCOPE, event("open", at=at, message_id=at.isoformat()))
    }
    assert counted == in_order(times)
    assert store.the().opens == sorted(int(at.timestamp() * 1_000_000) for at in counted)


# Confirmations


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from("ABC_"), st.sampled_from(["sam", "eve"]), st.integers(0, 500)), max_size=15),
    st.randoms(use_true_random=False),
)
def test_purchases_are_the_confirmations_that_count_however_often_handled(
    sent: list[tuple[str, str, int]], order: random.Random
) -> None:
    messages = [
        event(
            "confirmation",
            message_id=str(number),
            user_id=user_id,
            orderId="" if name == "_" else name,
            total=cents / 100,
        )
        for number, (name, user_id, cents) in enumerate(sent)
    ]
    handled = messages * 3
    order.shuffle(handled)
    store = a_store("sam", "eve")
    answers: dict[str, set[bool]] = {}
    failing = 0
    for message in handled:
        if order.random() < 0.3:
            failing += 1
            hook = once(order.choice(["read", "settle"]), Crash())
            setattr(store, order.choice(["before", "after"]), hook)
        try:
            answers.setdefault(message.message_id, set()).add(rules_of(store).admits(SCOPE, message))
        except Crash:
            store.before = store.after = lambda _: None
    store.before = store.after = lambda _: None
    for message in messages:
        answers.setdefault(message.message_id, set()).add(rules_of(store).admits(SCOPE, message))
    assert all(len(each) == 1 for each in answers.values())
    counted = [message for message in messages if answers[message.message_id] == {True}]
    orders = [message.data["orderId"] for message in counted if message.data["orderId"]]
    assert sorted(orders) == sorted({name for name, _, _ in sent if name != "_"})
    for user_id in ("sam", "eve"):
        own = [message for message in counted if message.user_id == user_id]
        meta = store.the(user_id).meta
        assert meta.get("numberOfPurchases", 0) == len(own)
        cents = round(sum(message.data["total"] for message in own), 2)
        assert meta.get("totalPurchasesValue", 0) == pytest.approx(cents)


def test_of_fifty_parallel_confirmations_one_counts() -> None:
    store = a_store("sam", "eve")
    together = threading.Barrier(50)

    def confirm(number: int) -> bool:
        message = event("confirmation", message_id=str(number), user_id=("sam", "eve")[number % 2], orderId=7, total=1)
        together.wait()
        return rules_of(store).admits(SCOPE, message)

    with ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(confirm, range(50)))
    assert answers.count(True) == 1
    assert sum(store.the(each).meta.get("numberOfPurchases", 0) for each in ("sam", "eve")) == 1


# Addresses


def email(store: Store, user_id: str) -> list[str]:
    return [contact.value for contact in store.the(user_id).contact_infos]


def test_of_two_logins_with_one_address_one_gets_it() -> None:
    store = a_store("sam", "eve")
    left = [1]

    def overtake(name: str) -> None:
        if name == "settle" and left:
            left.pop()
            other = event("login", message_id="2", user_id="eve", email="one@example.com")
            assert rules_of(store).admits(SCOPE, other)

    store.before = overtake
    assert rules_of(store).admits(SCOPE, event("login", message_id="1", email="One@example.com", city="Paris"))
    assert (email(store, "sam"), email(store, "eve")) == ([], ["one@example.com"])
    assert store.the("sam").meta["city"] == "Paris"


def test_of_two_addresses_for_one_user_one_is_taken() -> None:
    store = a_store()
    left = [1]

    def overtake(name: str) -> None:
        if name == "settle" and left:
            left.pop()
            assert rules_of(store).admits(SCOPE, event("login", message_id="2", email="two@example.com"))

    store.before = overtake
    assert rules_of(store).admits(SCOPE, event("login", message_id="1", email="one@example.com"))
    assert email(store, "sam") == ["two@example.com"]


def test_a_user_with_too_many_contacts_gets_no_more() -> None:
    store = a_store()
    contacts = [
        ContactInfo(type="mobile_number", value=str(number), created_at=START, updated_at=START)
        for number in range(100)
    ]
    store.users["sam"] = store.the().model_copy(update={"contact_infos": contacts})
    assert rules_of(store).admits(SCOPE, event("login", email="one@example.com"))
    assert len(store.the().contact_infos) == 100
