"""Takes the pictures of docs/images: `make screenshots`. What they show is made by what they show."""

from __future__ import annotations

import base64
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.browser.console import Console
from tests.contract.manage_client import INBOX, Manage, email_to, mail

IMAGES = Path(__file__).resolve().parent.parent.parent / "docs" / "images"
WIDTH, HEIGHT = 1200, 860
HTML = """<div style="font-family: system-ui, sans-serif; max-width: 34rem; margin: 1rem auto; color: #17212b">
<h1 style="font-size: 1.3rem">Your order {{ data.id }} is on its way</h1>
<p>Hello {{ user.name }}, the parcel left our warehouse this morning and will be with you on {{ data.day }}.</p>
<table style="width: 100%; border-collapse: collapse">{% for item in data.items %}<tr>
<td style="padding: .3rem 0; border-bottom: 1px solid #d6dde4">{{ item.name }}</td>
<td style="text-align: right; border-bottom: 1px solid #d6dde4">{{ item.price | money: "EUR" }}</td></tr>
{% endfor %}</table>
<p><a href="https://shop.example.com/orders/{{ data.id }}" style="display: inline-block; background: #0b6470;
color: #fff; padding: .5rem 1rem; border-radius: .3rem; text-decoration: none">Follow the parcel</a></p></div>"""


def take(page: Page, name: str) -> None:
    """Take a picture of what is on the screen, as WebP."""
    IMAGES.mkdir(exist_ok=True)
    # The driver itself makes no WebP, whose pictures are a third as large.
    session = page.context.new_cdp_session(page)
    taken = session.send("Page.captureScreenshot", {"format": "webp", "quality": 80})
    (IMAGES / f"{name}.webp").write_bytes(base64.b64decode(taken["data"]))


def test_a_message_and_the_home_of_its_environment(wide: Console, manage: Manage) -> None:
    manage.ok("POST", "/environments", {"identifier": "shop", "name": "Shop", "keep_rendered": True})
    shop = Manage(manage.stack, manage.token, "shop")
    page = wide.page
    page.set_viewport_size({"width": WIDTH, "height": HEIGHT})
    text = {"name": "text", "channel": "sms", "template": {"text": "Order {{ data.id }} is on its way."}}
    inbox = {**INBOX, "template": {"title": "On its way", "body": "Order {{ data.id }}"}}
    name = shop.configure(
        mail("Your order {{ data.id }} is on its way", "Order {{ data.id }}", html=HTML),
        text,
        inbox,
        event_type="order_shipped",
    )
    user = shop.user(*email_to("sam@example.com"), {"type": "mobile_number", "value": "+4915112345678"}, name="Sam")
    items = [{"name": "Tea, Darjeeling", "price": 12.5}, {"name": "A pot", "price": 34}]
    sent = [
        shop.ingest(name, user_id=user, data={"id": f"A-{1042 + number}", "day": "Friday", "items": items})
        for number in range(24)
    ]
    last = sent[-1]
    shop.message(last)
    wide.open(f"/messages/{last}", environment=shop.environment)
    wide.heading(name)
    page.get_by_text("What it looked like").first.click()
    expect(page.frame_locator("iframe.mail").get_by_role("link", name="Follow the parcel")).to_be_visible()
    page.wait_for_timeout(500)
    take(page, "console-message")
    wide.open(environment=shop.environment)
    expect(page.get_by_role("img", name="Deliveries")).to_be_visible()
    take(page, "console-home")
    page.set_viewport_size({"width": WIDTH, "height": 980})
    wide.open(f"/event-types/{name}", environment=shop.environment)
    page.get_by_role("button", name="Take those of the last event").click()
    expect(page.frame_locator("iframe.mail").get_by_text("Darjeeling")).to_be_visible()
    page.wait_for_timeout(500)
    take(page, "console-event-type")
