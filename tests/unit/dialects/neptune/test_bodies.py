"""Whatever a client sends, the answer is a message or names the fields; nothing else ever comes of it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nereid import jsontext
from nereid.auth.credentials import Environments
from nereid.dialects.http import Request
from nereid.dialects.neptune import bodies as neptune_bodies
from nereid.dialects.neptune import frame as neptune
from nereid.errors import Invalid, NotFound

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)
BODIES = {
    neptune_bodies.IngestBody: ["environment", "event_type", "data", "user_id", "contact_infos", "message_id"],
    neptune_bodies.EventBody: ["event_type", "data", "user_id", "contact_infos", "ignore_user_contacts", "timestamp"],
    neptune_bodies.NewUserBody: ["user_id", "meta"],
    neptune_bodies.UserBody: ["meta"],
    neptune_bodies.ContactInfoBody: ["type", "value", "filterable", "meta"],
    neptune_bodies.ContactInfoKey: ["type", "value"],
    neptune_bodies.AppNotificationsQuery: ["user_id", "type", "page", "per_page", "sort_order"],
    neptune_bodies.ReadBody: ["type", "id"],
}


def problems_of(model: Any, body: dict[str, Any]) -> dict[str, str]:
    try:
        neptune.parse(model, body)
    except Invalid as error:
        return error.problems
    return {}


@given(st.data())
@pytest.mark.parametrize("model", BODIES, ids=lambda model: model.__name__)
def test_a_body_is_taken_or_its_wrong_fields_are_named(model: Any, data: st.DataObject) -> None:
    fields = BODIES[model]
    body = data.draw(st.fixed_dictionaries({}, optional=dict.fromkeys([*fields, "other"], JSON)))
    problems = problems_of(model, json.loads(json.dumps(body)))
    assert set(problems) <= set(model.model_fields)
    for field, text in problems.items():
        is_missing = model.model_fields[field].is_required() and body.get(field) in (None, "")
        assert text == (f"Please enter {field}" if is_missing else f"{field} is not valid")


@given(st.fixed_dictionaries({"event_type": st.text(min_size=1, max_size=9)}, optional={"data": JSON, "x": JSON}))
def test_an_event_that_is_taken_keeps_what_it_was_sent(body: dict[str, Any]) -> None:
    try:
        parsed = neptune.parse(neptune_bodies.EventBody, body)
    except Invalid:
        return
    message = parsed.to_message("m", datetime.now(UTC))
    kept = type(message).model_validate_json(message.model_dump_json())
    assert kept.data == (body.get("data") or {})
    assert kept.extra == ({"x": body["x"]} if "x" in body else {})


@given(JSON)
def test_json_is_read_as_it_was_written(value: Any) -> None:
    assert jsontext.loads(jsontext.dumps(value)) == value


class NoStore:
    """A store that must not be asked."""

    def environment(self, *_: Any) -> None:
        raise AssertionError


class Clock:
    def now(self) -> datetime:
        return datetime.now(UTC)


def test_an_environment_that_no_store_can_hold_is_not_looked_for() -> None:
    store: Any = NoStore()
    environments = Environments(store, Clock(), cache_seconds=60)
    with pytest.raises(NotFound):
        environments.get("team", "d" * 64)


@pytest.mark.parametrize("length", [257, 5000])
def test_a_user_that_no_store_can_hold_is_not_looked_for(length: int) -> None:
    request = Request("GET", "/", {}, {}, {"user_id": "u" * length}, b"", "")
    with pytest.raises(NotFound):
        neptune.user_id(request)
