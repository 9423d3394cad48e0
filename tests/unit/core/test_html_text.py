"""HTML as text."""

from __future__ import annotations

from typing import Any

import pytest

from nereid.core import html_text
from nereid.core.html_text import is_closed, text_of


def test_html_read_as_text_keeps_paragraphs_lists_and_links() -> None:
    html = (
        "<head><title>T</title><style>p{}</style></head><p>Dear&nbsp;John,<br>hello &amp; welcome</p>"
        '<ul><li>one</li><li>two</li></ul><a href="https://example.com/x">Read  more</a>'
        '<a href="https://example.com">https://example.com</a><script>bad()</script><a href="javascript:x">no</a>'
    )
    assert text_of(html) == (
        "Dear John,\nhello & welcome\n\n- one\n- two\n\nRead more (https://example.com/x)https://example.comno"
    )


def test_a_link_ends_where_the_next_begins() -> None:
    html = '<p><a href="https://a.example">one <a href="https://b.example">two</a> three</p>'
    assert text_of(html) == "one (https://a.example)two (https://b.example) three"


def test_no_text_is_looked_at_once_per_link_around_it(monkeypatch: pytest.MonkeyPatch) -> None:
    class Parts(list[str]):
        seen = 0

        def __getitem__(self, wanted: Any) -> Any:
            found = super().__getitem__(wanted)
            Parts.seen += len(found)
            return found

    begin = html_text._Reader.__init__

    def watched(reader: Any) -> None:
        begin(reader)
        reader.parts = Parts()

    monkeypatch.setattr(html_text._Reader, "__init__", watched)
    assert text_of("<a>x" * 400 + "</a>" * 400) == "x" * 400
    assert Parts.seen <= 800


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<table><tr><td>a</td><td>b</td></tr><tr><th>c</th></tr></table>", "a b\n\nc"),
        ("<p>see <img src='x' alt='a plan'></p>", "see a plan"),
        ("<p>see <img src='x'></p>", "see"),
        ("<ul><li>a<li>b</ul>", "- a\n- b"),
        ("a<br>b", "a\nb"),
        ("<style>p {}</style><script>a</script>b", "b"),
        ("<head><title>a</title>b</head>c", "bc"),
        ("<html><head><meta charset='utf-8'><body><p>Merhaba Elif</p></body></html>", "Merhaba Elif"),
        ("<head><title>T</title><style>p{}</style><link rel=x>Bonjour", "Bonjour"),
        ("<!DOCTYPE html><html lang=da><head><base href='/'><p>Hej<body><p>Åse", "Hej\n\nÅse"),
        ("<HTML><HEAD><TITLE>T</TITLE><BODY BGCOLOR=white>Ciao<P>Luca", "Ciao\n\nLuca"),
        ("<p>Hola</p><head><p>Íñigo", "Hola\n\nÍñigo"),
        ("<body>a<template>b</template><noscript>c</noscript>", "ac"),
        ("<title>T</title><meta name=x><p>안녕", "안녕"),
        ("<table><tr><td>a<td>b<tr><td>c", "a b\nc"),
        ("<pre>one\n  two\n\nthree</pre>four\nfive", "one\ntwo\n\nthree\n\nfour five"),
        ("</script>a<style>b</style>c", "ac"),
        ("<p>a</p>b &amp", "a\n\nb &"),
        ("<a href='https://a.example'>a</a>", "a (https://a.example)"),
        ("<a href='https://a.example'>https://a.example</a>", "https://a.example"),
        ("<a href='https://a.example'></a>", "https://a.example"),
        ("<a href='mailto:a@b.example'>a@b.example</a>", "a@b.example"),
        ("<a href='#top'>a</a>", "a"),
        ("<a href=' HTTPS://a.example/X '>a</a>", "a (HTTPS://a.example/X)"),
        ("<figure><img alt=a src=x><figcaption>b</figcaption></figure>", "a\n\nb"),
        ("<details><summary>a</summary>b</details>c", "a\n\nb\n\nc"),
        ("<fieldset><legend>a</legend>b</fieldset>", "a\n\nb"),
        (
            "<a href='https://a.example'>a<a href='https://b.example'>b</a>",
            "a (https://a.example)b (https://b.example)",
        ),
    ],
)
def test_html_reads_as_text(html: str, text: str) -> None:
    assert text_of(html) == text


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>Hi</p><![foo bar]>there", "Hi\n\nthere"),
        ("a<![if !mso]>b<![endif]>c", "abc"),
        ("a<!-- <p>no</p> -->b<!---->c<!-->d<!--->e<!-- f --!>g", "abcdeg"),
        ("a<?php echo 1 ?>b<!doctype html>c</>d</ x>e", "abcde"),
        ("1 < 2 & 3 <4", "1 < 2 & 3 <4"),
        ("&lt;b&gt; &#65;&#x42;&#99999999999;&#" + "9" * 5000 + ";", "<b> AB\ufffd\ufffd"),
        ("<a href='https://x.example/?a=1&amp;b=2' title=\">\">l</a>", "l (https://x.example/?a=1&b=2)"),
        ("<A HREF=https://x.example/>l</A >", "l (https://x.example/)"),
        ("<a href=https://x.example href=https://y.example>l</a>", "l (https://x.example)"),
        ("<img alt = '1 > 0'><br/>x", "1 > 0\nx"),
        ("<script>if (a < b) '</p>'</script >x<style>p > a {}</style>y<title/>z", "xyz"),
        ("<textarea><b>as it is</b></textarea>", "<b>as it is</b>"),
        ("<body class=>x</body>", "x"),
    ],
)
def test_html_is_read_as_browsers_read_it(html: str, text: str) -> None:
    assert text_of(html) == text
    assert is_closed(html)
