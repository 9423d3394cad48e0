"""Counts of deliveries are written as CloudWatch reads them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from nereid.metrics import ENDINGS, DeliveryCounts, write_expired, write_slow_ingest, write_sweep

ALL = {name for names in ENDINGS.values() for name in names}


@pytest.fixture(autouse=True)
def told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POWERTOOLS_METRICS_NAMESPACE", "Nereid")
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "nereid-test")


def written(counts: DeliveryCounts, capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    """Write the counts and return the lines."""
    counts.write()
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def numbers(line: dict[str, Any]) -> dict[str, float]:
    """Return the metrics of a line."""
    return {name: sum(line[name]) for name in ALL & line.keys()}


def test_a_channels_deliveries_are_one_line_with_the_stack_and_the_channel(capsys: pytest.CaptureFixture[str]) -> None:
    counts = DeliveryCounts()
    for _ in range(3):
        counts.add("email", "success")
    counts.add("email", "suppressed")
    (line,) = written(counts, capsys)
    assert numbers(line) == {"DeliveriesSucceeded": 3, "DeliveriesSuppressed": 1}
    (definition,) = line["_aws"]["CloudWatchMetrics"]
    assert definition["Namespace"] == "Nereid"
    assert [sorted(dimensions) for dimensions in definition["Dimensions"]] == [["channel", "service"]]
    assert (line["channel"], line["service"]) == ("email", "nereid-test")
    assert {(metric["Name"], metric["Unit"]) for metric in definition["Metrics"]} == {
        (name, "Count") for name in numbers(line)
    }


def test_each_channel_has_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    counts = DeliveryCounts()
    counts.add("sms", "provider")
    counts.add("app", "success")
    lines = {line["channel"]: numbers(line) for line in written(counts, capsys)}
    assert lines == {
        "sms": {"DeliveriesFailed": 1},
        "app": {"DeliveriesSucceeded": 1},
    }


@pytest.mark.parametrize(
    ("ending", "shown"),
    [
        ("template", {"DeliveriesFailed": 1}),
        ("no_contact", {"DeliveriesWithoutContact": 1}),
        ("no_provider", {"DeliveriesWithoutProvider": 1}),
        ("mocked", {"DeliveriesMocked": 1}),
        ("a way that nobody thought of", {"DeliveriesFailed": 1}),
    ],
)
def test_an_ending_is_counted_under_its_name(
    ending: str, shown: dict[str, int], capsys: pytest.CaptureFixture[str]
) -> None:
    counts = DeliveryCounts()
    counts.add("push", ending)
    (line,) = written(counts, capsys)
    assert numbers(line) == shown


def test_what_was_written_is_not_written_again(capsys: pytest.CaptureFixture[str]) -> None:
    counts = DeliveryCounts()
    counts.add("email", "success")
    assert len(written(counts, capsys)) == 1
    assert written(counts, capsys) == []


def test_counts_that_cannot_be_written_stop_nobody(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.delenv("POWERTOOLS_METRICS_NAMESPACE")
    counts = DeliveryCounts()
    counts.add("email", "success")
    assert "_aws" not in str(written(counts, capsys))
    assert caplog.messages == ["metrics not written"]


SWEPT = ("OldestPendingSeconds", "DeliveriesRepaired", "SweepLagSeconds", "DeadLetters")


def test_a_run_of_the_sweeper_that_finds_nothing_wrong_writes_no_metric(capsys: pytest.CaptureFixture[str]) -> None:
    write_sweep(0.0, 100, 0, 0.0, {"email": 0, "sms": 0})
    assert "_aws" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "shown"),
    [
        ((2500.0, 1, 0, 0.0, {}), {"OldestPendingSeconds": 2500}),
        ((0.0, 1, 3, 0.0, {}), {"DeliveriesRepaired": 3}),
        ((0.0, 1, 0, 300.0, {}), {"SweepLagSeconds": 300}),
        ((0.0, 1, 0, 0.0, {"email": 2, "sms": 1, "push": 0}), {"DeadLetters": 3}),
    ],
    ids=["pending", "repaired", "behind", "letters"],
)
def test_what_the_sweeper_finds_wrong_is_a_metric_of_the_stack(
    arguments: tuple[float, int, int, float, dict[str, int]],
    shown: dict[str, float],
    capsys: pytest.CaptureFixture[str],
) -> None:
    write_sweep(*arguments)
    (line,) = [json.loads(line) for line in capsys.readouterr().out.splitlines() if "_aws" in line]
    assert {name: sum(line[name]) for name in SWEPT if name in line} == shown
    (definition,) = line["_aws"]["CloudWatchMetrics"]
    assert definition["Dimensions"] == [["service"]]
    (name,) = shown
    assert definition["Metrics"] == [{"Name": name, "Unit": "Seconds" if name.endswith("Seconds") else "Count"}]


def test_a_run_of_the_sweeper_says_in_the_log_which_queue_has_letters(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("INFO", logger="nereid"):
        write_sweep(0.0, 100, 0, 0.0, {"email": 2, "sms": 0})
    (line,) = [record for record in caplog.records if record.message == "swept"]
    assert line.__dict__["dead_letters"] == {"email": 2}
    assert line.__dict__["messages"] == 100


def test_a_slow_answer_to_events_is_counted_once_for_the_stack(capsys: pytest.CaptureFixture[str]) -> None:
    write_slow_ingest()
    line = json.loads(capsys.readouterr().out)
    assert line["SlowIngests"] == [1.0]
    assert line["_aws"]["CloudWatchMetrics"][0]["Dimensions"] == [["service"]]


@pytest.mark.parametrize(("profiles", "written"), [(0, []), (3, [[3.0]])])
def test_expired_profiles_are_counted_if_there_are_any(
    profiles: int, written: list[list[float]], capsys: pytest.CaptureFixture[str]
) -> None:
    write_expired(profiles)
    assert [json.loads(line)["ProfilesExpired"] for line in capsys.readouterr().out.splitlines()] == written
