"""The one form of an address: what people write, in many countries and scripts, and what it is then."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nereid.models.addresses import comparable, forms, normal, stored_form, why_unreachable

#: Texts that are nearly addresses, and any others.
PIECES = st.sampled_from(
    [
        "a",
        "Sam",
        "@",
        ".",
        "example",
        "EXAMPLE",
        "m\u00fcller",
        "mu\u0308ller",
        "\u200b",
        "\ufeff",
        "com",
        "xn--mller-kva",
    ]
)
STRANGE = st.sampled_from(
    ["\u0130", "\u03a3", "\u00df", "\uff41", "\u3002", "\u2764", "+", "00", "49", "(0)", "-", "\u0663"]
)
BLANKS = st.sampled_from([" ", "\u00a0", "\u3000"])
TEXTS = st.one_of(st.text(max_size=30), st.lists(PIECES | STRANGE | BLANKS, max_size=12).map("".join))
TYPES = st.sampled_from(["email", "mobile_number", "firebase_token"])
COUNTRIES = st.sampled_from([None, "DE", "IT", "US", "JP"])


@pytest.mark.parametrize(
    ("written", "form"),
    [
        (" Spaced@Example.COM ", "Spaced@example.com"),
        ("\u200bq@example.com", "q@example.com"),
        ("\ufeffq@exam\u00adple.com\u2060", "q@example.com"),
        ("\u00a0info@M\u00fcller.Example\u3000", "info@xn--mller-kva.example"),
        ("info@mu\u0308ller.example", "info@xn--mller-kva.example"),
        ("info@XN--Mller-KVA.example", "info@xn--mller-kva.example"),
        ("a@stra\u00dfe.example", "a@xn--strae-oqa.example"),
        ("ivan@\u043f\u043e\u0447\u0442\u0430.\u0440\u0444", "ivan@xn--80a1acny.xn--p1ai"),
        ("a@\u4f8b\u3048\u3002\u30c6\u30b9\u30c8", "a@xn--r8jz45g.xn--zckzah"),
        ("a@\uff45\uff58\uff41\uff4d\uff50\uff4c\uff45.com", "a@example.com"),
        ("o'neil+x@mail.example.co.uk", "o'neil+x@mail.example.co.uk"),
    ],
)
def test_an_email_address_has_one_form(written: str, form: str) -> None:
    assert normal("email", written) == form
    assert why_unreachable("email", form) is None


@pytest.mark.parametrize(
    ("written", "why"),
    [
        ("jos\u00e9@example.com", "not in ASCII before the @"),
        ("\u0438\u0432\u0430\u043d@example.com", "not in ASCII before the @"),
        ("sam", "not an e-mail address"),
        ("sam@localhost", "not an e-mail address"),
        ("sam@example.com.", "not an e-mail address"),
        (".sam@example.com", "not an e-mail address"),
        ("sam.@example.com", "not an e-mail address"),
        ("s..am@example.com", "not an e-mail address"),
        ("sam@-x.example", "not an e-mail address"),
        ("sam@mail.x-.example", "not an e-mail address"),
        ("sam@x.example-", "not an e-mail address"),
        ("sam@example..com", "not an e-mail address"),
        ("sam@example.com, kim@example.com", "not an e-mail address"),
        ("Sam <sam@example.com>", "not an e-mail address"),
        ("sam@-\u00fc.example", "not an e-mail address"),
        ("sam@" + "\u00fc" * 300 + ".example", "not an e-mail address"),
        (f"{'s' * 250}@example.com", "not an e-mail address"),
        ("", "not an e-mail address"),
    ],
)
def test_an_email_address_that_nobody_can_be_reached_at(written: str, why: str) -> None:
    assert why_unreachable("email", normal("email", written)) == why


@pytest.mark.parametrize(
    ("written", "country", "form"),
    [
        ("+49 (0)151 12345678", None, "+4915112345678"),
        ("+49 ( 0 ) 151-1234.5678", None, "+4915112345678"),
        ("(0049) 151/1234 5678", None, "+4915112345678"),
        ("\u202a+1 (415) 555\u20112671\u202c", None, "+14155552671"),
        ("+44\u00a0(0)20\u20137946\u20130958", None, "+442079460958"),
        (
            "\u0660\u0660\u0664\u0669 \u0661\u0665\u0661 \u0661\u0662\u0663\u0664\u0665\u0666\u0667\u0668",
            None,
            "+4915112345678",
        ),
        ("\uff0b\uff18\uff11\uff08\uff10\uff09\uff19\uff10\u22121234\u22125678", None, "+819012345678"),
        ("+39 (0)6 6982 1234", None, "+390669821234"),
        ("+49 0151 12345678", None, "+4915112345678"),
        ("+49 [0] 151 12345678", "FR", "+4915112345678"),
        ("0033 06 12 34 56 78", None, "+33612345678"),
        ("+36 (06) 20 123 4567", None, "+36201234567"),
        ("+358 041 2345678", None, "+358412345678"),
        ("+225 07 01 02 03 04", None, "+2250701020304"),
        ("+242 06 612 3456", None, "+242066123456"),
        ("+39 06 6982 1234", None, "+390669821234"),
        ("+49~151~12345678", None, "+4915112345678"),
        ("0151/123 456 78", "DE", "+4915112345678"),
        ("(0)151 12345678", "DE", "+4915112345678"),
        ("49 151 12345678", "DE", "+4915112345678"),
        ("+43 664 1234567", "DE", "+436641234567"),
        ("06 6982 1234", "IT", "+390669821234"),
        ("06 12 34 56 78", "FR", "+33612345678"),
        ("(415) 555-2671", "US", "+14155552671"),
        ("011 49 151 12345678", "US", "+4915112345678"),
        ("8 (912) 345-67-89", "RU", "+79123456789"),
        ("(11) 91234-5678", "BR", "+5511912345678"),
        ("098765 43210", "IN", "+919876543210"),
        ("\uff10\uff19\uff10\uff0d\uff11\uff12\uff13\uff14\uff0d\uff15\uff16\uff17\uff18", "JP", "+819012345678"),
        ("\uff10\uff19\uff10\u30fc\uff11\uff12\uff13\uff14\u30fc\uff15\uff16\uff17\uff18", "JP", "+819012345678"),
        ("\u0660\u0661\u0660\u0660 \u0661\u0662\u0663 \u0664\u0665\u0666\u0667", "EG", "+201001234567"),
    ],
)
def test_a_phone_number_has_one_form(written: str, country: str | None, form: str) -> None:
    assert normal("mobile_number", written, country) == form
    assert why_unreachable("mobile_number", form) is None


@pytest.mark.parametrize(
    ("written", "country"),
    [
        ("0151 12345678", None),
        ("12", "DE"),
        ("555 1234", "US"),
        ("1-800-FLOWERS", "US"),
        ("call me", None),
        ("", "DE"),
        ("+", None),
        ("00", None),
        ("+0151 12345678", "DE"),
        ("+49151123456789012", None),
        ("+49 151 1 ext. 5", "DE"),
    ],
)
def test_what_is_no_phone_number_is_not_reachable(written: str, country: str | None) -> None:
    assert why_unreachable("mobile_number", normal("mobile_number", written, country)) == "not a phone number"


def test_a_push_token_keeps_its_case() -> None:
    assert normal("firebase_token", " dGVzdA:APA91b-X_y ") == "dGVzdA:APA91b-X_y"
    assert comparable("firebase_token", "A") != comparable("firebase_token", "a")


@pytest.mark.parametrize("user_id", [" sam", "sam ", "sam\u200b", "\U0001f468\u200d\U0001f467", "Sam", "\u00a0"])
def test_the_id_of_a_user_is_no_other_ones(user_id: str) -> None:
    assert normal("user", user_id) == comparable("user", user_id) == user_id


def test_an_ordinary_address_has_one_form_to_look_for() -> None:
    assert forms("email", "Sam@Example.com") == ("sam@example.com",)
    assert forms("mobile_number", "+4915112345678") == ("+4915112345678",)


def test_an_address_is_also_looked_for_as_earlier_releases_stored_it() -> None:
    assert forms("email", "Info@xn--mller-kva.example") == ("info@xn--mller-kva.example", "info@m\u00fcller.example")
    assert forms("email", "Info@M\u00fcller.example")[1:] == ("info@m\u00fcller.example",)
    assert forms("email", "\u200bQ@example.com") == ("q@example.com", "\u200bq@example.com")


@given(TYPES, TEXTS, COUNTRIES)
def test_the_normal_form_is_its_own(type_: str, text: str, country: str | None) -> None:
    form = normal(type_, text, country)
    assert normal(type_, form, country) == form
    assert comparable(type_, comparable(type_, form)) == comparable(type_, form)


@given(TYPES, TEXTS, TEXTS)
def test_two_spellings_are_compared_alike_in_both_orders(type_: str, one: str, other: str) -> None:
    assert (comparable(type_, one) == comparable(type_, other)) == (comparable(type_, other) == comparable(type_, one))
    assert comparable(type_, f" {one}\u200b") == comparable(type_, one)
    if type_ == "email":
        assert comparable(type_, unicodedata.normalize("NFD", one)) == comparable(type_, one)


@given(TYPES, TEXTS)
def test_the_keys_of_what_is_reachable_are_made_of_the_form_that_is_compared(type_: str, text: str) -> None:
    form = normal(type_, text)
    if why_unreachable(type_, form) is None:
        assert stored_form(type_, form) == comparable(type_, text)
        assert forms(type_, text)[0] == comparable(type_, text)
