"""The pages that the product itself shows to people: under their content security policy, as Chromium applies it."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.browser.watch import Watch
from tests.contract.manage_client import Mailed, Manage, mail, outcomes, unique

SUBSCRIPTION = mail("News", "{{ unsubscribe_url }}")


def test_somebody_unsubscribes_with_the_button_of_the_page(manage: Manage, page: Page) -> None:
    address = f"{unique()}@example.com"
    Mailed(manage, address, SUBSCRIPTION)
    [sent] = manage.stack.outbox(address)
    page.goto(sent["text"])
    button = page.get_by_role("button")
    # Its style stands in the page, which the policy lets in by its hash alone.
    expect(button).to_have_css("background-color", "rgb(23, 78, 166)")
    assert outcomes([Mailed(manage, address, SUBSCRIPTION).sent]) == [("success", None)]
    button.click()
    expect(button).to_have_count(0)
    assert page.url == sent["text"]
    assert outcomes([Mailed(manage, address, SUBSCRIPTION).sent]) == [("failed", "suppressed: unsubscribe")]


def test_a_link_that_is_not_valid_says_so(manage: Manage, page: Page, watch: Watch) -> None:
    watch.expect("404 .*/u/x>")
    page.goto(f"{manage.stack.base_url}/u/x")
    expect(page.get_by_role("heading")).to_have_text("This link is not valid")


def test_the_outbox_of_the_local_stack_shows_a_mail(manage: Manage, page: Page) -> None:
    mailed = Mailed(manage, notification=mail("<b>Your code</b>", "It is 123456."))
    page.goto(f"{manage.stack.base_url}/_local/")
    shown = page.locator("article", has_text=mailed.address)
    expect(shown).to_contain_text("<b>Your code</b>")
    expect(shown).to_contain_text("It is 123456.")
