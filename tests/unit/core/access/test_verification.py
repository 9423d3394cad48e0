"""Where the link leads that verifies an address."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from nereid.core.access.verification import Verification

NOW = datetime(2026, 1, 31, 9, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("base_url", "leads_to"),
    [("", "https://abc.execute-api.eu-west-1.amazonaws.com"), ("https://mail.example.com", "https://mail.example.com")],
)
def test_a_link_leads_to_the_url_of_the_stack_or_else_to_where_the_api_was_reached(
    base_url: str, leads_to: str
) -> None:
    texts: list[str] = []
    clock: Any = SimpleNamespace(now=lambda: NOW)
    store: Any = None
    mails = Verification(store, clock, lambda: "s" * 64, base_url, lambda _to, _subject, text: texts.append(text))
    account: Any = SimpleNamespace(id="a", email="sam@example.com")
    mails.send(account, "abc.execute-api.eu-west-1.amazonaws.com")
    [text] = texts
    assert re.findall(r"(\S+)/verify/", text) == [leads_to]
