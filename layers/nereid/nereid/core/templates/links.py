"""Where a link in an app may lead: anywhere but to what the browser itself would run or show as the page's own."""

import re
import unicodedata

#: Schemes whose addresses are programs, documents or files themselves. All others lead to a site or to an app, whose
#: own schemes nobody can list.
#: Source: https://html.spec.whatwg.org/multipage/browsing-the-web.html (navigation), RFC 2397 (data).
_REFUSED = frozenset(
    {"javascript", "vbscript", "livescript", "data", "blob", "filesystem", "file", "about", "view-source"}
)
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
