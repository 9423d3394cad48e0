"""A mail to a lead before it is sent: what it can be built on, and what was written."""

from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

Tone = Literal["professional", "casual"]
Seniority = Literal["top", "senior", "other"]
Relation = Literal["new", "known", "customer"]


@dataclass(frozen=True)
class Facts:
    """What is known of lead, campaign and sender and fit to stand in a sentence. None: not known."""

    first_name: str | None
    #: How a formal letter addresses the lead: `Dr Smith`, or the first name.
    formal_name: str | None
    company: str | None
    job_title: str | None
    seniority: Seniority
    #: As it stands in "a company in ...".
    industry: str | None
    #: What the mail is about, in a word or two.
    topic: str | None
    #: What it is about, in a sentence or two that end with a full stop.
    pitch: str | None
    #: Whether the pitch is made of whole sentences to the reader and needs no words before it.
    pitch_speaks: bool
    relation: Relation
    sender_name: str | None
    sender_company: str | None


class Draft(NamedTuple):
    """A subject and a text."""

    subject: str
    content: str


class WrittenEmail(NamedTuple):
    """A mail, with what there is to know before it is sent."""

    subject: str
    content: str
    tone: Tone
    personalization: dict[str, str]
    spam_score: float
    spam_reasons: list[str]
    #: `builtin`, or the id of the model that wrote it.
    generator: str
    #: From 0 to 1: how much of a personal mail it is; see core/outreach/writing/write_email.
    confidence: float

    def as_json(self) -> dict[str, Any]:
        """Return the mail as the API shows it; the confidence stands beside it."""
        return {name: value for name, value in self._asdict().items() if name != "confidence"}
