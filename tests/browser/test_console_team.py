"""The team in the console: its environments, tokens and keys, suppressions, and dead letters."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Route, expect

from tests.browser.console import Console
from tests.browser.watch import Watch
from tests.contract.manage_client import Manage, unique
from tests.local_stack import LocalStack
from tests.support.teams import Operator

#: Runs, if anything makes markup of it, and gives the page a title that no test allows.
HOSTILE = "<img src=x onerror=\"document.title='ta'+'ken'\">"


@pytest.fixture
def operator(local_stack: LocalStack) -> Iterator[Operator]:
    made = Operator(local_stack)
    yield made
    made.forget_letters("message")


def _part(console: Console, name: str) -> None:
    console.page.get_by_role("navigation", name="Parts of the team").get_by_role("link", name=name).click()
    expect(console.page.get_by_role("heading", level=2, name=name)).to_be_visible()


class TestEnvironments:
    def test_one_is_made_and_says_whom_it_sends_as(self, console: Console, manage: Manage) -> None:
        identifier = unique("e")
        page = console.open("/team").page
        page.get_by_role("button", name="Make an environment").click()
        page.get_by_label("Identifier").fill(identifier)
        page.get_by_label("A mock").check()
        console.confirm("Make it")
        console.heading(f"Environment {identifier}")
        expect(page.get_by_text("yes: nothing leaves it")).to_be_visible()
        page.get_by_label("From", exact=True).fill("Shop <shop@example.com>")
        page.get_by_label("Send by Push").uncheck()
        page.get_by_label("The inbox").select_option("verified")
        page.get_by_label("SMS to an address").fill("2")
        console.check()
        page.get_by_role("button", name="Save").click()
        expect(page.get_by_text(f"{identifier} is saved.")).to_be_visible()
        [made] = [
            each for each in manage.ok("GET", "/environments?limit=100")["data"] if each["identifier"] == identifier
        ]
        assert made["mock"] is True
        assert made["channels"]["email"] == {"from": "Shop <shop@example.com>"}
        assert made["channels"]["push"] is None
        assert made["client_access"] == {
            "identity": "open",
            "inbox": "verified",
            "hourly": {"sms_per_address": 2, "emails_per_address": 20, "sms_per_key": 100},
        }
        console.open("/team")
        expect(console.row(identifier)).to_be_visible()
        console.check()

    def test_what_is_wrong_is_shown_at_its_field(self, wide: Console, manage: Manage, watch: Watch) -> None:
        watch.expect("422")
        environment = manage.in_environment().environment
        page = wide.open(f"/team/environments/{environment}").page
        sender = page.get_by_label("From", exact=True)
        sender.fill("nobody")
        page.get_by_role("button", name="Save").click()
        expect(page.get_by_text("1 thing is wrong. It is not saved.")).to_be_visible()
        expect(sender).to_be_focused()
        expect(sender).to_have_attribute("aria-invalid", "true")
        wide.check()

    def test_one_is_deleted_by_whoever_types_its_identifier(self, console: Console, manage: Manage) -> None:
        environment = manage.in_environment(name=HOSTILE).environment
        page = console.open(f"/team/environments/{environment}").page
        page.get_by_role("button", name="Delete the environment").click()
        typed = page.get_by_label("To be sure")
        typed.fill("another")
        page.get_by_role("dialog").get_by_role("button", name="Delete for good").click()
        expect(page.get_by_role("dialog")).to_be_visible()
        typed.fill(environment)
        console.check()
        console.confirm("Delete for good")
        expect(page.get_by_role("heading", level=2, name="Environments")).to_be_visible()
        assert environment not in {each["identifier"] for each in manage.ok("GET", "/environments?limit=100")["data"]}


class TestCredentials:
    def test_a_token_that_is_being_made_is_shown_whatever_is_pressed(self, wide: Console) -> None:
        name = unique()
        page = wide.open("/team", part="tokens").page
        held: list[Route] = []
        page.route("**/manage/api_tokens", lambda route: held.append(route))  # noqa: PLW0108 - the driver looks into it
        page.get_by_role("button", name="Make an API token").click()
        page.get_by_label("Name", exact=True).fill(name)
        page.get_by_role("dialog").get_by_role("button", name="Make it").click()
        expect(page.get_by_role("button", name="Cancel")).to_be_disabled()
        # Browsers close a dialog at the second one, whatever its page says.
        page.keyboard.press("Escape")
        page.keyboard.press("Escape")
        held[0].continue_()
        expect(page.get_by_label("The secret")).to_be_visible()

    def test_a_token_is_shown_once_and_revoked(self, console: Console, manage: Manage) -> None:
        name = f"{unique()} {HOSTILE}"
        page = console.open("/team").page
        _part(console, "API tokens")
        page.get_by_role("button", name="Make an API token").click()
        page.get_by_label("Name", exact=True).fill(name)
        page.get_by_label("read_messages").check()
        console.check()
        page.get_by_role("dialog").get_by_role("button", name="Make it").click()
        token = page.get_by_label("The secret").inner_text()
        console.check()
        narrow = Manage(manage.stack, token)
        assert narrow.call("GET", "/{env}/messages")[0] == 200
        assert narrow.call("GET", "/{env}/event_types")[0] == 403
        console.confirm("Close")
        assert token not in page.content()
        page.get_by_role("button", name=f"Revoke {name}").click()
        console.confirm("Revoke")
        expect(page.get_by_role("button", name=f"Revoke {name}")).to_have_count(0)
        console.check()
        manage.stack.wait_for(lambda: narrow.call("GET", "/environments")[0] == 401)

    def test_a_key_that_is_not_public_is_shown_once(self, console: Console) -> None:
        page = console.open("/team", part="keys").page
        page.get_by_role("button", name="Make a client key").click()
        page.get_by_label("Kind").select_option("secret")
        page.get_by_label("Name").fill(HOSTILE)
        page.get_by_role("dialog").get_by_role("button", name="Make it").click()
        key = page.get_by_label("The secret").inner_text()
        assert key.startswith("sk_")
        console.confirm("Close")
        expect(console.row(f"{key[:8]}…")).to_be_visible()
        assert key not in page.content()
        console.check()
        page.get_by_role("button", name=f"Revoke {key[:8]}", exact=True).click()
        console.confirm("Revoke")
        expect(console.row(f"{key[:8]}…")).to_have_count(0)

    def test_an_account_changes_its_password(self, wide: Console, manage: Manage, watch: Watch) -> None:
        watch.expect("401|400|403")
        stack = manage.stack
        email = f"{unique()}@example.com"
        body = {"email": email, "password": "password-1", "full_name": "Sam Example"}
        assert stack.request("POST", "/api/auth/register", body).status == 201
        page = wide.open().page
        page.get_by_role("button", name="Sign out").click()
        page.get_by_label("E-mail address").fill(email)
        page.get_by_label("Password").fill("password-1")
        page.get_by_role("button", name="Sign in", exact=True).click()
        wide.heading("Home")
        wide.go("Team")
        _part(wide, "Account")
        page.get_by_label("Present password").fill("wrong-password")
        page.get_by_label("New password").fill("password-2")
        page.get_by_role("button", name="Change the password").click()
        expect(page.get_by_role("alert")).to_be_visible()
        page.get_by_label("Present password").fill("password-1")
        page.get_by_role("button", name="Change the password").click()
        expect(page.get_by_text("The password is changed.")).to_be_visible()
        wide.check()
        login = {"email": email, "password": "password-2"}
        assert stack.request("POST", "/api/auth/login", login).status == 200


class TestMembers:
    def test_one_is_added_chooses_a_password_and_is_removed(
        self, console: Console, manage: Manage, watch: Watch
    ) -> None:
        watch.expect("400")
        email = f"{unique()}@example.com"
        page = console.open("/team", part="members").page
        page.get_by_role("button", name="Add a member").click()
        page.get_by_label("Address").fill(email)
        page.get_by_label("Name", exact=True).fill(HOSTILE)
        console.check()
        page.get_by_role("dialog").get_by_role("button", name="Add", exact=True).click()
        password = page.get_by_label("The secret").inner_text()
        console.check()
        console.confirm("Close")
        assert password not in page.content()
        expect(console.row(email)).to_contain_text("not yet; can until")
        page.get_by_role("button", name=f"Change the role of {email}").click()
        page.get_by_role("dialog").get_by_label("Role").select_option("Admin")
        console.confirm("Change it")
        expect(console.row(email)).to_contain_text("Admin")
        console.check()
        page.get_by_role("button", name="Sign out").click()
        page.get_by_label("E-mail address").fill(email)
        page.get_by_label("Password", exact=True).fill(password)
        page.get_by_role("button", name="Sign in", exact=True).click()
        page.get_by_label("New password").fill("correct horse battery")
        console.check()
        page.get_by_role("button", name="Sign in", exact=True).click()
        console.heading("Team")
        [made] = [each for each in manage.ok("GET", "/members?limit=100")["data"] if each["email"] == email]
        assert (made["joined"], made["role"]) == (True, "Admin")
        console.open("/team", part="members")
        page.get_by_role("button", name=f"Remove {email}").click()
        console.confirm("Remove")
        expect(console.row(email)).to_have_count(0)
        assert email not in {each["email"] for each in manage.ok("GET", "/members?limit=100")["data"]}

    def test_words_stay_whole_beside_a_long_name(self, wide: Console, manage: Manage) -> None:
        email = f"{unique()}@example.com"
        manage.ok("POST", "/members", {"email": email, "full_name": "W" * 200})
        wide.open("/team", part="members")
        role = wide.row(email).get_by_role("cell", name="User", exact=True)
        text = "cell => { const range = new Range(); range.selectNodeContents(cell); return range; }"
        assert role.evaluate_handle(text).evaluate("range => range.getClientRects().length") == 1
        wide.check()

    def test_the_last_admin_is_told_that_it_stays(self, wide: Console, manage: Manage, watch: Watch) -> None:
        watch.expect("409")
        email = f"{unique()}@example.com"
        given = manage.ok("POST", "/members", {"email": email, "role": "Admin"})["one_time_password"]
        login = {"email": email, "password": given, "new_password": "correct horse battery"}
        assert manage.stack.request("POST", "/api/auth/login", login).status == 200
        others = [each for each in manage.ok("GET", "/members?limit=100")["data"] if each["email"] != email]
        for other in others:
            manage.ok("DELETE", f"/members/{other['email']}")
        page = wide.open("/team", part="members").page
        page.get_by_role("button", name=f"Remove {email}").click()
        page.get_by_role("dialog").get_by_role("button", name="Remove", exact=True).click()
        expect(page.get_by_role("alert")).to_contain_text("The team would have no Admin left")
        wide.check()


def test_senders_are_shown_with_the_environments_that_use_them(console: Console, manage: Manage) -> None:
    environment = manage.in_environment(channels={"email": {"from": "Shop <shop@example.com>"}}).environment
    page = console.open("/team", part="senders").page
    row = page.get_by_role("row").filter(has=page.get_by_role("rowheader", name="anybody")).filter(has_text="E-mail")
    expect(row.get_by_role("link", name=environment, exact=True)).to_be_visible()
    console.check()


class TestSuppressions:
    def test_an_address_is_suppressed_found_and_mailed_again(self, console: Console, manage: Manage) -> None:
        address = f"{unique()}@example.com"
        page = console.open("/team", part="suppressions").page
        page.get_by_role("button", name="Suppress an address").click()
        page.get_by_role("dialog").get_by_label("Address").fill(address)
        console.confirm("Suppress it")
        page.get_by_label("Address").fill(address.upper())
        page.get_by_role("button", name="Find", exact=True).click()
        expect(console.row(address)).to_contain_text("unsubscribe, since")
        expect(page.get_by_text("1 address", exact=True)).to_be_visible()
        console.check()
        page.get_by_role("button", name=f"Remove {address}").click()
        expect(page.get_by_role("dialog")).to_contain_text("Its owner has asked for none")
        console.confirm("Remove it")
        expect(page.get_by_text("No address fits")).to_be_visible()
        assert manage.ok("GET", f"/suppressions?email={address}")["data"] == []


class TestDeadLetters:
    def test_one_is_read_and_redriven_and_the_others_are_deleted(
        self, console: Console, manage: Manage, operator: Operator
    ) -> None:
        message_id = unique("m")
        message = {"event_type": "login", "source": "neptune", "received_at": "2026-01-31T09:30:00.000Z"}
        record = {
            "team_id": operator.team_of(manage.token),
            "environment": "dev",
            "messages": [{"message_id": message_id, "data": {"note": HOSTILE}, **message}],
        }
        letter, other = operator.bury("message", record), operator.bury("message", record)
        page = console.open("/team", part="dead-letters", queue="message").page
        expect(page.get_by_text("2 letters")).to_be_visible()
        row = page.get_by_role("row").filter(has=page.get_by_role("button", name=f"Redrive {letter}"))
        row.get_by_text("Show", exact=True).click()
        expect(row.locator("pre")).to_contain_text(HOSTILE.replace('"', '\\"'))
        console.check()
        page.get_by_role("button", name=f"Redrive {letter}").click()
        console.confirm("Redrive")
        expect(page.get_by_text(re.compile("^1 letter redriven"))).to_be_visible()
        assert manage.message(message_id)["data"] == {"note": HOSTILE}
        expect(page.get_by_role("button", name=f"Redrive {other}")).to_be_visible()
        page.get_by_role("button", name="Delete all").click()
        console.confirm("Delete")
        expect(page.get_by_text("No dead letters")).to_be_visible()
        expect(page.get_by_role("button", name="Redrive all")).to_be_disabled()
        assert operator.letters("message") == 0


def test_mailboxes_say_what_is_without_one(wide: Console) -> None:
    wide.open("/team", part="mailboxes")
    expect(wide.page.get_by_text("No mailboxes")).to_be_visible()
    wide.check()
