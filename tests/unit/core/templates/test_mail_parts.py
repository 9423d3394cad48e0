"""The parts of an e-mail beside its subject and bodies, filled in."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from nereid.core.templates import mail_parts
from nereid.core.templates.mail_parts import decoded, filename_of, fill_parts, header_problem, header_value
from nereid.core.templates.render import render
from nereid.errors import TemplateFailed
from nereid.models.delivery import File
from nereid.models.event_type import EmailTemplate

FILE = {"filename": "a.txt", "content_type": "text/plain", "content_base64": "YWJj"}


def filled(*, to: str = "sam@example.com", from_public: bool = False, **members: Any) -> dict[str, Any]:
    """Fill in a template whose strings are what they say, but for braces around them."""
    template = EmailTemplate.model_validate({"subject": "s", "text": "t", **members})
    return fill_parts(template, to, lambda source: source.strip("{}"), from_public=from_public)[0]


def test_a_template_without_parts_has_none() -> None:
    assert filled() == {}
    assert filled(cc=[], bcc=[], headers={}, attachments=[]) == {"cc": [], "bcc": [], "headers": {}, "attachments": []}


def test_an_address_gets_the_mail_once() -> None:
    cc = ["SAM@example.com", "a@example.com", "A <A@Example.com>", "b@example.com"]
    shown = filled(cc=cc, bcc=["B@example.com", "c@example.com", "sam@example.com", "c@example.com"])
    assert shown == {"cc": ["a@example.com", "b@example.com"], "bcc": ["c@example.com"]}


@pytest.mark.parametrize("blank", ["{{}}", " ", "{{ \n }}"])
def test_a_blank_is_left_out(blank: str) -> None:
    assert filled(reply_to=blank, cc=[blank], headers={"X-A": blank}) == {"cc": [], "headers": {}}


def test_what_a_stranger_would_choose_is_left_out() -> None:
    members: dict[str, Any] = {"cc": ["{{a@example.com}}", "b@example.com"], "bcc": ["{% if x %}", "{{c@example.com}}"]}
    assert filled(from_public=True, **members) == {"cc": ["b@example.com"], "bcc": []}
    assert filled(from_public=True, reply_to="{{a@example.com}}") == {"reply_to": "a@example.com"}


@pytest.mark.parametrize(
    "member", [{"content_base64": "{{YWJj}}", "content_type": "text/plain"}, {"url": "{{s3://b/k}}"}]
)
def test_a_file_that_a_stranger_would_choose_fails(member: dict[str, str]) -> None:
    attachments = [FILE, {"filename": "f", **member}]
    assert len(filled(attachments=attachments)["attachments"]) == 2
    with pytest.raises(TemplateFailed, match=r"attachments\[1\] is a template"):
        filled(from_public=True, attachments=attachments)


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({"reply_to": "x"}, "reply_to is not an e-mail address"),
        ({"cc": ["a@example.com", "x"]}, r"cc\[1\] is not an e-mail address"),
        ({"bcc": ["x@"]}, r"bcc\[0\] is not an e-mail address"),
        ({"headers": {"X-A": "x" * 871}}, "headers.X-A is longer than 870 characters"),
        ({"headers": {"X-A": "ä" * 400}}, "headers.X-A is longer than 870 characters"),
        ({"attachments": [{**FILE, "filename": "{{}}"}]}, r"attachments\[0\].filename is not 1 to 255 characters"),
        ({"attachments": [{**FILE, "content_base64": "{{}}"}]}, r"attachments\[0\].content_base64 is empty"),
        ({"attachments": [{**FILE, "content_base64": "ä"}]}, r"attachments\[0\].content_base64 is not base64"),
    ],
)
def test_what_cannot_be_sent_is_named(members: dict[str, Any], message: str) -> None:
    with pytest.raises(TemplateFailed, match=message):
        filled(**members)


def test_files_have_a_limit_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mail_parts, "MAX_FILES_BYTES", 6)
    assert [each["size"] for each in filled(attachments=[FILE, FILE])["attachments"]] == [3, 3]
    with pytest.raises(TemplateFailed, match="attachments are larger than 6 bytes together"):
        filled(attachments=[FILE, {**FILE, "content_base64": "YWJjZA=="}])


def test_a_file_is_told_of_without_its_content() -> None:
    template = EmailTemplate.model_validate(
        {"subject": "s", "text": "t", "attachments": [FILE, {"filename": "b", "url": " s3://b/k "}]}
    )
    members, files = fill_parts(template, "sam@example.com", str, from_public=False)
    assert members["attachments"] == [
        {"filename": "a.txt", "content_type": "text/plain", "size": 3},
        {"filename": "b", "content_type": None, "url": "s3://b/k"},
    ]
    assert files == [File("a.txt", "text/plain", b"abc"), File("b", None, url="s3://b/k")]


@pytest.mark.parametrize(
    ("text", "content"),
    [
        ("YWJj", b"abc"),
        ("YWJjZA==", b"abcd"),
        ("YWJjZA", b"abcd"),
        (" YW\r\nJj\tZA = = ", b"abcd"),
        ("", b""),
        ("=", b""),
        ("YWJjZ", None),
        ("YW=Jj", None),
        ("YW-_", None),
        ("data:text/plain;base64,YWJj", None),
        ("YWJj\x00", None),
        ("ＹＷＪｊ", None),  # noqa: RUF001 - that is the point
    ],
)
def test_base64_is_read_however_it_is_written(text: str, content: bytes | None) -> None:
    assert decoded(text) == content


def test_all_bytes_survive() -> None:
    content = bytes(range(256)) * 9
    assert decoded(base64.encodebytes(content).decode()) == content


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (" Rechnung März.pdf\r\n", "Rechnung März.pdf"),
        ("a\x00b\u2028c.txt", "a b c.txt"),
        ("invoice\u202efdp.exe", "invoicefdp.exe"),
        ("\u2066\u2069", None),
        ("", None),
        ("x" * 255, "x" * 255),
        ("x" * 256, None),
    ],
)
def test_a_name_of_a_file_is_one_line_in_one_direction(text: str, name: str | None) -> None:
    assert filename_of(text) == name


@pytest.mark.parametrize(
    ("text", "value"),
    [("a\r\nBcc: b", "a Bcc: b"), (" a  b ", "a  b"), ("Grüße", "=?utf-8?b?R3LDvMOfZQ==?="), ("\n", "")],
)
def test_a_value_of_a_header_is_one_line_of_ascii(text: str, value: str) -> None:
    assert header_value(text) == value


@pytest.mark.parametrize("name", ["X-A", "x-order-id", "X-" + "a" * 124, "X-Ses", "X-SESSION"])
def test_a_header_may_have_any_name_that_begins_so(name: str) -> None:
    assert header_problem(name) is None


@pytest.mark.parametrize("name", ["", "X", "X-", "Bcc", "X-A\n", "X-A:", "X-" + "a" * 125, "X-SES-A", "x-ses-a"])
def test_others_are_no_names_of_ours(name: str) -> None:
    assert header_problem(name) is not None


def test_a_file_that_is_missing_is_told_of() -> None:
    attachment = {**FILE, "content_base64": "{{ data.file }}"}
    template = EmailTemplate.model_validate({"subject": "s", "text": "t", "attachments": [attachment]})
    with pytest.raises(TemplateFailed, match="content_base64 is empty") as failed:
        render(template, {"data": {}})
    assert failed.value.missing_variables == ["data.file"]
    with pytest.raises(TemplateFailed, match=r"^missing: data\.file$"):
        render(template, {"data": {}}, fail_if_missing=True)


def test_a_part_that_breaks_in_any_way_fails_its_mail_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    def stumble(_: str) -> None:
        raise AssertionError("unexpected")

    monkeypatch.setattr(mail_parts, "read_mailbox", stumble)
    template = EmailTemplate.model_validate({"subject": "s", "text": "t", "cc": ["a@example.com"]})
    with pytest.raises(TemplateFailed, match="AssertionError"):
        render(template, {}, to="sam@example.com")
