"""Moments in templates, whatever they are given as, in the reader's time zone and language."""

import re
from datetime import UTC, date, datetime
from typing import Any

import liquid
import pytz
from dateutil import parser

from nereid.core.templates import locales
from nereid.core.templates.rendering import current
from nereid.core.templates.signatures import Unfit
from nereid.core.templates.values import kind_of

#: Longest form of a date, and longest text that is read as one, in characters.
MAX_DATE = 256
#: A directive of a form that is three digits wide, or wider.
_WIDE_DIRECTIVE = re.compile(r"%[^A-Za-z%]*[0-9]{3}")
#: From here on, a number counts milliseconds: as seconds it would be the year 5138.
_MILLISECONDS_FROM = 100_000_000_000
_DIRECTIVE = re.compile(r"%([-_0^#]*)([AaBbhpPsL%])")
_DAY_OF_MONTH = re.compile(r"%[-_0]*[de]")


def zone_of(name: Any) -> Any:
    """Return a time zone by its name, in whatever case; None if there is none of it."""
    try:
        return pytz.timezone(name) if isinstance(name, str) else None
    except (KeyError, ValueError, OSError):
        return None


def is_form(text: str) -> bool:
    """Tell whether a text may be the form of a date.

    The C library's buffer grows with it, to a thousand times it, if the output stays empty.
    """
    return len(text) <= MAX_DATE and not _WIDE_DIRECTIVE.search(text)


def date_text(value: Any, form: str, zone: str | None = None) -> Any:
    """Return a moment in a form of `strftime`, in a time zone or that of the reader.

    A time without an offset, and a date without a time, are what they say in any zone.
    """
    if isinstance(value, liquid.Undefined) or not form:
        return value
    moment = _moment_of(value)
    if moment.tzinfo is not None:
        there = _zone(zone)
        moment = moment.astimezone(there) if there else moment
    text = moment.strftime(_named(moment, form))
    # What a template writes in its HTML is not escaped, and names have nothing to escape.
    return liquid.Markup(text) if isinstance(form, liquid.Markup) else text


def _zone(name: str | None) -> Any:
    if name is not None:
        found = zone_of(name)
        if found is not None:
            return found
        current().note("date: the time zone is not known")
    return zone_of(current().locality.timezone)


def _moment_of(value: Any) -> datetime:
    match value:
        case bool():
            pass
        case datetime():
            return value.astimezone(UTC)  # the library's `now`, which is this machine's
        case date():
            return datetime(value.year, value.month, value.day)  # noqa: DTZ001 - a date is the same everywhere
        case int() | float():
            return _counted(value)
        case str():
            return _read(value.strip())
    raise Unfit(f"{kind_of(value)} is no date")


def _counted(number: float) -> datetime:
    seconds = number / 1000 if abs(number) >= _MILLISECONDS_FROM else number
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        raise Unfit("the number is too large for a date") from None


def _read(text: str) -> datetime:
    if len(text) > MAX_DATE:
        raise Unfit("the text is too long for a date")
    if text in ("now", "today"):
        return datetime.now(UTC)
    if text.isascii() and text.isdigit():
        return _counted(int(text))
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        pass
    try:
        read: datetime = parser.parse(text)
    except Exception:  # noqa: BLE001 - it raises of many kinds
        raise Unfit("the text is no date") from None
    return read


def _named(moment: datetime, form: str) -> str:
    """Return a form in which the names of days and months, and what the C library gets wrong, stand already."""
    locale = current().locality.locale
    alone = _DAY_OF_MONTH.search(form) is None

    def replaced(found: re.Match[str]) -> str:
        flags, directive = found.groups()
        day = moment.date()
        match directive:
            case "s":
                return str(int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()))
            case "L":
                return f"{moment.microsecond // 1000:03}"
            case "%":
                return found[0]
            case _ if locale is None:
                return found[0]
            case "A" | "a":
                name = locales.day_name(day, short=directive == "a", locale=locale)
            case "B" | "b" | "h":
                name = locales.month_name(day, short=directive != "B", alone=alone, locale=locale)
            case _:
                name = locales.half_of_day(moment.time(), locale=locale)
                name = name.lower() if directive == "P" else name
        return (name.upper() if "^" in flags else name).replace("%", "%%")

    return _DIRECTIVE.sub(replaced, form)
