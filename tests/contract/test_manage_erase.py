"""The erasure of a user: nothing of it is found afterwards, and what is somebody else's stays."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import pytest

from tests.contract.client_api import Client
from tests.contract.manage_client import (
    FORBIDDEN,
    INBOX,
    MAIL,
    NOT_FOUND,
    TEXT,
    Manage,
    email_to,
    mail,
    phone_number,
    unique,
)
from tests.contract.neptie_client import Neptie
from tests.contract.outreach import Team

IN_PROCESS = True


def erase(manage: Manage, user_id: str) -> str:
    answer = manage.ok("POST", f"/{{env}}/users/{quote(user_id, safe='')}/erase")
    assert list(answer) == ["receipt"]
    return str(answer["receipt"])


def neptune(manage: Manage, path: str) -> Any:
    """Return the answer of the Neptune API."""
    answer = manage.stack.request("GET", f"/neptune/{path}".replace("{env}", manage.environment), token=manage.token)
    return answer.json() if answer.status == 200 else answer.status


class Sam:
    """A user with addresses, leads and messages, in an environment of its own."""

    def __init__(self, manage: Manage) -> None:
        self.manage = manage.in_environment(keep_rendered=True)
        self.email, self.phone = f"{unique()}@example.com", phone_number()
        self.user_id = self.manage.user(
            {"type": "email", "value": self.email}, {"type": "mobile_number", "value": self.phone}, name="Sam S."
        )
        self.event_type = self.manage.configure(mail("Hello {{ user.name }}", "{{ secret }}"), TEXT, INBOX)

    def told(self, **fields: Any) -> dict[str, Any]:
        given = {"user_id": self.user_id, "data": {"secret": "s3cret"}, "tags": ["t4g"], **fields}
        return self.manage.message(self.manage.ingest(self.event_type, **given))


@pytest.fixture
def sam(manage: Manage) -> Sam:
    return Sam(manage)


def test_the_user_its_addresses_and_its_inbox_are_gone(sam: Sam) -> None:
    sam.told()
    assert neptune(sam.manage, f"app_notifications/{{env}}?user_id={sam.user_id}")["data"] != []
    erase(sam.manage, sam.user_id)
    assert neptune(sam.manage, f"{{env}}/users/{sam.user_id}") == 404
    assert neptune(sam.manage, "{env}/users")["data"] == []
    assert neptune(sam.manage, f"app_notifications/{{env}}?user_id={sam.user_id}")["data"] == []


def test_messages_to_it_keep_ids_times_and_statuses_alone(sam: Sam) -> None:
    before = sam.told()
    erase(sam.manage, sam.user_id)
    after = sam.manage.message(before["message_id"])
    same = ("message_id", "event_type", "received_at", "source")
    assert {name: after[name] for name in same} == {name: before[name] for name in same}
    assert (after["user_id"], after["data"], after["extra"], after["contact_infos"]) == (None, {}, {}, [])
    kept = ("id", "notification", "channel", "status", "created_at", "provider_message_id")
    assert [{name: each[name] for name in kept} for each in after["deliveries"]] == [
        {name: each[name] for name in kept} for each in before["deliveries"]
    ]
    text = json.dumps(after)
    assert not any(word in text for word in (sam.email, sam.phone, sam.user_id, "s3cret", "t4g", "Sam"))
    assert sam.manage.ok("GET", f"/{{env}}/messages?user_id={sam.user_id}")["data"] == []


def test_so_do_messages_to_its_addresses_that_name_nobody(sam: Sam) -> None:
    before = sam.told(user_id=None, contact_infos=email_to(sam.email))
    erase(sam.manage, sam.user_id)
    text = json.dumps(sam.manage.message(before["message_id"]))
    assert not any(word in text for word in (sam.email, "s3cret"))


def test_what_is_pending_is_not_sent_any_more(sam: Sam) -> None:
    message_id = sam.manage.ingest(sam.event_type, user_id=sam.user_id, data={"secret": "s3cret"})
    sam.manage.stack.cloud.pump("message")  # type: ignore[attr-defined]
    erase(sam.manage, sam.user_id)
    sent = sam.manage.stack.cloud.calls["sesv2:SendEmail"]  # type: ignore[attr-defined]
    message = sam.manage.message(message_id)
    assert [each["status"] for each in message["deliveries"]] == ["failed", "failed", "success"]
    assert [each["to"] for each in message["deliveries"]] == [None] * 3
    sam.manage.stack.cloud.pump("email", "sms")  # type: ignore[attr-defined]
    assert sam.manage.stack.cloud.calls["sesv2:SendEmail"] == sent  # type: ignore[attr-defined]


@pytest.mark.parametrize("named", ["user", "email", "phone"])
def test_what_was_accepted_before_and_comes_late_is_neither_kept_nor_sent(sam: Sam, named: str) -> None:
    to: dict[str, Any] = {"user_id": sam.user_id}
    if named != "user":
        value = {"email": sam.email.upper(), "phone": sam.phone}[named]
        to = {"contact_infos": [{"type": {"email": "email", "phone": "mobile_number"}[named], "value": value}]}
    late, others = (
        sam.manage.ingest(sam.event_type, data={"secret": "s3cret"}, **each)
        for each in (to, {"contact_infos": email_to("kim@example.com")})
    )
    erase(sam.manage, sam.user_id)
    message = sam.manage.message(late)
    assert (message["event_type"], message["user_id"], message["data"]) == (sam.event_type, None, {})
    assert (message["contact_infos"], message["deliveries"]) == ([], [])
    [delivery] = [each for each in sam.manage.message(others)["deliveries"] if each["channel"] == "email"]
    assert (delivery["to"], delivery["status"]) == ("kim@example.com", "success")


def test_another_user_who_shares_an_address_keeps_its_own_messages(sam: Sam) -> None:
    kim = sam.manage.user({"type": "email", "value": sam.email})
    message = sam.told(user_id=kim)
    erase(sam.manage, sam.user_id)
    assert sam.manage.message(message["message_id"]) == message
    assert neptune(sam.manage, f"{{env}}/users/{kim}?includes=contact_infos")["contact_infos"][0]["value"] == sam.email


def test_of_a_message_to_another_user_its_address_alone_goes(sam: Sam) -> None:
    kim = sam.manage.user({"type": "email", "value": "kim@example.com"})
    message = sam.told(user_id=kim, contact_infos=email_to(sam.email))
    erase(sam.manage, sam.user_id)
    after = sam.manage.message(message["message_id"])
    assert (after["user_id"], after["data"]) == (kim, {"secret": "s3cret"})
    assert [each["to"] for each in after["deliveries"]][:2] == ["kim@example.com", None]
    assert sam.email not in json.dumps(after)


def test_leads_with_its_addresses_and_the_mails_to_them_are_deleted(manage: Manage) -> None:
    sales = Team(Neptie(manage.stack).newcomer())
    [environment] = sales.neptie.stack.request("GET", "/manage/environments", token=sales.neptie.token).json()["data"]
    own = Manage(manage.stack, sales.neptie.with_scopes("admin:all").token, environment["identifier"])
    lead, other = sales.lead(), sales.lead()
    email_id = sales.send(lead, sales.campaign())
    own.message(email_id)
    erase(own, own.user({"type": "email", "value": lead["email"]}))
    assert [each["id"] for each in sales.neptie.ok("GET", "leads")["leads"]] == [other["id"]]
    assert sales.neptie.call("GET", f"email/{email_id}")[0] == 404
    assert lead["email"] not in json.dumps(own.message(email_id))


def test_its_suppressed_address_is_on_no_list_and_stays_suppressed(sam: Sam) -> None:
    sam.manage.ok("POST", "/suppressions", {"email": sam.email, "reason": "complaint"})
    erase(sam.manage, sam.user_id)
    assert sam.email not in json.dumps(sam.manage.ok("GET", "/suppressions?limit=100"))
    assert sam.manage.ok("GET", f"/suppressions?email={sam.email}")["data"] == []
    [delivery] = sam.manage.told(MAIL, contact_infos=email_to(sam.email))
    assert (delivery["status"], delivery["reason"]) == ("failed", "suppressed: complaint")


def test_an_operator_who_knows_the_address_can_take_it_off_the_list(sam: Sam) -> None:
    sam.manage.ok("POST", "/suppressions", {"email": sam.email, "reason": "complaint"})
    erase(sam.manage, sam.user_id)
    sam.manage.ok("DELETE", f"/suppressions/{sam.email}")
    [delivery] = sam.manage.told(MAIL, contact_infos=email_to(sam.email))
    assert delivery["status"] == "success"


def test_it_can_be_repeated_and_has_the_same_receipt_until_it_is_done(sam: Sam) -> None:
    assert erase(sam.manage, sam.user_id) == erase(sam.manage, sam.user_id)


def test_somebody_whom_nobody_knows_can_be_erased(sam: Sam) -> None:
    message = sam.manage.message(sam.manage.ingest(sam.event_type, user_id="nobody/else", data={"secret": "s3cret"}))
    assert erase(sam.manage, "nobody")
    assert sam.manage.message(message["message_id"]) == message


def test_so_are_the_messages_to_an_id_that_has_no_address_and_that_nobody_made_a_user_of(sam: Sam) -> None:
    event_type = sam.manage.configure(INBOX)
    before = sam.manage.message(sam.manage.ingest(event_type, user_id="nobody", data={"secret": "s3cret"}))
    erase(sam.manage, "nobody")
    after = sam.manage.message(before["message_id"])
    assert (after["user_id"], after["data"], [each["to"] for each in after["deliveries"]]) == (None, {}, [None])
    assert neptune(sam.manage, "app_notifications/{env}?user_id=nobody")["data"] == []


def test_a_message_that_arrives_afterwards_is_an_ordinary_one(sam: Sam) -> None:
    erase(sam.manage, sam.user_id)
    message = sam.told(contact_infos=email_to("new@example.com"))
    assert (message["user_id"], message["data"]) == (sam.user_id, {"secret": "s3cret"})
    again = sam.manage.stack.request(
        "POST", f"/neptune/{sam.manage.environment}/users", {"user_id": sam.user_id}, token=sam.manage.token
    )
    assert again.status == 200
    assert sam.manage.message(message["message_id"]) == message


def test_linked_anonymous_ids_lead_nowhere_any_more(manage: Manage) -> None:
    client = Client(manage.stack, manage.stack.demo["public_key"], manage.token)
    user_id, anonymous_id = unique("e"), unique("a")
    client.accept("identify", {"anonymous_id": anonymous_id, "email": f"{anonymous_id}@example.com"})
    client.accept("alias", {"anonymous_id": anonymous_id, "external_id": user_id})
    manage.stack.wait_for(lambda: neptune(manage, f"dev/users/{user_id}") != 404)
    erase(manage, user_id)
    for each in (user_id, f"anon:{anonymous_id}"):
        assert neptune(manage, f"dev/users/{each}") == 404


def test_only_administrators_erase_and_only_in_environments_of_their_own(manage: Manage) -> None:
    narrow = manage.with_permissions("manage_users", "read_messages")
    assert narrow.call("POST", "/{env}/users/1/erase") == FORBIDDEN
    assert manage.call("POST", "/nowhere/users/1/erase") == NOT_FOUND
