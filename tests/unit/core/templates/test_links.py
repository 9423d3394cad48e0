"""Links in HTML: those that a browser would run are found however they are written, and all others stay."""

from __future__ import annotations

import pytest

from nereid.core.templates.links import refused_links, without_refused_links


@pytest.mark.parametrize(
    ("html", "scheme"),
    [
        ('<a href="javascript:alert(1)">', "javascript"),
        ("<A HREF=' JaVaScript:alert(1)'>", "javascript"),
        ("<a href=javascript:alert(1)>", "javascript"),
        ('<a title="a > b" href="java\nscript:alert(1)">', "javascript"),
        ('<a href="java&#x09;script&colon;alert(1)">', "javascript"),
        ('<a href="data:text/html,x">', "data"),
        ('<iframe src="data:text/html,x">', "data"),
        ('<a href="data:image/svg+xml,x">', "data"),
        ('<form action="vbscript:x">', "vbscript"),
        ('<button formaction="javascript:x">', "javascript"),
        ('<svg><a xlink:href="javascript:x">', "javascript"),
        ('<p>a < b</p><!-- " --><a href="javascript:{{ x }}">', "javascript"),
    ],
)
def test_a_link_that_would_run_leads_nowhere(html: str, scheme: str) -> None:
    assert [found for _, found in refused_links(html)] == [scheme]
    left, schemes = without_refused_links(html)
    assert schemes == [scheme]
    assert '="#"' in left
    assert list(refused_links(left)) == []


@pytest.mark.parametrize(
    "html",
    [
        '<a href="https://example.com/?q=javascript:x">',
        '<a href="mailto:a@example.com">',
        '<a href="shop://order/1">',
        '<a href="{{ url }}">',
        '<img src="data:image/png;base64,AAAA">',
        '<a title="javascript:x" href="#">',
        "<p>javascript:x</p>",
        "<script>'<a href=\"javascript:x\">'</script>",
        '<a href="javascript:x"',
        "",
    ],
)
def test_all_else_stays(html: str) -> None:
    assert without_refused_links(html) == (html, [])


def test_only_the_link_changes() -> None:
    html = '<p id="1">{0}<a class=x href="javascript:alert(1)" id="2">b</a>{0}<img src="data:image/gif,x"></p>'
    assert without_refused_links(html)[0] == html.replace('"javascript:alert(1)"', '"#"')


@pytest.mark.parametrize("html", ["<a href=" * 50_000, '<a href="x" ' * 50_000, "<a href='javascript:x'>" * 20_000])
def test_very_much_takes_no_longer_than_its_length(html: str) -> None:
    assert len(without_refused_links(html)[0]) <= len(html)
