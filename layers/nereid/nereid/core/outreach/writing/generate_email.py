"""Have a mail to a lead written: by a model if there is one and it does its work, else by the built-in writer."""

import re
from typing import NamedTuple

from nereid.core.outreach.writing import email_facts, write_email
from nereid.errors import WriterFailed
from nereid.logs import logger
from nereid.models.account import Account
from nereid.models.campaign import Campaign
from nereid.models.draft import Draft, Facts, Tone, WrittenEmail
from nereid.models.lead import Lead
from nereid.ports.outreach import Writer

_BUILTIN = "builtin"
_MARKS = re.compile(r"\{\{|\{%|\}\}|%\}|<[^<>\n]{0,200}>|\[[^\[\]\n]{1,60}\]|\$\{|^#|\*\*|```", re.MULTILINE)
_LINK = re.compile(r"(?:https?://|www\.)[^\s)]+|[^\s@]+@[^\s@]+\.[^\s@]+", re.IGNORECASE)


class Sender(NamedTuple):
    """Who signs a mail, as far as that is known."""

    name: str | None = None
    company: str | None = None


def sender_of(account: Account | None) -> Sender:
    """Return the person with an account; nobody for a call that no person made."""
    return Sender(account.full_name, account.company) if account else Sender()


def generate_email(lead: Lead, campaign: Campaign, tone: Tone, writer: Writer | None, sender: Sender) -> WrittenEmail:
    """Write a mail to a lead for a campaign. Nothing is stored or sent."""
    facts = email_facts.gather(
        full_name=lead.full_name,
        company=lead.company,
        job_title=lead.job_title,
        industry=lead.industry,
        status=lead.status,
        campaign_name=campaign.name,
        campaign_description=campaign.description,
        sender_name=sender.name,
        sender_company=sender.company,
    )
    reachable = lead.status not in ("unsubscribed", "bounced")
    if writer is not None:
        try:
            draft = checked(writer.write(facts, tone), facts)
        except WriterFailed as error:
            logger.warning("writer failed, the built-in one wrote", extra={"writer": writer.name, "why": str(error)})
        else:
            return write_email.assess(draft, facts, tone, writer.name, reachable=reachable)
    draft = write_email.write(facts, tone, f"{lead.id}#{campaign.id}")
    return write_email.assess(draft, facts, tone, _BUILTIN, reachable=reachable)


def checked(draft: Draft, facts: Facts) -> Draft:
    """Return a model's draft as it can be sent.

    Raises
    ------
    WriterFailed
        If it is no mail: empty, endless, with placeholders or markup, with a link or address that nobody gave, or
        written to nobody in particular.
    """
    subject = " ".join(draft.subject.split())
    content = "\n".join(line.rstrip() for line in draft.content.strip().splitlines())
    content = re.sub(r"\n{3,}", "\n\n", "".join(char for char in content if char == "\n" or char.isprintable()))
    both = f"{subject}\n{content}"
    if not 1 <= len(subject) <= 150 or not 40 <= len(content) <= 4000:
        raise WriterFailed("too short or too long")
    if _MARKS.search(both):
        raise WriterFailed("placeholders or markup")
    given = f"{facts.pitch or ''} {facts.topic or ''} {facts.company or ''}"
    if any(found.rstrip(".,;:!?") not in given for found in _LINK.findall(both)):
        raise WriterFailed("a link or address that nobody gave")
    names = [name for name in (facts.first_name, facts.formal_name, facts.company) if name]
    if names and not any(name.casefold() in both.casefold() for name in names):
        raise WriterFailed("written to nobody")
    return Draft(subject, content)
