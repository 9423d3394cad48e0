"""Lists of the largest things that are taken: each answer is one that a function can give, and all can be read."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, get_args

import pytest

from nereid.aws.outreach.campaigns import DynamoCampaignStore
from nereid.aws.outreach.leads import DynamoLeadStore
from nereid.aws.table import Table
from nereid.core.access.teams import create_client_key
from nereid.core.audience.contact_infos import add_contact_info, put_contact_info
from nereid.core.audience.users import create_or_update_user
from nereid.errors import Invalid
from nereid.models.campaign import Campaign
from nereid.models.delivery import Plan
from nereid.models.event_type import EmailNotification, EmailTemplate, EventType
from nereid.models.lead import Lead
from nereid.models.message import Message
from nereid.models.suppression import SUPPRESSION_REASONS
from nereid.models.team import ApiToken, Environment, Permission
from nereid.models.user import MAX_CONTACT_INFOS, AppNotification, number_of
from tests.support import memory_cloud
from tests.support.api import Answer, Api, Call
from tests.support.cloud import World
from tests.support.stored_messages import store

#: What Lambda takes for an answer, in bytes of the event that it is.
MOST = 6_291_556
START = datetime(2026, 1, 31, 9, 30, tzinfo=UTC)
#: A text that takes as many bytes as characters, and one whose quotes take four in an answer.
PLAIN, QUOTES = "x" * 65_000, '"' * 32_000


class Lists:
    """One team, with its lists as callers read them."""

    def __init__(self, cloud: Any) -> None:
        self.world = World(cloud)
        self.api = Api(cloud)
        self.api._clients = cloud
        runtime, team = self.world.runtime, self.world.team_id
        _, self.secret_key = create_client_key(
            runtime.account_store, lambda: runtime.user_token_cipher, runtime.clock, team, "dev", "secret", None
        )

    def get(self, path: str, query: dict[str, str], headers: dict[str, str] | None = None) -> Answer:
        given = headers or {"authorization": f"Bearer {self.world.token}"}
        answer = self.api.call(Call("GET", path, query, given))
        event = {"statusCode": answer.status, "headers": dict(answer.headers), "body": answer.body}
        assert len(json.dumps(event, ensure_ascii=False).encode()) < MOST
        return answer

    def pages(self, path: str, query: dict[str, str], size: str, largest: int) -> Iterator[list[Any]]:
        """Yield numbered pages, as large as the API gives them."""
        while (answer := self.get(path, {**query, size: str(largest)})).status == 422:
            assert list(answer.json()["errors"]) == [size]
            largest //= 2
        number = 0
        while found := self.get(path, {**query, size: str(largest), "page": str(number := number + 1)}).json()["data"]:
            yield found

    def notify(self, how_many: int, body: str) -> list[str]:
        for number in range(how_many):
            notice = AppNotification(
                uuid=f"n{number}",
                user_id="u",
                event_type="x",
                title="t",
                body=body,
                created_at=START + timedelta(minutes=number),
            )
            self.world.runtime.inbox.put(self.world.environment.scope, notice)
        return [f"n{number}" for number in reversed(range(how_many))]


@pytest.fixture
def lists(monkeypatch: pytest.MonkeyPatch) -> Iterator[Lists]:
    with memory_cloud.running(monkeypatch) as cloud:
        yield Lists(cloud)


@pytest.mark.parametrize("text", [PLAIN, QUOTES], ids=["plain", "quotes"])
def test_neptunes_users(lists: Lists, text: str) -> None:
    runtime, scope = lists.world.runtime, lists.world.environment.scope
    for number in range(105):
        create_or_update_user(runtime.users, runtime.clock, scope, f"u{number}", {"k": text})
    seen = [user["user_id"] for page in lists.pages("/neptune/dev/users", {}, "per_page", 100) for user in page]
    assert sorted(seen) == sorted(f"u{number}" for number in range(105))


@pytest.mark.parametrize("state", ["all", "unread"])
def test_neptunes_app_notifications(lists: Lists, state: str) -> None:
    ids = lists.notify(36, "x" * 340_000)
    query = {"user_id": "u", "type": state}
    pages = lists.pages("/neptune/app_notifications/dev", query, "per_page", 100)
    assert [each["uuid"] for page in pages for each in page] == ids


@pytest.mark.parametrize("body", ["x" * 340_000, '"' * 170_000], ids=["plain", "quotes"])
def test_the_client_apis_notifications(lists: Lists, body: str) -> None:
    ids = lists.notify(36, body)
    headers = {"authorization": f"Bearer {lists.secret_key}", "x-external-id": "u"}
    create_or_update_user(lists.world.runtime.users, lists.world.runtime.clock, lists.world.environment.scope, "u", {})
    seen: list[int] = []
    query: dict[str, str] = {}
    while True:
        answer = lists.get("/api/client/notifications", query, headers).json()
        assert answer["results"]
        seen += [each["id"] for each in answer["results"]]
        if "nextCursor" not in answer:
            break
        query = {"cursor": answer["nextCursor"]}
    assert seen == list(map(number_of, ids))


@pytest.mark.slow
@pytest.mark.parametrize("text", [PLAIN, QUOTES], ids=["plain", "quotes"])
def test_a_user_with_contact_infos(lists: Lists, text: str) -> None:
    runtime, scope = lists.world.runtime, lists.world.environment.scope
    create_or_update_user(runtime.users, runtime.clock, scope, "u", {"k": PLAIN})
    refused = 0
    for number in range(MAX_CONTACT_INFOS):
        value, changes = f"{number}@".ljust(4096, "é"), {"filterable": "é" * 256}
        if not _added(lists, value, {"k": text}):
            refused += 1
            put_contact_info(runtime.users, runtime.clock, scope, "u", "firebase_token", value, changes)
    assert 0 < refused < MAX_CONTACT_INFOS
    answer = lists.get("/neptune/dev/users/u", {"includes": "contact_infos"})
    assert len(answer.json()["contact_infos"]) == MAX_CONTACT_INFOS


def _added(lists: Lists, value: str, meta: dict[str, Any]) -> bool:
    """Add a contact info; tell whether there was room for it."""
    runtime, scope = lists.world.runtime, lists.world.environment.scope
    try:
        add_contact_info(runtime.users, runtime.clock, scope, "u", "firebase_token", value, "é" * 256, meta)
    except Invalid:
        return False
    return True


def _cursors(lists: Lists, path: str) -> list[Any]:
    found: list[Any] = []
    query = {"limit": "100"}
    while True:
        answer = lists.get(path, query).json()
        found += answer["data"]
        if answer["next_cursor"] is None:
            return found
        query["cursor"] = answer["next_cursor"]


def test_the_managements_suppressions(lists: Lists) -> None:
    store, team = lists.world.runtime.suppressions, lists.world.team_id
    for number in range(105):
        for reason in SUPPRESSION_REASONS:
            store.add(team, f"{number}@".ljust(254, "é"), reason, START, "é" * 1000)
    assert len(_cursors(lists, "/manage/suppressions")) == 105


@pytest.mark.parametrize("text", ["x" * 250_000, '"' * 120_000], ids=["plain", "quotes"])
def test_the_managements_messages(lists: Lists, text: str) -> None:
    messages, scope = lists.world.runtime.messages, lists.world.environment.scope
    for number in range(40):
        received = START + timedelta(seconds=number)
        message = Message(
            message_id=f"m{number}", event_type="x", source="neptune", data={"k": text}, received_at=received
        )
        store(messages, scope, message, Plan(planned_at=received))
    listed = _cursors(lists, "/manage/dev/messages")
    assert [each["message_id"] for each in listed] == [f"m{number}" for number in reversed(range(40))]


@pytest.mark.parametrize("text", ["x" * 60_000, '"' * 60_000], ids=["plain", "quotes"])
def test_the_managements_event_types(lists: Lists, text: str) -> None:
    store, scope = lists.world.runtime.event_types, lists.world.environment.scope
    template = EmailTemplate(subject="s", text=text, html=text)
    notification = EmailNotification(name="mail", channel="email", template=template)
    for number in range(60):
        store.put(
            scope,
            EventType(
                event_type=f"x{number:02}",
                environment="dev",
                notifications=[notification],
                created_at=START,
                updated_at=START,
            ),
        )
    listed = _cursors(lists, "/manage/dev/event_types")
    assert [each["event_type"] for each in listed] == [f"x{number:02}" for number in range(60)]


def test_the_managements_tokens(lists: Lists) -> None:
    accounts, team = lists.world.runtime.account_store, lists.world.team_id
    accounts.set_quota_times(team, 10)
    for number in range(105):
        token = ApiToken(
            team_id=team,
            id=f"t{number}",
            name="é" * 200,
            permissions=list(get_args(Permission)),
            default_environment="é" * 200,
            created_at=START,
            expires_at=START + timedelta(days=9999),
        )
        accounts.create_api_token(token)
    assert len(_cursors(lists, "/manage/api_tokens")) >= 105


def test_neptunes_environments(lists: Lists) -> None:
    accounts, team = lists.world.runtime.account_store, lists.world.team_id
    accounts.set_quota_times(team, 10)
    for number in range(105):
        accounts.create_environment(
            Environment(team_id=team, identifier=f"e{number}", name="é" * 200, created_at=START)
        )
    seen = [each for page in lists.pages("/neptune/environments", {}, "per_page", 100) for each in page]
    assert len(seen) >= 105


def test_nepties_leads(lists: Lists) -> None:
    leads, team = DynamoLeadStore(Table(lists.api._clients, "OutreachTable")), lists.world.team_id
    for number in range(105):
        long = "é" * 200
        lead = Lead(
            id=str(uuid.uuid4()),
            full_name=long,
            email=f"{number}@".ljust(254, "é"),
            company=long,
            job_title=long,
            industry=long,
            created_at=START,
            updated_at=START,
        )
        leads.add(team, lead)
    pages = [lists.get("/api/leads", {"limit": "100", "page": str(number)}).json()["leads"] for number in (1, 2)]
    assert [len(page) for page in pages] == [100, 5]


def test_nepties_campaigns_are_read_by_status_when_one_answer_does_not_hold_them_all(lists: Lists) -> None:
    store, team = DynamoCampaignStore(Table(lists.api._clients, "OutreachTable")), lists.world.team_id
    for number in range(40):
        campaign = Campaign(
            id=str(uuid.uuid4()),
            name=str(number),
            type="email",
            status="draft" if number % 2 else "active",
            target_audience={"quotes": QUOTES[:30_000], "plain": PLAIN},
            created_at=START + timedelta(seconds=number),
            updated_at=START,
        )
        store.add(team, campaign)
    refused = lists.get("/api/campaigns", {})
    assert refused.status == 400
    assert [error["field"] for error in refused.json()["errors"]] == ["status"]
    parts = [lists.get("/api/campaigns", {"status": status}).json()["campaigns"] for status in ("draft", "active")]
    assert sorted(int(each["name"]) for part in parts for each in part) == list(range(40))
