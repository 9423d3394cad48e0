"""The Client API's functions in this process: what they call, what they remember, what they say in an outage."""

from __future__ import annotations

import importlib.util
import json
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from botocore.client import BaseClient
from botocore.exceptions import ClientError, EndpointConnectionError
from moto import mock_aws

from nereid.auth.client_keys import hash_key, mint
from nereid.models.message import EventBatch
from nereid.models.team import ClientKey, Environment, Team
from nereid.runtime import runtime
from nereid.settings import settings
from tests.infrastructure import stack

#: Other tests show that the same stores work over moto.
IN_MEMORY = True

PUBLIC = "pk_7c8e74b5-bc10-4090-bfdd-b13591bba5cd"
SECRET = "sk_0f1e2d3c-4b5a-4978-8695-a4b3c2d1e0f9"
FUNCTIONS = sorted(path.parent.name for path in stack.ROOT.glob("functions/client/*/app.py"))
QUEUEING = ["alias_user", "identify_user", "register_device", "post_events", "track_event", "post_segment_calls"]
_MEMBERS = ("AttributeDefinitions", "KeySchema", "BillingMode", "GlobalSecondaryIndexes", "LocalSecondaryIndexes")


class Functions:
    """The functions, with AWS calls counted and made to fail."""

    def __init__(self, queue_url: str) -> None:
        self.queue_url = queue_url
        self.calls: Counter[str] = Counter()
        self.faults: dict[str, Exception | dict[str, Any]] = {}
        self._handlers: dict[str, Any] = {}

    def invoke(self, name: str, event: dict[str, Any]) -> dict[str, Any]:
        """Invoke a function; the first time is a cold start."""
        if name not in self._handlers:
            path = stack.ROOT / "functions" / "client" / name / "app.py"
            spec = importlib.util.spec_from_file_location("app", path)
            assert spec
            assert spec.loader
            module = importlib.util.module_from_spec(spec)
            spec.loader.exec_module(module)
            self._handlers[name] = module.handler
        answer: dict[str, Any] = self._handlers[name](event, None)
        return answer

    def sample(self, name: str, kind: str = "good", **changes: Any) -> dict[str, Any]:
        """Invoke a function with one of its samples."""
        return self.invoke(name, {**sample(name, kind), **changes})

    def queued(self) -> list[EventBatch]:
        """Take everything off the queue."""
        batches: list[EventBatch] = []
        sqs = boto3.client("sqs", region_name="us-east-1")
        while messages := sqs.receive_message(QueueUrl=self.queue_url, MaxNumberOfMessages=10).get("Messages"):
            batches += [EventBatch.model_validate_json(message["Body"]) for message in messages]
        return batches


def sample(name: str, kind: str = "good") -> dict[str, Any]:
    event: dict[str, Any] = json.loads((stack.ROOT / "events" / "client" / name / f"{kind}.json").read_text())
    return event


@pytest.fixture
def functions(monkeypatch: pytest.MonkeyPatch) -> Iterator[Functions]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "x")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with mock_aws():
        dynamodb = boto3.client("dynamodb", region_name="us-east-1")
        for name in ("AccountsTable", "AudienceTable", "ActivityTable"):
            properties = stack.of_type("AWS::DynamoDB::Table")[name]["Properties"]
            given = {member: properties[member] for member in _MEMBERS if member in properties}
            dynamodb.create_table(TableName=name, **given)
        url = boto3.client("sqs", region_name="us-east-1").create_queue(QueueName="MessageQueue")["QueueUrl"]
        variables = {
            "ACCOUNTS_TABLE": "AccountsTable",
            "AUDIENCE_TABLE": "AudienceTable",
            "ACTIVITY_TABLE": "ActivityTable",
            "MESSAGE_QUEUE_URL": url,
            "CREDENTIAL_CACHE_SECONDS": "60",
        }
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        settings.cache_clear()
        runtime.__dict__.clear()
        made = Functions(url)
        now = runtime.clock.now()
        environment = Environment(team_id="team", identifier="dev", name="dev", created_at=now)
        runtime.account_store.create_team(Team(id="team", name="Team", created_at=now), environment, None)
        for number, (key, scope) in enumerate({PUBLIC: "public", SECRET: "secret"}.items()):
            record = {
                "team_id": "team",
                "id": str(number),
                "environment": "dev",
                "scope": scope,
                "shown": key[:8],
                "key_hash": hash_key(key),
                "created_at": runtime.clock.now(),
            }
            runtime.account_store.create_client_key(ClientKey.model_validate(record))
        call = getattr(BaseClient, "_make_api_call")  # noqa: B009 - no part of what types know
        monkeypatch.setattr(BaseClient, "_make_api_call", counting(made, call))
        yield made
        settings.cache_clear()
        runtime.__dict__.clear()


def counting(made: Functions, call: Callable[..., Any]) -> Callable[..., Any]:
    def counted(client: Any, operation: str, given: dict[str, Any]) -> Any:
        made.calls[operation] += 1
        fault = made.faults.get(operation)
        if isinstance(fault, Exception):
            raise fault
        return call(client, operation, given) if fault is None else fault

    return counted


def throttled() -> ClientError:
    error: Any = {"Error": {"Code": "ThrottlingException"}, "ResponseMetadata": {"HTTPStatusCode": 400}}
    return ClientError(error, "operation")


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_good_sample_is_answered_with_success(functions: Functions, name: str) -> None:
    if name == "list_notifications":
        functions.sample("identify_user")
        from nereid.core.audience.users import create_or_update_user
        from nereid.models.team import Scope

        create_or_update_user(runtime.users, runtime.clock, Scope("team", "dev"), "EXTERNAL_ID", {})
    assert functions.sample(name)["statusCode"] in {200, 204}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_bad_sample_is_answered_with_an_error(functions: Functions, name: str) -> None:
    answer = functions.sample(name, "bad")
    assert answer["statusCode"] in {400, 401, 403, 422}
    assert json.loads(answer["body"])["status"] == "error"


@pytest.mark.parametrize("name", QUEUEING)
def test_a_warm_request_is_one_call_of_the_queue_and_reads_no_table(functions: Functions, name: str) -> None:
    functions.sample(name)
    functions.calls.clear()
    assert functions.sample(name)["statusCode"] == 204
    assert functions.calls == {"SendMessage": 1}


def test_a_cold_request_reads_the_key_its_team_and_what_its_environment_asks_for(functions: Functions) -> None:
    functions.sample("post_events")
    assert functions.calls == {"GetItem": 3, "SendMessage": 1}


def test_a_cold_request_without_an_external_id_reads_the_key_and_its_team_alone(functions: Functions) -> None:
    functions.sample("post_events", body=json.dumps([{"anonymous_id": "a", "name": "Opened"}]))
    assert functions.calls == {"GetItem": 2, "SendMessage": 1}


def test_a_hundred_events_are_one_call_and_one_message(functions: Functions) -> None:
    functions.sample("post_events")
    functions.queued()
    functions.calls.clear()
    body = [{"external_id": "u", "name": "Opened", "data": {"number": number}} for number in range(100)]
    functions.sample("post_events", body=json.dumps(body))
    assert functions.calls == {"SendMessage": 1}
    [batch] = functions.queued()
    assert [operation.message.data["number"] for operation in batch.operations] == list(range(100))  # type: ignore[union-attr]


def test_a_thousand_small_events_are_one_call(functions: Functions) -> None:
    functions.sample("post_events")
    functions.queued()
    functions.calls.clear()
    functions.sample("post_events", body=json.dumps([{"external_id": "u", "name": "Opened"}] * 1000))
    assert functions.calls == {"SendMessageBatch": 1}
    assert sum(len(batch.operations) for batch in functions.queued()) == 1000


def test_the_ids_of_events_are_made_before_they_are_queued(functions: Functions) -> None:
    functions.sample("post_events")
    [batch] = functions.queued()
    again = EventBatch.model_validate_json(batch.model_dump_json(exclude_unset=True))
    assert again == batch
    assert batch.operations[0].message.message_id  # type: ignore[union-attr]


@pytest.mark.parametrize("name", QUEUEING)
def test_nothing_is_promised_while_the_queue_refuses(functions: Functions, name: str) -> None:
    functions.faults["SendMessage"] = throttled()
    answer = functions.sample(name)
    assert answer["statusCode"] == 503
    assert answer["headers"]["Retry-After"] == "5"
    assert answer["headers"]["Access-Control-Allow-Origin"] == "*"
    assert answer["body"] == '{"status":"error","error":"Service unavailable."}'


def test_a_batch_that_is_taken_in_part_is_not_promised(functions: Functions) -> None:
    functions.faults["SendMessageBatch"] = {"Successful": [{"Id": "0"}], "Failed": [{"Id": "1", "SenderFault": False}]}
    answer = functions.sample("post_events", body=json.dumps([{"external_id": "u"}] * 150))
    assert answer["statusCode"] == 503


@pytest.mark.parametrize("fault", [throttled(), EndpointConnectionError(endpoint_url="x")])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_an_outage_of_the_key_store_never_looks_like_a_wrong_key(
    functions: Functions, name: str, fault: Exception
) -> None:
    functions.faults["GetItem"] = fault
    event = sample("refuse_request", "bad") if name == "refuse_request" else sample(name)
    event["headers"]["authorization"] = f"Bearer {SECRET}"
    assert functions.invoke(name, event)["statusCode"] == 503


def test_a_revoked_key_works_no_longer_than_the_store_is_believed(
    functions: Functions, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert functions.sample("post_events")["statusCode"] == 204
    runtime.account_store.delete_client_key("team", "0")
    now = runtime.clock.now().timestamp()
    cache = runtime.credentials._keys._known
    monkeypatch.setattr(type(cache.timer), "__call__", lambda _timer: now + 61)
    assert functions.sample("post_events")["statusCode"] == 404


def test_a_key_works_from_the_moment_it_is_made(functions: Functions) -> None:
    event = sample("post_events")
    event["headers"]["authorization"] = f"Bearer {mint('public')}"
    assert functions.invoke("post_events", event)["statusCode"] == 404
    key = mint("public")
    event["headers"]["authorization"] = f"Bearer {key}"
    record = {
        "team_id": "team",
        "id": "new",
        "environment": "dev",
        "scope": "public",
        "shown": key,
        "key_hash": hash_key(key),
        "created_at": runtime.clock.now(),
    }
    runtime.account_store.create_client_key(ClientKey.model_validate(record))
    assert functions.invoke("post_events", event)["statusCode"] == 204


@pytest.mark.parametrize("name", QUEUEING)
def test_a_path_with_a_slash_at_its_end_is_the_same_where_the_gateway_takes_it_for_it(
    functions: Functions, name: str
) -> None:
    answer = functions.sample(name, rawPath=sample(name)["rawPath"] + "/")
    assert (answer["statusCode"], answer["body"]) == (204, "")


def test_a_bug_is_answered_in_the_apis_own_words(functions: Functions) -> None:
    functions.faults["SendMessage"] = KeyError("a bug")
    answer = functions.sample("post_events")
    assert answer["statusCode"] == 500
    assert answer["body"] == '{"status":"error","error":"An error occurred with this request."}'


def test_what_is_no_utf_8_is_no_json(functions: Functions) -> None:
    answer = functions.sample("identify_user", body="eyJhIjoi/yJ9", isBase64Encoded=True)
    assert answer["statusCode"] == 400
