"""What the link of a mail reports when it is used."""

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

from nereid.core.messaging.unsubscribe import Unsubscriber

NOW = datetime(2026, 1, 31, 9, 30, tzinfo=UTC)
SECRET = "a secret that is long enough to sign links with"


class Told:
    """Suppressions and a listener that keep what they are told."""

    def __init__(self) -> None:
        self.suppressed_addresses: list[tuple[str, str, str]] = []
        self.reports: list[Any] = []

    def add(self, team_id: str, email: str, reason: str, *_: Any) -> None:
        self.suppressed_addresses.append((team_id, email, reason))

    def suppressed(self, *_: Any) -> None:
        pass

    def reported(self, report: Any) -> None:
        self.reports.append(report)


def used(job: Any = None, tags: dict[str, str] | None = None) -> Told:
    clock: Any = SimpleNamespace(now=lambda: NOW)
    unsubscriber = Unsubscriber(lambda: SECRET, "https://nereid.example.com", clock)
    url = unsubscriber.url("team", "sam@example.com", job, tags)
    told: Any = Told()
    unsubscriber.unsubscribe(told, url.rpartition("/")[2], told)
    assert isinstance(told, Told)
    return told


def test_the_link_of_a_mail_reports_on_its_delivery_with_the_tags_of_the_mail_alone() -> None:
    job = SimpleNamespace(environment="dev", delivery_id="d", sending=2)
    told = used(job, {"campaign_id": "c", "lead_id": "l"})
    [report] = told.reports
    assert report.tags == {"campaign_id": "c", "lead_id": "l"}
    assert (report.kind, report.scope, report.delivery_id, report.sending) == ("unsubscribe", ("team", "dev"), "d", 2)
    assert told.suppressed_addresses == [("team", "sam@example.com", "unsubscribe")]


def test_a_link_that_belongs_to_no_mail_reports_on_nothing() -> None:
    told = used()
    assert told.reports == []
    assert told.suppressed_addresses == [("team", "sam@example.com", "unsubscribe")]
