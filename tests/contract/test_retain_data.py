"""Event types that say `"retain_data": false`: the data of their messages go once all deliveries are final."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contract.manage_client import INBOX, MAIL, PHONE, TEXT, Manage, email_to, unique

IN_PROCESS = True
CONTACTS = [*email_to("a@example.com", "b@example.com"), {"type": "mobile_number", "value": "+4915112345678"}]


def configure(manage: Manage, *notifications: dict[str, Any], **members: Any) -> str:
    name = unique("event")
    body = {"notifications": list(notifications), "retain_data": False, **members}
    assert manage.ok("PUT", f"/{{env}}/event_types/{name}", body)["retain_data"] is False
    return name


def told(manage: Manage, *notifications: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """Let an event happen; return its message when its data are gone."""
    given = {"data": {"otp": 1}, "contact_infos": CONTACTS, "tags": ["x"], **fields}
    message_id = manage.ingest(configure(manage, *notifications), **given)
    manage.stack.wait_for(lambda: "dropped_at" in manage.message(message_id))
    return manage.message(message_id)


@pytest.fixture(scope="module")
def keeping(manage: Manage) -> Manage:
    """Return a client of an environment that keeps what was rendered."""
    return manage.in_environment(keep_rendered=True)


def test_nothing_of_the_data_is_left_and_all_of_what_became_of_them(keeping: Manage) -> None:
    message = told(keeping, MAIL, TEXT, INBOX, user_id=unique("u"))
    assert (message["data"], message["extra"]) == ({}, {})
    assert [each["status"] for each in message["deliveries"]] == ["success"] * 4
    assert not any("rendered" in each for each in message["deliveries"])
    assert [each["to"] for each in message["deliveries"][:2]] == ["a@example.com", "b@example.com"]


def test_so_it_is_in_a_mock_environment(manage: Manage) -> None:
    message = told(manage.in_environment(mock=True), MAIL)
    assert [("rendered" in each, each["status"]) for each in message["deliveries"]] == [(False, "mocked")] * 2


def test_a_message_without_any_delivery_is_stored_without_its_data(manage: Manage) -> None:
    assert told(manage, {**MAIL, "when": "false"})["data"] == {}
    assert told(manage, PHONE, contact_infos=[])["data"] == {}


def test_failed_deliveries_are_final_as_well(manage: Manage) -> None:
    message = told(manage, {**MAIL, "missing": "fail"}, data={})
    assert [each["status"] for each in message["deliveries"]] == ["failed"] * 2


def test_the_same_message_once_more_is_no_conflict(manage: Manage) -> None:
    event_type, message_id = configure(manage, MAIL), unique("m")
    given = {"message_id": message_id, "data": {"otp": 1}, "contact_infos": CONTACTS}
    for _ in range(2):
        manage.ingest(event_type, **given)
        manage.stack.wait_for(lambda: "dropped_at" in manage.message(message_id))
    assert manage.message(message_id)["conflicts"] == 0


def test_what_has_lost_its_data_is_not_sent_again_by_force(manage: Manage) -> None:
    message = told(manage, MAIL)
    forced = {"message_id": message["message_id"], "force": [message["deliveries"][0]["id"]]}
    assert manage.errors("POST", "/{env}/replays", forced) == {"force": "the data of the message are not kept"}
    del forced["force"]
    effects = manage.ok("POST", "/{env}/replays", forced)["deliveries"]
    assert [each["effect"] for each in effects] == ["final", "final"]


def test_an_event_type_that_does_not_say_so_keeps_the_data(manage: Manage) -> None:
    for members in ({}, {"retain_data": True}):
        name = unique("event")
        shown = manage.ok("PUT", f"/{{env}}/event_types/{name}", {"notifications": [MAIL], **members})
        assert {each: shown[each] for each in members} == members
        assert "retain_data" in shown or members == {}
        message = manage.message(manage.ingest(name, data={"otp": 1}, contact_infos=CONTACTS))
        assert (message["data"], "dropped_at" in message) == ({"otp": 1}, False)


def test_it_can_be_taken_back_beside_public(manage: Manage) -> None:
    name = configure(manage, MAIL, public=False)
    put = manage.ok("PUT", f"/{{env}}/event_types/{name}", {"notifications": [MAIL]})
    assert {"public", "retain_data"} & set(put) == set()
    assert manage.ok("GET", f"/{{env}}/event_types/{name}") == put
