"""How promising leads are: six factors, each with a weight, a value and the reason for it.

Nothing here is learned or random. A score can be worked out by hand from the factors that come with it; see
docs/apis/neptie-ai.md.
"""

import re
from collections.abc import Iterable, Mapping, Sequence

from nereid.errors import UnknownLead
from nereid.models.lead import Lead
from nereid.models.lead_email import Engagement
from nereid.models.ranking import Criteria, Factor, Ranking, Tier
from nereid.ports.outreach import EngagementStore, LeadStore

#: A longer text is nobody's id, and no key that a store takes.
_ID_LENGTH = 36
HOT_FROM = 70
WARM_FROM = 40


_ENGAGEMENT: dict[str, tuple[float, str]] = {
    "replied": (1.0, "replied to an e-mail"),
    "clicked": (0.8, "clicked in an e-mail"),
    "opened": (0.5, "opened an e-mail"),
    "delivered": (0.2, "got an e-mail, has not opened one"),
}
_UNREACHABLE = {"unsubscribed": "unsubscribed: gets no e-mail", "bounced": "address bounced: gets no e-mail"}

_VICE_PRESIDENT = re.compile(r"\bvice[\s-]+president\b")
_TOP = re.compile(r"\b(chief|ceo|cto|cfo|coo|(co-?)?founder|owner|president)\b")
_SENIOR = re.compile(r"\b([sea]?vp|head|director)\b")
_MANAGER = re.compile(r"\bmanager\b")

#: Local parts that a whole office reads.
_ROLES = frozenset(
    [
        "accounts",
        "admin",
        "billing",
        "careers",
        "contact",
        "enquiries",
        "feedback",
        "finance",
        "hello",
        "help",
        "hr",
        "info",
        "inquiries",
        "jobs",
        "legal",
        "mail",
        "marketing",
        "media",
        "newsletter",
        "no-reply",
        "noreply",
        "office",
        "orders",
        "postmaster",
        "press",
        "privacy",
        "sales",
        "security",
        "service",
        "support",
        "team",
        "webmaster",
    ]
)
#: Domains at which anybody can have an address.
_FREE = frozenset(
    [
        "aol.com",
        "fastmail.com",
        "gmail.com",
        "gmx.at",
        "gmx.ch",
        "gmx.com",
        "gmx.de",
        "gmx.net",
        "googlemail.com",
        "hotmail.co.uk",
        "hotmail.com",
        "hotmail.de",
        "hotmail.fr",
        "icloud.com",
        "live.com",
        "live.de",
        "mac.com",
        "mail.com",
        "mail.ru",
        "me.com",
        "msn.com",
        "orange.fr",
        "outlook.com",
        "outlook.de",
        "outlook.fr",
        "pm.me",
        "proton.me",
        "protonmail.com",
        "qq.com",
        "t-online.de",
        "web.de",
        "yahoo.co.uk",
        "yahoo.com",
        "yahoo.de",
        "yahoo.fr",
        "yandex.com",
        "yandex.ru",
        "ymail.com",
        "zoho.com",
        "126.com",
        "163.com",
    ]
)


def rank_leads(
    leads: LeadStore, engagement: EngagementStore, team_id: str, lead_ids: Sequence[str], criteria: Criteria
) -> list[Ranking]:
    """Rank leads of a team and store their scores.

    Raises
    ------
    UnknownLead
        Naming the first that the team does not have; nothing is stored then.
    """
    wanted = list(dict.fromkeys(lead_ids))
    found = leads.get_many(team_id, [lead_id for lead_id in wanted if len(lead_id) <= _ID_LENGTH])
    for lead_id in wanted:
        if lead_id not in found:
            raise UnknownLead(lead_id)
    rankings = rank(found.values(), criteria, engagement.get_many(team_id, wanted))
    changed = {each.lead_id: each.score for each in rankings if found[each.lead_id].score != each.score}
    leads.set_scores(team_id, changed)
    return rankings


def rank(leads: Iterable[Lead], criteria: Criteria, engagement: Mapping[str, Engagement]) -> list[Ranking]:
    """Rank leads, the best first; leads of the same score in order of their ids.

    Parameters
    ----------
    engagement
        By lead id, the most that a lead ever did with an e-mail.
    """
    weights = criteria.all_weights()
    scored = []
    for lead in leads:
        factors = _factors(lead, criteria, weights, engagement.get(lead.id))
        scored.append((_score(lead, factors), lead.id, factors))
    scored.sort(key=lambda each: (-each[0], each[1]))
    return [
        Ranking(lead_id, place, score, tier(score), factors)
        for place, (score, lead_id, factors) in enumerate(scored, start=1)
    ]


def tier(score: int) -> Tier:
    """Return the tier of a score."""
    if score >= HOT_FROM:
        return "hot"
    return "warm" if score >= WARM_FROM else "cold"


def _score(lead: Lead, factors: Sequence[Factor]) -> int:
    if lead.status in _UNREACHABLE:
        return 0
    return round(100 * sum(each.weight * each.value for each in factors) / sum(each.weight for each in factors))


def _factors(
    lead: Lead, criteria: Criteria, weights: Mapping[str, float], engagement: Engagement | None
) -> list[Factor]:
    judged = {
        "job_title": _job_title(lead.job_title, criteria.job_titles),
        "industry": _wanted(lead.industry, criteria.industries, "industry"),
        "company": _wanted(lead.company, criteria.companies, "company"),
        "email": _email(lead.email),
        "completeness": _completeness(lead),
        "engagement": _engagement(lead, engagement),
    }
    total = sum(weights.values())
    return [
        Factor(name, weights[name], value, round(weights[name] * value / total * 100, 1), reason)
        for name, (value, reason) in judged.items()
    ]


def _job_title(title: str | None, wanted: Sequence[str]) -> tuple[float, str]:
    if not title:
        return 0.0, "no job title"
    if wanted:
        return _wanted(title, wanted, "job title")
    lower = title.casefold()
    apart = _VICE_PRESIDENT.sub(" ", lower)
    if _TOP.search(apart):
        return 1.0, f"{_short(title)}: top-level role"
    if apart != lower or _SENIOR.search(lower):
        return 0.8, f"{_short(title)}: senior role"
    if _MANAGER.search(lower):
        return 0.5, f"{_short(title)}: manager"
    return 0.3, f"{_short(title)}: other role"


def _wanted(value: str | None, wanted: Sequence[str], what: str) -> tuple[float, str]:
    if not value:
        return 0.0, f"no {what}"
    if not wanted:
        return 0.5, f"{_short(value)}: no criteria"
    lower = value.casefold()
    match = next((word for word in wanted if word.casefold() in lower), None)
    if match is None:
        return 0.0, f"{_short(value)}: not among the criteria"
    return 1.0, f"{_short(value)}: matches {_short(match)}"


def _email(email: str) -> tuple[float, str]:
    local, _, domain = email.casefold().rpartition("@")
    if local.partition("+")[0] in _ROLES:
        return 0.2, "address of a role, not of a person"
    if domain in _FREE:
        return 0.4, "free-mail address"
    return 1.0, "own domain"


def _completeness(lead: Lead) -> tuple[float, str]:
    values = [lead.full_name, lead.email, lead.company, lead.job_title, lead.industry]
    known = sum(1 for value in values if value)
    return known / len(values), f"{known} of {len(values)} fields"


def _engagement(lead: Lead, engagement: Engagement | None) -> tuple[float, str]:
    if lead.status in _UNREACHABLE:
        return 0.0, _UNREACHABLE[lead.status]
    return _ENGAGEMENT[engagement] if engagement else (0.0, "no activity yet")


def _short(text: str) -> str:
    return text if len(text) <= 60 else text[:59] + "…"
