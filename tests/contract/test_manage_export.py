"""The export of a user: everything about it in one JSON, and in parts where that is very much."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest

from nereid.core.rights import export_user
from tests.contract.client_api import Client
from tests.contract.manage_client import BAD_CURSOR, FORBIDDEN, INBOX, MAIL, NOT_FOUND, Manage, email_to, mail, unique
from tests.contract.neptie_client import Neptie
from tests.contract.outreach import Team

IN_PROCESS = True
MEMBERS = ["users", "contacts", "devices", "inbox", "messages", "deliveries", "leads", "suppressions", "next_cursor"]


def path(user_id: str) -> str:
    return f"/{{env}}/users/{quote(user_id, safe='')}/export"


def export(manage: Manage, user_id: str) -> dict[str, Any]:
    answer: dict[str, Any] = manage.ok("POST", path(user_id))
    assert list(answer) == MEMBERS
    return answer


@pytest.fixture
def fresh(manage: Manage) -> Manage:
    return manage.in_environment()


def test_everything_of_a_user_is_in_it(fresh: Manage) -> None:
    email = f"{unique()}@example.com"
    user_id = fresh.user({"type": "email", "value": email, "filterable": "work"}, plan="gold")
    event_type = fresh.configure(MAIL, INBOX)
    message = fresh.message(fresh.ingest(event_type, user_id=user_id, data={"otp": 1}))
    fresh.ok("POST", "/suppressions", {"email": email, "reason": "unsubscribe"})
    found = export(fresh, user_id)
    [user], [contact], [notice] = found["users"], found["contacts"], found["inbox"]
    assert (user["user_id"], user["meta"]) == (user_id, {"plan": "gold"})
    assert (contact["value"], contact["filterable"], contact["verified"]) == (email, "work", True)
    assert (notice["body"], notice["user_id"]) == ("1", user_id)
    deliveries = message.pop("deliveries")
    assert found["messages"] == [message]
    assert found["deliveries"] == [{"message_id": message["message_id"], **each} for each in deliveries]
    assert [each["email"] for each in found["suppressions"]] == [email]
    assert found["next_cursor"] is None


def test_devices_are_in_it(manage: Manage) -> None:
    client = Client(manage.stack, manage.stack.demo["public_key"], manage.token)
    user_id, token = unique("e"), unique("token")
    device = {"device_id": "d1", "token": token, "os": "iOS", "model": "X", "app_build": "1", "app_version": "1.0"}
    client.accept("identify", {"external_id": user_id})
    client.accept("devices", {"external_id": user_id, **device})
    manage.stack.wait_for(lambda: manage.call("POST", path(user_id))[1].get("devices"))
    [shown] = export(manage, user_id)["devices"]
    assert {name: shown[name] for name in device} == device


def test_leads_of_its_addresses_are_in_it(manage: Manage) -> None:
    sales = Team(Neptie(manage.stack).newcomer())
    own = Manage(manage.stack, sales.neptie.with_scopes("admin:all").token)
    lead, _ = sales.lead(), sales.lead()
    [environment] = own.ok("GET", "/environments")["data"]
    own = Manage(own.stack, own.token, environment["identifier"])
    found = export(own, own.user({"type": "email", "value": lead["email"]}))
    assert [each["id"] for each in found["leads"]] == [lead["id"]]


def test_so_are_messages_to_its_addresses_that_name_nobody_but_not_those_of_others(fresh: Manage) -> None:
    email, kim = f"{unique()}@example.com", fresh.user({"type": "email", "value": "kim@example.com"})
    user_id, event_type = fresh.user({"type": "email", "value": email}), fresh.configure(mail())
    own = fresh.ingest(event_type, contact_infos=email_to(email, "other@example.com"))
    for each in (own, fresh.ingest(event_type, user_id=kim, contact_infos=email_to(email)), fresh.ingest(event_type)):
        fresh.message(each)
    found = export(fresh, user_id)
    [message], [delivery] = found["messages"], found["deliveries"]
    assert (message["message_id"], message["contact_infos"]) == (own, email_to(email))
    assert delivery["to"] == email


def test_what_is_too_much_for_one_answer_comes_in_parts(fresh: Manage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export_user, "_BYTES", 1)
    monkeypatch.setattr(export_user, "_PAGE", 2)
    email = f"{unique()}@example.com"
    user_id, event_type = fresh.user({"type": "email", "value": email}), fresh.configure(INBOX)
    ids = [fresh.ingest(event_type, user_id=user_id, data={"otp": number}) for number in range(5)]
    ids.append(fresh.ingest(fresh.configure(mail()), contact_infos=email_to(email)))
    for each in ids:
        fresh.message(each)
    parts = [fresh.ok("POST", path(user_id))]
    while parts[-1]["next_cursor"] is not None:
        parts.append(fresh.ok("POST", f"{path(user_id)}?cursor={parts[-1]['next_cursor']}"))
        assert len(parts) < 20
    assert len(parts) > 4
    assert [len(part["users"]) for part in parts][:2] == [1, 0]
    assert sorted(each["message_id"] for part in parts for each in part["messages"]) == sorted(ids)
    assert [each["body"] for part in parts for each in part["inbox"]] == ["0", "1", "2", "3", "4"]


@pytest.mark.parametrize("named", ["user", "address"])
def test_a_part_ends_with_the_message_that_fills_it(fresh: Manage, monkeypatch: pytest.MonkeyPatch, named: str) -> None:
    monkeypatch.setattr(export_user, "_BYTES", 1)
    email = f"{unique()}@example.com"
    user_id, event_type = fresh.user({"type": "email", "value": email}), fresh.configure(mail())
    to: dict[str, Any] = {"user_id": user_id} if named == "user" else {"contact_infos": email_to(email)}
    # They are processed together.
    ids = [fresh.ingest(event_type, data={"otp": number}, **to) for number in range(5)]
    for each in ids:
        fresh.message(each)
    parts = [fresh.ok("POST", path(user_id))]
    while parts[-1]["next_cursor"] is not None:
        parts.append(fresh.ok("POST", f"{path(user_id)}?cursor={parts[-1]['next_cursor']}"))
    assert max(len(part["messages"]) for part in parts) == 1
    assert sorted(each["message_id"] for part in parts for each in part["messages"]) == sorted(ids)


def test_a_user_of_whom_there_is_nothing_is_not_found(fresh: Manage) -> None:
    assert fresh.call("POST", path("nobody")) == NOT_FOUND


def test_an_id_that_nobody_made_a_user_of_has_its_messages(fresh: Manage) -> None:
    message_id = fresh.ingest(fresh.configure(INBOX), user_id="somebody", data={"otp": 1})
    fresh.message(message_id)
    found = export(fresh, "somebody")
    assert ([each["message_id"] for each in found["messages"]], len(found["inbox"])) == ([message_id], 1)


def test_only_administrators_export_and_only_what_is_their_own(fresh: Manage) -> None:
    narrow = fresh.with_permissions("manage_users", "read_messages")
    assert narrow.call("POST", path("1")) == FORBIDDEN
    assert fresh.call("POST", "/nowhere/users/1/export") == NOT_FOUND
    assert fresh.call("POST", f"{path('1')}?cursor=x") == BAD_CURSOR
    assert list(fresh.errors("POST", f"{path('1')}?limit=5")) == ["limit"]
