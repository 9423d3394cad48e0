"""Events come in: the ingest endpoint with its token in the body, and the one under the environment's path."""

from __future__ import annotations

import re
import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.contract.neptune_client import (
    FORBIDDEN,
    LIMIT,
    NOT_AN_OBJECT,
    NOT_FOUND,
    NOT_JSON,
    TOO_LARGE,
    UNAUTHENTICATED,
    Neptune,
    missing,
    not_valid,
    raw,
    unique,
)
from tests.support.teams import Operator, OtherTeam

IN_PROCESS = True

MAIL = {"name": "mail", "channel": "email", "template": {"subject": "s", "text": "{{ otp }}"}}
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


def ingest(neptune: Neptune, body: bytes, headers: dict[str, str] | None = None) -> tuple[int, Any]:
    answer = neptune.stack.request("POST", "/neptune/events/ingest", body, headers)
    return answer.status, answer.json()


class TestOrderOfChecksOnIngest:
    def test_size_comes_before_syntax(self, neptune: Neptune) -> None:
        assert ingest(neptune, b"{" * (LIMIT + 1)) == TOO_LARGE

    @pytest.mark.parametrize("body", [b"{", b'{"environment":"dev",}', b'{"api_token":NaN}', b"x"])
    def test_syntax_comes_before_the_token(self, neptune: Neptune, body: bytes) -> None:
        assert ingest(neptune, body) == NOT_JSON

    @pytest.mark.parametrize("body", [b"null", b"[{}]", b'"x"', b"0"])
    def test_a_body_that_is_no_object_comes_before_the_token(self, neptune: Neptune, body: bytes) -> None:
        assert ingest(neptune, body) == NOT_AN_OBJECT

    @pytest.mark.parametrize("body", [b"", b"{}", b"[]"])
    def test_a_body_with_nothing_in_it_has_no_token(self, neptune: Neptune, body: bytes) -> None:
        assert ingest(neptune, body) == UNAUTHENTICATED

    @pytest.mark.parametrize("token", [None, "", 7, True, ["x"], {"a": 1}, "undefined", "a.b.c", "é.ü.ß"])
    def test_a_bad_token_comes_before_the_fields(self, neptune: Neptune, token: Any) -> None:
        assert ingest(neptune, raw({"api_token": token})) == UNAUTHENTICATED

    @pytest.mark.parametrize("key", ["public_key", "secret_key"])
    def test_a_client_key_is_no_token(self, neptune: Neptune, key: str) -> None:
        assert neptune.ingest(api_token=neptune.stack.demo[key]) == UNAUTHENTICATED

    def test_the_permission_comes_before_the_fields(self, neptune: Neptune, operator: Operator) -> None:
        assert ingest(neptune, raw({"api_token": operator.token(["manage_users"])})) == FORBIDDEN

    def test_the_fields_come_before_the_environment(self, neptune: Neptune) -> None:
        assert neptune.ingest(environment="nowhere", event_type=None) == missing("event_type")

    def test_an_unknown_environment_comes_last(self, neptune: Neptune) -> None:
        assert neptune.ingest(environment="nowhere") == NOT_FOUND

    @pytest.mark.parametrize("environment", ["DEV", "dev ", "d" * 64, "d" * 5000, "é"])
    def test_an_environment_is_its_exact_identifier(self, neptune: Neptune, environment: str) -> None:
        assert neptune.ingest(environment=environment) == NOT_FOUND

    def test_environment_and_event_type_are_required(self, neptune: Neptune) -> None:
        assert ingest(neptune, raw({"api_token": neptune.token})) == missing("environment", "event_type")

    def test_post_events_is_permission_enough(self, neptune: Neptune, operator: Operator) -> None:
        assert neptune.ingest(api_token=operator.token(["post_events"]))[0] == 200

    @pytest.mark.parametrize("header", ["Bearer undefined", "Basic dTpw", "nonsense"])
    def test_an_authorization_header_is_ignored(self, neptune: Neptune, header: str) -> None:
        body = raw({"environment": "dev", "api_token": neptune.token, "event_type": "x"})
        assert ingest(neptune, body, {"Authorization": header})[0] == 200

    def test_a_good_header_does_not_stand_in_for_the_token(self, neptune: Neptune) -> None:
        body = raw({"environment": "dev", "event_type": "x"})
        assert ingest(neptune, body, {"Authorization": f"Bearer {neptune.token}"}) == UNAUTHENTICATED

    def test_a_token_of_another_team_does_not_know_the_environment(self, fresh: Neptune, other_team: OtherTeam) -> None:
        assert fresh.ingest(api_token=other_team.token) == NOT_FOUND


CLIENTS: list[dict[str, Any]] = [
    {
        "user_id": "u1",
        "contact_infos": [{"type": "email", "value": "sam@example.com"}],
        "timestamp": 1644999639,
        "event_type": "login_with_otp",
        "environment": "dev",
        "api_token": "TOKEN",
        "version": "1",
        "data": {"otp": 1},
    },
    {"event_type": "x", "environment": "dev", "api_token": "TOKEN", "version": "1"},
    {
        "user_id": 7,
        "contact_infos": [],
        "event_type": "x",
        "environment": "dev",
        "api_token": "TOKEN",
        "version": "1",
        "data": [],
    },
    {
        "version": 1,
        "message_id": "dev-0b6f",
        "timestamp": 1644999639,
        "event_type": "user_added_to_team_by_admin",
        "user_id": None,
        "data": {"member": {"name": "Sam"}, "list": [1, 2]},
        "ignore_user_contacts": "true",
        "contact_infos": [{"type": "email", "value": "sam@example.com", "copy": "bcc"}],
        "tags": [],
        "client": {"ip": "192.0.2.1", "userAgent": "x"},
        "environment": "dev",
        "api_token": "TOKEN",
    },
]


@pytest.mark.parametrize("body", CLIENTS, ids=["full", "least", "php", "hand-written"])
def test_a_body_that_a_real_client_sends_is_accepted(fresh: Neptune, body: dict[str, Any]) -> None:
    message_id = fresh.accepted({**body, "environment": fresh.environment, "api_token": fresh.token})
    message = fresh.message(message_id)
    known = {"user_id", "contact_infos", "timestamp", "event_type", "environment", "api_token", "data"}
    known |= {"message_id", "ignore_user_contacts"}
    assert message["data"] == (body.get("data") or {})
    assert message["user_id"] == (str(body["user_id"]) if body.get("user_id") else None)
    assert message["contact_infos"] == body.get("contact_infos", [])
    assert message["timestamp"] == body.get("timestamp")
    assert message["ignore_user_contacts"] is (body.get("ignore_user_contacts") == "true")
    assert message["extra"] == {key: value for key, value in body.items() if key not in known}
    assert TIME.fullmatch(message["received_at"])


class TestMessageId:
    def test_the_callers_id_is_answered(self, neptune: Neptune) -> None:
        message_id = "test-1644999639-staging-8a0c8a3e"
        assert neptune.ingest(message_id=message_id) == (200, {"message_id": message_id, "status": "accepted"})

    @pytest.mark.parametrize("given", [{}, {"message_id": None}, {"message_id": ""}])
    def test_without_one_an_uuid_is_made(self, neptune: Neptune, given: dict[str, Any]) -> None:
        assert uuid.UUID(neptune.accepted(given)).version == 4

    def test_each_event_without_one_is_a_new_message(self, neptune: Neptune) -> None:
        assert neptune.accepted() != neptune.accepted()

    def test_an_integer_is_kept_as_text(self, neptune: Neptune) -> None:
        assert neptune.accepted(message_id=7) == "7"

    @pytest.mark.parametrize("value", [True, 1.5, ["x"], {"a": 1}, "x" * 257])
    def test_other_types_and_longer_ones_are_not_valid(self, neptune: Neptune, value: Any) -> None:
        assert neptune.ingest(message_id=value) == not_valid("message_id")

    @pytest.mark.parametrize("value", ["x" * 256, "ü/é %2F ?&#" + "😀" * 200, "a#b", "\u0000", "\uffff"])
    def test_any_text_of_up_to_256_characters_will_do(self, fresh: Neptune, value: str) -> None:
        assert fresh.accepted(message_id=value) == value

    def test_a_repeat_with_other_content_changes_nothing(self, fresh: Neptune) -> None:
        fresh.configure("x", MAIL)
        first = {"message_id": "m", "data": {"n": 1}, "contact_infos": [{"type": "email", "value": "a@example.com"}]}
        assert fresh.accepted(first) == "m"
        stored = fresh.message("m", until_final=True)
        assert fresh.accepted(message_id="m", event_type="y", data={"n": 2}) == "m"
        marker = fresh.accepted(event_type="later")
        fresh.message(marker)
        assert fresh.message("m") == {**stored, "conflicts": 1}
        assert stored["data"] == {"n": 1}

    @pytest.mark.over_http
    @pytest.mark.slow
    def test_repeats_at_the_same_time_leave_one_message_and_one_delivery(self, fresh: Neptune) -> None:
        fresh.configure("x", MAIL)
        to = f"{unique()}@example.com"

        def send(n: int) -> str:
            return fresh.accepted(message_id="m", data={"otp": n}, contact_infos=[{"type": "email", "value": to}])

        with ThreadPoolExecutor(8) as pool:
            assert set(pool.map(send, range(12))) == {"m"}
        message = fresh.message("m", until_final=True)
        assert [each["status"] for each in message["deliveries"]] == ["success"]
        [mail] = fresh.stack.outbox(to)
        assert mail["text"] == str(message["data"]["otp"])
        listed = fresh.stack.request("GET", f"/manage/{fresh.environment}/messages", token=fresh.token).json()
        assert [each["message_id"] for each in listed["data"]] == ["m"]

    def test_the_same_id_in_another_environment_is_another_message(self, neptune: Neptune, fresh: Neptune) -> None:
        message_id = unique("m")
        neptune.accepted(message_id=message_id, data={"of": "dev"})
        fresh.accepted(message_id=message_id, data={"of": "fresh"})
        assert neptune.message(message_id)["data"] == {"of": "dev"}
        assert fresh.message(message_id)["data"] == {"of": "fresh"}


class TestEventType:
    @pytest.mark.parametrize("value", ["x", "Product Purchased!", "ä/ö %20", "x" * 256, " "])
    def test_any_text_of_up_to_256_characters_will_do(self, neptune: Neptune, value: str) -> None:
        assert neptune.message(neptune.accepted(event_type=value))["event_type"] == value

    @pytest.mark.parametrize("value", [7, True, ["x"], {"a": 1}, "x" * 257])
    def test_anything_else_is_not_valid(self, neptune: Neptune, value: Any) -> None:
        assert neptune.ingest(event_type=value) == not_valid("event_type")

    @pytest.mark.parametrize("value", [None, ""])
    def test_it_is_required(self, neptune: Neptune, value: Any) -> None:
        assert neptune.ingest(event_type=value) == missing("event_type")


class TestEnvironment:
    @pytest.mark.parametrize("value", [None, ""])
    def test_it_is_required(self, neptune: Neptune, value: Any) -> None:
        assert neptune.ingest(environment=value) == missing("environment")

    @pytest.mark.parametrize("value", [7, True, ["dev"], {"a": 1}])
    def test_it_is_a_string(self, neptune: Neptune, value: Any) -> None:
        assert neptune.ingest(environment=value) == not_valid("environment")


class TestData:
    @pytest.mark.parametrize("given", [{}, {"data": None}, {"data": []}, {"data": {}}])
    def test_nothing_is_an_empty_object(self, neptune: Neptune, given: dict[str, Any]) -> None:
        assert neptune.message(neptune.accepted(given))["data"] == {}

    @pytest.mark.parametrize("value", [[1], [[]], "x", "", 1, 0, True, False])
    def test_anything_but_an_object_is_not_valid(self, neptune: Neptune, value: Any) -> None:
        assert neptune.ingest(data=value) == not_valid("data")

    def test_it_is_kept_as_it_was_sent(self, neptune: Neptune) -> None:
        data = {
            "int": 12345678901234567890,
            "float": 0.1,
            "whole": 1.0,
            "none": None,
            "no": False,
            "text": "ü 😀 \u0000 \ufffe \uffff \u2028 </script> \\/",
            "nested": {"list": [1, [2, {"a": []}]], "": {}},
        }
        kept = neptune.message(neptune.accepted(data=data))["data"]
        assert kept == data
        assert isinstance(kept["whole"], float)

    def test_a_large_one_is_kept_whole(self, neptune: Neptune) -> None:
        data = {f"key{n}": "ä" * 1000 for n in range(40)}
        assert neptune.message(neptune.accepted(data=data))["data"] == data


class TestUserId:
    def test_an_integer_is_kept_as_text(self, neptune: Neptune) -> None:
        assert neptune.message(neptune.accepted(user_id=12))["user_id"] == "12"

    def test_null_is_no_user(self, neptune: Neptune) -> None:
        assert neptune.message(neptune.accepted(user_id=None))["user_id"] is None

    @pytest.mark.parametrize("value", [True, 1.5, ["x"], {"a": 1}, "", "x" * 257])
    def test_anything_else_is_not_valid(self, neptune: Neptune, value: Any) -> None:
        assert neptune.ingest(user_id=value) == not_valid("user_id")

    def test_an_unknown_user_is_no_error_and_is_not_created(self, neptune: Neptune) -> None:
        user = unique()
        neptune.configure("for_strangers", MAIL)
        message = neptune.message(neptune.accepted(user_id=user, event_type="for_strangers"), until_final=True)
        assert message["user_id"] == user
        assert [(each["status"], each["reason"]) for each in message["deliveries"]] == [
            ("no_contact", "no email contact")
        ]
        assert neptune.call("GET", f"/{{env}}/users/{user}") == NOT_FOUND

    def test_an_event_for_an_unknown_user_reaches_its_own_contacts(self, neptune: Neptune) -> None:
        to = f"{unique()}@example.com"
        neptune.configure("for_strangers", MAIL)
        contacts = [{"type": "email", "value": to}]
        message_id = neptune.accepted(user_id=unique(), event_type="for_strangers", contact_infos=contacts)
        assert [each["to"] for each in neptune.message(message_id, until_final=True)["deliveries"]] == [to]


class TestContactInfos:
    @pytest.mark.parametrize("value", [None, [], {}])
    def test_nothing_is_none(self, neptune: Neptune, value: Any) -> None:
        assert neptune.message(neptune.accepted(contact_infos=value))["contact_infos"] == []

    @pytest.mark.parametrize("value", ["x", "", 1, True, {"type": "email", "value": "a@example.com"}])
    def test_anything_but_an_array_is_not_valid(self, neptune: Neptune, value: Any) -> None:
        assert neptune.ingest(contact_infos=value) == not_valid("contact_infos")

    def test_fifty_are_taken_and_one_more_is_not(self, neptune: Neptune) -> None:
        entries = [{"type": "email", "value": f"u{n}@example.com"} for n in range(51)]
        assert neptune.ingest(contact_infos=entries[:50])[0] == 200
        assert neptune.ingest(contact_infos=entries) == not_valid("contact_infos")

    @pytest.mark.parametrize(
        "entry",
        [
            {"type": "pigeon", "value": "x"},
            {"type": "email", "value": None},
            {"type": "email", "value": ""},
            {"type": "email", "value": "  "},
            {"type": "email"},
            {"value": "a@example.com"},
            {"type": None, "value": "a@example.com"},
            {"type": ["email"], "value": "a@example.com"},
            {},
        ],
    )
    def test_an_entry_of_no_use_is_kept_and_skipped(self, fresh: Neptune, entry: dict[str, Any]) -> None:
        fresh.configure("x", MAIL)
        message = fresh.message(fresh.accepted(contact_infos=[entry]), until_final=True)
        assert message["contact_infos"] == [entry]
        assert [each["status"] for each in message["deliveries"]] == ["no_contact"]

    def test_an_integer_is_a_value(self, fresh: Neptune) -> None:
        fresh.configure("x", {"name": "sms", "channel": "sms", "template": {"text": "t"}})
        entry = {"type": "mobile_number", "value": 919899999999}
        message = fresh.message(fresh.accepted(contact_infos=[entry]), until_final=True)
        assert [each["to"] for each in message["deliveries"]] == ["919899999999"]

    @pytest.mark.parametrize("more", [{"cc": True}, {"copy": "cc"}, {"copy": "bcc"}])
    @pytest.mark.over_http
    def test_a_copy_is_a_recipient_of_its_own(self, fresh: Neptune, more: dict[str, Any]) -> None:
        fresh.configure("x", MAIL)
        first, copied = f"{unique()}@example.com", f"{unique()}@example.com"
        entries = [{"type": "email", "value": first}, {"type": "email", "value": copied, **more}]
        message = fresh.message(fresh.accepted(contact_infos=entries), until_final=True)
        assert [(each["to"], each["status"]) for each in message["deliveries"]] == [
            (first, "success"),
            (copied, "success"),
        ]
        assert len(fresh.stack.outbox(first)) == len(fresh.stack.outbox(copied)) == 1

    def reached(self, neptune: Neptune, **event: Any) -> list[str]:
        message = neptune.message(neptune.accepted(**event), until_final=True)
        return [each["to"] for each in message["deliveries"]]

    @pytest.fixture
    def user(self, fresh: Neptune) -> str:
        fresh.configure("x", MAIL)
        fresh.configure("ios", {**MAIL, "to": {"filterable": "ios"}})
        user = fresh.user()
        stored = {"type": "email", "value": "Stored@example.com", "filterable": "ios"}
        fresh.ok("POST", f"/{{env}}/users/{user}/contacts_info", stored)
        return user

    def test_the_users_and_the_events_contacts_are_reached(self, fresh: Neptune, user: str) -> None:
        given = [{"type": "email", "value": "given@example.com"}]
        assert self.reached(fresh, user_id=user, contact_infos=given) == ["Stored@example.com", "given@example.com"]

    def test_the_same_address_is_reached_once(self, fresh: Neptune, user: str) -> None:
        given = [{"type": "email", "value": "stored@EXAMPLE.com"}, {"type": "email", "value": "STORED@example.com"}]
        assert self.reached(fresh, user_id=user, contact_infos=given) == ["Stored@example.com"]

    def test_a_stored_filterable_stays_where_the_event_has_none(self, fresh: Neptune, user: str) -> None:
        given = [{"type": "email", "value": "stored@example.com"}]
        assert self.reached(fresh, user_id=user, contact_infos=given, event_type="ios") == ["Stored@example.com"]

    def test_a_filterable_of_the_event_counts(self, fresh: Neptune, user: str) -> None:
        given = [{"type": "email", "value": "stored@example.com", "filterable": "web"}]
        assert self.reached(fresh, user_id=user, contact_infos=given, event_type="ios") == [None]

    @pytest.mark.parametrize("value", [True, "true"])
    def test_the_users_can_be_ignored(self, fresh: Neptune, user: str, value: Any) -> None:
        given = [{"type": "email", "value": "given@example.com"}]
        event = {"user_id": user, "contact_infos": given, "ignore_user_contacts": value}
        assert self.reached(fresh, **event) == ["given@example.com"]

    @pytest.mark.parametrize("value", [False, "false", None, 1, "1", "True", [], {}, "yes"])
    def test_nothing_but_true_ignores_them(self, fresh: Neptune, user: str, value: Any) -> None:
        assert self.reached(fresh, user_id=user, ignore_user_contacts=value) == ["Stored@example.com"]

    def test_the_events_contacts_are_never_saved(self, fresh: Neptune, user: str) -> None:
        self.reached(fresh, user_id=user, contact_infos=[{"type": "email", "value": "given@example.com"}])
        shown = fresh.ok("GET", f"/{{env}}/users/{user}?includes=contact_infos")
        assert [each["value"] for each in shown["contact_infos"]] == ["Stored@example.com"]


class TestWhatIsKept:
    @pytest.mark.parametrize("value", [1644999639, "1644999639", 0, -5])
    def test_a_timestamp_of_digits_counts(self, neptune: Neptune, value: Any) -> None:
        message = neptune.message(neptune.accepted(timestamp=value))
        assert (message["timestamp"], message["extra"]) == (int(value), {})

    @pytest.mark.parametrize("value", ["yesterday", 1.5, True, [1], {"a": 1}, "", "9" * 30])
    def test_any_other_timestamp_is_kept_and_ignored(self, neptune: Neptune, value: Any) -> None:
        message = neptune.message(neptune.accepted(timestamp=value))
        assert (message["timestamp"], message["extra"]) == (None, {"timestamp": value})

    def test_no_timestamp_is_none(self, neptune: Neptune) -> None:
        message = neptune.message(neptune.accepted(timestamp=None))
        assert (message["timestamp"], message["extra"]) == (None, {})

    @pytest.mark.parametrize("value", ["1", 1, None, [], {"a": 1}])
    def test_any_version_is_kept(self, neptune: Neptune, value: Any) -> None:
        assert neptune.message(neptune.accepted(version=value))["extra"] == {"version": value}

    def test_other_keys_are_kept(self, neptune: Neptune) -> None:
        more = {"tags": ["a"], "client": {"ip": "192.0.2.1"}, "Any Thing": None, "model_config": 1, "extra": {"x": 1}}
        assert neptune.message(neptune.accepted(more))["extra"] == more

    def test_the_token_is_not_kept(self, neptune: Neptune) -> None:
        message = neptune.message(neptune.accepted())
        assert neptune.token not in str(message)
        assert "api_token" not in str(message)

    def test_an_event_type_that_nobody_configured_is_stored_without_deliveries(self, neptune: Neptune) -> None:
        message = neptune.message(neptune.accepted(event_type=unique("event")))
        assert message["deliveries"] == []


class TestUnderTheEnvironmentsPath:
    def post(self, neptune: Neptune, body: Any) -> tuple[int, Any]:
        return neptune.call("POST", "/{env}/events", body)

    def test_an_event_is_accepted(self, neptune: Neptune) -> None:
        body = {"event_type": "x", "message_id": "under-path", "data": [], "user_id": 7}
        assert self.post(neptune, body) == (200, {"message_id": "under-path", "status": "accepted"})

    @pytest.mark.parametrize("body", CLIENTS, ids=["full", "least", "php", "hand-written"])
    def test_a_body_that_a_real_client_sends_is_accepted(self, fresh: Neptune, body: dict[str, Any]) -> None:
        assert self.post(fresh, body)[0] == 200

    def test_environment_and_token_in_the_body_are_ignored_and_not_kept(self, neptune: Neptune) -> None:
        body = {"event_type": "x", "environment": "nowhere", "api_token": "bad", "version": 1}
        status, answer = self.post(neptune, body)
        assert status == 200
        assert neptune.message(answer["message_id"])["extra"] == {"version": 1}

    @pytest.mark.parametrize("ignored", [7, None, ["x"]])
    def test_environment_and_token_in_the_body_may_be_anything(self, neptune: Neptune, ignored: Any) -> None:
        assert self.post(neptune, {"event_type": "x", "environment": ignored, "api_token": ignored})[0] == 200

    def test_a_repeat_of_an_ingested_event_is_the_same_message(self, fresh: Neptune) -> None:
        fresh.accepted(message_id="m", data={"n": 1})
        fresh.message("m")
        assert self.post(fresh, {"event_type": "x", "message_id": "m", "data": {"n": 2}})[0] == 200
        fresh.message(fresh.accepted())
        assert fresh.message("m")["data"] == {"n": 1}

    def test_event_type_is_required(self, neptune: Neptune) -> None:
        assert self.post(neptune, {}) == missing("event_type")

    def test_wrong_fields_are_named(self, neptune: Neptune) -> None:
        body = {"event_type": 1, "data": "x", "user_id": True, "contact_infos": 1, "message_id": []}
        assert self.post(neptune, body) == not_valid("event_type", "data", "user_id", "contact_infos", "message_id")

    def test_the_environment_may_be_called_as_anything_that_is_allowed(self, fresh: Neptune) -> None:
        assert self.post(fresh, {"event_type": "x"})[0] == 200


def test_the_event_of_the_documentation_is_accepted(neptune: Neptune) -> None:
    assert neptune.ingest(event_type="request_otp_to_verify_email_during_registration")[0] == 200


def test_a_mock_environment_takes_events_too(neptune: Neptune) -> None:
    sandbox = Neptune(neptune.stack, neptune.token, "sandbox")
    assert sandbox.message(sandbox.accepted())["environment"] == "sandbox"
