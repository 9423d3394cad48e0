"""Mailboxes as people write them, and as the headers of a mail have them."""

from __future__ import annotations

from email import policy
from email.parser import Parser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nereid.models.mailbox import Mailbox, read_mailbox


@pytest.mark.parametrize(
    ("text", "name", "address"),
    [
        ("sam@example.com", "", "sam@example.com"),
        (" Sam@Example.com ", "", "Sam@example.com"),
        ("<sam@example.com>", "", "sam@example.com"),
        ("Sam Ng <sam@example.com>", "Sam Ng", "sam@example.com"),
        ('"Ng, Sam" <sam@example.com>', "Ng, Sam", "sam@example.com"),
        (r'"Sam \"S\" Ng" <sam@example.com>', 'Sam "S" Ng', "sam@example.com"),
        ("Ðorđe Đurić <d@example.rs>", "Ðorđe Đurić", "d@example.rs"),
        ("山田太郎 <taro@example.jp>", "山田太郎", "taro@example.jp"),
        ("sam\u200b@example.com\ufeff", "", "sam@example.com"),
        ("info@bücher.example", "", "info@xn--bcher-kva.example"),
        ("info@bu\u0308cher.example", "", "info@xn--bcher-kva.example"),
        ("o'neil+tag@mail.example.co.uk", "", "o'neil+tag@mail.example.co.uk"),
    ],
)
def test_an_address_is_read_with_its_name(text: str, name: str, address: str) -> None:
    assert read_mailbox(text) == Mailbox(name, address)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "sam",
        "sam@",
        "@example.com",
        "sam@localhost",
        "sam@example.com.",
        "sam@example..com",
        "a@example.com, b@example.com",
        "a@example.com b@example.com",
        "A <a@example.com>, B <b@example.com>",
        "A <a@example.com> B",
        "A <<a@example.com>>x",
        "büro@example.com",
        "sam@example.com\r\nBcc: b@example.com",
        "\x00 <sam@example.com>",
        "a" * 250 + "@example.com",
        "x" * 500 + " <sam@example.com>",
    ],
)
def test_what_takes_no_mail_is_none(text: str) -> None:
    assert read_mailbox(text) is None


@pytest.mark.parametrize(
    ("name", "header"),
    [
        ("", "sam@example.com"),
        ("Sam Ng", "Sam Ng <sam@example.com>"),
        ("Ng, Sam", '"Ng, Sam" <sam@example.com>'),
        ("Zoë", "=?utf-8?q?Zo=C3=AB?= <sam@example.com>"),
        ("=?utf-8?q?Boss?=", "=?utf-8?b?PT91dGYtOD9xP0Jvc3M/PQ==?= <sam@example.com>"),
    ],
)
def test_a_header_has_it_in_ascii(name: str, header: str) -> None:
    assert Mailbox(name, "sam@example.com").header() == header


@settings(deadline=None)
@given(st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]), max_size=120))
def test_a_header_says_the_name_and_nothing_else(name: str) -> None:
    mailbox = read_mailbox(f"{name} <sam@example.com>")
    if mailbox is None:
        assert "<" in name or ">" in name
        return
    header = mailbox.header()
    assert header.isascii()
    assert len(header.splitlines()) == 1
    [read] = Parser(policy=policy.default).parsestr(f"To: {header}\n\n")["To"].addresses
    assert read.addr_spec == "sam@example.com"
    assert read_mailbox(mailbox.text) is not None


def test_a_long_name_is_many_words() -> None:
    header = Mailbox("Grüße " * 40, "sam@example.com").header()
    assert max(map(len, header.split())) <= 75
