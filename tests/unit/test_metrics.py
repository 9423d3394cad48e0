"""Counts of deliveries are written as CloudWatch reads them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from nereid.metrics import ENDINGS, DeliveryCounts

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
    assert numbers(line) == {"DeliveriesSucceeded": 3, "DeliveriesFailed": 0, "DeliveriesSuppressed": 1}
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
        "sms": {"DeliveriesSucceeded": 0, "DeliveriesFailed": 1},
        "app": {"DeliveriesSucceeded": 1, "DeliveriesFailed": 0},
    }


@pytest.mark.parametrize(
    ("ending", "shown"),
    [
        ("template", {"DeliveriesSucceeded": 0, "DeliveriesFailed": 1, "TemplatesFailed": 1}),
        ("no_contact", {"DeliveriesWithoutContact": 1}),
        ("no_provider", {"DeliveriesWithoutProvider": 1}),
        ("mocked", {"DeliveriesMocked": 1}),
        ("a way that nobody thought of", {"DeliveriesSucceeded": 0, "DeliveriesFailed": 1}),
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
