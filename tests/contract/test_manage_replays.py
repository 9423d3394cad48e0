"""Messages that an administrator has taken up again."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contract.manage_client import (
    FORBIDDEN,
    MAIL,
    NOT_FOUND,
    PHONE,
    TEXT,
    Mailed,
    Manage,
    email_to,
    outcomes,
    phone_number,
    unique,
)
from tests.support.teams import Operator

UNKNOWN = "191df352-5eb6-4e92-a0a2-912a485eb7c7"


def replay(manage: Manage, message_id: str, **members: Any) -> Any:
    return manage.ok("POST", "/{env}/replays", {"message_id": message_id, **members})


def effects(answer: Any) -> list[str]:
    return [delivery["effect"] for delivery in answer["deliveries"]]


@pytest.fixture
def stuck(manage: Manage, operator: Operator) -> tuple[str, str]:
    """Return a message that was stored and never fanned out, and whom it would reach."""
    address = f"{unique()}@example.com"
    return operator.store(manage.token, "dev", manage.configure(MAIL), address), address


def test_what_is_pending_is_sent(manage: Manage, stuck: tuple[str, str]) -> None:
    message_id, address = stuck
    [delivery] = manage.message(message_id, until_final=False)["deliveries"]
    assert delivery["status"] == "pending"
    answer = replay(manage, message_id)
    assert answer == {
        "message_id": message_id,
        "environment": "dev",
        "replay_id": answer["replay_id"],
        "deliveries": [
            {
                "id": delivery["id"],
                "notification": "mail",
                "channel": "email",
                "to": address,
                "status": "pending",
                "reason": None,
                "effect": "queued",
            }
        ],
    }
    assert outcomes(manage.message(message_id)["deliveries"]) == [("success", None)]
    assert len(manage.stack.outbox(address)) == 1


def test_what_is_final_is_not_sent_again(manage: Manage) -> None:
    mailed = Mailed(manage)
    assert effects(replay(manage, mailed.message_id)) == ["final"]
    assert len(manage.stack.outbox(mailed.address)) == 1


def test_what_is_forced_is_sent_again_and_says_what_it_was_before(manage: Manage) -> None:
    mailed = Mailed(manage)
    answer = replay(manage, mailed.message_id, force=[mailed.sent["id"]], replay_id="mine")
    assert (answer["replay_id"], effects(answer)) == ("mine", ["queued"])
    manage.stack.wait_for(lambda: len(manage.stack.outbox(mailed.address)) == 2)
    manage.stack.wait_for(lambda: mailed.delivery()["status"] == "success")
    delivery = mailed.delivery()
    assert delivery["provider_message_id"] != mailed.sent["provider_message_id"]
    [earlier] = delivery["earlier"]
    assert earlier == {
        "status": "success",
        "reason": None,
        "provider_message_id": mailed.sent["provider_message_id"],
        "updated_at": mailed.sent["updated_at"],
    }


def test_the_same_replay_forces_once(manage: Manage) -> None:
    mailed = Mailed(manage)
    for _ in range(3):
        replay(manage, mailed.message_id, force=[mailed.sent["id"]], replay_id="r")
        manage.stack.wait_for(lambda: mailed.delivery()["status"] == "success")
    last = Mailed(manage)  # by now, what went before is processed
    assert last.sent["status"] == "success"
    assert len(manage.stack.outbox(mailed.address)) == 2


def test_a_suppressed_address_is_not_mailed_by_force_either(manage: Manage) -> None:
    mailed = Mailed(manage)
    mailed.report("bounce")
    manage.stack.wait_for(lambda: mailed.delivery()["reason"] == "bounced")
    replay(manage, mailed.message_id, force=[mailed.sent["id"]])
    manage.stack.wait_for(lambda: mailed.delivery()["reason"] == "suppressed: bounce")
    assert len(manage.stack.outbox(mailed.address)) == 1


def test_reports_of_the_second_sending_are_listed_with_it(manage: Manage) -> None:
    mailed = Mailed(manage)
    mailed.report("delivery")
    mailed.wait_for("delivery")
    replay(manage, mailed.message_id, force=[mailed.sent["id"]])
    manage.stack.wait_for(lambda: len(manage.stack.outbox(mailed.address)) == 2)
    manage.stack.wait_for(lambda: mailed.delivery()["status"] == "success")
    manage.report(mailed.delivery()["provider_message_id"], "delivery")
    delivery = mailed.wait_for("delivery", "delivery")
    assert [event.get("sending") for event in delivery["events"]] == [None, 2]


def test_only_what_is_named_is_sent_again(manage: Manage) -> None:
    address, number = f"{unique()}@example.com", phone_number()
    contacts = [*email_to(address), {"type": "mobile_number", "value": number}]
    message_id = manage.ingest(manage.configure(MAIL, TEXT, PHONE), contact_infos=contacts)
    mail, text, phone = manage.message(message_id)["deliveries"]
    answer = replay(manage, message_id, force=[text["id"], phone["id"]])
    assert effects(answer) == ["final", "queued", "final"]  # nobody has a phone
    manage.stack.wait_for(lambda: len(manage.stack.outbox(number)) == 2)
    assert (mail["status"], len(manage.stack.outbox(address))) == ("success", 1)


def test_what_is_configured_no_more_fails(manage: Manage, operator: Operator) -> None:
    event_type = manage.configure(MAIL)
    message_id = operator.store(manage.token, "dev", event_type, f"{unique()}@example.com")
    manage.configure(TEXT, event_type=event_type)
    assert effects(replay(manage, message_id)) == ["removed"]
    assert outcomes(manage.message(message_id)["deliveries"]) == [("failed", "notification removed")]
    assert effects(replay(manage, message_id)) == ["final"]


def test_a_message_without_deliveries_has_nothing_to_replay(manage: Manage) -> None:
    message_id = manage.ingest(unique("unconfigured"))
    manage.message(message_id)
    assert replay(manage, message_id)["deliveries"] == []


@pytest.mark.parametrize("message_id", ["a/b c", "🎉" * 256, "m#1?x=%", 5])
def test_a_message_is_named_by_any_id(team: Manage, message_id: Any) -> None:
    team.ingest("x", message_id=message_id)
    team.message(str(message_id))
    assert replay(team, message_id)["message_id"] == str(message_id)


def test_an_environment_may_be_called_as_any_path(team: Manage) -> None:
    for identifier in ("dead_letters", "dead_letter_redrives", "replays", "messages"):
        team.ok("POST", "/environments", {"identifier": identifier})
        client = Manage(team.stack, team.token, identifier)
        message_id = client.ingest("x")
        client.message(message_id)
        assert replay(client, message_id)["environment"] == identifier


class TestRefusals:
    @pytest.mark.parametrize("message_id", ["unknown", "%00", "a/b"])
    def test_an_unknown_message_is_not_found(self, manage: Manage, message_id: str) -> None:
        assert manage.call("POST", "/{env}/replays", {"message_id": message_id}) == NOT_FOUND

    def test_a_message_of_another_team_or_environment_is_not_found(self, manage: Manage, team: Manage) -> None:
        mailed = Mailed(manage)
        body = {"message_id": mailed.message_id}
        assert team.call("POST", "/{env}/replays", body) == NOT_FOUND
        assert manage.in_environment().call("POST", "/{env}/replays", body) == NOT_FOUND

    def test_a_delivery_of_another_message_is_refused(self, manage: Manage) -> None:
        mailed, other = Mailed(manage), Mailed(manage)
        body = {"message_id": mailed.message_id, "force": [mailed.sent["id"], other.sent["id"], UNKNOWN, ""]}
        assert manage.errors("POST", "/{env}/replays", body) == dict.fromkeys(
            ("force[1]", "force[2]", "force[3]"), "is no delivery of the message"
        )
        assert len(manage.stack.outbox(mailed.address)) == 1

    @pytest.mark.parametrize(
        ("members", "field"),
        [
            ({"message_id": None}, "message_id"),
            ({"message_id": ""}, "message_id"),
            ({"message_id": "x" * 257}, "message_id"),
            ({"message_id": ["m"]}, "message_id"),
            ({"force": "all"}, "force"),
            ({"force": [1]}, "force[0]"),
            ({"force": None}, "force"),
            ({"force": [UNKNOWN] * 1001}, "force"),
            ({"replay_id": ""}, "replay_id"),
            ({"replay_id": "x" * 65}, "replay_id"),
            ({"replay_id": 1}, "replay_id"),
        ],
    )
    def test_a_wrong_value_is_named(self, manage: Manage, members: dict[str, Any], field: str) -> None:
        assert list(manage.errors("POST", "/{env}/replays", {"message_id": "m", **members})) == [field]

    def test_a_message_id_is_required(self, manage: Manage) -> None:
        assert manage.errors("POST", "/{env}/replays", {}) == {"message_id": "is required"}

    def test_whoever_reads_messages_may_not_send_them_again(self, manage: Manage) -> None:
        reader = manage.with_permissions("read_messages", "post_events", "manage_templates")
        assert reader.call("POST", "/{env}/replays", {"message_id": "m"}) == FORBIDDEN
