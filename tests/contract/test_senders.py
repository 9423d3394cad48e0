"""Whom a team may send as: what an operator says with `make team STAGE=local`, and what comes of it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from tests.contract.manage_client import MAIL, Manage, email_to, invalid, mail, unique
from tests.local_stack import Stack
from tests.support.teams import Operator, made

REFUSED = "is not among the senders of the team"
ARN = "arn:aws:sns:us-east-1:123456789012:app"


@pytest.fixture
def plain(local_stack: Stack, operator: Operator) -> Manage:
    """Return a team that an operator made without a list."""
    return Manage(local_stack, operator.team(senders=()).token)


def test_an_operator_makes_a_team_in_the_running_stack(local_stack: Stack, make: Callable[..., str]) -> None:
    team, token = made(make("--name", unique("Acme"), "--senders", "billing@example.com,@example.org"))
    assert team["senders"] == ["billing@example.com", "@example.org"]
    owner = Manage(local_stack, token)
    for sender in ("Billing <Billing@example.com>", "anybody@example.org"):
        body = {"identifier": unique("e"), "channels": {"email": {"from": sender}}}
        assert owner.ok("POST", "/environments", body)["channels"]["email"] == {"from": sender}


def test_an_operator_changes_the_senders_of_a_team(local_stack: Stack, make: Callable[..., str]) -> None:
    name = unique("Acme")
    team, token = made(make("--name", name))
    owner = Manage(local_stack, token)
    body = {"notifications": [mail(**{"from": "shop@example.net"})]}
    assert owner.call("PUT", "/dev/event_types/e", body)[0] == 422
    assert json.loads(make("--name", name, "--senders", "@example.net"))["id"] == team["id"]
    assert owner.call("PUT", "/dev/event_types/e", body)[0] == 200
    assert json.loads(make("--team", team["id"], "--senders", ""))["senders"] == []
    assert owner.call("PUT", "/dev/event_types/e", body)[0] == 422


def test_a_list_with_a_wrong_entry_is_refused(make: Callable[..., str]) -> None:
    with pytest.raises(SystemExit, match=re.escape("senders[1]")):
        make("--name", unique("Acme"), "--senders", "a@example.com,example.com")


def test_the_demos_team_may_send_as_anybody(local_stack: Stack) -> None:
    demo = Manage(local_stack, local_stack.demo["api_token"])
    channels = {"email": {"from": "x@any.example"}, "sms": {"sender_id": "ANY"}, "push": {"fcm": f"{ARN}/GCM/any"}}
    demo.ok("POST", "/environments", {"identifier": unique("e"), "channels": channels})


@pytest.mark.parametrize(
    ("channels", "field"),
    [
        ({"email": {"from": "billing@victim-bank.example"}}, "email.from"),
        ({"email": {"from": "hello@example.com <billing@victim-bank.example>"}}, "email.from"),
        ({"sms": {"sender_id": "BANK"}}, "sms.sender_id"),
        ({"push": {"application_arn": f"{ARN}/GCM/other"}}, "push.application_arn"),
        ({"push": {"apns": f"{ARN}/APNS/nereid-local"}}, "push.apns"),
    ],
)
def test_a_team_without_a_list_names_nobody_but_the_stacks_own(plain: Manage, channels: Any, field: str) -> None:
    answer = plain.call("POST", "/environments", {"identifier": "prod", "channels": channels})
    assert answer == invalid({"field": f"channels.{field}", "message": REFUSED})


def test_all_that_is_refused_is_named(plain: Manage) -> None:
    channels = {"email": {"from": "x@y.example"}, "sms": {"sender_id": "BANK"}}
    _, answer = plain.call("POST", "/environments", {"identifier": "prod", "channels": channels})
    assert [each["field"] for each in answer["errors"]] == ["channels.email.from", "channels.sms.sender_id"]


@pytest.mark.parametrize(("method", "path"), [("POST", "/environments"), ("PUT", "/environments/dev")])
@pytest.mark.parametrize("region_and_account", ["us-east-1:999999999999", "eu-west-1:123456789012"])
@pytest.mark.parametrize("senders", [(), ("*",)])
def test_an_application_of_another_account_or_region_is_nobodys(
    local_stack: Stack, operator: Operator, senders: Any, region_and_account: str, method: str, path: str
) -> None:
    owner = Manage(local_stack, operator.team(senders=senders).token)
    body: dict[str, Any] = {"channels": {"push": {"fcm": f"arn:aws:sns:{region_and_account}:app/GCM/theirs"}}}
    answer = owner.call(method, path, {**body, "identifier": "prod"} if method == "POST" else body)
    assert answer == invalid({"field": "channels.push.fcm", "message": REFUSED})


def test_a_template_from_somebody_else_is_refused(plain: Manage) -> None:
    body = {"notifications": [MAIL, {**mail(**{"from": "Billing <billing@victim-bank.example>"}), "name": "b"}]}
    answer = plain.call("PUT", "/dev/event_types/phish", body)
    assert answer == invalid({"field": "notifications[1].template.from", "message": REFUSED})
    assert plain.call("GET", "/dev/event_types/phish")[0] == 404


def test_a_sender_that_was_taken_from_a_team_is_looked_at_again_before_the_hand_over(
    local_stack: Stack, make: Callable[..., str]
) -> None:
    team, token = made(make("--name", unique("Acme"), "--senders", "shop@example.net"))
    owner = Manage(local_stack, token)
    owner.ok("PUT", "/dev/event_types/e", {"notifications": [mail(**{"from": "shop@example.net"})]})
    make("--team", team["id"], "--senders", "other@example.net")
    address = f"{unique()}@example.org"
    event = {"event_type": "e", "message_id": "m", "contact_infos": email_to(address)}
    assert local_stack.request("POST", "/neptune/dev/events", event, token=token).status == 200

    def final() -> Any:
        status, message = owner.call("GET", "/dev/messages/m")
        ended = status == 200 and message["deliveries"][0]["status"] != "pending"
        return message["deliveries"][0] if ended else None

    delivery = local_stack.wait_for(final)
    assert (delivery["status"], delivery["reason"]) == ("failed", "sender not allowed")
    assert local_stack.outbox(address) == []


def test_a_page_of_another_site_makes_no_team(local_stack: Stack) -> None:
    answer = local_stack.request("POST", "/_local/team", b'{"name": "x"}', {"Content-Type": "text/plain"})
    assert answer.status == 415
