"""A page of a shop on another origin, with the clients of `pages/clients.js` in it."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Frame, Locator, Page

#: What the Client API answers when it has taken something.
ACCEPTED = (204, "")


class Shop:
    """A page, or a frame in one, that has the clients.

    Parameters
    ----------
    page : Page or Frame
        Where `clients.js` is loaded.
    base_url : str
        Where the product is.
    key : str
        The public key that stands in the page, or another credential.
    """

    def __init__(self, page: Page | Frame, base_url: str, key: str) -> None:
        self.page = page
        self._given = [base_url, key]
        page.evaluate(
            "([url, key]) => { window.parcelvoy = new Parcelvoy(url, key);"
            " window.postles = new Postles(url, key); window.caller = new Caller(url, key); }",
            self._given,
        )
        self.anonymous: str = page.evaluate("() => parcelvoy.anonymousId = postles.anonymousId")

    def show_messages(self) -> Locator:
        """Let Postles look for messages by itself, as it does where the page shows them; return those that it shows.

        Until an identify is processed, somebody new has no inbox, which is a 404.
        """
        self.page.evaluate("() => { postles.onMessage = show }")
        return self.page.locator("#messages li")

    def call(self, method: str, argument: Any = None) -> tuple[int, Any]:
        """Call a method of a client in the page.

        Parameters
        ----------
        method : str
            `parcelvoy.track` and the like.
        argument : Any
            Its only argument.

        Returns
        -------
        tuple
            Status and body as the page read them; JSON is parsed.
        """
        answer = self.page.evaluate(f"given => {method}(given ?? undefined)", argument)
        return answer["status"], answer["body"]

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> dict[str, Any]:
        """Make a request of the page's own; return what it can read of the answer."""
        answer: dict[str, Any] = self.page.evaluate(
            "([method, path, body, headers]) => caller.ask(method, path, body ?? undefined, { headers })",
            [method, path, body, {name.replace("_", "-"): value for name, value in headers.items()}],
        )
        return answer

    def said(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any]:
        """Make a request of the page's own; return status and body."""
        answer = self.ask(method, path, body, **headers)
        return answer["status"], answer["body"]
