"""Whom a team may send as, as this API shows it: for the one function that tells."""

from collections.abc import Sequence
from typing import Any

from nereid.core.access.senders import Grant, RefusedUse
from nereid.models.team import Channels


def senders_object(grants: Sequence[Grant], refused: Sequence[RefusedUse]) -> dict[str, Any]:
    """Return whom a team may send as, by channel, and whom its environments name in vain."""
    found: dict[str, Any] = {channel: [] for channel in Channels.model_fields}
    for grant in grants:
        shown = {"sender": grant.sender, "granted_by": grant.granted_by, "environments": list(grant.environments)}
        found[grant.channel].append(shown)
    return {**found, "refused": [each._asdict() for each in refused]}
