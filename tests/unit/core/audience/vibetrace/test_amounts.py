# ruff: noqa: RUF001 - amounts of other scripts
"""Amounts as shops of many countries write them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nereid.core.audience.vibetrace.amounts import amount

BLANK, NARROW, MINUS = "\u00a0", "\u202f", "\u2212"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("87,50", "87.50"),
        ("0,5", "0.5"),
        (",75", "0.75"),
        ("0,125", "0.125"),
        ("4999,999", "4999.999"),
        ("2.499,00", "2499"),
        ("2,499.00", "2499"),
        ("1.234.567,89", "1234567.89"),
        ("1,234,567.89", "1234567.89"),
        ("1.234.567", "1234567"),
        ("2 499", "2499"),
        (f"2{NARROW}499,90{BLANK}€", "2499.90"),
        ("€ 87,50", "87.50"),
        ("EUR 87,50", "87.50"),
        ("87,50 eur", "87.50"),
        ("CHF 2'499.50", "2499.50"),
        ("CHF 2\u2019499.50", "2499.50"),
        ("100,-", "100"),
        ("1.234,-", "1234"),
        ("€ 1.234,--", "1234"),
        ("CHF 1'234.\u2013", "1234"),
        ("12.345.-", "12345"),
        ("100.\u2013 CHF", "100"),
        ("R$ 2.499,90", "2499.90"),
        ("US$2,499.90", "2499.90"),
        ("CA$ 10.00", "10"),
        ("£12.30", "12.30"),
        ("₹1,23,456.78", "123456.78"),
        ("1,23,456", "123456"),
        ("Rs. 1,500.00", "1500"),
        ("249,90 zł", "249.90"),
        ("1 299 kr", "1299"),
        ("kr. 12,50", "12.50"),
        ("1 299,00 Kč", "1299"),
        ("1.299,50 lei", "1299.50"),
        ("2 500,75 руб.", "2500.75"),
        ("¥12,345", "12345"),
        ("１２３４円", "1234"),
        ("₩12,000", "12000"),
        ("12.000 ₫", "12000"),
        ("Rp 125.000", "125000"),
        ("٢٣٤٫١٢", "234.12"),
        ("١٬٢٣٤٫٥٠ د.إ", "1234.50"),
        ("-12,50", "-12.50"),
        ("-€12,50", "-12.50"),
        ("€-12,50", "-12.50"),
        (f"{MINUS}12,50 €", "-12.50"),
        ("+12,50", "12.50"),
        ("1.234", "1.234"),
        (" 1e3 ", "1000"),
        ("12.", "12"),
        ("1000000000000,00", "1000000000000"),
    ],
)
def test_an_amount_is_read_as_it_is_written(text: str, value: str) -> None:
    assert amount(text) == Decimal(value)


@pytest.mark.parametrize(
    "value",
    [
        *("", " ", "abc", "EUR", "€", "-", ",", ".", "free", "12 kg", "12 pcs", "3 items", "12 EUR net", "€ 12 €€"),
        *("12,34,56", "1.2.3", "1.234.56", "1,234,56", "1..5", "1,,5", "1,5e3", "1 23", "--5", "-€-5", "12€34"),
        *("1,234", "$1,234", "€ 1.234", "-2,499", "1.234 EUR"),
        *("1000000000001,00", "9" * 50, "1,5" + " " * 60, "nan", "Infinity", "0x1F", "1_000,00"),
        *(True, False, [1], {}, {"value": 1}, 1e300, 10**13, None),
    ],
)
def test_what_is_no_amount_or_could_be_two_is_none(value: Any) -> None:
    assert amount(value) is None


@given(st.decimals(0, 10**9, places=2), st.sampled_from([(",", "."), (".", ","), (" ", ","), ("'", "."), ("", ",")]))
def test_every_amount_with_cents_is_read_in_every_style(value: Decimal, style: tuple[str, str]) -> None:
    thousands, point = style
    text = f"{value:,.2f}".replace(",", "t").replace(".", point).replace("t", thousands)
    assert amount(text) == value
    assert amount(f"€ {text}") == amount(f"{text} SEK") == value


@given(st.text("0123456789., '-+€$abEURkr\u00a0", max_size=45))
def test_any_text_is_an_amount_or_none(text: str) -> None:
    found = amount(text)
    assert found is None or abs(found) <= 10**12
