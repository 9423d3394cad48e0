import importlib
from typing import Any

import pytest

from local_stack.aws import lighter_queues
from local_stack.aws.resources import Cloud

_models: Any = importlib.import_module("moto.sqs.models")


@pytest.fixture(autouse=True)
def _installed() -> None:
    lighter_queues.install()


def test_a_message_is_sent_without_counting_those_that_wait(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    sqs = cloud.client("sqs")
    url = sqs.create_queue(QueueName="work")["QueueUrl"]
    looked: list[str] = []

    def visible(message: Any) -> bool:
        looked.append(message.id)
        return True

    monkeypatch.setattr(_models.Message, "visible", property(visible))
    for _ in range(3):
        sqs.send_message(QueueUrl=url, MessageBody="x")
    assert looked == []


def test_a_queue_still_counts_its_messages_when_asked(cloud: Cloud) -> None:
    sqs = cloud.client("sqs")
    url = sqs.create_queue(QueueName="work")["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="x")
    counted = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"])["Attributes"]
    assert counted == {"ApproximateNumberOfMessages": "1"}


def test_a_fifo_queue_still_drops_what_it_got_before(cloud: Cloud) -> None:
    sqs = cloud.client("sqs")
    attributes = {"FifoQueue": "true", "ContentBasedDeduplication": "true"}
    url = sqs.create_queue(QueueName="work.fifo", Attributes=attributes)["QueueUrl"]
    for _ in range(2):
        sqs.send_message(QueueUrl=url, MessageBody="x", MessageGroupId="g")
    assert len(sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]) == 1


def test_each_receipt_has_a_handle_of_its_own(cloud: Cloud) -> None:
    sqs = cloud.client("sqs")
    url = sqs.create_queue(QueueName="work", Attributes={"VisibilityTimeout": "0"})["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="x")
    handles = {sqs.receive_message(QueueUrl=url)["Messages"][0]["ReceiptHandle"] for _ in range(3)}
    assert len(handles) == 3
    assert {len(handle) for handle in handles} == {185}
