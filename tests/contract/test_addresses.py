"""Addresses as people write them, through every API: one form, one contact, one delivery; and what nobody is at."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import quote, urlencode

import pytest

from tests.contract.app_client import App
from tests.contract.client_api import unique
from tests.contract.manage_client import Manage, outcomes
from tests.contract.neptie_client import PASSWORD, Neptie
from tests.contract.vibetrace_client import Vibetrace
from tests.support.in_process_stack import InProcessStack

IN_PROCESS = True

MAIL = {"name": "mail", "channel": "email", "template": {"subject": "s", "text": "t"}}
TEXT = {"name": "text", "channel": "sms", "template": {"text": "t"}}
PUSH = {"name": "push", "channel": "push", "template": {"title": "t", "body": "b"}}
NOT_VALID = {"message": "Validation failed. 1 error(s)", "errorCode": "InputNotValid"} | {
    "errors": {"value": ["value is not valid"]}
}


def email(value: str) -> dict[str, Any]:
    return {"type": "email", "value": value}


def phone(value: Any) -> dict[str, Any]:
    return {"type": "mobile_number", "value": value}


def token(value: str) -> dict[str, Any]:
    return {"type": "firebase_token", "value": value}


def contacts(manage: Manage, user: str) -> list[dict[str, Any]]:
    path = f"/neptune/{manage.environment}/users/{quote(user, safe='')}?includes=contact_infos"
    found: list[dict[str, Any]] = manage.stack.request("GET", path, token=manage.token).json()["contact_infos"]
    return found


def values(manage: Manage, user: str) -> list[str]:
    return [each["value"] for each in contacts(manage, user)]


def contact_info(manage: Manage, method: str, user: str, body: dict[str, Any]) -> tuple[int, Any]:
    path = f"/neptune/{manage.environment}/users/{user}/contacts_info"
    answer = manage.stack.request(method, path, body, token=manage.token)
    return answer.status, answer.json()


def spellings(name: str) -> list[str]:
    """Return ways to write one e-mail address, the normal one first."""
    return [
        f"{name}@xn--bcher-kva.example",
        f" {name}@B\u00fccher.example\n",
        f"\u200b{name}@b\u00fc\u00adcher.example\ufeff",
        f"{name.upper()}@bu\u0308cher.EXAMPLE",
        f"\u3000{name}@\uff42\u00fccher\u3002example",
    ]


NUMBERS = ["+4915112345678", "+49 151 12345678", "+49-151-1234-5678", "004915112345678", "+49 (0)151 12345678"]


class TestContactInfos:
    @pytest.mark.parametrize("method", ["POST", "PUT"])
    def test_an_email_address_is_stored_in_its_normal_form(self, manage: Manage, method: str) -> None:
        user = manage.user()
        status, made = contact_info(manage, method, user, email("\ufeff Info@Stra\u00dfe.Example \u200b"))
        assert (status, made["value"], "unreachable" in made) == (200, "Info@xn--strae-oqa.example", False)

    def test_all_spellings_are_one_contact(self, manage: Manage) -> None:
        user, (first, *others) = manage.user(), spellings(unique())
        assert contact_info(manage, "POST", user, email(first))[0] == 200
        for other in others:
            assert contact_info(manage, "POST", user, email(other))[0] == 422
            assert contact_info(manage, "PUT", user, {**email(other), "filterable": other})[1]["value"] == first
        assert values(manage, user) == [first]
        assert contact_info(manage, "DELETE", user, email(others[2]))[0] == 200
        assert values(manage, user) == []

    def test_all_spellings_of_a_number_are_one_contact_and_one_text(self, manage: Manage) -> None:
        user = manage.user(phone(NUMBERS[1]))
        for number in NUMBERS:
            assert contact_info(manage, "PUT", user, phone(number))[1]["value"] == NUMBERS[0]
        found = manage.told(TEXT, user_id=user, contact_infos=[phone(number) for number in NUMBERS])
        assert [(each["to"], each["status"]) for each in found] == [(NUMBERS[0], "success")]
        assert contact_info(manage, "DELETE", user, phone(NUMBERS[4]))[0] == 200

    @pytest.mark.parametrize("method", ["POST", "PUT"])
    @pytest.mark.parametrize(
        "contact",
        [
            email("jos\u00e9@example.com"),
            email("nobody"),
            email("a@example.com, b@example.com"),
            email("ann @example.com"),
            email("\u200b"),
            phone("030 901820"),
            phone("call me"),
            phone("+49 151 CALLME"),
            phone(15112345678),
        ],
    )
    def test_what_cannot_be_reached_is_refused(self, manage: Manage, method: str, contact: dict[str, Any]) -> None:
        user = manage.user()
        assert contact_info(manage, method, user, contact) == (422, NOT_VALID)
        assert values(manage, user) == []

    @pytest.mark.parametrize(
        ("country", "written", "number"),
        [
            ("DE", "030 / 90 18-20", "+4930901820"),
            ("GB", "020 7946 0958", "+442079460958"),
            ("KE", "0712 345678", "+254712345678"),
            ("mx", "55 1234 5678", "+525512345678"),
            ("SA", "\u0660\u0665\u0661 \u0662\u0663\u0664 \u0665\u0666\u0667\u0668", "+966512345678"),
            ("JP", "\uff10\uff19\uff10\uff0d\uff11\uff12\uff13\uff14\uff0d\uff15\uff16\uff17\uff18", "+819012345678"),
            ("DE", "+1 (415) 555-2671", "+14155552671"),
        ],
    )
    def test_a_national_number_is_one_of_the_environments_country(
        self, team: Manage, country: str, written: str, number: str
    ) -> None:
        manage = team.in_environment(default_country=country)
        assert manage.ok("PUT", "/environments/{env}", {})["default_country"] == country.upper()
        user = manage.user(phone(written))
        assert values(manage, user) == [number]
        [delivery] = manage.told(TEXT, contact_infos=[phone(written), phone(number)])
        assert (delivery["to"], delivery["status"]) == (number, "success")

    def test_a_national_number_that_is_none_is_refused(self, team: Manage) -> None:
        manage = team.in_environment(default_country="FR")
        assert contact_info(manage, "POST", manage.user(), phone("12"))[0] == 422


class TestDefaultCountry:
    def test_it_can_be_changed_and_cleared(self, team: Manage) -> None:
        manage = team.in_environment()
        assert manage.ok("PUT", "/environments/{env}", {"default_country": "AT"})["default_country"] == "AT"
        assert manage.ok("PUT", "/environments/{env}", {"name": "n"})["default_country"] == "AT"
        assert manage.ok("PUT", "/environments/{env}", {"default_country": None})["default_country"] is None

    @pytest.mark.parametrize("country", ["XX", "D", "DEU", "", 49, "\u00c4T", "001"])
    def test_it_is_the_code_of_a_country(self, team: Manage, country: Any) -> None:
        body = {"identifier": unique("e"), "default_country": country}
        assert list(team.errors("POST", "/environments", body)) == ["default_country"]


class TestPushTokens:
    def test_the_last_user_that_is_given_a_token_has_it(self, manage: Manage) -> None:
        value = unique("token")
        first, second, third = manage.user(token(value)), manage.user(token(f" {value} ")), manage.user()
        assert (values(manage, first), values(manage, second)) == ([], [value])
        assert contact_info(manage, "PUT", third, token(value))[0] == 200
        assert [values(manage, each) for each in (first, second, third)] == [[], [], [value]]
        assert [status for status, _ in outcomes(manage.told(PUSH, user_id=first))] == ["no_contact"]

    def test_a_user_that_is_given_its_own_token_keeps_it(self, manage: Manage) -> None:
        user = manage.user(token("mine-" + unique()))
        before = values(manage, user)
        assert contact_info(manage, "PUT", user, {**token(before[0]), "filterable": "ios"})[1]["filterable"] == "ios"
        assert contact_info(manage, "POST", user, token(before[0]))[0] == 422
        assert values(manage, user) == before

    def test_a_token_goes_from_one_api_to_the_other_and_back(self, team: Manage) -> None:
        app, value = App(team), unique("push")
        first, second = app.manage.user(token(value)), unique()
        app.register(second, f" {value}")
        assert (values(app.manage, first), values(app.manage, second)) == ([], [value])
        assert contact_info(app.manage, "PUT", first, token(value))[0] == 200
        assert (values(app.manage, first), values(app.manage, second)) == ([value], [])

    @pytest.mark.over_http
    @pytest.mark.slow
    def test_of_registrations_at_the_same_time_one_user_has_the_token(self, manage: Manage) -> None:
        value, users = unique("token"), [manage.user() for _ in range(6)]
        with ThreadPoolExecutor(6) as pool:
            answers = list(pool.map(lambda user: contact_info(manage, "POST", user, token(value))[0], users))
        assert set(answers) <= {200, 503}
        assert sum(len(values(manage, user)) for user in users) == 1


class TestEvents:
    def test_all_spellings_are_one_delivery_to_the_ascii_form(self, manage: Manage) -> None:
        ways = spellings(unique())
        found = manage.told(MAIL, contact_infos=[email(each) for each in ways])
        assert [(each["to"], each["status"]) for each in found] == [(ways[0], "success")]

    @pytest.mark.parametrize(
        ("notification", "contact", "why"),
        [
            (MAIL, email("jos\u00e9@example.com"), "not in ASCII before the @"),
            (MAIL, email("a@b"), "not an e-mail address"),
            (TEXT, phone("030 901820"), "not a phone number"),
            (TEXT, phone("soon"), "not a phone number"),
        ],
    )
    def test_what_cannot_be_reached_is_kept_and_marked_and_never_handed_over(
        self, manage: Manage, notification: dict[str, Any], contact: dict[str, Any], why: str
    ) -> None:
        message_id = manage.ingest(manage.configure(notification), contact_infos=[contact])
        message = manage.message(message_id)
        assert message["contact_infos"] == [{**contact, "unreachable": True}]
        assert outcomes(message["deliveries"]) == [("failed", f"unreachable: {why}")]
        assert message["deliveries"][0]["provider_message_id"] is None

    def test_a_contact_that_can_be_reached_has_no_mark(self, manage: Manage) -> None:
        given = [email(" a@example.com"), phone("0049 30 901820"), {"type": "fax", "value": "x"}, {"type": "email"}]
        assert manage.message(manage.ingest(manage.configure(MAIL), contact_infos=given))["contact_infos"] == given


class TestIdentify:
    def test_an_address_is_one_with_neptunes(self, team: Manage) -> None:
        app, ways = App(team), spellings(unique())
        user = app.manage.user(email(ways[0]))
        app.server.accept("identify", {"external_id": user, "email": ways[2], "phone": "+49 (0)30 90 18 20"})
        app.server.settle()
        assert values(app.manage, user) == [ways[0], "+4930901820"]
        found = app.manage.told(MAIL, TEXT, user_id=user)
        assert [(each["to"], each["status"]) for each in found] == [(ways[0], "success"), ("+4930901820", "success")]

    def test_what_cannot_be_reached_is_kept_and_marked(self, team: Manage) -> None:
        app, user = App(team), unique()
        app.server.accept("identify", {"external_id": user, "email": " Zo\u00eb@example.com", "phone": "030 90 18-20"})
        app.server.settle()
        shown = contacts(app.manage, user)
        assert [(each["value"], each.get("unreachable")) for each in shown] == [
            ("Zo\u00eb@example.com", True),
            ("030901820", True),
        ]
        assert {outcome for outcome, _ in outcomes(app.manage.told(MAIL, TEXT, user_id=user))} == {"failed"}
        assert contact_info(app.manage, "DELETE", user, email("zoe\u0308@example.com"))[0] == 200
        app.manage.ok("PUT", "/environments/{env}", {"default_country": "DE"})
        assert outcomes(app.manage.told(TEXT, user_id=user)) == [("success", None)]

    def test_a_blank_address_is_none(self, team: Manage) -> None:
        app, user = App(team), unique()
        for value in ("a@example.com", " \u200b "):
            app.server.accept("identify", {"external_id": user, "email": value})
            app.server.settle()
        assert contacts(app.manage, user) == []

    def test_an_events_traits_take_the_environments_country(self, team: Manage) -> None:
        app, user = App(team), unique()
        app.manage.ok("PUT", "/environments/{env}", {"default_country": "IT"})
        app.server.accept("events", [{"external_id": user, "name": "x", "user": {"phone": "06 6982 1234"}}])
        app.server.settle()
        assert values(app.manage, user) == ["+390669821234"]


class TestVibetrace:
    def test_a_user_is_found_by_any_spelling(self, manage: Manage) -> None:
        ways = spellings(unique())

        api = Vibetrace(manage.stack, manage.token)
        made = api.user(ways[1], city="Ulm")
        assert made["email"] == ways[0]
        assert api.call("POST", "/v1/user", {"email": ways[4]}).status == 400
        for way in ways:
            answer = api.call("GET", f"/v1/user/{quote(way, safe='')}")
            assert answer.status == 200, (way, answer.body)
            shown = answer.json()
            assert (shown["_id"], shown["email"]) == (made["_id"], ways[0])
        put = api.call("PUT", f"/v1/user/{quote(ways[3], safe='')}", {"city": "Bonn"}).json()["object"]
        assert (put["_id"], put["city"]) == (made["_id"], "Bonn")

    @pytest.mark.parametrize("address", ["jos\u00e9@example.com", "a@b"])
    def test_a_user_has_an_address_that_can_be_reached(self, manage: Manage, address: str) -> None:
        api = Vibetrace(manage.stack, manage.token)
        assert api.call("POST", "/v1/user", {"email": address}).status == 400


class TestSuppressions:
    def suppressed(self, manage: Manage, address: str) -> list[str]:
        query = urlencode({"email": address})
        return [each["email"] for each in manage.ok("GET", f"/suppressions?{query}")["data"]]

    def test_all_spellings_are_one_entry(self, manage: Manage) -> None:
        ways = spellings(unique())
        for way in ways:
            assert manage.ok("POST", "/suppressions", {"email": way, "reason": "bounce"})["email"] == ways[0]
        for way in ways:
            assert self.suppressed(manage, way) == [ways[0]]
            assert outcomes(manage.told(MAIL, contact_infos=[email(way)])) == [("failed", "suppressed: bounce")]
        manage.ok("DELETE", f"/suppressions/{quote(ways[2], safe='')}")
        assert self.suppressed(manage, ways[1]) == []
        assert outcomes(manage.told(MAIL, contact_infos=[email(ways[4])])) == [("success", None)]

    @pytest.mark.parametrize("address", ["jos\u00e9@example.com", "a@", "a b@example.com", "\u200b"])
    def test_what_cannot_be_reached_is_refused(self, manage: Manage, address: str) -> None:
        assert list(manage.errors("POST", "/suppressions", {"email": address})) == ["email"]


class TestSenders:
    @pytest.mark.over_http
    def test_a_sender_is_written_as_it_is_looked_up(self, manage: Manage) -> None:
        sender = "B\u00fccher GmbH <Hallo@B\u00fccher.example>"
        own = {**MAIL, "template": {"subject": "s", "text": "t", "from": sender}}
        address = f"{unique()}@example.com"
        assert outcomes(manage.told(own, contact_infos=[email(address)])) == [("success", None)]
        [mail] = manage.stack.outbox(address)
        assert mail["from"].endswith("<Hallo@xn--bcher-kva.example>")


class TestLeads:
    def test_all_spellings_are_one_lead(self, sales: Neptie) -> None:
        ways = [each.lower() for each in spellings(unique())]
        made = sales.ok("POST", "leads", {"full_name": "Ann Doe", "email": ways[1]})
        assert made["lead"]["email"] == ways[0]
        for way in ways:
            assert sales.call("POST", "leads", {"full_name": "Ann Doe", "email": way})[0] == 400
        rows = [{"full_name": "Ann D. Doe", "email": way} for way in ways]
        imported = sales.ok("POST", "leads/import", {"leads": rows})
        assert (imported["added"], imported["updated"], imported["skipped"]) == (0, 1, len(ways) - 1)

    def test_a_lead_is_given_no_address_of_another_in_any_spelling(self, sales: Neptie) -> None:
        ways = [each.lower() for each in spellings(unique())]
        sales.lead(email=ways[0])
        other = sales.lead()
        assert sales.call("PUT", f"leads/{other['id']}", {"email": ways[2]})[0] == 400
        own = [each.lower() for each in spellings(unique())]
        assert sales.ok("PUT", f"leads/{other['id']}", {"email": own[3]})["lead"]["email"] == own[0]

    def test_a_row_that_cannot_be_reached_is_an_error_with_its_number(self, sales: Neptie) -> None:
        name = unique()
        rows = f"full_name,email\nA,\u200b{name}@example.com\nB,jos\u00e9@example.com\nC,{name}@example.com\n"
        answer = sales.request("POST", "leads/import", rows.encode(), {"Content-Type": "text/csv"})
        shown = answer.json()
        assert (answer.status, shown["added"], [each["row"] for each in shown["errors"]]) == (200, 1, [2])

    @pytest.mark.parametrize("address", ["jos\u00e9@example.com", "ann@b", "ann@example.com,bob@example.com"])
    def test_an_address_that_cannot_be_reached_is_refused(self, sales: Neptie, address: str) -> None:
        status, answer = sales.call("POST", "leads", {"full_name": "Ann Doe", "email": address})
        assert (status, answer["message"]) == (400, "email must be a valid email address")


class TestAccounts:
    def test_an_account_is_logged_in_by_any_spelling(self, anybody: Neptie) -> None:
        ways = spellings(unique())
        assert anybody.register(email=ways[1])[0] == 201
        for way in ways:
            assert anybody.call("POST", "auth/login", {"email": way, "password": PASSWORD})[0] == 200
            assert anybody.register(email=way)[0] == 400

    def test_an_operators_team_has_its_account_under_any_spelling(self, anybody: Neptie) -> None:
        ways = spellings(unique())
        owner = {"email": ways[3], "password": PASSWORD, "full_name": "Kim"}
        assert isinstance(anybody.stack, InProcessStack)
        made = anybody.stack._api.run("ManageCreateTeam", {"name": "Bank", "account": owner})
        assert made["account"]["email"] == ways[0].lower()
        assert anybody.call("POST", "auth/login", {"email": ways[2], "password": PASSWORD})[0] == 200

    def test_an_address_that_cannot_be_reached_gets_no_account(self, anybody: Neptie) -> None:
        assert anybody.register(email="jos\u00e9@example.com")[0] == 400
