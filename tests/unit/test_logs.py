"""What lines of the log say, and what they leave out."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Callable
from typing import Any

import pytest

from nereid import jsontext, logs
from nereid.logs import loggable, logger, origin


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> Callable[[], list[dict[str, Any]]]:
    """Return a function that returns what was logged, line by line."""
    written = io.StringIO()
    monkeypatch.setattr(logger.registered_handler, "stream", written)
    return lambda: [json.loads(line) for line in written.getvalue().splitlines()]


def caught(work: Callable[[], object]) -> Exception:
    """Return what a piece of work raises."""
    try:
        work()
    except Exception as error:  # noqa: BLE001 - any
        return error
    raise AssertionError


@pytest.mark.parametrize("text", ["u-1", None, "", "2026-01-31", "+1 5"])
def test_an_id_that_is_no_address_is_logged_as_it_is(text: str | None) -> None:
    assert loggable(text) == text


@pytest.mark.parametrize("text", ["sam@example.com", "sms:+1 (555) 000-9999"])
def test_an_id_that_is_an_address_is_logged_by_its_digest(text: str) -> None:
    shown = loggable(text)
    assert shown is not None
    assert shown.startswith("sha256:")
    assert len(shown) == len("sha256:") + 16
    assert loggable(text) == shown
    assert loggable(f"{text}2") != shown


def test_an_error_comes_from_the_last_line_of_ours_that_it_came_through() -> None:
    place, _, line = origin(caught(lambda: jsontext.loads("[1e999]"))).rpartition(":")
    assert place == "NotJson at jsontext.py"
    assert line.isdigit()
    assert origin(caught(lambda: int("x"))) == "ValueError"


@pytest.mark.parametrize("log", [logs.failed, logs.discarded])
def test_what_is_logged_of_an_event_has_its_ids_and_no_address(
    log: Callable[..., None], lines: Callable[[], list[Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POWERTOOLS_METRICS_NAMESPACE", "Nereid")
    log("unknown", team_id="t", user_id="sam@example.com")
    [line] = lines()
    assert (line["reason"], line["team_id"], line["user_id"]) == ("unknown", "t", loggable("sam@example.com"))


def test_a_discarded_event_is_counted_once_by_its_reason(
    capsys: pytest.CaptureFixture[str], lines: Callable[[], list[Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POWERTOOLS_METRICS_NAMESPACE", "Nereid")
    logs.discarded("unknown", team_id="t")
    assert len(lines()) == 1
    metric = json.loads(capsys.readouterr().out)
    assert (metric["EventsDiscarded"], metric["reason"]) == ([1.0], "unknown")
    assert "t" not in metric.values()


def test_a_bug_is_logged_with_the_lines_it_came_through_and_without_its_text(lines: Callable[[], list[Any]]) -> None:
    logs.unexpected(caught(lambda: jsontext.loads("[1e999]")), "failed", team_id="t")
    [line] = lines()
    assert (line["level"], line["message"], line["error"], line["team_id"]) == ("ERROR", "failed", "NotJson", "t")
    assert any("jsontext.py:" in place for place in line["where"])
    assert "out of range" not in json.dumps(line)


@pytest.mark.parametrize("library", ["aws_lambda_powertools", "boto3", "botocore", "urllib3"])
def test_libraries_do_not_log_their_requests(library: str) -> None:
    assert not logging.getLogger(f"{library}.x").isEnabledFor(logging.DEBUG)
