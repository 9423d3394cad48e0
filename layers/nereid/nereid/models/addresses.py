"""The one form of an address: e-mail addresses, phone numbers and push tokens, however they are written.

What an API is given goes through :func:`normal` before it is stored or sent to, and is compared by :func:`comparable`.
Which of them can be reached at all is said by :func:`why_unreachable`. See docs/adr/0038-one-form-of-an-address.md.
"""

import re
import unicodedata

from nereid.models.email_address import is_address, is_recipient

#: Why nobody is reached.
NOT_AN_ADDRESS, BEYOND_ASCII = "not an e-mail address", "not in ASCII before the @"
NOT_A_NUMBER = "not a phone number"
#: An international number: a plus sign and up to 15 digits. Source: https://www.itu.int/rec/T-REC-E.164
_E164 = re.compile(r"\+[1-9][0-9]{1,14}")
#: Longest domain that is looked into, in characters; an address has 254 at most.
_LONGEST_DOMAIN = 254
#: What people write into phone numbers, and numbers do not have: blanks, dashes, dots, slashes and brackets. Japanese
#: keyboards write a dash as the sign of a long vowel.
_MARKS = re.compile(r"[\s.\u00b7/()\[\]\u2010-\u2015\u2212\u30fc~-]+")
_ZERO = re.compile(r"[(\[]\s*0\s*[)\]]")
#: The countries' codes of two digits; 1 and 7 have one, all others three.
#: Source: https://www.itu.int/pub/T-SP-E.164D
_TWO_DIGITS = "2[07]|3[0-469]|4[013-9]|5[1-8]|6[0-6]|8[1246]|9[0-58]"
#: A country's code, and behind it the zero that is dialled at home, or one that is a part of the number.
_ZERO_BEHIND = re.compile(rf"\+([17]|{_TWO_DIGITS}|(?!{_TWO_DIGITS})[2-9]\d\d)0\d+")
_DIGITS = re.compile(r"\+?[0-9]+")
#: Italy, with the Vatican, and San Marino: the zero before a number there is a part of it.
_ZERO_STAYS = ("+39", "0039", "+378", "00378")
_A_LABEL = "xn--"


def normal(type_: str, value: str, country: str | None = None) -> str:
    """Return the normal form of an address; a text that is none stays, without what cannot be seen.

    Parameters
    ----------
    type_
        The type of contact info, or `user`. An e-mail address keeps its case before the @; a push token is taken as it
        is. So is a user's id, blanks and all: it may be any text, and another text is another user.
    country
        ISO code of the country that numbers without one belong to; None if they belong to nowhere.
    """
    if type_ == "user":
        return value
    plain = _visible(value)
    if type_ == "email":
        return _email(plain)
    return _number(plain, country) if type_ == "mobile_number" else plain


def comparable(type_: str, value: str) -> str:
    """Return the form in which two addresses are compared: the normal one, of e-mail without regard to case."""
    plain = normal(type_, value)
    return _lower(plain) if type_ == "email" else plain


def stored_form(type_: str, value: str) -> str:
    """Return what of a stored address its keys and ids are made of.

    For one in normal form that is :func:`comparable`. Earlier releases stored others as well, whose keys stay.
    """
    return value.lower() if type_ == "email" else value


def forms(type_: str, value: str) -> tuple[str, ...]:
    """Return the forms in which an address may be stored: :func:`comparable` first, then those of earlier releases.

    Ordinary addresses have one.
    """
    own = comparable(type_, value)
    former = [own, stored_form(type_, value.strip())]
    if type_ == "email" and _A_LABEL in own:
        former.append(_with_u_labels(own))
    return tuple(dict.fromkeys(former))


def normal_sender(text: str) -> str:
    """Return a sender, an address or `Name <address>`, with its address in normal form."""
    name, bracket, address = text.rpartition("<")
    return f"{name}<{normal('email', address.rstrip(' >'))}>" if bracket else normal("email", text)


def why_unreachable(type_: str, value: str) -> str | None:
    """Return why nobody is reached at an address in normal form; None if somebody may be."""
    if type_ == "mobile_number":
        return None if _E164.fullmatch(value) else NOT_A_NUMBER
    if type_ != "email":
        return None
    if not is_address(value) or not value.rpartition("@")[2].isascii():
        return NOT_AN_ADDRESS
    # No provider takes it, and SES says so only after the hand-over.
    if not is_recipient(value):
        return NOT_AN_ADDRESS if value.isascii() else BEYOND_ASCII
    return None


def _visible(value: str) -> str:
    """Return a text without format characters and without blanks around it."""
    if not value.isascii():
        value = "".join(each for each in value if unicodedata.category(each) != "Cf")
    return value.strip()


def _lower(text: str) -> str:
    return text.lower() if text.isascii() else unicodedata.normalize("NFC", text.lower())


def _email(text: str) -> str:
    if not text.isascii():
        text = unicodedata.normalize("NFC", text)
    local, at, domain = text.rpartition("@")
    return f"{local}{at}{_a_labels(domain)}" if at else text


def _a_labels(domain: str) -> str:
    """Return a domain as it is looked up; one that cannot exist stays."""
    if domain.isascii():
        return domain.lower()
    if len(domain) > _LONGEST_DOMAIN:
        return domain
    # Takes a while, and is needed by few addresses. Python's own codec knows the names of 2003 alone.
    import idna

    try:
        return idna.encode(domain, uts46=True).decode()
    except UnicodeError:
        return domain


def _with_u_labels(address: str) -> str:
    local, at, domain = address.rpartition("@")
    import idna

    try:
        return f"{local}{at}{idna.decode(domain)}"
    except UnicodeError:
        return address


def _number(text: str, country: str | None) -> str:
    """Return a phone number as E.164 has it, as far as that can be told; a text of something else stays."""
    plain = text
    if not text.isascii():
        plain = "".join(map(_digit, unicodedata.normalize("NFKC", text)))
    number = _MARKS.sub("", plain)
    if number.startswith(("+", "00")) and not number.startswith(_ZERO_STAYS):
        number = _MARKS.sub("", _ZERO.sub("", plain))
    if number.startswith("00"):
        number = f"+{number[2:]}"
    if not _DIGITS.fullmatch(number):
        return text
    is_complete = number[0] == "+" and not _ZERO_BEHIND.fullmatch(number)
    if is_complete or (country is None and number[0] != "+"):
        return number
    # Numbers without a country are few, and so are those with a zero behind it.
    from nereid.models.phone_number import international

    return international(number, country) or number


def _digit(character: str) -> str:
    """Return the ASCII digit that a digit of another script is."""
    value = unicodedata.decimal(character, None)
    return character if value is None else str(value)
