"""The parts of an e-mail to a lead, made of its content as given, with a link to unsubscribe added to each.

Content that begins with `<` or holds an HTML tag is the HTML part, and the text part is made of it; any other
content is the text part, and there is no HTML part. HTML with no element that makes lines was written as text is: its
line breaks are kept.
"""

import re
from html import escape

from nereid.core import html_text, markup
from nereid.core.html_text import text_of
from nereid.core.memory_limit import memory_limit
from nereid.core.one_line import one_line as on_one_line
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
            if is_html(content) and not html_text.is_closed(content):
                raise Invalid({"content": "content has a tag, comment or quote that is never closed"})
    except TemplateFailed as error:
        raise Invalid({"content": f"content cannot be read: {error}"}) from error


def render(outreach: Outreach, unsubscribe_url: str) -> Rendered:
    """Return the parts of the mail."""
    content = _FORBIDDEN.sub("", outreach.content)
    html = is_html(content)
    if html and not html_text.has_layout(content):
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


def _with_link(html: str, url: str) -> str:
    link = f'<p style="font-size:12px;color:#666"><a href="{escape(url)}">Unsubscribe</a></p>'
    ends = list(_CLOSING.finditer(html))
    bodies = [end for end in ends if "body" in end[0].lower()] or ends
    if not bodies:
        return f"{html}\n{link}\n"
    at = bodies[-1].start()
    return f"{html[:at]}{link}{html[at:]}"
