"""The performance of a campaign's e-mails in the last days."""

from datetime import date, timedelta

from nereid.errors import NotFound
from nereid.models.campaign import Performance
from nereid.models.lead_email import Fact
from nereid.ports.clock import Clock
from nereid.ports.outreach import CampaignMetrics, CampaignStore, DayCounts

#: Days of each timeframe.
TIMEFRAMES = {"7d": 7, "30d": 30, "90d": 90}


def campaign_performance(
    campaigns: CampaignStore, metrics: CampaignMetrics, clock: Clock, team_id: str, campaign_id: str, days: int
) -> Performance:
    """Return how a campaign of a team did; `NotFound` if there is none."""
    if campaigns.get(team_id, campaign_id) is None:
        raise NotFound("campaign")
    today = clock.now().date()
    first = today - timedelta(days=days - 1)
    window = [first + timedelta(days=number) for number in range(days)]
    counts = metrics.counts(team_id, campaign_id, first)
    return summarize(counts, window, campaigns.leads_assigned(team_id, campaign_id))


def summarize(counts: DayCounts, window: list[date], leads_assigned: int) -> Performance:
    """Add up the counts of the mails sent in a window of days."""
    totals: dict[Fact, int] = {}
    days: dict[date, dict[Fact, int]] = {day: {} for day in window}
    for sent_on, facts in counts.items():
        if sent_on not in days:
            continue
        for (fact, came_on), how_many in facts.items():
            # Clocks of two machines differ by a little: no fact comes before the window or after its end.
            row = days[min(max(came_on, window[0]), window[-1])]
            row[fact] = row.get(fact, 0) + how_many
            totals[fact] = totals.get(fact, 0) + how_many
    return Performance(totals, days, leads_assigned)
