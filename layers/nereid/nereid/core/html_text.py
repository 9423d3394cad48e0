"""HTML as text: for the text part of mails that are written in HTML alone."""

import re
from collections.abc import Mapping

from nereid.core import markup

_BLOCKS = frozenset(
    [
        "address",
        "article",
        "aside",
        "blockquote",
        "body",
        "caption",
        "center",
        "dd",
        "details",
        "div",
        "dl",
        "dt",
        "fieldset",
        "figcaption",
        "figure",
        "footer",
        "form",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "header",
        "hr",
        "legend",
        "li",
        "main",
        "nav",
        "ol",
        "p",
        "pre",
        "section",
        "summary",
        "table",
        "tr",
        "ul",
    ]
)
#: Who writes these says with them where lines end.
_LAYOUT = _BLOCKS | {"br", "head", "html", "tbody", "td", "tfoot", "th", "thead"}
#: Not the head: it ends before the first text in it, whether it is closed or not (HTML, 13.2.6.4.4).
_UNSEEN = frozenset({"script", "style", "template", "title"})


def text_of(html: str) -> str:
    """Return HTML as text: paragraphs apart, links written out, the lines of `pre` as they are."""
    reader = _Reader()
    markup.read(html, reader)
    lines = [" ".join(line.split()) for line in "".join(reader.parts).split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def is_closed(html: str) -> bool:
    """Tell whether all tags and comments of HTML end, so that nothing is lost behind one."""
    return markup.read(html, _Reader())


def has_layout(html: str) -> bool:
    """Tell whether HTML has an element that says where lines end."""
    reader = _Reader()
    markup.read(html, reader)
    return reader.has_layout


class _Reader:
    """Implements `markup.Reader`: collects the text of HTML."""

    def __init__(self) -> None:
        self.parts: list[str] = []
        #: Whether an element says where lines end.
        self.has_layout = False
        self._unseen = 0
        self._preformatted = 0
        #: Where the link at hand leads, and where its text begins.
        self._link: tuple[str, int] | None = None

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        self.has_layout = self.has_layout or tag in _LAYOUT
        self._preformatted += tag == "pre"
        if tag in _UNSEEN:
            self._unseen += 1
        elif tag == "br":
            self.parts.append("\n")
        elif tag == "li":
            self.parts.append("\n- ")
        elif tag in _BLOCKS:
            self.parts.append("\n" if tag in ("tr", "dt", "dd") else "\n\n")
        elif tag in ("td", "th"):
            self.parts.append(" ")
        elif tag == "a":
            # A link ends where the next begins (HTML, 13.2.6.4.7), and so no text is looked at once per link around it.
            self._end_link()
            self._link = attributes.get("href", "").strip(), len(self.parts)
        elif tag == "img":
            self.text(attributes.get("alt", ""))

    def end(self, tag: str) -> None:
        self._preformatted = max(0, self._preformatted - (tag == "pre"))
        if tag in _UNSEEN:
            self._unseen = max(0, self._unseen - 1)
        elif tag == "a":
            self._end_link()
        elif tag in _BLOCKS and tag != "li":
            self.parts.append("\n\n" if tag not in ("tr", "dt", "dd") else "\n")

    def _end_link(self) -> None:
        if self._link is None:
            return
        href, since = self._link
        self._link = None
        if not href.lower().startswith(("http://", "https://", "mailto:")):
            return
        shown = "".join(self.parts[since:]).strip()
        if href not in (shown, f"mailto:{shown}"):
            self.parts.append(f" ({href})" if shown else href)

    def text(self, text: str) -> None:
        if not self._unseen:
            self.parts.append(text if self._preformatted else re.sub(r"\s+", " ", text))
