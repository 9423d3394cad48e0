"""Mails with files, as they travel."""

from __future__ import annotations

import email
import email.policy
from email.message import EmailMessage
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nereid.aws.messaging.mime import mime
from nereid.errors import ProviderRefused

HEADERS = {"From": "a@example.com", "To": "b@example.com", "Subject": "s"}
FILE = ("a.txt", "text/plain", b"x")


def read(data: bytes) -> EmailMessage:
    assert data.isascii()
    assert all(len(line) <= 998 for line in data.split(b"\r\n"))
    assert b"\n" not in data.replace(b"\r\n", b"")
    message = email.message_from_bytes(data, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    return message


def files(message: EmailMessage) -> list[tuple[str | None, str, Any]]:
    found = []
    for part in message.iter_attachments():
        assert isinstance(part, EmailMessage)
        found.append((part.get_filename(), part.get_content_type(), part.get_payload(decode=True)))
    return found


@pytest.mark.parametrize(
    ("media_type", "read_as"),
    [
        ("application/pdf", "application/pdf"),
        ("text/csv; charset=utf-8", "text/csv"),
        ("text/calendar; method=REQUEST; charset=utf-8", "text/calendar"),
        ("image/svg+xml", "image/svg+xml"),
        (None, "application/octet-stream"),
        ("", "application/octet-stream"),
        ("binary", "application/octet-stream"),
        ("multipart/mixed", "application/octet-stream"),
        ("message/rfc822", "application/octet-stream"),
        ("text/plain\r\nBcc: x@example.com", "application/octet-stream"),
    ],
)
def test_a_file_has_its_type_or_any(media_type: str | None, read_as: str) -> None:
    content = bytes(range(256))
    message = read(mime(HEADERS, "t", None, [("f", media_type, content)]))
    assert files(message) == [("f", read_as, content)]
    assert "Bcc" not in message


def test_a_parameter_of_a_type_is_kept() -> None:
    [part] = read(mime(HEADERS, "t", None, [("f", "text/calendar; method=REQUEST", b"x")])).iter_attachments()
    assert part["Content-Type"].params["method"] == "REQUEST"


@settings(deadline=None)
@given(st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]), min_size=1, max_size=255))
def test_a_file_keeps_its_name(name: str) -> None:
    message = read(mime(HEADERS, "t", None, [(name, "text/plain", b"x")]))
    assert (files(message)[0][0] or "").split() == name.split()
    assert set(message) == {"From", "To", "Subject", "MIME-Version", "Content-Type"}


def test_links_and_words_for_programs_stay_in_one_piece() -> None:
    link, word = "<https://example.com/u/" + "x" * 600 + ">", "y" * 800
    data = mime({**HEADERS, "List-Unsubscribe": link, "X-Word": word}, "t", None, [FILE])
    assert f"List-Unsubscribe: {link}\r\n".encode() in data
    assert f"X-Word: {word}\r\n".encode() in data


def test_long_addresses_stay_addresses() -> None:
    long = [f"{'x' * 64}@{letter * 60}.{'y' * 60}.example" for letter in "abc"]
    message = read(mime({**HEADERS, "Cc": ", ".join([*long, f"=?utf-8?q?J=C3=B6rg?= <{long[0]}>"])}, "t", None, [FILE]))
    assert [each.addr_spec for each in message["Cc"].addresses] == [*long, long[0]]
    assert message["Cc"].addresses[3].display_name == "Jörg"


def test_a_link_as_long_as_a_line_has_one_of_its_own() -> None:
    link = f"<https://{'x' * 985}>"
    data = mime({**HEADERS, "List-Unsubscribe": link}, "t", None, [FILE])
    assert f"List-Unsubscribe:\r\n {link}\r\n".encode() in data


@pytest.mark.parametrize("subject", ["", "=?utf-8?q?Boss?=", "x" * 2000, "a  b", "Grüße"])
def test_a_subject_says_what_it_says(subject: str) -> None:
    message = read(mime({**HEADERS, "Subject": subject}, "t", None, [FILE]))
    assert str(message["Subject"]).split() == subject.split()


@pytest.mark.parametrize("header", ["Subject", "To", "X-Order"])
def test_a_header_in_two_lines_is_refused(header: str) -> None:
    with pytest.raises(ProviderRefused, match="InvalidMail"):
        mime({**HEADERS, header: "a\r\nBcc: x@example.com"}, "t", None, [FILE])


def test_long_subjects_and_texts_are_folded() -> None:
    subject, text = "Überraschung " * 60, "ein langes Wort " * 200
    message = read(mime({**HEADERS, "Subject": subject}, text, f"<p>{text}</p>", [FILE]))
    assert str(message["Subject"]).split() == subject.split()
    part = message.get_body(("plain",))
    assert part is not None
    assert part.get_content().split() == text.split()
