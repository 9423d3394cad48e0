"""How templates are filled in, and what a failure says."""

from __future__ import annotations

from typing import Any

import pytest
from liquid.exceptions import LiquidError

from nereid.core.templates import render as module
from nereid.core.templates.render import check_condition, check_template, holds, render, uses
from nereid.errors import Invalid, TemplateFailed
from nereid.models.event_type import AppTemplate, EmailTemplate, PushTemplate, SmsTemplate


def email(**members: Any) -> EmailTemplate:
    return EmailTemplate.model_validate({"subject": "Hi", "text": "t", **members})


def test_html_is_escaped_and_text_is_not() -> None:
    template = email(subject="{{ a }}", text="{{ a }}", html="<p>{{ a }}</p>")
    assert render(template, {"a": "<b>"}).members == {"subject": "<b>", "text": "<b>", "html": "<p>&lt;b&gt;</p>"}


def test_a_mail_without_html_has_no_such_part() -> None:
    assert render(email(), {}).members == {"subject": "Hi", "text": "t"}


def test_line_breaks_leave_a_subject_and_a_title() -> None:
    assert render(email(subject=" a{{ b }}"), {"b": "\r\nBcc: x"}).members["subject"] == "a Bcc: x"
    push = PushTemplate(title="{{ b }}", body="{{ b }}")
    assert render(push, {"b": "a\nb"}).members == {"title": "a b", "body": "a\nb"}


def test_texts_in_data_are_filled_in_and_all_else_stays() -> None:
    data = {"a": "{{ x }}", "b": [1, "{{ x }}", None], "c": {"d": True}}
    push = PushTemplate.model_validate({"title": "t", "body": "b", "data": data})
    assert render(push, {"x": "y"}).members["data"] == {"a": "y", "b": [1, "y", None], "c": {"d": True}}


def test_how_a_push_is_shown_is_filled_in_and_what_is_empty_then_is_left_out() -> None:
    shown = {
        "sound": "{{ s }}",
        "badge": " {{ n | plus: 1 }} ",
        "channel": "{{ s }}\n{{ n }}",
        "collapse": "order-{{ n }}",
        "priority": "normal",
        "time_to_live": 0,
    }
    push = PushTemplate.model_validate({"title": "t", "body": "b", **shown})
    assert render(push, {"n": 1, "s": "x"}).members == {
        "title": "t",
        "body": "b",
        "sound": "x",
        "badge": 2,
        "channel": "x 1",
        "collapse": "order-1",
        "priority": "normal",
        "time_to_live": 0,
    }
    empty = PushTemplate(title="t", body="b", sound="{{ s }}", badge="{{ n }}", channel="{{ s }}", collapse="{{ s }}")
    rendered = render(empty, {})
    assert rendered.members == {"title": "t", "body": "b"}
    assert set(rendered.missing_variables) == {"s", "n"}


@pytest.mark.parametrize("badge", [0, 7, 999_999_999])
def test_a_badge_may_be_a_number(badge: int) -> None:
    assert render(PushTemplate(title="t", body="b", badge=badge), {}).members["badge"] == badge


@pytest.mark.parametrize("badge", ["many", "-1", "1.5", "1" * 10, "1 2", "\u0661"])
def test_a_badge_that_is_no_number_is_left_out_and_noted(badge: str) -> None:
    rendered = render(PushTemplate(title="t", body="b", badge="{{ n }}"), {"n": badge})
    assert rendered.members == {"title": "t", "body": "b"}
    assert rendered.notes == ["badge: it is no whole number"]


def test_missing_variables_are_named_once_and_only_those_of_this_template() -> None:
    assert render(SmsTemplate(text="{{ user.plan }}{{ user.plan }}{{ code }}"), {"user": {}}).missing_variables == [
        "user.plan",
        "code",
    ]
    assert render(SmsTemplate(text="{{ code }}"), {"code": 1}).missing_variables == []


def test_an_output_may_be_as_long_as_the_limit_and_no_longer() -> None:
    template = EmailTemplate(subject="s", text="{{ a }}")
    assert len(render(template, {"a": "x" * 262_144}).members["text"]) == 262_144
    with pytest.raises(TemplateFailed, match="longer than 262144 characters"):
        render(template, {"a": "x" * 262_145})


def test_an_error_of_the_library_fails_with_its_text_and_any_other_with_its_name() -> None:
    with pytest.raises(TemplateFailed, match="range is too long"):
        render(SmsTemplate(text="{{ (1..a) }}"), {"a": 1_000_000})

    class Broken:
        def __str__(self) -> str:
            raise KeyError("secret")

    with pytest.raises(TemplateFailed, match=r"^KeyError$"):
        render(SmsTemplate(text="{{ a }}"), {"a": Broken()})


@pytest.mark.parametrize(
    ("source", "line", "text"),
    [
        ("a\n{{ b", 2, "found end of file"),
        ("{% if a %}", 1, "template does not parse"),
        ("a\nb\n{{ c | nothing }}", 3, "unknown filter 'nothing'"),
        ("{{ a | nothing }}", 1, "unknown filter 'nothing'"),
    ],
)
def test_a_template_that_does_not_parse_is_refused_with_its_line(source: str, line: int, text: str) -> None:
    with pytest.raises(Invalid) as refused:
        check_template("text", source)
    assert refused.value.line == line
    assert text in refused.value.problems["text"]


@pytest.mark.parametrize(
    ("error", "text"),
    [(TemplateFailed("took longer"), "took longer"), (RecursionError(), "nested too deeply")],
)
def test_a_template_that_takes_too_long_or_nests_too_deeply_does_not_parse(
    monkeypatch: pytest.MonkeyPatch, error: Exception, text: str
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise error

    monkeypatch.setattr(module, "_kept", fail)
    with pytest.raises(Invalid) as refused:
        check_template("text", "{{ a }}")
    assert refused.value.problems == {"text": f"template does not parse: {text}"}
    assert refused.value.line == 1
    with pytest.raises(TemplateFailed, match=text):
        uses(SmsTemplate(text="{{ a }}"), "a")


def test_the_library_tells_what_failed() -> None:
    assert module._parsing_failed(LiquidError("no such tag", token=None)) == "no such tag"
    assert module._parsing_failed(ValueError("secret")) == "unexpected liquid parsing error"


@pytest.mark.parametrize("when", ["a %}x{% if b", "a {% b"])
def test_a_condition_has_no_tags(when: str) -> None:
    with pytest.raises(Invalid, match="a condition only"):
        check_condition("when", when)


def test_a_condition_holds_as_liquid_has_it() -> None:
    check_condition("when", "a > 1")
    assert holds(None, {}) is True
    assert holds("a > 1", {"a": 2}) is True
    assert holds("a > 1", {"a": 1}) is False


def test_a_template_uses_what_any_of_its_strings_names() -> None:
    push = PushTemplate.model_validate({"title": "t", "body": "b", "data": {"x": ["{{ deep }}"]}})
    assert uses(PushTemplate(title="t", body="b", badge="{{ count }}"), "count")
    assert uses(push, "deep")
    assert not uses(push, "x")
    assert uses(email(html="<p>{{ a }}</p>"), "a")


@pytest.mark.parametrize(
    ("members", "tracking"), [({}, False), ({"tracking": False}, False), ({"tracking": True}, True)]
)
def test_a_mail_is_tracked_only_if_its_template_says_so(members: dict[str, Any], *, tracking: bool) -> None:
    assert render(email(**members), {}).tracking is tracking


def test_a_message_to_a_phone_is_not_tracked() -> None:
    assert not render(SmsTemplate(text="t"), {}).tracking


class TestLinks:
    def shown(self, link: str, **data: Any) -> Any:
        return render(AppTemplate(title="t", body="b", action_url="{{ u }}", data=data or None), {"u": link})

    @pytest.mark.parametrize(
        "link",
        [
            "javascript:alert(1)",
            " JavaScript:alert(1)",
            "\x01javascript:alert(1)",
            "\ufeff\xa0javascript:alert(1)",
            "java\tscr\nipt:alert(1)",
            "javascript://shop.example/%0aalert(1)",
            "data:text/html,<script>alert(1)</script>",
            "vbscript:x",
            "blob:https://shop.example/1",
            "file:///etc/passwd",
        ],
    )
    def test_what_a_browser_would_run_or_show_itself_is_left_out_and_noted(self, link: str) -> None:
        rendered = self.shown(link, action_url="{{ u }}", other="{{ u }}")
        assert "action_url" not in rendered.members
        assert list(rendered.members["data"]) == ["other"]
        assert [note.partition(":")[0] for note in rendered.notes] == ["action_url", "data.action_url"]

    @pytest.mark.parametrize(
        "link",
        [
            "https://shop.example/?next=javascript:x",
            "http://shop.example",
            "mailto:sam@example.com",
            "tel:+4915112345678",
            "shop://order/3",
            "javascriptx:order",
            "/orders/3",
            "orders?from=data:1",
            "javascript",
        ],
    )
    def test_sites_apps_and_paths_may_be_led_to(self, link: str) -> None:
        rendered = self.shown(link, action_url="{{ u }}")
        assert (rendered.members["action_url"], rendered.members["data"]) == (link, {"action_url": link})
        assert rendered.notes == []
