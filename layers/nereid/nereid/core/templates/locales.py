"""Numbers, amounts, and names of days and months as a language and its country write them."""

import re
from datetime import date, time
from decimal import Decimal
from typing import Any

from nereid.core.templates.arithmetic import Number, rounded

#: Locales whose data are kept; each takes up to half a megabyte.
_MAX_KEPT = 16
#: Most decimals of a number, unless a template says how many it has, and most that it may say.
_DECIMALS, _MOST_DECIMALS = 3, 20
_kept: dict[str, Any] = {}
#: The decimals in a form of numbers, such as `#,##0.###`.
_FRACTION = re.compile(r"\.[0#]+")
#: Between the letters of a currency and digits, where CLDR has a space and Babel has none.
_BETWEEN = re.compile(r"(?<=[^\W\d_])(?=\d)|(?<=\d)(?=[^\W\d_])")

# Babel is imported where it is used: most templates need nothing of it.


def locale_of(name: Any) -> Any:
    """Return what is known of a locale (`de`, `de-AT`, `zh_Hant_TW`), or of its language; else of English."""
    text = name.strip().replace("-", "_")[:64] if isinstance(name, str) else ""
    language = text.split("_")[0]
    return _known(text) or _known(language) or _known("en")


def _known(name: str) -> Any:
    from babel import Locale, UnknownLocaleError, localedata

    name = name.lower()
    if name not in _kept:
        if len(_kept) >= _MAX_KEPT:
            _kept.clear()
            localedata.clear_caches()
        try:
            locale = Locale.parse(name) if name else None
        except (ValueError, UnknownLocaleError):
            locale = None
        if locale is None:
            return None  # kept, the names that nobody knows would crowd out the others
        _kept[name] = locale
    return _kept[name]


def number_text(value: Number, locale: Any, decimals: int | None = None) -> str:
    """Return a number with its groups and so many decimals; without a number of them, three at most."""
    from babel.numbers import format_decimal

    known = locale_of(locale)
    if decimals is None:
        exact = value if isinstance(value, int) else rounded(value, _DECIMALS)
        return str(format_decimal(Decimal(exact), locale=known))
    decimals = max(0, min(decimals, _MOST_DECIMALS))
    form = _FRACTION.sub("." + "0" * decimals if decimals else "", known.decimal_formats[None].pattern)
    return str(format_decimal(rounded(value, decimals), form, locale=known))


def money_text(value: Number, currency: str, locale: Any) -> str:
    """Return an amount with its currency and as many decimals as that has."""
    from babel.numbers import format_currency, get_currency_precision

    exact = rounded(value, get_currency_precision(currency))
    return _BETWEEN.sub("\N{NO-BREAK SPACE}", format_currency(exact, currency, locale=locale_of(locale)))


def day_name(day: date, *, short: bool, locale: Any) -> str:
    """Return the name of a day of the week."""
    from babel.dates import format_date

    return str(format_date(day, "EEE" if short else "EEEE", locale=locale_of(locale)))


def month_name(day: date, *, short: bool, alone: bool, locale: Any) -> str:
    """Return the name of a month.

    Parameters
    ----------
    alone
        Whether it stands without a day of the month; many languages write it otherwise then.
    """
    from babel.dates import format_date

    letters = ("L" if alone else "M") * (3 if short else 4)
    return str(format_date(day, letters, locale=locale_of(locale)))


def half_of_day(at: time, *, locale: Any) -> str:
    """Return the word for the time before or after noon."""
    from babel.dates import format_time

    return str(format_time(at, "a", locale=locale_of(locale)))
