"""What earlier releases wrote stays readable, and what a newer one writes is not half understood.

A form that is new is added by `python -m tests.support.golden NAME`, in a file of its own. The files that are there are
never changed or deleted: what a release wrote is in its users' tables.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from nereid.consumer import read
from nereid.models.delivery import DeliveryJob
from nereid.models.message import EventBatch
from nereid.models.team import Scope
from nereid.runtime import Runtime
from nereid.settings import Settings
from tests.support import cloud as clouds
from tests.support import golden
from tests.support.cloud import Cloud

IN_MEMORY = True
NEWER = "from_a_newer_release"
KEPT = golden.kept()
MODELS: dict[str, type[BaseModel]] = {
    "message": EventBatch,
    "email": DeliveryJob,
    "sms": DeliveryJob,
    "push": DeliveryJob,
}
RECORDS = [
    pytest.param(MODELS[queue], record, id=f"{release}-{queue}-{number}")
    for release, forms in KEPT.items()
    for queue, records in forms["records"].items()
    for number, record in enumerate(records)
]
#: How each kind of item is read as a whole: by its table and keys, and with what its keys hold. Other items, such as
#: counts, are read attribute by attribute.
READERS: list[tuple[str, str, Callable[..., Any]]] = [
    ("AccountsTable", r"team#(.+) environment#(.+)", lambda at, *ids: at.account_store.environment(*ids)),
    ("AccountsTable", r"team#(.+) token#(.+)", lambda at, *ids: at.account_store.api_token(*ids)),
    ("AccountsTable", r"team#(.+) client_key#.+", lambda at, team: at.account_store.client_keys(team)),
    (
        "AccountsTable",
        r"team#(.+) user_token_key#(.+)#.+",
        lambda at, *scope: at.account_store.user_token_keys(Scope(*scope)),
    ),
    ("AccountsTable", r"client_key#(.+) client_key", lambda at, key: at.account_store.client_key(key)),
    ("AccountsTable", r"account#(.+) account", lambda at, email: at.account_store.account(email)),
    ("AccountsTable", r"session#(.+) session", lambda at, session: at.account_store.session(session)),
    ("AudienceTable", r"(.+)#(.+)#user#(.+) user", lambda at, team, env, user: at.users.load(Scope(team, env), user)),
    (
        "AudienceTable",
        r"(.+)#(.+)#user#(.+) inbox#.+",
        lambda at, team, env, user: at.inbox.page(Scope(team, env), user, "all", 1, 10, oldest_first=True),
    ),
    ("AudienceTable", r"(.+)#suppression#(.+) suppression", lambda at, *ids: at.suppressions.get(*ids)),
    (
        "ActivityTable",
        r"(.+)#(.+)#message#(.+) message",
        lambda at, team, env, name: at.messages.get(Scope(team, env), name),
    ),
    (
        "ActivityTable",
        r"(.+)#(.+)#delivery#(.+) delivery",
        lambda at, team, env, name: at.deliveries.get_many(Scope(team, env), [name]),
    ),
    (
        "ActivityTable",
        r"(.+)#(.+)#journal#\d (.+)",
        lambda at, team, env, _: at.messages.arrivals(Scope(team, env), None, datetime.now(UTC), 10).messages,
    ),
    (
        "ActivityTable",
        r"(.+)#(.+)#event_types (.+)",
        lambda at, team, env, name: at.event_types.get(Scope(team, env), name),
    ),
    ("OutreachTable", r"(.+)#lead#(.+) lead", lambda at, *ids: at.leads.get(*ids)),
    ("OutreachTable", r"(.+)#campaigns (.+)", lambda at, *ids: at.campaigns.get(*ids)),
    ("OutreachTable", r"(.+)#email#(.+) email", lambda at, *ids: at.outgoing_emails.get(*ids)),
]


def _read_with(reader: Callable[..., Any], ids: tuple[str, ...], runtime: Runtime) -> Any:
    return reader(runtime, *ids)


def _reader(table: str, item: Any) -> Callable[[Runtime], Any] | None:
    keys = f"{item['pk']['S']} {item['sk']['S']}"
    for where, pattern, read_with in READERS:
        found = re.fullmatch(pattern, keys)
        if where == table and found:
            return partial(_read_with, read_with, found.groups())
    return None


ITEMS = [
    pytest.param(table, item, reader, id=f"{release}-{table}-{number}")
    for release, forms in KEPT.items()
    for table, items in forms["items"].items()
    for number, item in enumerate(items)
    if (reader := _reader(table, item))
]


def test_every_member_that_is_written_is_kept() -> None:
    missing = golden.members(golden.written()) - set().union(*map(golden.members, KEPT.values()))
    assert not missing, "keep them for ever: see the first lines of this module"


@pytest.mark.parametrize(("model", "record"), RECORDS)
def test_a_record_is_read(model: type[BaseModel], record: Any) -> None:
    assert read(model, json.dumps(record)) == model.model_validate_json(json.dumps(record))


@pytest.mark.parametrize(("model", "record"), RECORDS)
def test_a_record_with_a_member_of_a_newer_release_is_refused_wherever_the_member_is(
    model: type[BaseModel], record: Any
) -> None:
    places = list(_places(read(model, json.dumps(record))))
    assert places
    for place in places:
        newer = copy.deepcopy(record)
        _at(newer, place)[NEWER] = 1
        with pytest.raises(ValidationError, match=NEWER):
            read(model, json.dumps(newer))


def test_a_record_of_a_newer_release_comes_again(cloud: Cloud) -> None:
    record = {**KEPT["0.1"]["records"]["message"][0], NEWER: 1}
    cloud.client("sqs").send_message(QueueUrl=cloud.queues["message"], MessageBody=json.dumps(record))
    assert len(cloud.pump("message")) == 1


@pytest.mark.parametrize(("table", "item", "reader"), ITEMS)
def test_an_item_is_read_with_members_of_a_newer_release_too(
    cloud: Cloud, table: str, item: Any, reader: Callable[[Runtime], Any]
) -> None:
    dynamodb, runtime = cloud.client("dynamodb"), _runtime()
    stored = golden.loaded(item)
    dynamodb.put_item(TableName=table, Item=stored)
    before = reader(runtime)
    dynamodb.put_item(TableName=table, Item=_newer(stored))
    after = reader(runtime)
    dynamodb.delete_item(TableName=table, Key={"pk": stored["pk"], "sk": stored["sk"]})
    assert before, "nothing was found"
    assert after == before


def _newer(item: dict[str, Any]) -> dict[str, Any]:
    """Return an item with an attribute more, and a member more in each JSON of ours."""
    newer = {**item, NEWER: {"S": "x"}}
    for name in golden.OURS & item.keys():
        if "S" in item[name]:
            newer[name] = {"S": json.dumps(_with_more(json.loads(item[name]["S"])))}
    return newer


def _with_more(value: Any) -> Any:
    if isinstance(value, list):
        return [_with_more(each) for each in value]
    if not isinstance(value, dict):
        return value
    # What is the caller's may hold anything as it is, and shows if it changes.
    own = {name: member if name in golden.THEIRS else _with_more(member) for name, member in value.items()}
    return {**own, NEWER: 1}


def _places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Return the ways to each model in a value."""
    if isinstance(value, BaseModel):
        yield path
        for name, field in type(value).model_fields.items():
            if name in value.model_fields_set:
                yield from _places(getattr(value, name), (*path, field.alias or name))
    elif isinstance(value, list):
        for number, each in enumerate(value):
            yield from _places(each, (*path, number))


def _at(value: Any, place: tuple[Any, ...]) -> Any:
    for step in place:
        value = value[step]
    return value


def _runtime() -> Runtime:
    runtime = Runtime()
    tables = {name.replace("Table", "").lower() + "_table": name for name in clouds.tables()}
    runtime.__dict__["settings"] = Settings.model_validate({**tables, "retention_days": 90})
    return runtime
