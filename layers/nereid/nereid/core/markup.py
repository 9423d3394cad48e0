"""HTML read from its beginning to its end, once, whatever it is.

It is taken apart as browsers do it (HTML standard, 13.2.5), so everything has a meaning and nothing is an error. Each
step goes on behind what it has read, so the time grows with the length alone; Python's own parser looks for the end of
each tag anew and stops at some declarations.
"""

import re
from collections.abc import Iterator, Mapping
from html import unescape
from typing import NamedTuple, Protocol

#: A `<` that is no text.
_OPENING = re.compile(r"<(?=[A-Za-z/!?])")
_NAME = re.compile(r"[A-Za-z][^\s/>]*+")
_ATTRIBUTE = re.compile(r"""[\s/]*+([^\s/>][^\s/>=]*+)(?:\s*+=\s*+("[^"]*+(?:"|\Z)|'[^']*+(?:'|\Z)|[^\s>]*+))?+""")
_LINE_END = re.compile(r"\r\n|\r|\n")
_TAIL = re.compile(r"[\s/]*+")
_COMMENT = re.compile(r"<!--(?:-?>|.*?--!?>)", re.DOTALL)
#: References to characters with more digits than any has; of very many, Python makes no number.
_NO_CHARACTER = re.compile(r"&#(?:[0-9]{8,}+|[xX][0-9a-fA-F]{7,}+);?")
#: Elements in which nothing is a tag but their own end.
_RAW = {name: re.compile(rf"</{name}(?=[\s/>])", re.IGNORECASE) for name in ("script", "style", "textarea", "title")}


class Reader(Protocol):
    """Is told what HTML consists of, in its order."""

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        """Learn of a start tag; names are in lower case."""
        ...

    def end(self, tag: str) -> None:
        """Learn of an end tag."""
        ...

    def text(self, text: str) -> None:
        """Learn of text."""
        ...


def read(html: str, reader: Reader) -> bool:
    """Tell a reader what HTML consists of.

    Returns
    -------
    bool
        Whether all tags, comments and the like are closed. What begins with one that is not is no text, and left out.
    """
    position = 0
    while True:
        opening = _OPENING.search(html, position)
        text = html[position : opening.start() if opening else None]
        if text:
            reader.text(_characters(text))
        if opening is None:
            return True
        after = _read_markup(html, opening.start(), reader)
        if after is None:
            return False
        position = after


def with_breaks(html: str) -> str:
    """Return HTML with a `br` for each line break in its text; those in tags, scripts and comments stay."""
    parts = []
    position = 0
    while opening := _OPENING.search(html, position):
        after = _read_markup(html, opening.start(), _Nobody()) or len(html)
        parts += [_LINE_END.sub("<br>\n", html[position : opening.start()]), html[opening.start() : after]]
        position = after
    return "".join([*parts, _LINE_END.sub("<br>\n", html[position:])])


class Attribute(NamedTuple):
    """An attribute of a start tag, and where its value stands, with its quotes."""

    tag: str
    name: str
    value: str
    start: int
    end: int


def attributes(html: str) -> Iterator[Attribute]:
    """Yield the attributes that have a value, of all start tags that are closed, in their order."""
    position = 0
    while opening := _OPENING.search(html, position):
        after = _read_markup(html, opening.start(), _Nobody())
        if after is None:
            return
        element = _NAME.match(html, opening.start() + 1)
        place = element.end() if element else after
        while element and (found := _ATTRIBUTE.match(html, place)):
            place = found.end()
            if found[2] is not None:
                value = found[2][1:-1] if found[2][:1] in ('"', "'") else found[2]
                yield Attribute(element[0].lower(), found[1].lower(), _characters(value), *found.span(2))
        position = after


class _Nobody:
    """Implements `Reader` for whom the places alone count."""

    def start(self, tag: str, attributes: Mapping[str, str]) -> None: ...

    def end(self, tag: str) -> None: ...

    def text(self, text: str) -> None: ...


def _read_markup(html: str, opening: int, reader: Reader) -> int | None:
    """Read what begins with a `<`; return where it ends, None if nowhere."""
    match html[opening + 1 : opening + 2]:
        case "!" if html.startswith("<!--", opening):
            comment = _COMMENT.match(html, opening)
            return comment.end() if comment else None
        case "!" | "?":
            return _behind(html, opening)
        case "/":
            name = _NAME.match(html, opening + 2)
            if name is None:
                return _behind(html, opening)
            tag = _read_tag(html, name.end())
            if tag is None:
                return None
            reader.end(name[0].lower())
            return tag[1]
    return _read_element(html, opening, reader)


def _read_element(html: str, opening: int, reader: Reader) -> int | None:
    """Read a start tag, and the content of an element that has no tags in it."""
    name = _NAME.match(html, opening + 1)
    assert name is not None
    tag = _read_tag(html, name.end())
    if tag is None:
        return None
    attributes, after, closes_itself = tag
    element = name[0].lower()
    reader.start(element, attributes)
    if closes_itself:
        reader.end(element)
    elif element in _RAW:
        end = _RAW[element].search(html, after)
        reader.text(html[after : end.start() if end else None])
        return end.start() if end else None
    return after


def _read_tag(html: str, position: int) -> tuple[dict[str, str], int, bool] | None:
    """Read a tag from behind its name: its attributes, where it ends, and whether it is an end tag as well."""
    attributes: dict[str, str] = {}
    while found := _ATTRIBUTE.match(html, position):
        value = found[2] or ""
        attributes.setdefault(found[1].lower(), _characters(value[1:-1] if value[:1] in ('"', "'") else value))
        position = found.end()
    tail = _TAIL.match(html, position)
    position = tail.end() if tail else position
    if not html.startswith(">", position):
        return None
    return attributes, position + 1, html[position - 1] == "/" and tail is not None and tail[0] != ""


def _behind(html: str, opening: int) -> int | None:
    end = html.find(">", opening)
    return end + 1 if end >= 0 else None


def _characters(text: str) -> str:
    return unescape(_NO_CHARACTER.sub("\ufffd", text))
