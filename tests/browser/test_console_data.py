"""What the console shows of people and of what was sent to them, and that none of it is ever taken for markup."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.console import Console
from tests.browser.watch import Watch
from tests.contract.manage_client import INBOX, Mailed, Manage, email_to, mail, unique

#: Where text is taken for markup, this renames the page.
HOSTILE = "<img src=x onerror=\"document.title='taken'\"><script>document.title='taken'</script>"
MAIL = """<html><head><style>h1 { color: rgb(1, 2, 3) } @import url(http://192.0.2.1/a.css);</style></head>
<body style="background: url(http://192.0.2.1/b.png)"><h1>Hello</h1><img src="http://192.0.2.1/p.png" alt="logo">
<script>parent.document.title = "taken"</script><img src=x onerror="parent.document.title='taken'">
<a id="good" href="{site}/shop.html">Shop</a><a id="bad" href="ftp://192.0.2.1/taken">Bad</a>
<form action="http://192.0.2.1/"><button>Send</button></form>
<meta http-equiv="refresh" content="0;url=http://192.0.2.1/m"><iframe src="http://192.0.2.1/f"></iframe></body></html>"""


@pytest.fixture
def own(manage: Manage) -> Manage:
    """Return the demo's team in an environment that has nothing yet."""
    return manage.in_environment(keep_rendered=True)


def with_everything(own: Manage, name: str) -> str:
    """Make a user who has a contact of each kind, something in the inbox and a message; return the id."""
    contacts = [
        {"type": "email", "value": f"{unique()}@example.com"},
        {"type": "mobile_number", "value": "+4915112345678"},
        {"type": "firebase_token", "value": unique("token"), "filterable": "ios"},
    ]
    user = own.user(*contacts, name=name)
    template = {"title": f"For {name}", "body": "{{ data.text }}"}
    message = own.ingest(own.configure({**INBOX, "template": template}), user_id=user, data={"text": name})
    own.message(message)
    return user


class TestUsers:
    def test_one_is_listed_and_shown_with_contacts_devices_inbox_and_messages(
        self, console: Console, own: Manage
    ) -> None:
        user = with_everything(own, "Sam Example")
        page = console.open("/users", environment=own.environment).page
        expect(console.row(user)).to_contain_text("Sam Example")
        console.check()
        console.row(user).get_by_role("link", name=user).click()
        console.heading(f"User {user}")
        for text in ("E-mail", "Phone", "Device (ios)"):
            expect(console.row(text).get_by_text("can be reached")).to_be_visible()
        expect(page.get_by_role("table", name="App notifications")).to_contain_text("For Sam Example")
        expect(page.get_by_role("table", name="Messages")).to_contain_text("event-")
        console.check()

    def test_a_contact_is_added_and_deleted(self, wide: Console, own: Manage) -> None:
        user, address = own.user(), f"{unique()}@example.com"
        page = wide.open(f"/users/{user}", environment=own.environment).page
        page.get_by_role("button", name="Add a contact").click()
        page.get_by_label("Address").fill(address)
        wide.confirm("Add")
        page.get_by_role("button", name=f"Delete {address}").click()
        wide.confirm("Delete")
        expect(page.get_by_text("No contacts")).to_be_visible()

    def test_an_address_that_cannot_be_is_told_in_the_dialog(self, console: Console, own: Manage, watch: Watch) -> None:
        watch.expect("422")
        page = console.open(f"/users/{own.user()}", environment=own.environment).page
        page.get_by_role("button", name="Add a contact").click()
        page.get_by_label("Address").fill("nobody")
        dialog = page.get_by_role("dialog")
        dialog.get_by_role("button", name="Add", exact=True).click()
        expect(dialog.get_by_role("alert")).to_contain_text("value:")
        console.check()
        page.keyboard.press("Escape")
        expect(dialog).to_have_count(0)
        expect(page.get_by_role("button", name="Add a contact")).to_be_focused()

    def test_one_who_is_not_there_is_looked_for_in_vain(self, console: Console, own: Manage, watch: Watch) -> None:
        watch.expect("404")
        page = console.open("/users", environment=own.environment, find=unique()).page
        expect(page.get_by_text("Nobody found")).to_be_visible()
        console.check()

    def test_everything_about_one_is_exported(self, wide: Console, own: Manage) -> None:
        user = with_everything(own, "Sam Example")
        page = wide.open(f"/users/{user}", environment=own.environment).page
        with page.expect_download() as started:
            page.get_by_role("button", name="Export everything").click()
        assert started.value.suggested_filename == f"{user}.json"
        exported = Path(started.value.path()).read_text(encoding="utf-8")
        assert "Sam Example" in exported
        assert json.loads(exported)

    def test_one_is_erased_by_who_types_the_id(self, console: Console, own: Manage) -> None:
        user = own.user(*email_to(f"{unique()}@example.com"))
        page = console.open(f"/users/{user}", environment=own.environment).page
        page.get_by_role("button", name="Erase the user").click()
        dialog = page.get_by_role("dialog")
        dialog.get_by_role("button", name="Erase for good").click()
        expect(page.get_by_role("heading", name="Erase this user?")).to_be_visible()
        console.check()
        page.get_by_label(re.compile("type the id")).fill(user)
        dialog.get_by_role("button", name="Erase for good").click()
        expect(page.get_by_role("heading", name="The user is being erased")).to_be_visible()
        console.confirm("Close")
        console.heading("Users")
        path = f"/neptune/{own.environment}/users/{user}"
        own.stack.wait_for(lambda: own.stack.request("GET", path, token=own.token).status == 404)

    @pytest.mark.parametrize(
        "rest", ["/b/c", "?b=c#d", "%2Fb%", " +&b", "/export"], ids=lambda rest: f"an id with {rest}"
    )
    def test_one_is_found_exported_and_erased_whatever_its_id_holds(
        self, wide: Console, own: Manage, watch: Watch, rest: str
    ) -> None:
        user = f"{unique()}{rest}"
        made = own.stack.request("POST", f"/neptune/{own.environment}/users", {"user_id": user}, token=own.token)
        assert made.status == 200
        page = wide.open("/users", environment=own.environment, find=user).page
        page.get_by_role("link", name=user, exact=True).click()
        wide.heading(f"User {user}")
        with page.expect_download() as started:
            page.get_by_role("button", name="Export everything").click()
        exported = json.loads(Path(started.value.path()).read_text(encoding="utf-8"))
        assert [each["user_id"] for each in exported["users"]] == [user]
        page.get_by_role("button", name="Erase the user").click()
        page.get_by_label(re.compile("type the id")).fill(user)
        page.get_by_role("dialog").get_by_role("button", name="Erase for good").click()
        expect(page.get_by_role("heading", name="The user is being erased")).to_be_visible()
        wide.confirm("Close")
        watch.expect("404")
        wide.open("/users", environment=own.environment, find=user)
        expect(page.get_by_text("Nobody found")).to_be_visible()


class TestOutbox:
    def test_it_shows_what_is_sent_and_follows(self, console: Console, own: Manage) -> None:
        first = Mailed(own, notification=mail("The first one", "It is 1."))
        page = console.open("/outbox", environment=own.environment).page
        expect(console.row(first.address)).to_contain_text("The first one")
        second = Mailed(own, notification=mail("The second one", "It is 2."))
        expect(console.row(second.address)).to_contain_text("The second one")
        console.check()
        page.get_by_label("Address or text").fill(first.address)
        expect(page.get_by_text("1 entry", exact=True)).to_be_visible()

    def test_what_failed_and_what_the_app_shows_is_there_as_well(self, wide: Console, own: Manage) -> None:
        user = with_everything(own, "Sam")
        own.told({**mail("{{ x }}"), "missing": "fail"}, contact_infos=email_to("sam@example.com"))
        page = wide.open("/outbox", environment=own.environment).page
        page.get_by_label("Show").select_option("app")
        expect(wide.row(user)).to_contain_text("For Sam")
        page.get_by_label("Show").select_option("failed")
        expect(wide.row("sam@example.com")).to_contain_text("The template wants what nobody gave: x")

    def test_a_mail_is_looked_at_its_source_read_a_bounce_played_and_it_is_deleted(
        self, console: Console, own: Manage
    ) -> None:
        mailed = Mailed(own, notification=mail("The subject", "The text", headers={"X-Ref": "A-1"}))
        page = console.open("/outbox", environment=own.environment).page
        console.row(mailed.address).get_by_role("link").click()
        console.heading("The subject")
        page.get_by_text("Headers", exact=True).click()
        expect(page.get_by_text("A-1")).to_be_visible()
        page.get_by_text("Source", exact=True).click()
        expect(page.locator("pre", has_text=f"To: {mailed.address}")).to_contain_text("Subject: The subject")
        console.check()
        page.get_by_role("button", name="It bounced").click()
        expect(page.get_by_text("The provider has reported that it bounced.")).to_be_visible()
        own.stack.wait_for(lambda: mailed.types() == ["bounce"])
        page.get_by_role("button", name="Delete it").click()
        console.confirm("Delete it")
        console.heading("Outbox")
        # Its message is shown as one that failed, now that it bounced.
        page.get_by_label("Show").select_option("email")
        expect(console.row(mailed.address)).to_have_count(0)
        assert own.stack.outbox(mailed.address) == []

    def test_the_former_address_leads_to_it(self, wide: Console) -> None:
        wide.page.goto(f"{wide.base_url}/_local/")
        wide.heading("Outbox")


class TestMailsInFrames:
    @pytest.fixture
    def shown(self, wide: Console, own: Manage, site: str) -> Page:
        """Return the page of a mail that tries everything that a mail must not do."""
        mailed = Mailed(own, notification=mail("Look", "text", html=MAIL.replace("{site}", site)))
        wide.open("/outbox", environment=own.environment)
        wide.row(mailed.address).get_by_role("link").click()
        wide.heading("Look")
        return wide.page

    def test_it_has_its_styles_and_runs_and_loads_nothing(self, shown: Page) -> None:
        frame = shown.frame_locator("iframe.mail")
        expect(frame.get_by_role("heading", name="Hello")).to_have_css("color", "rgb(1, 2, 3)")
        expect(frame.locator("script, iframe, meta[http-equiv], form[action], #bad[href]")).to_have_count(0)
        shown.wait_for_timeout(300)
        assert shown.title() == "Look · Nereid"

    def test_its_links_open_elsewhere_and_leave_it_as_it_is(self, shown: Page) -> None:
        frame = shown.frame_locator("iframe.mail")
        with shown.expect_popup() as opened:
            frame.get_by_role("link", name="Shop").click()
        expect(opened.value).to_have_title("A shop")
        assert opened.value.evaluate("window.opener") is None
        expect(frame.get_by_role("heading", name="Hello")).to_be_visible()

    def test_pictures_are_loaded_when_somebody_asks_for_them(self, shown: Page, watch: Watch) -> None:
        watch.expect("request: GET http://192.0.2.1/p.png")
        watch.expect("request: GET http://192.0.2.1/b.png")
        watch.expect("ERR_")
        watch.expect("/x>|/x$")
        with shown.expect_request("**/p.png"):
            shown.get_by_role("button", name="Show pictures").click()
        expect(shown.frame_locator("iframe.mail").get_by_role("heading", name="Hello")).to_be_visible()
        shown.wait_for_timeout(300)
        assert shown.title() == "Look · Nereid"


def test_data_are_text_everywhere(console: Console, own: Manage) -> None:
    user = with_everything(own, HOSTILE)
    name = own.configure(mail(HOSTILE, HOSTILE), event_type=f"<b>{unique()}</b>" + HOSTILE.replace("/", "_"))
    message_id = own.ingest(
        name, user_id=user, contact_infos=email_to(f"{unique()}@example.com"), data={HOSTILE: HOSTILE}
    )
    [*_, sent] = own.message(message_id)["deliveries"]
    query = {"environment": own.environment}
    for path in ("", "/messages", f"/messages/{message_id}", "/users", f"/users/{user}", "/outbox"):
        page = console.open(path, **query).page
        expect(page.locator("[aria-busy], .loading")).to_have_count(0)
        for each in page.get_by_text("What it looked like").all():
            each.click()
        console.check()
        expect(page.locator("main b, main img, main script")).to_have_count(0)
    console.open(f"/outbox/{sent['provider_message_id']}", **query)
    console.check()
