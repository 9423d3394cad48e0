"""docs/openapi.json says what the functions do. tests/infrastructure/test_docs.py holds that it is up to date."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from jsonschema import Draft202012Validator
from openapi_spec_validator import validate

from tests.infrastructure import stack

DOCUMENT: dict[str, Any] = json.loads((stack.ROOT / "docs" / "openapi.json").read_text(encoding="utf-8"))
COMPONENTS = {"components": DOCUMENT["components"]}
OPERATIONS = {
    operation["operationId"]: (method, operation)
    for path in DOCUMENT["paths"].values()
    for method, operation in path.items()
}
#: Endpoints that change something and read no body.
BODILESS = {"ManageEraseUser", "ManageExportUser", "NeptieLogout", "PublicUnsubscribe", "PublicVerifyAddress"}
EXAMPLES = [
    (name, content["schema"], content["example"])
    for name, (_, operation) in OPERATIONS.items()
    for content in operation.get("requestBody", {}).get("content", {}).values()
    if "example" in content
]


def test_it_is_an_openapi_document() -> None:
    validate(DOCUMENT)


def test_every_endpoint_is_in_it() -> None:
    assert set(stack.routes().values()) - set(OPERATIONS) == {
        "ClientRefuseRequest",
        "PublicNotFound",
        "PublicShowConsole",
    }


def test_what_changes_something_says_what_body_it_takes() -> None:
    changing = {name: one for name, (method, one) in OPERATIONS.items() if method in ("post", "put")}
    assert {name for name, one in changing.items() if "requestBody" not in one} == BODILESS


def test_an_example_keeps_to_its_schema() -> None:
    errors = {
        name: [error.message for error in Draft202012Validator({**schema, **COMPONENTS}).iter_errors(example)]
        for name, schema, example in EXAMPLES
    }
    assert errors
    assert {name: messages for name, messages in errors.items() if messages} == {}


def test_the_status_of_success_is_the_function_s() -> None:
    answered = {
        name: set(re.findall(r"Response\((2\d\d)", (stack.folder(name) / "app.py").read_text(encoding="utf-8")))
        for name in OPERATIONS
    }
    missing = {name: statuses - set(OPERATIONS[name][1]["responses"]) for name, statuses in answered.items()}
    assert {name: statuses for name, statuses in missing.items() if statuses} == {}


#: Clients have functions of these names: one that is here is never renamed, and one that goes is a breaking change.
OPERATION_IDS = """
ClientAliasUser ClientIdentifyUser ClientListNotifications ClientPostEvents ClientPostSegmentCalls
ClientReadNotification ClientRegisterDevice ClientTrackEvent ManageAddMember ManageAddSuppression ManageCreateApiToken
ManageCreateClientKey ManageCreateEnvironment ManageDeleteApiToken ManageDeleteClientKey ManageDeleteEnvironment
ManageDeleteEventType ManageEraseUser ManageExportUser ManageGetEventType ManageGetMessage ManageListApiTokens
ManageListClientKeys ManageListDeadLetters ManageListEnvironments ManageListEventTypes ManageListMembers
ManageListMessages ManageListSenders ManageListSuppressions ManagePreviewNotifications ManagePurgeDeadLetters
ManagePutEventType ManageRedriveDeadLetters ManageRemoveMember ManageRemoveSuppression ManageReplayMessage
ManageSendTest ManageShowOverview ManageUpdateEnvironment ManageUpdateMember NeptieAddEmailAccount NeptieAssignLeads
NeptieCampaignPerformance NeptieChangePassword NeptieCreateCampaign NeptieCreateLead NeptieDeleteLead
NeptieGenerateEmail NeptieGetCampaign NeptieGetEmail NeptieGetLead NeptieImportLeads NeptieListCampaignLeads
NeptieListCampaigns NeptieListEmailAccounts NeptieListLeads NeptieLogin NeptieLogout NeptieRankLeads NeptieRefresh
NeptieRegister NeptieSendEmail NeptieUpdateCampaign NeptieUpdateLead NeptuneAddContactInfo NeptuneCreateUser
NeptuneDeleteContactInfo NeptuneDeleteUser NeptuneGetUser NeptuneIngestEvent NeptuneListAppNotifications
NeptuneListEnvironments NeptuneListUsers NeptunePostEvent NeptuneReadAppNotifications NeptuneUpdateContactInfo
NeptuneUpdateUser PublicHealth PublicShowOpenapi PublicShowUnsubscribe PublicShowVerification PublicUnsubscribe
PublicVerifyAddress VibetraceCreateUser VibetraceGetUser VibetracePostEvent VibetraceUpdateUser
"""


def test_an_operation_keeps_its_id() -> None:
    assert sorted(OPERATIONS) == sorted(OPERATION_IDS.split())


def resolved(response: dict[str, Any]) -> dict[str, Any]:
    name = response.get("$ref", "").rpartition("/")[2]
    return DOCUMENT["components"]["responses"][name] if name else response


def test_an_answer_says_what_is_in_it() -> None:
    silent = [
        (name, status)
        for name, (_, operation) in OPERATIONS.items()
        for status, response in operation["responses"].items()
        if "content" not in resolved(response) and status not in ("204", "304")
    ]
    assert silent == []


def test_an_operation_has_one_success_and_the_errors_that_any_can_have() -> None:
    for name, (_, operation) in OPERATIONS.items():
        statuses = set(operation["responses"])
        assert len([status for status in statuses if status.startswith("2")]) == 1, name
        assert statuses >= {"429", "500", "503"}, name
        assert not operation.get("security") or statuses >= {"401", "403"}, name


def objects(schema: Any) -> Iterator[dict[str, Any]]:
    """Yield every schema of an object within one."""
    if isinstance(schema, dict):
        if schema.get("type") in ("object", ["object", "null"]):
            yield schema
        for one in schema.values():
            yield from objects(one)
    elif isinstance(schema, list):
        for one in schema:
            yield from objects(one)


def test_an_object_says_what_it_holds() -> None:
    """Of one that does not, clients in TypeScript make an object that may hold nothing."""
    assert [one for one in objects(DOCUMENT) if not {"properties", "additionalProperties"} & set(one)] == []


def test_a_body_has_no_defaults_that_clients_would_send() -> None:
    """In a change, they would put a default where something else is stored."""
    assert [
        one
        for schema in DOCUMENT["components"]["schemas"].values()
        for one in objects(schema)
        for member in one.get("properties", {}).values()
        if "default" in member
    ] == []
