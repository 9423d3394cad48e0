"""A mail to a lead before it is sent: the facts for it, and the draft."""

from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

Tone = Literal["professional", "casual"]
Seniority = Literal["top", "senior", "other"]
Relation = Literal["new", "known", "customer"]


@dataclass(frozen=True)
class Facts:
    """The facts about lead, campaign and sender that fit into a sentence. None: not known."""

    first_name: str | None
    #: How a formal letter addresses the lead: `Dr Smith`, or the first name.
    formal_name: str | None
    company: str | None
    job_title: str | None
    seniority: Seniority
    #: As it stands in "a company in ...".
    industry: str | None
    #: The topic of the mail, in a word or two.
    topic: str | None
    #: The offer, in a sentence or two that end with a full stop.
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
    """A mail, with its confidence and the result of the spam check."""

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
