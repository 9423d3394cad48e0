"""Bodies and queries of the Neptie API: accounts, leads, campaigns."""

from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints
from pydantic_core import PydanticCustomError

from nereid import jsontext
from nereid.dialects.body_types import LaxBody
from nereid.models.campaign import CampaignStatus, CampaignType
from nereid.models.email_address import is_address
from nereid.models.lead import LeadStatus, TeamStatus

#: Most leads that one call may name.
MAX_LEADS = 1000
#: Largest target_audience, as compact JSON: an account's campaigns are listed all in one answer.
MAX_TARGET_AUDIENCE = 16384


def _required(value: Any) -> Any:
    if value is None or (isinstance(value, str) and not value.strip()):
        raise PydanticCustomError("required", "is required")
    return value


def _trimmed(value: Any) -> Any:
    return value.strip() if isinstance(value, str) else value


def _optional(value: Any) -> Any:
    return _trimmed(value) or None if isinstance(value, str) else value


def _address(value: str) -> str:
    if not is_address(value):
        raise PydanticCustomError("email", "must be a valid email address")
    return value.lower()


def _text_of_digits(value: Any) -> Any:
    text = value.strip() if isinstance(value, str) else ""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else value


def _audience(value: Any) -> Any:
    return {} if value == [] and isinstance(value, list) else value


def _small(value: dict[str, Any]) -> dict[str, Any]:
    if len(jsontext.dumps(value)) > MAX_TARGET_AUDIENCE:
        raise PydanticCustomError("large", f"must be at most {MAX_TARGET_AUDIENCE} characters as JSON")
    return value


_Required = BeforeValidator(_required)
_Trimmed = BeforeValidator(_trimmed)

#: A required line of text.
Line = Annotated[str, StringConstraints(max_length=200), _Trimmed, _Required]
#: A line of text that may be left out; null and blank are absent.
OptionalLine = Annotated[Annotated[str, StringConstraints(max_length=200)] | None, BeforeValidator(_optional)]
#: The same for longer text.
OptionalText = Annotated[Annotated[str, StringConstraints(max_length=2000)] | None, BeforeValidator(_optional)]
#: An e-mail address, in lower case.
Email = Annotated[str, AfterValidator(_address), _Trimmed, _Required]
#: A secret that is taken as it is.
Secret = Annotated[str, _Required]
#: An id or another choice given as text.
Word = Annotated[str, _Trimmed, _Required]
#: The object of a campaign's target audience.
Audience = Annotated[Annotated[dict[str, Any], AfterValidator(_small)] | None, BeforeValidator(_audience)]
#: Ids of leads.
LeadIds = Annotated[list[Word], Field(min_length=1, max_length=MAX_LEADS), _Required]


class RegisterBody(LaxBody):
    """An account to create."""

    email: Email
    password: Annotated[str, StringConstraints(min_length=8, max_length=128), _Required]
    full_name: Line
    company: OptionalLine = None


class LoginBody(LaxBody):
    """The credentials of a login."""

    email: Email
    password: Secret


class RefreshBody(LaxBody):
    """The refresh token to exchange."""

    refresh_token: Secret


class LeadBody(LaxBody):
    """A lead to create, or a row of an import."""

    full_name: Line
    email: Email
    company: OptionalLine = None
    job_title: OptionalLine = None
    industry: OptionalLine = None


class LeadUpdateBody(LaxBody):
    """The changes of a lead; fields that are left out stay."""

    full_name: Line = ""
    email: Email = ""
    company: OptionalLine = None
    job_title: OptionalLine = None
    industry: OptionalLine = None
    status: Annotated[TeamStatus, _Trimmed, _Required] = "new"


class LeadsQuery(LaxBody):
    """Which leads to list."""

    page: Annotated[int, Field(ge=1), BeforeValidator(_text_of_digits)] = 1
    limit: Annotated[int, Field(ge=1, le=100), BeforeValidator(_text_of_digits)] = 20
    status: Annotated[LeadStatus, _Trimmed] | None = None
    industry: OptionalLine = None


class CampaignBody(LaxBody):
    """A campaign to create."""

    name: Line
    description: OptionalText = None
    type: Annotated[CampaignType, _Trimmed, _Required]
    target_audience: Audience = None


class CampaignUpdateBody(LaxBody):
    """The changes of a campaign; fields that are left out stay."""

    name: Line = ""
    description: OptionalText = None
    status: Annotated[CampaignStatus, _Trimmed, _Required] = "draft"


class CampaignsQuery(LaxBody):
    """Which campaigns to list."""

    status: Annotated[CampaignStatus, _Trimmed] | None = None
    type: Annotated[CampaignType, _Trimmed] | None = None


class AssignLeadsBody(LaxBody):
    """Leads to assign to a campaign."""

    lead_ids: LeadIds


def known(body: LaxBody) -> dict[str, Any]:
    """Return all known fields of a body, with their defaults where it has none."""
    return {name: getattr(body, name) for name in type(body).model_fields}


def given(body: LaxBody) -> dict[str, Any]:
    """Return the known fields that a body has."""
    return {name: value for name, value in known(body).items() if name in body.model_fields_set}
