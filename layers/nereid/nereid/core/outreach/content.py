"""The parts of an e-mail to a lead, made of its content as given, with a link to unsubscribe added to each.

Content that begins with `<` or holds an HTML tag is the HTML part, and the text part is made of it; any other
content is the text part, and there is no HTML part. HTML with no element that makes lines was written as text is: its
line breaks are kept.
"""

import re
from collections.abc import Mapping
from html import escape

from nereid.core.memory_limit import memory_limit
from nereid.core.one_line import one_line as on_one_line
from nereid.core.outreach import markup
from nereid.core.time_limit import time_limit
from nereid.errors import Invalid, TemplateFailed
from nereid.models.delivery import Rendered
from nereid.models.lead_email import Outreach

_ELEMENTS = (
    "a abbr address article aside b blockquote body br button caption center code col colgroup dd del details "
    "div dl dt em fieldset figcaption figure font footer form h1 h2 h3 h4 h5 h6 head header hr html i iframe "
    "img input ins label legend li link main mark meta nav object ol p picture pre q s samp script section "
    "select small source span strike strong style sub summary sup svg table tbody td textarea tfoot th thead "
    "title tr tt u ul video"
)
_TAG = re.compile(rf"</?(?:{'|'.join(_ELEMENTS.split())})(?:\s[^<>]*)?/?>|<!doctype\b|<!--", re.IGNORECASE)
_CLOSING = re.compile(r"</body\s*>|</html\s*>", re.IGNORECASE)
#: Characters that no mail needs and some programs end a text at.
_FORBIDDEN = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_BLOCKS = frozenset(
    [
        "address",
        "article",
        "aside",
        "blockquote",
        "body",
        "center",
        "dd",
        "div",
        "dl",
        "dt",
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
        "li",
        "main",
        "nav",
        "ol",
        "p",
        "pre",
        "section",
        "table",
        "tr",
        "ul",
    ]
)
#: Who writes these says with them where lines end.
_LAYOUT = _BLOCKS | {"br", "caption", "head", "html", "summary", "tbody", "td", "tfoot", "th", "thead"}
#: Not the head: it ends before the first text in it, whether it is closed or not (HTML, 13.2.6.4.4).
_UNSEEN = frozenset({"script", "style", "template", "title"})


def check(content: str) -> None:
    """Refuse content that would lose what stands behind a tag, or could not be read when it is sent.

    Raises
    ------
    Invalid
        On `content`.
    """
    content = _FORBIDDEN.sub("", content)
    try:
        with time_limit(), memory_limit():
            if is_html(content) and not markup.read(content, _Reader()):
                raise Invalid({"content": "content has a tag, comment or quote that is never closed"})
    except TemplateFailed as error:
        raise Invalid({"content": f"content cannot be read: {error}"}) from error


def render(outreach: Outreach, unsubscribe_url: str) -> Rendered:
    """Return the parts of the mail."""
    content = _FORBIDDEN.sub("", outreach.content)
    html = is_html(content)
    if html and not _has_layout(content):
        content = markup.with_breaks(content.strip())
    text = text_of(content) if html else content.rstrip()
    members = {"subject": one_line(outreach.subject), "text": f"{text}\n\nUnsubscribe: {unsubscribe_url}\n"}
    if html:
        members["html"] = _with_link(content, unsubscribe_url)
    # A campaign counts opens and clicks.
    return Rendered(members, [], unsubscribe_url, tracking=True)


def one_line(text: str) -> str:
    """Return a text on one line, with single blanks between its words."""
    return " ".join(on_one_line(text).split())


def is_html(content: str) -> bool:
    """Tell whether content is HTML."""
    return content.lstrip().startswith("<") or _TAG.search(content) is not None


def text_of(html: str) -> str:
    """Return HTML as text: paragraphs apart, links written out, the lines of `pre` as they are."""
    reader = _Reader()
    markup.read(html, reader)
    lines = [" ".join(line.split()) for line in "".join(reader.parts).split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def _has_layout(html: str) -> bool:
    reader = _Reader()
    markup.read(html, reader)
    return reader.has_layout


def _with_link(html: str, url: str) -> str:
    link = f'<p style="font-size:12px;color:#666"><a href="{escape(url)}">Unsubscribe</a></p>'
    ends = list(_CLOSING.finditer(html))
    bodies = [end for end in ends if "body" in end[0].lower()] or ends
    if not bodies:
        return f"{html}\n{link}\n"
    at = bodies[-1].start()
    return f"{html[:at]}{link}{html[at:]}"


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
            self._link = attributes.get("href", ""), len(self.parts)
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
        shown = "".join(self.parts[since:]).strip()
        if href.startswith(("http://", "https://", "mailto:")) and href not in (shown, f"mailto:{shown}"):
            self.parts.append(f" ({href})" if shown else href)

    def text(self, text: str) -> None:
        if not self._unseen:
            self.parts.append(text if self._preformatted else re.sub(r"\s+", " ", text))
