"""The sweeper's function counts the dead letters of every queue, and what it cannot count holds up nothing else."""

from __future__ import annotations

import json

import pytest

from nereid.core.messaging.dead_letters import QUEUES
from nereid.errors import Unavailable
from tests.support.cloud import Cloud, World
from tests.support.notifications import INBOX

SWEEP = "pipeline/sweep_deliveries"
ASK = "sqs:GetQueueAttributes"


def metrics(capsys: pytest.CaptureFixture[str]) -> list[float]:
    """Return the numbers of letters that were written as a metric."""
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines() if '"_aws"' in line]
    return [line["DeadLetters"][0] for line in lines if "DeadLetters" in line]


def test_letters_of_all_queues_are_one_number(cloud: Cloud, capsys: pytest.CaptureFixture[str]) -> None:
    for queue in QUEUES:
        cloud.client("sqs").send_message(QueueUrl=cloud.dead[queue], MessageBody="x")
    cloud.invoke(SWEEP, {}, milliseconds=60_000)
    assert metrics(capsys) == [5]


def test_no_letters_are_no_number(cloud: Cloud, capsys: pytest.CaptureFixture[str]) -> None:
    cloud.invoke(SWEEP, {}, milliseconds=60_000)
    assert metrics(capsys) == []


def test_a_queue_that_does_not_answer_fails_the_run_after_all_else_is_done(
    cloud: Cloud, world: World, caplog: pytest.LogCaptureFixture
) -> None:
    world.configure("login", INBOX)
    cloud.fail(ASK, ("ThrottlingException", 400))
    with caplog.at_level("INFO", logger="nereid"), pytest.raises(Unavailable, match="letters"):
        cloud.invoke(SWEEP, {}, milliseconds=60_000)
    assert "swept" in caplog.messages
