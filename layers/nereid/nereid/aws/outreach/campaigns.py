"""Campaigns in the outreach table: a team's campaigns are one item collection, for they are listed all at once."""

from typing import NamedTuple

from nereid import jsontext
from nereid.aws.errors import ConditionFailed
from nereid.aws.table import Item, Table
from nereid.clock import from_iso, to_exact_iso
from nereid.errors import Conflict
from nereid.models.campaign import Campaign


class DynamoCampaignStore:
    """Implements `nereid.ports.outreach.CampaignStore`."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def add(self, team_id: str, campaign: Campaign) -> None:
        self._table.put(_item(team_id, campaign))

    def get(self, team_id: str, campaign_id: str) -> Campaign | None:
        item = self._table.get(_team(team_id), campaign_id)
        return _to_campaign(item) if item else None

    def all(self, team_id: str) -> list[Campaign]:
        found = map(_to_campaign, self._table.query("pk = :pk", {":pk": _team(team_id)}, consistent=True))
        return sorted(found, key=lambda campaign: (campaign.created_at, campaign.id), reverse=True)

    def change(self, team_id: str, campaign: Campaign) -> None:
        changed = campaign.model_copy(update={"version": campaign.version + 1})
        try:
            self._table.put(_item(team_id, changed), "version = :version", {":version": campaign.version})
        except ConditionFailed as error:
            raise Conflict from error

    def leads_assigned(self, team_id: str, campaign_id: str) -> int:
        return assigned(self._table, team_id, campaign_id).all


class Assigned(NamedTuple):
    """How many leads a campaign has, and of how many its list tells; those of earlier releases stand in no list."""

    all: int
    listed: int


def assigned(table: Table, team_id: str, campaign_id: str) -> Assigned:
    """Return how many leads are assigned to a campaign now."""
    shards = list(table.query("pk = :pk", {":pk": assigned_key(team_id, campaign_id)}, consistent=True))
    return Assigned(sum(item["how_many"] for item in shards), sum(item.get("in_list", 0) for item in shards))


def assigned_key(team_id: str, campaign_id: str) -> str:
    """Return the partition key of the counts of leads assigned to a campaign."""
    return f"{team_id}#assigned#{campaign_id}"


def _team(team_id: str) -> str:
    return f"{team_id}#campaigns"


def _item(team_id: str, campaign: Campaign) -> Item:
    audience = campaign.target_audience
    return {
        "pk": _team(team_id),
        "sk": campaign.id,
        "name": campaign.name,
        "description": campaign.description,
        "type": campaign.type,
        "status": campaign.status,
        "target_audience": None if audience is None else jsontext.dumps(audience),
        "created_at": to_exact_iso(campaign.created_at),
        "updated_at": to_exact_iso(campaign.updated_at),
        "version": campaign.version,
    }


def _to_campaign(item: Item) -> Campaign:
    audience = item.get("target_audience")
    return Campaign(
        id=item["sk"],
        name=item["name"],
        description=item.get("description"),
        type=item["type"],
        status=item["status"],
        target_audience=None if audience is None else jsontext.loads(audience),
        created_at=from_iso(item["created_at"]),
        updated_at=from_iso(item["updated_at"]),
        version=item["version"],
    )
