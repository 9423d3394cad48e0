"""What earlier releases stored under addresses as they were written is found, and keeps its keys."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from nereid.core.access.accounts import NewAccount, new_account
from nereid.core.audience.contact_infos import delete_contact_info, put_contact_info
from nereid.core.audience.users_by_email import create_user_with_email, user_by_email
from nereid.core.messaging.suppressions import add_suppression, list_suppressions, remove_suppression
from nereid.core.outreach.leads import create_lead, import_leads, mark_address, update_lead
from nereid.errors import AlreadyExists, NotFound, WrongPassword
from nereid.models.delivery import Plan, PlannedNotification, Recipient
from nereid.models.lead import Lead
from nereid.models.team import Environment, Scope, Team
from nereid.models.user import ContactInfo, ContactType
from tests.support.cloud import Cloud, World
from tests.support.neptie import Team as Sales
from tests.support.notifications import MAIL

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
OLD, NORMAL = "info@m\u00fcller.example", "info@xn--mller-kva.example"
SPELLINGS = pytest.mark.parametrize("spelling", [OLD, NORMAL, " Info@M\u00dcLLER.example\u200b"])
PASSWORD = "correct horse"


class NoListener:
    def suppressed(self, *_: object) -> None: ...

    def reopened(self, *_: object) -> None: ...


@pytest.fixture
def sales(cloud: Cloud) -> Sales:
    return Sales(cloud)


def older_contact(world: World, user_id: str, type_: ContactType, value: str) -> None:
    user = world.runtime.users.load(world.scope, user_id)
    assert user is not None
    contact = ContactInfo(type=type_, value=value, created_at=NOW, updated_at=NOW)
    world.runtime.users.put_contact_info(world.scope, user, contact, new=True)


def older_suppression(world: World) -> None:
    """Write a suppression as earlier releases did, whose key was the address in lower case."""
    key = {"pk": f"{world.team_id}#suppression#{OLD}", "sk": "suppression"}
    listed = {"directory": f"{world.team_id}#suppressions", "directory_sort": OLD}
    item = {**key, **listed, "email": OLD, "complaint_at": "2026-01-02T03:04:05.000Z", "revision": 1}
    world.cloud.client("dynamodb").put_item(
        TableName="AudienceTable",
        Item={name: {"N": "1"} if value == 1 else {"S": str(value)} for name, value in item.items()},
    )


def mailed(world: World, to: str) -> list[tuple[str, str | None]]:
    world.configure("login", MAIL)
    message_id = world.ingest("login", data={"otp": 1}, contact_infos=[{"type": "email", "value": to}])
    world.cloud.pump("message", "email")
    return world.outcomes(message_id)


class TestSuppressions:
    @SPELLINGS
    def test_a_suppressed_address_is_not_mailed(self, world: World, spelling: str) -> None:
        older_suppression(world)
        assert mailed(world, spelling) == [("failed", "suppressed: complaint")]

    @SPELLINGS
    def test_it_is_found_and_removed(self, world: World, spelling: str) -> None:
        store, clock = world.runtime.suppressions, world.runtime.clock
        older_suppression(world)
        add_suppression(store, NoListener(), clock, world.team_id, NORMAL, "unsubscribe")
        [found], _ = list_suppressions(store, world.team_id, None, 10, spelling)
        assert (found.email, set(found.reasons)) == (NORMAL, {"unsubscribe", "complaint"})
        remove_suppression(store, NoListener(), clock, world.team_id, spelling)
        assert list_suppressions(store, world.team_id, None, 10, OLD) == ([], None)
        with pytest.raises(NotFound):
            remove_suppression(store, NoListener(), clock, world.team_id, spelling)

    def test_an_ordinary_address_is_looked_for_once(self, world: World) -> None:
        world.cloud.requests.clear()
        world.runtime.suppressions.get(world.team_id, "Sam@example.com")
        read = [call["Key"]["pk"]["S"] for call in world.cloud.sent("dynamodb:GetItem")]
        assert [pk for pk in read if "suppression" in pk] == [f"{world.team_id}#suppression#sam@example.com"]


class TestContacts:
    @SPELLINGS
    def test_one_is_changed_and_deleted_under_any_spelling(self, world: World, spelling: str) -> None:
        world.user("u")
        older_contact(world, "u", "email", OLD)
        users, clock = world.runtime.users, world.runtime.clock
        put_contact_info(users, clock, world.scope, "u", "email", spelling, {"filterable": "x"})
        user = users.load(world.scope, "u")
        assert user is not None
        assert [(each.value, each.filterable) for each in user.contact_infos] == [(OLD, "x")]
        delete_contact_info(users, world.scope, "u", "email", spelling)
        assert users.holding(world.scope, "email", OLD) == []
        user = users.load(world.scope, "u")
        assert user is not None
        assert user.contact_infos == []

    def test_several_spellings_of_one_get_one_delivery_and_are_deleted_together(self, world: World) -> None:
        world.user("u")
        for value in (" Sam@Example.com", "sam@example.com"):
            older_contact(world, "u", "email", value)
        world.configure("login", MAIL)
        message_id = world.ingest("login", user_id="u", data={"otp": 1})
        world.cloud.pump("message", "email")
        assert [(each.to, each.status) for each in world.deliveries(message_id)] == [("Sam@example.com", "success")]
        delete_contact_info(world.runtime.users, world.scope, "u", "email", "sam@example.com")
        user = world.runtime.users.load(world.scope, "u")
        assert user is not None
        assert user.contact_infos == []

    @SPELLINGS
    def test_their_users_are_found_by_them(self, world: World, spelling: str) -> None:
        world.user("u")
        older_contact(world, "u", "email", OLD)
        users = world.runtime.users
        assert user_by_email(users, world.scope, spelling).user_id == "u"
        with pytest.raises(AlreadyExists):
            create_user_with_email(users, world.runtime.clock, world.scope, spelling, {})


class TestPlans:
    def test_the_deliveries_of_a_plan_keep_their_ids(self) -> None:
        scope = Scope("t", "dev")
        value = " 0151 12345678"
        plan = Plan(
            planned_at=NOW,
            recipients=[Recipient(type="mobile_number", value=value)],
            notifications=[PlannedNotification(name="n", channel="sms", to=[0])],
        )
        # As the release computed it that made the plan.
        assert plan.deliveries(scope, "m")[0].id == "3f5140cc-5afc-4a09-a82b-2056018a8eb8"


class TestLeads:
    def older(self, sales: Sales) -> Lead:
        lead = Lead(
            id="00000000-0000-4000-8000-000000000001", full_name="Ann", email=OLD, created_at=NOW, updated_at=NOW
        )
        sales.leads.add(sales.id, lead)
        return lead

    @SPELLINGS
    def test_one_is_found_by_its_address(self, sales: Sales, spelling: str) -> None:
        lead = self.older(sales)
        marked = mark_address(sales.leads, sales.clock, sales.id, spelling, "bounced")
        assert marked is not None
        assert (marked.id, marked.status) == (lead.id, "bounced")

    def test_its_address_is_taken_in_every_form(self, sales: Sales) -> None:
        self.older(sales)
        with pytest.raises(AlreadyExists):
            create_lead(sales.leads, sales.clock, sales.id, {"full_name": "Bob", "email": NORMAL})
        other = sales.lead()
        with pytest.raises(AlreadyExists):
            update_lead(sales.leads, sales.clock, sales.id, other.id, {"email": NORMAL})

    def test_an_import_changes_it(self, sales: Sales) -> None:
        lead = self.older(sales)
        rows = [{"full_name": "Ann Doe", "email": NORMAL}]
        assert import_leads(sales.leads, sales.clock, sales.id, rows) == (0, 1, 0)
        assert (sales.leads.get(sales.id, lead.id).full_name, sales.leads.get(sales.id, lead.id).email) == (
            "Ann Doe",
            OLD,
        )

    def test_it_can_be_given_its_normal_form(self, sales: Sales) -> None:
        lead = self.older(sales)
        assert update_lead(sales.leads, sales.clock, sales.id, lead.id, {"email": NORMAL}).email == NORMAL
        assert set(sales.leads.by_emails(sales.id, [NORMAL])) == {NORMAL}
        with pytest.raises(AlreadyExists):
            create_lead(sales.leads, sales.clock, sales.id, {"full_name": "Bob", "email": NORMAL})


class TestAccounts:
    def older(self, sales: Sales) -> None:
        account = new_account(sales.clock, sales.id, "dev", NewAccount(OLD, PASSWORD, "Ann"))
        team = Team(id=sales.id, name="t", created_at=NOW)
        environment = Environment(team_id=sales.id, identifier="dev", name="dev", created_at=NOW)
        sales.runtime.account_store.create_team(team, environment, None, account)

    def test_one_is_logged_in_to_by_any_spelling(self, sales: Sales) -> None:
        self.older(sales)
        for spelling in (OLD, NORMAL, " Info@M\u00dcLLER.example"):
            assert sales.runtime.accounts.log_in(spelling, PASSWORD, "192.0.2.1").account.email == OLD
        with pytest.raises(WrongPassword):
            sales.runtime.accounts.log_in(NORMAL, "wrong", "192.0.2.1")
        with pytest.raises(AlreadyExists):
            sales.runtime.accounts.register(NewAccount(NORMAL, PASSWORD, "Bob"), "192.0.2.2")
