"""Suppressions: addresses that must not be mailed."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Literal, get_args

from nereid.models.base import Model

SuppressionReason = Literal["bounce", "complaint", "unsubscribe"]
SUPPRESSION_REASONS: tuple[SuppressionReason, ...] = get_args(SuppressionReason)
#: So many mails in a row that bounced softly suppress an address as one hard bounce does.
SOFT_BOUNCES = 5


class Suppression(Model):
    """Why, and since when, a team must not mail an address. Reasons add up; none ever undoes another."""

    email: str
    reasons: dict[SuppressionReason, datetime]
    #: The cause of a reason, in a few words without addresses.
    details: dict[SuppressionReason, str] = {}
    #: Whether its owner was erased: it goes on suppressing, and is shown to nobody.
    is_erased: bool = False

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


def together(of_one_address: Sequence[Suppression]) -> Suppression:
    """Return what suppresses an address that stands on a list in several forms, by the first of them."""
    first, *others = of_one_address
    for other in others:
        reasons, details = {**other.reasons, **first.reasons}, {**other.details, **first.details}
        is_erased = first.is_erased and other.is_erased
        first = first.model_copy(update={"reasons": reasons, "details": details, "is_erased": is_erased})
    return first


def suppressed_softly(bounces: Iterable[datetime], ended_at: datetime | None) -> datetime | None:
    """Return since when an address is suppressed for soft bounces in a row; None if it is not.

    Parameters
    ----------
    bounces
        When mails to the address bounced softly, one moment per mail, in any order.
    ended_at
        The end of the last row: the time of a delivered mail, or of the removal of the address from the list.
    """
    row = sorted(bounce for bounce in bounces if ended_at is None or bounce > ended_at)
    return row[SOFT_BOUNCES - 1] if len(row) >= SOFT_BOUNCES else None
