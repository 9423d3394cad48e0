"""The signs of spam in a mail, for filters and people, and their score.

A handful of plain rules, each with its reason in words, so that the caller knows the changes that lower a score.
"""

import re
from collections.abc import Iterator

#: Phrases that filters have learned from people's reports.
_PHRASES = (
    "100%",
    "act now",
    "buy now",
    "cash bonus",
    "click here",
    "congratulations",
    "dear friend",
    "double your",
    "earn money",
    "extra income",
    "free!",
    "free gift",
    "free money",
    "guaranteed",
    "limited time",
    "lowest price",
    "make money",
    "no obligation",
    "once in a lifetime",
    "order now",
    "risk-free",
    "special promotion",
    "urgent",
    "winner",
    "you have been selected",
)
_LINK = re.compile(r"https?://|\bwww\.", re.IGNORECASE)
_WORD = re.compile(r"[^\W\d_]{4,}")
_REPLY = re.compile(r"^\s*(re|fw|fwd|aw|wg)\s*:", re.IGNORECASE)
_MONEY = re.compile(r"[$€£]\s?\d|\d\s?[$€£]")


def check(subject: str, content: str) -> tuple[float, list[str]]:
    """Return how much a mail looks like spam, 0 to 1, and why."""
    found = list(_findings(subject, content))
    return round(min(1.0, sum((weight for weight, _ in found), 0.0)), 2), [reason for _, reason in found]


def _findings(subject: str, content: str) -> Iterator[tuple[float, str]]:
    if _REPLY.match(subject):
        yield 0.3, "The subject pretends to be a reply."
    if _shouts(subject):
        yield 0.3, "The subject is written in capitals."
    if len(subject) > 78:
        yield 0.1, "The subject is longer than 78 characters."
    if not subject.strip():
        yield 0.3, "There is no subject."
    both = f"{subject}\n{content}".casefold()
    phrases = [phrase for phrase in _PHRASES if phrase in both]
    if phrases:
        named = ", ".join(f'"{phrase}"' for phrase in phrases[:5])
        yield min(0.6, 0.2 * len(phrases)), f"It uses words that filters know: {named}."
    if both.count("!") > 1:
        yield min(0.3, 0.1 * (both.count("!") - 1)), "It has more than one exclamation mark."
    if _shouts(content):
        yield 0.2, "Much of the text is written in capitals."
    links = len(_LINK.findall(content))
    if links > 2:
        yield min(0.3, 0.1 * (links - 2)), "It has more than two links."
    if _MONEY.search(both):
        yield 0.1, "It names sums of money."
    words = len(content.split())
    if words < 15:
        yield 0.1, "The text is very short."
    if words > 400:
        yield 0.1, "The text is longer than people read."


def _shouts(text: str) -> bool:
    """Tell whether most of the longer words are in capitals."""
    words = _WORD.findall(text)
    return len(words) >= 2 and sum(1 for word in words if word.isupper()) * 2 > len(words)
