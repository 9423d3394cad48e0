"""Filters, comparisons and tags make something of every value, and write it as JSON has it."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nereid.core.templates import locales
from nereid.core.templates.filters import FILTERS
from nereid.core.templates.render import check_template, holds, render
from nereid.core.templates.rendering import ANYWHERE, MAX_MISSING, MAX_NOTES, Locality
from nereid.errors import Invalid, TemplateFailed
from nereid.models.delivery import Rendered
from nereid.models.event_type import EmailTemplate, PushTemplate, SmsTemplate

#: A value of each kind, and what people write of several languages.
VALUES: list[Any] = [
    None,
    True,
    False,
    0,
    -7,
    1.5,
    -0.0,
    1e300,
    10**18,
    10**40,
    "",
    " ",
    "Ελένη",
    "山田太郎",
    "O'Brien & Söhne <b>",
    "Łódź, 12 zł",
    "120",
    " -3.5 ",
    "1e400",
    "٣",
    "2027-02-29",
    "31.12.2026",
    "٢٠٢٧",
    "\ud7ff\U0001f600",
    {},
    [],
    [None],
    [3, "a", None, True, [1, [2.5]], {"a": None}],
    [{"a": 1, "b": True}, {"a": "x"}, {"a": None}, {}, 5, "a"],
    {"a": None, "zip": {"b": [True, 1.5]}, "size": "big"},
    [[[[[[[[None]]]]]]]],
]
#: Sensible arguments of each kind.
SENSIBLE = {
    "any": "'x'",
    "text": "', '",
    "form": "'%d %B'",
    "zone": "'Asia/Kolkata'",
    "currency": "'CHF'",
    "property": "'a'",
    "number": "3",
    "whole": "2",
    "array": "(1..2)",
}
PYTHON = re.compile(r"None|True|False|Undefined|Decimal|\b(nan|inf)\b")


def made(text: str, data: dict[str, Any] | None = None, locality: Locality = ANYWHERE) -> Rendered:
    """Return what becomes of a text."""
    return render(SmsTemplate(text=text), data or {}, locality)


def shown(text: str, data: dict[str, Any] | None = None, locality: Locality = ANYWHERE) -> str:
    """Return the text that a text becomes."""
    return str(made(text, data, locality).members["text"])


def used(name: str, value: str = "v") -> str:
    """Return a use of a filter, with sensible arguments."""
    arguments = ", ".join(SENSIBLE[kind] for kind in FILTERS[name].arguments)
    return f"{{{{ {value} | {name}{': ' if arguments else ''}{arguments} }}}}"


@pytest.mark.parametrize("name", FILTERS)
def test_a_filter_makes_something_of_any_value_and_nothing_in_the_words_of_python(name: str) -> None:
    text = used(name)
    check_template("text", text)
    for value in VALUES:
        for template in (SmsTemplate(text=text), EmailTemplate(subject=text, text=text, html=text)):
            rendered = render(template, {"v": value})
            assert not rendered.missing_variables
            for part in rendered.members.values():
                assert not PYTHON.search(part), (value, part)


@pytest.mark.parametrize("name", [name for name in FILTERS if FILTERS[name].arguments])
def test_a_filter_takes_any_value_as_an_argument(name: str) -> None:
    number = len(FILTERS[name].arguments)
    for value in VALUES:
        for subject in ("ana", 12.5, [2, "b"], {"a": 1}):
            text = f"{{{{ g | {name}: {', '.join(['v'] * number)} }}}}"
            assert not PYTHON.search(shown(text, {"g": subject, "v": value})), (subject, value)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=8,
)


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_no_data_stop_a_template(data: st.DataObject) -> None:
    names = data.draw(st.lists(st.sampled_from(sorted(FILTERS)), min_size=1, max_size=3))
    text = "{{ v"
    for name in names:
        most = len(FILTERS[name].arguments)
        arguments = data.draw(st.lists(st.sampled_from(["w", "v", "2", "'a'", "x"]), min_size=0, max_size=most))
        text += f" | {name}{': ' if arguments else ''}{', '.join(arguments)}"
    text += " }}"
    values = {"v": data.draw(JSON), "w": data.draw(JSON)}
    rendered = made(text, values, data.draw(st.sampled_from([ANYWHERE, Locality("pl", "Asia/Tokyo")])))
    is_written_anew = {"capitalize", "base64_encode", "base64_url_safe_encode"} & set(names)
    if not is_written_anew and not PYTHON.search(json.dumps(values, ensure_ascii=False)):
        assert not PYTHON.search(rendered.members["text"])


@settings(max_examples=200, deadline=None)
@given(JSON, JSON, st.sampled_from(["<", ">", "<=", ">=", "==", "!=", "contains"]))
def test_any_two_values_can_be_compared(left: Any, right: Any, operator: str) -> None:
    text = f"{{% if l {operator} r %}}yes{{% else %}}no{{% endif %}}"
    assert shown(text, {"l": left, "r": right}) in ("yes", "no")


@settings(max_examples=200, deadline=None)
@given(JSON, JSON)
def test_any_value_can_be_looped_over_and_limit_a_loop(value: Any, other: Any) -> None:
    text = (
        "{% for i in v limit: w offset: w %}{{ i }}{% endfor %}{% tablerow i in v cols: w %}{{ i }}{% endtablerow %}"
        "{% case v %}{% when w, 1 %}a{% else %}b{% endcase %}{% cycle v, w %}{{ v[w] }}{{ v.a.b }}"
    )
    shown(text, {"v": value, "w": other})


@settings(max_examples=100, deadline=None)
@given(JSON)
def test_an_array_or_object_is_shown_as_json(value: Any) -> None:
    text = shown("{{ v }}", {"v": value})
    if isinstance(value, list | dict | int | float):
        assert json.loads(text) == value
    assert json.loads(shown("{{ v | json }}", {"v": value})) == value


def test_values_are_written_as_json_in_filters_and_in_the_data_of_a_push() -> None:
    data = {"ids": [1, True, None], "obj": {"a": None, "b": "it's"}, "no": None, "vip": False}
    assert shown('{{ "VIP: " | append: vip }}, {{ "Dear " | append: no }}!', data) == "VIP: false, Dear !"
    assert shown("{{ ids | join: '+' }} {{ obj | prepend: '=' }}", data) == '1+true+ ={"a":null,"b":"it\'s"}'
    assert shown("{{ 'a-b' | replace: '-', vip }} {{ obj | slice: 0, 5 }}", data) == 'afalseb {"a":'
    push = PushTemplate.model_validate({"title": "t", "body": "b", "data": {"ids": "{{ ids }}", "obj": "{{ obj }}"}})
    shown_data = render(push, data).members["data"]
    assert {name: json.loads(text) for name, text in shown_data.items()} == {"ids": data["ids"], "obj": data["obj"]}


@pytest.mark.parametrize(
    ("text", "becomes"),
    [
        ("{{ 2.5 | round }} {{ 3.5 | round }} {{ -2.5 | round }} {{ 0.5 | round }}", "3 4 -3 1"),
        ("{{ 2.675 | round: 2 }} {{ 1.005 | round: 2 }} {{ '10.125' | round: 2 }}", "2.68 1.01 10.13"),
        ("{{ 1250 | round: -2 }} {{ 7 | round: 2 }} {{ 7.25 | round: 99999999999 }}", "1300 7 7.25"),
        (
            "{{ 0.1 | plus: 0.2 }} {{ 1.1 | times: 3 }} {{ 0.3 | minus: 0.1 }} {{ 4.35 | times: 100 }}",
            "0.3 3.3 0.2 435.0",
        ),
        ("{{ 4.35 | divided_by: 100 }} {{ 7 | divided_by: 2 }} {{ -7 | divided_by: 2 }}", "0.0435 3 -4"),
        ("{{ 5.3 | modulo: 3 }} {{ -1 | modulo: 3 }} {{ -0.5 | modulo: 3 }} {{ 10 | modulo: 0.1 }}", "2.3 2 2.5 0.0"),
        ("{{ '19.90' | times: 3 }} {{ ' 12 ' | plus: 1 }} {{ '1e3' | plus: 1 }}", "59.7 13 1001.0"),
        ("{{ '12 zł' | plus: 1 }} {{ 'abc' | plus: 1 }} {{ true | plus: 1 }} {{ nil | plus: 1 }}", "13 1 1 1"),
        (
            "{{ 5 | at_most: '4.5' }} {{ 1.2 | ceil }} {{ -1.2 | floor }} {{ -0.5 | abs }} {{ -0.4 | round }}",
            "4.5 2 -2 0.5 0",
        ),
        ("{{ 9007199254740993 | times: 3 }}", "27021597764222979"),
    ],
)
def test_numbers_are_decimal_and_round_half_up(text: str, becomes: str) -> None:
    assert shown(text) == becomes


@pytest.mark.parametrize(
    ("value", "becomes"),
    [
        (None, ""),
        (1798761600, "2027-01-01 00:00"),
        (1798761600000, "2027-01-01 00:00"),
        (1798761600.5, "2027-01-01 00:00"),
        ("1798761600000", "2027-01-01 00:00"),
        (-86400, "1969-12-31 00:00"),
        ("2026-12-31T23:59:00+02:00", "2026-12-31 23:59"),
        ("Thu, 31 Dec 2026 23:59:00 GMT", "2026-12-31 23:59"),
        ("2026-12-31", "2026-12-31 00:00"),
        ("bald", "bald"),
        ("2027-02-30", "2027-02-30"),
        ("", ""),
        (10**18, "1000000000000000000"),
        (1e300, "1e+300"),
        (True, "true"),
        ([1], "[1]"),
        ({"a": 1}, '{"a":1}'),
    ],
)
def test_a_date_is_read_in_many_forms_and_what_is_none_stays(value: Any, becomes: str) -> None:
    assert shown("{{ v | date: '%Y-%m-%d %H:%M' }}", {"v": value}) == becomes


@pytest.mark.parametrize(
    ("locality", "form", "becomes"),
    [
        (Locality(None, "Asia/Kathmandu"), "%H:%M", "18:15"),
        (Locality("de", "Pacific/Auckland"), "%A, %-d. %B", "Samstag, 6. März"),
        (Locality("ru", None), "%-d %B", "5 марта"),
        (Locality("ru", None), "%B %Y", "март 2027"),
        (Locality("ja-JP", None), "%Y年%B%-d日 %A", "2027年3月5日 金曜日"),
        (Locality("fr_CA", "america/toronto"), "%^A %H h %M", "VENDREDI 07 h 30"),
        (Locality("es-419", None), "%a %b", "vie mar"),
        (Locality("hi", None), "%A", "शुक्रवार"),
        (Locality("xx-unknown", "Mars/Olympus"), "%A %H:%M %p", "Friday 12:30 PM"),
        (Locality(7, {"a": 1}), "%A %H:%M", "Friday 12:30"),
        (Locality("pt", None), "%d de %B, 100%%", "05 de março, 100%"),
        (Locality("en", None), "%s.%L", "1804249800.000"),
    ],
)
def test_a_date_follows_the_language_and_the_time_zone_of_its_reader(
    locality: Locality, form: str, becomes: str
) -> None:
    assert shown(f"{{{{ '2027-03-05T12:30:00Z' | date: '{form}' }}}}", locality=locality) == becomes


def test_a_zone_that_is_given_counts_and_what_has_no_offset_is_what_it_says() -> None:
    tokyo = Locality(None, "Asia/Tokyo")
    moment = "{{ '2027-03-05T23:30:00Z' | date: '%d %H:%M'"
    assert shown(moment + ", 'America/Lima' }}", locality=tokyo) == "05 18:30"
    assert shown(moment + ", zone }}", {"zone": "europe/kyiv"}, tokyo) == "06 01:30"
    assert shown(moment + ", zone }}", {"zone": None}, tokyo) == "06 08:30"
    wrong = made(moment + ", zone }}", {"zone": "Mars"}, tokyo)
    assert (wrong.members["text"], wrong.notes) == ("06 08:30", ["date: the time zone is not known"])
    assert shown("{{ '2027-03-05' | date: '%d %H:%M' }}", locality=tokyo) == "05 00:00"
    assert shown("{{ '2027-03-05 10:00' | date: '%d %H:%M', 'America/Lima' }}", locality=tokyo) == "05 10:00"


@pytest.mark.parametrize(
    ("locale", "number", "amount"),
    [
        (None, "1,234,567.892", "€1,234,567.89"),
        ("sv-SE", "1 234 567,892", "1 234 567,89 €"),
        ("pl", "1 234 567,892", "1 234 567,89 €"),
        ("hi-IN", "12,34,567.892", "€12,34,567.89"),
        ("pt_BR", "1.234.567,892", "€ 1.234.567,89"),
    ],
)
def test_a_number_and_an_amount_are_written_as_their_reader_does(locale: str | None, number: str, amount: str) -> None:
    text = shown("{{ v | number }}|{{ v | money: 'EUR' }}", {"v": "1234567.8915"}, Locality(locale))
    assert re.sub("[\u00a0\u202f]", " ", text) == f"{number}|{amount}"


def test_an_amount_has_the_decimals_of_its_currency_half_up() -> None:
    text = "{{ 0.125 | money: 'usd' }} {{ 2.5 | money: 'JPY' }} {{ 1.0005 | money: 'KWD' }} {{ -3 | money: 'GBP' }}"
    assert shown(text).replace("\u00a0", " ") == "$0.13 ¥3 KWD 1.001 -£3.00"
    assert shown("{{ -0.004 | money: 'EUR' }} {{ -0.0004 | number }} {{ -0.4 | number: 0 }}") == "€0.00 0 0"
    odd = made("{{ 'free' | money: 'USD' }}{{ 1 | money: c }}", {"c": "dollars"})
    assert (odd.members["text"], odd.notes) == (
        "free1",
        ["money: a text is no number", "money: the currency is not known"],
    )


@pytest.mark.parametrize(
    ("locale", "text"),
    [(None, "1,234.50 1,235 0.0 -2.346 12." + 20 * "0"), ("de", "1.234,50 1.235 0,0 -2,346 12," + 20 * "0")],
)
def test_a_number_has_the_decimals_that_are_asked_for(locale: str | None, text: str) -> None:
    template = (
        "{{ 1234.5 | number: 2 }} {{ '1234.5' | number: zero }} {{ 0 | number: 1 }} "
        "{{ -2.3455 | number: n }} {{ 12 | number: 999 }}"
    )
    assert shown(template, {"n": "3", "zero": 0}, Locality(locale)) == text


def test_many_languages_take_little_memory() -> None:
    for name in (
        "af",
        "bg",
        "cs",
        "da",
        "el",
        "et",
        "fa",
        "fi",
        "he",
        "hu",
        "is",
        "it",
        "ja",
        "ko",
        "lt",
        "lv",
        "nl",
        "zh",
    ):
        assert shown("{{ 1.5 | number }}", locality=Locality(name))
        assert len(locales._kept) <= 16


@pytest.mark.parametrize("name", sorted(set(FILTERS) - {"default"}))
def test_a_variable_that_nobody_gave_is_listed_whatever_filter_it_goes_through(name: str) -> None:
    assert made(used(name, "order.total")).missing_variables == ["order"]
    assert made(used(name, "order.total"), {"order": {}}).missing_variables == ["order.total"]


@pytest.mark.parametrize("name", sorted(name for name in FILTERS if FILTERS[name].arguments and name != "default"))
def test_a_variable_that_nobody_gave_is_listed_as_an_argument(name: str) -> None:
    arguments = ", ".join(["gone"] * len(FILTERS[name].arguments))
    assert made(f"{{{{ v | {name}: {arguments} }}}}", {"v": "x"}).missing_variables == ["gone"]


def test_what_has_a_default_is_not_missing() -> None:
    assert made("{{ a | default: 'x' }}{{ b | upcase | default: 'y' }}").missing_variables == []
    assert made("{{ a | default: b }}").missing_variables == ["b"]
    assert made("{{ a | default: b }}", {"a": 1}).missing_variables == []
    assert made("{% assign c = a %}{{ c | default: 1 }}").missing_variables == []


@pytest.mark.parametrize(
    "text",
    [
        "{% if gone > 1 %}{% endif %}",
        "{% if gone == 'pro' %}{% endif %}",
        "{% if gone contains 'a' %}{% endif %}",
        "{% for i in gone %}{% endfor %}",
        "{% for i in (1..gone) %}{% endfor %}",
        "{% for i in (1..3) limit: gone %}{% endfor %}",
        "{% case gone %}{% when 1 %}{% endcase %}",
        "{% cycle gone, 'a' %}",
        "{% assign x = gone %}{{ x }}",
        "{% capture x %}{{ gone }}{% endcapture %}",
        "{% tablerow i in gone %}{% endtablerow %}",
        "{{ gone.size }}",
    ],
)
def test_a_variable_that_nobody_gave_is_listed_in_tags_and_fails_where_that_is_wanted(text: str) -> None:
    assert made(text).missing_variables == ["gone"]
    with pytest.raises(TemplateFailed, match=r"^missing: gone$"):
        render(SmsTemplate(text=text), {}, fail_if_missing=True)


@pytest.mark.parametrize(
    "text",
    [
        "{% if gone %}{% endif %}",
        "{% unless gone and x %}{% endunless %}",
        "{% if gone == nil %}{% endif %}",
    ],
)
def test_to_ask_whether_a_variable_is_there_lists_it_and_wants_no_value(text: str) -> None:
    assert made(text).missing_variables == ["gone"]
    assert render(SmsTemplate(text=text), {"x": 1}, fail_if_missing=True)


def test_null_is_given() -> None:
    rendered = render(
        SmsTemplate(text="{{ a }}{{ a | upcase }}{{ a.b | default: 1 }}"), {"a": None}, fail_if_missing=True
    )
    assert rendered.missing_variables == []


def test_what_is_missing_and_noted_is_bounded_and_has_no_values() -> None:
    data = {f"v{n}": f"secret-{n}" for n in range(50)}
    names = "".join(f"{{{{ gone{n} }}}}" for n in range(50))
    assert len(made(names).missing_variables) == MAX_MISSING
    rendered = made("".join(f"{used(name, f'v{n}')}" for n, name in enumerate(FILTERS)), data)
    assert 0 < len(rendered.notes) <= MAX_NOTES
    assert "secret" not in str(rendered.notes)


@pytest.mark.parametrize(
    ("condition", "data", "holds_so"),
    [
        ("a > 100", {"a": "120"}, True),
        ("a > 100", {"a": "99.5"}, False),
        ("a >= '7'", {"a": 7}, True),
        ("a < b", {"a": "9", "b": "10"}, False),
        ("a > 0 and b > 0 and c > 0 and d > 0", {"a": "+5", "b": ".5", "c": " 7. ", "d": "1E-2"}, True),
        ("a > 0", {"a": "."}, None),
        ("a > 0", {"a": "0x10"}, None),
        ("a > 100", {"a": None}, False),
        ("a > 100", {}, False),
        ("a == 120", {"a": "120"}, False),
        ("a == 1", {"a": True}, False),
        ("a contains 1", {"a": [True]}, False),
        ("a contains 'ö'", {"a": "schön"}, True),
        ("a contains 'k'", {"a": {"k": None}}, True),
    ],
)
def test_a_comparison_is_by_number_where_one_side_is_one(
    condition: str, data: dict[str, Any], *, holds_so: bool | None
) -> None:
    if holds_so is None:
        with pytest.raises(TemplateFailed):
            holds(condition, data)
    else:
        assert holds(condition, data) is holds_so


@pytest.mark.parametrize("value", [True, {}, [], "viele", "12 zł"])
def test_a_comparison_that_means_nothing_is_false_and_noted(value: Any) -> None:
    rendered = made("{% if v > 100 or v <= 100 %}yes{% else %}no{% endif %}", {"v": value})
    assert rendered.members["text"] == "no"
    assert len(rendered.notes) == 1
    with pytest.raises(TemplateFailed, match=r"^comparison: a .* cannot be compared$"):
        holds("v > 100", {"v": value})
    assert holds("v > 100 or x", {"v": value, "x": 1})


@pytest.mark.parametrize(
    ("text", "becomes"),
    [
        ("{{ v | sort | join }}", "-1 2 10"),
        ("{{ w | sort | json }}", '["A","b",null]'),
        ("{{ o | sort: 'n' | map: 'i' | json }}", "[2,1,3]"),
        ("{{ o | where: 'n', 5 | map: 'i' | json }}{{ o | find_index: 'i', 3 }}", "[1]2"),
        ("{{ u | uniq | json }}{{ u | compact | size }}{{ u | sum }}", "[1,true,1.0,null]65.0"),
        ("{{ nothing | map: 'a' | json }}{{ nothing | join }}{{ nothing | size }}{{ 5 | size }}", "[]00"),
        (
            "{{ v | concat: nothing | size }}{{ v | first }}{{ v | last }}{{ v | reverse | json }}",
            '3102[2,"-1",10]',
        ),
    ],
)
def test_arrays_hold_values_of_any_kind(text: str, becomes: str) -> None:
    data = {
        "v": [10, "-1", 2],
        "w": ["b", None, "A"],
        "o": [{"i": 1, "n": 5}, {"i": 2, "n": 3}, {"i": 3}],
        "u": [1, True, 1, 1.0, None, 1, 1.0],
        "nothing": None,
    }
    assert shown(text, data) == becomes


@pytest.mark.parametrize("name", FILTERS)
def test_one_argument_too_many_or_too_few_is_refused_with_its_line(name: str) -> None:
    signature = FILTERS[name]
    arguments = [SENSIBLE[kind] for kind in signature.arguments]
    for wrong in ([*arguments, "1"], *([arguments[: signature.needed - 1]] if signature.needed else [])):
        text = f"a\n\n{{{{ v | {name}{': ' if wrong else ''}{', '.join(wrong)} }}}}"
        with pytest.raises(Invalid) as refused:
            check_template("text", text)
        assert refused.value.line == 3
        assert f"'{name}' takes" in refused.value.problems["text"]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("{{ x | truncate: 'a' }}", 1),
        ("a\n{{ x | plus: true }}", 2),
        ("{{ x | times: 'two' }}", 1),
        ("{{ x | date: 5 }}", 1),
        ("{{ x | date: '%H', 'Mars/Olympus' }}", 1),
        ("{{ x | date: '%100d' }}", 1),
        ("{{ x | money: 'euros' }}", 1),
        ("{{ x | concat: 'a' }}", 1),
        ("{{ x | map: 1.5 }}", 1),
        ("{{ x | slice: 1.5 }}", 1),
        ("{{ x | upcase: locale: 'de' }}", 1),
        ("{{ x | default: 1, allow_false: 'yes' }}", 1),
        ("{% assign y = x | nofilter %}", 1),
        ("{% liquid\n assign a = 5\n echo a | plus\n%}", 3),
        ("{% for i in x limit: 'a' %}{% endfor %}", 1),
        ("{% for i in 5 %}{% endfor %}", 1),
        ("{% tablerow i in x cols: 1.5 %}{% endtablerow %}", 1),
        ("{% for i in (1..'z') %}{% endfor %}", 1),
        ("{% if x %}\n{% break %}{% endif %}", 2),
        ("{% assign 5 = x %}", 1),
        ("{% if x %}{% else y %}{% endif %}", 1),
        ("{% case x %}{% when 1 2 %}{% endcase %}", 1),
        ("{% increment a b %}", 1),
        ("a\n{{ x.y. }}\n{{ z }}", 2),
        ("a\n{{ x | }}\n{{ z }}", 2),
        ("a\n{{ }}\n{{ z }}", 2),
        ("a\n{% assign x %}\n{{ z }}", 2),
        ("a\n{% if x == %}b{% endif %}\n{{ z }}", 2),
        ("a\n{% for i in %}b{% endfor %}\n{{ z }}", 2),
        ("a\n{% liquid\n echo a\n assign y\n%}", 4),
        ("a\n\n{% if x %}", 3),
    ],
)
def test_a_mistake_that_shows_without_data_is_refused_with_its_line(text: str, line: int) -> None:
    with pytest.raises(Invalid) as refused:
        check_template("text", text)
    assert refused.value.line == line
    assert refused.value.problems["text"].startswith("template does not parse: ")


def test_a_template_of_an_earlier_release_is_filled_in_in_spite_of_its_mistakes() -> None:
    rendered = made("{{ v | append }}{{ v | upcase: 1, a: 2 }}{{ v | date: '%H', 'x', 3 }}", {"v": "a"})
    assert rendered.members["text"] == "aAa"
    assert rendered.notes[0] == "append: an argument is missing"


@pytest.mark.parametrize(
    ("text", "becomes"),
    [
        ("{{ 2.5 | round: n }} {{ 'abc' | truncate: n, n }} {{ (1..2) | join: n }}", "3 abc 1 2"),
        ("{{ l | sort: n | json }} {{ o | where: 'a', n | size }}", "[1,2] 1"),
        ("{{ '2027-01-31T12:00:00Z' | date: '%H', n }} {{ 'a-b' | replace: '-', n }}", "12 ab"),
    ],
)
def test_null_for_an_argument_that_is_not_needed_is_as_good_as_none(text: str, becomes: str) -> None:
    rendered = made(text, {"n": None, "o": [{"a": 2}, {"a": None}], "l": [2, 1]})
    assert (rendered.members["text"], rendered.notes) == (becomes, [])
