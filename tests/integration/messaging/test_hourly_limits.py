"""Hourly limits when jobs come again, at the same time, in any order, and runs die: each delivery counts once."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from types import SimpleNamespace
from typing import Any, cast

import pytest

from local_stack.aws.memory_dynamodb import MemoryDynamoDB
from nereid.aws.messaging.deliveries import DynamoDeliveryStore
from nereid.aws.messaging.hourly_counts import DynamoHourlyCounts
from nereid.aws.table import Table
from nereid.core.messaging.deliver import CLAIM_SECONDS, Deliverer
from nereid.core.messaging.hourly_limits import HourlyLimiter
from nereid.core.messaging.ingest import ingest
from nereid.errors import ProviderBusy, TryAgain, Unavailable
from nereid.metrics import DeliveryCounts
from nereid.models.delivery import DeliveryJob, Rendered
from nereid.models.team import Scope
from tests.support.cloud import Cloud, World, tables
from tests.support.interleaving import Stepping, interleave
from tests.support.notifications import MAIL, TEXT

IN_MEMORY = True

SCOPE = Scope("team", "dev")
NOW = datetime(2026, 1, 31, 9, 30, tzinfo=UTC)


class Died(Exception):
    """The function was stopped at this call."""


class Dying:
    """A client whose calls are the last of their function, before they are done or after, as often as it is told."""

    def __init__(self, client: Any, chance: random.Random, often: float) -> None:
        self._client = client
        self._chance = chance
        self.often = often

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._client, name)

        def call(**given: Any) -> Any:
            dies, after = self._chance.random() < self.often, self._chance.random() < 0.5
            if dies and not after:
                raise Died
            answer = method(**given)
            if dies:
                raise Died
            return answer

        return call


class Provider:
    """A channel that takes what it is handed, or not now, and dies as its clients do."""

    def __init__(self, chance: random.Random, busy: float = 0) -> None:
        self._chance = chance
        self.busy = busy
        self.sent: list[str] = []

    def has_provider(self, job: DeliveryJob) -> bool:  # noqa: ARG002 - it is the same for all
        return True

    def is_paced(self, job: DeliveryJob) -> bool:  # noqa: ARG002 - it is the same for all
        return True

    def sender(self, job: DeliveryJob, rendered: Rendered) -> None:  # noqa: ARG002 - it is the same for all
        return None

    def senders(self, _job: DeliveryJob, _rendered: Rendered) -> list[str]:
        return []

    def send(self, job: DeliveryJob, rendered: Rendered, check_time: Callable[[], None]) -> str | None:  # noqa: ARG002
        check_time()
        if self._chance.random() < self.busy:
            raise ProviderBusy("TooManyRequestsException", "rate")
        self.sent.append(job.delivery_id)
        return f"id-{len(self.sent)}"


class Waiting:
    """Keeps the jobs that are put back."""

    def __init__(self, queue: list[DeliveryJob], turns: list[str]) -> None:
        self._queue = queue
        self._turns = turns

    def turn(self, job: DeliveryJob, *_: Any) -> None:
        self._turns.append(job.delivery_id)

    def refused(self, job: DeliveryJob, error: ProviderBusy) -> Any:  # noqa: ARG002 - nothing is learned
        return None

    def plan(self, job: DeliveryJob, busy: Any) -> Any:  # noqa: ARG002 - nothing is learned
        return SimpleNamespace(job=job, reason="waiting: provider rate", next_try_at=NOW)

    def put_back(self, wait: Any) -> None:
        # As a queue keeps it.
        self._queue.append(DeliveryJob.model_validate_json(wait.job.model_dump_json(by_alias=True, exclude_unset=True)))


class Pipeline:
    """Runs over one database, and a queue that hands its jobs over more than once."""

    def __init__(self, seed: int, *, dying: float = 0, busy: float = 0) -> None:
        self.chance = random.Random(seed)  # noqa: S311 - no secret
        self.memory = MemoryDynamoDB(tables())
        self.client = Dying(Stepping(self.memory), self.chance, dying)
        self.moment = NOW
        self.queue: list[DeliveryJob] = []
        self.provider = Provider(self.chance, busy)
        self.jobs: dict[str, DeliveryJob] = {}
        #: The deliveries that waited for their turn.
        self.turns: list[str] = []
        #: What happens while a delivery is rendered.
        self.meanwhile: Callable[[], None] = lambda: None

    def now(self) -> datetime:
        return self.moment

    def _table(self, name: str) -> Table:
        clients: Any = SimpleNamespace(dynamodb=self.client)
        return Table(clients, name)

    def deliverer(self) -> Deliverer:
        """Return the deliverer of one sandbox."""
        activity, clock = self._table("ActivityTable"), SimpleNamespace(now=self.now)
        content: Any = SimpleNamespace(render=self.render, is_followed_up=lambda *_: False)
        limiter = HourlyLimiter(DynamoHourlyCounts(self._table("LimitsTable"), activity), clock)
        messages, waiting = cast("Any", None), cast("Any", Waiting(self.queue, self.turns))
        store = DynamoDeliveryStore(activity, 1000)
        return Deliverer(
            self.provider, content, store, messages, clock, None, DeliveryCounts(), waiting=waiting, limiter=limiter
        )

    def render(self, *_: Any) -> Rendered:
        self.meanwhile()
        return Rendered({"text": "t"}, [])

    def add(self, notification: dict[str, Any], address: str, key_id: str = "k", **hourly: int) -> None:
        identity = f"{len(self.jobs):036}"
        job = DeliveryJob.model_validate(
            {
                "team_id": SCOPE.team_id,
                "environment": SCOPE.environment,
                "mock": False,
                "channels": {},
                "delivery_id": identity,
                "recipient": {"type": "x", "value": address},
                "notification": notification,
                "message_id": "m",
                "message": {"message_id": "m", "event_type": "e", "source": "client", "received_at": NOW},
                "planned_at": NOW,
                "limits": {"key_id": key_id, "hourly": hourly},
            }
        )
        self.jobs[identity] = job
        self.queue.append(job)

    def run(self, job: DeliveryJob) -> None:
        """Deliver a job in a new sandbox; it is back on the queue if that did not end it."""
        try:
            self.deliverer().deliver(job)
        except (Died, TryAgain, Unavailable):
            self.queue.append(job)

    def finish(self) -> None:
        """Hand over what is on the queue, several at once and some of it twice, until it is empty."""
        for _ in range(200):
            if not self.queue:
                return
            jobs, self.queue[:] = list(self.queue), []
            jobs += [job for job in jobs if self.chance.random() < 0.3]
            jobs += [job for job in self.jobs.values() if self.chance.random() < 0.1]
            self.chance.shuffle(jobs)
            for first in range(0, len(jobs), 6):
                order = [self.chance.randrange(6) for _ in range(80)]
                interleave([partial(self.run, job) for job in jobs[first : first + 6]], order)
            self.moment += timedelta(seconds=CLAIM_SECONDS + 1)
            # In the end everybody gets through.
            self.client.often *= 0.7
            self.provider.busy *= 0.7
            if self.moment - NOW > timedelta(minutes=25):
                self.client.often = self.provider.busy = 0
        raise AssertionError("it never ends")

    def outcomes(self) -> dict[str, str | None]:
        """Return how each delivery ended: the reason, None of a success."""
        store = DynamoDeliveryStore(Table(SimpleNamespace(dynamodb=self.memory), "ActivityTable"))  # type: ignore[arg-type]
        found = store.get_many(SCOPE, self.jobs)
        assert all(each.status in ("success", "failed") for each in found.values())
        return {identity: found[identity].reason for identity in self.jobs}

    def counted(self) -> int:
        """Return how much is counted for all limits together."""
        return sum(int(item["used"]["N"]) for item in self.memory.items("LimitsTable"))


@pytest.mark.parametrize("seed", range(15))
def test_as_many_mails_as_allowed_are_sent_to_an_address_whatever_comes_in_between(seed: int) -> None:
    pipeline = Pipeline(seed, dying=0.15 * (seed % 3), busy=0.3 * (seed % 2))
    for number in range(12):
        pipeline.add(MAIL, f"{'ab'[number % 3 == 0]}@example.com", emails_per_address=4)
    pipeline.finish()
    assert set(pipeline.provider.sent) == {key for key, why in pipeline.outcomes().items() if why is None}
    reasons = list(pipeline.outcomes().values())
    assert (reasons.count(None), reasons.count("limited")) == (8, 4)
    assert pipeline.counted() == 8


@pytest.mark.parametrize("seed", range(15))
def test_texts_count_for_their_address_and_for_their_key_or_for_neither(seed: int) -> None:
    pipeline = Pipeline(seed, dying=0.15 * (seed % 3), busy=0.3 * (seed % 2))
    for number in range(12):
        pipeline.add(TEXT, f"+1555000{number % 2}", key_id="ab"[number % 3 == 0], sms_per_address=3, sms_per_key=4)
    pipeline.finish()
    sent = [pipeline.jobs[key] for key, why in pipeline.outcomes().items() if why is None]
    assert {job.delivery_id for job in sent} == set(pipeline.provider.sent)
    # Each address has room for three, and the keys together for eight.
    assert [sum(job.recipient.value == f"+1555000{which}" for job in sent) for which in (0, 1)] == [3, 3]
    assert all(sum(job.limits is not None and job.limits.key_id == key for job in sent) <= 4 for key in "ab")
    assert pipeline.counted() == 2 * len(sent)


def test_a_count_is_over_with_its_hour_of_the_clock() -> None:
    pipeline = Pipeline(0)
    for minutes, expected in ((0, None), (29, "limited"), (30, None), (31, "limited")):
        pipeline.moment = NOW + timedelta(minutes=minutes)
        pipeline.add(MAIL, "a@example.com", emails_per_address=1)
        pipeline.run(pipeline.queue.pop())
        assert list(pipeline.outcomes().values())[-1] == expected


def test_a_limit_that_is_raised_holds_at_once_in_a_sandbox_that_knew_it_used_up() -> None:
    pipeline = Pipeline(0)
    sandbox = pipeline.deliverer()
    for most in (1, 1, 2):
        pipeline.add(MAIL, "a@example.com", emails_per_address=most)
        sandbox.deliver(pipeline.queue.pop())
    assert list(pipeline.outcomes().values()) == [None, "limited", None]


def test_what_is_over_a_limit_takes_nobodys_turn() -> None:
    pipeline = Pipeline(0)
    for _ in range(3):
        pipeline.add(MAIL, "a@example.com", emails_per_address=1)
        pipeline.run(pipeline.queue.pop())
    assert pipeline.turns == list(pipeline.jobs)[:1]


def test_a_delivery_that_waits_for_its_provider_is_sent_though_others_used_the_limit_up_meanwhile() -> None:
    pipeline = Pipeline(0, busy=1)
    pipeline.add(MAIL, "a@example.com", emails_per_address=1)
    [before] = pipeline.queue
    pipeline.run(pipeline.queue.pop())
    [waiting] = pipeline.queue
    assert waiting.limits is None
    pipeline.provider.busy = 0
    pipeline.add(MAIL, "a@example.com", emails_per_address=1)
    pipeline.run(pipeline.queue.pop())
    # The one from before it was counted comes again as well.
    pipeline.run(before)
    pipeline.run(waiting)
    assert list(pipeline.outcomes().values()) == [None, "limited"]
    assert len(pipeline.provider.sent) == 1


def test_a_run_that_stood_still_until_another_had_its_claim_counts_nothing() -> None:
    pipeline = Pipeline(0)
    pipeline.add(MAIL, "a@example.com", emails_per_address=5)
    job = pipeline.queue.pop()

    def meanwhile() -> None:
        pipeline.meanwhile = lambda: None
        pipeline.moment += timedelta(seconds=CLAIM_SECONDS + 1)
        pipeline.run(job)

    pipeline.meanwhile = meanwhile
    with pytest.raises(TryAgain):
        pipeline.deliverer().deliver(job)
    assert (len(pipeline.provider.sent), pipeline.counted()) == (1, 1)


class TestCost:
    def calls(self, cloud: Cloud, world: World, *, public: bool) -> Counter[str]:
        """Return what delivering a mail calls of DynamoDB, if a public key sent it or not."""
        world.configure("login", MAIL)
        key = {"client_key": {"id": "k", "scope": "public"}, "minted": True} if public else {}
        message = world.message("login", contact_infos=[{"type": "email", "value": "sam@example.com"}])
        message = type(message).model_validate({**message.model_dump(exclude_unset=True), **key})
        ingest(world.runtime.message_queue, world.environment, [message])
        cloud.pump("message")
        cloud.calls.clear()
        cloud.pump("email")
        return Counter({name: count for name, count in cloud.calls.items() if name.startswith("dynamodb:")})

    def test_nothing_is_asked_for_what_no_public_key_sent(self, cloud: Cloud, world: World) -> None:
        cloud.requests.clear()
        calls = self.calls(cloud, world, public=False)
        assert calls["dynamodb:TransactWriteItems"] == 0
        assert [name for name, request in cloud.requests if request.get("TableName") == "LimitsTable"] == []

    def test_what_one_sent_costs_a_read_and_a_transaction_more(self, cloud: Cloud, world: World) -> None:
        self.calls(cloud, world, public=True)  # the functions are warm now
        usual = self.calls(cloud, world, public=False)
        assert self.calls(cloud, world, public=True) - usual == {
            "dynamodb:GetItem": 1,
            "dynamodb:TransactWriteItems": 1,
        }

    def test_an_address_is_not_in_the_table_of_the_counts(self, cloud: Cloud, world: World) -> None:
        self.calls(cloud, world, public=True)
        assert cloud.memory is not None
        own = f"{world.team_id}#dev#hourly#email_address#"
        [item] = [each for each in cloud.memory.items("LimitsTable") if each["pk"]["S"].startswith(own)]
        assert "sam" not in str(item)
        assert "expires_at" in item
