"""What the frame around a consumer does with records that fail: which come again, when, and what is noted of them."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from nereid.consumer import consume
from nereid.errors import TryAgain, Unavailable

QUEUE = "arn:aws:sqs:us-east-1:123456789012:EmailQueue"


def records(*receive_counts: int) -> dict[str, Any]:
    return {
        "Records": [
            {
                "eventSource": "aws:sqs",
                "body": str(number),
                "messageId": f"id-{number}",
                "receiptHandle": f"handle-{number}",
                "eventSourceARN": QUEUE,
                "attributes": {"ApproximateReceiveCount": str(count)},
            }
            for number, count in enumerate(receive_counts)
        ]
    }


def context(seconds: float = 60) -> Any:
    return SimpleNamespace(aws_request_id="r", get_remaining_time_in_millis=lambda: seconds * 1000)


class Noted:
    """What is said of records: how long they wait, and why they failed."""

    def __init__(self) -> None:
        self.waits: list[tuple[str, int]] = []
        self.failures: list[tuple[str, int, str]] = []
        #: Bodies that went back to their queue as if they were never handed over.
        self.backs: list[str] = []
        self.refuses = False

    def again_in(self, queue: str, handle: str, seconds: int) -> None:
        assert queue == QUEUE
        self.waits.append((handle, seconds))

    def put_back(self, queue: str, body: str, *, apart: bool = False) -> None:
        assert queue == QUEUE
        assert not apart
        if self.refuses:
            raise Unavailable("refused")
        self.backs.append(body)

    def failed(self, record_id: str, tries: int, reason: str) -> None:
        self.failures.append((record_id, tries, reason))


def failing(error: Exception, *receive_counts: int) -> Noted:
    """Let every record fail with an error; return what was noted."""
    noted: Any = Noted()

    def handle(*_: Any) -> None:
        raise error

    answer = consume(records(*receive_counts), context(), handle, noted, noted)
    assert [each["itemIdentifier"] for each in answer["batchItemFailures"]] == [
        f"id-{number}" for number in range(len(receive_counts))
    ]
    return noted  # type: ignore[no-any-return]


def test_a_record_waits_longer_for_a_store_at_each_try_and_a_quarter_of_an_hour_at_most() -> None:
    noted = failing(Unavailable("throttled"), 1, 2, 3, 4, 5, 6)
    longest = [10, 40, 160, 640, 900, 900]
    assert all(most / 2 <= seconds <= most for (_, seconds), most in zip(noted.waits, longest, strict=True))
    assert noted.failures[1] == ("id-1", 2, "store or queue unavailable: throttled")


def test_records_that_a_store_refused_together_come_again_at_moments_of_their_own() -> None:
    noted = failing(Unavailable("throttled"), *[4] * 50)
    assert len({seconds for _, seconds in noted.waits}) > 25


def test_a_record_that_asks_for_a_pause_waits_as_long_as_it_asks() -> None:
    noted = failing(TryAgain(7, "the provider is busy"), 3)
    assert noted.waits == [("handle-0", 7)]
    assert noted.failures == [("id-0", 3, "still pending: the provider is busy")]


def test_a_record_that_meets_a_bug_waits_as_the_queue_has_it() -> None:
    noted = failing(RuntimeError("text"), 1)
    assert noted.waits == []
    [(_, _, reason)] = noted.failures
    assert reason.startswith("failed: RuntimeError")
    assert "text" not in reason


def test_a_record_that_fails_needs_nobody_to_note_it() -> None:
    def handle(*_: Any) -> None:
        raise Unavailable("throttled")

    assert consume(records(1), context(), handle) == {"batchItemFailures": [{"itemIdentifier": "id-0"}]}


@pytest.mark.parametrize(("seconds", "begun"), [(11.9, []), (12, ["0"])])
def test_a_record_is_begun_only_with_time_enough_for_it(seconds: float, begun: list[str]) -> None:
    noted: Any = Noted()
    handled: list[str] = []
    answer = consume(records(1), context(seconds), lambda body, _: handled.append(body), noted, noted)
    assert handled == begun
    assert answer == {"batchItemFailures": []}
    assert (noted.backs, noted.waits, noted.failures) == ([] if begun else ["0"], [], [])


def test_a_record_that_was_not_begun_and_cannot_be_put_back_comes_again() -> None:
    noted: Any = Noted()
    noted.refuses = True
    answer = consume(records(1), context(1), lambda *_: None, noted, noted)
    assert answer == {"batchItemFailures": [{"itemIdentifier": "id-0"}]}
    [(handle, seconds)] = noted.waits
    assert handle == "handle-0"
    assert 5 <= seconds <= 10


def test_a_record_that_was_not_begun_comes_again_where_nobody_can_put_it_back() -> None:
    answer = consume(records(1), context(1), lambda *_: None)
    assert answer == {"batchItemFailures": [{"itemIdentifier": "id-0"}]}


def test_a_record_is_told_how_many_seconds_are_left() -> None:
    left: list[float] = []
    consume(records(1), context(34.5), lambda _, seconds_left: left.append(seconds_left()))
    assert left == [34.5]


def test_the_counts_are_written_once_when_all_records_were_handled() -> None:
    steps: list[str] = []
    counts: Any = SimpleNamespace(write=lambda: steps.append("written"))
    consume(records(1, 1), context(), lambda body, _: steps.append(body), counts=counts)
    assert steps == ["0", "1", "written"]
