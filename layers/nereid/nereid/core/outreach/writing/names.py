"""How a person is called: the first name and the formal form, made from a full name as people write it."""

import re
from typing import NamedTuple


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


#: Titles by which a person is addressed, without stops, and how they are written.
_TITLES = {
    "mr": "Mr",
    "mrs": "Mrs",
    "ms": "Ms",
    "miss": "Miss",
    "mx": "Mx",
    "dr": "Dr",
    "dr-ing": "Dr",
    "prof": "Prof.",
    "professor": "Prof.",
    "rev": "Rev.",
    "reverend": "Rev.",
    "sir": "Sir",
    "dame": "Dame",
    "herr": "Herr",
    "frau": "Frau",
    "mme": "Mme",
    "mlle": "Mlle",
    "dott": "Dott.",
    "dottssa": "Dott.ssa",
    "sig": "Sig.",
    "sigra": "Sig.ra",
    "señor": "Sr.",
    "señora": "Sra.",
    "sra": "Sra.",
    "srta": "Srta.",
    "dra": "Dra.",
    "profa": "Profa.",
}
#: Titles that stand before names, and by which nobody is addressed.
_LEFT_OUT = _words(
    "dipl-ing dipl-kfm hc mult habil phdr mudr judr rndr mgr ing ir mag bc lic drs hon univ med phil rer nat"
)
#: Titles that are names where no stop is behind them.
_ONLY_WITH_STOP = _words("sig ing ir mag bc lic drs hon univ med phil rer nat")
_BEFORE_FIRST_NAMES = frozenset(["Sir", "Dame"])
#: What stands behind names and belongs to none of their parts.
_DEGREES = _words(
    "phd dphil edd psyd mba emba msc bsc bba llm llb mph mphil mfa bfa dds dmd dvm pharmd facs frcs frcp cpa cfa pmp "
    "cissp cisa cism cima acca fcca shrmcp rph fnp obe mbe cbe esq esquire junior senior iii viii ceo cto cfo coo cmo "
    "cio cpo cro svp evp"
)
#: The same, but also names unless they are in capitals or have stops.
_SHORT_DEGREES = _words("ba bs ma ms md do jd rn pa dc od pe qc kc vp hr jr sr ii iv vi")
_JOBS = re.compile(
    r"\b(chief|(co-?)?founder|owner|president|director|manager|head of|partner|sales|marketing|support|team|office)\b",
    re.IGNORECASE,
)
#: Behind a name without a comma, too.
_SUFFIXES = _words("phd mba esq jr sr ii iii iv dds")
_PARTICLES = _words(
    "van von vom zu zur zum de der den del della di da do dos das du des la las le les los ter ten af av el al bin ibn "
    "ben abu"
)
_TWO_PEOPLE = frozenset(["and", "und", "et"])
_STOPS = re.compile(r"[.\s]")
_PIECE = re.compile(r"[^-'\u2018\u2019\u2010\u2011]+")


class Name(NamedTuple):
    """How to call a person."""

    #: "Jane"; the formal form where no first name is known.
    first: str
    #: "Dr Smith"; the first name where there is no title.
    formal: str


class _Parts(NamedTuple):
    titles: list[str]
    given: list[str]
    family: list[str]


def read(full_name: str) -> Name | None:
    """Read a name: "Jane Smith", "Smith, Jane", "Prof. Dr. Jan van der Berg, PhD".

    Parameters
    ----------
    full_name
        On one line, of letters and the marks that belong to names.

    Returns
    -------
    None if it is no person's.
    """
    titles, given, family = _written_well(_parts(full_name), is_lower=full_name.islower())
    words = given + family
    if not words or _TWO_PEOPLE & {word.casefold() for word in words}:
        return None
    whole = " ".join(words)
    # An initial is no name to call somebody by.
    first = given[0] if given and not _is_initial(given[0]) else whole
    if not titles:
        return Name(first, first)
    surname = " ".join(_without_initials(family))
    formal = f"{titles[0]} {first if titles[0] in _BEFORE_FIRST_NAMES or not surname else surname}"
    return Name(first if given and family else formal, formal)


def capitalised(word: str) -> str:
    """Write a word of a name with a capital, as each part behind a hyphen or apostrophe."""
    # Of the Turkish capital, `lower` makes two characters.
    return _PIECE.sub(lambda found: found[0][0].upper() + found[0][1:].replace("\u0130", "i").lower(), word)


def _parts(full_name: str) -> _Parts:
    before, *behind = [part.split() for part in full_name.split(",")]
    titles, words = _without_titles(before)
    others: list[str] = []
    for part in behind:
        more, left = _without_titles(part)
        titles += more
        if left and not _is_degree(left):
            others += left
    if others and words:
        return _Parts(titles, others, words)
    words = _without_suffixes(words or others)
    if _is_surname(words):
        return _Parts(titles, [], words)
    return _Parts(titles, words[:1], words[1:])


def _without_titles(words: list[str]) -> tuple[list[str], list[str]]:
    """Return the titles that stand first, as they are written, and all words behind them."""
    words = [piece for word in words for piece in _unglued(word)]
    titles: list[str] = []
    for position, word in enumerate(words):
        bare = _STOPS.sub("", word).casefold()
        if bare not in _TITLES.keys() | _LEFT_OUT or (bare in _ONLY_WITH_STOP and "." not in word):
            return titles, words[position:]
        if bare in _TITLES:
            titles.append(_TITLES[bare])
    return titles, []


def _unglued(word: str) -> list[str]:
    """Return the words of one without spaces: "Dr.Smith"."""
    title, stop, rest = word.partition(".")
    is_whole = _STOPS.sub("", word).casefold() in _TITLES
    return [title + stop, rest] if rest and not is_whole and title.casefold() in _TITLES else [word]


def _without_suffixes(words: list[str]) -> list[str]:
    length = len(words)
    while length > 2 and _STOPS.sub("", words[length - 1]).casefold() in _SUFFIXES:
        length -= 1
    return words[:length]


def _is_degree(words: list[str]) -> bool:
    """Tell whether what stands behind a comma is no name."""
    text = " ".join(words)
    if _JOBS.search(text) or _is_known_degree(text):
        return True
    return all(_is_known_degree(word) for word in words)


def _is_known_degree(text: str) -> bool:
    bare = re.sub(r"[^\w]", "", text)
    return bare.casefold() in _DEGREES or (
        bare.casefold() in _SHORT_DEGREES and (bare.isupper() or "." in text or bare.casefold() in ("jr", "sr"))
    )


def _is_surname(words: list[str]) -> bool:
    """Tell whether words are a surname alone: "van der Berg"."""
    return bool(words) and words[0] in _PARTICLES and not all(word.islower() for word in words)


def _is_initial(word: str) -> bool:
    return all(len(piece) <= 1 for piece in word.split("."))


def _without_initials(family: list[str]) -> list[str]:
    begin = next((position for position, word in enumerate(family) if not _is_initial(word)), 0)
    return family[begin:]


def _written_well(parts: _Parts, *, is_lower: bool) -> _Parts:
    """Write the words of a name that was typed in capitals, or without any, as names are written."""
    titles, given, family = parts
    words = given + family
    if len(words) > 1 and (is_lower or (given and given[0].isupper() and not _is_initial(given[0]))):
        words = [word if word in _PARTICLES and not is_lower else capitalised(word) for word in words]
    elif given and given[0].islower():
        words = [capitalised(given[0]), *family]
    words = [
        capitalised(word) if place >= len(given) and len(word) > 2 and word.isupper() else word
        for place, word in enumerate(words)
    ]
    return _Parts(titles, words[: len(given)], words[len(given) :])
