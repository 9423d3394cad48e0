"""The page of docs/how-to/inbox-in-a-web-page.md, as somebody has it who did what stands there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser import site as sites
from tests.local_stack import LocalStack
from tests.support import guides


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, local_stack: LocalStack) -> Path:
    """Return the folder in which the how-to was followed."""
    made = tmp_path_factory.mktemp("inbox")
    with guides.shell(made, local_stack.state_dir) as terminal:
        guides.follow("docs/how-to/inbox-in-a-web-page.md", terminal, local_stack.wait_for)
    return made


@pytest.fixture(scope="module")
def site(folder: Path) -> Iterator[str]:
    """Return the origin of the how-to's page."""
    with sites.running(folder) as origin:
        yield origin


def test_the_inbox_shows_what_is_unread_and_marks_it_as_read(page: Page, site: str, local_stack: LocalStack) -> None:
    rows, unread = page.locator("#list li"), page.locator("#unread")

    def shows_both() -> bool:
        # Events are processed a moment after they were taken.
        page.goto(f"{site}/inbox.html", wait_until="networkidle")
        return unread.text_content() == "2"

    assert local_stack.wait_for(shows_both)
    expect(rows.filter(has_text="Order 4711 is on its way")).to_have_count(1)
    link = rows.filter(has_text="4712").get_by_role("link")
    expect(link).to_have_attribute("href", "https://shop.example/orders/4712")
    rows.filter(has_text="4711").get_by_role("button", name="Mark as read").click()
    expect(unread).to_have_text("1")
    page.reload()
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text("4712")
