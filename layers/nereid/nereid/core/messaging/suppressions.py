"""A team's list of addresses that are not to be mailed, as the team itself reads and changes it."""

from nereid.errors import NotFound
from nereid.models.addresses import comparable
from nereid.models.suppression import SUPPRESSION_REASONS, Suppression, SuppressionReason
from nereid.ports.clock import Clock
from nereid.ports.messaging import SuppressionListener, SuppressionStore

_BY_HAND = "management API"


def list_suppressions(
    suppressions: SuppressionStore,
    team_id: str,
    after: str | None,
    limit: int,
    email: str | None = None,
    reason: SuppressionReason | None = None,
) -> tuple[list[Suppression], str | None]:
    """Return suppressions in order of their addresses from after one, and the address to go on after.

    Parameters
    ----------
    email, reason
        Only this address, in any spelling; only addresses that are suppressed for this reason.
    """
    if email is None:
        return suppressions.page(team_id, after, limit, reason)
    found = suppressions.get(team_id, email)
    past = after is not None and comparable("email", email) <= after
    if found is None or found.is_erased or past or (reason is not None and reason not in found.reasons):
        return [], None
    return [found], None


def add_suppression(
    suppressions: SuppressionStore,
    listener: SuppressionListener,
    clock: Clock,
    team_id: str,
    email: str,
    reason: SuppressionReason,
) -> Suppression:
    """Suppress an address from the next mail on; return everything that it is suppressed for."""
    suppressions.add(team_id, email, reason, clock.now(), _BY_HAND)
    listener.suppressed(team_id, email, reason)
    added = suppressions.get(team_id, email)
    if added is None:  # removed again just now
        raise NotFound("suppression")
    return added


def remove_suppression(
    suppressions: SuppressionStore,
    listener: SuppressionListener,
    clock: Clock,
    team_id: str,
    email: str,
    reason: SuppressionReason | None = None,
) -> None:
    """Let an address be mailed again; `NotFound` if it is not suppressed.

    Parameters
    ----------
    reason
        Remove this reason alone; None for all.
    """
    found = suppressions.get(team_id, email)
    going = SUPPRESSION_REASONS if reason is None else (reason,)
    if found is None or not any(each in found.reasons for each in going):
        raise NotFound("suppression")
    # The listener first: a repetition after a crash between the two still finds something to remove.
    listener.reopened(team_id, email, [each for each in found.reasons if each not in going])
    suppressions.remove(team_id, email, going, clock.now())
