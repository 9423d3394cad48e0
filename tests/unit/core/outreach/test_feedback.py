"""Which reports on a mail to a lead count, and when one is looked at again."""

from __future__ import annotations

from datetime import UTC, date, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from nereid.core.outreach import feedback
from nereid.core.outreach.feedback import OutreachFeedback
from nereid.errors import Unavailable
from nereid.models.report import EmailReport
from nereid.models.team import Scope
from nereid.ports.outreach import Count, Noted
from tests.support.virtual_time import VirtualTime

NOW = datetime(2026, 1, 31, 9, 30, tzinfo=UTC)
DELIVERY: Any = SimpleNamespace(to="sam@example.com")
#: What a report that is only noted is answered with.
REPORTED: Any = SimpleNamespace(to="kim@example.com")
DAY = date(2026, 1, 30)


def report(kind: str = "open", sending: int = 1, **members: Any) -> EmailReport:
    tags = {"campaign_id": "c", "lead_id": "l"}
    given = {"tags": tags, "at": NOW, "sent_at": None, "recipient": "sam@example.com", "event": {"type": kind}}
    return EmailReport(kind=kind, scope=Scope("t", "dev"), delivery_id="d", sending=sending, **{**given, **members})


def noted(*kinds: str, sent_on: date | None = DAY, current: int = 1, earlier: tuple[str, ...] = ()) -> Noted:
    return Noted(DELIVERY, current, {**({1: earlier} if current == 2 else {}), current: kinds}, sent_on)


class Metrics:
    """Has noted what it is told, one look after the other, and writes down the calls."""

    def __init__(self, *looks: Noted | None) -> None:
        self.looks = list(looks)
        self.calls: list[Any] = []

    def noted(self, *_: object) -> Noted | None:
        return self.looks.pop(0) if len(self.looks) > 1 else self.looks[0]

    def count_sent(self, _scope: object, _delivery: str, campaign_id: str, at: datetime) -> None:
        self.calls.append(("sent", campaign_id, at))

    def count(self, *arguments: Any) -> None:
        self.calls.append(arguments[-1])

    def report(self, *arguments: Any) -> Any:
        self.calls.append(("report", *arguments[1:]))
        return REPORTED

    def note(self, *arguments: Any) -> None:
        self.calls.append(("note", *arguments))


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    VirtualTime(monkeypatch)


def reported(metrics: Metrics, one: EmailReport) -> Any:
    nothing: Any = None
    every: Any = metrics
    return OutreachFeedback(nothing, nothing, deliveries=every, metrics=every, engagement=every).reported(one)


def count(fact: Any = "opened", once_for: str | None = None) -> Count:
    return Count("c", fact, DAY, NOW.date(), once_for)


def test_a_report_counts_and_is_noted_for_the_lead() -> None:
    metrics = Metrics(noted(), noted("open"))
    assert reported(metrics, report()) == DELIVERY
    assert metrics.calls == [count(), ("note", "t", "l", "opened")]


def test_a_lead_unsubscribes_from_a_campaign_once() -> None:
    metrics = Metrics(noted(), noted("unsubscribe"))
    assert reported(metrics, report("unsubscribe")) == DELIVERY
    assert metrics.calls == [count("unsubscribed", "l")]


@pytest.mark.parametrize(
    "one", [report("delay"), report(tags={}), report(tags={"campaign_id": "c"}), report(tags={"lead_id": "l"})]
)
def test_what_counts_for_no_campaign_is_only_noted(one: EmailReport) -> None:
    metrics = Metrics(noted())
    assert reported(metrics, one) == REPORTED
    assert metrics.calls == [("report", "d", one.event, 1)]


def test_a_report_that_was_noted_before_counts_no_more() -> None:
    metrics = Metrics(noted("open"))
    assert reported(metrics, report()) == DELIVERY
    assert metrics.calls == [("note", "t", "l", "opened")]


def test_a_report_on_a_delivery_that_is_gone_does_nothing() -> None:
    metrics = Metrics(None)
    assert reported(metrics, report()) is None
    assert metrics.calls == []


def test_a_report_that_counted_for_another_sending_is_only_noted() -> None:
    metrics = Metrics(noted(current=2, earlier=("open",)))
    assert reported(metrics, report(sending=2)) == REPORTED
    assert metrics.calls == [("report", "d", {"type": "open"}, 2), ("note", "t", "l", "opened")]


@pytest.mark.parametrize("sent_at", [None, datetime(2026, 1, 31, 9, tzinfo=UTC)])
def test_a_report_that_is_faster_than_our_own_record_proves_the_sending(sent_at: datetime | None) -> None:
    metrics = Metrics(noted(sent_on=None), noted(), noted("open"))
    assert reported(metrics, report(sent_at=sent_at)) == DELIVERY
    assert metrics.calls[:2] == [("sent", "c", sent_at or NOW), count()]


def test_a_report_that_was_noted_before_the_sending_was_counts_no_sending() -> None:
    metrics = Metrics(noted("open", sent_on=None))
    assert reported(metrics, report()) == DELIVERY
    assert metrics.calls == [("note", "t", "l", "opened")]


def test_a_sending_that_is_not_counted_yet_is_looked_at_again() -> None:
    metrics = Metrics(noted(sent_on=None), noted(sent_on=None), noted(), noted("open"))
    assert reported(metrics, report()) == DELIVERY
    assert metrics.calls[1] == count()
    with pytest.raises(Unavailable):
        reported(Metrics(noted(sent_on=None)), report())


def test_a_report_that_was_not_noted_because_others_wrote_is_counted_again() -> None:
    metrics = Metrics(noted(), noted(), noted(), noted("open"))
    assert reported(metrics, report()) == DELIVERY
    assert metrics.calls[:2] == [count(), count()]
    assert reported(Metrics(noted(), None), report()) is None


def test_a_lead_whose_address_is_open_again_is_told_what_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[Any] = []
    monkeypatch.setattr(feedback, "reopen_address", lambda *given: told.append(given))
    leads: Any = "leads"
    clock: Any = "clock"
    feedback.SuppressedLeads(leads, clock).reopened("t", "sam@example.com", ["bounce"])
    assert told == [("leads", "clock", "t", "sam@example.com", ["bounce"])]
