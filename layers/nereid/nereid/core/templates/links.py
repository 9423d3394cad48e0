"""Where a link of a notification may lead: anywhere but to what a browser would run or show as the page's own."""

import re
import unicodedata
from collections.abc import Iterator

from nereid.core import markup

#: Schemes whose addresses are programs, documents or files themselves. All others lead to a site or to an app, whose
#: own schemes nobody can list.
#: Source: https://html.spec.whatwg.org/multipage/browsing-the-web.html (navigation), RFC 2397 (data).
_REFUSED = frozenset(
    {"javascript", "vbscript", "livescript", "data", "blob", "filesystem", "file", "about", "view-source"}
)
#: The attributes whose value is an address that is opened, loaded or sent to.
#: Source: https://html.spec.whatwg.org/multipage/indices.html#attributes-3
_ADDRESSES = frozenset({"action", "background", "data", "formaction", "href", "poster", "src", "xlink:href"})
#: An image may be in its own address: nothing in an `img` is run.
_IMAGES = "data:image/"
_LIQUID = re.compile(r"\{[{%]")


def refused_scheme(link: str) -> str | None:
    """Return the scheme of a link that leads where no link may lead; None if it may be shown.

    Browsers leave out line breaks and tabs wherever they stand, and blanks and control characters before the scheme;
    apps trim other blanks as well. So no such character counts.
    """
    name, colon, _ = link.partition(":")
    scheme = "".join(character for character in name if unicodedata.category(character)[0] not in "CZ").lower()
    return scheme if colon and scheme in _REFUSED else None


def fixed_beginning(source: str) -> str:
    """Return what a template begins with whatever the data are."""
    return _LIQUID.split(source, maxsplit=1)[0]


def refused_links(html: str) -> Iterator[tuple[markup.Attribute, str]]:
    """Yield the attributes of HTML, or of a template of it, that lead where no link may lead, with their schemes."""
    for each in markup.attributes(html):
        if each.name not in _ADDRESSES:
            continue
        address = fixed_beginning(each.value)
        scheme = refused_scheme(address)
        if scheme is not None and not (each.tag == "img" and address.strip().lower().startswith(_IMAGES)):
            yield each, scheme


def without_refused_links(html: str) -> tuple[str, list[str]]:
    """Return HTML in which links that may not be lead nowhere, and the schemes that they had."""
    parts: list[str] = []
    schemes: list[str] = []
    place = 0
    for each, scheme in refused_links(html):
        parts += [html[place : each.start], '"#"']
        schemes.append(scheme)
        place = each.end
    return "".join([*parts, html[place:]]), schemes
