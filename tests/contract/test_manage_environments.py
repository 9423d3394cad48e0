"""Environments, API tokens and client keys."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import jwt
import pytest

from tests.contract.manage_client import DELETED, NOT_FOUND, UNAUTHENTICATED, Manage, invalid, unique

IN_PROCESS = True

ARN = "arn:aws:sns:us-east-1:123456789012"
FCM, APNS = f"{ARN}:app/GCM/shop", f"{ARN}:app/APNS/shop"
HOURLY = {"sms_per_address": 5, "emails_per_address": 20, "sms_per_key": 100}
CLIENT_ACCESS = {"identity": "open", "inbox": "closed", "hourly": HOURLY}


class TestEnvironments:
    def test_an_environment_is_as_it_was_made(self, team: Manage) -> None:
        channels = {"email": {"from": "Shop <shop@example.com>"}, "sms": {"sender_id": "SHOP"}, "push": None}
        body = {"identifier": "live", "name": "Live", "mock": True, "channels": channels}
        made = team.ok("POST", "/environments", body)
        assert made == {
            **body,
            "client_access": CLIENT_ACCESS,
            "keep_rendered": False,
            "default_country": None,
            "created_at": made["created_at"],
        }
        assert team.ok("GET", "/environments")["data"][-1] == made

    def test_what_is_left_out_has_its_default(self, team: Manage) -> None:
        made = team.ok("POST", "/environments", {"identifier": "live"})
        assert (made["name"], made["mock"]) == ("live", False)
        [first, _] = team.ok("GET", "/environments")["data"]
        assert made["channels"] == first["channels"]  # the stack's own
        assert made["channels"]["email"] == {"from": "hello@example.com"}
        assert None not in made["channels"].values()

    def test_a_channel_that_is_null_has_no_provider_and_one_left_out_the_stacks(self, team: Manage) -> None:
        made = team.ok("POST", "/environments", {"identifier": "live", "channels": {"email": None, "sms": {}}})
        assert made["channels"]["email"] is None
        assert made["channels"]["sms"] == {"sender_id": None}
        assert made["channels"]["push"] == team.ok("GET", "/environments")["data"][0]["channels"]["push"]
        assert team.ok("GET", "/environments")["data"][1] == made

    def test_what_countries_want_of_a_text_is_as_it_was_given(self, team: Manage) -> None:
        sms = {"sender_id": "SHOP", "origination_number": "+12065550100", "entity_id": "11-01", "template_id": "1_07"}
        made = team.ok("POST", "/environments", {"identifier": "live", "channels": {"sms": sms}})
        assert made["channels"]["sms"] == sms
        assert team.ok("GET", "/environments")["data"][1] == made

    @pytest.mark.parametrize(
        "push",
        [
            {"application_arn": FCM},
            {"fcm": FCM},
            {"fcm": FCM, "apns": APNS},
            {"fcm": FCM, "apns_sandbox": APNS.replace("APNS", "APNS_SANDBOX")},
            {"application_arn": FCM, "apns": APNS},
        ],
    )
    def test_push_has_one_application_or_one_for_each_platform(self, team: Manage, push: dict[str, str]) -> None:
        made = team.ok("POST", "/environments", {"identifier": "live", "channels": {"push": push}})
        assert made["channels"]["push"] == push
        assert team.ok("GET", "/environments")["data"][-1] == made

    def test_environments_are_listed_oldest_first_and_page_by_page(self, team: Manage) -> None:
        names = ["z", "a", "m", "b"]
        for name in names:
            team.ok("POST", "/environments", {"identifier": name})
        pages = team.pages("/environments", 2)
        assert [[each["identifier"] for each in page] for page in pages] == [["dev", "z"], ["a", "m"], ["b"]]

    @pytest.mark.parametrize("identifier", ["a", "0", "a-b_c9", "x" * 63])
    def test_an_identifier_may_be(self, team: Manage, identifier: str) -> None:
        assert team.ok("POST", "/environments", {"identifier": identifier})["identifier"] == identifier

    @pytest.mark.parametrize("identifier", ["", "A", "-a", "_a", "a b", "a/b", "ä", "x" * 64, "a\n", 1, None, ["a"]])
    def test_an_identifier_may_not_be(self, manage: Manage, identifier: Any) -> None:
        assert list(manage.errors("POST", "/environments", {"identifier": identifier})) == ["identifier"]

    @pytest.mark.parametrize(
        "word", ["events", "environments", "app_notifications", "users", "api_tokens", "client_keys", "suppressions"]
    )
    def test_a_reserved_word_is_no_identifier(self, manage: Manage, word: str) -> None:
        answer = manage.call("POST", "/environments", {"identifier": word})
        assert answer == invalid({"field": "identifier", "message": "is a reserved word"})

    def test_an_identifier_is_required(self, manage: Manage) -> None:
        assert manage.errors("POST", "/environments", {}) == {"identifier": "is required"}

    def test_an_identifier_that_is_taken_is_refused_and_changes_nothing(self, team: Manage) -> None:
        body = {"identifier": "dev", "name": "other", "mock": True}
        answer = team.call("POST", "/environments", body)
        assert answer == invalid({"field": "identifier", "message": "already exists"})
        [environment] = team.ok("GET", "/environments")["data"]
        assert (environment["name"], environment["mock"]) == ("dev", False)

    def test_teams_may_use_the_same_identifier(self, team: Manage, manage: Manage) -> None:
        identifier = unique("e")
        for client in (team, manage):
            client.ok("POST", "/environments", {"identifier": identifier})

    @pytest.mark.parametrize(
        ("members", "field"),
        [
            ({"name": ""}, "name"),
            ({"name": "x" * 201}, "name"),
            ({"name": 1}, "name"),
            ({"mock": "true"}, "mock"),
            ({"mock": 1}, "mock"),
            ({"channels": []}, "channels"),
            ({"channels": {"fax": {}}}, "channels.fax"),
            ({"channels": {"email": {}}}, "channels.email.from"),
            ({"channels": {"email": {"from": "nobody"}}}, "channels.email.from"),
            ({"channels": {"email": {"from": "a <b@c.d> x"}}}, "channels.email.from"),
            ({"channels": {"email": {"from": "a@b.c", "to": "x"}}}, "channels.email.to"),
            ({"channels": {"email": "a@b.c"}}, "channels.email"),
            ({"channels": {"sms": {"sender_id": "x" * 12}}}, "channels.sms.sender_id"),
            ({"channels": {"sms": {"sender_id": 1}}}, "channels.sms.sender_id"),
            ({"channels": {"sms": {"origination_number": "SHOP"}}}, "channels.sms.origination_number"),
            ({"channels": {"sms": {"origination_number": "+1" + "2" * 15}}}, "channels.sms.origination_number"),
            ({"channels": {"sms": {"entity_id": ""}}}, "channels.sms.entity_id"),
            ({"channels": {"sms": {"entity_id": "x" * 65}}}, "channels.sms.entity_id"),
            ({"channels": {"sms": {"template_id": "a b"}}}, "channels.sms.template_id"),
            ({"channels": {"sms": {"template": "x"}}}, "channels.sms.template"),
            ({"channels": {"push": {}}}, "channels.push.application_arn"),
            ({"channels": {"push": {"application_arn": "x"}}}, "channels.push.application_arn"),
            ({"channels": {"push": {"application_arn": None, "fcm": None}}}, "channels.push.application_arn"),
            ({"channels": {"push": {"fcm": f"{ARN}:topic"}}}, "channels.push.fcm"),
            ({"channels": {"push": {"fcm": f"{ARN}:endpoint/GCM/shop/1"}}}, "channels.push.fcm"),
            ({"channels": {"push": {"fcm": FCM, "apns": f"{APNS} "}}}, "channels.push.apns"),
            ({"channels": {"push": {"apns_sandbox": 1}}}, "channels.push.apns_sandbox"),
            ({"channels": {"push": {"fcm": FCM, "adm": FCM}}}, "channels.push.adm"),
        ],
    )
    def test_a_wrong_member_is_named(self, manage: Manage, members: dict[str, Any], field: str) -> None:
        assert list(manage.errors("POST", "/environments", {"identifier": unique("e"), **members})) == [field]

    def test_public_keys_may_what_was_said_and_else_what_is_the_default(self, team: Manage) -> None:
        body = {"identifier": "live", "client_access": {"identity": "verified", "hourly": {"sms_per_key": 7}}}
        made = team.ok("POST", "/environments", body)
        assert made["client_access"] == {
            "identity": "verified",
            "inbox": "closed",
            "hourly": {**HOURLY, "sms_per_key": 7},
        }
        assert team.ok("GET", "/environments")["data"][-1] == made

    def test_any_credential_lists_environments(self, manage: Manage) -> None:
        assert manage.with_permissions("read:leads").call("GET", "/environments")[0] == 200


WRONG_ACCESS: list[tuple[Any, str]] = [
    ([], "client_access"),
    (None, "client_access"),
    ({"identity": "closed"}, "client_access.identity"),
    ({"identity": None}, "client_access.identity"),
    ({"inbox": True}, "client_access.inbox"),
    ({"outbox": "open"}, "client_access.outbox"),
    ({"hourly": 5}, "client_access.hourly"),
    ({"hourly": {"sms_per_address": -1}}, "client_access.hourly.sms_per_address"),
    ({"hourly": {"sms_per_address": "5"}}, "client_access.hourly.sms_per_address"),
    ({"hourly": {"sms_per_key": 1.5}}, "client_access.hourly.sms_per_key"),
    ({"hourly": {"sms_per_key": 1_000_001}}, "client_access.hourly.sms_per_key"),
    ({"hourly": {"emails_per_address": None}}, "client_access.hourly.emails_per_address"),
    ({"hourly": {"pushes_per_key": 5}}, "client_access.hourly.pushes_per_key"),
]


class TestEnvironmentChanges:
    def test_what_is_given_is_changed_and_what_is_left_out_stays(self, team: Manage) -> None:
        [before] = team.ok("GET", "/environments")["data"]
        changed = team.ok("PUT", "/environments/dev", {"name": "Development"})
        assert changed == {**before, "name": "Development"}
        assert team.ok("GET", "/environments")["data"] == [changed]

    def test_nothing_given_changes_nothing(self, team: Manage) -> None:
        [before] = team.ok("GET", "/environments")["data"]
        assert team.ok("PUT", "/environments/dev", {}) == before

    def test_a_channel_is_replaced_and_the_others_stay(self, team: Manage) -> None:
        team.ok("POST", "/environments", {"identifier": "live", "channels": {"sms": None, "push": {"fcm": FCM}}})
        changed = team.ok("PUT", "/environments/live", {"channels": {"push": {"apns": APNS}}})
        assert (changed["channels"]["sms"], changed["channels"]["push"]) == (None, {"apns": APNS})
        changed = team.ok("PUT", "/environments/live", {"channels": {"email": None}})
        assert changed["channels"] == {"email": None, "sms": None, "push": {"apns": APNS}}

    def test_what_public_keys_may_is_changed_member_by_member(self, team: Manage) -> None:
        team.ok("PUT", "/environments/dev", {"client_access": {"inbox": "open", "hourly": {"sms_per_key": 0}}})
        given = {"identity": "verified", "hourly": {"sms_per_address": 1}}
        changed = team.ok("PUT", "/environments/dev", {"client_access": given})
        hourly = {"sms_per_address": 1, "emails_per_address": 20, "sms_per_key": 0}
        assert changed["client_access"] == {"identity": "verified", "inbox": "open", "hourly": hourly}
        assert team.ok("GET", "/environments")["data"] == [changed]

    def test_whether_content_is_kept_is_changed_and_stays(self, team: Manage) -> None:
        assert team.ok("PUT", "/environments/dev", {"keep_rendered": True})["keep_rendered"] is True
        assert team.ok("PUT", "/environments/dev", {"name": "x"})["keep_rendered"] is True
        assert team.ok("PUT", "/environments/dev", {"keep_rendered": False})["keep_rendered"] is False

    @pytest.mark.parametrize("identifier", ["missing", "x" * 64, "x" * 5000, "DEV", "dev%23x"])
    def test_an_environment_that_is_not_there_is_not_found(self, manage: Manage, identifier: str) -> None:
        assert manage.call("PUT", f"/environments/{identifier}", {"name": "x"}) == NOT_FOUND

    def test_what_is_checked_first_is_the_body(self, manage: Manage) -> None:
        assert manage.errors("PUT", "/environments/missing", {"mock": True}) == {"mock": "is not a known member"}

    @pytest.mark.parametrize(
        ("members", "field"),
        [
            ({"name": ""}, "name"),
            ({"name": "x" * 201}, "name"),
            ({"mock": True}, "mock"),
            ({"keep_rendered": None}, "keep_rendered"),
            ({"keep_rendered": "true"}, "keep_rendered"),
            ({"identifier": "other"}, "identifier"),
            ({"channels": None}, "channels"),
            ({"channels": {"fax": {}}}, "channels.fax"),
            ({"channels": {"email": {}}}, "channels.email.from"),
            ({"channels": {"push": {}}}, "channels.push.application_arn"),
            *(({"client_access": access}, field) for access, field in WRONG_ACCESS),
        ],
    )
    def test_a_wrong_member_is_named_and_nothing_is_changed(
        self, team: Manage, members: dict[str, Any], field: str
    ) -> None:
        before = team.ok("GET", "/environments")
        assert list(team.errors("PUT", "/environments/dev", {"name": "other", **members})) == [field]
        assert team.ok("GET", "/environments") == before

    @pytest.mark.parametrize(("access", "field"), WRONG_ACCESS)
    def test_a_new_environment_is_held_to_the_same(self, manage: Manage, access: Any, field: str) -> None:
        body = {"identifier": unique("e"), "client_access": access}
        assert list(manage.errors("POST", "/environments", body)) == [field]


class TestApiTokens:
    NEW = {"name": "backend", "permissions": ["post_events"], "default_environment": "dev"}

    def test_a_token_is_shown_once(self, team: Manage) -> None:
        made = team.ok("POST", "/api_tokens", self.NEW)
        assert made == {
            **self.NEW,
            **{name: made[name] for name in ("id", "token", "created_at", "expires_at")},
        }
        listed = {each["id"]: each for each in team.ok("GET", "/api_tokens")["data"]}
        del made["token"]
        assert listed[made["id"]] == made

    def test_a_token_is_a_jwt_that_is_valid_for_a_year(self, team: Manage) -> None:
        made = team.ok("POST", "/api_tokens", self.NEW)
        claims = jwt.decode(made["token"], options={"verify_signature": False})
        assert claims["exp"] - claims["iat"] == 365 * 24 * 60 * 60
        assert claims["jti"] == made["id"]
        assert Manage(team.stack, made["token"]).call("GET", "/environments")[0] == 200

    @pytest.mark.parametrize("days", [1, 3650])
    def test_a_token_may_be_valid_for(self, team: Manage, days: int) -> None:
        made = team.ok("POST", "/api_tokens", {**self.NEW, "expires_in_days": days})
        times = [datetime.fromisoformat(made[name]) for name in ("created_at", "expires_at")]
        assert times[1] - times[0] == timedelta(days=days)

    @pytest.mark.parametrize(
        ("members", "field"),
        [
            ({"expires_in_days": 0}, "expires_in_days"),
            ({"expires_in_days": 3651}, "expires_in_days"),
            ({"expires_in_days": "1"}, "expires_in_days"),
            ({"expires_in_days": 1.5}, "expires_in_days"),
            ({"expires_in_days": True}, "expires_in_days"),
            ({"name": ""}, "name"),
            ({"name": "x" * 201}, "name"),
            ({"name": None}, "name"),
            ({"permissions": []}, "permissions"),
            ({"permissions": "admin:all"}, "permissions"),
            ({"permissions": ["post_events", "all"]}, "permissions[1]"),
            ({"default_environment": 1}, "default_environment"),
        ],
    )
    def test_a_wrong_member_is_named(self, manage: Manage, members: dict[str, Any], field: str) -> None:
        assert list(manage.errors("POST", "/api_tokens", {**self.NEW, **members})) == [field]

    def test_what_is_required_is_named(self, manage: Manage) -> None:
        required = ("name", "permissions", "default_environment")
        assert manage.errors("POST", "/api_tokens", {}) == dict.fromkeys(required, "is required")

    @pytest.mark.parametrize("environment", ["missing", "x" * 200])
    def test_an_unknown_default_environment_is_not_found(self, manage: Manage, environment: str) -> None:
        assert manage.call("POST", "/api_tokens", {**self.NEW, "default_environment": environment}) == NOT_FOUND

    def test_another_teams_environment_is_no_default(self, manage: Manage, team: Manage) -> None:
        other = manage.in_environment().environment
        assert team.call("POST", "/api_tokens", {**self.NEW, "default_environment": other}) == NOT_FOUND

    def test_a_revoked_token_is_refused_at_once(self, team: Manage) -> None:
        made = team.ok("POST", "/api_tokens", {**self.NEW, "permissions": ["admin:all"]})
        client = Manage(team.stack, made["token"])
        assert client.call("GET", "/environments")[0] == 200
        assert team.call("DELETE", f"/api_tokens/{made['id']}") == DELETED
        assert client.call("GET", "/environments") == UNAUTHENTICATED
        assert made["id"] not in [each["id"] for each in team.ok("GET", "/api_tokens")["data"]]
        assert team.call("DELETE", f"/api_tokens/{made['id']}") == NOT_FOUND

    @pytest.mark.parametrize("token_id", ["x", "x" * 3000, "%23", "%00"])
    def test_an_unknown_token_is_not_found(self, manage: Manage, token_id: str) -> None:
        assert manage.call("DELETE", f"/api_tokens/{token_id}") == NOT_FOUND
        assert manage.call("DELETE", f"/client_keys/{token_id}") == NOT_FOUND

    def test_another_teams_token_is_neither_seen_nor_revoked(self, manage: Manage, team: Manage) -> None:
        made = manage.ok("POST", "/api_tokens", self.NEW)
        assert team.call("DELETE", f"/api_tokens/{made['id']}") == NOT_FOUND
        assert made["id"] not in [each["id"] for page in team.pages("/api_tokens", 100) for each in page]
        assert Manage(manage.stack, made["token"]).call("GET", "/environments")[0] == 200

    def test_a_list_goes_on_though_the_last_shown_is_gone(self, team: Manage) -> None:
        for _ in range(4):
            team.ok("POST", "/api_tokens", self.NEW)
        everything = [each["id"] for page in team.pages("/api_tokens", 100) for each in page]
        first = team.ok("GET", "/api_tokens?limit=2")
        gone = [each["id"] for each in first["data"]]
        own = jwt.decode(team.token, options={"verify_signature": False})["jti"]
        for token_id in gone:
            if token_id != own:
                team.ok("DELETE", f"/api_tokens/{token_id}")
        rest = team.ok("GET", f"/api_tokens?cursor={first['next_cursor']}")
        assert [each["id"] for each in rest["data"]] == everything[2:]


class TestClientKeys:
    def test_a_public_key_is_always_shown(self, team: Manage) -> None:
        made = team.ok("POST", "/client_keys", {"environment": "dev", "scope": "public", "name": "web"})
        assert set(made) == {"id", "environment", "scope", "name", "key", "created_at"}
        assert made["key"].startswith("pk_")
        assert team.ok("GET", "/client_keys")["data"] == [made]

    def test_a_secret_key_is_shown_once(self, team: Manage) -> None:
        made = team.ok("POST", "/client_keys", {"environment": "dev", "scope": "secret"})
        assert made["key"].startswith("sk_")
        assert len(made["key"]) > 30
        assert made["name"] is None
        assert team.ok("GET", "/client_keys")["data"] == [{**made, "key": made["key"][:8]}]

    def test_keys_are_listed_by_environment(self, team: Manage) -> None:
        team.ok("POST", "/environments", {"identifier": "live"})
        for environment in ("dev", "live", "dev"):
            team.ok("POST", "/client_keys", {"environment": environment, "scope": "public"})
        assert [len(page) for page in team.pages("/client_keys", 1, environment="dev")] == [1, 1]
        assert [each["environment"] for each in team.ok("GET", "/client_keys?environment=live")["data"]] == ["live"]
        assert team.ok("GET", "/client_keys?environment=missing")["data"] == []
        assert len(team.ok("GET", "/client_keys")["data"]) == 3

    def test_an_unknown_environment_is_not_found(self, manage: Manage) -> None:
        assert manage.call("POST", "/client_keys", {"environment": "missing", "scope": "public"}) == NOT_FOUND

    @pytest.mark.parametrize(
        ("body", "field"),
        [
            ({"environment": "dev"}, "scope"),
            ({"environment": "dev", "scope": "both"}, "scope"),
            ({"scope": "public"}, "environment"),
            ({"environment": "dev", "scope": "public", "name": ""}, "name"),
        ],
    )
    def test_a_wrong_member_is_named(self, manage: Manage, body: dict[str, Any], field: str) -> None:
        assert list(manage.errors("POST", "/client_keys", body)) == [field]

    def test_a_key_is_deleted_once(self, team: Manage) -> None:
        made = team.ok("POST", "/client_keys", {"environment": "dev", "scope": "secret"})
        assert team.call("DELETE", f"/client_keys/{made['id']}") == DELETED
        assert team.ok("GET", "/client_keys")["data"] == []
        assert team.call("DELETE", f"/client_keys/{made['id']}") == NOT_FOUND

    def test_another_teams_key_is_not_found(self, manage: Manage, team: Manage) -> None:
        made = manage.ok("POST", "/client_keys", {"environment": "dev", "scope": "public"})
        assert team.call("DELETE", f"/client_keys/{made['id']}") == NOT_FOUND
        assert manage.call("DELETE", f"/client_keys/{made['id']}") == DELETED


class TestDeletedEnvironments:
    @pytest.fixture
    def live(self, team: Manage) -> str:
        """Return an environment that was used."""
        team.ok("POST", "/environments", {"identifier": "live"})
        team.ok("PUT", "/live/event_types/e", {"notifications": []})
        return "live"

    @pytest.mark.usefixtures("live")
    def test_it_is_as_unknown_as_any_other(self, team: Manage) -> None:
        assert team.call("DELETE", "/environments/live") == DELETED
        assert "live" not in [each["identifier"] for each in team.ok("GET", "/environments")["data"]]
        for method, path in (
            ("GET", "/live/event_types"),
            ("GET", "/live/messages"),
            ("PUT", "/live/event_types/e"),
            ("DELETE", "/environments/live"),
        ):
            body: Any = {"notifications": []} if method == "PUT" else None
            assert team.call(method, path, body) == NOT_FOUND
        event = {"event_type": "e", "user_id": "1"}
        assert team.stack.request("POST", "/neptune/live/events", event, token=team.token).status == 404
        for path in ("client_keys", "api_tokens"):
            key = {"environment": "live", "scope": "public"}
            token = {"name": "x", "permissions": ["post_events"], "default_environment": "live"}
            assert team.call("POST", f"/{path}", key if path == "client_keys" else token) == NOT_FOUND

    @pytest.mark.usefixtures("live")
    def test_its_identifier_is_taken_until_its_data_are_gone(self, team: Manage) -> None:
        team.ok("DELETE", "/environments/live")
        refused = invalid({"field": "identifier", "message": "is being deleted"})
        assert team.call("POST", "/environments", {"identifier": "live"}) == refused

    @pytest.mark.usefixtures("live")
    def test_its_keys_open_nothing(self, team: Manage) -> None:
        key = team.ok("POST", "/client_keys", {"environment": "live", "scope": "secret"})["key"]
        team.ok("DELETE", "/environments/live")
        answer = team.stack.request("POST", "/api/client/events", [], token=key)
        assert answer.status == 404

    @pytest.mark.parametrize("identifier", ["nowhere", "LIVE", "a%23b", "x" * 5000])
    def test_there_is_nothing_to_delete_of_one_that_is_not_there(self, team: Manage, identifier: str) -> None:
        assert team.call("DELETE", f"/environments/{identifier}") == NOT_FOUND

    @pytest.mark.usefixtures("live")
    def test_the_other_environments_stay(self, team: Manage) -> None:
        team.ok("DELETE", "/environments/live")
        assert team.ok("GET", "/dev/event_types")["data"] == []
