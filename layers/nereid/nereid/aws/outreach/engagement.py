"""The most that each lead ever did with a mail, in the outreach table: one small item per lead that did anything."""

from collections.abc import Iterable
from contextlib import suppress

from nereid.aws.errors import ConditionFailed
from nereid.aws.table import Table
from nereid.models.lead_email import Engagement

_DEGREES: dict[Engagement, int] = {"delivered": 1, "opened": 2, "clicked": 3, "replied": 4}


class DynamoEngagementStore:
    """Implements `nereid.ports.outreach.EngagementStore`."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def get_many(self, team_id: str, lead_ids: Iterable[str]) -> dict[str, Engagement]:
        keys = {_key(team_id, lead_id): lead_id for lead_id in lead_ids}
        names = {degree: name for name, degree in _DEGREES.items()}
        found = self._table.get_many(keys, consistent=False)
        return {keys[key]: names[item["degree"]] for key, item in found.items()}

    def note(self, team_id: str, lead_id: str, engagement: Engagement) -> None:
        with suppress(ConditionFailed):  # it did as much before
            self._table.update(
                *_key(team_id, lead_id),
                "SET degree = :degree",
                {":degree": _DEGREES[engagement]},
                condition="attribute_not_exists(pk) OR degree < :degree",
            )

    def forget(self, team_id: str, lead_id: str) -> None:
        self._table.delete(*_key(team_id, lead_id))


def _key(team_id: str, lead_id: str) -> tuple[str, str]:
    return f"{team_id}#engagement#{lead_id}", "engagement"
