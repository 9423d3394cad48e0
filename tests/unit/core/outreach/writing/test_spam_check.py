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


def test_a_subject_in_capitals() -> None:
    assert check("SHIP on time", BODY) == (0.0, [])
    assert check("SHIP", BODY) == (0.0, [])
    assert check("SHIP soon THIS week", BODY) == (0.0, [])
    assert check("SHIP THIS week", BODY) == (0.3, ["The subject is written in capitals."])
    assert check("SHIP THIS", BODY) == (0.3, ["The subject is written in capitals."])


def test_a_text_in_capitals() -> None:
    assert check("Shipping", BODY.upper()) == (0.2, ["Much of the text is written in capitals."])


def test_words_that_filters_know() -> None:
    assert check("Shipping", BODY + "Act now") == (0.2, ['It uses words that filters know: "act now".'])
    many = "act now, buy now, click here, guaranteed, urgent, winner"
    named = '"act now", "buy now", "click here", "guaranteed", "urgent"'
    assert check("Shipping", BODY + many) == (0.6, [f"It uses words that filters know: {named}."])
    assert check("A winner", BODY)[0] == 0.2


@pytest.mark.parametrize("money", ["$5", "€ 100", "5 £"])
def test_sums_of_money(money: str) -> None:
    assert check("Shipping", BODY + money) == (0.1, ["It names sums of money."])


def test_a_text_that_is_short_or_long() -> None:
    assert check("Shipping", "word " * 14) == (0.1, ["The text is very short."])
    assert check("Shipping", "word " * 15) == (0.0, [])
    assert check("Shipping", "word " * 400) == (0.0, [])
    assert check("Shipping", "word " * 401) == (0.1, ["The text is longer than people read."])


def test_many_signs_together_count_as_one_at_most() -> None:
    score, reasons = check("Re: ACT NOW", "CLICK HERE, WINNER, GUARANTEED!!!!! $5 www.a www.b www.c www.d www.e")
    assert score == 1.0
    assert len(reasons) > 5
