"""What looks like spam, one sign at a time: just below it, and just there."""

from __future__ import annotations

import pytest

from nereid.core.outreach.writing.spam_check import check

BODY = "Hello Sam, we help teams like yours to ship on time, and would like to show you how that is done. " * 2


@pytest.mark.parametrize(
    ("link", "weight"), [("https://example.com ", 0.1), ("www.example.com ", 0.1), ("http://example.com ", 0.1)]
)
def test_more_than_two_links(link: str, weight: float) -> None:
    assert check("Shipping", BODY + link * 2) == (0.0, [])
    assert check("Shipping", BODY + link * 3) == (weight, ["It has more than two links."])
    assert check("Shipping", BODY + link * 9) == (0.3, ["It has more than two links."])


def test_more_than_one_exclamation_mark() -> None:
    assert check("Shipping", BODY + "!") == (0.0, [])
    assert check("Shipping!", BODY + "!") == (0.1, ["It has more than one exclamation mark."])
    assert check("Shipping", BODY + "!" * 9) == (0.3, ["It has more than one exclamation mark."])


def test_a_subject_longer_than_78_characters() -> None:
    assert check("s" * 78, BODY) == (0.0, [])
    assert check("s" * 79, BODY) == (0.1, ["The subject is longer than 78 characters."])


def test_no_subject() -> None:
    assert check(" ", BODY) == (0.3, ["There is no subject."])


def test_a_subject_that_pretends_to_be_a_reply() -> None:
    assert check("Re: shipping", BODY) == (0.3, ["The subject pretends to be a reply."])
