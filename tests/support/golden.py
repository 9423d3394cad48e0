"""What the functions write to queues and tables, kept for ever: `python -m tests.support.golden NAME` records it.

A release reads what an earlier one wrote, in the queues during an update and in the tables for years, and so does a
release that is gone back to. So each form of a record or item stands in a file of tests/golden/, under the name of the
release that wrote it first.
"""

from __future__ import annotations

import base64
import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tests.contract.client_api import Client
from tests.contract.manage_client import Manage
from tests.contract.neptie_client import Neptie
from tests.contract.outreach import Team
from tests.contract.vibetrace_client import Vibetrace
from tests.support import in_process_stack
from tests.support.cloud import HIGH, Cloud
from tests.support.in_process_stack import InProcessStack
from tests.support.notifications import INBOX, MAIL, PHONE, TEXT

FOLDER = Path(__file__).parents[1] / "golden"
#: The queues that we write ourselves. Feedback is AWS's.
QUEUES = ("message", "email", "sms", "push")
#: Attributes that are JSON with members of ours; those of other attributes are the callers'.
OURS = {"notifications", "channels", "client_access", "content", "plan", "device"}
#: Members whose own members are the callers'.
THEIRS = {"data", "contact_infos", "extra", "headers", "meta", "user"}
_CONTACTS = [
    {"type": "email", "value": "sam@example.com", "filterable": "work"},
    {"type": "mobile_number", "value": "+4915112345678"},
    {"type": "firebase_token", "value": "device-token"},
]
_RICH = {
    **INBOX,
    "template": {
        **INBOX["template"],
        "html": "<b>{{ otp }}</b>",
        "image": "https://x.example/a.png",
        "action_url": "app://x",
        "read_on_show": True,
        "expires_in": 3600,
    },
}
_SMS = {"sender_id": "ACME", "origination_number": "+12065550100", "entity_id": "1101", "template_id": "1107"}
_DEVICE = {"device_id": "d1", "token": "t1", "os": "iOS", "model": "X", "app_build": "1", "app_version": "1.0"}
_ORDER = {"confirmation": {"orderId": "o1", "total": "12.50", "contents": []}}

Forms = dict[str, dict[str, list[Any]]]


def written() -> Forms:
    """Let all APIs write; return each form of `records` by queue and of `items` by table, with one example."""
    with in_process_stack.running() as stack:
        cloud = stack.cloud
        for act in (_message, _client, _vibetrace, _outreach, _suppress):
            act(stack)
            _run(cloud)
        return {"records": _records(cloud), "items": _items(cloud)}


def kept() -> dict[str, Forms]:
    """Return what is kept, by the names of the releases."""
    return {path.stem: json.loads(path.read_text()) for path in sorted(FOLDER.glob("*.json"))}


def members(forms: Forms) -> set[tuple[str, str]]:
    """Return the members that records and items have, at any depth that is ours, with their queue or table."""
    return {
        (where, path)
        for examples in forms.values()
        for where, listed in examples.items()
        for example in listed
        for path in _paths(example)
    }


def loaded(item: Mapping[str, Any]) -> dict[str, Any]:
    """Return an item of a file as DynamoDB takes it."""
    return json.loads(json.dumps(item), object_hook=_with_bytes)  # type: ignore[no-any-return]


def _with_bytes(value: dict[str, Any]) -> dict[str, Any]:
    if set(value) == {"B"}:
        return {"B": base64.b64decode(value["B"])}
    return value


def _message(stack: InProcessStack) -> None:
    manage = Manage(stack, stack.demo["api_token"])
    narrow = {**MAIL, "when": "otp", "retry": "at_most_once", "to": {"filterable": "work", "verified": True}}
    narrow |= {"priority": "normal", "expires_in": 600, "missing": "fail"}
    narrow["template"] = {
        **MAIL["template"],
        "html": "<p>{{ otp | concat: otp }}</p>",
        "from": "Sam <sam@example.com>",
        "tracking": True,
        "reply_to": "{{ data.email }}",
        "cc": ["boss@example.com"],
        "bcc": ["archive@example.com"],
        "headers": {"X-Order": "{{ data.order }}"},
        "attachments": [
            {"filename": "a.txt", "content_type": "text/plain", "content_base64": "YWJj"},
            {"filename": "b.pdf", "url": "{{ data.url }}"},
        ],
    }
    without_text = {**MAIL, "name": "html", "template": {"subject": "s", "html": "<p>{{ otp }}</p>"}}
    registered = {**TEXT, "template": {**TEXT["template"], "template_id": "1107"}}
    manage.configure(MAIL, {**narrow, "name": "narrow"}, without_text, registered, PHONE, _RICH, event_type="login")
    # An environment of its own keeps how it sends with it.
    channels = {"email": {"from": "a@example.com"}, "sms": _SMS, "push": None}
    hourly = {"sms_per_address": 1, "emails_per_address": 2, "sms_per_key": 3}
    access = {"identity": "verified", "inbox": "verified", "hourly": hourly}
    own = manage.in_environment(channels=channels, client_access=access, keep_rendered=True, default_country="DE")
    manage.ok("POST", "/client_keys", {"environment": own.environment, "scope": "user_token"})
    user = manage.user(*_CONTACTS, name="Sam")
    stack.cloud.fail("sesv2:SendEmail", ("TooManyRequestsException", 429))
    message_id = manage.ingest("login", user_id=user, contact_infos=_CONTACTS, data={"otp": 1}, timestamp=1, tags=[])
    _run(stack.cloud)
    manage.ok("POST", "/{env}/replays", {"message_id": message_id})
    _try_and_forget(manage, own)


def _try_and_forget(manage: Manage, own: Manage) -> None:
    """Send a test, drop data that are not retained, look at the overview, and erase a user."""
    manage.ok("POST", "/{env}/test_sends", {"notification": MAIL, "to": "sam@example.com", "data": {"otp": 1}})
    manage.ok("PUT", "/{env}/event_types/secret", {"notifications": [MAIL], "retain_data": False})
    manage.ingest("secret", contact_infos=_CONTACTS, data={"otp": 1})
    own.configure(MAIL, INBOX, event_type="login")
    user = own.user(*_CONTACTS)
    own.ok("POST", "/suppressions", {"email": "sam@example.com", "reason": "complaint"})
    own.ingest("login", user_id=user, data={"otp": 1})
    assert isinstance(manage.stack, InProcessStack)
    _run(manage.stack.cloud)
    manage.ok("GET", "/{env}/overview?hours=3")
    manage.ok("POST", "/members", {"email": "kim@example.com", "role": "User"})
    own.ok("POST", f"/{{env}}/users/{user}/erase")


def _client(stack: InProcessStack) -> None:
    client = Client(stack, stack.demo["public_key"], stack.demo["api_token"])
    client.accept("identify", {"anonymous_id": "a1", "email": "a1@example.com", "phone": "+491", "data": {"x": 1}})
    client.accept("devices", {"anonymous_id": "a1", **_DEVICE})
    client.accept("identify", {"anonymous_id": "a2", "data": {"x": 1}})
    _run(stack.cloud)
    client.accept("alias", {"anonymous_id": "a1", "external_id": "e1"})
    client.accept("events", [{"name": "seen", "external_id": "e1", "user": {"locale": "en"}, "data": {"x": 1}}])
    # What a public key's event leads to: counts for its limits, conflicts of its id, and nothing at all.
    manage = Manage(stack, stack.demo["api_token"])
    manage.configure(MAIL, TEXT, {**INBOX, "when": "false"}, event_type="shared")
    manage.ok("PUT", "/{env}/event_types/private", {"notifications": [MAIL], "public": False})
    for name in ("shared", "private"):
        event = {
            "name": name,
            "external_id": "e1",
            "message_id": name,
            "user": {"email": "e1@example.com", "phone": "+492"},
        }
        client.accept("events", [event])
        client.accept("events", [{**event, "data": {"x": 1}}])


def _vibetrace(stack: InProcessStack) -> None:
    vibetrace = Vibetrace(stack, stack.demo["api_token"])
    user = vibetrace.user()
    events: list[dict[str, Any]] = [{"login": {}}, _ORDER, {"open": {}}, {"viewproduct": {"contentId": "1"}}]
    for event in events:
        vibetrace.send(user, event)


def _outreach(stack: InProcessStack) -> None:
    sales = Team(Neptie(stack).newcomer())
    lead, campaign = sales.lead(), sales.campaign()
    sales.neptie.ok("POST", f"campaigns/{campaign}/assign-leads", {"lead_ids": [lead["id"]]})
    sales.send(lead, campaign, {"Idempotency-Key": "k1"})


def _suppress(stack: InProcessStack) -> None:
    manage = Manage(stack, stack.demo["api_token"])
    manage.ok("POST", "/suppressions", {"email": "gone@example.com", "reason": "unsubscribe"})


def _run(cloud: Cloud) -> None:
    # Operations lead to messages, and messages to deliveries.
    for _ in range(3):
        assert cloud.pump(*QUEUES) == []


def _records(cloud: Cloud) -> dict[str, list[Any]]:
    # What waits with high priority is of the same form.
    urls = {url: queue.removesuffix(HIGH) for queue, url in cloud.queues.items()}
    found: dict[str, list[Any]] = {}
    for sent in cloud.sent("sqs:SendMessage"):
        found.setdefault(urls[sent["QueueUrl"]], []).append(json.loads(sent["MessageBody"]))
    for sent in cloud.sent("sqs:SendMessageBatch"):
        bodies = [json.loads(entry["MessageBody"]) for entry in sent["Entries"]]
        found.setdefault(urls[sent["QueueUrl"]], []).extend(bodies)
    return {queue: _one_of_each(bodies) for queue, bodies in found.items()}


def _items(cloud: Cloud) -> dict[str, list[Any]]:
    assert cloud.memory is not None
    return {
        table: _one_of_each([_readable(item) for item in cloud.memory.items(table)]) for table in cloud.memory.names()
    }


def _readable(item: Mapping[str, Any]) -> dict[str, Any]:
    """Return an item as JSON can hold it."""
    return json.loads(json.dumps(item, default=lambda raw: base64.b64encode(raw).decode()))  # type: ignore[no-any-return]


def _one_of_each(examples: list[Any]) -> list[Any]:
    found: dict[str, Any] = {}
    for example in examples:
        found.setdefault("; ".join(sorted(_paths(example))), example)
    return list(found.values())


def _paths(value: Any, path: str = "") -> Iterator[str]:
    match value:
        case {"S": str(text)} if path.rpartition(".")[2] in OURS and text[:1] in "[{":
            yield from _paths(json.loads(text), path)
        case {"S": _} | {"N": _} | {"B": _} | {"L": _} | {"SS": _} | {"BOOL": _} | {"M": _}:
            yield path
        case dict():
            yield path
            for name, member in value.items():
                known = name if name.replace("_", "").isalpha() else "*"
                yield from [f"{path}.{known}"] if name in THEIRS else _paths(member, f"{path}.{known}")
        case list():
            for member in value:
                yield from _paths(member, f"{path}[]")
        case _:
            yield path


if __name__ == "__main__":
    (FOLDER / f"{sys.argv[1]}.json").write_text(json.dumps(written(), indent=1, sort_keys=True) + "\n")
