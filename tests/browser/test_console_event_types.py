"""Event types in the console: written beside a preview, tried, saved, and copied to another environment."""

from __future__ import annotations

import json
import re
from urllib.parse import quote

from playwright.sync_api import Locator, expect

from tests.browser.console import Console
from tests.browser.watch import Watch
from tests.contract.manage_client import INBOX, Manage, mail, unique

#: Runs, if anything makes markup of it, and gives the page a title that no test allows.
HOSTILE = "<img src=x onerror=\"document.title='ta'+'ken'\"><script>document.title='ta'+'ken'</script>"

#: An attachment of a template.
ATTACHMENT = {"filename": "a.txt", "content_type": "text/plain", "content_base64": "{{ file }}"}


def _preview(console: Console) -> Locator:
    return console.page.get_by_role("region", name="Preview")


def _mail_of(console: Console) -> Locator:
    return _preview(console).frame_locator("iframe").locator("body")


def _open(console: Console, event_type: str, **query: str) -> Console:
    return console.open(f"/event-types/{quote(event_type, safe='')}", **query)


def _stored(manage: Manage, event_type: str) -> list[dict[str, object]]:
    notifications: list[dict[str, object]] = manage.ok("GET", f"/{{env}}/event_types/{event_type}")["notifications"]
    return notifications


def test_one_is_configured_from_nothing_with_its_preview_beside_it(
    console: Console, manage: Manage, watch: Watch
) -> None:
    watch.expect("404")
    name = unique("order shipped/")
    page = console.open("/event-types").page
    page.get_by_role("button", name="Configure an event type").click()
    page.get_by_label("Name").fill(name)
    console.confirm("Go on")
    console.heading(name)
    expect(page.get_by_text("Nothing is configured for this event type yet.")).to_be_visible()
    page.get_by_role("button", name="Add a notification").click()
    console.confirm("Add")
    expect(_preview(console).get_by_text("Hello Sam", exact=True)).to_be_visible()
    page.get_by_label("HTML", exact=True).fill("<p>It is <b>{{ state }}</b>.</p>")
    page.get_by_label("Sample data (JSON)").fill('{"name": "Kim", "state": "on <its> way"}')
    expect(_mail_of(console)).to_have_text("It is on <its> way.")
    expect(_preview(console).get_by_text("Hello Kim", exact=True)).to_be_visible()
    console.check()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved.", exact=True)).to_be_visible()
    [stored] = _stored(manage, quote(name, safe=""))
    assert stored["template"] == {
        "subject": "Hello {{ name }}",
        "text": "Hello {{ name }},\n\n…\n",
        "html": "<p>It is <b>{{ state }}</b>.</p>",
    }
    console.go("Event types")
    console.check()


def test_a_mistake_is_shown_at_its_field_and_line(console: Console, manage: Manage, watch: Watch) -> None:
    watch.expect("422")
    name = manage.configure(mail("Hello"), INBOX)
    page = _open(console, name).page
    text = page.get_by_label("Text", exact=True)
    text.fill("One\nTwo {{ name\nThree")
    wrong = page.locator(".field", has=text).locator(".wrong")
    expect(wrong).to_contain_text("template does not parse")
    expect(text).to_have_attribute("aria-invalid", "true")
    console.check()
    wrong.get_by_role("button", name="Line 2").click()
    expect(text).to_be_focused()
    assert text.evaluate("each => each.value.slice(each.selectionStart, each.selectionEnd)") == "Two {{ name"
    # The mistake is in the first notification, and what is saved from the second goes back to it.
    page.get_by_role("tab", name="inbox").click()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("tab", name="mail")).to_have_attribute("aria-selected", "true")
    expect(page.get_by_label("Text", exact=True)).to_be_focused()
    expect(page.get_by_text("It is not saved; see below.")).to_be_visible()
    page.get_by_label("Text", exact=True).fill("One\nTwo {{ name }}")
    expect(page.get_by_label("Text", exact=True)).not_to_have_attribute("aria-invalid", "true")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved.", exact=True)).to_be_visible()


def test_what_the_sample_lacks_is_named_and_added(wide: Console, manage: Manage) -> None:
    name = manage.configure(mail("{{ order.number }} of {{ data.shop }}"))
    page = _open(wide, name).page
    expect(_preview(wide)).to_contain_text("The sample data do not have")
    page.get_by_role("button", name="Add them to the sample").click()
    expect(_preview(wide).get_by_text("… of …", exact=True)).to_be_visible()
    sample = json.loads(page.get_by_label("Sample data (JSON)").input_value())
    assert sample == {"name": "Sam", "order": {"number": "…"}, "shop": "…"}


def test_a_preview_is_made_as_a_real_user_with_the_last_event(wide: Console, manage: Manage) -> None:
    user = manage.user(plan="gold")
    name = manage.configure(mail("{{ user.plan }} {{ data.count }}"))
    manage.message(manage.ingest(name, user_id=user, contact_infos=[], data={"count": 7}))
    page = _open(wide, name).page
    page.get_by_role("button", name="Take those of the last event").click()
    expect(_preview(wide).get_by_text("gold 7", exact=True)).to_be_visible()
    expect(page.get_by_label("As the user (id)")).to_have_value(user)


def test_a_condition_that_does_not_hold_is_told(wide: Console, manage: Manage) -> None:
    name = manage.configure({**mail(), "when": "data.total > 100"})
    page = _open(wide, name).page
    expect(_preview(wide)).to_contain_text("its condition does not hold")
    page.get_by_label("Sample data (JSON)").fill('{"total": 101}')
    expect(_preview(wide)).to_contain_text("As it would be sent")


def test_a_test_is_sent_as_it_is_written_before_it_is_saved(console: Console, manage: Manage) -> None:
    address = f"{unique()}@example.com"
    name = manage.configure(mail("Before"))
    page = _open(console, name).page
    page.get_by_label("Subject").fill("After, for {{ name }}")
    page.get_by_role("button", name="Send a test").click()
    page.get_by_label("To (e-mail address)").fill(address)
    console.confirm("Send")
    page.get_by_role("link", name="See what becomes of it").click()
    expect(page.get_by_role("article").get_by_text("sent", exact=True)).to_be_visible()
    assert [each["subject"] for each in manage.stack.outbox(address)] == ["After, for Sam"]
    assert _stored(manage, name)[0]["template"]["subject"] == "Before"  # type: ignore[index]


def test_changes_that_are_not_saved_wait_while_somebody_looks_elsewhere(wide: Console, manage: Manage) -> None:
    name = manage.configure(mail("Before"))
    page = _open(wide, name).page
    page.get_by_label("Subject").fill("After")
    expect(page.get_by_text("There are changes that are not saved yet.")).to_be_visible()
    wide.go("Event types")
    wide.row(name).get_by_role("link", name=name).click()
    expect(page.get_by_label("Subject")).to_have_value("After")
    page.get_by_role("button", name="Discard the changes").click()
    expect(page.get_by_label("Subject")).to_have_value("Before")


def test_whoever_signs_in_next_sees_nothing_of_what_was_not_saved(wide: Console, manage: Manage) -> None:
    name = manage.configure(mail("Before"))
    page = _open(wide, name).page
    page.get_by_label("Subject").fill("After")
    page.get_by_label("Sample data (JSON)").fill('{"name": "Kim"}')
    expect(_preview(wide).get_by_text("After", exact=True)).to_be_visible()
    page.get_by_role("button", name="Sign out").click()
    page.get_by_role("button", name="Use the local team").click()
    expect(page.get_by_label("Subject")).to_have_value("Before")
    expect(page.get_by_label("Sample data (JSON)")).not_to_have_value(re.compile("Kim"))


def test_what_the_form_does_not_show_is_kept(wide: Console, manage: Manage) -> None:
    notification = {
        **mail(cc=["{{ boss }}"], headers={"X-Kind": "order"}, attachments=[ATTACHMENT]),
        "to": {"filterable": ["work", "home"]},
        "expires_in": 600,
        "missing": "fail",
    }
    name = manage.configure(notification)
    page = _open(wide, name).page
    page.get_by_label("Subject").fill("After")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved.", exact=True)).to_be_visible()
    assert _stored(manage, name) == [{**notification, "template": {**notification["template"], "subject": "After"}}]


def test_one_is_copied_to_another_environment_after_its_difference_is_shown(console: Console, manage: Manage) -> None:
    name = manage.configure(mail("New subject", "One\nTwo"))
    sandbox = Manage(manage.stack, manage.token, "sandbox")
    sandbox.configure(mail("Old subject", "One\nTwo"), event_type=name)
    page = _open(console, name).page
    page.get_by_role("button", name="Copy to another environment").click()
    page.get_by_role("dialog").get_by_label("To").select_option("sandbox")
    changes = page.get_by_role("group", name="What changes")
    expect(changes.locator(".gone")).to_contain_text("Old subject")
    expect(changes.locator(".new")).to_contain_text("New subject")
    expect(changes.locator(".same").first).to_be_visible()
    console.check()
    console.confirm("Copy")
    assert _stored(sandbox, name) == _stored(manage, name)


def test_what_somebody_changed_meanwhile_is_not_written_over_unseen(
    wide: Console, manage: Manage, watch: Watch
) -> None:
    watch.expect("404")
    name = manage.configure(mail("New"))
    sandbox = Manage(manage.stack, manage.token, "sandbox")
    page = _open(wide, name).page
    page.get_by_role("button", name="Copy to another environment").click()
    page.get_by_role("dialog").get_by_label("To").select_option("sandbox")
    expect(page.get_by_text("It is not configured there yet.")).to_be_visible()
    sandbox.configure(mail("Theirs"), event_type=name)
    page.get_by_role("dialog").get_by_role("button", name="Copy", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("Somebody has changed it there meanwhile.")
    expect(page.get_by_role("group", name="What changes").locator(".gone")).to_contain_text("Theirs")


def test_one_is_deleted(wide: Console, manage: Manage) -> None:
    name = manage.configure(mail())
    page = _open(wide, name).page
    page.get_by_role("button", name="Delete", exact=True).click()
    wide.confirm("Delete")
    wide.heading("Event types")
    assert manage.call("GET", f"/{{env}}/event_types/{name}")[0] == 404


def test_templates_and_data_never_become_markup_of_the_console(console: Console, manage: Manage) -> None:
    name = manage.configure(
        mail(HOSTILE, HOSTILE, html=f"{HOSTILE}{{{{ name | safe }}}}"), event_type=f"{unique('e')} {HOSTILE}"
    )
    page = _open(console, name).page
    page.get_by_label("Sample data (JSON)").fill(json.dumps({"name": f"{HOSTILE}here"}))
    expect(_mail_of(console)).to_contain_text("here")
    console.check()
    console.open("/event-types")
    expect(page.get_by_role("link", name=name)).to_be_visible()
    console.check()
