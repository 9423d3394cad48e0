"""Campaigns: the topics of e-mails to leads."""

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel

#: Every type is kept; only e-mail is sent.
CampaignType = Literal["email", "voice", "mixed"]
CampaignStatus = Literal["draft", "active", "paused", "completed"]


class Campaign(BaseModel):
    """A campaign of a team. Names need not be unique."""

    id: str
    name: str
    description: str | None = None
    type: CampaignType
    status: CampaignStatus = "draft"
    target_audience: dict[str, Any] | None = None
    created_at: datetime
    updated_at: datetime
    #: Counts the writes; a write names the version that it read.
    version: int = 1
