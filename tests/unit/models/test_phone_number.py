"""Which texts are phone numbers, and whose."""

from __future__ import annotations

import pytest

from nereid.models.addresses import why_unreachable
from nereid.models.phone_number import country_of


@pytest.mark.parametrize("text", ["+4915112345678", "+12025550123", "+91989", "+881612345678", "+" + "9" * 15])
def test_an_international_number_is_one(text: str) -> None:
    assert why_unreachable("mobile_number", text) is None


@pytest.mark.parametrize(
    "text",
    [
        *("", "911", "+", "4915112345678", "004915112345678", "+0151", "+49 151", "+49-151", "tel:+49151", "+49151\n"),
        *("+4x", "+" + "9" * 16, "+٤٩١٥١", " +49151", "arn:aws:sns:eu-west-1:123456789012:topic", "no number"),
    ],
)
def test_anything_else_is_none(text: str) -> None:
    assert why_unreachable("mobile_number", text) == "not a phone number"


@pytest.mark.parametrize(
    ("number", "country"),
    [
        ("+4915112345678", "DE"),
        ("+33612345678", "FR"),
        ("+12025550123", "US"),
        ("+14165550123", "CA"),
        ("+18765550123", "JM"),
        ("+77011234567", "KZ"),
        ("+79161234567", "RU"),
        ("+447400123456", "GB"),
        ("+447911712345", "GG"),
        ("+390612345678", "IT"),
        # In nobody's list of numbers: the largest country with that calling code.
        ("+15550000666", "US"),
        ("+91989", "IN"),
        # Satellites, international networks and premium numbers, and what no country has.
        ("+881612345678", None),
        ("+8823451234567", None),
        ("+97912345678", None),
        ("+2101234567", None),
        ("+4", None),
        ("+49", None),
    ],
)
def test_a_number_has_a_country(number: str, country: str | None) -> None:
    assert country_of(number) == country
