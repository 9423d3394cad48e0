"""Bodies and queries of the Neptie API: AI, e-mail, analytics."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints
from pydantic_core import PydanticCustomError

from nereid.dialects.accounts import Email, Line, Secret
from nereid.dialects.body_types import LaxBody
from nereid.dialects.neptie.bodies import LeadIds, Word
from nereid.models.draft import Tone
from nereid.models.lead_email import MailboxProvider
from nereid.models.ranking import WEIGHTS, Criteria


def _strip(value: Any) -> Any:
    return value.strip() if isinstance(value, str) else value


def _none_if_blank(value: Any) -> Any:
    return _strip(value) or None if isinstance(value, str) else value


def _object_if_empty(value: Any) -> Any:
    return {} if value is None or (value == [] and isinstance(value, list)) else value


def _list_if_none(value: Any) -> Any:
    return [] if value is None else value


def _header_text(value: str) -> str:
    if not (value.isascii() and value.isprintable() and " " not in value):
        raise PydanticCustomError("token", "must be an OAuth token: visible ASCII characters without spaces")
    return value


def _not_negative(value: float) -> float:
    if value < 0:
        raise PydanticCustomError("negative", "must be at least 0")
    return value


def _not_all_zero(value: dict[str, Any]) -> dict[str, Any]:
    if not any(value.get(name, usual) > 0 for name, usual in WEIGHTS.items()):
        raise PydanticCustomError("zero", "must not all be 0")
    return value


_Words = Annotated[list[str], BeforeValidator(_list_if_none)]
_Weight = Annotated[float, AfterValidator(_not_negative)]
_Weights = Annotated[dict[str, _Weight], AfterValidator(_not_all_zero), BeforeValidator(_object_if_empty)]
#: A longer text that is sent as it is, its blanks at both ends too.
_Content = Annotated[str, StringConstraints(max_length=200_000), Secret.__metadata__[0]]
_Subject = Annotated[str, StringConstraints(max_length=998), Line.__metadata__[1], Line.__metadata__[2]]


class CriteriaBody(LaxBody):
    """The criteria of a ranking."""

    industries: _Words = []
    job_titles: _Words = []
    companies: _Words = []
    weights: _Weights = {}

    def criteria(self) -> Criteria:
        """Return the criteria; blank words select nothing and are left out."""
        return Criteria(
            industries=_given(self.industries),
            job_titles=_given(self.job_titles),
            companies=_given(self.companies),
            weights=self.weights,
        )


class RankLeadsBody(LaxBody):
    """Leads to rank."""

    lead_ids: LeadIds
    criteria: Annotated[CriteriaBody, BeforeValidator(_object_if_empty)] = CriteriaBody()


class GenerateEmailBody(LaxBody):
    """The lead, campaign and tone of an e-mail to write."""

    lead_id: Word
    campaign_id: Word
    tone: Annotated[Tone | None, BeforeValidator(_none_if_blank)] = None


class SendEmailBody(LaxBody):
    """An e-mail to a lead."""

    campaign_id: Word
    lead_id: Word
    subject: _Subject
    content: _Content
    from_: Annotated[Email | None, BeforeValidator(_none_if_blank)] = Field(default=None, alias="from")


class EmailAccountBody(LaxBody):
    """A mailbox to connect."""

    email: Email
    provider: Annotated[MailboxProvider, *Word.__metadata__]
    oauth_token: Annotated[str, StringConstraints(max_length=8192), AfterValidator(_header_text), *Word.__metadata__]


class PerformanceQuery(LaxBody):
    """Which campaign's numbers, over how many days."""

    campaign_id: Word
    timeframe: Annotated[Literal["7d", "30d", "90d"], BeforeValidator(_strip)] = "30d"


def _given(words: list[str]) -> list[str]:
    return [word.strip() for word in words if word.strip()]
