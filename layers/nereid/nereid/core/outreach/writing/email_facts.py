"""The facts for a mail to a lead: the fields of lead, campaign and sender, cleaned to fit into a sentence.

The content of these fields is data. Markup, line breaks and invisible characters are taken out; a value that then
is still implausible for its field (an address as a company, a template mark, an instruction to the writer) is
treated as not known.
"""

import html
import re
import unicodedata

from nereid.core.outreach.writing import names
from nereid.core.outreach.writing.names import capitalised
from nereid.models.draft import Facts, Relation, Seniority

_TAG = re.compile(r"<!--.*?-->|<(script|style)\b.*?(</\1\s*>|$)|</?[a-zA-Z!?][^<>]*>?", re.IGNORECASE | re.DOTALL)
#: Marks of templates and markup, addresses and links: no name, company or title holds them.
_FOREIGN = re.compile(r"[{}<>\[\]|\\^~*`@$=;]|%}|{%|://|\bwww\.|--", re.IGNORECASE)
_ORDERS = re.compile(
    r"\b(ignore|disregard|forget|override|pretend|instead)\b.{0,40}\b(all|any|previous|above|prior|instruction|prompt)"
    r"|\b(system|developer)\s+(prompt|message)\b|\bas an ai\b"
    r"|\b(you are|act as) (now )?(an?|the) (ai|assistant|model)\b",
    re.IGNORECASE,
)
#: Beside a name: "(Sales)", "Bob" in quotes.
_BESIDE = re.compile(r"\([^()]*\)?|\"[^\"]*\"|\u201c[^\u201d]*\u201d|\u201e[^\u201c]*\u201c")
#: What names have beside letters.
_IN_NAMES = " .,'-\u00b7\u2018\u2019\u2010\u2011"
_NO_NAMES = frozenset(
    [
        "admin",
        "contact",
        "customer",
        "example",
        "info",
        "lead",
        "mail",
        "n/a",
        "na",
        "none",
        "null",
        "office",
        "sales",
        "support",
        "team",
        "test",
        "undefined",
        "unknown",
        "user",
    ]
)
_TOP = re.compile(r"\b(chief|c[a-z]o|(co-?)?founder|owner|president|managing director|partner)\b")
_SENIOR = re.compile(r"\b([sea]?vp|vice[\s-]+president|head|director|lead|manager)\b")
#: A team's internal names of a campaign; they mean nothing to the recipient.
_LABEL = re.compile(r"\b(e-?mails?|campaigns?|mailings?|drips?|sequences?|blasts?)\b", re.IGNORECASE)
_INTERNAL = re.compile(
    r"\b(cold|outreach|leads\b(?! to)|prospects?|nurtur\w*|funnel|segments?|batch|wave|draft|q[1-4]|v\d+|untitled|tbd"
    r"|todo|target audience|targeting|icp|personas?|kpis?|quota|upsell\w*|campaigns?|decision[- ]makers?)\b",
    re.IGNORECASE,
)
_TASK = re.compile(
    r"^(to |reach|promote|contact|convert|re-?engage|win |invite|announce|introduce|sell|push|generate|drive|test|"
    r"raise|increase|get in touch|follow|e-?mail|send|write|call)",
    re.IGNORECASE,
)
_ADDRESSES_READER = re.compile(r"^(we|our|i|my|you|your|with|are|do|does|have|how|what|why|did)\b", re.IGNORECASE)
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+")


def gather(
    *,
    full_name: str,
    company: str | None,
    job_title: str | None,
    industry: str | None,
    status: str,
    campaign_name: str,
    campaign_description: str | None,
    sender_name: str | None = None,
    sender_company: str | None = None,
) -> Facts:
    """Return the facts that a mail can use."""
    first, formal = _names(full_name)
    title = fit(job_title, 8)
    pitch = _pitch(campaign_description)
    relations: dict[str, Relation] = {"contacted": "known", "qualified": "known", "converted": "customer"}
    return Facts(
        first_name=first,
        formal_name=formal,
        company=fit(company, 8),
        job_title=_title(title) if title else None,
        seniority=_seniority(title),
        industry=_industry(fit(industry, 6)),
        topic=_topic(campaign_name),
        pitch=pitch,
        pitch_speaks=bool(pitch and _ADDRESSES_READER.match(pitch)),
        relation=relations.get(status, "new"),
        sender_name=fit(sender_name, 6),
        sender_company=fit(sender_company, 8),
    )


def plain(value: str | None) -> str:
    """Return a text on one line without markup and invisible characters."""
    text = value or ""
    for _ in range(3):  # entities may hide entities, and tags may hide in them
        text = _TAG.sub(" ", html.unescape(text))
    kept = []
    for char in unicodedata.normalize("NFC", text):
        category = unicodedata.category(char)
        if category in ("Cc", "Zl", "Zp", "Zs"):
            kept.append(" ")
        elif category[0] != "C":  # an invisible character may turn the direction of the text after it
            kept.append(char)
    return " ".join("".join(kept).split())


def fit(value: str | None, words: int) -> str | None:
    """Return a field as it fits into a sentence; None if it is implausible."""
    text = plain(value).strip(" ,;:.-_'\"")
    if not text or len(text) > 80 or len(text.split()) > words or _FOREIGN.search(text) or _ORDERS.search(text):
        return None
    if not any(char.isalnum() for char in text) or text.casefold() in _NO_NAMES - {"example", "office", "support"}:
        return None
    # A full stop belongs to an abbreviation: "Inc."
    return text + "." if re.search(rf"{re.escape(text)}\.(\s|$)", plain(value)) and _abbreviates(text) else text


def _abbreviates(text: str) -> bool:
    return text.rpartition(" ")[2].casefold() in {
        "inc",
        "ltd",
        "co",
        "corp",
        "llc",
        "bros",
        "jr",
        "sr",
        "s.a",
        "b.v",
    }


def _names(full_name: str) -> tuple[str | None, str | None]:
    """Return how to call a person, and how formally; None twice if that cannot be told."""
    text = fit(_BESIDE.sub(" ", full_name).replace("\uff0c", ","), 12)
    if text is None or not all(unicodedata.category(char)[0] in "LM" or char in _IN_NAMES for char in text):
        return None, None
    if any(word.strip(".,").casefold() in _NO_NAMES for word in text.partition(",")[0].split()):
        return None, None
    name = names.read(text)
    return (name.first, name.formal) if name and name.first.casefold() not in _NO_NAMES else (None, None)


def _title(title: str) -> str:
    """Return a job title as it stands in the middle of a sentence."""
    if title.isupper() and len(title) > 5:
        title = title.title()
    elif title.islower():
        small = {"of", "and", "for", "the", "at"}
        words = [
            word if word in small else word.upper() if _is_short(word) else capitalised(word) for word in title.split()
        ]
        title = " ".join(words)
    return title


def _is_short(word: str) -> bool:
    return word in {"ceo", "cto", "cfo", "coo", "cmo", "cio", "vp", "svp", "evp", "hr", "it", "pr", "qa"}


def _seniority(title: str | None) -> Seniority:
    lower = (title or "").casefold()
    if _SENIOR.search(lower) and not re.search(r"\bmanaging director\b", lower):
        return "senior"
    return "top" if _TOP.search(lower) else "other"


def _industry(industry: str | None) -> str | None:
    if industry is None:
        return None
    words = [word.lower() if word.istitle() else word for word in industry.split()]
    text = " ".join(words)
    return f"the {text}" if re.search(r"\b(industry|sector|business)$", text) and not text.startswith("the ") else text


def _topic(name: str) -> str | None:
    text = fit(_LABEL.sub(" ", plain(name)), 10)
    if text is None or len(text) > 60 or "_" in text or _INTERNAL.search(text) or _TASK.match(text):
        return None
    return text if any(char.isalpha() for char in text) else None


def _pitch(description: str | None) -> str | None:
    text = plain(description)
    if not text or re.search(r"[{}<>\[\]|\\^~*`]|%}", text) or _ORDERS.search(text):
        return None
    if _INTERNAL.search(text) or _TASK.match(text) or len(text.split()) < 3:
        return None
    kept = ""
    for sentence in _SENTENCE_END.split(text):
        if kept and len(kept) + len(sentence) > 280:
            break
        kept = f"{kept} {sentence}".strip()
    if len(kept) > 400:
        return None
    kept = kept[0].upper() + kept[1:]
    return kept if kept[-1] in ".!?…" else kept.rstrip(",;:- ") + "."
