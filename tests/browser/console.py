"""The console in a browser: how tests open it, what every place of it owes to everybody, and who looks at it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, Page, expect

#: As wide as a laptop, and as narrow as the narrowest phones.
WIDE, NARROW = (1280, 900), (360, 740)
SIZES = {"wide": WIDE, "narrow": NARROW}
#: The impacts of axe's findings that no place may have.
_GRAVE = ("serious", "critical")
#: The texts of charts that reach beyond their chart, which cuts them.
_CUT = """[...document.querySelectorAll("svg text")].filter((text) => {
  const [inner, outer] = [text, text.ownerSVGElement].map((each) => each.getBoundingClientRect());
  return inner.left < outer.left || inner.right > outer.right || inner.top < outer.top || inner.bottom > outer.bottom;
}).map((text) => text.textContent)"""


@dataclass(frozen=True)
class Console:
    """A page of the console.

    Parameters
    ----------
    page
        Where it is opened.
    base_url
        Where the product is.
    """

    page: Page
    base_url: str

    def open(self, path: str = "", **query: str) -> Console:
        """Open a place; on the local stack that signs in by itself.

        Parameters
        ----------
        path
            Below `/console`, as `/messages/m-1`.
        query
            Of the address; `environment` is `dev` if not given.
        """
        self.page.goto(f"{self.base_url}/console{path}?{urlencode({'environment': 'dev', **query})}")
        return self

    def go(self, name: str) -> None:
        """Go to a place by the navigation, which narrow screens have behind a button."""
        menu = self.page.get_by_role("button", name="Menu")
        if menu.is_visible():
            menu.click()
        self.page.get_by_role("navigation", name="Places").get_by_role("link", name=name, exact=True).click()

    def heading(self, text: str) -> None:
        """Wait for a place by its heading."""
        expect(self.page.get_by_role("heading", level=1)).to_have_text(text)

    def row(self, text: str) -> Locator:
        """Return the row of a table that has a text."""
        return self.page.get_by_role("row").filter(has_text=text)

    def confirm(self, button: str) -> None:
        """Press the button of the dialog that is open, and wait until that is done."""
        self.page.get_by_role("dialog").get_by_role("button", name=button, exact=True).click()
        # By its element: a closed dialog has no role, and leaves the page a moment later.
        expect(self.page.locator("dialog")).to_have_count(0)

    def check(self) -> None:
        """Hold a place, once it has loaded, to what all of them owe.

        No grave finding of axe, nothing wider than the screen, no text of a chart that is cut, and no markup made of
        data: hostile data in tests would rename the page.
        """
        expect(self.page.locator("[aria-busy], .loading")).to_have_count(0)
        found = Axe().run(self.page, options={"resultTypes": ["violations"]}).response["violations"]
        grave = [_finding(each) for each in found if each["impact"] in _GRAVE]
        assert not grave, "\n".join(grave)
        wide = self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide <= 0, f"{self.page.url} is {wide} px wider than the screen"
        assert self.page.evaluate(_CUT) == []
        assert self.page.title() != "taken"


def _finding(violation: dict[str, Any]) -> str:
    places = "; ".join(node["html"][:200] for node in violation["nodes"][:3])
    return f"{violation['impact']}: {violation['id']}: {violation['help']}: {places}"
