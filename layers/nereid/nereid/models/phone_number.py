"""Phone numbers and their countries."""

from collections.abc import Collection
from typing import Any

#: The reason of a delivery that is not handed over.
COUNTRY_NOT_ALLOWED = "country not allowed"


def international(number: str, country: str | None) -> str | None:
    """Return the number that the digits of a number are in a country, as E.164 has it; None if there is none.

    Parameters
    ----------
    number
        Digits, perhaps behind a plus sign; then the country is in it.
    country
        An ISO code of :func:`countries`; None if the number says it.
    """
    # As below.
    import phonenumbers

    code = phonenumbers.country_code_for_region(country) if country is not None else 0
    try:
        parsed = phonenumbers.parse(number, country)
        if number.startswith(str(code)) and not _is_mobile(parsed):
            # Perhaps written with the country's code, and without the plus sign.
            whole = phonenumbers.parse(f"+{number}")
            parsed = whole if _is_mobile(whole) else parsed
    except phonenumbers.NumberParseException:
        return None
    if phonenumbers.is_possible_number_with_reason(parsed) != phonenumbers.ValidationResult.IS_POSSIBLE:
        return None
    return str(phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164))


def _is_mobile(parsed: Any) -> bool:
    import phonenumbers

    return bool(phonenumbers.number_type(parsed) == phonenumbers.PhoneNumberType.MOBILE)


def countries() -> Collection[str]:
    """Return the ISO codes of the countries that have numbers."""
    import phonenumbers

    return set(phonenumbers.SUPPORTED_REGIONS)


def country_of(number: str) -> str | None:
    """Return the ISO code of the country of a phone number; None for a satellite's, a network's or nobody's.

    Of countries that share a calling code, such as +1, it is the one whose numbers look like this; if none does, the
    largest, since new ranges are made more often there.
    """
    # Takes a while, and is needed only where countries are told apart.
    import phonenumbers

    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return None
    region = phonenumbers.region_code_for_number(parsed)
    if region is None and parsed.country_code is not None:
        region = phonenumbers.region_code_for_country_code(parsed.country_code)
    return region if region is not None and region.isalpha() and region != "ZZ" else None
