"""A Python client that is made of the description of a running stack: it reads every answer of a tour of all APIs."""

from __future__ import annotations

import importlib
import re
import sys
import types
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.clients.python_client import NAME, Caller, generate
from tests.local_stack import LocalStack
from tests.support.described_answers import OPERATIONS

#: Links to verify an address are mailed where strangers may register, which is not on the local stack.
NOT_REACHED = {"PublicShowVerification", "PublicVerifyAddress"}
_WARNING = "Unsupported content type text/csv"
Start = Callable[..., Caller]


@pytest.fixture(scope="module")
def generated(
    local_stack: LocalStack, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[types.ModuleType, str]]:
    """Return the client, and what its generator said."""
    folder: Path = tmp_path_factory.mktemp("python")
    said = generate(f"{local_stack.base_url}/openapi.json", folder)
    sys.path.insert(0, str(folder))
    yield importlib.import_module(NAME), said
    sys.path.remove(str(folder))


@pytest.fixture(scope="module")
def start(generated: tuple[types.ModuleType, str], local_stack: LocalStack) -> Iterator[Start]:
    """Return a function that makes callers."""
    started: list[Caller] = []

    def make(token: str = "", **credential: str) -> Caller:
        started.append(Caller(generated[0], local_stack.base_url, token, **credential).__enter__())
        return started[-1]

    yield make
    for caller in started:
        caller.__exit__()


@pytest.fixture(scope="module")
def team(start: Start, local_stack: LocalStack) -> Caller:
    """Return a caller with the demo's API token."""
    return start(local_stack.demo["api_token"])


def unique(word: str) -> str:
    return f"{word}-{uuid.uuid4().hex[:8]}"


def message(team: Caller, message_id: str, stack: LocalStack) -> Any:
    """Return a message once its deliveries are final."""

    def look() -> Any:
        status, found = team.ask("ManageGetMessage", "dev", message_id)
        if status == 404 or any(each.status == "pending" for each in found.deliveries):
            return None
        return team.call("ManageGetMessage", "dev", message_id)

    return stack.wait_for(look, 30)


def test_the_generator_leaves_out_nothing_but_imports_of_csv(generated: tuple[types.ModuleType, str]) -> None:
    warnings = re.findall(r"^WARNING .*\n+(.*)", generated[1], re.MULTILINE)
    assert warnings == [_WARNING]


def test_environments_tokens_and_keys(team: Caller) -> None:
    name = unique("e")
    made = team.call("ManageCreateEnvironment", body=team.body("ManageEnvironmentBody", identifier=name, mock=True))
    assert (made.identifier, made.mock, made.client_access.inbox) == (name, True, "closed")
    access = {"client_access": {"inbox": "open"}}
    team.call("ManageUpdateEnvironment", name, body=team.body("ManageEnvironmentChangesBody", **access))
    renamed = team.call("ManageUpdateEnvironment", name, body=team.body("ManageEnvironmentChangesBody", name="Try"))
    assert (renamed.name, renamed.client_access.inbox, renamed.channels.email) != ("Try", "closed", None)
    assert name in [each.identifier for each in team.call("ManageListEnvironments", limit=100).data]
    body = {"name": "narrow", "permissions": ["read_messages"], "default_environment": "dev"}
    token = team.call("ManageCreateApiToken", body=team.body("ManageApiTokenBody", **body))
    assert token.id in [each.id for each in team.call("ManageListApiTokens", limit=100).data]
    key = team.call("ManageCreateClientKey", body=team.body("ManageClientKeyBody", environment=name, scope="secret"))
    assert [each.id for each in team.call("ManageListClientKeys", environment=name).data] == [key.id]
    team.call("ManageDeleteClientKey", str(key.id))
    person = team.body("ManageMemberBody", email=f"{unique('kim')}@example.com")
    member = team.call("ManageAddMember", body=person)
    assert member.email in [each.email for each in team.call("ManageListMembers", limit=100).data]
    assert team.call("ManageUpdateMember", member.email, body=team.body("ManageRoleBody", role="Admin")).role == "Admin"
    team.call("ManageRemoveMember", member.email)
    assert team.call("ManageListSenders").refused == []
    team.call("ManageDeleteApiToken", str(token.id))
    team.call("ManageDeleteEnvironment", name)


def test_messages_of_neptune(team: Caller, local_stack: LocalStack) -> None:
    user, event_type, address = unique("u"), unique("event"), f"{unique('sam')}@example.com"
    mail = {"name": "mail", "channel": "email", "template": {"subject": "Code {{ otp }}", "text": "{{ otp }}"}}
    inbox = {"name": "inbox", "channel": "app", "template": {"title": "Code", "body": "We sent {{ otp }}"}}
    notifications = [mail, inbox]
    stored = team.call(
        "ManagePutEventType", "dev", event_type, body=team.body("ManageEventTypeBody", notifications=notifications)
    )
    assert [each.template.to_dict() for each in stored.notifications] == [each["template"] for each in notifications]
    team.call("ManageGetEventType", "dev", event_type)
    team.call("ManageListEventTypes", "dev", limit=1)
    team.call("NeptuneListEnvironments")
    team.call("NeptuneCreateUser", "dev", body=team.body("NeptuneNewUserBody", user_id=user, meta={"name": "Sam"}))
    team.call("NeptuneUpdateUser", "dev", user, body=team.body("NeptuneUserBody", meta={"city": "Paris"}))
    contact = {"type": "email", "value": address}
    team.call("NeptuneAddContactInfo", "dev", user, body=team.body("NeptuneContactInfoBody", **contact))
    put = team.body("NeptuneContactInfoBody", **contact, filterable="regular")
    assert team.call("NeptuneUpdateContactInfo", "dev", user, body=put).filterable == "regular"
    shown = team.call("NeptuneGetUser", "dev", user, includes=_enum(team, "NeptuneGetUserIncludes", "contact_infos"))
    assert [each.value for each in shown.contact_infos] == [address]
    assert user in [each.user_id for each in team.call("NeptuneListUsers", "dev", per_page=100).data]
    event = {"event_type": event_type, "user_id": user, "data": {"otp": 123456}}
    ingested = {**event, "environment": "dev", "api_token": local_stack.demo["api_token"]}
    team.call("NeptuneIngestEvent", body=team.body("NeptuneIngestBody", **ingested))
    accepted = team.call("NeptunePostEvent", "dev", body=team.body("NeptuneEventBody", **event))
    found = message(team, accepted.message_id, local_stack)
    assert [(each.channel, each.status) for each in found.deliveries] == [("email", "success"), ("app", "success")]
    assert team.call("ManageListMessages", "dev", event_type=event_type, limit=1).data[0].event_type == event_type
    replay = team.body("ManageReplayBody", message_id=accepted.message_id)
    assert team.call("ManageReplayMessage", "dev", body=replay).deliveries[0].effect == "final"
    listed = team.call("NeptuneListAppNotifications", "dev", user_id=user)
    assert listed.data[0].title == "Code"
    read = team.body("NeptuneReadBody", type="user", id=user)
    assert team.call("NeptuneReadAppNotifications", "dev", body=read).updated >= 1
    data = {"event_type": event_type, "data": {"otp": 1}}
    previews = team.call("ManagePreviewNotifications", "dev", body=team.body("ManagePreviewBody", **data)).previews
    assert previews[0].rendered["subject"] == "Code 1"
    to = team.body("ManageTestSendBody", **data, name="mail", to=address)
    assert message(team, team.call("ManageSendTest", "dev", body=to).message_id, local_stack).test is True
    assert team.call("ManageShowOverview", "dev").accepted >= 2
    export = team.call("ManageExportUser", "dev", user)
    assert [each.value for each in export.contacts] == [address]
    assert len(export.deliveries) >= 4
    team.call("NeptuneDeleteContactInfo", "dev", user, body=team.body("NeptuneContactInfoKey", **contact))
    team.call("NeptuneDeleteUser", "dev", user)
    assert isinstance(team.call("ManageEraseUser", "dev", user).receipt, uuid.UUID)
    team.call("ManageDeleteEventType", "dev", event_type)


def test_suppressions_and_dead_letters(team: Caller) -> None:
    address = f"{unique('gone')}@example.com"
    team.call("ManageAddSuppression", body=team.body("ManageSuppressionBody", email=address, reason="bounce"))
    [listed] = team.call("ManageListSuppressions", email=address).data
    assert [each.reason for each in listed.reasons] == ["bounce"]
    team.call("ManageRemoveSuppression", address)
    team.call("ManageListDeadLetters")
    all_of_them = team.body("ManageDeadLettersBody", all=True)
    team.call("ManageRedriveDeadLetters", body=all_of_them)
    team.call("ManagePurgeDeadLetters", body=all_of_them)


def test_an_app_with_a_public_key(start: Start, local_stack: LocalStack) -> None:
    app, server = start(local_stack.demo["public_key"]), start(local_stack.demo["secret_key"])
    user, visitor = unique("u"), unique("visit")
    app.call("ClientIdentifyUser", body=app.body("ClientIdentify", anonymous_id=visitor, data={"theme": "dark"}))
    app.call("ClientAliasUser", body=app.body("ClientAlias", anonymous_id=visitor, external_id=user))
    device = {"device_id": "phone", "os": "iOS 16.3", "model": "iPhone15,2", "app_build": "1", "app_version": "1"}
    app.call("ClientRegisterDevice", body=app.body("ClientDevice", external_id=user, **device))
    event = app.body("ClientEvent", external_id=user, name="opened", data={"screen": "home"})
    app.call("ClientPostEvents", body=[event], idempotency_key=unique("key"))
    app.call("ClientTrackEvent", body=app.body("ClientTrackedEvent", external_id=user, event="opened"))
    call = app.body("SegmentCall", type="track", userId=user, event="opened", properties={})
    app.call("ClientPostSegmentCalls", body=[call])

    def look() -> Any:
        return server.ask("ClientListNotifications", x_external_id=user)[0] == 200

    local_stack.wait_for(look, 30)
    assert server.call("ClientListNotifications", x_external_id=user).results == []
    app.call("ClientReadNotification", "1", body=app.body("ClientReader", external_id=user))


def test_vibetrace(start: Start, local_stack: LocalStack) -> None:
    shop = start(local_stack.demo["event_api_key"], prefix="")
    email = f"{unique('kim')}@example.com"
    created = shop.call("VibetraceCreateUser", body=shop.body("VibetraceNewUser", email=email, city="Paris"))
    assert (created.object_.email, created.object_["city"]) == (email, "Paris")
    shop.call("VibetraceUpdateUser", email, body=shop.body("VibetraceAttributes", tags=["one"]), upsert=True)
    assert shop.call("VibetraceGetUser", email)["tags"] == ["one"]
    event = {"user": {"email": email}, "event": {"update": {"firstname": "Kim"}}}
    shop.call("VibetracePostEvent", body=shop.body("VibetraceEvent", **event), idempotency_key=unique("key"))


def test_accounts_of_neptie(start: Start) -> None:
    anybody = start()
    person = {"email": f"{unique('lee')}@example.com", "password": "correct horse", "full_name": "Lee"}
    registered = anybody.call("NeptieRegister", body=anybody.body("NeptieRegisterBody", **person))
    assert registered.user.email == person["email"]
    login = {name: person[name] for name in ("email", "password")}
    session = anybody.call("NeptieLogin", body=anybody.body("NeptieLoginBody", **login))
    tokens = anybody.call("NeptieRefresh", body=anybody.body("NeptieRefreshBody", refresh_token=session.refresh_token))
    lee = start(tokens.token)
    change = {"old_password": "correct horse", "new_password": "another horse"}
    lee.call("NeptieChangePassword", body=lee.body("NeptiePasswordBody", **change))
    lee.call("NeptieLogout")


def test_a_campaign_of_neptie(start: Start, team: Caller, local_stack: LocalStack) -> None:
    sales = start(local_stack.demo["service_api_key"], prefix="", auth_header_name="X-API-Key")
    email = f"{unique('ann')}@example.com"
    person = {"full_name": "Ann Doe", "email": email, "industry": "Software"}
    lead = sales.call("NeptieCreateLead", body=sales.body("NeptieLeadBody", **person)).lead
    rows = [sales.body("NeptieLeadBody", full_name="Bob", email=f"{unique('bob')}@example.com")]
    assert sales.call("NeptieImportLeads", body=rows).added == 1
    lead_id = str(lead.id)
    sales.call("NeptieGetLead", lead_id)
    sales.call("NeptieUpdateLead", lead_id, body=sales.body("NeptieLeadUpdateBody", job_title="CEO"))
    assert sales.call("NeptieListLeads", industry="software").total >= 1
    spring = sales.body("NeptieCampaignBody", name="Spring", type="email", target_audience={"industry": "Software"})
    campaign_id = str(sales.call("NeptieCreateCampaign", body=spring).campaign.id)
    sales.call("NeptieGetCampaign", campaign_id)
    sales.call("NeptieUpdateCampaign", campaign_id, body=sales.body("NeptieCampaignUpdateBody", status="active"))
    assert campaign_id in [str(each.id) for each in sales.call("NeptieListCampaigns").campaigns]
    some = {"lead_ids": [lead_id]}
    sales.call("NeptieAssignLeads", campaign_id, body=sales.body("NeptieAssignLeadsBody", **some))
    assert [each.id for each in sales.call("NeptieListCampaignLeads", campaign_id).leads] == [lead.id]
    ranked = sales.call("NeptieRankLeads", body=sales.body("NeptieRankLeadsBody", **some))
    assert ranked.rankings[0].lead_id == lead.id
    asked = {"lead_id": lead_id, "campaign_id": campaign_id}
    written = sales.call("NeptieGenerateEmail", body=sales.body("NeptieGenerateEmailBody", **asked)).email
    content = {"subject": written.subject, "content": written.content}
    mail = sales.body("NeptieSendEmailBody", **asked, **content)
    sent = sales.call("NeptieSendEmail", body=mail, idempotency_key=unique("key"))
    message(team, str(sent.email_id), local_stack)
    assert sales.call("NeptieGetEmail", str(sent.email_id)).email.status == "sent"
    assert sales.call("NeptieCampaignPerformance", campaign_id=campaign_id).metrics.leads_assigned == 1
    box = {"email": f"{unique('box')}@example.com", "provider": "gmail", "oauth_token": "token"}
    sales.call("NeptieAddEmailAccount", body=sales.body("NeptieEmailAccountBody", **box))
    sales.call("NeptieListEmailAccounts")
    anybody = start()
    [handed] = local_stack.outbox(email)
    link = re.search(r"/u/([^\s<>\"]+)", handed["text"])
    assert link
    anybody.call("PublicShowUnsubscribe", link[1])
    anybody.call("PublicUnsubscribe", link[1])
    sales.call("NeptieDeleteLead", lead_id)


def test_what_is_for_everybody(start: Start) -> None:
    anybody = start()
    assert anybody.call("PublicHealth").status == "ok"
    assert anybody.call("PublicShowOpenapi").openapi.startswith("3.1")


@pytest.mark.parametrize(
    ("operation", "path", "given", "status"),
    [
        ("NeptuneListUsers", ["none"], {}, 404),
        ("NeptuneListUsers", ["dev"], {"per_page": 101}, 422),
        ("ManageGetMessage", ["dev", "none"], {}, 404),
        ("ManageListMessages", ["dev"], {"cursor": "none"}, 400),
        ("ManageListMessages", ["dev"], {"limit": 101}, 422),
        ("NeptieGetLead", ["none"], {}, 404),
        ("NeptieListLeads", [], {"limit": 101}, 400),
        ("VibetraceGetUser", ["none@example.com"], {}, 404),
        ("ClientListNotifications", [], {"x_external_id": "none"}, 401),
        ("PublicShowUnsubscribe", ["none"], {}, 404),
        ("PublicShowVerification", ["none"], {}, 404),
        ("PublicVerifyAddress", ["none"], {}, 404),
    ],
)
def test_an_error_has_its_type(
    team: Caller, operation: str, path: list[str], given: dict[str, Any], status: int
) -> None:
    assert team.ask(operation, *path, **given)[0] == status


@pytest.mark.parametrize(
    "operation", ["NeptuneListEnvironments", "ManageListEnvironments", "NeptieListLeads", "ClientListNotifications"]
)
def test_who_has_no_good_credential_is_told_so(start: Start, operation: str) -> None:
    assert start("none").ask(operation)[0] == 401


def test_an_unknown_user_s_inbox_is_text(start: Start, local_stack: LocalStack) -> None:
    server = start(local_stack.demo["secret_key"])
    assert server.ask("ClientListNotifications", x_external_id=unique("u")) == (404, "Not Found")


def test_every_operation_was_called() -> None:
    """It is last: pytest keeps the order of a module."""
    assert set(OPERATIONS) - Caller.succeeded == NOT_REACHED


def _enum(caller: Caller, name: str, value: str) -> Any:
    return getattr(importlib.import_module(f"{caller.package.__name__}.models"), name)(value)
