"""Limits are exact while many sandboxes count at once, and cost one conditional write at most."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from nereid.core.access.rate_limits import AI, GENERAL, LEAD_IMPORT
from nereid.errors import Unavailable
from tests.support.cloud import Cloud
from tests.support.neptie import Team, one_call_at_a_time


@pytest.fixture
def owner() -> str:
    return str(uuid.uuid4())


@pytest.mark.slow
def test_of_a_hundred_and_fifty_requests_at_once_at_a_limit_of_a_hundred_exactly_a_hundred_pass(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch, owner: str
) -> None:
    sandboxes = [Team(cloud).runtime.limiter for _ in range(150)]
    with one_call_at_a_time(monkeypatch), ThreadPoolExecutor(16) as pool:
        quotas = list(pool.map(lambda limiter: limiter.take(AI, owner), sandboxes))
    allowed = [quota for quota in quotas if quota.allowed]
    assert len(allowed) == 100
    assert sorted(quota.remaining for quota in allowed) == list(range(100))
    assert cloud.calls == {"dynamodb:UpdateItem": 150}


def test_a_sandbox_that_saw_the_limit_refuses_without_asking_the_store(cloud: Cloud, owner: str) -> None:
    limiter = Team(cloud).runtime.limiter
    for _ in range(100):
        assert limiter.take(AI, owner).allowed
    cloud.calls.clear()
    for _ in range(5):
        assert not limiter.take(AI, owner).allowed
    assert not cloud.calls


def test_a_sandbox_that_did_not_see_the_limit_asks_the_store_once(cloud: Cloud, owner: str) -> None:
    first, second = Team(cloud), Team(cloud)
    first.runtime.limiter.take(AI, owner, 100)
    cloud.calls.clear()
    assert [second.runtime.limiter.take(AI, owner).allowed for _ in range(5)] == [False] * 5
    assert cloud.calls == {"dynamodb:UpdateItem": 1}


def test_a_refusal_uses_nothing_up(cloud: Cloud, owner: str) -> None:
    limiter = Team(cloud).runtime.limiter
    limiter.take(LEAD_IMPORT, owner, 990)
    assert not limiter.take(LEAD_IMPORT, owner, 11).allowed
    quota = limiter.take(LEAD_IMPORT, owner, 10)
    assert (quota.allowed, quota.remaining) == (True, 0)


def test_buckets_and_owners_are_apart(cloud: Cloud, owner: str) -> None:
    limiter = Team(cloud).runtime.limiter
    limiter.take(AI, owner, 100)
    assert limiter.take(AI, str(uuid.uuid4())).remaining == 99
    assert limiter.take(GENERAL, owner).remaining == 999


def test_a_new_hour_begins_anew(cloud: Cloud, owner: str) -> None:
    team = Team(cloud)
    limiter = team.runtime.limiter
    limiter.take(AI, owner, 100)
    refused = limiter.take(AI, owner)
    assert not refused.allowed
    team.clock.ahead = timedelta(seconds=refused.retry_after)
    again = limiter.take(AI, owner)
    assert (again.allowed, again.remaining, again.reset) == (True, 99, refused.reset + 3600)


def test_a_store_that_does_not_answer_is_told_and_looking_says_that_nothing_remains(cloud: Cloud, owner: str) -> None:
    limiter = Team(cloud).runtime.limiter
    cloud.fail("dynamodb:UpdateItem", *[("InternalServerError", 500)] * 3)
    with pytest.raises(Unavailable):
        limiter.take(AI, owner)
    cloud.faults.clear()
    cloud.fail("dynamodb:GetItem", *[("InternalServerError", 500)] * 3)
    assert limiter.look(AI, owner).remaining == 0
    cloud.faults.clear()
    assert limiter.look(AI, owner).remaining == 100


def test_attempts_count_in_a_window_that_the_first_one_opens(cloud: Cloud, owner: str) -> None:
    team = Team(cloud)
    limits, clock = team.runtime.limits, team.clock
    window = timedelta(minutes=15)
    until = clock.now() + window
    assert [limits.attempt(owner, 3, clock.now(), clock.now() + window) for _ in range(3)] == [None] * 3
    full = limits.attempt(owner, 3, clock.now(), clock.now() + window)
    assert full is not None
    assert abs(full.closes - until) < timedelta(seconds=5)
    limits.attempt_ended(owner, clock.now(), failed=False)
    assert limits.attempt(owner, 3, clock.now(), until) is None
    clock.ahead = timedelta(minutes=16)
    limits.attempt_ended(owner, clock.now(), failed=False)
    assert limits.attempt(owner, 3, clock.now(), clock.now() + window) is None


def test_a_full_window_tells_whether_attempts_are_under_way(cloud: Cloud, owner: str) -> None:
    team = Team(cloud)
    limits, now = team.runtime.limits, team.clock.now()
    told = []
    for _ in range(2):
        assert limits.attempt(owner, 2, now, now + timedelta(minutes=15)) is None
    for _ in range(2):
        limits.attempt_ended(owner, now, failed=True)
        full = limits.attempt(owner, 2, now, now + timedelta(minutes=15))
        assert full is not None
        told.append(full.under_way)
    assert told == [True, False]


def test_of_many_attempts_at_once_as_many_as_the_limit_pass(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch, owner: str
) -> None:
    team = Team(cloud)
    limits, now = team.runtime.limits, team.clock.now()
    with one_call_at_a_time(monkeypatch), ThreadPoolExecutor(8) as pool:
        refused = list(pool.map(lambda _: limits.attempt(owner, 10, now, now + timedelta(minutes=15)), range(30)))
    assert refused.count(None) == 10
