"""Hostile templates, and hostile data in honest ones: they end in time, in little memory, as failed deliveries.

Each runs in a child process that is killed when it does not, for a loop in C code hears no signal.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from nereid.core import time_limit
from nereid.core.messaging.event_types import check_notifications
from nereid.core.templates import render, sandbox
from nereid.dialects.manage import frame as manage
from nereid.dialects.manage.bodies import EventTypeBody
from nereid.errors import Invalid, TemplateFailed
from nereid.models.event_type import EmailTemplate, PushTemplate, SmsTemplate
from tests.support import cloud as clouds
from tests.support import confined
from tests.support.api import Api, Call
from tests.support.cloud import World
from tests.support.notifications import MAIL, SAM

#: What stands for the 2 seconds, so that the tests take less, and how much later the end may come at most: a step
#: that no signal stops, on a machine that is busy.
LIMIT, GRACE = 0.4, 2.0
MEMORY = 150_000_000
RANGE = "(1..1000000000)"
DATA: dict[str, Any] = {
    "s": "a" * 200_000,
    "list": list(range(60_000)),
    "words": ["x" * 1000] * 200,
    "number": int("9" * 4000),
    "html": "<a" + " a" * 100_000 + ">" * 10,
    "openings": "<" * 200_000 + ">",
}

FILTERS_OF_RANGES = (
    *(
        "size",
        "join",
        "reverse",
        "sort",
        "sum",
        "uniq",
        "compact",
        "first",
        "last",
        "slice: 0, 999999999",
        "default: 1",
    ),
    *("map: 'x'", "where: 'x'", "find: 'x'", "has: 'x', 1", "concat: words", "append: 'x'", "sort_natural", "escape"),
)
LOOPS = {
    "range": f"{{% for i in {RANGE} %}}x{{% endfor %}}",
    "range reversed": f"{{% for i in {RANGE} reversed limit: 999999999 %}}x{{% endfor %}}",
    "range from its end": f"{{% for i in {RANGE} limit: 2 offset: 999999990 %}}x{{% endfor %}}",
    "astronomic range": "{% for i in (1..99999999999999999999999999) %}x{% endfor %}",
    "table of a range": f"{{% tablerow i in {RANGE} cols: 2 %}}x{{% endtablerow %}}",
    "membership": f"{{% if {RANGE} contains 'a' %}}x{{% endif %}}",
    "membership of a fraction": f"{{% if {RANGE} contains 1.5 %}}x{{% endif %}}",
    "nested": "{% for a in (1..1000) %}" * 3 + "x" + "{% endfor %}" * 3,
    "nested tables": "{% tablerow a in (1..1000) %}" * 3 + "x" + "{% endtablerow %}" * 3,
    "one after the other": "{% for a in (1..100000) %}{% assign x = a %}{% endfor %}" * 60,
    "comparisons": "{% for i in (1..100000) %}{% if s contains 'b' %}{% endif %}{% endfor %}",
    "changes": "{% for i in (1..100000) %}{% ifchanged %}{{ s }}{% endifchanged %}{% endfor %}",
}
GROWTH = {
    "append": "{% assign s = 'abcdefgh' %}{% for i in (1..60) %}{% assign s = s | append: s %}{% endfor %}{{ s }}",
    "append in a chain": "{{ s " + "| append: s " * 300 + "}}",
    "capture": "{% capture s %}12345678{% endcapture %}"
    "{% for i in (1..60) %}{% capture s %}{{ s }}{{ s }}{% endcapture %}{% endfor %}{{ s }}",
    "replace": "{{ s | replace: 'a', s }}",
    "replace nothing": "{{ s | replace: '', s }}",
    "replace in a chain": "{{ 'a' " + "| replace: 'a', 'aaaaaaaaaa' " * 30 + "}}",
    "escape": "{{ '&' " + "| replace: '&', '&&' | escape " * 40 + "}}",
    "encode": "{{ s " + "| base64_encode " * 60 + "}}",
    "join": "{{ s | split: '' | join: s }}",
    "lists": "{% assign a = s | split: '' %}"
    "{% for i in (1..30) %}{% assign a = a | concat: a %}{% endfor %}{{ a | size }}",
    "one text many times": "{% assign a = s | split: ',' %}"
    "{% for i in (1..16) %}{% assign a = a | concat: a %}{% endfor %}{{ a }}",
    "numbers": "{% assign x = 9 %}{% for i in (1..60) %}{% assign x = x | times: x %}{% endfor %}",
    "numbers of the data": "{% assign x = number %}{% for i in (1..60) %}{% assign x = x | times: x %}{% endfor %}",
    "variables": "".join(f"{{% assign v{number} = s | split: '' %}}" for number in range(200)),
}
SLOW = {
    "uniq": "{{ list | uniq | size }}",
    "strip_html": "{{ html | strip_html | size }}{{ openings | strip_html | size }}",
    "date": "{{ s | date: '%Y' }}",
    "date of width": "{{ '2020-01-01' | date: '%2000000000d' }}",
    "date of digits": "{{ '" + "9" * 5000 + "' | date: '%Y' }}",
    "decimals": "{{ '1e999999999' | modulo: '3.7' }}",
    "digits": "{{ 1.5 | round: 99999999999999999999 }}",
}
NESTING = {
    "tags": "{% if true %}" * 2500 + "{% endif %}" * 2500,
    "conditions": "{% if " + "true and " * 440 + "true %}1{% endif %}",
    "parentheses": "{{ " + "(" * 4000 + " }}",
    "brackets": "{{ " + "a[" * 1300 + "1" + "]" * 1300 + " }}",
    "ranges": "{{ (" + "1..(" * 900 + "2" + ")" * 900 + " }}",
    "filters": "{{ 1" + " | abs" * 650 + " }}",
}
UNFINISHED = {
    "outputs": "{{" * 32_000,
    "tags": "{%" * 32_000,
    "braces": "{" * 65_000,
    "braces that close": "{" * 65_000 + "}}",
    "blanks": "{{" + " " * 65_000,
    "blanks in a tag": "{% if" + " " * 65_000,
    "quotes": "{{ '" * 16_000,
    "raw": "{% raw %}" * 7000,
    "doc": "{% doc %}" * 8000,
    "comment": "{% comment %}" * 5000,
    "parentheses": ("{{ " + "(" * 4000 + " }}") * 16,
    "tabs": ("{% if \t" + "\t" * 3900 + " %}{% endif %}") * 16,
    "lines": ("{% liquid \n" + "\n" * 3900 + " %}") * 16,
}
RENDERED = {
    **{f"range | {name}": f"{{{{ {RANGE} | {name} }}}}" for name in FILTERS_OF_RANGES},
    **{f"loop: {name}": text for name, text in LOOPS.items()},
    **{f"growth: {name}": text for name, text in GROWTH.items()},
    **{f"slow: {name}": text for name, text in SLOW.items()},
    **{f"nesting: {name}": text for name, text in NESTING.items()},
}


@pytest.fixture(autouse=True)
def _short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time_limit, "MAX_SECONDS", LIMIT)


def outcome(text: str) -> str:
    """Say what becomes of a template, from its configuration to its delivery."""
    try:
        render.check_template("text", text)
    except Invalid:
        return "invalid"
    try:
        return f"{len(render.render(SmsTemplate(text=text), DATA).members['text'])} characters"
    except TemplateFailed as error:
        return f"template: {error}"


@pytest.mark.slow
@pytest.mark.parametrize("name", RENDERED)
def test_a_hostile_template_ends_in_time_and_in_little_memory(name: str) -> None:
    ran = confined.run(lambda: outcome(RENDERED[name]), 2 * LIMIT + GRACE, 3 * MEMORY)
    assert ran.grown < MEMORY
    kind, _, text = str(ran.result).partition(" ")
    assert kind in ("invalid", "template:") or (text == "characters" and int(kind) <= sandbox.MAX_OUTPUT), ran.result


@pytest.mark.parametrize("name", [*(f"loop: {name}" for name in LOOPS), *(f"growth: {name}" for name in GROWTH)])
def test_what_goes_beyond_a_bound_fails(name: str) -> None:
    ran = confined.run(lambda: outcome(RENDERED[name]), 2 * LIMIT + GRACE, 3 * MEMORY)
    assert str(ran.result).startswith("template: "), ran.result


@pytest.mark.parametrize("name", UNFINISHED)
def test_a_template_that_takes_long_to_read_is_refused_when_it_is_configured(name: str) -> None:
    ran = confined.run(lambda: outcome(UNFINISHED[name]), LIMIT + GRACE, 3 * MEMORY)
    assert ran.result == "invalid"


def failure_of(when: str) -> str | None:
    try:
        render.holds(when, DATA)
    except TemplateFailed as error:
        return str(error)
    return None


@pytest.mark.parametrize("name", [name for name in LOOPS if "{% if" in LOOPS[name] or "range" in name])
def test_a_hostile_condition_fails(name: str) -> None:
    condition = {"membership": f"{RANGE} contains 'a'", "membership of a fraction": f"{RANGE} contains 1.5"}
    when = condition.get(name, f"{RANGE} == {RANGE}")
    ran = confined.run(lambda: failure_of(when), LIMIT + GRACE, 3 * MEMORY)
    assert ran.result is not None
    assert ran.grown < MEMORY


def test_bounds_hold_for_every_kind_of_template() -> None:
    text = f"{{{{ {RANGE} | join: 'x' }}}}"
    for template in (
        EmailTemplate(subject=text, text="t"),
        EmailTemplate(subject="s", text=text),
        EmailTemplate(subject="s", text="t", html=text),
        PushTemplate(title=text, body="b"),
        PushTemplate(title="t", body="b", data={"list": [{"deep": text}]}),
    ):
        with pytest.raises(TemplateFailed, match="range is too long"):
            render.render(template, {})


def test_templates_see_data_and_no_program() -> None:
    text = "{{ s.__class__ }}{{ s['__class__'] }}{{ list.append }}{{ forloop.__class__ }}{{ self }}{{ data.__dict__ }}"
    assert render.render(SmsTemplate(text=text), {"s": "x", "list": [], "data": {}}).members["text"] == ""


def test_the_longest_honest_values_pass() -> None:
    text = (
        "{{ s | upcase | replace: 'A', 'b' | slice: 0, 5 }}{{ list | join: ',' | size }}"
        "{% for i in (1..1000) %}.{% endfor %}"
    )
    made = render.render(SmsTemplate(text=text), DATA).members["text"]
    assert made == "bbbbb" + str(len(",".join(map(str, DATA["list"])))) + "." * 1000


def test_texts_that_are_no_liquid_stay_what_they_are() -> None:
    for text in ("{", "{ {", "}}", "%}", "{% raw %}{{ x }}{%{% endraw %}", "{%- raw -%} {{ {%- endraw -%}"):
        render.check_template("text", text)


def test_all_templates_of_a_record_share_its_time() -> None:
    slow = SmsTemplate(text=RENDERED["loop: one after the other"])
    with time_limit.time_budget(LIMIT * 1.5):
        for _ in range(3):
            with pytest.raises(TemplateFailed, match="took longer"):
                render.render(slow, {})
        with pytest.raises(TemplateFailed, match="took longer"):
            render.holds("true", {})
    assert render.holds("true", {}) is True


def test_a_budget_is_used_up_by_what_ran() -> None:
    with time_limit.time_budget(60):
        render.render(SmsTemplate(text="{{ x }}"), {})
        assert time_limit._left[0] < 60
    assert time_limit._left == []


def test_a_stop_that_is_swallowed_comes_again() -> None:
    heard: list[TemplateFailed] = []

    def swallow() -> None:
        with time_limit.time_limit():
            while len(heard) < 3:
                try:
                    while True:
                        pass
                except TemplateFailed as error:
                    heard.append(error)
            raise heard[-1]

    with pytest.raises(TemplateFailed):
        swallow()
    assert len(heard) == 3


def test_parsed_templates_are_kept_only_as_far_as_memory_allows() -> None:
    for number in range(20):
        render.check_template("text", f"{number}" + "x" * 60_000)
    assert sum(kept.size for kept in render._parsed.values()) <= render._MAX_KEPT


def test_many_slow_templates_are_refused_together(monkeypatch: pytest.MonkeyPatch) -> None:
    slow = ("{% if \t" + "\t" * 3900 + " %}{% endif %}") * 4
    monkeypatch.setattr("nereid.core.messaging.event_types.CHECK_SECONDS", LIMIT)
    notifications = [{**MAIL, "name": str(number), "template": {"subject": slow, "text": slow}} for number in range(20)]
    body = manage.parse(EventTypeBody, {"notifications": notifications})
    ran = confined.run(lambda: check_notifications(body.notifications), LIMIT + GRACE, 3 * MEMORY)
    assert "template does not parse" in str(ran.result)


@pytest.fixture(scope="module")
def shared_cloud() -> Iterator[clouds.Cloud]:
    with clouds.running(in_memory=True) as running:
        yield running


@pytest.fixture
def world(shared_cloud: clouds.Cloud) -> World:
    shared_cloud.forget()
    return World(shared_cloud)


def test_a_hostile_event_type_holds_up_no_other(world: World) -> None:
    hostile = [
        {**MAIL, "name": "loop", "template": {"subject": "s", "text": LOOPS["one after the other"]}},
        {**MAIL, "name": "memory", "template": {"subject": "s", "text": GROWTH["one text many times"]}},
        {**MAIL, "name": "date", "template": {"subject": "s", "text": "{{ 'now' | date: form }}"}},
        {"name": "inbox", "channel": "app", "template": {"title": "t", "body": LOOPS["one after the other"]}},
        {**MAIL, "name": "never", "when": f"{RANGE} contains 'a'"},
    ]
    world.configure("hostile", *hostile)
    world.configure("honest", MAIL)
    world.user("u")
    bad = world.ingest("hostile", contact_infos=SAM, user_id="u", data={"s": "a" * 100_000, "form": "%d" * 30_000})
    good = world.ingest("honest", contact_infos=SAM)
    assert world.cloud.pump() == []
    assert world.outcomes(bad) == [
        ("failed", f"template: took longer than {LIMIT:g} s"),
        ("failed", "template: value is too large"),
        ("failed", "template: date format is too large"),
        ("failed", f"template: took longer than {LIMIT:g} s"),
    ]
    assert world.outcomes(good) == [("success", None)]


@pytest.mark.parametrize("name", UNFINISHED)
def test_an_event_type_that_takes_long_to_read_is_a_422(world: World, name: str) -> None:
    template = {"subject": "s", "text": UNFINISHED[name][:65_536]}
    body = json.dumps({"notifications": [{**MAIL, "template": template}]}).encode()
    headers = {"authorization": f"Bearer {world.token}"}
    answer = Api(world.cloud).call(Call("PUT", "/manage/dev/event_types/x", {}, headers, body))
    assert answer.status == 422
    assert [each["field"] for each in answer.json()["errors"]] == ["notifications[0].template.text"]
