import json
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from local_stack.aws.queue_calls import QueueCalls
from local_stack.aws.recorder import Recorder
from local_stack.aws.resources import Cloud
from local_stack.aws.server import Wsgi, embedded
from local_stack.compute.functions import Outcome
from local_stack.compute.queues import Poller, Queues, failed_items, make_record, wanted
from local_stack.template.deployment import MappingSpec

IDS = ["a", "b"]


@pytest.mark.parametrize(
    ("result", "failed"),
    [
        (None, set()),
        ({}, set()),
        ({"batchItemFailures": None}, set()),
        ({"batchItemFailures": []}, set()),
        ({"batchItemFailures": [{"itemIdentifier": "b"}]}, {"b"}),
        ({"batchItemFailures": [{"itemIdentifier": ""}]}, {"a", "b"}),
        ({"batchItemFailures": [{"itemIdentifier": None}]}, {"a", "b"}),
        ({"batchItemFailures": [{"itemIdentifier": "stranger"}]}, {"a", "b"}),
        ({"batchItemFailures": [{"itemIdentifier": ["a"]}]}, {"a", "b"}),
        ({"batchItemFailures": [{"id": "a"}]}, {"a", "b"}),
        ({"batchItemFailures": ["a"]}, {"a", "b"}),
        ({"batchItemFailures": "a"}, {"a", "b"}),
        ("fine", {"a", "b"}),
    ],
)
def test_what_a_function_reports_stays_on_the_queue(result: Any, failed: set[str]) -> None:
    assert failed_items(Outcome(result=json.dumps(result)), IDS, partial=True) == failed


def test_a_function_that_fails_fails_its_whole_batch() -> None:
    assert failed_items(Outcome(error={"errorType": "E"}), IDS, partial=False) == {"a", "b"}


def test_a_report_that_nobody_asked_for_is_ignored() -> None:
    outcome = Outcome(result='{"batchItemFailures": [{"itemIdentifier": "a"}]}')
    assert failed_items(outcome, IDS, partial=False) == set()


def test_a_record_is_what_lambda_makes_of_a_message() -> None:
    message = {
        "MessageId": "m",
        "ReceiptHandle": "r",
        "Body": "text",
        "MD5OfBody": "5",
        "Attributes": {"ApproximateReceiveCount": "1"},
        "MessageAttributes": {"k": {"DataType": "String", "StringValue": "v"}},
    }
    assert make_record(message, "arn:aws:sqs:r:1:q", "r") == {
        "messageId": "m",
        "receiptHandle": "r",
        "body": "text",
        "attributes": {"ApproximateReceiveCount": "1"},
        "messageAttributes": {
            "k": {"stringValue": "v", "stringListValues": [], "binaryListValues": [], "dataType": "String"}
        },
        "md5OfBody": "5",
        "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:r:1:q",
        "awsRegion": "r",
    }


@pytest.mark.parametrize(("body", "passes"), [('{"kind": "x"}', True), ('{"kind": "y"}', False), ("no json", False)])
def test_a_filter_looks_into_the_body(body: str, *, passes: bool) -> None:
    assert wanted({"Body": body}, [{"body": {"kind": ["x"]}}]) is passes


class Queue:
    """A queue with a dead-letter queue, and the poller that feeds a function from it."""

    def __init__(self, cloud: Cloud, invoke: Callable[[str, Any], Outcome], **mapping: Any) -> None:
        self.sqs = cloud.client("sqs")
        self.dead = self.sqs.create_queue(QueueName="dead")["QueueUrl"]
        policy = {"deadLetterTargetArn": "arn:aws:sqs:us-east-1:123456789012:dead", "maxReceiveCount": 2}
        attributes = {"VisibilityTimeout": "0", "RedrivePolicy": json.dumps(policy)}
        self.url = self.sqs.create_queue(QueueName="work", Attributes=attributes)["QueueUrl"]
        values = {"batch_size": 10, "window": 0.0, "partial": True, "patterns": (), "concurrency": None, **mapping}
        arn = "arn:aws:sqs:us-east-1:123456789012:work"
        calls = QueueCalls(Wsgi(embedded(), "127.0.0.1").handle, "us-east-1")
        self.poller = Poller(MappingSpec("M", "F", arn, self.url, **values), calls, invoke, "us-east-1")

    def send(self, *bodies: str) -> None:
        for body in bodies:
            self.sqs.send_message(QueueUrl=self.url, MessageBody=body)

    def bodies(self, url: str) -> list[str]:
        answer = self.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)
        return [message["Body"] for message in answer.get("Messages", [])]

    def receive(self) -> list[dict[str, Any]]:
        answer = self.sqs.receive_message(QueueUrl=self.url, MaxNumberOfMessages=10, AttributeNames=["All"])
        messages: list[dict[str, Any]] = answer["Messages"]
        return messages


def test_a_receive_that_is_refused_is_said(recorder: Recorder) -> None:
    calls = QueueCalls(Wsgi(recorder, "127.0.0.1").handle, "us-east-1")
    with pytest.raises(RuntimeError, match=r"ReceiveMessage: 400 .*QueueDoesNotExist"):
        calls.receive_message(QueueUrl="http://127.0.0.1/123456789012/none")


def succeed(_: str, event: Any) -> Outcome:
    return Outcome(result="null")


def fail_item(_: str, event: Any) -> Outcome:
    failed = [{"itemIdentifier": r["messageId"]} for r in event["Records"] if r["body"] == "bad"]
    return Outcome(result=json.dumps({"batchItemFailures": failed}))


def test_only_the_items_that_failed_come_back(cloud: Cloud) -> None:
    queue = Queue(cloud, fail_item)
    queue.send("good", "bad", "good")
    queue.poller.process(queue.receive())
    assert queue.bodies(queue.url) == ["bad"]


def test_messages_that_no_filter_takes_are_dropped(cloud: Cloud) -> None:
    seen: list[Any] = []

    def invoke(_: str, event: Any) -> Outcome:
        seen.extend(record["body"] for record in event["Records"])
        return Outcome(result="null")

    queue = Queue(cloud, invoke, patterns=({"body": {"kind": ["x"]}},))
    queue.send('{"kind": "y"}', '{"kind": "x"}')
    queue.poller.process(queue.receive())
    assert seen == ['{"kind": "x"}']
    assert queue.bodies(queue.url) == []


def test_a_message_that_keeps_failing_ends_on_the_dead_letter_queue(cloud: Cloud) -> None:
    def invoke(*_: Any) -> Outcome:
        return Outcome(error={"errorType": "E", "errorMessage": "m"})

    queue = Queue(cloud, invoke)
    queue.send("poison")
    for _ in range(2):
        queue.poller.process(queue.receive())
    assert queue.bodies(queue.url) == []
    assert queue.bodies(queue.dead) == ["poison"]


def test_a_message_that_is_sent_wakes_its_poller(
    cloud: Cloud, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("local_stack.compute.queues._IDLE_SECONDS", 60)
    handled = threading.Event()

    def invoke(*_: Any) -> Outcome:
        handled.set()
        return Outcome(result="null")

    queue = Queue(cloud, invoke)
    queues = Queues([queue.poller])
    recorder.on_queue = queues.wake
    queues.start()
    try:
        queue.send("work")
        assert handled.wait(5)
    finally:
        queues.stop()


def test_a_window_waits_for_a_fuller_batch(cloud: Cloud) -> None:
    batches: list[int] = []
    done = threading.Event()

    def invoke(_: str, event: Any) -> Outcome:
        batches.append(len(event["Records"]))
        done.set()
        return Outcome(result="null")

    queue = Queue(cloud, invoke, window=0.4, batch_size=2)
    queue.sqs.set_queue_attributes(QueueUrl=queue.url, Attributes={"VisibilityTimeout": "30"})
    queue.send("one")
    queues = Queues([queue.poller])
    queues.start()
    try:
        queues.wake()
        time.sleep(0.15)
        queue.send("two")
        assert done.wait(5)
        assert batches == [2]
    finally:
        queues.stop()


@pytest.mark.parametrize(("sent", "asked"), [(1, 1), (9, 1), (10, 2), (25, 3)])
def test_a_queue_is_asked_until_it_gives_less_than_it_could(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch, sent: int, asked: int
) -> None:
    monkeypatch.setattr("local_stack.compute.queues._IDLE_SECONDS", 60)
    handled: list[str] = []

    def invoke(_: str, event: Any) -> Outcome:
        handled.extend(record["body"] for record in event["Records"])
        return Outcome(result="null")

    queue = Queue(cloud, invoke)
    queue.sqs.set_queue_attributes(QueueUrl=queue.url, Attributes={"VisibilityTimeout": "30"})
    queue.send(*(str(number) for number in range(sent)))
    receive, calls = queue.poller._receive, list[int]()

    def count(most: int) -> list[dict[str, Any]]:
        calls.append(most)
        return receive(most)

    monkeypatch.setattr(queue.poller, "_receive", count)
    queues = Queues([queue.poller])
    queues.start()
    try:
        queues.wake()
        ends = time.monotonic() + 10
        while (len(handled) < sent or len(calls) < asked) and time.monotonic() < ends:
            time.sleep(0.02)
        time.sleep(0.1)
        assert sorted(handled, key=int) == [str(number) for number in range(sent)]
        assert calls == [10] * asked
    finally:
        queues.stop()
