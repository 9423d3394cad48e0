"""The overview: what the last hours brought, and what to look at."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from tests.contract.app_client import App
from tests.contract.client_api import ACCEPTED
from tests.contract.manage_client import INBOX, MAIL, TEXT, Manage, email_to, unique

IN_PROCESS = True
PATH = "/{env}/overview"
NOTHING = dict.fromkeys(("mocked", "no_contact", "no_provider", "pending", "success", "failed"), 0)


def told(manage: Manage, *notifications: dict[str, Any], **fields: Any) -> None:
    manage.told(*notifications, **fields)


@pytest.fixture
def fresh(manage: Manage) -> Manage:
    """Return a client of an environment in which nothing has happened."""
    return manage.in_environment()


def test_nothing_has_happened_in_a_new_environment(fresh: Manage) -> None:
    answer = fresh.ok("GET", PATH)
    assert list(answer) == ["accepted", "deliveries", "by_hour", "attention"]
    assert (answer["accepted"], answer["attention"]) == (0, [])
    assert answer["deliveries"] == dict.fromkeys(("email", "sms", "push", "app"), NOTHING)


def test_the_last_24_hours_are_told_hour_by_hour_the_present_one_last(fresh: Manage) -> None:
    by_hour = fresh.ok("GET", PATH)["by_hour"]
    hours = [datetime.fromisoformat(each["hour"]) for each in by_hour]
    assert len(hours) == 24
    assert {later - earlier for earlier, later in pairwise(hours)} == {timedelta(hours=1)}
    assert timedelta() <= datetime.now(UTC) - hours[-1] < timedelta(hours=1, minutes=1)
    channels = dict.fromkeys(("email", "sms", "push", "app"), 0)
    assert by_hour[0] == {"hour": by_hour[0]["hour"], "accepted": 0, **NOTHING, "channels": channels}


def test_events_and_deliveries_are_counted_by_channel_and_status(fresh: Manage) -> None:
    told(
        fresh, MAIL, TEXT, INBOX, contact_infos=email_to("a@example.com", "b@example.com"), user_id="u", data={"otp": 1}
    )
    fresh.ingest(unique())
    fresh.message(fresh.ingest(fresh.configure(MAIL), contact_infos=email_to("not an address")))
    answer = fresh.ok("GET", f"{PATH}?hours=2")
    assert answer["accepted"] == 3
    assert answer["deliveries"]["email"] == {**NOTHING, "success": 2, "failed": 1}
    assert answer["deliveries"]["sms"] == {**NOTHING, "no_contact": 1}
    assert answer["deliveries"]["app"] == {**NOTHING, "success": 1}
    totals = [{name: each[name] for name in ("accepted", *NOTHING)} for each in answer["by_hour"]]
    assert {name: sum(each[name] for each in totals) for name in totals[0]} == {
        **NOTHING,
        "accepted": 3,
        "success": 3,
        "failed": 1,
        "no_contact": 1,
    }
    channels = [each["channels"] for each in answer["by_hour"]]
    assert {name: sum(each[name] for each in channels) for name in channels[0]} == {
        "email": 3,
        "sms": 1,
        "push": 0,
        "app": 1,
    }
    assert answer["attention"] == [{"kind": "event_type_not_configured", "count": 1}]


def test_that_a_user_was_created_needs_no_event_type(manage: Manage) -> None:
    app = App(manage)
    user = unique("u")
    assert app.server.post("identify", {"external_id": user}) == ACCEPTED
    app.server.stack.wait_for(lambda: app.server.messages(user_id=user, event_type="user_created"))
    answer = app.manage.ok("GET", PATH)
    assert (answer["accepted"], answer["attention"]) == (1, [])


def test_an_event_that_comes_twice_is_counted_once(fresh: Manage) -> None:
    event_type, message_id = fresh.configure(MAIL), unique()
    for _ in range(2):
        fresh.ingest(event_type, message_id=message_id, contact_infos=email_to("a@example.com"))
        fresh.message(message_id)
    answer = fresh.ok("GET", PATH)
    assert (answer["accepted"], answer["deliveries"]["email"]["success"]) == (1, 1)


def test_a_test_send_is_left_out(fresh: Manage) -> None:
    body = {"notification": MAIL, "to": "sam@example.com"}
    fresh.message(fresh.ok("POST", "/{env}/test_sends", body)["message_id"])
    assert fresh.ok("GET", PATH)["accepted"] == 0


def test_an_event_type_whose_deliveries_fail_is_named(fresh: Manage) -> None:
    event_type = fresh.configure(MAIL)
    wrong = email_to(*(f"{number} is no address" for number in range(10)))
    fresh.message(fresh.ingest(event_type, contact_infos=wrong))
    assert fresh.ok("GET", PATH)["attention"] == [{"kind": "event_type_failing", "count": 10, "event_type": event_type}]


def test_another_environment_is_not_told_of(fresh: Manage, manage: Manage) -> None:
    told(manage, MAIL, contact_infos=email_to("a@example.com"))
    assert fresh.ok("GET", PATH)["accepted"] == 0


@pytest.mark.parametrize(
    ("query", "field"), [("hours=0", "hours"), ("hours=169", "hours"), ("hours=x", "hours"), ("days=1", "days")]
)
def test_a_query_that_breaks_a_rule_is_refused_by_name(manage: Manage, query: str, field: str) -> None:
    assert list(manage.errors("GET", f"{PATH}?{query}")) == [field]


@pytest.mark.parametrize("hours", [1, 168])
def test_as_many_hours_are_told_as_are_asked_for(fresh: Manage, hours: int) -> None:
    assert len(fresh.ok("GET", f"{PATH}?hours={hours}")["by_hour"]) == hours
