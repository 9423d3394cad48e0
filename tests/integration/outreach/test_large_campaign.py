"""A campaign of ten thousand leads: everybody gets one mail, the counts are exact, and no key is hot."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest

from nereid.models.lead import LeadFilter
from tests.support import memory_cloud
from tests.support.sales import Sales

pytestmark = pytest.mark.slow

LEADS = 10_000
#: How many of them have their mail reported as delivered.
REPORTED = LEADS // 10
#: Write units that DynamoDB takes each second on one partition key, and what it may be asked for: docs/apis/neptie.md.
PARTITION = 1_000
MAILS_PER_SECOND = 500


@pytest.fixture
def sales(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sales]:
    with memory_cloud.running(monkeypatch) as cloud:
        yield Sales(cloud, monkeypatch)


@pytest.mark.no_cover  # which would double its time; what it runs is run by others too
def test_ten_thousand_leads_are_each_mailed_once_and_no_key_is_hot(sales: Sales) -> None:
    rows = [{"full_name": "P", "email": f"p{number}@example.com", "industry": "Farming"} for number in range(LEADS)]
    for first in range(0, LEADS, 1000):
        assert sales.call("import_leads", rows[first : first + 1000])["added"] == 1000
        sales.next_hour()
    ids = [lead.id for lead in sales.runtime.leads.page(sales.team_id, LeadFilter(), 1, LEADS)[0]]
    campaign_id = sales.campaign()
    sales.cloud.dynamodb.forget()
    for first in range(0, LEADS, 1000):
        chosen = {"lead_ids": ids[first : first + 1000]}
        assert sales.call("assign_leads", chosen, id=campaign_id) == {"assigned_count": 1000}
    assert sales.call("assign_leads", {"lead_ids": ids[:1000]}, id=campaign_id) == {"assigned_count": 0}
    email_ids = set()
    for first in range(0, LEADS, 500):
        sales.next_hour()
        for lead_id in ids[first : first + 500]:
            email_ids.add(sales.send(campaign_id, lead_id))
        sales.deliver()
    sales.report("Delivery", sales.mails[:REPORTED])

    everybody = [f"p{number}@example.com" for number in range(LEADS)]
    mailed = Counter(address for sent in sales.mails for address in sent["Destination"]["ToAddresses"])
    assert mailed == Counter(everybody)
    assert len(email_ids) == LEADS
    for status, total in (("new", 0), ("contacted", LEADS)):
        assert sales.call("list_leads", query={"status": status})["total"] == total
    shown = sales.call("campaign_performance", query={"campaign_id": campaign_id, "timeframe": "7d"})
    assert shown["metrics"]["leads_assigned"] == LEADS
    assert (shown["metrics"]["sent"], shown["metrics"]["delivered"]) == (LEADS, REPORTED)
    assert sum(day["sent"] for day in shown["trends"]) == LEADS

    busiest, units = sales.cloud.dynamodb.written.most_common(1)[0]
    assert units / LEADS * MAILS_PER_SECOND <= PARTITION, busiest
    # What many mails share is spread over items, too, so that transactions seldom meet.
    item, units = sales.cloud.dynamodb.written_to.most_common(1)[0]
    assert units <= LEADS / 3, item
