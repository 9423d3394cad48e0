"""What an event costs, against sums made by hand."""

from __future__ import annotations

from collections import Counter

import pytest

from bench import money
from bench.aws.tally import Tally
from bench.stack import Stack

MILLION = 1_000_000
NOTHING = {"calls": {}, "read": 0.0, "written": 0.0, "indexed": 0.0, "sent": 0, "chunks": 0, "log": 0, "lines": 0}
QUIET = money.Conditions(memory=512, logs_of_lambda=False)


def cost(step: money.Step, tally: Tally, log: tuple[int, int] = (0, 0), cpu_ms: float = 0.0) -> dict[str, float]:
    return money.step_cost(step, tally, log, cpu_ms, QUIET)


def test_a_write_of_a_unit_costs_625_thousandths_of_a_dollar_a_million() -> None:
    found = cost(money.Step("x"), Tally(written=5, indexed=3, read=4))
    assert found["DynamoDB writes"] == pytest.approx(3.125)
    assert found["index writes"] == pytest.approx(1.875)
    assert found["reads"] == pytest.approx(0.5)


def test_what_a_batch_asks_is_shared_by_its_events() -> None:
    assert cost(money.Step("x", events=10, records=10), Tally(written=20))["DynamoDB writes"] == pytest.approx(1.25)


def test_a_batch_is_received_and_deleted_with_two_requests() -> None:
    assert cost(money.Step("x", events=10, records=10), Tally(chunks=10))["SQS"] == pytest.approx(0.48)


def test_reports_are_put_on_their_queue_one_by_one() -> None:
    found = cost(money.Step("x", events=10, records=10, reported=True), Tally())
    assert found["SQS"] == pytest.approx((10 + 2) / 10 * 0.4)


def test_a_request_is_paid_to_the_gateway_and_received_from_no_queue() -> None:
    found = cost(money.Step("x", queued=False), Tally(chunks=1))
    assert found["HTTP API"] == pytest.approx(1.0)
    assert found["SQS"] == pytest.approx(0.4)


def test_an_invocation_takes_its_cpu_on_a_part_of_one_and_waits_for_each_call() -> None:
    calls = Counter({"dynamodb:GetItem": 2, "sqs:SendMessage": 1, "ses:SendEmail": 1})
    assert money.duration_ms(10, calls, 512) == pytest.approx(10 * 1769 / 512 + 2 * 4 + 8 + 60)


def test_lambda_is_paid_by_invocation_and_by_second_and_gigabyte() -> None:
    found = cost(money.Step("x"), Tally(), cpu_ms=1000 * 512 / 1769)
    assert found["Lambda"] == pytest.approx(0.20 + 0.5 * 0.0000133334 * MILLION)


def test_a_line_of_a_log_counts_26_bytes_more() -> None:
    assert cost(money.Step("x"), Tally(), log=(974, 1))["logs"] == pytest.approx(0.5 * 1000 / 1e9 * MILLION)


def test_lambda_logs_of_itself_unless_it_is_told_not_to() -> None:
    loud = money.Conditions(512, logs_of_lambda=True)
    found = money.step_cost(money.Step("x"), Tally(), (0, 0), 0, loud)
    assert found["logs"] == pytest.approx(675 * 0.5 / 1e9 * MILLION)


def test_a_flow_costs_what_its_steps_cost() -> None:
    flow = money.Flow("both", (money.Step("accept", queued=False), money.Step("process", 10, records=10)), 5.0)
    counted = {"accept": {**NOTHING, "chunks": 1}, "process": {**NOTHING, "written": 20.0}}
    warm = {name: {"ratio": 0.0} for name in counted}
    found = money.flow_cost(flow, counted, warm, QUIET)
    gateway_log = 165 * 0.5 / 1e9 * MILLION
    accept, process = 1.0 + 0.4 + 0.2 + gateway_log, 1.25 + 0.08 + 0.02
    assert found["steps"] == pytest.approx({"accept": accept, "process": process}, abs=0.01)
    assert found["total"] == pytest.approx(accept + process, abs=0.01)


def test_what_is_kept_is_stored_with_its_indexes_and_recoverable_without() -> None:
    three_months = (2.54 * 0.25 + 1.62 * 0.20) * 3
    assert money.kept_cost(1620, 920) == pytest.approx(three_months)


def test_the_cpu_of_an_event_follows_from_its_ratio_alone() -> None:
    flow = money.Flow("one", (money.Step("process"),))
    found = money.flow_cost(flow, {"process": NOTHING}, {"process": {"ratio": 100.0, "ms": 1.0}}, QUIET)
    seconds = 100 * 0.87 / 1000 * 1769 / 512
    assert found["parts"]["Lambda"] == pytest.approx(0.20 + seconds * 0.5 * 13.3334, abs=0.01)


def test_an_idle_stack_starts_one_function_after_the_other() -> None:
    start = {"import_ms": 200.0, "first_ms": 102.4}
    floor_ms = 2 * 186.0
    alone, quicker = (80 + 100 + 51.2 * 1769 / memory + 8 for memory in (512, 1024))
    calls = {"sqs:SendMessage": 1}
    seconds = money.answered_after(floor_ms, [start, start], [calls, calls], [512, 1024])
    assert seconds == pytest.approx((alone + quicker) / 1000)


def test_a_function_with_less_memory_waits_cheaper() -> None:
    flow = money.Flow("one", (money.Step("deliver"),))
    counted = {"deliver": {**NOTHING, "calls": {"ses:SendEmail": 100}}}
    small = money.Conditions(memory=512, logs_of_lambda=False, others={"deliver": 256})
    found = [money.flow_cost(flow, counted, {"deliver": {"ratio": 0.0}}, one) for one in (QUIET, small)]
    assert [one["parts"]["Lambda"] for one in found] == pytest.approx(
        [0.20 + 6 * gigabytes * 13.3334 for gigabytes in (0.5, 0.25)], abs=0.01
    )


def test_reports_come_by_ten_where_events_come_one_by_one() -> None:
    [mapping] = [
        one
        for one in Stack().of_type("AWS::Lambda::EventSourceMapping").values()
        if "MaximumBatchingWindowInSeconds" in one
    ]
    together = money.gathered(mapping["BatchSize"], float(mapping["MaximumBatchingWindowInSeconds"]))
    assert together == money.REPORTS_AT_ONCE == 10


@pytest.mark.parametrize(("batch", "seconds", "expected"), [(10, 0, 1), (10, 4, 4), (10, 20, 10)])
def test_what_waits_is_gathered_by_each_poller(batch: int, seconds: float, expected: int) -> None:
    assert money.gathered(batch, seconds) == expected
