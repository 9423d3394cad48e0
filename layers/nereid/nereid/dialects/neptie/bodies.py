"""Bodies and queries of the Neptie API: accounts, leads, campaigns."""

from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints
from pydantic_core import PydanticCustomError

from nereid import jsontext
from nereid.dialects.accounts import (
    Email,
    KnownEmail,
    Line,
    NewPassword,
    NoneIfBlank,
    OptionalLine,
    Required,
    Secret,
    Trimmed,
)
from nereid.dialects.body_types import LaxBody
from nereid.models.campaign import CampaignStatus, CampaignType
from nereid.models.lead import LeadStatus, TeamStatus

#: Most leads that one call may name.
MAX_LEADS = 1000
#: Largest target_audience, as compact JSON: an account's campaigns are listed all in one answer.
MAX_TARGET_AUDIENCE = 16384


def _text_of_digits(value: Any) -> Any:
    text = value.strip() if isinstance(value, str) else ""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else value


def _audience(value: Any) -> Any:
    return {} if value == [] and isinstance(value, list) else value


def _small(value: dict[str, Any]) -> dict[str, Any]:
    if len(jsontext.dumps(value)) > MAX_TARGET_AUDIENCE:
        raise PydanticCustomError("large", f"must be at most {MAX_TARGET_AUDIENCE} characters as JSON")
    return value


#: The same for longer text.
OptionalText = Annotated[Annotated[str, StringConstraints(max_length=2000)] | None, NoneIfBlank]
#: An id or another choice given as text.
Word = Annotated[str, Trimmed, Required]
#: The object of a campaign's target audience.
Audience = Annotated[Annotated[dict[str, Any], AfterValidator(_small)] | None, BeforeValidator(_audience)]
#: Ids of leads.
LeadIds = Annotated[list[Word], Field(min_length=1, max_length=MAX_LEADS), Required]


class LoginBody(LaxBody):
    """The credentials of a login."""

    email: KnownEmail
    password: Secret
    #: Replaces a one-time password.
    new_password: NewPassword | None = None


class RefreshBody(LaxBody):
    """The refresh token to exchange."""

    refresh_token: Secret


class PasswordBody(LaxBody):
    """The password of an account, and the one to have instead."""

    old_password: Secret
    new_password: NewPassword


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
    status: Annotated[TeamStatus, Trimmed, Required] = "new"


class PageQuery(LaxBody):
    """Which page of a list, and how long one is."""

    page: Annotated[int, Field(ge=1), BeforeValidator(_text_of_digits)] = 1
    limit: Annotated[int, Field(ge=1, le=100), BeforeValidator(_text_of_digits)] = 20


class LeadsQuery(PageQuery):
    """Which leads to list."""

    status: Annotated[LeadStatus, Trimmed] | None = None
    industry: OptionalLine = None


class ImportQuery(LaxBody):
    """Which columns of a CSV file hold which fields of a lead."""

    columns: str = ""


class CampaignBody(LaxBody):
    """A campaign to create."""

    name: Line
    description: OptionalText = None
    type: Annotated[CampaignType, Trimmed, Required]
    target_audience: Audience = None


class CampaignUpdateBody(LaxBody):
    """The changes of a campaign; fields that are left out stay."""

    name: Line = ""
    description: OptionalText = None
    status: Annotated[CampaignStatus, Trimmed, Required] = "draft"


class CampaignsQuery(LaxBody):
    """Which campaigns to list."""

    status: Annotated[CampaignStatus, Trimmed] | None = None
    type: Annotated[CampaignType, Trimmed] | None = None


class AssignLeadsBody(LaxBody):
    """Leads to assign to a campaign."""

    lead_ids: LeadIds


def known(body: LaxBody) -> dict[str, Any]:
    """Return all known fields of a body, with their defaults where it has none."""
    return {name: getattr(body, name) for name in type(body).model_fields}


def given(body: LaxBody) -> dict[str, Any]:
    """Return the known fields that a body has."""
    return {name: value for name, value in known(body).items() if name in body.model_fields_set}
