"""Unsubscribing by the link in a mail, and the health check."""

from __future__ import annotations

import pytest

from tests.contract.manage_client import Mailed, Manage, mail, outcomes, unique
from tests.local_stack import Answer

SUBSCRIPTION = mail("s", "Unsubscribe: {{ unsubscribe_url }}")


class TestUnsubscribe:
    def link(self, manage: Manage, address: str) -> str:
        """Return the path of the link in a mail to an address."""
        Mailed(manage, address, SUBSCRIPTION)
        sent = manage.stack.outbox(address)[-1]
        url = sent["text"].removeprefix("Unsubscribe: ")
        assert url.startswith(manage.stack.base_url + "/u/")
        return str(url.removeprefix(manage.stack.base_url))

    def page(self, manage: Manage, method: str, path: str, body: bytes | None = None) -> Answer:
        answer = manage.stack.request(method, path, body)
        assert answer.headers["Content-Type"].startswith("text/html")
        return answer

    def test_a_get_shows_a_button_and_changes_nothing(self, manage: Manage) -> None:
        address = f"{unique()}@example.com"
        answer = self.page(manage, "GET", self.link(manage, address))
        assert answer.status == 200
        assert b'<form method="post">' in answer.body
        assert b"<button" in answer.body
        assert outcomes([Mailed(manage, address, SUBSCRIPTION).sent]) == [("success", None)]

    def test_a_head_is_a_get_without_the_page(self, manage: Manage) -> None:
        address = f"{unique()}@example.com"
        link = self.link(manage, address)
        answer = self.page(manage, "HEAD", link)
        assert (answer.status, answer.body) == (200, b"")
        assert self.page(manage, "HEAD", f"{link}x").status == 404
        assert outcomes([Mailed(manage, address, SUBSCRIPTION).sent]) == [("success", None)]

    @pytest.mark.parametrize("body", [None, b"List-Unsubscribe=One-Click", b"{", b"\xff\x00", b"x" * 10_000])
    def test_a_post_of_anything_unsubscribes_and_can_be_repeated(self, manage: Manage, body: bytes | None) -> None:
        address = f"{unique()}@example.com"
        path = self.link(manage, address)
        for _ in range(2):
            assert self.page(manage, "POST", path, body).status == 200
        again = Mailed(manage, address.upper(), SUBSCRIPTION)
        assert outcomes([again.sent]) == [("failed", "suppressed: unsubscribe")]

    def test_only_subscription_mail_heeds_it(self, manage: Manage) -> None:
        address = f"{unique()}@example.com"
        self.page(manage, "POST", self.link(manage, address))
        assert outcomes([Mailed(manage, address, mail()).sent]) == [("success", None)]
        for members in (
            {"html": "<a href='{{ unsubscribe_url }}'>x</a>"},
            {"text": "{% if unsubscribe_url %}x{% endif %}"},
        ):
            again = Mailed(manage, address, mail(**members))
            assert outcomes([again.sent]) == [("failed", "suppressed: unsubscribe")]

    def test_it_holds_for_this_team_only(self, manage: Manage, team: Manage) -> None:
        address = f"{unique()}@example.com"
        self.page(manage, "POST", self.link(manage, address))
        assert outcomes([Mailed(team, address, SUBSCRIPTION).sent]) == [("success", None)]

    @pytest.mark.parametrize("token", ["x", "a.b.c", "x" * 3000, "%F0%9F%8E%89"])
    @pytest.mark.parametrize("method", ["GET", "POST"])
    def test_a_bad_link_is_not_found(self, manage: Manage, method: str, token: str) -> None:
        assert self.page(manage, method, f"/u/{token}").status == 404

    def test_an_api_token_is_no_link_and_a_link_no_api_token(self, manage: Manage) -> None:
        assert self.page(manage, "GET", f"/u/{manage.token}").status == 404
        link = self.link(manage, f"{unique()}@example.com").removeprefix("/u/")
        assert Manage(manage.stack, link).call("GET", "/environments")[0] == 401

    def test_a_link_that_was_changed_is_not_found(self, manage: Manage) -> None:
        path = self.link(manage, f"{unique()}@example.com")
        changed = path[:-4] + ("AAAA" if path[-4:] != "AAAA" else "BBBB")
        assert self.page(manage, "POST", changed).status == 404

    def test_subscription_mail_has_the_headers_and_no_other_has(self, manage: Manage) -> None:
        address = f"{unique()}@example.com"
        path = self.link(manage, address)
        [sent] = manage.stack.outbox(address)
        assert sent["headers"] == {
            "List-Unsubscribe": f"<{manage.stack.base_url}{path}>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        }
        assert manage.mailed(mail("unsubscribe_url"))["headers"] == {}


def test_health_is_good(manage: Manage) -> None:
    answer = manage.stack.request("GET", "/health")
    assert (answer.status, answer.json()) == (200, {"status": "ok"})
