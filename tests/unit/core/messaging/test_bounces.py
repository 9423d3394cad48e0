"""The mail server's status code says whether a bounce is about the address or about our mail."""

from __future__ import annotations

from typing import Any

import pytest

from nereid.core.messaging.bounces import status_code, verdict

TYPES = ("Permanent", "Transient", "Undetermined", None)


@pytest.mark.parametrize("bounce_type", TYPES)
@pytest.mark.parametrize("code", ["5.1.0", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1"])
def test_an_address_that_is_not_there_is_dead_whatever_the_type(bounce_type: str | None, code: str) -> None:
    assert verdict(bounce_type, "General", code) == "dead"
    assert verdict(bounce_type, "ContentRejected", code) == "dead"


@pytest.mark.parametrize("bounce_type", TYPES)
@pytest.mark.parametrize("code", ["5.2.2", "5.3.4", "5.4.4", "5.4.14", "5.6.0", "5.6.10", "5.7.1", "5.7.26", "5.7.606"])
def test_what_is_about_our_mail_is_never_held_against_the_address(bounce_type: str | None, code: str) -> None:
    assert verdict(bounce_type, "General", code) == "unrelated"


@pytest.mark.parametrize("bounce_type", TYPES)
@pytest.mark.parametrize("sub_type", ["MessageTooLarge", "ContentRejected", "AttachmentRejected"])
@pytest.mark.parametrize("code", [None, "5.0.0", "4.3.4", "552", "5.2.3"])
def test_types_about_content_and_size_are_never_held_against_the_address(
    bounce_type: str | None, sub_type: str, code: str | None
) -> None:
    assert verdict(bounce_type, sub_type, code) == "unrelated"


@pytest.mark.parametrize("bounce_type", TYPES)
@pytest.mark.parametrize("code", ["4.2.2", "4.4.7", "4.7.1", "4.1.1", "451", "421"])
def test_what_may_pass_is_a_soft_bounce(bounce_type: str | None, code: str) -> None:
    assert verdict(bounce_type, "General", code) == "soft"


@pytest.mark.parametrize("code", [None, "4.2.2", "5.2.2", "552"])
def test_a_full_mailbox_is_a_soft_bounce(code: str | None) -> None:
    assert verdict("Transient", "MailboxFull", code) == "soft"


@pytest.mark.parametrize("code", [None, "5.0.0", "5.3.0", "5.5.0", "550", "5.2.3"])
def test_where_the_code_says_nothing_the_type_decides(code: str | None) -> None:
    assert verdict("Permanent", "General", code) == "dead"
    assert verdict("Transient", "General", code) == "soft"
    assert verdict("Undetermined", "Undetermined", code) == "soft"


@pytest.mark.parametrize(
    ("recipient", "code"),
    [
        ({"status": "5.1.1", "diagnosticCode": "smtp; 550 5.7.1 no"}, "5.1.1"),
        ({"diagnosticCode": "smtp; 550 5.1.1 <lena@example.de>: Empfänger unbekannt"}, "5.1.1"),
        ({"status": "", "diagnosticCode": "smtp; 550-5.1.1 The email account that you tried to reach"}, "5.1.1"),
        ({"diagnosticCode": "smtp;550 #5.1.0 Address rejected."}, "5.1.0"),
        ({"diagnosticCode": "Mailbox closed (5.2.1)."}, "5.2.1"),
        ({"diagnosticCode": "rejected with code 5.4.1."}, "5.4.1"),
        ({"status": "5.0.0", "diagnosticCode": "smtp; 554 5.1.2 Bad destination"}, "5.1.2"),
        ({"status": "5.0.0", "diagnosticCode": "smtp; 554 no"}, "5.0.0"),
        ({"status": None, "diagnosticCode": "smtp; 452 try later"}, "452"),
        ({"diagnosticCode": "host mx.example.jp[203.5.1.10] said nothing"}, None),
        ({"diagnosticCode": "Exim 4.94.2 at 5.1.10.4 closed the connection"}, None),
        ({"diagnosticCode": "smtp; 250 2.1.5 ok"}, "2.1.5"),
        ({"status": 5.1, "diagnosticCode": ["x"]}, None),
        ({}, None),
    ],
)
def test_the_code_is_found_where_the_server_put_it(recipient: dict[str, Any], code: str | None) -> None:
    assert status_code(recipient) == code
