"""Suppressions: addresses that must not be mailed."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel

SuppressionReason = Literal["bounce", "complaint", "unsubscribe"]


class Suppression(BaseModel):
    """Why, and since when, a team must not mail an address. Reasons add up; none ever undoes another."""

    email: str
    reasons: dict[SuppressionReason, datetime]

    def forbids(self, *, subscription: bool) -> SuppressionReason | None:
        """Return the reason that forbids a mail, or None.

        Parameters
        ----------
        subscription
            Whether the mail is one that the recipient can unsubscribe from; only those heed an unsubscribe.
        """
        if "bounce" in self.reasons:
            return "bounce"
        if "complaint" in self.reasons:
            return "complaint"
        return "unsubscribe" if subscription and "unsubscribe" in self.reasons else None
