"""What calls of the Neptie API cost in DynamoDB, measured from the sizes of the items: docs/apis/neptie.md says it."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Any

import pytest

from nereid.aws.table import Table
from nereid.models.lead_email import Fact
from nereid.ports.outreach import Count
from tests.infrastructure import stack
from tests.support import memory_cloud
from tests.support.metered_dynamodb import Spent
from tests.support.sales import Sales

PASSWORD = "correct horse"
DOCUMENT = (stack.ROOT / "docs" / "apis" / "neptie.md").read_text(encoding="utf-8")
DATA_MODEL = (stack.ROOT / "docs" / "data-model.md").read_text(encoding="utf-8")
_ROW = re.compile(r"^\| ([^|]+) \| ([^|]*) \| ([\d.]+) \| (\d+) \| (\d+) \|$", re.MULTILINE)
#: What the document says each call costs, by the call and what it is called for.
SAID = {
    (call, what.strip()): Spent(float(read), int(write), int(index))
    for call, what, read, write, index in _ROW.findall(DOCUMENT)
}
FILTERS: tuple[dict[str, str], ...] = (
    {},
    {"status": "new"},
    {"industry": "farming"},
    {"industry": "farming", "status": "new"},
)
Call = Callable[[Sales], Callable[[], Any]]
MEASURED: dict[tuple[str, str], Call] = {}


def measured(call: str, what: str = "") -> Callable[[Call], Call]:
    """Note how a row of the table is measured: a function that prepares the call and returns it.

    What it prepares makes the functions warm, which every figure is for.
    """

    def note(prepare: Call) -> Call:
        MEASURED[call, what] = prepare
        return prepare

    return note


def person() -> dict[str, str]:
    return {"email": f"{uuid.uuid4().hex}@example.com", "password": PASSWORD, "full_name": "Sam Example"}


def lead(**fields: str) -> dict[str, str]:
    return {"full_name": "John Doe", "email": f"{uuid.uuid4().hex}@example.com", "company": "Example Corp", **fields}


@measured("POST auth/register")
def _(sales: Sales) -> Callable[[], Any]:
    sales.call("register", person())
    sales.source = "192.0.2.2"
    return lambda: sales.call("register", person())


@measured("POST auth/login", "the first in 15 minutes")
def _(sales: Sales) -> Callable[[], Any]:
    sam, kim = person(), person()
    for each in (sam, kim):
        sales.call("register", each)
    sales.call("login", kim)
    sales.source = "192.0.2.2"
    return lambda: sales.call("login", sam)


@measured("POST auth/login", "another")
def _(sales: Sales) -> Callable[[], Any]:
    sam = person()
    sales.call("register", sam)
    sales.call("login", sam)
    return lambda: sales.call("login", sam)


@measured("POST auth/refresh")
def _(sales: Sales) -> Callable[[], Any]:
    first = sales.call("register", person())["refresh_token"]
    token = sales.call("refresh", {"refresh_token": first})["refresh_token"]
    return lambda: sales.call("refresh", {"refresh_token": token})


@measured("POST auth/logout")
def _(sales: Sales) -> Callable[[], Any]:
    sam = person()
    tokens = [sales.call(function, sam)["token"] for function in ("register", "login")]
    sales.call("logout", headers={"authorization": f"Bearer {tokens[0]}"})
    return lambda: sales.call("logout", headers={"authorization": f"Bearer {tokens[1]}"})


@measured("POST auth/password", "with one other session")
def _(sales: Sales) -> Callable[[], Any]:
    sam = person()
    headers = {"authorization": f"Bearer {sales.call('register', sam)['token']}"}
    body = {"old_password": sam["password"], "new_password": sam["password"]}
    sales.call("change_password", body, headers=headers)
    sales.call("login", sam)
    return lambda: sales.call("change_password", body, headers=headers)


@measured("GET leads", "the first page of 20")
def _(sales: Sales) -> Callable[[], Any]:
    sales.leads(100)
    sales.call("list_leads")
    return lambda: sales.call("list_leads")


@measured("GET leads", "the fifth page of 20")
def _(sales: Sales) -> Callable[[], Any]:
    sales.leads(100)
    sales.call("list_leads")
    return lambda: sales.call("list_leads", query={"page": "5"})


@measured("GET leads", "a page past the end")
def _(sales: Sales) -> Callable[[], Any]:
    sales.leads(100)
    sales.call("list_leads")
    return lambda: sales.call("list_leads", query={"page": "1000000"})


@measured("POST leads")
def _(sales: Sales) -> Callable[[], Any]:
    sales.call("create_lead", lead())
    return lambda: sales.call("create_lead", lead())


@measured("POST leads", "with an industry")
def _(sales: Sales) -> Callable[[], Any]:
    sales.call("create_lead", lead())
    return lambda: sales.call("create_lead", lead(industry="Software"))


def one(sales: Sales, **fields: str) -> str:
    return str(sales.call("create_lead", lead(**fields))["lead"]["id"])


@measured("GET leads/{id}")
def _(sales: Sales) -> Callable[[], Any]:
    lead_id = one(sales)
    sales.call("get_lead", id=lead_id)
    return lambda: sales.call("get_lead", id=lead_id)


def updating(sales: Sales, **change: str) -> Callable[[], Any]:
    lead_id = one(sales, industry="Software")
    sales.call("update_lead", {"company": "Other"}, id=lead_id)
    return lambda: sales.call("update_lead", change, id=lead_id)


measured("PUT leads/{id}", "another name, company or job title")(lambda sales: updating(sales, company="Example"))
measured("PUT leads/{id}", "another status, with an industry")(lambda sales: updating(sales, status="qualified"))
measured("PUT leads/{id}", "another industry")(lambda sales: updating(sales, industry="Farming"))
measured("PUT leads/{id}", "another email")(lambda sales: updating(sales, email="other@example.com"))


@measured("DELETE leads/{id}", "with an industry, in one campaign")
def _(sales: Sales) -> Callable[[], Any]:
    lead_id, campaign_id = one(sales, industry="Software"), sales.campaign()
    sales.call("assign_leads", {"lead_ids": [lead_id]}, id=campaign_id)
    sales.call("delete_lead", id=one(sales))
    return lambda: sales.call("delete_lead", id=lead_id)


@measured("POST leads/import", "100 new leads with an industry")
def _(sales: Sales) -> Callable[[], Any]:
    sales.call("import_leads", [lead()])
    rows = [lead(industry="Software") for _ in range(100)]
    return lambda: sales.call("import_leads", rows)


@measured("GET campaigns", "10 campaigns")
def _(sales: Sales) -> Callable[[], Any]:
    for _ in range(10):
        sales.campaign()
    sales.call("list_campaigns")
    return lambda: sales.call("list_campaigns")


@measured("POST campaigns")
def _(sales: Sales) -> Callable[[], Any]:
    sales.campaign()
    return sales.campaign


@measured("GET campaigns/{id}")
def _(sales: Sales) -> Callable[[], Any]:
    campaign_id = sales.campaign()
    sales.call("get_campaign", id=campaign_id)
    return lambda: sales.call("get_campaign", id=campaign_id)


@measured("PUT campaigns/{id}")
def _(sales: Sales) -> Callable[[], Any]:
    campaign_id = sales.campaign()
    sales.call("update_campaign", {"status": "active"}, id=campaign_id)
    return lambda: sales.call("update_campaign", {"status": "paused"}, id=campaign_id)


@measured("GET campaigns/{id}/leads", "the first page of 20")
def _(sales: Sales) -> Callable[[], Any]:
    ids, campaign_id = sales.leads(40), sales.campaign()
    sales.call("assign_leads", {"lead_ids": ids}, id=campaign_id)
    sales.call("list_campaign_leads", id=campaign_id)
    return lambda: sales.call("list_campaign_leads", id=campaign_id)


@measured("POST campaigns/{id}/assign-leads", "100 leads")
def _(sales: Sales) -> Callable[[], Any]:
    ids, campaign_id = sales.leads(101), sales.campaign()
    sales.call("assign_leads", {"lead_ids": ids[:1]}, id=campaign_id)
    return lambda: sales.call("assign_leads", {"lead_ids": ids[1:]}, id=campaign_id)


@measured("POST campaigns/{id}/assign-leads", "100 leads that are assigned already")
def _(sales: Sales) -> Callable[[], Any]:
    ids, campaign_id = sales.leads(100), sales.campaign()
    sales.call("assign_leads", {"lead_ids": ids}, id=campaign_id)
    return lambda: sales.call("assign_leads", {"lead_ids": ids}, id=campaign_id)


@measured("POST ai/rank-leads", "100 leads whose scores change")
def _(sales: Sales) -> Callable[[], Any]:
    ids = sales.leads(101)
    sales.call("rank_leads", {"lead_ids": ids[:1]})
    return lambda: sales.call("rank_leads", {"lead_ids": ids[1:]})


@measured("POST ai/rank-leads", "100 leads whose scores stay")
def _(sales: Sales) -> Callable[[], Any]:
    ids = sales.leads(100)
    sales.call("rank_leads", {"lead_ids": ids})
    return lambda: sales.call("rank_leads", {"lead_ids": ids})


@measured("POST ai/generate-email")
def _(sales: Sales) -> Callable[[], Any]:
    asked = {"lead_id": one(sales), "campaign_id": sales.campaign()}
    sales.call("generate_email", asked)
    return lambda: sales.call("generate_email", asked)


@measured("POST ai/generate-email", "signed by an account")
def _(sales: Sales) -> Callable[[], Any]:
    sales.token = sales.call("register", person())["token"]
    return MEASURED["POST ai/generate-email", ""](sales)


def sending(sales: Sales, *, new: bool = False, key: str | None = None, sender: str | None = None) -> Callable[[], str]:
    campaign_id, first, second = sales.campaign(), one(sales), one(sales, industry="Software")
    sales.send(campaign_id, first)
    headers = {"idempotency-key": key} if key else {}
    return lambda: sales.send(campaign_id, second if new else first, headers, **({"from": sender} if sender else {}))


measured("POST email/send", "to a new lead with an industry")(lambda sales: sending(sales, new=True))
measured("POST email/send", "to a lead that was mailed before")(sending)
measured("POST email/send", "the same with an `Idempotency-Key`")(lambda sales: sending(sales, key=str(uuid.uuid4())))


@measured("POST email/send", "a key that was used before")
def _(sales: Sales) -> Callable[[], Any]:
    call = sending(sales, key="k")
    call()
    return call


def connecting(sales: Sales, address: str) -> Callable[[], Any]:
    account = {"email": address, "provider": "gmail", "oauth_token": "t" * 250}
    return lambda: sales.call("add_email_account", account)


@measured("POST email/send", "from a connected mailbox")
def _(sales: Sales) -> Callable[[], Any]:
    connecting(sales, "sales@example.com")()
    return sending(sales, sender="sales@example.com")


@measured("POST email/accounts")
def _(sales: Sales) -> Callable[[], Any]:
    connecting(sales, "first@example.com")()
    return connecting(sales, "sales@example.com")


@measured("GET email/accounts", "5 mailboxes")
def _(sales: Sales) -> Callable[[], Any]:
    for number in range(5):
        connecting(sales, f"{number}@example.com")()
    sales.call("list_email_accounts")
    return lambda: sales.call("list_email_accounts")


@measured("GET email/{id}")
def _(sales: Sales) -> Callable[[], Any]:
    email_id = sending(sales)()
    sales.deliver()
    sales.call("get_email", id=email_id)
    return lambda: sales.call("get_email", id=email_id)


def delivered(sales: Sales) -> None:
    """Send a mail to a lead and deliver it, twice: the functions are warm then."""
    call = sending(sales)
    for _ in range(2):
        call()
        sales.deliver()


@measured("delivering a mail")
def _(sales: Sales) -> Callable[[], Any]:
    delivered(sales)
    call = sending(sales)
    sales.deliver()
    call()
    return sales.deliver


@measured("a report", "delivered")
def _(sales: Sales) -> Callable[[], Any]:
    delivered(sales)
    sales.report("Delivery", sales.mails[-2:-1])
    return lambda: sales.report("Delivery", sales.mails[-1:])


@measured("a report", "opened or clicked")
def _(sales: Sales) -> Callable[[], Any]:
    delivered(sales)
    sales.report("Delivery", sales.mails[-2:-1])
    return lambda: sales.report("Open", sales.mails[-1:])


@measured("a report", "opened, one that came before")
def _(sales: Sales) -> Callable[[], Any]:
    delivered(sales)
    sales.report("Open", sales.mails[-1:])
    return lambda: sales.report("Open", sales.mails[-1:])


@measured("a report", "a permanent bounce, of a lead without an industry")
def _(sales: Sales) -> Callable[[], Any]:
    delivered(sales)
    sales.report("Delivery", sales.mails[-1:])
    return lambda: sales.report("Bounce", sales.mails[-1:], bounce={"bounceType": "Permanent"})


@measured("POST /u/{token}", "from a mail to a lead without an industry")
def _(sales: Sales) -> Callable[[], Any]:
    delivered(sales)
    links = [mail["Content"]["Simple"]["Headers"][0]["Value"].strip("<>") for mail in sales.mails[-1:]]
    return lambda: sales.call("unsubscribe", token=links[0].rpartition("/")[2])


def performance(sales: Sales, campaign_id: str, timeframe: str) -> Callable[[], Any]:
    query = {"campaign_id": campaign_id, "timeframe": timeframe}
    sales.call("campaign_performance", query=query)
    return lambda: sales.call("campaign_performance", query=query)


@measured("GET analytics/campaign-performance", "mails sent on one day")
def _(sales: Sales) -> Callable[[], Any]:
    campaign_id = sales.campaign()
    for lead_id in sales.leads(20):
        sales.send(campaign_id, lead_id)
    sales.deliver()
    sales.report("Delivery", sales.mails)
    return performance(sales, campaign_id, "90d")


def busy_day(sales: Sales, campaign_id: str, day: date) -> int:
    """Let 100 mails be sent on a day and much come of them within a week; return how many facts that are."""
    metrics, table = sales.runtime.campaign_metrics, Table(sales.runtime.clients, "ActivityTable")
    scope, count = sales.world.scope, 0
    facts: list[Fact] = ["delivered", "opened", "clicked", "unsubscribed"]
    for number in range(100):
        # Always the same, for the id decides which shard counts the mail.
        delivery_id, came = str(uuid.UUID(int=number)), day + timedelta(days=number % 7)
        sent = sales.now.replace(year=day.year, month=day.month, day=day.day)
        item = {"id": delivery_id, "notification": "email", "channel": "email", "to": "a@example.com"}
        times = {"created_at": "2026-01-31T09:30:00.000Z", "updated_at": "2026-01-31T09:30:00.000Z"}
        pk = f"{scope.team_id}#{scope.environment}#delivery#{delivery_id}"
        table.put({"pk": pk, "sk": "delivery", "status": "success", **item, **times})
        metrics.count_sent(scope, delivery_id, campaign_id, sent)
        for fact in facts:
            on = day if fact == "delivered" else came
            seen = metrics.noted(scope, delivery_id)
            assert seen is not None
            once_for = str(uuid.uuid4()) if fact == "unsubscribed" else None
            event = {"type": fact, "at": f"{on}T10:00:00.000Z"}
            metrics.count(scope, delivery_id, seen, event, 1, Count(campaign_id, fact, day, on, once_for))
            count += 1
    return count


@measured(
    "GET analytics/campaign-performance", "90 days of mails, with opens, clicks and unsubscribes for a week after each"
)
def _(sales: Sales) -> Callable[[], Any]:
    campaign_id, today = sales.campaign(), sales.now.date()
    first = today - timedelta(days=89)
    assert busy_day(sales, campaign_id, first) == 400
    table = Table(sales.runtime.clients, "ActivityTable")
    # The other days are of the same form, each so many days later.
    for shard in range(8):
        pk = f"{sales.team_id}#campaign_metrics#{campaign_id}#{shard}"
        (item,) = table.query("pk = :pk", {":pk": pk})
        for later in range(1, 90):
            table.put({_later(name, later): _later(value, later) for name, value in item.items()})
    call = performance(sales, campaign_id, "90d")
    shown = call()
    assert (shown["metrics"]["sent"], shown["metrics"]["opened"]) == (9000, 9000)
    return call


def _later(value: Any, days: int) -> Any:
    if not isinstance(value, str):
        return value
    moved = lambda found: (date.fromisoformat(found[0]) + timedelta(days=days)).isoformat()  # noqa: E731
    return re.sub(r"\d{4}-\d\d-\d\d$", moved, value)


@pytest.fixture
def sales(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sales]:
    with memory_cloud.running(monkeypatch) as cloud:
        yield Sales(cloud, monkeypatch)


def test_the_table_has_a_row_for_every_endpoint() -> None:
    routes = {
        f"{method} {path.removeprefix('/api/')}"
        for (method, path), function in stack.routes().items()
        if function.startswith("Neptie") and path.startswith("/api/")
    }
    assert len(routes) == 24
    assert routes <= {call for call, _ in SAID}
    assert SAID.keys() == MEASURED.keys()


@pytest.mark.parametrize(("call", "what"), sorted(MEASURED), ids=lambda text: text.replace("/", " "))
def test_a_call_costs_what_the_document_says(sales: Sales, call: str, what: str) -> None:
    again = MEASURED[call, what](sales)
    spent = sales.cloud.dynamodb.cost(again)
    assert spent == SAID.get((call, what))


def test_the_data_model_names_every_kind_of_item_that_these_calls_write(sales: Sales) -> None:
    for call in sorted(MEASURED):
        sales.token = sales.world.token
        sales.cloud.receive("message")  # what the last call left there
        MEASURED[call](sales)()
    kinds = set()
    for table, pk, _ in sales.cloud.dynamodb.keys:
        owner = re.sub(r"^([a-z2-7]{16}|[0-9a-f-]{36})(?=#)", "TEAM", pk)
        parts = re.sub("^TEAM#(first|dev)#", "TEAM#ENV#", owner).split("#")
        owners = (parts[0] == "TEAM") + (parts[:2] == ["TEAM", "ENV"])
        kinds.add((table, "#".join(parts[: owners + 1])))
    assert len(kinds) > 20
    for table, kind in kinds - {("LimitsTable", bucket) for bucket in ("general", "ai", "email", "lead_import")}:
        section = DATA_MODEL.partition(f"## {table}")[2].partition("\n## ")[0]
        assert re.search(rf"`{kind}[#`]", section), (table, kind)


@pytest.mark.slow
def test_the_first_page_costs_the_same_of_a_hundred_a_thousand_and_ten_thousand_leads(sales: Sales) -> None:
    costs, totals = [], []
    sales.call("list_leads")
    for count in (100, 900, 9000):
        sales.leads(count)
        for query in FILTERS:
            answer: dict[str, Any] = {}
            call = lambda: answer.update(sales.call("list_leads", query=query))  # noqa: B023, E731
            costs.append(sales.cloud.dynamodb.cost(call))
            totals.append(answer["total"])
            assert len(answer["leads"]) == 20
    assert totals == [100] * 4 + [1000] * 4 + [10_000] * 4
    # A filter's list has other keys than that of all, and so items of another size.
    assert costs == costs[: len(FILTERS)] * 3
    assert costs[0] == SAID["GET leads", "the first page of 20"]
