"""Suppressed addresses in the audience table: one item per team and address."""

from datetime import datetime

from nereid.aws.table import Table
from nereid.clock import from_iso, to_iso
from nereid.models.suppression import Suppression, SuppressionReason
from nereid.models.user import comparable


class DynamoSuppressionStore:
    """Implements `nereid.ports.SuppressionStore`."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def get(self, team_id: str, email: str) -> Suppression | None:
        """See the port."""
        item = self._table.get(_key(team_id, email), "suppression")
        if item is None:
            return None
        reasons = {name.removesuffix("_at"): from_iso(item[name]) for name in item if name.endswith("_at")}
        return Suppression.model_validate({"email": item["email"], "reasons": reasons})

    def add(self, team_id: str, email: str, reason: SuppressionReason, at: datetime) -> None:
        """See the port."""
        self._table.update(
            _key(team_id, email),
            "suppression",
            f"SET email = :email, {reason}_at = if_not_exists({reason}_at, :at)",
            {":email": comparable("email", email), ":at": to_iso(at)},
        )


def _key(team_id: str, email: str) -> str:
    return f"{team_id}#suppression#{comparable('email', email)}"
