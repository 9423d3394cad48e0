"""The console: signing in and finding one's way, each place's main task, on wide and on narrow screens."""

from __future__ import annotations

import re

from playwright.sync_api import Route, expect

from tests.browser.console import Console
from tests.browser.watch import Watch
from tests.contract.manage_client import Mailed, Manage, email_to, mail, outcomes, unique


class TestSigningIn:
    def test_whoever_starts_a_stack_sees_their_team_at_once(self, console: Console) -> None:
        console.page.goto(console.base_url)
        console.heading("Home")
        expect(console.page).to_have_url(f"{console.base_url}/console?environment=dev")
        expect(console.page.get_by_label("Environment")).to_have_value("dev")
        console.check()

    def test_who_has_signed_out_is_asked(self, console: Console, watch: Watch) -> None:
        watch.expect("401")
        page = console.open().page
        page.get_by_role("button", name="Sign out").click()
        console.heading("Sign in")
        console.check()
        page.get_by_label("API token").fill("junk")
        page.get_by_role("button", name="Use this token").click()
        expect(page.get_by_role("alert")).to_contain_text("This API token is not accepted.")
        page.reload()
        console.heading("Sign in")
        page.get_by_role("button", name="Use the local team").click()
        console.heading("Home")

    def test_a_token_is_kept_in_the_tab_if_that_is_chosen_and_nowhere_else(self, wide: Console, manage: Manage) -> None:
        page = wide.open().page
        page.get_by_role("button", name="Sign out").click()
        page.get_by_label("Stay signed in").check()
        page.get_by_label("API token").fill(manage.token)
        page.get_by_role("button", name="Use this token").click()
        wide.heading("Home")
        page.reload()
        wide.heading("Home")
        stored = page.evaluate("[JSON.stringify(sessionStorage), JSON.stringify(localStorage), document.cookie]")
        assert manage.token in stored[0]
        assert stored[1:] == ["{}", ""]
        page.get_by_role("button", name="Sign out").click()
        assert manage.token not in page.evaluate("JSON.stringify(sessionStorage)")

    def test_a_token_is_gone_with_the_page_if_that_is_not_chosen(self, wide: Console, manage: Manage) -> None:
        page = wide.open().page
        page.get_by_role("button", name="Sign out").click()
        page.get_by_label("API token").fill(manage.token)
        page.get_by_role("button", name="Use this token").click()
        wide.heading("Home")
        assert manage.token not in page.evaluate("JSON.stringify(sessionStorage) + JSON.stringify(localStorage)")

    def test_an_account_signs_in_and_its_session_is_renewed_when_its_token_ends(
        self, wide: Console, manage: Manage, watch: Watch
    ) -> None:
        watch.expect("401")
        account = manage.stack.demo["account"]
        page = wide.open().page
        page.get_by_role("button", name="Sign out").click()
        page.get_by_label("E-mail address").fill(account["email"])
        page.get_by_label("Password").fill(account["password"])
        page.get_by_label("Stay signed in").check()
        page.get_by_role("button", name="Sign in", exact=True).click()
        wide.heading("Home")
        expect(page.get_by_text(account["email"])).to_be_visible()
        kept = "JSON.parse(sessionStorage.getItem('nereid.session'))"
        before = page.evaluate(kept)
        page.evaluate(f"sessionStorage.setItem('nereid.session', JSON.stringify({{...{kept}, token: 'ended'}}))")
        page.reload()
        wide.heading("Home")
        page.wait_for_function(f"before => {kept}.refresh !== before", arg=before["refresh"])
        wide.go("Users")
        expect(page.get_by_text("needs an API token")).to_be_visible()
        page.get_by_label("User id, e-mail address or phone number").fill(unique())
        page.get_by_role("button", name="Find", exact=True).click()
        expect(page.get_by_role("alert").first).to_contain_text("Sign in with an API token that has manage_users.")
        expect(page.get_by_role("alert").filter(has_text="Admin")).to_have_count(0)

    def test_a_credential_that_ends_is_asked_for_again(self, wide: Console, manage: Manage, watch: Watch) -> None:
        watch.expect("401")
        body = {"name": "short", "permissions": ["read_messages"], "default_environment": "dev"}
        token = manage.ok("POST", "/api_tokens", body)
        page = wide.open().page
        page.get_by_role("button", name="Sign out").click()
        page.get_by_label("API token").fill(token["token"])
        page.get_by_role("button", name="Use this token").click()
        wide.heading("Home")
        manage.ok("DELETE", f"/api_tokens/{token['id']}")
        wide.go("Messages")
        wide.heading("Sign in")
        expect(page.get_by_text("not accepted any more")).to_be_visible()

    def test_a_credential_that_ends_takes_the_question_back_that_was_asked(
        self, wide: Console, manage: Manage, watch: Watch
    ) -> None:
        watch.expect("401")
        body = {"name": "short", "permissions": ["admin:all"], "default_environment": "dev"}
        token = manage.ok("POST", "/api_tokens", body)
        page = wide.open("/team", part="suppressions").page
        page.get_by_role("button", name="Sign out").click()
        page.get_by_label("API token").fill(token["token"])
        page.get_by_role("button", name="Use this token").click()
        page.get_by_role("button", name="Suppress an address").click()
        page.get_by_role("dialog").get_by_label("Address").fill(f"{unique()}@example.com")
        manage.ok("DELETE", f"/api_tokens/{token['id']}")
        wide.confirm("Suppress it")
        wide.heading("Sign in")

    def test_what_a_credential_may_not_do_is_told(self, wide: Console, manage: Manage, watch: Watch) -> None:
        watch.expect("403")
        body = {"name": "narrow", "permissions": ["post_events"], "default_environment": "dev"}
        token = manage.ok("POST", "/api_tokens", body)
        page = wide.open().page
        page.get_by_role("button", name="Sign out").click()
        page.get_by_label("API token").fill(token["token"])
        page.get_by_role("button", name="Use this token").click()
        expect(page.get_by_role("alert")).to_contain_text("Your credential may not do this")


class TestFindingOnesWay:
    def test_the_environment_is_chosen_and_stays_in_the_address(self, console: Console) -> None:
        page = console.open("/messages").page
        page.get_by_label("Environment").select_option("sandbox")
        expect(page).to_have_url(re.compile(r"/console/messages\?environment=sandbox"))
        expect(page.get_by_text("No messages yet")).to_be_visible()
        console.go("Users")
        console.heading("Users")
        expect(page).to_have_url(re.compile(r"/console/users\?environment=sandbox"))
        page.go_back()
        console.heading("Messages")

    def test_an_environment_that_is_not_there_gives_way_to_one_that_is(self, wide: Console, watch: Watch) -> None:
        # Only if the answer of what was asked for there comes before that of which environments there are.
        watch.allow("404")
        wide.open(environment="nowhere")
        expect(wide.page.get_by_label("Environment")).to_have_value("dev")
        expect(wide.page).to_have_url(re.compile("environment=dev"))

    def test_an_address_that_is_none_leads_back(self, console: Console) -> None:
        console.open("/nowhere/at/all")
        console.heading("Not found")
        console.check()
        console.page.get_by_role("link", name="Go to the beginning").click()
        console.heading("Home")

    def test_a_question_is_taken_back_when_its_place_is_left(self, wide: Console) -> None:
        page = wide.open("/messages").page
        wide.go("Event types")
        page.get_by_role("button", name="Configure an event type").click()
        expect(page.get_by_role("dialog")).to_be_visible()
        page.go_back()
        wide.heading("Messages")
        expect(page.locator("dialog")).to_have_count(0)

    def test_an_environment_with_a_long_name_fits_on_the_screen(self, console: Console, manage: Manage) -> None:
        manage = manage.in_environment(identifier=f"{unique('e')}-{'x' * 46}")
        console.open(environment=manage.environment)
        expect(console.page.get_by_text("No events in the last 24 hours")).to_be_visible()
        console.check()

    def test_a_keyboard_gets_everywhere_and_goes_on_at_the_heading(self, wide: Console) -> None:
        page = wide.open().page
        wide.heading("Home")
        page.keyboard.press("Tab")
        expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
        link = page.get_by_role("link", name="Messages", exact=True)
        link.focus()
        page.keyboard.press("Enter")
        wide.heading("Messages")
        expect(page.get_by_role("heading", level=1)).to_be_focused()


def _with_a_million_mails_an_hour(route: Route) -> None:
    answer = route.fetch()
    overview = answer.json()
    for hour in overview["by_hour"]:
        hour["channels"]["email"] = 1_000_000
    route.fulfill(response=answer, json=overview)


class TestHome:
    def test_it_tells_what_became_of_the_events_of_a_day(self, console: Console, manage: Manage) -> None:
        manage = manage.in_environment()
        Mailed(manage)
        page = console.open(environment=manage.environment).page
        expect(page.get_by_role("heading", name="Needs attention")).to_be_visible()
        expect(page.get_by_role("img", name=re.compile("by hour and channel"))).to_be_visible()
        page.get_by_text("The numbers").click()
        expect(page.get_by_role("table", name=re.compile("by hour and channel"))).to_be_visible()
        console.check()

    def test_its_chart_has_room_for_large_numbers(self, console: Console, manage: Manage) -> None:
        manage = manage.in_environment()
        Mailed(manage)
        console.page.route("**/overview?*", _with_a_million_mails_an_hour)
        console.open(environment=manage.environment)
        expect(console.page.locator("svg text").filter(has_text="1,000,000")).to_be_visible()
        console.check()

    def test_what_needs_attention_leads_to_where_it_is_seen_to(self, wide: Console, manage: Manage) -> None:
        manage = manage.in_environment()
        manage.message(manage.ingest(unique("e")))
        page = wide.open(environment=manage.environment).page
        listed = page.get_by_role("region", name="Needs attention")
        expect(listed).to_contain_text("of an event type that is not configured")


class TestMessages:
    def test_one_is_found_by_its_user_and_type_and_shown(self, console: Console, manage: Manage) -> None:
        user, address = unique(), f"{unique()}@example.com"
        manage = manage.in_environment(keep_rendered=True)
        name = manage.configure(mail("Hello {{ data.name }}", "Text of {{ data.name }}"))
        message_id = manage.ingest(name, user_id=user, contact_infos=email_to(address), data={"name": "Sam"})
        manage.message(message_id)
        page = console.open("/messages", environment=manage.environment).page
        page.get_by_label("User", exact=True).fill(user)
        page.get_by_label("Event type", exact=True).fill(name)
        page.get_by_role("button", name="Find", exact=True).click()
        expect(page.get_by_text("1 message", exact=True)).to_be_visible()
        expect(page).to_have_url(re.compile(f"user_id={user}"))
        console.check()
        console.row(name).get_by_role("link", name=name).click()
        console.heading(name)
        delivery = page.get_by_role("article", name=re.compile(re.escape(address)))
        expect(delivery.get_by_text("sent", exact=True)).to_be_visible()
        delivery.get_by_text("What it looked like").click()
        expect(delivery.get_by_text("Hello Sam")).to_be_visible()
        expect(page.locator("pre", has_text='"name": "Sam"')).to_be_visible()
        console.check()

    def test_what_waits_is_followed_until_it_is_sent(self, wide: Console, manage: Manage) -> None:
        address = f"{unique()}@example.com"
        page = wide.open(f"/messages/{Mailed(manage, address).message_id}").page
        expect(page.get_by_role("article").get_by_text("sent", exact=True)).to_be_visible()

    def test_an_event_without_notifications_says_why_nothing_came(self, wide: Console, manage: Manage) -> None:
        message_id = manage.ingest(unique("e"), contact_infos=[])
        manage.message(message_id)
        page = wide.open(f"/messages/{message_id}").page
        expect(page.get_by_text("The event type is not configured")).to_be_visible()

    def test_its_replay_stands_apart_from_what_is_below(self, console: Console, manage: Manage) -> None:
        page = console.open(f"/messages/{Mailed(manage).message_id}").page
        above = page.get_by_role("button", name="Replay the message").bounding_box()
        below = page.get_by_role("region", name="The event").bounding_box()
        assert above is not None
        assert below is not None
        assert below["y"] - above["y"] - above["height"] >= 8

    def test_one_that_is_not_there_says_what_to_do(self, console: Console, watch: Watch) -> None:
        watch.expect("404")
        console.open(f"/messages/{unique()}")
        expect(console.page.get_by_role("alert")).to_contain_text("Check the environment")
        console.check()


def test_somebody_asks_why_their_mail_did_not_come(console: Console, manage: Manage) -> None:
    """The question of support: from the address to the reason, to the remedy, to the mail."""
    address, manage = f"{unique()}@example.com", manage.in_environment()
    user = manage.user()
    Mailed(manage, address, mail("Welcome", "Hello")).report("bounce")
    manage.stack.wait_for(lambda: manage.ok("GET", f"/suppressions?email={address}")["data"])
    name = manage.configure(mail("The code", "It is 123."))
    message_id = manage.ingest(name, user_id=user, contact_infos=email_to(address))
    assert outcomes(manage.message(message_id)["deliveries"]) == [("failed", "suppressed: bounce")]

    page = console.open("/users", environment=manage.environment).page
    page.get_by_label("User id, e-mail address or phone number").fill(address)
    page.get_by_role("button", name="Find", exact=True).click()
    console.heading(f"User {user}")
    page.get_by_role("link", name=name).click()
    delivery = page.get_by_role("article", name=re.compile(re.escape(address)))
    expect(delivery).to_contain_text("because a mail to it bounced")
    console.check()
    delivery.get_by_role("button", name="Remove the suppression").click()
    console.confirm("Remove it")
    delivery.get_by_role("button", name="Send it again").click()
    console.confirm("Send it again")
    expect(delivery.get_by_text("sent", exact=True)).to_be_visible()
    assert [each["subject"] for each in manage.stack.outbox(address)] == ["Welcome", "The code"]


def test_messages_are_found_by_address_and_status_and_time(console: Console, manage: Manage) -> None:
    manage = manage.in_environment()
    first, other = Mailed(manage), Mailed(manage)
    first.report("bounce")
    first.wait_for("bounce")
    page = console.open("/messages", environment=manage.environment).page
    expect(page.get_by_text("2 messages", exact=True)).to_be_visible()
    page.get_by_label("Address", exact=True).fill(first.address)
    page.get_by_label("Status").select_option("failed")
    page.get_by_role("button", name="Find", exact=True).click()
    expect(page.get_by_text("1 message", exact=True)).to_be_visible()
    page.get_by_role("button", name="Clear").click()
    page.get_by_label("Address", exact=True).fill(other.address)
    page.get_by_label("Status").select_option("failed")
    page.get_by_role("button", name="Find", exact=True).click()
    expect(page.get_by_text("No message fits")).to_be_visible()
    console.check()
    page.get_by_role("button", name="Clear").click()
    page.get_by_label("Until").fill("2020-01-01T00:00")
    page.get_by_role("button", name="Find", exact=True).click()
    expect(page.get_by_text("No message fits")).to_be_visible()
    page.get_by_label("From").fill("2020-01-02T00:00")
    page.get_by_role("button", name="Find", exact=True).click()
    expect(page.get_by_text("No message fits")).to_be_visible()
    expect(page.get_by_role("alert")).to_have_count(0)


def test_a_year_that_the_api_does_not_have_is_refused_at_its_field(wide: Console) -> None:
    page = wide.open("/messages").page
    page.get_by_label("From").fill("202026-01-01T00:00")
    page.get_by_role("button", name="Find", exact=True).click()
    assert page.get_by_label("From").evaluate("input => input.matches(':focus:invalid')")
    assert "from=" not in page.url
