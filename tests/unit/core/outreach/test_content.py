"""The parts of an e-mail to a lead."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nereid.core import time_limit
from nereid.core.html_text import text_of
from nereid.core.outreach import content
from nereid.core.outreach.content import is_html, one_line, render
from nereid.errors import Invalid
from nereid.models.delivery import Rendered
from nereid.models.lead_email import Outreach

URL = "https://nereid.example.com/u/token"


def rendered(text: str, subject: str = "Hello") -> Rendered:
    outreach = Outreach(campaign_id="c", lead_id="l", to="john@example.com", subject=subject, content=text)
    return render(outreach, URL)


def test_text_stays_text_and_gets_a_link() -> None:
    assert rendered("Dear John,\n\nHello {{ name }}").members == {
        "subject": "Hello",
        "text": f"Dear John,\n\nHello {{{{ name }}}}\n\nUnsubscribe: {URL}\n",
    }


def test_html_stays_html_and_gets_a_text_part_and_links() -> None:
    members = rendered("<html><body><p>Dear John,</p><p>Hello</p></body></html>").members
    assert members["html"].startswith("<html><body><p>Dear John,</p><p>Hello</p>")
    assert members["html"].endswith(f'<a href="{URL}">Unsubscribe</a></p></body></html>')
    assert members["text"] == f"Dear John,\n\nHello\n\nUnsubscribe: {URL}\n"


def test_it_is_tracked_for_its_campaign() -> None:
    assert rendered("Hello").tracking


def test_a_link_to_unsubscribe_counts_as_one() -> None:
    assert rendered("Hello").unsubscribe_url == URL


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("<p>Hi</p>", True),
        ("  <!doctype html><p>Hi", True),
        ("< is how it begins", True),
        ("Hi <b>John</b>", True),
        ("Hi<br>John", True),
        ('Hi <a href="https://example.com">there</a>', True),
        ("Hi</p>", True),
        ("Write to <sam@example.com>", False),
        ("See <https://example.com>", False),
        ("1 < 2 and 3 > 2", False),
        ("if a <b and c> d", True),
        ("a <bold> claim", False),
        ("Hello", False),
    ],
)
def test_content_with_a_tag_is_html(content: str, expected: bool) -> None:  # noqa: FBT001
    assert is_html(content) == expected


@pytest.mark.parametrize("char", ["\r", "\n", "\r\n", "\x0b", "\x85", "\u2028", "\x00"])
def test_a_subject_is_one_line(char: str) -> None:
    assert rendered("Hello", f"Hi{char}Bcc: x@example.org").members["subject"] == "Hi Bcc: x@example.org"


@given(st.text(max_size=200))
def test_no_text_makes_a_second_line_of_a_subject(text: str) -> None:
    assert len(one_line(text).splitlines()) <= 1


@given(st.one_of(st.text(max_size=500), st.text("<>/abp =\"'&;!-", max_size=300)))
def test_whatever_the_content_both_parts_hold_the_link(text: str) -> None:
    members = rendered(text).members
    assert URL in members["text"]
    assert "html" not in members or f'href="{URL}"' in members["html"]


@pytest.mark.parametrize(
    "html",
    ["<p>Hi</p><a ", "<p>Hi</p><a x='>", '<p>Hi</p><a x="', "<p>Hi</p><!-- x ->", "<p>Hi</p><?x", "<p>Hi</p><script>"],
)
def test_what_is_never_closed_is_left_out_and_refused_before(html: str) -> None:
    assert text_of(html) == "Hi"
    with pytest.raises(Invalid, match="never closed"):
        content.check(html)


def test_html_that_takes_long_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time_limit, "MAX_SECONDS", 0.0)
    with pytest.raises(Invalid, match="content cannot be read: took longer"):
        content.check("<p>Hi</p>")


LINES = "Szia <b>Réka</b>,\r\n\r\na kódod <a\nhref='https://k.example'>itt</a> van.\n<!-- a\nb --><i>Üdv</i>\rDani\n"


def test_html_without_an_element_that_makes_lines_keeps_its_own() -> None:
    members = rendered(LINES).members
    assert members["text"] == (f"Szia Réka,\n\na kódod itt (https://k.example) van.\nÜdv\nDani\n\nUnsubscribe: {URL}\n")
    assert members["html"].startswith(
        "Szia <b>Réka</b>,<br>\n<br>\na kódod <a\nhref='https://k.example'>itt</a> van.<br>\n"
        "<!-- a\nb --><i>Üdv</i><br>\nDani\n"
    )


@pytest.mark.parametrize(
    "layout", ["<br>", "<p>", "</p><p>", "<div>x</div>", "<ul><li>x</ul>", "<html>", "<table><tr><td>x"]
)
def test_html_with_an_element_that_makes_lines_stays_as_it_is(layout: str) -> None:
    members = rendered(f"Szia\nRéka {layout} <b>x</b>").members
    assert members["html"].startswith(f"Szia\nRéka {layout} <b>x</b>")
    assert members["text"].startswith("Szia Réka")


@pytest.mark.parametrize(
    "content", ["<b>a\nb", "a <script>x\ny</script>\nb", "<i>x</i>\n\n\n\ny", "< a\nb", "x</b>\ny"]
)
def test_no_line_is_lost_or_made_up(content: str) -> None:
    members = rendered(content).members
    visible = content.replace("x\ny</script>", "</script>")
    assert members["html"].count("<br>") == visible.count("\n")
    assert "\n" in members["text"].partition("\n\nUnsubscribe")[0]
