"""Amounts of money as shops write them: `234.12`, `1.234,56 €`, `CHF 1'234.50`, `₹1,23,456`."""

import re
import unicodedata
from decimal import Decimal
from typing import Any

from nereid.core.audience.vibetrace.user_attributes import number

_LONGEST = 40
_CODES = (
    "aed afn all amd aoa ars aud awg azn bam bbd bdt bgn bhd bif bmd bnd bob brl bsd btn bwp byn bzd cad cdf chf "
    "clp cny cop crc cup cve czk djf dkk dop dzd egp ern etb eur fjd fkp gbp gel ghs gip gmd gnf gtq gyd hkd hnl "
    "hrk htg huf idr ils inr iqd irr isk jmd jod jpy kes kgs khr kmf kpw krw kwd kyd kzt lak lbp lkr lrd lsl lyd "
    "mad mdl mga mkd mmk mnt mop mru mur mvr mwk mxn myr mzn nad ngn nio nok npr nzd omr pab pen pgk php pkr pln "
    "pyg qar ron rsd rub rwf sar sbd scr sdg sek sgd shp sle sos srd ssp stn svc syp szl thb tjs tmt tnd top try "
    "ttd twd tzs uah ugx usd uyu uzs ves vnd vuv wst xaf xcd xof xpf yer zar zmw zwl"
)
#: What shops write in the place of a code.
_SHORT = "zł kč kr kr. ft lei leu лв лв. руб руб. р. грн грн. rp rm rs rs. tl kn din дин дин. km mdl 円 元 원 đ د.إ"  # noqa: RUF001 - Cyrillic
_CURRENCIES = frozenset([*_CODES.split(), *_SHORT.split()])
#: Of these nobody writes parts, so that a separator before three digits separates thousands.
_NOT_DIVIDED = "jpy ¥ 円 krw ₩ 원 vnd ₫ đ idr rp clp isk huf ft pyg ₲ xof xaf ugx"
_WHOLE = frozenset(_NOT_DIVIDED.split())
_AFFIXED = re.compile(r"([^\d,]*?) ?([+-]?[.,]?\d[\d., ']*?)([.,] ?-{1,2})? ?([^\d,]*)")
#: Thousands in groups of three, or of two as in India, and the parts behind another separator.
_GROUPED = re.compile(
    r"[+-]?[1-9]\d{0,2}([., '])\d{3}(?:\1\d{3})*(?:(?!\1)[.,]\d+)?|[+-]?[1-9]\d?(?:(,)\d\d)+,\d{3}(?:\.\d+)?"
)
_WITH_COMMA = re.compile(r"[+-]?(?:\d+,\d*|,\d+)")
#: One separator before three digits, of which nobody can say what it separates.
_AMBIGUOUS = re.compile(r"[+-]?[1-9]\d{0,2}[.,]\d{3}")


def amount(value: Any) -> Decimal | None:
    """Read an amount; None if it is none, cannot be told, or is out of reason."""
    if not isinstance(value, str):
        return number(value)
    plain = number(value)
    if plain is not None or len(value) > _LONGEST:
        return plain
    text = "".join(_plain(char) for char in unicodedata.normalize("NFKC", value)).strip()
    parts = _AFFIXED.fullmatch(text)
    if parts is None:
        return None
    before, digits, after = parts[1].strip(), parts[2].strip(), parts[4].strip()
    negative = before.startswith("-")
    before = before.removeprefix("-").strip()
    if not all(_is_currency(each) for each in (before, after) if each) or (negative and digits[0] in "+-"):
        return None
    # A dash stands for the parts: "1.234,-".
    is_whole = bool(parts[3]) or before.casefold() in _WHOLE or after.casefold() in _WHOLE
    return _read(f"-{digits}" if negative else digits, is_whole=is_whole)


def _read(digits: str, *, is_whole: bool) -> Decimal | None:
    if _AMBIGUOUS.fullmatch(digits) and not is_whole:
        return None
    grouped = _GROUPED.fullmatch(digits)
    if grouped is not None:
        return number(digits.replace(grouped[1] or grouped[2], "").replace(",", "."))
    return number(digits.replace(",", ".") if _WITH_COMMA.fullmatch(digits) else digits)


def _plain(char: str) -> str:
    """Return a character as the rules here name it: digits of all scripts, blanks, minus signs, apostrophes."""
    if char.isdecimal():
        return str(unicodedata.decimal(char))
    if char.isspace():
        return " "
    return {"\u2212": "-", "\u2013": "-", "\u2014": "-", "\u2019": "'", "\u066b": ".", "\u066c": ","}.get(char, char)


def _is_currency(text: str) -> bool:
    signs = [char for char in text if unicodedata.category(char) == "Sc"]
    letters = text.replace(signs[0], "", 1).strip().casefold() if signs else ""
    return text.casefold() in _CURRENCIES or (len(signs) == 1 and (len(letters) <= 2 or letters in _CURRENCIES))
