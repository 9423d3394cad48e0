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
    "sr": "Sr.",
    "senhor": "Sr.",
    "senhora": "Sra.",
    "senor": "Sr.",
    "senora": "Sra.",
    "señorita": "Srta.",
    "doctor": "Dr",
    "drin": "Dr",
    "drssa": "Dr.ssa",
    "profin": "Prof.",
    "profssa": "Prof.ssa",
    "mister": "Mr",
    "monsieur": "M.",
    "madame": "Mme",
    "mademoiselle": "Mlle",
    "signor": "Sig.",
    "signora": "Sig.ra",
    "dhr": "Dhr.",
    "mevr": "Mevr.",
}
#: Titles that stand before names, and by which nobody is addressed.
_LEFT_OUT = _words(
    "dipl-ing dipl-kfm hc mult habil phdr mudr judr rndr mgr ing ir mag bc lic drs hon univ med phil rer nat "
    "honorable honourable captain colonel sergeant lieutenant rabbi pastor"
)
#: Titles that are names where no stop is behind them.
_ONLY_WITH_STOP = _words("sig ing ir mag bc lic drs hon univ med phil rer nat sr")
#: What stands before titles and belongs to them.
_WITH_TITLES = _words("the pd associate assistant adjunct visiting emeritus doc")
#: Any other abbreviation before a name: "Capt.", "Priv.-Doz.", "Mag.a". An initial is none.
_ABBREVIATION = re.compile(r"[^\W\d_]{2,}(\.-?[^\W\d_]{2,})*\.[a-z]{0,2}")
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
    r"\b(chief|(co-?)?founder|owner|president|director|manager|head of|partner|sales|marketing|support|team|office"
    r"|inc|ltd|llc|gmbh|corp|plc)\b",
    re.IGNORECASE,
)
#: Letters of a degree or certificate that is not known here: "BSN".
_LETTERS = re.compile(r"[B-DF-HJ-NP-TV-XZ]{2,6}")
#: Of the scripts in which the family name stands first.
_FAMILY_FIRST = re.compile(r"[\u3005-\u3007\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_VOWELS = frozenset("AEIOUY")

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
    # An initial is no name to call somebody by, nor is an abbreviation.
    is_short = not given or _is_initial(given[0]) or _ABBREVIATION.fullmatch(given[0]) is not None
    first = whole if is_short else given[0]
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
        if left and not _is_degree(left, behind_a_whole_name=len(words) > 1):
            others += left
    if others and words:
        return _Parts(titles, others, words)
    words = _without_suffixes(words or others)
    if _is_surname(words):
        return _Parts(titles, [], words)
    if _FAMILY_FIRST.search("".join(words)):
        return _Parts(titles, [" ".join(words)], [])
    return _Parts(titles, words[:1], words[1:])


def _without_titles(words: list[str]) -> tuple[list[str], list[str]]:
    """Return the titles that stand first, as they are written, and all words behind them."""
    words = [piece for word in words for piece in _unglued(word)]
    titles: list[str] = []
    #: The words before that may be a name's after all.
    unknown: list[str] = []
    for position, word in enumerate(words):
        bare = _bare(word)
        if _is_title(word):
            titles += [_TITLES[bare]] if bare in _TITLES else []
        elif bare in _WITH_TITLES and any(_is_title(each) for each in words[position + 1 : position + 2]):
            continue
        elif _ABBREVIATION.fullmatch(word) or (bare in _DEGREES and "." in word):
            unknown.append(word)
        else:
            left = words[position:]
            return titles, left if titles or len(left) > 1 else unknown + left
    return titles, unknown


def _is_title(word: str) -> bool:
    bare = _bare(word)
    return bare in _TITLES.keys() | _LEFT_OUT and (bare not in _ONLY_WITH_STOP or "." in word)


def _bare(word: str) -> str:
    return _STOPS.sub("", word).casefold()


def _unglued(word: str) -> list[str]:
    """Return the words of one without spaces: "Dr.Smith"."""
    title, stop, rest = word.partition(".")
    is_whole = _bare(word) in _TITLES
    return [title + stop, rest] if rest and not is_whole and title.casefold() in _TITLES else [word]


def _without_suffixes(words: list[str]) -> list[str]:
    length = len(words)
    while length > 2 and _bare(words[length - 1]) in _SUFFIXES:
        length -= 1
    return words[:length]


def _is_degree(words: list[str], *, behind_a_whole_name: bool) -> bool:
    """Tell whether what stands behind a comma is no name."""
    text = " ".join(words)
    if _JOBS.search(text) or _is_known_degree(text):
        return True
    return all(_is_known_degree(word) or (behind_a_whole_name and _has_letters(word)) for word in words)


def _has_letters(word: str) -> bool:
    """Tell whether a word is made of letters as degrees are: "BSN", "P.Eng.", "CSc.", and no initials."""
    pieces = word.split(".")
    return _LETTERS.fullmatch(word) is not None or (len(pieces) > 1 and any(len(piece) > 1 for piece in pieces))


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


def _are_initials(word: str, family: list[str]) -> bool:
    """Tell whether a word in capitals is initials, if the family name is not in capitals, too: "JP", "AJ", "JRR"."""
    typed_so = not all(each.isupper() for each in family)
    return _is_initial(word) or (typed_so and (len(word) <= 2 or (len(word) <= 3 and not _VOWELS & set(word))))


def _without_initials(family: list[str]) -> list[str]:
    begin = next((position for position, word in enumerate(family) if not _is_initial(word)), 0)
    return family[begin:]


def _written_well(parts: _Parts, *, is_lower: bool) -> _Parts:
    """Write the words of a name that was typed in capitals, or without any, as names are written."""
    titles, given, family = parts
    words = given + family
    if len(words) > 1 and (is_lower or (given and given[0].isupper() and not _are_initials(given[0], family))):
        words = [word if word in _PARTICLES and not is_lower else capitalised(word) for word in words]
    elif given and given[0].islower():
        words = [capitalised(given[0]), *family]
    words = [
        capitalised(word) if place >= len(given) and len(word) > 2 and word.isupper() else word
        for place, word in enumerate(words)
    ]
    return _Parts(titles, words[: len(given)], words[len(given) :])
