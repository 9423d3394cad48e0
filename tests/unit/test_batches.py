"""In which order the records of a batch are handled, and what becomes of those whose function was killed by one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from nereid import batches
from nereid.consumer import consume
from nereid.core import time_limit
from nereid.errors import Unavailable

QUEUE = "arn:aws:sqs:us-east-1:123456789012:EmailQueue"
NOW = datetime(2026, 11, 27, tzinfo=UTC)
#: How long the function may run, and how long the queue hides a record.
SECONDS, HIDDEN = 30, 180


def record(body: str, receives: int = 1, first_seconds_ago: float = 0, *, apart: bool = False) -> dict[str, Any]:
    return {
        "eventSource": "aws:sqs",
        "body": body,
        "messageId": f"id {body}",
        "receiptHandle": f"handle {body}",
        "eventSourceARN": QUEUE,
        "attributes": {
            "ApproximateReceiveCount": str(receives),
            "ApproximateFirstReceiveTimestamp": str(int((NOW.timestamp() - first_seconds_ago) * 1000)),
        },
        "messageAttributes": {"apart": {"stringValue": "yes", "dataType": "String"}} if apart else {},
    }


@pytest.fixture(autouse=True)
def _no_team_is_slow() -> None:
    batches._slow_teams.clear()


class Queue:
    """What happens to records, in its order."""

    def __init__(self, *, refuses: bool = False) -> None:
        self.steps: list[str] = []
        self.refuses = refuses

    def handle(self, body: str, _seconds_left: Any) -> None:
        self.steps.append(body)

    def again_in(self, queue: str, receipt_handle: str, seconds: int) -> None:
        assert queue == QUEUE
        self.steps.append(f"{receipt_handle} again in {seconds}")

    def put_back(self, queue: str, body: str, *, apart: bool = False) -> None:
        assert queue == QUEUE
        assert apart
        if self.refuses:
            raise Unavailable("refused")
        self.steps.append(f"{body} put apart")

    def remove(self, queue: str, receipt_handles: Sequence[str]) -> None:
        assert queue == QUEUE
        if self.refuses:
            raise Unavailable("refused")
        self.steps.append(f"removed {', '.join(handle.removeprefix('handle ') for handle in receipt_handles)}")


def run(queue: Queue, *records: dict[str, Any], handle: Any = None, finish: Any = None) -> Any:
    context: Any = SimpleNamespace(aws_request_id="r", get_remaining_time_in_millis=lambda: SECONDS * 1000)
    clock: Any = SimpleNamespace(now=lambda: NOW)
    event = {"Records": list(records)}
    return consume(event, context, handle or queue.handle, queue, clock=clock, finish=finish)


def test_what_came_back_with_its_function_is_handled_when_the_others_are_done_and_off_the_queue() -> None:
    queue = Queue()
    run(queue, record("suspect", 2, HIDDEN), record("a"), record("b"))
    assert queue.steps == ["a", "b", "removed a, b", "suspect"]


def test_of_those_that_came_back_one_is_handled_and_the_others_lose_nothing() -> None:
    queue = Queue()
    answer = run(queue, record("two", 2, HIDDEN), record("three", 3, 2 * HIDDEN), record("new"))
    assert queue.steps == ["new", "two put apart", "removed new, two", "three"]
    assert answer == {"batchItemFailures": []}


def test_what_was_put_apart_stays_apart() -> None:
    queue = Queue()
    run(queue, record("apart", apart=True), record("new"))
    assert queue.steps == ["new", "removed new", "apart"]


@pytest.mark.parametrize(("receives", "seconds"), [(2, 10), (3, 50), (4, 210)])
def test_what_waited_for_a_store_is_handled_as_ever(receives: int, seconds: int) -> None:
    queue = Queue()
    run(queue, record("back", receives, seconds), record("new"))
    assert queue.steps == ["back", "new"]


def test_a_suspect_alone_is_just_handled() -> None:
    queue = Queue()
    run(queue, record("suspect", 2, HIDDEN))
    assert queue.steps == ["suspect"]


def test_suspects_that_cannot_be_put_apart_come_again_when_the_queue_says() -> None:
    queue = Queue(refuses=True)
    answer = run(queue, record("one", 2, HIDDEN), record("two", 2, HIDDEN))
    assert queue.steps == ["one"]
    assert answer == {"batchItemFailures": [{"itemIdentifier": "id two"}]}


def test_a_queue_from_which_nothing_is_put_back_hands_suspects_over_last() -> None:
    context: Any = SimpleNamespace(aws_request_id="r", get_remaining_time_in_millis=lambda: SECONDS * 1000)
    clock: Any = SimpleNamespace(now=lambda: NOW)
    queue = Queue()
    consume({"Records": [record("x", 2, HIDDEN), record("y")]}, context, queue.handle, clock=clock)
    assert queue.steps == ["y", "x"]


class Deadly(Queue):
    """A queue and its function, which one record kills."""

    def __init__(self, *bodies: str) -> None:
        super().__init__()
        #: Body to how often it was handed over, and whether it is apart.
        self.waiting = dict.fromkeys(bodies, (0, False))
        #: What was in hand when the function was killed, and when it is seen again.
        self.hidden: dict[str, tuple[int, bool]] = {}
        self.hidden_until = self.now = 0
        self.most_receives = 0

    def hand_over(self) -> None:
        self.now += 1
        if self.now >= self.hidden_until:
            self.waiting |= self.hidden
            self.hidden = {}
        batch = {body: (receives + 1, apart) for body, (receives, apart) in self.waiting.items()}
        records = [
            record(body, receives, (receives - 1) * HIDDEN, apart=apart) for body, (receives, apart) in batch.items()
        ]
        self.waiting = dict(batch)
        if not records:
            return
        try:
            run(self, *records)
        except SystemExit:
            self.hidden = {body: state for body, state in self.waiting.items() if state != (0, True)}
            self.hidden_until = self.now + 10
            self.waiting = {body: state for body, state in self.waiting.items() if state == (0, True)}
        else:
            self._forget(list(batch))

    def handle(self, body: str, _seconds_left: Any) -> None:
        if body == "deadly":
            raise SystemExit
        self.steps.append(body)
        self.most_receives = max(self.most_receives, self.waiting[body][0])

    def put_back(self, queue: str, body: str, *, apart: bool = False) -> None:
        super().put_back(queue, body, apart=apart)
        self.waiting[body] = (0, True)

    def remove(self, queue: str, receipt_handles: Sequence[str]) -> None:
        super().remove(queue, receipt_handles)
        self._forget([handle.removeprefix("handle ") for handle in receipt_handles])

    def _forget(self, bodies: list[str]) -> None:
        self.waiting = {body: state for body, state in self.waiting.items() if body not in bodies or state == (0, True)}


@pytest.mark.parametrize("place", [0, 4, 9])
def test_a_record_that_kills_its_function_ends_alone_and_the_others_are_handed_over_twice_at_most(place: int) -> None:
    others = [str(number) for number in range(9)]
    queue = Deadly(*others[:place], "deadly", *others[place:])
    for _ in range(50):
        queue.hand_over()
    assert set(others) <= set(queue.steps)
    assert queue.most_receives <= 2
    assert queue.waiting == {}
    assert queue.hidden["deadly"][0] >= 3


def test_a_team_whose_templates_took_long_comes_after_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    queue = Queue()

    def handle(body: str, _seconds_left: Any) -> None:
        queue.steps.append(body)
        if "slow" in body:
            monkeypatch.setattr(time_limit, "_spent", time_limit._spent + 2)

    slow, other = '{"team_id": "slow", "n": %d}', '{"team_id": "other", "n": %d}'
    records = [record(slow % 1), record(slow % 2), record(other % 1), record(other % 2)]
    run(queue, *records, handle=handle)
    assert queue.steps == [slow % 1, other % 1, other % 2, slow % 2]
    queue.steps.clear()
    run(queue, *records, handle=handle)
    assert queue.steps == [other % 1, other % 2, slow % 1, slow % 2]


def test_of_records_that_are_finished_together_the_slow_one_is_blamed(monkeypatch: pytest.MonkeyPatch) -> None:
    queue = Queue()

    def begin(body: str, _seconds_left: Any) -> Any:
        queue.steps.append(body)
        return SimpleNamespace(rest=[body], failure=None)

    def finish(begun: Sequence[Sequence[str]]) -> list[tuple[None, float]]:
        taken = [2.0 if "slow" in body else 0.1 for [body] in begun]
        monkeypatch.setattr(time_limit, "_spent", time_limit._spent + sum(taken))
        return [(None, seconds) for seconds in taken]

    slow, other = '{"team_id": "slow"}', '{"team_id": "other"}'
    for steps in ([slow, other], [other, slow]):
        queue.steps.clear()
        run(queue, record(slow), record(other), handle=begin, finish=finish)
        assert queue.steps == steps
