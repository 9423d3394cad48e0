"""In which order the records of a batch are handled, and what becomes of those whose function was killed by one."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

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


class Queue:
    """What happens to records, in its order."""

    def __init__(self, *, refuses: bool = False) -> None:
        self.steps: list[str] = []
        self.refuses = refuses

    def handle(self, body: str, _seconds_left: Any) -> None:
        self.steps.append(body)

    def again_in(self, _queue: str, handle: str, seconds: int) -> None:
        self.steps.append(f"{handle} again in {seconds}")

    def put_back(self, queue: str, body: str, *, apart: bool = False) -> None:
        assert queue == QUEUE
        assert apart
        if self.refuses:
            raise Unavailable("refused")
        self.steps.append(f"{body} put apart")

    def remove(self, queue: str, handles: list[str]) -> None:
        assert queue == QUEUE
        if self.refuses:
            raise Unavailable("refused")
        self.steps.append(f"removed {', '.join(handle.removeprefix('handle ') for handle in handles)}")


def run(queue: Queue, *records: dict[str, Any], handle: Any = None, redelivery: Any = None) -> Any:
    context: Any = SimpleNamespace(aws_request_id="r", get_remaining_time_in_millis=lambda: SECONDS * 1000)
    clock: Any = SimpleNamespace(now=lambda: NOW)
    event = {"Records": list(records)}
    return consume(event, context, handle or queue.handle, redelivery or queue, clock=clock)


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


def test_suspects_that_cannot_be_put_apart_come_again() -> None:
    queue = Queue(refuses=True)
    answer = run(queue, record("one", 2, HIDDEN), record("two", 2, HIDDEN))
    assert queue.steps == ["handle two again in 40", "one"]
    assert answer == {"batchItemFailures": [{"itemIdentifier": "id two"}]}


def test_a_queue_from_which_nothing_is_put_back_hands_suspects_over_last() -> None:
    context: Any = SimpleNamespace(aws_request_id="r", get_remaining_time_in_millis=lambda: SECONDS * 1000)
    clock: Any = SimpleNamespace(now=lambda: NOW)
    queue = Queue()
    consume({"Records": [record("x", 2, HIDDEN), record("y")]}, context, queue.handle, clock=clock)
    assert queue.steps == ["y", "x"]


def test_what_a_killed_function_had_in_hand_costs_the_others_one_more_hand_over_and_no_more() -> None:
    """A batch of ten, of which one kills: it is alone from then on, and goes to the dead letters by itself."""
    waiting = [(record(str(number)), 0) for number in range(9)] + [(record("poison"), 0)]
    receives: dict[str, int] = {}
    handled: list[str] = []
    for _ in range(40):
        batch, apart = [], []
        for each, receive in waiting:
            receives[each["body"]] = receives.get(each["body"], 0) + 1
            marked = bool(each["messageAttributes"])
            batch.append(record(each["body"], receive + 1, receive * HIDDEN, apart=marked))
        gone: set[str] = set()

        class Sqs(Queue):
            def put_back(self, queue: str, body: str, *, apart: bool = False) -> None:  # noqa: ARG002
                assert apart
                apart_now.append(body)

            def remove(self, queue: str, handles: list[str]) -> None:  # noqa: ARG002
                removed.update(handle.removeprefix("handle ") for handle in handles)

            def handle(self, body: str, _seconds_left: Any) -> None:
                if body == "poison":
                    raise SystemExit  # as if killed: nothing is answered
                handled.append(body)

        apart_now, removed = apart, gone
        try:
            run(Sqs(), *batch)
            left: list[dict[str, Any]] = []
        except SystemExit:
            left = [each for each in batch if each["body"] not in gone]
        waiting = [(each, int(each["attributes"]["ApproximateReceiveCount"])) for each in left]
        waiting += [(record(body, apart=True), 0) for body in apart]
        if [each["body"] for each, _ in waiting] == ["poison"]:
            break
    assert {number for number in handled} == {str(number) for number in range(9)}
    assert [each["body"] for each, _ in waiting] == ["poison"]


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
