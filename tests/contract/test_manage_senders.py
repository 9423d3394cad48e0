"""Whom a team may send as, as the team sees it."""

from __future__ import annotations

from tests.contract.manage_client import FORBIDDEN, Manage, unique
from tests.local_stack import Stack
from tests.support.teams import Operator

IN_PROCESS = True


def test_the_list_of_the_operator_is_shown_with_the_environments_that_use_it(local_stack: Stack) -> None:
    senders = ("@example.org", "billing@example.com", "sms:ACME")
    team = Manage(local_stack, Operator(local_stack).team(senders=senders).token)
    channels = {"email": {"from": "Billing <Billing@example.com>"}, "sms": {"sender_id": "ACME"}, "push": None}
    own = team.in_environment(channels=channels).environment
    shown = team.ok("GET", "/senders")
    assert shown["refused"] == []
    listed = [each for each in shown["email"] if each["granted_by"] == "team"]
    assert listed == [
        {"sender": "@example.org", "granted_by": "team", "environments": []},
        {"sender": "billing@example.com", "granted_by": "team", "environments": [own]},
    ]
    assert {"sender": "sms:ACME", "granted_by": "team", "environments": [own]} in shown["sms"]
    [stacks] = [each for each in shown["email"] if each["granted_by"] == "stack"]
    assert stacks["environments"] == ["dev"]


def test_a_list_of_anybody_is_one_entry_of_each_channel(local_stack: Stack) -> None:
    team = Manage(local_stack, Operator(local_stack).team().token)
    own = team.in_environment(channels={"email": {"from": f"{unique()}@example.com"}, "sms": None, "push": None})
    shown = team.ok("GET", "/senders")
    for channel in ("email", "sms", "push"):
        assert shown[channel][0]["sender"] == "*"
    assert own.environment in shown["email"][0]["environments"]
    assert own.environment not in shown["sms"][0]["environments"]


def test_a_sender_that_was_taken_away_is_said_to_be_refused(local_stack: Stack) -> None:
    operator = Operator(local_stack)
    made = operator.team(senders=("shop@example.net",))
    team = Manage(local_stack, made.token)
    own = team.in_environment(channels={"email": {"from": "Shop <shop@example.net>"}})
    operator.set_senders(made.id, [])
    assert team.ok("GET", "/senders")["refused"] == [
        {"environment": own.environment, "member": "email.from", "sender": "Shop <shop@example.net>"}
    ]


def test_only_admins_see_the_senders(local_stack: Stack) -> None:
    team = Manage(local_stack, Operator(local_stack).team().token)
    assert team.with_permissions("read_messages").call("GET", "/senders") == FORBIDDEN
