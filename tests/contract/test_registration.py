"""Who can register an account in a team of its own, and what such a team may do."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import jwt
import pytest

from nereid.core.access import accounts
from nereid.errors import NotFound
from tests.contract.manage_client import MAIL, Manage, email_to, invalid, unique
from tests.support import in_process_stack
from tests.support.in_process_stack import InProcessStack

REFUSED = "is not among the senders of the team"
CLOSED = {"message": "Registration is closed"}
SHOP = {"from": "shop@example.com"}
FCM = "arn:aws:sns:us-east-1:123456789012:app/GCM/shop"


@pytest.fixture(scope="class")
def closed() -> Iterator[InProcessStack]:
    with in_process_stack.running(Registration="closed") as stack:
        yield stack


@pytest.fixture(scope="class")
def open_() -> Iterator[InProcessStack]:
    with in_process_stack.running(Registration="open") as stack:
        yield stack


@pytest.fixture(scope="class")
def trusted() -> Iterator[InProcessStack]:
    with in_process_stack.running(Registration="trusted") as stack:
        yield stack


def person(**members: Any) -> dict[str, Any]:
    """Return a registration."""
    return {"email": f"{uuid.uuid4().hex}@example.net", "password": "correct horse", "full_name": "Mallory", **members}


def newcomer(stack: InProcessStack, **members: Any) -> Manage:
    """Register somebody; return the team as its account sees it."""
    answer = stack.request("POST", "/v1/auth/register", person(**members))
    assert answer.status == 201, answer.body
    return Manage(stack, answer.json()["token"])


def operate(stack: InProcessStack, **payload: Any) -> Any:
    """Do as `make team` does."""
    return stack._api.run("ManageCreateTeam", payload)


class TestClosed:
    @pytest.mark.parametrize("prefix", ["/v1", "/api", "/v1/api"])
    @pytest.mark.parametrize("body", [None, {}, b"no JSON", b"x" * 300_000], ids=["none", "empty", "text", "large"])
    def test_nobody_registers(self, closed: InProcessStack, prefix: str, body: Any) -> None:
        for given in (person(), body):
            answer = closed.request("POST", f"{prefix}/auth/register", given)
            assert (answer.status, answer.json()) == (403, CLOSED)
            assert "X-RateLimit-Limit" in answer.headers

    def test_a_refused_registration_writes_nothing_and_reads_once(self, closed: InProcessStack) -> None:
        closed.cloud.calls.clear()
        closed.request("POST", "/v1/auth/register", person())
        assert closed.cloud.calls == {"dynamodb:GetItem": 1}

    def test_the_accounts_of_operators_teams_log_in(self, closed: InProcessStack) -> None:
        answer = closed.request("POST", "/v1/auth/login", closed.demo["account"])
        assert answer.status == 200


class TestOpen:
    def test_a_stranger_has_no_providers_and_is_told_of_none(self, open_: InProcessStack) -> None:
        stranger = newcomer(open_)
        [environment] = stranger.ok("GET", "/environments")["data"]
        assert environment["channels"] == {"email": None, "sms": None, "push": None}
        made = stranger.ok("POST", "/environments", {"identifier": "live"})
        assert made["channels"] == {"email": None, "sms": None, "push": None}

    @pytest.mark.parametrize(
        ("channels", "field"),
        [
            ({"email": SHOP}, "channels.email.from"),
            ({"email": {"from": "hello@example.com"}}, "channels.email.from"),
            ({"sms": {}}, "channels.sms"),
            ({"sms": {"sender_id": "BANK"}}, "channels.sms.sender_id"),
            ({"sms": {"origination_number": "+12065550100"}}, "channels.sms.origination_number"),
            ({"push": {"fcm": FCM}}, "channels.push.fcm"),
        ],
    )
    def test_a_stranger_sets_no_provider(self, open_: InProcessStack, channels: Any, field: str) -> None:
        answer = newcomer(open_).call("POST", "/environments", {"identifier": "live", "channels": channels})
        assert answer == invalid({"field": field, "message": REFUSED})

    def test_a_member_whom_a_stranger_adds_counts_as_a_registration_from_there(self, open_: InProcessStack) -> None:
        stranger = newcomer(open_)
        # A limit of its own: all tests register from the same source.
        limit = replace(accounts._REGISTRATIONS_PER_SOURCE, name="members", most=2)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(accounts, "_REGISTRATIONS_PER_SOURCE", limit)
            bodies = [{"email": f"{unique()}@example.com", "role": "User"} for _ in range(3)]
            assert [stranger.call("POST", "/members", body)[0] for body in bodies] == [200, 200, 429]

    def test_a_stranger_causes_no_call_of_a_provider_but_the_mail_that_verifies_the_address(
        self, open_: InProcessStack
    ) -> None:
        stranger = newcomer(open_)
        open_.cloud.calls.clear()
        texts = [{"name": "t", "channel": "sms", "template": {"text": "x"}}]
        stranger.ok("PUT", "/dev/event_types/phish", {"notifications": [MAIL, *texts]})
        token = stranger.ok(
            "POST", "/api_tokens", {"name": "x", "permissions": ["admin:all"], "default_environment": "dev"}
        )["token"]
        contacts = [*email_to("anybody@example.org"), {"type": "mobile_number", "value": "+15550001234"}]
        event = {"event_type": "phish", "message_id": "m", "contact_infos": contacts}
        assert open_.request("POST", "/neptune/dev/events", event, token=token).status == 200
        open_.wait_for(lambda: stranger.call("GET", "/dev/messages/m")[0] == 200)
        open_.cloud.pump()
        deliveries = stranger.ok("GET", "/dev/messages/m")["deliveries"]
        assert [each["status"] for each in deliveries] == ["no_provider", "no_provider"]
        assert not [name for name in open_.cloud.calls if name.startswith(("sesv2:Send", "sns:Publish"))]

    def test_a_stranger_has_what_an_operator_grants(self, open_: InProcessStack) -> None:
        stranger = newcomer(open_)
        team_id = jwt.decode(stranger.token, options={"verify_signature": False})["team"]
        granted = operate(open_, team=team_id, senders=["shop@example.com", "sms:ACME"])["team"]
        assert (granted["registered"], granted["senders"]) == ("open", ["shop@example.com", "sms:ACME"])
        channels = {"email": SHOP, "sms": {"sender_id": "ACME"}}
        made = stranger.ok("POST", "/environments", {"identifier": "live", "channels": channels})
        assert made["channels"] == {**channels, "push": None}
        status, _ = stranger.call(
            "POST", "/environments", {"identifier": "bank", "channels": {"sms": {"sender_id": "B"}}}
        )
        assert status == 422

    def test_a_team_that_registered_itself_is_granted_nothing_by_its_name(self, open_: InProcessStack) -> None:
        name = unique("Shop")
        newcomer(open_, company=name)
        with pytest.raises(NotFound):
            operate(open_, team=name, senders=["*"])

    def test_an_operators_team_has_the_stacks_providers(self, open_: InProcessStack) -> None:
        token = operate(open_, name="Acme")["api_token"]
        [environment] = Manage(open_, token).ok("GET", "/environments")["data"]
        assert environment["channels"]["email"] == {"from": "hello@example.com"}


class TestTrusted:
    def test_somebody_new_has_the_stacks_providers(self, trusted: InProcessStack) -> None:
        [environment] = newcomer(trusted).ok("GET", "/environments")["data"]
        assert environment["channels"]["email"] == {"from": "hello@example.com"}
        assert environment["channels"]["sms"] == {"sender_id": None}

    def test_it_may_name_no_other(self, trusted: InProcessStack) -> None:
        answer = newcomer(trusted).call("POST", "/environments", {"identifier": "live", "channels": {"email": SHOP}})
        assert answer == invalid({"field": "channels.email.from", "message": REFUSED})

    def test_it_may_name_the_stacks_own(self, trusted: InProcessStack) -> None:
        channels = {"email": {"from": "Us <HELLO@example.com>"}, "sms": {"sender_id": None}}
        newcomer(trusted).ok("POST", "/environments", {"identifier": "live", "channels": channels})
