"""What callers supply takes little memory and time: every filter with arguments of every kind, tags, HTML, conditions.

Each runs in a child process that has no more memory than it may take, so that what C code takes counts. The product's
own limit of memory is off in it, so that what is tried is what the bounds let through.
"""

from __future__ import annotations

import gc
import resource
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import product
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import liquid
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nereid.core import memory_limit, time_limit
from nereid.core.html_text import text_of
from nereid.core.outreach import content
from nereid.core.outreach.mail import LeadMail
from nereid.core.templates import render, sandbox
from nereid.core.templates.filters import FILTERS as FILTERS_TAKEN
from nereid.dialects.neptie import csv_rows, imports
from nereid.errors import Invalid, TemplateFailed
from nereid.models.event_type import PushTemplate, SmsTemplate
from nereid.models.lead_email import GivenContent, Outreach
from tests.support import confined

#: What callers may take; what stands for the two seconds; and how much later a step may end on a busy machine.
MEMORY, LIMIT, GRACE = 64_000_000, 0.25, 3.0
FACE = "\U0001f600"


def _nested(depth: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(depth):
        value = [value]
    return value


#: A value of each kind, as large as data may be, and larger where a template can make it so.
VALUES: dict[str, Any] = {
    "nothing": None,
    "true": True,
    "number": 7,
    "digits": int("9" * 4200),
    "fraction": 1.5e300,
    "text": "a" * 500_000,
    "faces": FACE * 500_000,
    "words": (FACE + " ") * 250_000,
    "pieces": (FACE + ",") * 250_000,
    "html": "<a" + (" " + FACE) * 240_000 + ">",
    "openings": "<p " * 160_000 + ">",
    "references": "&lt" * 166_000,
    "numeral": "9" * 500_000,
    "lines": "\n" * 500_000,
    "formats": "%d" * 100_000,
    "widths": "%0999999d" * 50_000,
    "encoded": "%E2%82%AC" * 55_000,
    "list": [FACE] * 160_000,
    "texts": [FACE + str(number) for number in range(50_000)],
    "numbers": list(range(160_000)),
    "numerals": [int("9" * 4200)] * 200,
    "objects": [{"x": number, "y": FACE} for number in range(30_000)],
    "nested": _nested(60),
    "range": range(100_000),
    "object": {str(number): number for number in range(60_000)},
}
#: What filters are given: values with their arguments, each kind of either at least once.
GIVEN = [
    *((value, *more) for value, more in product(VALUES, ((), ("faces",)))),
    *(("faces", argument) for argument in VALUES),
    *(("list", argument) for argument in ("list", "text", "number", "formats")),
    *product(("faces", "list"), ("text", "list"), ("faces", "number")),
]
#: The same where outputs are escaped.
GIVEN_AS_HTML = list(product(("text", "faces", "words", "html", "references", "list"), ("faces", "number")))
FILTERS = sorted(render._TEXT.filters)


@contextmanager
def _without_the_system() -> Iterator[None]:
    yield


@pytest.fixture
def _bounds_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(render, "memory_limit", _without_the_system)
    monkeypatch.setattr(time_limit, "MAX_SECONDS", LIMIT)


def _longest(name: str, given: Sequence[tuple[str, ...]], *, html: bool) -> float:
    """Fill in a filter with each value and its arguments; return the seconds that the longest took."""
    longest = 0.0
    for value, *arguments in given:
        text = "{{ " + value + " | " + name + (": " + ", ".join(arguments) if arguments else "") + " | size }}"
        began = time.monotonic()
        try:
            with time_limit.time_limit():
                render._render(text, VALUES, html=html)
        except TemplateFailed:
            pass
        longest = max(longest, time.monotonic() - began)
    return longest


@pytest.mark.slow
@pytest.mark.usefixtures("_bounds_alone")
@pytest.mark.parametrize("name", FILTERS)
def test_a_filter_takes_little_memory_and_time_whatever_it_is_given(name: str) -> None:
    for what, html in ((GIVEN, False), (GIVEN_AS_HTML, True)):
        ran = confined.run(lambda: _longest(name, what, html=html), 300, MEMORY)  # noqa: B023
        assert isinstance(ran.result, float), ran.result
        assert ran.result < LIMIT + GRACE


@pytest.mark.usefixtures("_bounds_alone")
@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from(FILTERS),
    st.sampled_from(sorted(VALUES)),
    st.lists(st.sampled_from([*sorted(VALUES), "'%d'", "0", "-1", "999999999999", "1.5", "missing"]), max_size=3),
)
def test_a_filter_makes_a_value_or_fails(name: str, value: str, arguments: list[str]) -> None:
    text = "{{ " + value + " | " + name + (": " + ", ".join(arguments) if arguments else "") + " | size }}"
    with suppress(TemplateFailed):
        assert render.render(SmsTemplate(text=text), VALUES).members["text"]


def test_each_filter_of_the_library_has_been_thought_of() -> None:
    assert set(sandbox.CHECKS) == set(render._TEXT.filters) == set(FILTERS_TAKEN)
    assert set(FILTERS_TAKEN) >= set(liquid.Environment().filters)


def test_a_filter_that_nobody_has_thought_of_is_given_little() -> None:
    environment = sandbox.Environment(liquid.Undefined)
    environment.add_filter("same", lambda value, *_: value)
    template = environment.from_string("{{ value | same: other | size }}")
    assert template.render(value="a" * 60_000, other="b") == "60000"
    for value, other in (("a" * 70_000, "b"), ("a", "b" * 70_000), ("a", ["b"] * 30_000)):
        with pytest.raises(liquid.exceptions.ResourceLimitError):
            template.render(value=value, other=other)


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ("%d." * 80, None),
        ("%02d.%-m.%Y %H:%M", "01.1.2020 00:00"),
        ("%d." * 90, "date format is too large"),
        ("%100d", "date format is too large"),
        ("%-0100d", "date format is too large"),
        ("%E100d", None),
    ],
)
def test_a_date_has_a_short_format_and_no_wide_part(form: str, expected: str | None) -> None:
    try:
        text = render.render(SmsTemplate(text="{{ '2020-01-01' | date: form }}"), {"form": form}).members["text"]
    except TemplateFailed as error:
        text = str(error)
    assert text == expected if expected else len(text) < 300


def test_a_long_text_is_no_date() -> None:
    text = "2020-01-01" + " " * 300 + "x"
    rendered = render.render(SmsTemplate(text="{{ d | date: '%Y' }}"), {"d": text})
    assert rendered.members["text"] == text
    assert rendered.notes == ["date: the text is too long for a date"]


GROWING = {
    "the format of a date": "{% assign f = '%0999999d%0999999d%0999999d%0999999d' %}{% for i in (1..13) %}"
    "{% assign f = f | append: f %}{% endfor %}{{ 'now' | date: f }}x",
    "the format of a date in data": "{{ 'now' | date: widths }}",
    "captures in captures": ("{% capture x %}" + "{% for i in (1..10000) %}{{ fill }}{% endfor %}") * 25
    + "{% endcapture %}" * 25
    + "{{ fill }}" * 6000,
    "cycles": "{% for i in (1..100000) %}{% assign t = text | slice: 0, 200000 | append: i %}"
    "{% cycle t: 'x', 'y' %}{% endfor %}",
    "a cycle of texts": "{% cycle " + ", ".join(["text"] * 500) + " %}",
    "lists in variables": "".join(f"{{% assign v{n} = faces | slice: 0, 100000 | split: '' %}}" for n in range(200)),
    "texts in variables": "".join(f"{{% assign v{n} = faces | append: '{n}' %}}" for n in range(200)),
    "digits": "{% assign a = numerals | concat: numerals | concat: numerals %}{% for i in (1..9) %}"
    "{% assign a = a | concat: a %}{% endfor %}{{ a | join: '' | size }}",
    "digits in a list": "{% assign a = numerals %}{% for i in (1..9) %}{% assign a = a | concat: a %}{% endfor %}"
    "{{ a }}",
    "what changes": "{% for i in (1..100000) %}{% ifchanged %}{{ text }}{{ i }}{% endifchanged %}{% endfor %}",
}


@pytest.mark.usefixtures("_bounds_alone")
@pytest.mark.parametrize("name", GROWING)
def test_a_template_does_not_grow_beyond_its_bounds(name: str) -> None:
    def fill_in() -> str:
        data = {**VALUES, "text": "a" * 200_000, "faces": FACE * 200_000, "fill": "x" * 50}
        try:
            return str(len(render.render(SmsTemplate(text=GROWING[name]), data).members["text"]))
        except TemplateFailed as error:
            return f"template: {error}"

    ran = confined.run(fill_in, 60, MEMORY)
    assert str(ran.result).startswith("template: "), ran.result


@pytest.mark.usefixtures("_bounds_alone")
def test_all_strings_of_a_template_share_one_bound() -> None:
    template = PushTemplate(title="t", body="b", data={str(number): "{{ text }}" for number in range(200)})
    with pytest.raises(TemplateFailed, match="in all"):
        render.render(template, {"text": "a" * 200_000})


PARSED = ["{{a}}", "{{a|abs|abs}}", "{%if a%}{%endif%}", "{%case a%}{%when 1,1,1,1%}{%endcase%}", "{%cycle 1,1,1%}"]


@pytest.mark.parametrize("part", PARSED)
def test_parsed_templates_take_little_memory(part: str) -> None:
    def parse() -> int:
        for number in range(6):
            text = f"{number}" + part * (65_000 // len(part))
            assert not render._kept(text).variables - {"a"}
            gc.collect()  # which a test's many objects put off
        return len(render._parsed)

    ran = confined.run(parse, 60, MEMORY)
    assert isinstance(ran.result, int), ran.result


#: More than a process that ran many tests has to spare.
MUCH = 2_000_000_000


def _take(size: int) -> None:
    with memory_limit.memory_limit():
        bytearray(size)


def test_the_system_refuses_memory_that_no_bound_has_thought_of() -> None:
    before = resource.getrlimit(resource.RLIMIT_DATA)
    with pytest.raises(TemplateFailed, match="took too much memory"):
        _take(MUCH)
    assert resource.getrlimit(resource.RLIMIT_DATA) == before
    _take(10_000_000)


def test_a_limit_inside_another_does_not_widen_it() -> None:
    # In a process of its own: one that ran tests has memory to spare, which no limit counts once more.
    script = """
from nereid.core import memory_limit
from nereid.errors import TemplateFailed
with memory_limit.memory_limit():
    held = bytearray(35_000_000)
    try:
        with memory_limit.memory_limit():
            bytearray(40_000_000)
    except TemplateFailed as error:
        print(error)
"""
    path = {"PYTHONPATH": str(Path(memory_limit.__file__).parents[2])}
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, env=path)
    assert ran.stdout == "took too much memory\n"


def test_a_template_that_the_system_stops_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(render._TEXT.filters, "greedy", lambda value: bytearray(MUCH) and value)
    with pytest.raises(TemplateFailed, match="took too much memory"):
        render.render(SmsTemplate(text="{{ 1 | greedy }}"), {})
    with pytest.raises(TemplateFailed, match="took too much memory"):
        render.render(SmsTemplate(text="{% for i in (1..2) %}{{ 1 | greedy }}{% endfor %}"), {})


MARKUP = [
    *("<a ", '<a x="', "<a x='", "<a x=", "<!--", "<!-- --", "<?", "<!", "</", "</a ", "<", "<a>", "<a/", "<br>"),
    *("<![foo bar]>", "<![if !mso]>", "<a href='http://x'>", "<a b c d>", "&", "&lt", "&#" + "9" * 5000 + ";"),
    *("<title>", "<script>", "<script></scrip", "<textarea></textarea", "</body", "</body ", "<head>", " ", "\n", "="),
    FACE,
]


def _mail(text: str) -> float:
    began = time.monotonic()
    with time_limit.time_limit():
        content.render(Outreach(campaign_id="c", lead_id="l", to="a@b.example", subject="s", content=text), "https://u")
    return time.monotonic() - began


@pytest.mark.parametrize("part", MARKUP)
def test_the_html_of_a_mail_is_read_in_little_memory_and_time(part: str) -> None:
    text = "<p>" + (part * (200_000 // len(part) + 1))[:200_000]
    ran = confined.run(lambda: _mail(text), time_limit.MAX_SECONDS + GRACE, MEMORY)
    assert isinstance(ran.result, float), ran.result


def test_content_that_fails_in_any_way_ends_its_delivery_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    def stumble(_: str) -> str:
        raise AssertionError("unexpected")

    monkeypatch.setattr(content, "text_of", stumble)
    outreach = Outreach(campaign_id="c", lead_id="l", to="a@b.example", subject="s", content="<p>Hi")
    mails: Any = LeadMail(
        cast("Any", None), cast("Any", SimpleNamespace(url=lambda *_: "https://u")), cast("Any", None)
    )
    job: Any = SimpleNamespace(
        team_id="t",
        recipient=SimpleNamespace(value="a@b.example"),
        notification=SimpleNamespace(template=GivenContent(campaign_id="c", lead_id="l")),
    )
    with pytest.raises(TemplateFailed, match="AssertionError"):
        mails.render(job, SimpleNamespace(outreach=outreach))


ROWS = {
    "commas": "," * 4_000_000,
    "short lines": "a\n" * 2_000_000,
    "empty lines": "\n" * 4_000_000,
    "quotes": '"' * 4_000_000,
    "cells of lines": "full_name,email\n" + '"\n",' * 800_000,
    "names": "full_name,email," + "x," * 9_000 + "\n" + ("," * 3_900 + "\n") * 1_000,
}


@pytest.mark.parametrize("name", ROWS)
def test_an_import_takes_little_memory(name: str) -> None:
    body = ROWS[name].encode()

    def read() -> int:
        try:
            return len(csv_rows.read(body, "utf-8", "", imports.MAX_ROWS))
        except Invalid:
            return 0

    ran = confined.run(read, 30, MEMORY)
    assert isinstance(ran.result, int), ran.result


@settings(deadline=None)
@given(st.text("<>/!-?[]ab =\"'&#;1\n", max_size=200))
def test_no_html_stops_its_reading(text: str) -> None:
    text_of(text)
    with suppress(Invalid):
        content.check(text)
